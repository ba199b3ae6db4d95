"""A function that was recorded, as machine code."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..primitive import Primitive
from .adjoint import with_adjoints
from .groups import LANES, ONCE, ROW, placed
from .instances import Builder, expanded
from .instructions import is_native, is_native_exactly
from .machine import Code
from .module import module
from .operands import Pools
from .program import OVER_BATCH, Places, Program, normal_form
from .tape import INPUT, Leaf, Tape

_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.POINTER(ctypes.c_double), ctypes.c_int64)


class Compiled:
    """Machine code for a tape: outputs, and derivatives of their sum by some inputs.

    outputs: entries whose numbers are wanted.
    by: entries of inputs to differentiate by.
    batched: which inputs, by number, have a number for each sample; they come as rows.
    reduce: "mean" or "sum" where the outputs are to be those over the samples, None for one of each; the
    derivatives are those of their sum over the samples either way, or with "mean" of the mean.
    guarded: let an adjoint of 0 win over a partial that is not finite.
    """

    def __init__(
        self,
        tape: Tape,
        outputs: Sequence[int],
        by: Sequence[int],
        batched: NDArray[np.bool_],
        reduce: str | None = None,
        lanes: int = 8,
        exact: bool = False,
        guarded: bool = False,
    ) -> None:
        self.scaled, self.guarded = reduce == "mean", guarded
        program, wanted = normal_form(tape, [*outputs, *by], fold=not exact)
        roots, inputs = wanted[: len(outputs)], wanted[len(outputs) :]
        builder = Builder(program)
        one = builder.constant(1.0)
        totals = roots
        if batched.any() and (by or reduce):
            factor = -1
            if self.scaled:
                factor = builder.input(len(batched))
                batched = np.concatenate([batched, [False]])
            totals = builder.over_batch(roots, factor)
        program = builder.finished()
        wanted = totals if reduce else roots
        if by:
            varies = _varying(program, batched) if batched.any() else None
            seeds = {int(total): one for total in totals}
            rank = backward_order(program, tape, totals) if exact else None
            program, gradients = with_adjoints(program, seeds, inputs, varies, guarded, rank)
            wanted = np.concatenate([wanted, gradients])
        program, wanted = expanded(program, wanted, is_native_exactly if exact else is_native)
        self.parameters = int((~batched).sum())
        self.placed = placed(program, batched, self.parameters)
        pools = Pools()
        self.rows = int(batched.sum())
        self.lanes = lanes
        self.text = module(self.placed, wanted, self.rows, lanes, exact, pools)
        self.code = Code(self.text)
        self._function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.code.address("run"))
        spaces = self.placed.space[wanted]
        self.per_sample = (spaces == ROW) | (spaces == LANES)
        self._bind(pools)

    def _bind(self, pools: Pools) -> None:
        sizes = self.placed.sizes
        self._once = aligned(sizes[ONCE])
        self._lanes = aligned(sizes[LANES] * self.lanes)
        self._rows = aligned((self.rows + 1) * self.lanes)
        self._numbers = np.concatenate(pools.numbers) if pools.numbers else np.zeros(1)
        self._places = np.concatenate(pools.places) if pools.places else np.zeros(1, np.int32)
        self._callbacks = [_CALLBACK(_called(row)) for row in pools.callbacks]
        addresses = [ctypes.cast(f, ctypes.c_void_p).value for f in self._callbacks]
        self._table = np.array(addresses or [0], np.int64)

    def run(
        self, parameters: NDArray[np.float64], rows: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the wanted numbers there is one of, and a line for each sample of those each sample has."""
        n = 0 if rows is None else len(rows)
        once = np.zeros(int((~self.per_sample).sum()))
        each = np.zeros((n, int(self.per_sample.sum())))
        arrays: list[NDArray[Any]] = [parameters, parameters if rows is None else rows]
        arrays += [self._rows, self._once, self._lanes, self._numbers, self._places, self._table, once, each]
        arguments = np.array([n, *[array.ctypes.data for array in arrays]], np.int64)
        self._function(arguments.ctypes.data)
        return once, each

    def sorted(self, once: NDArray[np.float64], each: NDArray[np.float64]) -> list[Any]:
        """Return the wanted numbers in their order: a float, or an array of one for each sample."""
        alone, lines = iter(once.tolist()), iter(each.T)
        return [next(lines) if per_sample else next(alone) for per_sample in self.per_sample.tolist()]


def backward_order(program: Program, tape: Tape, roots: Places) -> Places:
    """Return for each node its place in the topological order that `graph.operations` gives on Values."""
    n = len(tape)
    starts = [0, *tape.ends[:-1]] if n else []
    leaf = [isinstance(kind, Leaf) for kind in tape.kinds]
    place = np.full(n, -1)
    entry_of = np.where(program.order < n, program.order, -1)
    seen = bytearray(n)
    stack: list[int] = [int(program.order[root]) for root in roots]
    done = 0
    while stack:
        entry = stack.pop()
        if entry < 0:
            place[~entry] = done
            done += 1
        elif not seen[entry] and not leaf[tape.codes[entry]]:
            seen[entry] = 1
            stack.append(~entry)
            stack.extend(tape.operands[starts[entry] : tape.ends[entry]])
    return np.where(entry_of >= 0, place[np.maximum(entry_of, 0)], done)


def _varying(program: Program, batched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from . import sweeps

    marks = np.zeros(len(program), np.uint8)
    inputs = program.nodes_of(INPUT)
    marks[inputs] = batched[program.number[inputs].astype(np.int64)]
    over = program.kind == program.place(OVER_BATCH)
    sweeps.depends(program.first, program.a, program.b, marks, over)
    return marks.astype(bool)


def _called(row: Primitive) -> Callable[[Any, int], float]:
    def call(numbers: Any, count: int) -> float:
        return float(row(*numbers[:count]))

    return call


def aligned(count: int) -> NDArray[np.float64]:
    """Return zeros that begin where a vector may: at a multiple of 64 bytes."""
    raw = np.zeros(count + 16)
    skip = (-raw.ctypes.data // 8) % 8
    return raw[skip : skip + count + 8]
