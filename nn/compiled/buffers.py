"""A model, its loss and an optimizer in machine code, with the parameters in one buffer."""

from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

import numpy as np

from ...engine import Value, collector_paused, compile
from ...engine.compiler.bound import Bound
from ..optimizer import Optimizer
from ..step import Example
from .recorded import Recorded, check
from .rows import Examples, Floats, Inputs, Targets, key_of, ways_to_read
from .untouched import untouched
from .update import Update

CHECKED = 3
"""How many examples are computed on Values as well, to see that machine code says the same."""


class Buffers:
    """The parameters and gradients of an optimizer in a buffer each, and what works on them.

    examples: some to record with and to check with; what their targets hold decides how targets are read.
    most: how many examples a step takes at most.  beside: buffers for examples of another structure; the
    parameters stay in theirs, and the optimizer goes on in them.

    p, g: the numbers of the optimizer's parameters, in its order, and their gradients.
    Raises RecordingError where no recording of this model, loss or optimizer is possible.
    """

    def __init__(
        self,
        model: Callable[[Any], Any],
        loss: Callable[[Any, Any], Value],
        optimizer: Optimizer,
        examples: Sequence[Example],
        most: int,
        training: bool = True,
        beside: "Buffers | None" = None,
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self._held = [group.params for group in optimizer.param_groups]
        self.params = optimizer.params
        self.inputs = Inputs(examples[0][0])
        self.p: Floats = beside.p if beside else np.zeros(len(self.params))
        self.p[:] = [parameter.data for parameter in self.params]
        with untouched(model, self.params), collector_paused():
            self._record(examples, most, training)
            self.updates: list[Update] = self._taken_over(beside) if beside else self._updates()
            self._check(examples)
        self.read()

    def _record(self, examples: Sequence[Example], most: int, training: bool) -> None:
        """Record the loss; where that fails with targets read in one way, try another."""
        failed: Exception | None = None
        for targets in ways_to_read([target for _, target in examples]):
            try:
                recorded = self.recorded(targets, training, examples[0], keep=True)
                self.rows = np.zeros((most, recorded.count))
                self.rows[:] = self.rows_of(recorded, examples[:1])
                self.recording = recorded
                self._bound = self.bound(recorded.loss, self.rows, reduce="mean")
                self.g: Floats = self._bound.grad
                return
            except Exception as error:  # the user's loss may raise anything for a target it does not know
                failed = failed or error
        assert failed is not None
        raise failed

    def recorded(self, targets: Targets, training: bool, example: Example, keep: bool = False) -> Recorded:
        """Return model and loss as functions of a row, in one mode of the model; see there."""
        return Recorded(self.model, self.loss, self.params, self.inputs, targets, training, example, keep)

    def bound(self, f: Callable[[Any, Any], Any], rows: Floats, **options: Any) -> Bound:
        """Return a kernel of the parameters and of rows, bound to the buffer and to `rows`."""
        return compile(f, batch="row", **options).bind(self.p, rows)

    def fill(self, xs: Examples, ys: Examples, plain: bool) -> None:
        """Put a batch into the first rows; raises KeyError for a target that is no case so far.

        plain: whether the first example is two lists of plain numbers. NumPy takes longer to find out what is
        in these than machine code to learn from one.
        """
        rows, recording = self.rows[: len(xs)], self.recording
        if plain and len(xs) == 1 and recording.targets.in_a_row:
            recording.fill_one(rows[0], [*xs[0], *ys[0]])
        else:
            recording.fill(rows, self.inputs.rows(xs), recording.targets.rows(ys))
        recording.draw(rows)

    def rows_of(self, recorded: Recorded, examples: Sequence[Example]) -> Floats:
        """Return examples as rows."""
        inputs, targets = zip(*examples, strict=True)
        rows = np.zeros((len(examples), recorded.count))
        recorded.fill(rows, self.inputs.rows(inputs), recorded.targets.rows(targets))
        return rows

    def _updates(self) -> list[Update]:
        updates, start = [], 0
        for place, group in enumerate(self.optimizer.param_groups):
            end = start + len(group.params)
            updates.append(Update(self.optimizer, place, self.p, self.g, slice(start, end)))
            start = end
        return updates

    def _taken_over(self, beside: "Buffers") -> list[Update]:
        for update in beside.updates:
            update.forget()  # the gradients of buffers that these here are in place of
        return beside.updates

    def _check(self, examples: Sequence[Example]) -> None:
        """Compare the losses of some examples, of different targets where there are, with those on Values.

        And show the loss every target that is read as a number: it may refuse one.
        """
        if not self.recording.targets.any_cases and len(examples) > 1:  # one is compared below
            self.recording.show([target for _, target in examples], examples[0][0])
        chosen: dict[Any, Example] = {}
        for example in examples:
            chosen.setdefault(key_of(example[1]), example)
            if len(chosen) == CHECKED:
                break
        for example in chosen.values():
            with untouched(self.model, self.params):
                self.rows[:1] = self.rows_of(self.recording, [example])
                self.recording.draw(self.rows[:1])
                found = self.gradient(1)
            check(self.recording, example, found)

    def read(self) -> None:
        """Take over the parameters' numbers, and what the optimizer remembers of them."""
        self.p[:] = [parameter.data for parameter in self.params]
        for update in self.updates:
            update.read()

    def write_back(self) -> None:
        """Give the parameters their numbers and gradients, and the optimizer what it remembers."""
        for parameter, number, gradient in zip(self.params, self.p.tolist(), self.g.tolist(), strict=True):
            parameter.data, parameter.grad = number, gradient
        for update in self.updates:
            update.write_back()

    @property
    def fits(self) -> bool:
        """Whether the optimizer still has the parameters that it had."""
        groups, held = self.optimizer.param_groups, self._held
        return len(groups) == len(held) and all(map(is_, [group.params for group in groups], held))

    def gradient(self, n: int) -> float:
        """Return the mean loss of the first n rows, and leave its gradient in `g`."""
        bound = self._bound
        if bound.samples != n:
            bound.samples = n
        loss: float = bound()
        return loss

    @property
    def finite(self) -> bool:
        """Whether that loss and its gradient are finite."""
        return self._bound.finite

    def update(self) -> None:
        """Change the parameters by one step, as their gradients in `g` say."""
        for update in self.updates:
            update.take(self.g)
