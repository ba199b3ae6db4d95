"""A model and its loss as functions of a row of numbers, which a kernel is made of."""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

from numpy.typing import NDArray

from ...engine import RecordingError, Value, enable_grad
from ...engine.compiler.record import standing_in
from ...engine.tree import flatten
from ..dropout import Dropout, factors_from
from ..step import in_mode
from .rows import Floats, Inputs, Targets


class Recorded:
    """What machine code is made of: the loss of an example, and its scores.

    A row holds the example's input, its target, and in training mode what `Dropout` draws for it.
    training: the mode of the model.  example: a first one, which is run once to count those draws.
    keep: keep what the model gave for it then, for `expected`.
    """

    def __init__(
        self,
        model: Callable[[Any], Any],
        loss: Callable[[Any, Any], Value],
        parameters: Sequence[Value],
        inputs: Inputs,
        targets: Targets,
        training: bool,
        example: tuple[Any, Any],
        keep: bool = False,
    ) -> None:
        self.model, self.parameters, self.targets = model, parameters, targets
        self._loss, self._inputs, self._training = loss, inputs, training
        self._draws, output = self._drawing(example[0])
        self._kept = (example[0], output) if keep and not self._draws else None
        self._generators = list({id(dropout.rng): dropout.rng for dropout in self._draws}.values())
        self._until = inputs.count, inputs.count + targets.count
        self.count = max(self._until[1] + len(self._draws), 1)
        self.of_output: Callable[[Sequence[Any]], Any] = tuple
        """Puts numbers in the places of an output; known once `scores` is recorded."""

    def fill(self, rows: Floats, inputs: NDArray[Any], targets: NDArray[Any]) -> None:
        """Put examples into rows, as many as there are; `draw` does the rest."""
        start, end = self._until
        rows[:, :start] = inputs
        rows[:, start:end] = targets

    def fill_one(self, row: Floats, numbers: Sequence[float]) -> None:
        """Put an example into a row, all of whose numbers are read."""
        row[: self._until[1]] = numbers

    def draw(self, rows: Floats) -> None:
        """Draw what `Dropout` multiplies by, in the order in which it would for these examples."""
        if self._draws:
            draws = [dropout.drawn for dropout in self._draws]
            rows[:, self._until[1] :] = [[drawn() for drawn in draws] for _ in rows]

    def drawn(self) -> list[Any]:
        """Return where the generators are that draw."""
        return [rng.getstate() for rng in self._generators]

    def draw_again(self, before: list[Any]) -> None:
        """Put the generators back where they were."""
        for rng, state in zip(self._generators, before, strict=True):
            rng.setstate(state)

    def loss(self, p: Any, row: Any) -> Any:
        """Return the loss of the example in `row`; p: stand-ins for the parameters' numbers."""
        with self._at_work(p, row):
            return self._loss_of(self._output(row), row)

    def scores(self, p: Any, row: Any) -> list[Any]:
        """Return the loss of the example in `row`, and the numbers in the model's output."""
        with self._at_work(p, row):
            output = self._output(row)
            numbers, self.of_output = flatten(output)
            return [self._loss_of(output, row), *numbers]

    def expected(self, example: tuple[Any, Any]) -> float:
        """Return the loss of an example on Values."""
        x, target = example
        kept, self._kept = self._kept, None
        with enable_grad(), in_mode(self.model, self._training):
            output = kept[1] if kept is not None and kept[0] is x else self._on_values(x)
            return float(self._loss(output, target).data)

    def _on_values(self, x: Any) -> Any:
        """Return the model's output for an input, which it must leave as it is."""
        given = copy.deepcopy(x)
        output = self.model(given)
        if _numbers_in(given) != _numbers_in(x):
            raise RecordingError(
                "the model changes its input in place, and machine code reads inputs and changes none: let "
                "it compute with a copy, list(x)"
            )
        return output

    def show(self, targets: Sequence[Any], x: Any) -> None:
        """Call the loss with every target, on Values, beside the output for one input."""
        with enable_grad(), in_mode(self.model, self._training):
            output = self.model(copy.deepcopy(x))
            for target in targets:
                self._loss(output, target)

    def _output(self, row: Any) -> Any:
        return self.model(self._inputs.rebuild(row[: self._until[0]]))

    def _loss_of(self, output: Any, row: Any) -> Any:
        return self.targets.recorded(self._loss, output, row[slice(*self._until)])

    def _drawing(self, x: Any) -> tuple[list[Dropout], Any]:
        """Return which modules draw a number for an input, in order, as often as they do, and its output."""
        draws: list[Dropout] = []

        def noted(dropout: Dropout) -> float:
            draws.append(dropout)
            return 1.0

        with enable_grad(), in_mode(self.model, self._training), factors_from(noted):
            output = self._on_values(x)
        return draws, output

    @contextmanager
    def _at_work(self, p: Any, row: Any) -> Iterator[None]:
        """Let parameters and draws be stand-ins inside."""
        places = count(self._until[1])

        def factor(dropout: Dropout) -> Any:
            place = next(places)
            if place >= self.count or self._draws[place - self._until[1]] is not dropout:
                raise RecordingError("the model draws other random numbers than for the example before")
            return row[place]

        with ExitStack() as stack:
            stack.enter_context(in_mode(self.model, self._training))
            stack.enter_context(factors_from(factor))
            stack.enter_context(standing_in(self.parameters, [x.entry for x in p], p[0].recorder))
            yield


def _numbers_in(held: Any) -> list[str]:
    return [repr(number) for number in flatten(held)[0]]


def check(recorded: Recorded, example: tuple[Any, Any], found: float) -> None:
    """Raise RecordingError where the compiled loss of an example is not the one on Values."""
    expected = recorded.expected(example)
    if found == expected or (math.isnan(found) and math.isnan(expected)):
        return
    if not abs(found - expected) <= 1e-9 * max(1.0, abs(expected)):
        raise RecordingError(
            f"the loss of an example is {found!r} compiled and {expected!r} on Values: the model or the loss "
            "does what a recording does not see, such as drawing random numbers, counting its calls, or "
            "looking at what it is given with isinstance"
        )
