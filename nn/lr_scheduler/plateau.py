"""The schedule that watches the loss."""

import math
from collections.abc import Sequence
from typing import Any

from ...engine import Value
from ..optimizer import Optimizer
from .base import LRScheduler, between, is_number, one_of, whole


class ReduceLROnPlateau(LRScheduler):
    """Multiplies the rate by `factor` when the loss has not become better for more than `patience` epochs.

    Call `step(loss)` after each epoch, with the validation loss, say.

    mode: "min" where smaller is better, "max" where larger is.
    threshold: better by less than this does not count: relative to the best so far ("rel"), or as it is
    ("abs"), as threshold_mode says.
    cooldown: how many epochs to wait after a reduction before counting again.
    min_lr: no rate goes below it; a number, or a list with one for each group.
    eps: a reduction by no more than this is left out.
    Raises ValueError for settings outside their ranges. A loss of nan is not better.
    Source: PyTorch, torch.optim.lr_scheduler.ReduceLROnPlateau.

    >>> from chainrule.nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=0.5)
    >>> schedule = ReduceLROnPlateau(optimizer, factor=0.1, patience=1)
    >>> rates = []
    >>> for loss in (1.0, 0.8, 0.8, 0.8, 0.8):
    ...     schedule.step(loss)
    ...     rates.append(round(optimizer.lr, 6))
    >>> rates
    [0.5, 0.5, 0.5, 0.05, 0.05]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(optimizer)
        self.mode = one_of(self, "mode", mode, ("min", "max"))
        self.factor = between(self, "factor", factor, most=1.0)
        if factor == 1.0:
            raise ValueError("ReduceLROnPlateau: factor must be less than 1, got 1.0")
        self.patience = whole(self, "patience", patience, least=0)
        self.threshold = between(self, "threshold", threshold, zero=True)
        self.threshold_mode = one_of(self, "threshold_mode", threshold_mode, ("rel", "abs"))
        self.cooldown = whole(self, "cooldown", cooldown, least=0)
        groups = len(optimizer.param_groups)
        limits: Any = min_lr if isinstance(min_lr, list | tuple) else [min_lr] * groups
        if len(limits) != groups:
            raise ValueError(
                f"ReduceLROnPlateau got {len(limits)} entries in min_lr for {groups} groups of parameters"
            )
        self.min_lrs = [between(self, "min_lr", limit, zero=True) for limit in limits]
        self.eps = between(self, "eps", eps, zero=True)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = 0
        self.cooldown_counter = 0

    def step(self, metrics: Value | float) -> None:
        """Take notice of an epoch's loss and lower the rates where it is time.

        Raises TypeError for what is no number.
        """
        loss = metrics.data if isinstance(metrics, Value) else metrics
        if not is_number(loss):
            raise TypeError(f"ReduceLROnPlateau.step takes the loss of the epoch, a number, got {metrics!r}")
        groups = self._groups(len(self.min_lrs))
        self.last_epoch += 1
        if self._is_better(float(loss)):
            self.best, self.num_bad_epochs = float(loss), 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, limit in zip(groups, self.min_lrs, strict=True):
                lower = max(group["lr"] * self.factor, limit)
                if group["lr"] - lower > self.eps:
                    group["lr"] = lower
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self.last_lr = [group["lr"] for group in groups]

    def _is_better(self, loss: float) -> bool:
        change = self.threshold if self.mode == "max" else -self.threshold
        limit = self.best * (1.0 + change) if self.threshold_mode == "rel" else self.best + change
        return loss < limit if self.mode == "min" else loss > limit
