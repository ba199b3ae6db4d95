"""From a tape to a module in LLVM's language and what it needs beside itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..primitive import Primitive
from . import sweeps
from .adjoint import with_adjoints
from .chains import joined
from .entry import entry
from .groups import EACH, LANES, ONCE, OVER, ROW, Placed, placed
from .instances import Builder, expanded
from .instructions import is_native, is_native_exactly
from .module import REPORTED, module, report_of
from .operands import Pools
from .program import Places, Program, normal_form, without_unused
from .rows import kept_together
from .tape import INDEX, INPUT, Comparison, Detach, Index, Leaf, Tape
from .text import REALS


@dataclass(frozen=True)
class Wanted:
    """What is to be compiled of a tape: outputs, and derivatives of their sum by some inputs.

    outputs: entries whose numbers are wanted.
    by: entries of inputs to differentiate by.
    batched: which inputs, by number, have a number for each sample; they come as rows.
    widths: how many of them each array of rows has; without it there is one array.
    reduce: "mean" or "sum" where the outputs are to be those over the samples, None for one of each; the
    derivatives are those of their sum over the samples either way, or with "mean" of the mean.
    lanes: how many samples a block has at most; see `block`.
    exact: multiply and add in two steps, in the order of Python. Nothing is added up over the samples then:
    `reduce` is None, and what they share has derivatives for each of them.
    guarded: let an adjoint of 0 win over a partial that is not finite.
    dtype: the kind of all numbers, by NumPy's name.
    checks: how many of the outputs, the last ones, are no results: nothing is differentiated there.
    choices: entries that choose between the ways through a formula; nothing flows back to the other way.
    """

    outputs: Sequence[int]
    by: Sequence[int]
    batched: NDArray[np.bool_]
    widths: tuple[int, ...] = ()
    reduce: str | None = None
    lanes: int = 8
    exact: bool = False
    guarded: bool = False
    dtype: str = "float64"
    checks: int = 0
    choices: Sequence[int] = ()

    @property
    def scaled(self) -> bool:
        """Whether the arguments are followed by 1 / the number of samples."""
        return self.reduce == "mean"


@dataclass(frozen=True)
class Layout:
    """What machine code needs beside itself: how large its memory is, and the tables it reads.

    parameters, rows: how many numbers all samples share, and how many each has.
    once, each: how many numbers of intermediate results there are, and how many for each lane.
    per_sample: for each wanted number, whether every sample has one.
    sums: where among those there is one of the sums over the samples lie: those of shards are added.
    numbers, places: the tables.
    callbacks: the rows that only Python computes.
    work: about how many operations run once, and how many for each sample; a call of a function is CALL.
    dtype: the kind of all numbers, by NumPy's name.
    """

    parameters: int
    rows: int
    lanes: int
    once: int
    each: int
    per_sample: NDArray[np.bool_]
    sums: tuple[int, int]
    numbers: NDArray[Any]
    places: NDArray[np.int32]
    callbacks: tuple[Primitive, ...]
    work: tuple[int, int]
    dtype: str


@dataclass
class Counts:
    """What became of a tape: see `Stats`."""

    entries: int = 0
    nodes: int = 0
    groups: int = 0
    flops_once: int = 0
    flops_each: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """A module's text, its layout, and what was counted on the way."""

    text: str
    layout: Layout
    counts: Counts


def lowered(tape: Tape, wanted: Wanted, seconds: dict[str, float] | None = None) -> tuple[Program, Places]:
    """Return the program with derivatives, in nothing but what machine code computes, and what is wanted.

    seconds: gets how long each stage took.
    """
    clock = _Clock({} if seconds is None else seconds)
    outputs, by, batched = wanted.outputs, wanted.by, wanted.batched
    program, places = normal_form(tape, [*outputs, *by], fold=not wanted.exact)
    clock.stage("normal form")
    roots, inputs = places[: len(outputs)], places[len(outputs) :]
    builder = Builder(program)
    one = builder.constant(1.0)
    totals = roots
    if batched.any() and (by or wanted.reduce) and not wanted.exact:
        factor = -1
        if wanted.scaled:
            factor = builder.input(len(batched))
            batched = np.concatenate([batched, [False]])
        totals = builder.over_batch(roots, factor)
    program = builder.finished()
    places = totals if wanted.reduce else roots
    if by:
        varies = _varying(program, batched) if batched.any() and not wanted.exact else None
        totals = totals[: len(totals) - wanted.checks]
        seeds = {int(total): one for total in totals}
        rank = backward_order(program, tape, totals) if wanted.exact else None
        choices = np.isin(program.order, wanted.choices) if len(wanted.choices) else None
        program, gradients = with_adjoints(program, seeds, inputs, varies, wanted.guarded, rank, choices)
        places = np.concatenate([places, gradients])
    clock.stage("derivatives")
    program, places = joined(*without_unused(program, places))  # partials by constants are unused, say
    program, places = expanded(program, places, is_native_exactly if wanted.exact else is_native)
    program, places = kept_together(program, places, _varying(program, batched), batched)
    clock.stage("rows taken apart")
    return program, places


def grouped(program: Program, wanted: Wanted) -> Placed:
    """Return the program's nodes in groups, with places in memory."""
    batched = wanted.batched
    if wanted.scaled:
        batched = np.concatenate([batched, [False]])
    return placed(program, batched, int((~batched).sum()))


