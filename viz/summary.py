"""What a picture of groups needs to know beyond its values: what each card says, and what flows where."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..engine import Value
from .fold.figures import Figures, figures
from .fold.group import Group
from .fold.groups import Groups
from .scene import Scene

_DECADES = 4.0
"""Factors of ten between the rms gradients of a full bar and an empty one."""


@dataclass(frozen=True)
class Flow:
    """The line between two cards of which at least one holds many values."""

    name: str
    tail: str
    head: str
    count: int
    """How many values go along it."""


class Summary:
    """The cards of many values, named g0, g1, ... in topological order, beside a scene of single ones."""

    def __init__(self, groups: Groups, scene: Scene) -> None:
        self.scene = scene
        self.cards = [group for group in groups.all if group.alone is None]
        self._names = {id(group): f"g{i}" for i, group in enumerate(self.cards)}
        self._figures = {id(group): figures(group, scene.has_gradients) for group in self.cards}
        self._largest_rms: dict[str, float] = {}
        spreads = []
        for made in self._figures.values():
            if made.gradient is not None:
                spreads.append(made.gradient)
                self._largest_rms[made.of] = max(self._largest_rms.get(made.of, 0.0), made.gradient.rms)
        self.largest = max([scene.largest, *[abs(spread.largest) for spread in spreads]])
        """The largest gradient of the whole picture."""
        self.flows: list[Flow] = []
        for (tail, head), values in sorted(groups.arrows.items(), key=lambda item: item[0][::-1]):
            ends = groups.all[tail], groups.all[head]
            if any(end.alone is None for end in ends):
                first, last = (self._end(end, scene) for end in ends)
                self.flows.append(Flow(f"f{tail}_{head}", first, last, len(values)))
        roots = [card for card in self.cards if card.values and card.values[-1] is scene.root]
        self.root = roots[0] if roots else None
        """The card that holds the root, if one does."""

    def name(self, group: Group) -> str:
        """Return what the card of a group is called in the picture."""
        return self._names[id(group)]

    def figures(self, group: Group) -> Figures:
        """Return what the card of a group says."""
        return self._figures[id(group)]

    def share(self, group: Group) -> float:
        """Return how much of a bar is full: all for the largest, a quarter less for each factor of ten."""
        made = self._figures[id(group)]
        rms, largest = made.gradient.rms if made.gradient else 0.0, self._largest_rms.get(made.of, 0.0)
        return max(0.0, 1.0 + math.log10(rms / largest) / _DECADES) if rms > 0.0 else 0.0

    def _end(self, group: Group, scene: Scene) -> str:
        value: Value | None = group.alone
        return self.name(group) if value is None else scene.names[value]
