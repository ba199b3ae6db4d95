"""The loop behind `fit`: epochs, steps, and what happens between them."""

import contextlib
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from ..engine import NotFiniteError
from .callbacks import StopTraining, TrainingState, when
from .checkpoint import Run, write_checkpoint
from .descent import Descent
from .interrupts import Interrupts
from .lr_scheduler import ReduceLROnPlateau
from .progress import Reporter
from .step import Groups, Metric, NotFiniteLoss, Rows, in_mode, mean


@dataclass(frozen=True)
class Settings:
    """How to train: the arguments of `fit` that are numbers and words. Refuses those that make no sense."""

    epochs: int
    batch_size: int | None
    shuffle: bool
    schedule_every: str
    clip_norm: float | None
    clip_value: float | None
    not_finite: str
    checkpoint_every: int

    def __post_init__(self) -> None:
        if not _is_count(self.epochs):
            raise ValueError(f"fit needs a whole number of epochs, at least 1, got {self.epochs!r}")
        if self.batch_size is not None and not _is_count(self.batch_size):
            raise ValueError(
                f"fit needs a batch_size of 1 or more, or None for all examples, got {self.batch_size!r}"
            )
        if not _is_count(self.checkpoint_every):
            raise ValueError(
                f"fit needs a checkpoint_every of 1 epoch or more, got {self.checkpoint_every!r}"
            )
        for name, choices in {
            "schedule_every": ("epoch", "step"),
            "not_finite": ("raise", "stop", "skip"),
        }.items():
            if getattr(self, name) not in choices:
                listed = " or ".join(map(repr, choices))
                raise ValueError(f"fit's {name} is {listed}, got {getattr(self, name)!r}")
        for name in ("clip_norm", "clip_value"):
            limit = getattr(self, name)
            if limit is not None and not (_is_number(limit) and 0.0 < limit < math.inf):
                raise ValueError(f"fit's {name} is a number above zero, or None, got {limit!r}")

    def of_the_run(self) -> dict[str, Any]:
        """Return those that decide the numbers of a run, whatever its length; ready for JSON."""
        names = ("batch_size", "shuffle", "schedule_every", "not_finite")
        limits = {"clip_norm": self.clip_norm, "clip_value": self.clip_value}
        return {name: getattr(self, name) for name in names} | {
            name: None if limit is None else float(limit) for name, limit in limits.items()
        }