def built(tape: Tape, wanted: Wanted) -> Built:
    """Return the module for a tape."""
    counts = Counts(entries=len(tape))
    program, places = lowered(tape, wanted, counts.seconds)
    clock = _Clock(counts.seconds)
    grouping = grouped(program, wanted)
    clock.stage("groups")
    pools, real = Pools(), REALS[wanted.dtype]
    rows = int(wanted.batched.sum())
    indices = len(program.nodes_of(INDEX)) > 0
    lanes = block(grouping, wanted.lanes, rows, real.size)
    text = module(grouping, places, wanted.widths or [rows], lanes, wanted.exact, pools, real)
    text += entry(real, report_of(grouping) if indices else None)
    clock.stage("text")
    flops = flops_of(program)
    for_each = (grouping.phase == EACH) | (grouping.phase == OVER)
    counts.nodes, counts.groups = len(grouping.ordered), max(len(grouping.starts) - 1, 0)
    counts.flops_once, counts.flops_each = int(flops[~for_each].sum()), int(flops[for_each].sum())
    with np.errstate(over="ignore"):  # a constant that float32 has no number for is inf there
        numbers = np.concatenate([*pools.numbers, np.zeros(1)]).astype(wanted.dtype)
    work = np.where(_calls(program), CALL, flops)
    spaces = grouping.space[places]
    layout = Layout(
        parameters=int((~wanted.batched).sum()) + wanted.scaled,
        rows=rows,
        lanes=lanes,
        once=grouping.sizes[ONCE] + (1 + REPORTED) * indices,
        each=grouping.sizes[LANES] + indices,
        per_sample=(spaces == ROW) | (spaces == LANES),
        sums=grouping.sums(),
        numbers=numbers,
        places=np.concatenate(pools.places) if pools.places else np.zeros(1, np.int32),
        callbacks=tuple(pools.callbacks),
        work=(int(work[~for_each].sum()), int(work[for_each].sum())),
        dtype=wanted.dtype,
    )
    return Built(text, layout, counts)


SIDE_BY_SIDE = 32
"""How many samples of a block are computed side by side at most, four vectors of them."""
NEAR = 1 << 17
"""Up to how many bytes of intermediate results a larger block may have: they stay near the processor."""


def block(grouping: Placed, lanes: int, rows: int, size: int) -> int:
    """Return how many samples a block has, at most `lanes`: more than 32 where their numbers are few.

    Sums over the samples are then made of fewer parts. Not where there are loops over time, which compute
    all samples of a block side by side.
    rows: how many numbers each sample brings.  size: of a number in bytes.
    """
    memory = (grouping.sizes[LANES] + rows + 1) * lanes * size
    return min(lanes, SIDE_BY_SIDE) if grouping.runs or memory > NEAR else lanes


def flops_of(program: Program) -> Places:
    """Return how many additions, multiplications and calls of functions each node takes."""
    leaf = np.array([isinstance(kind, Leaf) for kind in program.kinds])
    of_terms = np.where(program.b >= 0, 2, 1) * leaf[program.kind][program.owners()]
    found = np.zeros(len(program), np.int64)
    np.add.at(found, program.owners(), of_terms)
    found += ~leaf[program.kind]
    return found


CALL = 20
"""How many additions take about as long as a call of a function."""


def _calls(program: Program) -> NDArray[np.bool_]:
    """Return which nodes call a function, of C or of Python."""
    instant = {"where", "abs", "floor", "ceil", "trunc", "round", "div", "sqrt"}
    calls = [isinstance(kind, Primitive) and kind.name not in instant for kind in program.kinds]
    found: NDArray[np.bool_] = np.array(calls)[program.kind]
    return found


class _Clock:
    """Notes how long stages take, by name."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds
        self._since = time.perf_counter()

    def stage(self, name: str) -> None:
        """Note the time since the stage before."""
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now


def backward_order(program: Program, tape: Tape, roots: Places) -> Places:
    """Return for each node its place in the topological order that `graph.operations` gives on Values."""
    n = len(tape)
    starts = [0, *tape.ends[:-1]] if n else []
    leaf = [isinstance(kind, Leaf | Comparison | Detach | Index) for kind in tape.kinds]
    place = np.full(n, -1)
    entry_of = np.where(program.order < n, program.order, -1)
    seen = bytearray(n)
    stack: list[int] = [int(program.order[root]) for root in roots]
    done = 0
    while stack:
        at = stack.pop()
        if at < 0:
            place[~at] = done
            done += 1
        elif not seen[at] and not leaf[tape.codes[at]]:
            seen[at] = 1
            stack.append(~at)
            stack.extend(tape.operands[starts[at] : tape.ends[at]])
    return np.where(entry_of >= 0, place[np.maximum(entry_of, 0)], done)


def _varying(program: Program, batched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which nodes differ from sample to sample."""
    marks = np.zeros(len(program), np.uint8)
    inputs = program.nodes_of(INPUT)
    marks[inputs] = batched[program.number[inputs].astype(np.int64)]
    sweeps.depends(program.first, program.a, program.b, marks, program.over())
    return marks.astype(bool)
