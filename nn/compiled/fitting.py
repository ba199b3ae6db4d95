"""The steps of `fit` in machine code."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...engine import NotFiniteError, Value
from ...engine.compiler.anatomy import Anatomy
from ...engine.compiler.bound import Bound
from ..clip import clip_factor
from ..descent import EagerDescent, Taken
from ..history import Scores
from ..module import Module
from ..step import Example, Rows, mean
from .buffers import Buffers
from .choose import Task
from .norms import Norms
from .recorded import Recorded
from .refusal import check_nothing_looks_on, recordable
from .rows import check_alike


class CompiledDescent:
    """Descends in machine code, and on Values where a number is not finite: they say why.

    eager: takes the same steps on Values.
    Raises RecordingError where the task cannot be recorded.
    """

    compiled = True

    def __init__(self, task: Task, eager: EagerDescent) -> None:
        self._task, self._eager = task, eager
        self._make()

    def _make(self) -> None:
        task, optimizer = self._task, self._eager.optimizer
        check_nothing_looks_on("fit(compiled=True)", optimizer.params)
        check_alike(task.examples)
        learnt = [task.examples[place] for place in task.places]
        with recordable("fit(compiled=True)", task.model, task.loss, optimizer.params, learnt, task.held_out):
            self._record(learnt)
        self._anatomy = anatomy_of(task.model, optimizer.params)  # now: it may keep what it computes

    def _record(self, learnt: Sequence[Example]) -> None:
        task, optimizer = self._task, self._eager.optimizer
        buffers = Buffers(task.model, task.loss, optimizer, [*learnt, *task.held_out], task.most)
        self._buffers, self._recording = buffers, buffers.recording
        self._rows = buffers.rows_of(self._recording, task.examples)
        self._norms = Norms(buffers.params, task.layers, buffers.g)
        self._scores = _Scores(buffers, self._recording, buffers.rows, task) if task.metrics else None
        self._held_out: _Scores | None = None
        if task.held_out:
            recorded = buffers.recorded(self._recording.targets, False, task.held_out[0])
            self._held_out = _Scores(buffers, recorded, buffers.rows_of(recorded, task.held_out), task)

    def step(self, places: Sequence[int]) -> Taken:
        """Take a step; see `Descent`."""
        self._task.between()
        buffers, n = self._buffers, len(places)
        rows = buffers.rows[:n]
        np.take(self._rows, places, axis=0, out=rows, mode="clip")
        before = self._recording.drawn()
        self._recording.draw(rows)
        loss = buffers.gradient(n)
        try:
            norms = self._norms()
        except NotFiniteError:
            norms = {}
        if not (math.isfinite(loss) and norms):
            self._recording.draw_again(before)
            return self._on_values(places)
        scores: Rows = [[loss]] * n
        if self._scores is not None:
            scores = self._scores.of([self._task.examples[place] for place in places])
        self._clip(math.sqrt(sum([norm * norm for norm in norms.values()])))
        buffers.update()
        return Taken(loss, scores, norms)

    def _clip(self, norm: float) -> None:
        g, clip_norm, clip_value = self._buffers.g, self._eager.clip_norm, self._eager.clip_value
        if clip_norm is not None:
            factor = clip_factor(norm, clip_norm)
            if factor < 1.0:
                g *= factor
        if clip_value is not None:
            np.clip(g, -clip_value, clip_value, out=g)

    def _on_values(self, places: Sequence[int]) -> Taken:
        """Take a step on Values."""
        buffers = self._buffers
        buffers.write_back()
        buffers.g[:] = 0.0  # as the gradients are where the step is not taken
        taken = self._eager.step(places)
        buffers.read()
        buffers.g[:] = [parameter.grad for parameter in buffers.params]
        return taken

    def score(self) -> Scores | None:
        """Return the scores of the validation examples; see `Descent`."""
        if self._held_out is None:
            return None
        self._task.between()
        return mean(self._held_out.of(self._task.held_out), self._task.metrics)

    def read(self) -> None:
        """Take over what was changed; where the model itself was, it is recorded anew."""
        buffers = self._buffers
        if not buffers.fits or anatomy_of(self._task.model, buffers.params) != self._anatomy:
            self._make()
        else:
            buffers.read()

    def write_back(self) -> None:
        """Give the parameters their numbers and gradients, and the optimizer its state."""
        self._buffers.write_back()


class _Scores:
    """Loss and metrics of the examples in some rows."""

    def __init__(self, buffers: Buffers, recorded: Recorded, rows: Any, task: Task) -> None:
        self._recorded, self._metrics = recorded, list(task.metrics.values())
        self._bound: Bound = buffers.bound(recorded.scores, rows)

    def of(self, examples: Sequence[Example]) -> Rows:
        """Return the scores of the examples, which are those in the first rows."""
        if self._bound.samples != len(examples):
            self._bound.samples = len(examples)
        losses, *outputs = [column.tolist() for column in self._bound()]
        if not self._metrics:
            return [[loss] for loss in losses]
        numbers = zip(*outputs, strict=True)
        return [
            [loss, *self._measured(found, target)]
            for loss, found, (_, target) in zip(losses, numbers, examples, strict=True)
        ]

    def _measured(self, numbers: Iterable[float], target: Any) -> list[float]:
        output = self._recorded.of_output([Value(number) for number in numbers])
        return [metric(output, target) for metric in self._metrics]


def anatomy_of(model: object, parameters: Sequence[Value]) -> Anatomy | None:
    """Return how a module is built, but for its mode: that is set for each recording."""
    return Anatomy(model, parameters, but={"training"}) if isinstance(model, Module) else None
