"""What the scikit-learn estimators do after each epoch."""

import math
from collections.abc import Sequence
from typing import Any

from ..engine import NotFiniteError
from .callbacks import TrainingState


class Watch:
    """The callback of a run: keeps scikit-learn's attributes epoch by epoch, and says when to stop.

    count: the number of examples.  held_out: X, y and weights that tell when to stop; None for the loss.
    """

    def __init__(self, estimator: Any, count: int, held_out: Sequence[Any] | None) -> None:
        self.estimator, self.count, self.held_out = estimator, count, held_out
        self.waited = 0
        self.best: list[float] = []
        self.interrupted = False

    def on_epoch_end(self, state: TrainingState) -> bool:
        """Note the epoch; return whether it was one too many without an improvement."""
        its = self.estimator
        if not all(math.isfinite(parameter.data) for parameter in state.optimizer.params):
            raise NotFiniteError("the last step of the epoch left weights that are not finite")
        its.n_iter_ += 1
        its.t_ += self.count
        its.loss_ = state.history.loss[-1]
        its.loss_curve_.append(its.loss_)
        its._say(f"loss = {its.loss_:.8f}")
        if self.held_out is None:
            gain = its.best_loss_ - its.loss_
            its.best_loss_ = min(its.best_loss_, its.loss_)
        else:
            score = its._held_out_score(*self.held_out)
            its.validation_scores_.append(score)
            its._say(f"validation score: {score:.6f}")
            gain = score - its.best_validation_score_
            if gain > 0.0:
                its.best_validation_score_ = score
                self.best = [parameter.data for parameter in state.optimizer.params]
        self.waited = 0 if gain >= its.tol else self.waited + 1
        stop: bool = self.waited > its.n_iter_no_change
        if stop:
            its._say(f"no improvement of more than tol={its.tol:g} for {self.waited} epochs. Stopping.")
        return stop

    def on_train_end(self, state: TrainingState) -> None:
        """Give the weights the numbers of the best epoch, after Ctrl-C too, as scikit-learn does."""
        self.interrupted = state.interrupted
        if self.best:
            for parameter, number in zip(state.optimizer.params, self.best, strict=True):
                parameter.data = number
