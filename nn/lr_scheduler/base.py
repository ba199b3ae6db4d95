"""What every schedule does."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from numbers import Real
from operator import index
from typing import Any, SupportsIndex

from ...engine.value import described
from ..optimizer import Optimizer, ParameterGroup


class LRScheduler(ABC):  # noqa: B024  # what a step takes differs
    """What every schedule has: an optimizer whose rates it sets, the rates it set last, a state."""

    not_saved: tuple[str, ...] = ("optimizer", "is_beginning")
    """Attributes that are no part of the state."""

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__} takes an optimizer, got {described(optimizer)}")
        self.optimizer = optimizer
        self.last_epoch = 0
        self.last_lr = [group["lr"] for group in optimizer.param_groups]

    def get_last_lr(self) -> list[float]:
        """Return the rate of each group that the last step has set."""
        return list(self.last_lr)

    def _groups(self, known: int) -> list[ParameterGroup]:
        """Return the optimizer's groups; raise ValueError where they are not as many as it was made for."""
        groups = self.optimizer.param_groups
        if len(groups) != known:
            raise ValueError(
                f"{type(self).__name__} was made for {known} groups of parameters and there are "
                f"{len(groups)}: make it after add_param_group"
            )
        return groups

    def state_dict(self) -> dict[str, Any]:
        """Return where the schedule is and its settings, in plain numbers and lists, without functions."""
        return {
            name: list(held) if isinstance(held, list | tuple) else held
            for name, held in vars(self).items()
            if name not in self.not_saved
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where another schedule of the same kind was; the rates are in the optimizer's own state.

        Raises ValueError, with nothing changed, where it is the state of another schedule.
        """
        vars(self).update(self._checked(state_dict))

    def _checked(self, state_dict: Mapping[str, Any]) -> dict[str, Any]:
        """Return the attributes in `state_dict`; raise an error where they are not those of this schedule."""
        mine, what = LRScheduler.state_dict(self), f"{type(self).__name__}.load_state_dict"
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"{what} takes what state_dict returned, got {described(state_dict)}")
        if set(state_dict) != set(mine):
            there = ", ".join(map(str, state_dict))
            raise ValueError(f"{what}: its state has {', '.join(mine)}; got {there}")
        taken = {}
        for name, held in state_dict.items():
            here = mine[name]
            if isinstance(here, list):
                fits = isinstance(held, list | tuple) and all(map(is_number, held))
                fits = fits and (name not in ("base_lrs", "last_lr") or len(held) == len(here))
            else:
                fits = is_number(held) if is_number(here) else type(held) is type(here)
            if not fits:
                raise ValueError(f"{what}: {name} is {here!r} here and {held!r:.40} there")
            taken[name] = list(held) if isinstance(held, list | tuple) else held
        return taken


class ByEpoch(LRScheduler):
    """A schedule that sets the rate of each group when made, and at each `step()`, by the epoch's number.

    last_epoch: the epoch that was the last; -1 to start. To go on with another, make the schedule and
    load its state.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        super().__init__(optimizer)
        name = type(self).__name__
        if not isinstance(last_epoch, int) or isinstance(last_epoch, bool) or last_epoch < -1:
            raise ValueError(f"{name}: last_epoch must be -1 or a number of epochs, got {last_epoch!r}")
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ValueError(
                    f"{name} cannot go on after epoch {last_epoch}: group {i} has no 'initial_lr', which the "
                    "first schedule puts there; load the optimizer's state first"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._begin()

    def _begin(self) -> None:
        """Take the step that sets the rates of the first epoch."""
        self.is_beginning = True
        self.step()
        self.is_beginning = False

    def _restart(self) -> None:
        """Start again from the rates of the beginning: what `SequentialLR` does when it comes to this one."""
        for group, rate in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = rate
        self.last_epoch = -1
        self._begin()

    def step(self) -> None:
        """Go to the next epoch and set its rates."""
        groups = self._groups(len(self.base_lrs))
        self.last_epoch += 1
        for i, group in enumerate(groups):
            group["lr"] = self.next_lr(group["lr"], i)
        self.last_lr = [group["lr"] for group in groups]

    @abstractmethod
    def next_lr(self, lr: float, group: int) -> float:
        """Return the rate of a group in epoch `last_epoch`, given what it is."""


def is_number(held: object) -> bool:
    """Return whether `held` is a plain real number."""
    return isinstance(held, Real) and not isinstance(held, bool)


def whole(owner: object, name: str, number: SupportsIndex, least: int = 1) -> int:
    """Return `number` as an int; raise ValueError unless it is a whole one of at least `least`."""
    if not isinstance(number, SupportsIndex) or isinstance(number, bool) or index(number) < least:
        raise ValueError(
            f"{type(owner).__name__}: {name} must be a whole number of at least {least}, got {number!r}"
        )
    return index(number)


def between(owner: object, name: str, number: float, most: float = math.inf, *, zero: bool = False) -> float:
    """Return `number` as a float; raise ValueError unless it is above 0, or 0 with zero, up to `most`."""
    if not (is_number(number) and math.isfinite(number) and 0.0 <= number <= most and (zero or number != 0)):
        limit = "" if most == math.inf else f" and at most {most:g}"
        least = "zero or more" if zero else "above zero"
        raise ValueError(f"{type(owner).__name__}: {name} must be {least}{limit}, got {number!r}")
    return float(number)


def epochs(owner: object, milestones: Any) -> list[int]:
    """Return `milestones` in order; raise ValueError unless they are whole numbers of zero or more."""
    try:
        given = list(milestones)
    except TypeError:
        name = type(owner).__name__
        raise TypeError(f"{name} takes a list of epochs as milestones, got {milestones!r}") from None
    return sorted(whole(owner, "each of milestones", epoch, least=0) for epoch in given)


def one_of(owner: object, name: str, value: str, choices: tuple[str, ...]) -> str:
    """Return `value`; raise ValueError unless it is one of `choices`."""
    if value not in choices:
        known = " or ".join(map(repr, choices))
        raise ValueError(f"{type(owner).__name__}: {name} must be {known}, got {value!r}")
    return value
