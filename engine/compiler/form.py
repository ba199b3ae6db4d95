"""Machine code for one recording: for the value or for value and gradient, for few samples or for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..tree import PerSample, flatten
from .arguments import Call, Floats, in_place
from .build import Wanted, built, grouped, lowered
from .entry import NO_ROW
from .frame import Frame
from .kernel import Compiled, compiled
from .outline import Outline, outline
from .precision import UNIT
from .record import Recording, is_row
from .rounding import ErrorBound, Given, Running
from .stats import Stats, loops
from .tape import INPUT, OUTSIDE

if TYPE_CHECKING:
    from .variant import Variant

ALONE, FEW, MANY = 1, 8, 64
"""Samples in a block at most: few where a call has no more, for the rest of a block is computed in vain.

One alone is no batch: its numbers are arguments like the others, and vectors run along what it is made of.
"""


@dataclass
class Gathered:
    """Results that were gathered from several runs, or computed in Python."""

    results: Floats
    rows: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype("float64"))


Held = Frame | Gathered
"""What holds results."""


class Form:
    """Machine code of a variant, and where each of its results is.

    gradient: whether it computes derivatives too.
    careful: whether 0 times inf is 0 in all derivatives, those that the function takes itself too.
    lanes: how many samples a block has.  ran: whether it has run.
    in_turn: whether it runs for samples whose results are then added up, one after the other: each of its
    results is per sample in machine code, and where that says so to others; see ways.py.
    """

    def __init__(
        self,
        variant: Variant,
        gradient: bool,
        careful: bool,
        lanes: int,
        followed: Recording | None = None,
    ) -> None:
        self.variant, self.gradient, self.careful, self.lanes = variant, gradient, careful, lanes
        self.ran = False
        self.recording = followed or (variant.careful_recording if careful else variant.recording)
        self.batched = variant.batched & (lanes != ALONE)
        self.any_batched = bool(self.batched.any())
        self.in_turn = self.any_batched and variant.follows(gradient)
        self.shared: list[tuple[int, int, int]] = []
        """Of each argument that has no samples: its place, and where its numbers begin and end."""
        self._end = 0
        for place, entries in enumerate(self.recording.inputs):
            if not (self.any_batched and variant.is_batched(place)):
                self.shared.append((place, self._end, self._end + len(entries)))
                self._end += len(entries)
        self.wanted = self._wanted()
        per_sample = np.zeros(len(self.wanted.outputs) + len(self.wanted.by), bool)
        if self.in_turn:
            per_sample = self._not_added()
        elif self.any_batched:
            self.lanes = self.compiled.layout.lanes
            per_sample = self.compiled.layout.per_sample
        self.at = np.where(per_sample, np.cumsum(per_sample), np.cumsum(~per_sample)) - 1
        self.per_sample: list[bool] = per_sample.tolist()
        self.plain = (
            len(self.recording.outputs) == 1
            and not isinstance(self.recording.outputs[0], float)
            and not self.per_sample[0]
            and (not variant.any_batched or variant.reduce is not None)
            and self._is_bare()
        )
        """Whether the value is just the first of the results."""
        self.by: list[tuple[int, int, int]] = []
        """Of each argument differentiated by: its place, and where its derivatives begin and end."""
        end = len(self.wanted.outputs)
        for place in variant.places() if gradient else []:
            count = len(self.recording.inputs[place])
            self.by.append((place, end, end + count))
            end += count

    @cached_property
    def compiled(self) -> Compiled:
        """Its machine code, made where it is asked for first."""
        return compiled(self.recording.tape, self.wanted, len(self.recording.outside))

    def holds(self, numbers: Floats) -> Any:
        """Return whether wanted numbers have gone the way that was recorded; of lines of them, which."""
        if self.recording.check is None:
            return np.ones(numbers.shape[:-1], bool)
        return numbers[..., len(self.wanted.outputs) - 1] == self.recording.check[1]

    def replayed(self, numbers: Sequence[float]) -> Floats:
        """Return the wanted numbers for these of the arguments, computed in Python."""
        program, places = lowered(self.recording.tape, self.wanted)
        outside = [value.data for value in self.recording.outside]
        found = program.evaluate({INPUT: numbers, OUTSIDE: outside})
        return np.array([found[node] for node in places.tolist()])

    @property
    def guarded(self) -> bool:
        """Whether 0 times inf is 0 in the derivatives that it computes of the function's result."""
        return self.careful or (self.gradient and self.variant.options.exact)

    @property
    def doubtful(self) -> bool:
        """Whether a nan that it gives may be one that an adjoint of 0 would have kept away."""
        if self.variant.options.exact:
            return False
        return not self.careful and (self.recording.derives or (self.gradient and not self.guarded))

    def take(self, frame: Frame, call: Call) -> None:
        """Put the arguments of a call into a frame."""
        self.variant.take(frame.parameters, self.shared, call)
        self.take_rest(frame, call.samples)
        if self.any_batched:
            dtype = frame.dtype.name
            frame.take_samples(
                [
                    one if in_place(one, dtype) else np.ascontiguousarray(one, frame.dtype)
                    for one in call.batches.values()
                ]
            )

    def take_rest(self, frame: Frame, samples: int) -> None:
        """Put the numbers that are no arguments into a frame."""
        at = self._end
        if self.wanted.scaled:
            frame.parameters[at] = 1.0 / samples
            at += 1
        for value in self.recording.outside:
            frame.parameters[at] = value.data
            at += 1

    def text(self) -> str:
        """Return its module in LLVM's language, made again."""
        return built(self.recording.tape, self.wanted).text

    def stats(self) -> Stats:
        """Return its sizes, loops and times."""
        code = self.compiled
        layout, counts = code.layout, code.counts
        program, _ = lowered(self.recording.tape, self.wanted)
        return Stats(
            entries=counts.entries,
            nodes=counts.nodes,
            groups=counts.groups,
            loops=loops(grouped(program, self.wanted)),
            flops_once=counts.flops_once,
            flops_per_sample=counts.flops_each,
            code_bytes=code.size,
            table_bytes=layout.numbers.nbytes + layout.places.nbytes,
            memory_bytes=layout.numbers.itemsize
            * (layout.once + (layout.each + layout.rows + 1) * layout.lanes),
            seconds={"recording": self.recording.seconds, **counts.seconds},
        )

    def outline(self) -> Outline:
        """Return its loops, and what they read of each other."""
        names = self.variant.argument_names()
        by = [(names[place], end - start) for place, start, end in self.by]
        return outline(self.variant.name, self.recording, self.wanted, names, by)

    def gives_nan(self, call: Call) -> bool:
        """Return whether a result for the arguments of a call is nan, or an index no row's."""
        frame = self._frame(call, self.wanted.dtype)
        answer = self.compiled.run(frame, call.samples, self.variant.options.threads)
        if answer & NO_ROW and not self.recording.derives:  # a derivative that is nan may be an index
            frame.check_indices()
        return bool(answer)

    def _frame(self, call: Call, dtype: str) -> Frame:
        frame = self.compiled.new_frame(dtype)
        self.take(frame, call)
        return frame

    def error_bound(self, call: Call) -> ErrorBound:
        """Return bounds for the distance of its results to those on Values; see `rounding`."""
        if self.variant.options.exact:  # the same operations in the same order
            zeros, count = np.zeros(len(self.at)), sum(self.per_sample)
            return self._bounds(Gathered(zeros, np.zeros((call.samples, count))), call)
        frame, each = self._frame(call, "float64"), self.compiled.layout.per_sample
        program, places = lowered(self.recording.tape, self.wanted)
        given = Given(frame.parameters, frame.lines, self.wanted.batched, self.wanted.scaled)
        found = Running(program, given, self.wanted.dtype).bounds(places)
        frame.results[:] = found[~each, 0]
        frame.rows[:] = found[each].T
        return self._bounds(frame, call)

    def _bounds(self, frame: Held, call: Call) -> ErrorBound:
        value = self.value(frame, call.samples, constants=False)
        if not self.gradient:
            return ErrorBound(value, None)
        return ErrorBound(value, self.variant.structured([self.part(frame, call, *at) for at in self.by]))

    def _is_bare(self) -> bool:
        mark = object()
        return self.recording.of_outputs([mark]) is mark

    def _wanted(self) -> Wanted:
        variant, recording = self.variant, self.recording
        places = variant.places() if self.gradient else []
        batches = [entries for place, entries in enumerate(recording.inputs) if variant.is_batched(place)]
        return Wanted(
            outputs=[
                *[number for number in recording.outputs if not isinstance(number, float)],
                *([recording.check[0]] if recording.check else []),
            ],
            by=[entry for place in places for entry in recording.inputs[place]],
            batched=self.batched,
            widths=tuple([len(entries) for entries in batches]) if self.any_batched else (),
            reduce=variant.options.reduce if self.any_batched and not self.in_turn else None,
            lanes=self.lanes,
            exact=variant.options.exact,
            guarded=self.guarded,
            dtype=variant.options.dtype,
            checks=int(recording.check is not None),
            choices=recording.choices,
        )

    def _not_added(self) -> NDArray[np.bool_]:
        """Return which of the wanted numbers each sample has, where those of all are not added up."""
        variant, found = self.variant, [self.variant.reduce is None] * len(self.wanted.outputs)
        if self.recording.check:
            found[-1] = False
        for place in variant.places() if self.gradient else []:
            found += [variant.is_batched(place)] * len(self.recording.inputs[place])
        return np.array(found, bool)

    def results(self, frame: Held, call: Call) -> tuple[Any, Any]:
        """Return the value and the derivatives that a run left in a frame."""
        value = frame.results.item(0) if self.plain else self.value(frame, call.samples)
        if not self.gradient:
            return value, None
        parts = [self.part(frame, call, *place) for place in self.by]
        return value, self.variant.structured(parts)

    def value(self, frame: Held, samples: int, constants: bool = True) -> Any:
        """Return the function's results; without `constants` how far off these are instead."""
        computed = 0
        numbers: list[Any] = []
        for output in self.recording.outputs:
            if isinstance(output, float):
                numbers.append(self._constant(output if constants else self._off(output, samples), samples))
                continue
            number = self._number(frame, computed)
            alike = not self.per_sample[computed] and self.variant.any_batched and not self.variant.reduce
            numbers.append(np.full(samples, number, self.wanted.dtype) if alike else number)
            computed += 1
        if self.variant.any_batched and not self.variant.reduce:
            return self.recording.of_outputs(PerSample(numbers))
        return self.recording.of_outputs(numbers)

    def _number(self, frame: Held, k: int) -> Any:
        """Return wanted number k: a float, or one for each sample."""
        at = int(self.at[k])
        return frame.rows[:, at] if self.per_sample[k] else frame.results.item(at)

    def _constant(self, number: float, samples: int) -> Any:
        """Return a result that depends on nothing."""
        number = self._rounded(number)
        if self.in_turn and self.variant.reduce:
            added = 0.0 + float(np.add.accumulate(np.full(samples, number))[-1])
            return added / samples if self.variant.reduce == "mean" else added
        if not self.variant.any_batched or self.variant.reduce == "mean":
            return number
        return number * samples if self.variant.reduce else np.full(samples, number, self.wanted.dtype)

    def _off(self, number: float, samples: int) -> float:
        """Return how far off a result that depends on nothing may be, for each sample.

        On Values as many of it are added up, and divided for the mean; here it is taken as it is, or times
        their number.
        """
        off = abs(number - self._rounded(number))
        if not (self.variant.any_batched and self.variant.reduce) or samples < 2 or self.in_turn:
            return off
        unit = float(np.finfo(self.wanted.dtype).epsneg) + UNIT
        return off + (samples + 1) * unit * abs(number)

    def _rounded(self, number: float) -> float:
        return float(np.dtype(self.wanted.dtype).type(number))

    def part(self, frame: Held, call: Call, place: int, start: int, end: int) -> Any:
        """Return the derivatives by one argument in its structure."""
        argument = call.held[place]
        if place in call.batches and self.any_batched:
            found = self.by_batched(frame, np.empty((call.samples, end - start), frame.dtype), start)
            return found.reshape(call.shape(place))
        found = self.shared_part(frame, start, end)
        if place in call.batches:
            return found.reshape(call.shape(place)).copy()
        if isinstance(argument, np.ndarray) and argument.dtype.kind in "fiu":
            return found.reshape(argument.shape).copy()
        numbers = found.tolist()
        if is_row(argument) or call.is_module(place):
            return numbers
        return flatten(argument)[1](numbers)

    def shared_part(self, frame: Held, start: int, end: int) -> Any:
        """Return wanted numbers that there is one of each of, as they lie in a frame."""
        first = int(self.at[start]) if end > start else 0
        return frame.results[first : first + end - start]

    def by_batched(self, frame: Held, array: Any, start: int) -> Any:
        """Put derivatives by a batched argument into an array, a line for each sample, and return it."""
        for column in range(array.shape[1]):  # one of each sample, or one for all: 0 where nothing flows
            array[:, column] = self._number(frame, start + column)
        return array
