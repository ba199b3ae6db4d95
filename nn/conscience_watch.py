"""What the training loop's conscience remembers of each optimizer and module, and how it speaks."""

from threading import get_ident
from typing import Any
from weakref import ref

from ..engine import Value
from ..engine.about import About
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
        self.others = 0  # the steps that others had taken when the loss began to rise
        self.lost: list[Value] = []  # parameters that the loss does not depend on
        self.replaced: list[str] = []  # the labels of those in their places
        self.found = 0  # at so many steps one after the other
        self.losses: list[
            ref[About]
        ] = []  # what belongs to the first losses of the last steps, and to nobody else
        self.thread = get_ident()


watches: dict[int, Watch] = {}
"""By the identities of what is watched, which need not be hashable: a module may be a dataclass."""


def live() -> list[tuple[Any, Watch]]:
    """Return what is watched, with what is remembered of it."""
    found = [(watch.owner(), watch) for watch in list(watches.values()) if watch.owner is not None]
    return [(owner, watch) for owner, watch in found if owner is not None]


optimizers: dict[int, ref[Any]] = {}
"""Every optimizer there is, by its identity, also those that have not taken a step."""


def optimizer_made(optimizer: Any) -> None:
    """Note that there is an optimizer, which may not have taken a step when another one is looked at."""
    key = id(optimizer)
    optimizers[key] = ref(optimizer, lambda _: optimizers.pop(key, None))


def held_by_optimizers() -> set[Value]:
    """Return the parameters of every optimizer."""
    known = [optimizer() for optimizer in list(optimizers.values())]
    known += [owner for owner, watch in live() if not watch.by_hand]  # a copy was not made by the class
    return {p for optimizer in known if optimizer is not None for p in optimizer.params}


def steps_of_others(watch: Watch) -> int:
    """Return how many steps the other optimizers, or modules, have taken."""
    return sum(other.steps for _, other in live() if other is not watch and other.by_hand is watch.by_hand)


def warn(watch: Watch, category: type[TrainingWarning], text: str) -> None:
    """Warn once for each watch; graphs that pile up concern all of them."""
    if category not in watch.said:
        for other in [other for _, other in live()] if category is GrowingGraphWarning else [watch]:
            other.said.add(category)
        warn_user(text, category)
