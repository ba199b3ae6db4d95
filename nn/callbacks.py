"""What `fit` calls on its way, and how it is told to stop."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..engine import Value
from .history import History
from .optimizer import Optimizer

MOMENTS = ("on_train_begin", "on_step_end", "on_epoch_end", "on_train_end")


@dataclass
class TrainingState:
    """Where training stands: what callbacks are called with.

    model, optimizer, schedule: as given to `fit`.  history: so far, this epoch's entry included at its end.
    epoch: the number of the epoch, from 1; 0 before the first.  epochs: how many there will be.
    step: the number of the step in the epoch, from 1.  steps: how many steps an epoch has.
    total_steps: how many steps were taken since the beginning.
    loss, gradient_norms: of the step just taken: the mean loss of its batch, and by layer the length of
    the gradient before any clipping.
    interrupted: whether Ctrl-C ended training; seen by `on_train_end`.
    """

    model: Callable[[Any], Any]
    optimizer: Optimizer
    schedule: Any
    history: History
    epochs: int
    steps: int
    epoch: int = 0
    step: int = 0
    total_steps: int = 0
    loss: float = math.nan
    gradient_norms: dict[str, float] = field(default_factory=dict)
    interrupted: bool = False


class StopTraining(Exception):
    """Raise it in a callback to end training; its text becomes `history.stopped`."""


Callback = Any
"""A function of the TrainingState, called after each epoch; or an object with methods of `MOMENTS`."""


class Callbacks:
    """The callbacks of a run.

    A function is called after each epoch. An object may have `on_train_begin`, `on_step_end`,
    `on_epoch_end` and `on_train_end` (called after Ctrl-C too, not after an error). Each gets the
    TrainingState. Returning True (or raising StopTraining) ends training after that step or epoch; every
    callback of the moment is called first. What has `state_dict` and `load_state_dict` goes into checkpoints.
    """

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        if not isinstance(callbacks, Iterable):
            raise TypeError(f"fit takes a list of callbacks, got {callbacks!r}: put it in brackets")
        self.all = list(callbacks)
        self._at: dict[str, list[tuple[str, Callable[[TrainingState], object]]]] = {}
        for callback in self.all:
            is_class = isinstance(callback, type)
            found = {moment: None if is_class else getattr(callback, moment, None) for moment in MOMENTS}
            if not any(found.values()) and callable(callback) and not is_class:
                found["on_epoch_end"] = callback
            if not any(found.values()):
                raise TypeError(
                    f"fit cannot call {callback!r}: a callback is a function, called after each epoch, or an "
                    f"object with one or more of {', '.join(MOMENTS)}"
                )
            for moment, method in found.items():
                if method is not None:
                    self._at.setdefault(moment, []).append((_name(callback), method))

    def waiting(self, moment: str) -> bool:
        """Return whether any is called at this moment."""
        return moment in self._at

    def call(self, moment: str, state: TrainingState) -> None:
        """Call what waits for this moment; raises StopTraining where one or more say so."""
        reasons = []
        for name, method in self._at.get(moment, ()):
            try:
                answer = method(state)
            except StopTraining as stop:
                reasons.append(str(stop) or f"stopped by {name} {when(state)}")
                continue
            if answer is None or isinstance(answer, bool) or type(answer).__name__ in ("bool", "bool_"):
                if answer:
                    reasons.append(f"stopped by {name} {when(state)}")
            else:
                raise TypeError(f"the callback {name} returned {answer!r}: return True to stop, or nothing")
        if reasons:
            raise StopTraining("; ".join(reasons))

    def with_state(self) -> list[tuple[int, Any]]:
        """Return (place in the list, callback) for those that checkpoints keep."""
        return [
            (place, callback)
            for place, callback in enumerate(self.all)
            if hasattr(callback, "state_dict") and hasattr(callback, "load_state_dict")
        ]


def when(state: TrainingState) -> str:
    """Return how far training has come, in words."""
    if len(state.history.train) == state.epoch:
        return f"after epoch {state.epoch}" if state.epoch else "before the first epoch"
    return f"in epoch {state.epoch}, after {state.step} of its {state.steps} steps"


def _name(callback: Callback) -> str:
    return str(getattr(callback, "__name__", type(callback).__name__))


class EarlyStopping:
    """A callback that ends training when a score has stopped improving, and keeps the best parameters.

    patience: how many epochs without an improvement are borne, at least 1.
    min_delta: how much better a score must be to count, zero or more.
    monitor: "loss" or the name of a metric; of the validation examples where there are any, else of the
    training examples.  mode: "min" where less is better, "max" where more is.
    restore_best: when training ends, by this or after its last epoch, give the parameters the numbers
    of the best epoch. After Ctrl-C they stay those of the last step.
    Afterwards `best_epoch` and `best_score` say which epoch that was. A NaN is never better. Used for
    another run, it begins anew.
    Raises ValueError for settings outside their ranges, KeyError for a monitor that is not among the scores.
    Source: Prechelt, Early Stopping, But When? (1998).

    >>> from chainrule.nn import MLP, SGD, fit, squared_error
    >>> model, stop = MLP(1, [1], seed=0), EarlyStopping(patience=3, min_delta=1e-3)
    >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss=squared_error, epochs=1000,
    ...               optimizer=SGD(model.parameters(), lr=0.3), callbacks=[stop])
    >>> print(len(history.loss), history.stopped)
    19 loss no better than 0.00172 by 0.001 for 3 epochs; the best was epoch 16
    """

    def __init__(
        self,
        patience: int = 10,
        min_delta: float = 0.0,
        monitor: str = "loss",
        mode: Literal["min", "max"] = "min",
        restore_best: bool = True,
    ) -> None:
        if not isinstance(patience, int) or isinstance(patience, bool) or patience < 1:
            raise ValueError(f"EarlyStopping needs a patience of 1 epoch or more, got {patience!r}")
        if not (isinstance(min_delta, int | float) and 0.0 <= min_delta < math.inf):
            raise ValueError(f"EarlyStopping needs a min_delta of zero or more, got {min_delta!r}")
        if mode not in ("min", "max"):
            raise ValueError(f"EarlyStopping's mode is 'min' or 'max', got {mode!r}")
        self.patience, self.min_delta, self.monitor, self.mode = patience, min_delta, monitor, mode
        self.restore_best = restore_best
        self._begin()

    def _begin(self) -> None:
        self.best_epoch = 0
        self.best_score = math.nan
        self.waited = 0
        self._best: list[float] = []

    def on_train_begin(self, state: TrainingState) -> None:
        """Begin anew, or go on from a checkpoint: a run that had stopped there stops again."""
        if state.epoch == 0:
            self._begin()
        self._stop_if_waited()

    def on_epoch_end(self, state: TrainingState) -> None:
        """Look at the epoch's score."""
        scores = (state.history.validation or state.history.train)[-1]
        score = scores.of(self.monitor)
        gain = self.best_score - score if self.mode == "min" else score - self.best_score
        if gain > self.min_delta or (math.isnan(self.best_score) and not math.isnan(score)):
            self.best_epoch, self.best_score, self.waited = state.epoch, score, 0
            self._best = [parameter.data for parameter in _parameters(state)]
        else:
            self.waited += 1
        self._stop_if_waited()

    def on_train_end(self, state: TrainingState) -> None:
        """Give the parameters the best epoch's numbers."""
        if self.restore_best and self._best and not state.interrupted:
            for parameter, number in zip(_parameters(state), self._best, strict=True):
                parameter.data = number

    def _stop_if_waited(self) -> None:
        if self.waited >= self.patience:
            by = f" by {self.min_delta:g}" if self.min_delta else ""
            raise StopTraining(
                f"{self.monitor} no better than {self.best_score:.3g}{by} for {self.waited} epochs; "
                f"the best was epoch {self.best_epoch}"
            )

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {
            "best_epoch": self.best_epoch,
            "best_score": self.best_score,
            "waited": self.waited,
            "best": list(self._best),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Become what `state_dict` described."""
        self.best_epoch, self.best_score = int(state["best_epoch"]), float(state["best_score"])
        self.waited, self._best = int(state["waited"]), [float(number) for number in state["best"]]

    def __repr__(self) -> str:
        return (
            f"EarlyStopping(patience={self.patience}, min_delta={self.min_delta:g}, "
            f"monitor={self.monitor!r}, mode={self.mode!r}, restore_best={self.restore_best})"
        )


def _parameters(state: TrainingState) -> list[Value]:
    return state.optimizer.params
