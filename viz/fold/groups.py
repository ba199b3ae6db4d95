"""Cards for many values: those of one kind, of one scope, or of one stretch of an irregular graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from math import ceil
from operator import attrgetter

from ...engine import Value
from .group import Group
from .kinds import Kinds, Path
from .leaves import Leaves
from .merged import Merged
from .part import Part

READABLE = 16
"""Cards of many values that a picture may have to be taken in at a glance."""

_STRETCHES = 24


class Groups:
    """The groups of a part of a graph, and how many values go from one to another.

    depth: how many names of a path are kept; as many as make a readable picture unless given.
    most: how many groups there may be; of fewer than that there always is a way, but with a depth.
    """

    def __init__(self, part: Part, depth: int | None, most: int) -> None:
        self.all: list[Group] = []
        self.arrows: dict[tuple[int, int], set[Value]] = {}
        """The values that go from one group to another, by the places of both."""
        self._part = part
        kinds = Kinds(part.values)
        if not kinds.irregular:
            self._by_kind(kinds, depth)
        if depth is None and (kinds.irregular or len(self.all) > most):
            self._by_stretch(min(_STRETCHES, most))
            if len(self.all) > most:  # leaves are cards too
                self._by_stretch(max(1, most // 4))
            if len(self.all) > most:
                self.all, self.arrows = [Group(values=part.values, stretch=(1, len(part.values)))], {}

    def _by_kind(self, kinds: Kinds, depth: int | None) -> None:
        merged = Merged(kinds)
        deepest = max([len(kind.path) for kind in kinds.all], default=0)
        for level in [depth] if depth is not None else range(max(deepest, 1), 0, -1):
            merged = Merged(kinds)
            merged.by_path(level)
            merged.weighted_sums()
            if merged.count <= READABLE:
                break
        merged.private(READABLE)
        cards = [merged.find(code) for code in range(len(kinds.all))]
        paths = {cards[i]: merged.paths[i] for i in range(len(cards))}
        root = self._part.values[-1]
        summed = [kinds.of.get(operand) for operand in root.operands]  # in a chain the last is no different
        if root.primitive is not None and kinds.of[root] not in summed and not paths[cards[kinds.of[root]]]:
            kinds.of[root] = len(cards)  # the result of it all is worth a card of its own
            cards.append(len(cards))
        self._distribute(kinds.of, cards, paths)

    def _by_stretch(self, count: int) -> None:
        """Cut the operations, in topological order, into `count` stretches: arrows then point one way."""
        operations = [value for value in self._part.values if value.primitive is not None]
        length = max(1, ceil(len(operations) / count))
        stretches = {value: i // length for i, value in enumerate(operations)}
        self._distribute(stretches, range(count), {})
        done = 0
        for group in self.all:
            if group.values:
                group.stretch = (done + 1, done + len(group.values))
                done += len(group.values)

    def _distribute(
        self, kinds: Mapping[Value, int], cards: Sequence[int], paths: Mapping[int, Path]
    ) -> None:
        """Make the groups of the operations, then those of the leaves.

        kinds: of operations; leaves have negative ones, or none.  cards: which card each kind is on.
        """
        members: dict[int, list[Value]] = defaultdict(list)
        for value, kind in kinds.items():
            if kind >= 0:
                members[cards[kind]].append(value)
        groups = {code: Group(paths.get(code, ()), values) for code, values in members.items()}
        arrows: dict[tuple[int, int], set[Value]] = defaultdict(set)
        users: dict[Value, list[int]] = defaultdict(list)  # of leaves: the groups that use them
        for code, values in members.items():
            for operand in set(chain.from_iterable(map(attrgetter("operands"), values))):
                if operand.primitive is None:
                    users[operand].append(code)
                elif operand in kinds and (other := cards[kinds[operand]]) != code:
                    arrows[other, code].add(operand)
        leaves = Leaves(groups, arrows, users)
        for leaf in [value for value in self._part.values if value.primitive is None]:
            leaves.place(leaf)
        for code, group in groups.items():
            used = [values for (tail, _), values in arrows.items() if tail == code]
            out = set().union(*used, [self._part.root])
            group.outputs = [value for value in group.values if value in out]
        places = {code: place for place, code in enumerate(groups)}
        self.all = list(groups.values())
        self.arrows = {(places[tail], places[head]): values for (tail, head), values in arrows.items()}
