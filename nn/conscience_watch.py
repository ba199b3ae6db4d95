"""What the training loop's conscience remembers of each optimizer and module, and how it speaks."""

from typing import Any
from weakref import ref

from ..engine import Value
from ..engine.debugging.warn import GrowingGraphWarning, TrainingWarning, warn_user


class Watch:
    """What is remembered of one optimizer, or of one module whose parameters are updated by hand."""

    def __init__(self, by_hand: bool) -> None:
        self.owner: ref[Any] | None = None
        self.by_hand = by_hand
        self.steps = 0
        self.asleep = False
        self.listens = False
        self.said: set[type[TrainingWarning]] = set()
        self.witness: tuple[Value, float] | None = None  # a parameter, and its gradient at the last step
        self.zeroed = self.added_to = False  # what happened to that gradient since
        self.passes = 0  # since the last step
        self.before: list[float] = []  # the numbers of `moved`, before the step
        self.moved: list[Value] = []
        self.predicted = 0.0  # the change of the loss in the last step, by its gradients
        self.loss: float | None = None  # that of the pass before the last step
        self.latest = 0.0
        self.rising = 0
        self.replaced: list[str] = []


watches: dict[int, Watch] = {}
"""By the identities of what is watched, which need not be hashable: a module may be a dataclass."""


def live() -> list[tuple[Any, Watch]]:
    """Return what is watched, with what is remembered of it."""
    found = [(watch.owner(), watch) for watch in list(watches.values()) if watch.owner is not None]
    return [(owner, watch) for owner, watch in found if owner is not None]


def held_by_optimizers() -> set[Value]:
    """Return the parameters of every optimizer that is watched."""
    return {p for owner, watch in live() if not watch.by_hand for p in owner.params}


def warn(watch: Watch, category: type[TrainingWarning], text: str) -> None:
    """Warn once for each watch; graphs that pile up concern all of them."""
    if category not in watch.said:
        for other in [other for _, other in live()] if category is GrowingGraphWarning else [watch]:
            other.said.add(category)
        warn_user(text, category)
