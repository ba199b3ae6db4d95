"""Schedules that go by the number of the epoch."""

import math
from collections.abc import Callable, Iterable, Sequence

from ..optimizer import Optimizer
from .base import ByEpoch, between, epochs, whole


class StepLR(ByEpoch):
    """Multiplies the rate by `gamma` every `step_size` epochs.

    Raises ValueError for a step_size that is no whole number of at least 1 or a gamma of 0 or less.

    >>> from chainrule.engine import Value
    >>> from chainrule.nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=0.5)
    >>> schedule = StepLR(optimizer, step_size=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(round(optimizer.lr, 6))
    ...     schedule.step()
    >>> rates
    [0.5, 0.5, 0.05, 0.05]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = whole(self, "step_size", step_size)
        self.gamma = between(self, "gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def next_lr(self, lr: float, group: int) -> float:
        """Return lr * gamma at every step_size-th epoch."""
        at_a_step = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return lr * self.gamma if at_a_step else lr


class MultiStepLR(ByEpoch):
    """Multiplies the rate by `gamma` at each of the epochs in `milestones`.

    Raises ValueError for milestones that are no whole numbers of zero or more, or a gamma of 0 or less.

    >>> from chainrule.engine import Value
    >>> from chainrule.nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=0.5)
    >>> schedule = MultiStepLR(optimizer, [1, 3])
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(round(optimizer.lr, 6))
    ...     schedule.step()
    >>> rates
    [0.5, 0.05, 0.05, 0.005]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = epochs(self, milestones)
        self.gamma = between(self, "gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def next_lr(self, lr: float, group: int) -> float:
        """Return lr * gamma at a milestone; one that is there twice counts twice."""
        return lr * self.gamma ** self.milestones.count(self.last_epoch)


class ExponentialLR(ByEpoch):
    """Multiplies the rate by `gamma` every epoch.

    Raises ValueError for a gamma of 0 or less.

    >>> from chainrule.engine import Value
    >>> from chainrule.nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=0.5)
    >>> schedule = ExponentialLR(optimizer, gamma=0.5)
    >>> rates = []
    >>> for _ in range(3):
    ...     rates.append(round(optimizer.lr, 6))
    ...     schedule.step()
    >>> rates
    [0.5, 0.25, 0.125]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = between(self, "gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def next_lr(self, lr: float, group: int) -> float:
        """Return lr * gamma."""
        return lr if self.is_beginning else lr * self.gamma


class CosineAnnealingLR(ByEpoch):
    """Takes the rate down to `eta_min` along half a cosine of `T_max` epochs, and up again after them.

    Raises ValueError for a T_max that is no whole number of at least 1 or a negative eta_min.
    Source: Loshchilov and Hutter, SGDR (2017), equation 5, without restarts.

    >>> from chainrule.engine import Value
    >>> from chainrule.nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=0.5)
    >>> schedule = CosineAnnealingLR(optimizer, T_max=2)
    >>> rates = []
    >>> for _ in range(3):
    ...     rates.append(round(optimizer.lr, 6))
    ...     schedule.step()
    >>> rates
    [0.5, 0.25, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.T_max = whole(self, "T_max", T_max)
        self.eta_min = between(self, "eta_min", eta_min, zero=True)
        super().__init__(optimizer, last_epoch)

    def next_lr(self, lr: float, group: int) -> float:
        """Return the rate moved by as much as the cosine moves."""
        if self.is_beginning:
            return lr
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # from the bottom: no 0 / 0 there
            return lr + (self.base_lrs[group] - self.eta_min) * (1.0 - math.cos(math.pi / self.T_max)) / 2.0
        here = 1.0 + math.cos(math.pi * self.last_epoch / self.T_max)
        before = 1.0 + math.cos(math.pi * (self.last_epoch - 1) / self.T_max)
        return max(here / before * (lr - self.eta_min) + self.eta_min, 0.0)


class LinearLR(ByEpoch):
    """Warms up: the rate goes from start_factor to end_factor times itself in `total_iters` epochs.

    Raises ValueError for a start_factor outside 0 < f <= 1, an end_factor outside 0 <= f <= 1, or
    total_iters that is no whole number of at least 1.

    >>> from chainrule.engine import Value
    >>> from chainrule.nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=0.4)
    >>> schedule = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(round(optimizer.lr, 6))
    ...     schedule.step()
    >>> rates
    [0.2, 0.3, 0.4, 0.4]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3.0,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.start_factor = between(self, "start_factor", start_factor, most=1.0)
        self.end_factor = between(self, "end_factor", end_factor, most=1.0, zero=True)
        self.total_iters = whole(self, "total_iters", total_iters)
        super().__init__(optimizer, last_epoch)

    def next_lr(self, lr: float, group: int) -> float:
        """Return lr times the quotient of this epoch's factor and the last one's."""
        if self.last_epoch == 0:
            return lr * self.start_factor
        if self.is_beginning or self.last_epoch > self.total_iters:
            return lr
        rise = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * rise
        return max(lr * (1.0 + rise / before), 0.0)


class LambdaLR(ByEpoch):
    """Makes the rate its first value times `lr_lambda(epoch)`.

    lr_lambda: a function of the number of the epoch, 0 at first, or a list with one for each group.
    Functions are not saved in a state. Raises ValueError for another number of functions.

    >>> from chainrule.engine import Value
    >>> from chainrule.nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=0.5)
    >>> schedule = LambdaLR(optimizer, lambda epoch: 1.0 / (1 + epoch))
    >>> rates = []
    >>> for _ in range(2):
    ...     rates.append(round(optimizer.lr, 6))
    ...     schedule.step()
    >>> rates
    [0.5, 0.25]
    """

    not_saved = (*ByEpoch.not_saved, "lr_lambdas")

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(getattr(optimizer, "param_groups", ()))
        functions = [lr_lambda] * groups if callable(lr_lambda) else lr_lambda
        if not isinstance(functions, list | tuple) or not all(map(callable, functions)):
            raise TypeError(f"LambdaLR takes a function of the epoch or a list of them, got {lr_lambda!r}")
        if len(functions) != groups and isinstance(optimizer, Optimizer):
            raise ValueError(f"LambdaLR got {len(functions)} functions for {groups} groups of parameters")
        self.lr_lambdas = list(functions)
        super().__init__(optimizer, last_epoch)

    def next_lr(self, lr: float, group: int) -> float:
        """Return the first rate times the function's value."""
        factor: float = self.lr_lambdas[group](self.last_epoch)
        return self.base_lrs[group] * factor
