"""Keeping weights and gradients while a model learns."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...engine import Value
from ...engine.copies import number_of
from ...nn import TrainingState
from .shape import Shape


@dataclass(frozen=True)
class Record:
    """A model after one epoch, as a number for each cell of its matrices."""

    epoch: int
    weights: array[float]
    gradients: array[float] | None
    """The mean over the epoch's steps, after any clipping; None before the first."""


class LearningRecorder:
    """A callback of `fit` that keeps weights and gradients by epoch, for `show_learning`.

    every: keep every so many epochs; the first state and the last are kept in any case.
    max_records: how many are kept at most, at least 2, the last state apart. Where there would be more,
    every second one is dropped and from there on only half as many epochs are kept, so that memory is
    bounded, however long the run: 16 bytes a parameter and record. The losses of all epochs are kept.
    Used for another run of `fit`, it begins anew; a run that goes on from a checkpoint is recorded from
    there. In a loop of your own call `start(model)` before it and `record(model, loss)` after each epoch's
    last `optimizer.step()`, while the gradients are still there.
    Raises ValueError for limits that make no sense, and where the model has other parameters than before.

    >>> from chainrule.nn import MLP, SGD, fit, squared_error
    >>> model, recorder = MLP(1, [1], seed=0), LearningRecorder(every=10)
    >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss=squared_error, epochs=25,
    ...               optimizer=SGD(model.parameters(), lr=0.3), callbacks=[recorder])
    >>> [record.epoch for record in recorder.records], len(recorder.losses)
    ([0, 10, 20, 25], 25)
    """

    def __init__(self, every: int = 1, *, max_records: int = 200) -> None:
        for name, limit, least in (("every", every, 1), ("max_records", max_records, 2)):
            if not isinstance(limit, int) or isinstance(limit, bool) or limit < least:
                raise ValueError(f"LearningRecorder takes {name} of at least {least}, got {limit!r}")
        self.every, self.max_records = every, max_records
        self.shape: Shape | None = None
        """What the numbers of a record are; None before the first."""
        self._begin()

    def _begin(self) -> None:
        self.records: list[Record] = []
        """What was kept, the earliest first."""
        self.losses: list[float] = []
        """The mean loss of each epoch."""
        self.validation_losses: list[float] = []
        """The same over the validation examples; empty without them."""
        self._stride = self.every
        self._latest: Record | None = None
        self._sum: list[float] = []
        self._steps = 0

    # -- in a loop of one's own --

    def start(self, model: Any, parameters: Iterable[Value] = ()) -> None:
        """Begin anew, and keep the model as it is before training.

        parameters: of a model that is no Module.
        """
        self.shape = Shape(model, parameters)
        if not any(cell is not None for cell in self.shape.cells):
            raise ValueError(f"LearningRecorder found no parameters in {model!r}")
        self._begin()
        self._keep(Record(0, self._weights(), None))

    def record(self, model: Any, loss: Value | float, validation_loss: Value | float | None = None) -> None:
        """Keep the model after an epoch, with the gradients that its parameters hold.

        loss, validation_loss: the epoch's.
        """
        if self.shape is None:
            self.start(model)
        self._check(model)
        if not self._steps:
            self._add_gradients()
        self.losses.append(float(number_of(loss)))
        if validation_loss is not None:
            self.validation_losses.append(float(number_of(validation_loss)))
        self._epoch(len(self.losses))

    # -- called by fit --

    def on_train_begin(self, state: TrainingState) -> None:
        """Begin anew; or, where the run goes on from a checkpoint, go on."""
        parameters = state.optimizer.params
        if state.epoch == 0 or self.shape is None:
            self.start(state.model, parameters)
            if state.epoch:
                self.records = []
                self._keep(Record(state.epoch, self._weights(), None))
        else:
            self._check(state.model, parameters)
            self.records = [record for record in self.records if record.epoch <= state.epoch]
        self._losses_from(state)

    def on_step_end(self, state: TrainingState) -> None:
        """Add up the gradients; those of a step that was not taken do not count."""
        if math.isfinite(state.loss):
            self._add_gradients()

    def on_epoch_end(self, state: TrainingState) -> None:
        """Keep the epoch, or not: see `every` and `max_records`."""
        self._losses_from(state)
        self._epoch(state.epoch)

    def on_train_end(self, state: TrainingState) -> None:
        """Keep the last whole epoch in any case."""
        self._keep_the_latest()

    # -- what they have in common --

    def _check(self, model: Any, parameters: Iterable[Value] = ()) -> None:
        """Make sure that the numbers to come are of the model that was recorded."""
        assert self.shape is not None  # both callers have started
        if model is self.shape.model:
            return
        shape = Shape(model, parameters)
        if shape != self.shape:
            raise ValueError(
                f"LearningRecorder has recorded a model with {self.shape} and was called with one with "
                f"{shape}: use a recorder for each"
            )
        self.shape = shape

    def _losses_from(self, state: TrainingState) -> None:
        self.losses = state.history.loss
        self.validation_losses = state.history.validation_loss

    def _cells(self) -> list[Value | None]:
        assert self.shape is not None  # there is nothing to record before a start
        return self.shape.cells

    def _weights(self) -> array[float]:
        return array("d", [0.0 if cell is None else cell.data for cell in self._cells()])

    def _add_gradients(self) -> None:
        held = [0.0 if cell is None else float(number_of(cell.grad or 0.0)) for cell in self._cells()]
        self._sum = [x + y for x, y in zip(self._sum, held, strict=True)] if self._steps else held
        self._steps += 1

    def _epoch(self, epoch: int) -> None:
        gradients = array("d", [x / self._steps for x in self._sum]) if self._steps else None
        self._latest = Record(epoch, self._weights(), gradients)
        self._sum, self._steps = [], 0
        if epoch % self._stride == 0:
            self._keep(self._latest)

    def _keep(self, record: Record) -> None:
        self.records.append(record)
        while len(self.records) > self.max_records:
            self._stride *= 2
            first, *rest = self.records
            self.records = [first] + [one for one in rest if one.epoch % self._stride == 0]

    def _keep_the_latest(self) -> None:
        if self._latest is not None and self.records[-1].epoch < self._latest.epoch:
            self.records.append(self._latest)

    def kept(self) -> list[Record]:
        """Return what was kept, with the latest epoch, the earliest first.

        >>> LearningRecorder().kept()
        []
        """
        latest = self._latest
        missing = latest is not None and (not self.records or self.records[-1].epoch < latest.epoch)
        return [*self.records, latest] if missing and latest is not None else list(self.records)

    def __repr__(self) -> str:
        return (
            f"<LearningRecorder: {len(self.records)} records of {len(self.losses)} epochs, "
            f"every={self.every}, max_records={self.max_records}>"
        )
