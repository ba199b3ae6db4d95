"""A kernel for one structure of its arguments: what was recorded, and the machine code made of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..collector import collector_paused
from ..value import described
from .arguments import Call
from .entry import NO_ROW
from .form import ALONE, FEW, MANY, Form, Held
from .kept import Arguments
from .listing import Listing, SourcedTape
from .options import Options
from .outline import Outline
from .record import Recording, record
from .replay import python_function
from .rounding import ErrorBound
from .stats import Stats
from .tape import Comparison, Take, Tape
from .ways import Ways


class Variant:
    """A kernel for one structure of its arguments; `kernel.variant(...)` gives it.

    tape, ir, stats, python() show what was recorded and what became of it.
    """

    def __init__(self, f: Callable[..., Any], name: str, options: Options, call: Call) -> None:
        self.name, self.options = name, options
        self._f, self._names = f, call.names
        self._firsts = Arguments(call.firsts(), [k for k in range(len(call.held)) if call.is_module(k)])
        self._samples, self._samples_at_first = set(call.batches), call.samples
        self.recording: Recording = self.recorded()
        inputs = self.recording.inputs
        self.batched = np.array(
            [place in self._samples for place, entries in enumerate(inputs) for _ in entries], bool
        )
        self.any_batched = bool(self.batched.any())
        self.reduce = options.reduce if self.any_batched else None
        self.last: Form | None = None
        """The form that ran last."""
        self._forms: dict[tuple[bool, bool, int], Form] = {}
        self._ways: dict[tuple[bool, int], Ways] = {}
        self._wary = False
        """Whether values were nan in the first run without guards: it is not tried again."""

    def recorded(self, careful: bool = False, tape: Tape | None = None) -> Recording:
        """Return a recording of the function; see `record`."""
        exact = self.options.exact
        with collector_paused():  # it would walk over a million stand-ins again and again
            return record(self._f, self._firsts(self.name), self._names, self._samples, careful, tape, exact)

    def modules(self) -> list[Any]:
        """Return the modules that it was recorded with."""
        return self._firsts.modules()

    def call_when_gone(self, forget: Callable[[object], None]) -> None:
        """Call `forget` as soon as a module that it was recorded with is gone."""
        self._firsts.call_when_gone(forget)

    @cached_property
    def has_ways(self) -> bool:
        """Whether there may be several ways through it.

        Formulas of derivatives have branches, and functions on lists choose. The order in which Values add
        up what flows back follows from the way that was taken.
        """
        chooses = any(isinstance(kind, Comparison | Take) for kind in self.recording.tape.kinds)
        return self.recording.derives or chooses

    def follows(self, gradient: bool) -> bool:
        """Return whether it runs as `Ways` do, to round as Values: ways differ, or samples are added up.

        A choice alone changes nothing as long as nothing flows back.
        """
        if not self.options.exact:
            return False
        adds = self.any_batched and (gradient or self.reduce is not None)
        return adds or self.recording.derives or (gradient and self.has_ways)

    @cached_property
    def careful_recording(self) -> Recording:
        """A recording in which an adjoint of 0 wins over a partial that is not finite."""
        return self.recorded(careful=True) if self.recording.derives else self.recording

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

    @property
    def outline(self) -> Outline:
        """The loops of the machine code that ran last and what they read: what `chainrule.viz.draw` draws."""
        return self._looked_at().outline()

    def argument_names(self) -> list[str]:
        """Return what the function calls its arguments; where that is not known, their numbers."""
        positional = len(self._firsts) - len(self._names)
        try:
            known = list(inspect.signature(self._f).parameters.values())
        except (TypeError, ValueError):
            known = []
        plain = [one.name for one in known if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
        missing = [f"argument {place}" for place in range(len(plain), positional)]
        return [*plain[:positional], *missing, *self._names]

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
        return self.last or self.form(self.differentiates, self._samples_at_first)

    @property
    def differentiates(self) -> bool:
        """Whether the function returns one number, and `argnums` names something to differentiate by."""
        return self.gives_one_number and bool(self.places())

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
        places = list(argnums) if isinstance(argnums, Sequence) else [argnums]
        for place in places:
            if not -positional <= place < positional:
                raise TypeError(
                    f"compile: argnums={argnums!r}, but there are {positional} positional arguments"
                )
        return [place % positional for place in places]

    def form(self, gradient: bool, samples: int, careful: bool = False) -> Form:
        """Return machine code for the value, or for value and gradient; made at the first use.

        samples: how many there are; for few of them the blocks are small, and one has code of its own.
        careful: let an adjoint of 0 win over a partial that is not finite, in derivatives that the function
        takes itself too. That is so from the start where a nan among the results would not tell that it has
        to: a comparison makes a number of it. And where the first run gave nan.
        """
        careful = careful or self.recording.compares_derivatives or (self._wary and not gradient)
        alone = samples == 1 and self.any_batched and not self.follows(gradient)
        key = gradient, careful, ALONE if alone else FEW if samples <= FEW else MANY
        made = self._forms.get(key)
        if made is None:
            made = self._forms[key] = Form(self, *key)
        return made

    def take(self, parameters: Any, shared: Sequence[tuple[int, int, int]], call: Call) -> None:
        """Put the numbers of arguments into an array.

        shared: of each such argument its place, and where its numbers begin and end.
        Raises an error that names the argument for one that holds anything else.
        """
        for place, start, end in shared:
            alone = call.batches.get(place)
            try:
                parameters[start:end] = call.numbers(place) if alone is None else alone.ravel()
            except (OverflowError, TypeError, ValueError) as error:
                raise type(error)(
                    f"{self.name}: the argument {self.argument_names()[place]} must hold numbers, got "
                    f"{described(call.held[place])}: {error}"
                ) from None

    def followed(self, call: Call, gradient: bool) -> tuple[Form, Held]:
        """Run the way that the numbers of a call go, and return what knows where results are, and these."""
        lanes = (FEW if call.samples <= FEW else MANY) if self.any_batched else ALONE
        ways = self._ways.get((gradient, lanes))
        if ways is None:
            ways = self._ways[gradient, lanes] = Ways(self, gradient, lanes)
        return ways.run(call)

    def new_way(self, call: Call, gradient: bool, lanes: int) -> Form:
        """Return machine code for the way of a call of at most one sample; recorded where ways differ."""
        if not self.has_ways:
            return Form(self, gradient, False, lanes)
        with collector_paused():
            firsts, numbers = self._firsts(self.name), self.numbers(call)
            recording = record(self._f, firsts, self._names, set(), exact=True, numbers=numbers)
        return Form(self, gradient, False, lanes, recording)

    def numbers(self, call: Call) -> list[float]:
        """Return the numbers of all arguments, in a row; there is one sample."""
        ends = np.cumsum([len(entries) for entries in self.recording.inputs]).tolist()
        numbers = np.zeros(len(self.batched))
        self.take(numbers, list(zip(range(len(ends)), [0, *ends], ends, strict=False)), call)
        found: list[float] = numbers.tolist()
        return found

    def value(self, call: Call) -> Any:
        """Return what the function returns for the arguments of a call."""
        if self.follows(False):
            form, found = self.followed(call, gradient=False)
            return form.results(found, call)[0]
        return self._run(call, self.form(False, call.samples))[0]

    def value_and_grad(self, call: Call) -> tuple[Any, Any]:
        """Return the value, and the derivatives by the arguments `argnums`."""
        self.check_gradient()
        if self.follows(True):
            form, found = self.followed(call, gradient=True)
            value_and_gradient: tuple[Any, Any] = form.results(found, call)
            return value_and_gradient
        return self._run(call, self.form(True, call.samples))

    def error_bound(self, call: Call) -> ErrorBound:
        """Return bounds for the distance of value and derivatives to those on Values."""
        gradient = self.differentiates
        if self.follows(gradient):
            return self.followed(call, gradient)[0].error_bound(call)
        form = self.form(gradient, call.samples)
        if form.doubtful and form.gives_nan(call):
            form = self.form(form.gradient, call.samples, careful=True)
        return form.error_bound(call)

    def check_gradient(self) -> None:
        """Raise TypeError where there is no one number to differentiate."""
        if not self.gives_one_number:
            raise TypeError(
                f"value_and_grad needs a function that returns one number, "
                f"{self.name} returned {len(self.recording.outputs)}: compile(jacobian(f)) differentiates "
                "several, compile(value_and_grad(f, has_aux=True)) the first of a pair"
            )
        places = self.places()
        if places and not any(self.recording.inputs[place] for place in places):
            held = [self._firsts(self.name)[place] for place in places]
            raise TypeError(
                f"{self.name}: there is no number to differentiate by in "
                f"{described(held if len(held) > 1 else held[0])}: argnums says which arguments to take, and "
                "a module is one of its own"
            )

    def _run(self, call: Call, form: Form) -> tuple[Any, Any]:
        self.last = form
        code = form.compiled
        frame = code.lent()
        try:
            form.take(frame, call)
            answer = code.run(frame, call.samples, self.options.threads)
            first, form.ran = not form.ran, True
            if not (answer and form.doubtful):
                if answer & NO_ROW:
                    frame.check_indices()
                return form.results(frame, call)
        finally:
            code.give_back(frame)
        # The fast form differs only where an adjoint of 0 met a partial that is not finite: it says nan.
        self._wary |= first and not form.gradient
        return self._run(call, self.form(form.gradient, call.samples, careful=True))

    def is_batched(self, place: int) -> bool:
        """Whether the argument at that place has an entry for each sample."""
        return place in self._samples

    def structured(self, parts: list[Any]) -> Any:
        """Return what belongs to each argument differentiated by, as `argnums` says."""
        if self._names and len(self._names) == len(self._firsts):
            return dict(zip(self._names, parts, strict=True))
        return parts[0] if isinstance(self.options.argnums, int) else tuple(parts)
