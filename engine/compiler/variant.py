"""A kernel for one structure of its arguments: what was recorded, and the machine code made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..tree import flatten
from .arguments import Call, numbers_of
from .build import Wanted, built, grouped, lowered
from .frame import Frame
from .kernel import Compiled, compiled
from .listing import Listing, SourcedTape
from .record import Recording, is_row, parameters_of, record
from .replay import python_function
from .stats import Stats, loops
from .tape import Tape

Reduce = Literal["mean", "sum"] | None
Argnums = int | Sequence[int]


@dataclass(frozen=True)
class Options:
    """What `compile` was told; see there."""

    argnums: Argnums
    reduce: Reduce
    exact: bool
    threads: int


class Variant:
    """A kernel for one structure of its arguments; `kernel.variant(...)` gives it.

    tape, ir, stats, python() show what was recorded and what became of it.
    """

    def __init__(self, f: Callable[..., Any], name: str, options: Options, call: Call) -> None:
        self.name, self.options = name, options
        self._f, self._firsts, self._names = f, call.firsts(), call.names
        self._samples = set(call.batches)
        self.recording: Recording = self.recorded()
        inputs = self.recording.inputs
        self.batched = np.array(
            [place in self._samples for place, entries in enumerate(inputs) for _ in entries], bool
        )
        self.any_batched = bool(self.batched.any())
        self.reduce = options.reduce if self.any_batched else None
        self.shared: list[tuple[int, int, int]] = []
        """Of each argument that is not batched: its place, and where its numbers begin and end."""
        end = 0
        for place, entries in enumerate(inputs):
            if place not in self._samples:
                self.shared.append((place, end, end + len(entries)))
                end += len(entries)
        self.parameters = end
        self.last: Form | None = None
        """The form that ran last."""
        self._forms: dict[tuple[bool, bool], Form] = {}

    def recorded(self, careful: bool = False, tape: Tape | None = None) -> Recording:
        """Return a recording of the function; see `record`."""
        return record(self._f, self._firsts, self._names, self._samples, careful, tape)

    @property
    def tape(self) -> Listing:
        """What the function did, an entry a line, with labels and source lines: it runs once more."""
        tape = SourcedTape()
        self.recorded(tape=tape)
        return Listing(tape)

    @property
    def ir(self) -> str:
        """The machine code that ran last in LLVM's language; before a run, that of value and gradient."""
        return self._looked_at().text()

    @property
    def stats(self) -> Stats:
        """Sizes, loops and times of the machine code that ran last; before a run, of value and gradient."""
        return self._looked_at().stats()

    def python(self) -> Callable[..., Any]:
        """Return the tape as a plain Python function of the same arguments, for a debugger to step through.

        Of a batch it takes one sample. It gives what the function gives, on floats. `inspect.getsource` of
        it is the source. The function runs once more, to learn where its lines are.
        """
        tape = SourcedTape()
        recording = self.recorded(tape=tape)
        positional = len(self._firsts) - len(self._names)
        return python_function(self._f, self.name, positional, self._names, recording)

    def _looked_at(self) -> Form:
        return self.last or self.form(gradient=self.gives_one_number and bool(self.places()))

    @property
    def gives_one_number(self) -> bool:
        """Whether the function returns one number, so that it has derivatives."""
        return len(self.recording.outputs) == 1

    def places(self) -> list[int]:
        """Return the places of the arguments to differentiate by."""
        argnums = self.options.argnums
        positional = len(self._firsts) - len(self._names)
        if not positional:
            return list(range(len(self._firsts)))
        places = [argnums] if isinstance(argnums, int) else list(argnums)
        for place in places:
            if not -positional <= place < positional:
                raise TypeError(
                    f"compile: argnums={argnums!r}, but there are {positional} positional arguments"
                )
        return [place % positional for place in places]

    def form(self, gradient: bool, guarded: bool = False) -> Form:
        """Return machine code for the value, or for value and gradient; made at the first use.

        guarded: let an adjoint of 0 win over a partial that is not finite.
        """
        guarded = gradient and (guarded or self.options.exact)
        made = self._forms.get((gradient, guarded))
        if made is None:
            made = self._forms[gradient, guarded] = Form(self, gradient, guarded)
        return made

    def value(self, call: Call) -> Any:
        """Return what the function returns for the arguments of a call."""
        return self._run(call, self.form(gradient=False))[0]

    def value_and_grad(self, call: Call) -> tuple[Any, Any]:
        """Return the value, and the derivatives by the arguments `argnums`."""
        self.check_gradient()
        return self._run(call, self.form(gradient=True))

    def check_gradient(self) -> None:
        """Raise TypeError where there is no one number to differentiate."""
        if not self.gives_one_number:
            raise TypeError(
                f"value_and_grad needs a function that returns one number, "
                f"{self.name} returned {len(self.recording.outputs)}"
            )

    def _run(self, call: Call, form: Form) -> tuple[Any, Any]:
        self.last = form
        code = form.compiled
        frame = code.lent()
        try:
            self.fill(frame, call)
            if call.batches:
                frame.take_samples(call.lines())
            nan = code.entered(call.samples)(frame.address)
            if code.callbacks:
                code.callbacks.check()
            if not nan or form.guarded or not form.gradient:
                return form.results(frame, call)
        finally:
            code.give_back(frame)
        # The fast form differs only where an adjoint of 0 met a partial that is not finite: it says nan.
        return self._run(call, self.form(gradient=True, guarded=True))

    def fill(self, frame: Frame, call: Call) -> None:
        """Put the numbers that the samples share into a frame."""
        held, parameters = call.held, frame.parameters
        for place, start, end in self.shared:
            parameters[start:end] = numbers_of(held[place])
        self.fill_rest(frame, call.samples)

    def fill_rest(self, frame: Frame, samples: int) -> None:
        """Put the numbers that are no arguments into a frame."""
        at = self.parameters
        if self.reduce == "mean":
            frame.parameters[at] = 1.0 / samples
            at += 1
        for value in self.recording.outside:
            frame.parameters[at] = value.data
            at += 1

    def structured(self, parts: list[Any]) -> Any:
        """Return what belongs to each argument differentiated by, as `argnums` says."""
        if self._names and len(self._names) == len(self._firsts):
            return dict(zip(self._names, parts, strict=True))
        return parts[0] if isinstance(self.options.argnums, int) else tuple(parts)