@dataclass
class Loop:
    """A training run with what it needs at hand.

    layers: the parameters by layer.  descent: takes the steps, and computes the validation scores.
    checkpoint: the file to write, if any.
    """

    run: Run
    settings: Settings
    metrics: Mapping[str, Metric]
    layers: Groups
    descent: Descent
    checkpoint: Path | None
    interrupts: Interrupts

    def train(self, reporter: Reporter) -> None:
        """Train until the last epoch, or until something ends it, which `history.stopped` then says."""
        run, state = self.run, self.run.state
        with in_mode(state.model, training=True):
            try:
                run.callbacks.call("on_train_begin", state)
                self.descent.read()
                try:
                    while state.epoch < state.epochs:
                        self._epoch(reporter)
                    self.interrupts.check()
                finally:
                    self.descent.write_back()
            except StopTraining as stop:
                state.history.stopped = str(stop)
            except KeyboardInterrupt:
                if self.interrupts.count > 1:
                    raise
                state.interrupted = True
                state.history.stopped = f"interrupted {when(state)}"
                state.optimizer.zero_grad()
            with contextlib.suppress(StopTraining):
                run.callbacks.call("on_train_end", state)

    def _epoch(self, reporter: Reporter) -> None:
        run, state, settings = self.run, self.run.state, self.settings
        state.epoch, state.step = state.epoch + 1, 0
        size = settings.batch_size
        if size is not None and settings.shuffle:
            run.rng.shuffle(run.order)
        rows: Rows = []
        norms: list[dict[str, float]] = []
        skipped: list[str] = []
        awaited = run.callbacks.waiting("on_step_end")
        count = len(run.order)
        size = size or count
        for start in range(0, count, size):
            places = run.order[start : start + size]
            if start + size >= count:
                rates = _rates(state)
            try:
                rows += self._step(places)
                norms.append(state.gradient_norms)
            except NotFiniteError as error:
                skipped.append(self._not_finite(error, places))
            state.step += 1
            reporter.step_ended()
            if awaited:
                self._call("on_step_end")
        self.interrupts.check()
        held_out = self.descent.score()
        state.history.train.append(mean(rows, self.metrics))
        state.history.gradient_norms.append(_means(norms, self.layers))
        state.history.learning_rates.append(rates)
        if held_out is not None:
            state.history.validation.append(held_out)
        if settings.schedule_every == "epoch":
            self._step_schedule((held_out or state.history.train[-1]).loss)
        if skipped:
            more = f"skipped {len(skipped)} of the {state.steps} steps in epoch {state.epoch}; the first: "
            warnings.warn(f"fit {more}{skipped[0]}", RuntimeWarning, stacklevel=4)
        self._epoch_ended(reporter)

    def _step(self, places: list[int]) -> Rows:
        """Take a step down the mean loss of some examples; return their scores."""
        state = self.run.state
        state.loss, rows, state.gradient_norms = self.descent.step(places)
        state.total_steps += 1
        if self.settings.schedule_every == "step":
            self._step_schedule(state.loss)
        return rows

    def _not_finite(self, error: NotFiniteError, places: list[int]) -> str:
        """Return what went wrong, or end training with it, as the settings say."""
        state = self.run.state
        state.optimizer.zero_grad()
        example = f", at inputs[{places[error.place]}]" if isinstance(error, NotFiniteLoss) else ""
        said = f"epoch {state.epoch}, step {state.step + 1}{example}: {error}"
        if self.settings.not_finite == "skip":
            state.loss, state.gradient_norms = math.nan, {}
            return said
        if self.settings.not_finite == "stop":
            raise StopTraining(f"not finite in {said}")
        rates = " or ".join(f"{rate:g}" for rate in dict.fromkeys(_rates(state)))
        raise NotFiniteError(
            f"fit stopped in {said}. The parameters are those before this step. Look for inf and nan in the "
            f"data, lower the learning rate ({rates}), or clip the gradients (clip_norm=1.0). "
            "not_finite='stop' returns the history so far, 'skip' leaves such steps out and goes on"
        ) from error

    def _epoch_ended(self, reporter: Reporter) -> None:
        run, state = self.run, self.run.state
        stop: StopTraining | None = None
        try:
            self._call("on_epoch_end")
        except StopTraining as asked:
            stop = asked
        due = state.epoch % self.settings.checkpoint_every == 0 or state.epoch == state.epochs or stop
        if self.checkpoint is not None and due:
            self.descent.write_back()
            try:
                write_checkpoint(self.checkpoint, run)
            except OSError as error:
                warnings.warn(
                    f"fit goes on without the checkpoint of epoch {state.epoch}: {error.strerror}",
                    RuntimeWarning,
                    stacklevel=5,
                )
        reporter.epoch_ended(state)
        if stop is not None:
            raise stop
        self.interrupts.check()

    def _call(self, moment: str) -> None:
        """Call the callbacks of a moment; they find every number in its place, and may change it."""
        if self.run.callbacks.waiting(moment):
            self.descent.write_back()
            try:
                self.run.callbacks.call(moment, self.run.state)
            finally:
                self.descent.read()

    def _step_schedule(self, loss: float) -> None:
        schedule = self.run.state.schedule
        if isinstance(schedule, ReduceLROnPlateau):
            schedule.step(loss)
        elif schedule is not None:
            schedule.step()


def _means(norms: list[dict[str, float]], layers: Groups) -> dict[str, float]:
    """Return each layer's mean over the steps; nan where there were none."""
    taken = len(norms)
    return {name: sum([norm[name] for norm in norms]) / taken if taken else math.nan for name in layers}


def _rates(state: TrainingState) -> list[float]:
    return [float(group["lr"]) for group in state.optimizer.param_groups]


def _is_number(number: object) -> bool:
    return isinstance(number, Real) and not isinstance(number, bool)


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1
