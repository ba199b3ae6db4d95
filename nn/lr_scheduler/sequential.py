"""One schedule after another."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ...engine.value import described
from ..optimizer import Optimizer
from .base import ByEpoch, epochs


class SequentialLR(ByEpoch):
    """Follows one schedule after another: the next one from each of the epochs in `milestones`.

    Each starts from the rate of the beginning. A warm-up and then a cosine:
    `SequentialLR(optimizer, [LinearLR(optimizer), CosineAnnealingLR(optimizer, 50)], [5])`.
    Raises ValueError for milestones that are not one fewer and do not rise, and for schedules of another
    optimizer.

    >>> from chainrule.engine import Value
    >>> from chainrule.nn import SGD, ExponentialLR, LinearLR
    >>> optimizer = SGD([Value(1.0)], lr=0.4)
    >>> warm_up, decay = LinearLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.5)
    >>> schedule = SequentialLR(optimizer, [warm_up, decay], [2])
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(round(optimizer.lr, 6))
    ...     schedule.step()
    >>> rates
    [0.2, 0.3, 0.4, 0.2]
    """

    not_saved = (*ByEpoch.not_saved, "schedulers")

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[ByEpoch],
        milestones: Iterable[int],
    ) -> None:
        self.schedulers = list(schedulers)
        self.milestones = epochs(self, milestones)
        if not self.schedulers or len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"SequentialLR needs a milestone between any two schedules, got {len(self.schedulers)} "
                f"schedules and {len(self.milestones)} milestones"
            )
        if any(later <= earlier for earlier, later in pairwise([0, *self.milestones])):
            raise ValueError(f"SequentialLR needs milestones that rise from 1, got {self.milestones}")
        for schedule in self.schedulers:
            if not isinstance(schedule, ByEpoch):
                raise TypeError(f"SequentialLR takes schedules by the epoch, got {described(schedule)}")
            if schedule.optimizer is not optimizer:
                raise ValueError(f"SequentialLR: {type(schedule).__name__} belongs to another optimizer")
        super().__init__(optimizer)

    def step(self) -> None:
        """Go to the next epoch by the schedule whose turn it is."""
        self.last_epoch += 1
        schedule = self.schedulers[bisect_right(self.milestones, self.last_epoch)]
        if self.is_beginning or self.last_epoch in self.milestones:
            schedule._restart()
        else:
            schedule.step()
        self.last_lr = schedule.get_last_lr()

    def next_lr(self, lr: float, group: int) -> float:
        """Return lr: the schedules set it."""
        return lr

    def state_dict(self) -> dict[str, Any]:
        """Return where this schedule and each of its own is."""
        return {**super().state_dict(), "schedulers": [schedule.state_dict() for schedule in self.schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where another schedule of the same kind was; errors as for the others."""
        given = state_dict.get("schedulers", ()) if isinstance(state_dict, Mapping) else ()
        if len(given) != len(self.schedulers):
            raise ValueError(
                f"SequentialLR.load_state_dict: there are {len(self.schedulers)} schedules here and "
                f"{len(given)} there"
            )
        taken = self._checked({name: held for name, held in state_dict.items() if name != "schedulers"})
        before = [schedule.state_dict() for schedule in self.schedulers]
        try:
            for schedule, state in zip(self.schedulers, given, strict=True):
                schedule.load_state_dict(state)
        except (TypeError, ValueError):
            for schedule, state in zip(self.schedulers, before, strict=True):
                schedule.load_state_dict(state)
            raise
        vars(self).update(taken)