class Form:
    """Machine code of a variant, and where each of its results is.

    gradient: whether it computes derivatives too.  guarded: whether 0 times inf is 0 in them.
    """

    def __init__(self, variant: Variant, gradient: bool, guarded: bool) -> None:
        self.variant, self.gradient, self.guarded = variant, gradient, guarded
        self.recording = variant.recorded(careful=True) if guarded else variant.recording
        self.wanted = self._wanted()
        self.compiled: Compiled = compiled(self.recording.tape, self.wanted, len(self.recording.outside))
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
        end = sum(not isinstance(number, float) for number in self.recording.outputs)
        for place in variant.places() if gradient else []:
            count = len(self.recording.inputs[place])
            self.by.append((place, end, end + count))
            end += count

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
            memory_bytes=8 * (layout.once + (layout.each + layout.rows + 1) * layout.lanes),
            seconds={"recording": self.recording.seconds, **counts.seconds},
        )

    def _is_bare(self) -> bool:
        mark = object()
        return self.recording.of_outputs([mark]) is mark

    def _wanted(self) -> Wanted:
        variant, recording = self.variant, self.recording
        places = variant.places() if self.gradient else []
        return Wanted(
            outputs=[number for number in recording.outputs if not isinstance(number, float)],
            by=[entry for place in places for entry in recording.inputs[place]],
            batched=variant.batched,
            reduce=variant.reduce,
            exact=variant.options.exact,
            guarded=self.guarded,
        )

    def results(self, frame: Frame, call: Call) -> tuple[Any, Any]:
        """Return the value and the derivatives that a run left in a frame."""
        value = frame.results.item(0) if self.plain else self.value(frame, call.samples)
        if not self.gradient:
            return value, None
        parts = [self.part(frame, call, *place) for place in self.by]
        return value, self.variant.structured(parts)

    def value(self, frame: Frame, samples: int) -> Any:
        """Return the function's results as it returns them."""
        computed = 0
        numbers: list[Any] = []
        for output in self.recording.outputs:
            if isinstance(output, float):
                numbers.append(self._constant(output, samples))
                continue
            number = self._number(frame, computed)
            alike = not self.per_sample[computed] and self.variant.any_batched and not self.variant.reduce
            numbers.append(np.full(samples, number) if alike else number)
            computed += 1
        return self.recording.of_outputs(numbers)

    def _number(self, frame: Frame, k: int) -> Any:
        """Return wanted number k: a float, or one for each sample."""
        at = int(self.at[k])
        return frame.rows[:, at] if self.per_sample[k] else frame.results.item(at)

    def _constant(self, number: float, samples: int) -> Any:
        """Return a result that depends on nothing."""
        if not self.variant.any_batched or self.variant.reduce == "mean":
            return number
        return number * samples if self.variant.reduce else np.full(samples, number)

    def part(self, frame: Frame, call: Call, place: int, start: int, end: int) -> Any:
        """Return the derivatives by one argument in its structure."""
        argument = call.held[place]
        if place in call.batches:
            return self.by_batched(frame, np.empty((call.samples, end - start)), start).reshape(
                np.shape(argument)
            )
        found = self.shared_part(frame, start, end)
        if isinstance(argument, np.ndarray) and argument.dtype.kind in "fiu":
            return found.reshape(argument.shape).copy()
        numbers = found.tolist()
        if is_row(argument) or parameters_of(argument) is not None:
            return numbers
        return flatten(argument)[1](numbers)

    def shared_part(self, frame: Frame, start: int, end: int) -> Any:
        """Return wanted numbers that there is one of each of, as they lie in a frame."""
        first = int(self.at[start]) if end > start else 0
        return frame.results[first : first + end - start]

    def by_batched(self, frame: Frame, array: Any, start: int) -> Any:
        """Put derivatives by a batched argument into an array, a line for each sample, and return it."""
        for column in range(array.shape[1]):  # one of each sample, or one for all: 0 where nothing flows
            array[:, column] = self._number(frame, start + column)
        return array
