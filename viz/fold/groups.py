"""Cards for many values: those of one kind, of one scope, or of one stretch of an irregular graph."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import ceil

from ...engine import Value
from .kinds import PRODUCT, SUM, Kinds, Path, layer_of, split
from .neurons import place_of
from .part import Part

READABLE = 16
"""Cards of many values that a picture may have to be taken in at a glance."""

_STRETCHES = 24
_FEW = 3
"""Leaves that are shown one by one beside a group of values."""


@dataclass
class Group:
    """The values of one card."""

    path: Path = ()
    """The scope or module they belong to; empty for values that are just alike."""
    values: list[Value] = field(default_factory=list)
    """The results of operations, in topological order."""
    leaves: list[Value] = field(default_factory=list)
    """Parameters of these operations; or, in a group without operations, inputs of others."""
    outputs: list[Value] = field(default_factory=list)
    """Those of the values that other groups use, or that are the root."""
    stretch: tuple[int, int] | None = None
    """Of a stretch of the graph: the places of its first and last operation, counted from 1."""

    @property
    def alone(self) -> Value | None:
        """The value of a group that holds one only, so that it is drawn as itself."""
        if self.path or len(self.values) + len(self.leaves) != 1:
            return None
        return (self.values or self.leaves)[0]


class Groups:
    """The groups of a part of a graph, and how many values go from one to another.

    depth: how many names of a path are kept; as many as make a readable picture unless given.
    most: how many groups there may be; of fewer than that there always is a way, but with a depth.
    """

    def __init__(self, part: Part, depth: int | None, most: int) -> None:
        self.all: list[Group] = []
        self.arrows: dict[tuple[int, int], set[Value]] = {}
        """The values that go from one group to another, by the places of both."""
        kinds = Kinds(part.values)
        where = self._by_kind(kinds, depth, part.values[-1]) if not kinds.irregular else None
        if where is None or (depth is None and len(set(where.values())) > most):
            where = _stretches(part.values, min(_STRETCHES, most))
            self._distribute(part, where, stretches=True)
        else:
            self._distribute(part, where, stretches=False)
        if depth is None and len(self.all) > most:  # leaves are cards too
            self._distribute(part, _stretches(part.values, max(1, most // 4)), stretches=True)
        if depth is None and len(self.all) > most:
            self.all, self.arrows = [Group(values=[*part.values], stretch=(1, len(part.values)))], {}

    def _by_kind(self, kinds: Kinds, depth: int | None, root: Value) -> dict[Value, int]:
        merged = _Merged(kinds)
        deepest = max([len(kind.path) for kind in kinds.all], default=0)
        self._paths: dict[int, Path] = {}
        for level in [depth] if depth is not None else range(max(deepest, 1), 0, -1):
            merged = _Merged(kinds)
            merged.by_path(level)
            merged.weighted_sums()
            if merged.count <= READABLE:
                break
        merged.private(READABLE)
        found = [merged.find(code) for code in range(len(kinds.all))]
        self._paths = {found[i]: merged.paths[i] for i in range(len(found))}
        where = {value: found[code] for value, code in kinds.of.items() if code >= 0}
        summed = [kinds.of.get(operand) for operand in root.operands]  # in a chain the last is no different
        if where and not self._paths[where[root]] and kinds.of[root] not in summed:
            where[root] = len(found)  # the result of it all is worth a card of its own
            self._paths[len(found)] = ()
        return where

    def _distribute(self, part: Part, where: dict[Value, int], stretches: bool) -> None:
        """Make the groups of the operations, then those of the leaves."""
        groups: dict[int, Group] = {}
        arrows: dict[tuple[int, int], set[Value]] = defaultdict(set)
        users: dict[Value, list[int]] = defaultdict(list)  # of leaves: the groups that use them
        for value, code in where.items():
            group = groups.get(code)
            if group is None:
                group = groups[code] = Group(() if stretches else self._paths[code])
            group.values.append(value)
            for operand in value.operands:
                if operand.primitive is None:
                    users[operand].append(code)
                elif (other := where.get(operand)) is not None and other != code:
                    arrows[other, code].add(operand)
        if stretches:
            done = 0
            for group in groups.values():
                group.stretch = (done + 1, done + len(group.values))
                done += len(group.values)
        shown = None if part.complete else set(part.values)
        leaves = _Leaves(groups, arrows, part, users)
        for leaf in part.values if shown is not None or not users else users:
            if leaf.primitive is None and (shown is None or leaf in shown):
                leaves.place(leaf)
        for code, group in groups.items():
            out = set().union(*[values for (tail, _), values in arrows.items() if tail == code], [part.root])
            group.outputs = [value for value in group.values if value in out]
        places = {code: place for place, code in enumerate(groups)}
        self.all = list(groups.values())
        self.arrows = {(places[tail], places[head]): values for (tail, head), values in arrows.items()}


class _Leaves:
    """Finds a group for each leaf: with the operations that use it, or with others like it."""

    def __init__(
        self,
        groups: dict[int, Group],
        arrows: dict[tuple[int, int], set[Value]],
        part: Part,
        users: dict[Value, list[int]],
    ) -> None:
        self._groups, self._arrows, self._users, self._root = groups, arrows, users, part.root
        self._paths = {code: group.path for code, group in groups.items() if group.path}
        self._of_module: dict[str, int | None] = {}
        self._fed = {head for _, head in arrows}
        self._none_is_a_parameter = not any(type(leaf).kind == "param" for leaf in users)
        self._alike: dict[tuple[str, tuple[int, ...]], int] = {}
        self._counts: dict[tuple[str, tuple[int, ...]], int] = defaultdict(int)
        for leaf in users:
            self._counts[self._key(leaf)] += 1

    def place(self, leaf: Value) -> None:
        """Put a leaf where it belongs."""
        codes = dict.fromkeys(self._users.get(leaf, ()))
        kind = type(leaf).kind
        if kind == "const" and not leaf.label and codes:
            return  # a plain number of the operation
        home = self._home(leaf, codes) if codes else None
        if home is None:
            home = self._own_group(leaf)
        self._groups[home].leaves.append(leaf)
        for code in codes:
            if code != home:
                self._arrows[home, code].add(leaf)

    def _home(self, leaf: Value, codes: dict[int, None]) -> int | None:
        """Return the group of operations whose weight it is; None for what is none."""
        first = next(iter(codes))
        if type(leaf).kind != "param":
            # Code without parameters, as for micrograd: what is multiplied into computed values is a weight.
            weight = self._none_is_a_parameter and not leaf.label and first in self._fed
            return first if weight and self._large(first, leaf) else None
        module, _ = place_of(leaf.label)
        if module not in self._of_module:
            self._of_module[module] = self._group_of(layer_of(tuple(split(module))))
        known = self._of_module[module]
        if known is not None and known in codes:
            return known
        first = next((code for code in codes if self._groups[code].path), first)
        return first if self._large(first, leaf) else None

    def _group_of(self, path: Path) -> int | None:
        """Return the group of a module; a scope around it may stand before its path."""
        while path:
            for code, known in self._paths.items():
                if known[-len(path) :] == path:
                    return code
            path = path[:-1]
        return None

    def _large(self, code: int, leaf: Value) -> bool:
        """Return whether a group is so large that a leaf beside it would be no more than clutter."""
        group = self._groups[code]
        return bool(group.path) or len(group.values) > _FEW or self._counts[self._key(leaf)] > _FEW

    def _key(self, leaf: Value) -> tuple[str, tuple[int, ...]]:
        return type(leaf).kind, tuple(dict.fromkeys(self._users[leaf]))[:2]

    def _own_group(self, leaf: Value) -> int:
        key = self._key(leaf)
        code = -1 - len(self._groups)  # groups of operations are counted from 0 up
        if self._counts[key] <= _FEW:
            self._groups[code] = Group()
            return code
        if key not in self._alike:
            self._alike[key] = code
            self._groups[code] = Group()
        return self._alike[key]


class _Merged:
    """Kinds that share a card: `find` says which one stands for them."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._into = list(range(len(kinds.all)))
        self.paths = [kind.path for kind in kinds.all]
        self.count = len(kinds.all)
        """How many cards that makes, those of leaves not counted."""

    def find(self, code: int) -> int:
        """Return the kind that stands for all that share its card; of a leaf, its own code."""
        while code >= 0 and self._into[code] != code:
            self._into[code] = code = self._into[self._into[code]]
        return code

    def by_path(self, depth: int) -> None:
        """Merge the kinds of each scope, told apart by the first `depth` names of its path."""
        first: dict[Path, int] = {}
        for code, path in enumerate(self.paths):
            if path:
                self.paths[code] = path[:depth]
                self._merge(code, first.setdefault(path[:depth], code))

    def _merge(self, code: int, into: int) -> None:
        code, into = self.find(code), self.find(into)
        if code != into:
            self._into[code] = into
            self.count -= 1

    def weighted_sums(self) -> None:
        """Merge products into the sum that alone uses them, and sums into their activation."""
        kinds = self._kinds.all
        for stage in (PRODUCT, SUM):
            users, operands = self._graph()
            for code, above in users.items():
                user = next(iter(above)) if len(above) == 1 else None
                if user is None or self.paths[code] or self.paths[user] or kinds[code].stage != stage:
                    continue
                one = not kinds[user].row.variadic and kinds[user].row.arity == 1
                if kinds[user].stage == SUM if stage == PRODUCT else one and operands[user] == {code}:
                    self._merge(code, user)

    def private(self, most: int) -> None:
        """Merge what only one other kind uses into that one, small ones first, until `most` are left."""
        sizes = [0] * len(self.paths)
        for code in range(len(sizes)):
            sizes[self.find(code)] += 1
        while self.count > most:
            users, _ = self._graph()
            pairs = []
            for code, above in users.items():
                user = next(iter(above))
                if len(above) == 1 and not self.paths[code] and not self.paths[user]:
                    pairs.append((sizes[code] + sizes[user], code, user))
            if not pairs:
                return
            merged: set[int] = set()
            for size, code, user in sorted(pairs):
                if not merged.isdisjoint((code, user)):
                    continue
                self._merge(code, user)
                sizes[user] = size
                merged.update((code, user))
                if self.count <= most:
                    return

    def _graph(self) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
        users: dict[int, set[int]] = defaultdict(set)
        operands: dict[int, set[int]] = defaultdict(set)
        for tail, head in sorted(self._kinds.links):
            tail, head = self.find(tail), self.find(head)
            if tail != head and tail >= 0:
                users[tail].add(head)
                operands[head].add(tail)
        return users, operands


def _stretches(values: list[Value], count: int) -> dict[Value, int]:
    """Cut the operations, in topological order, into `count` stretches: arrows then point one way only."""
    operations = [value for value in values if value.primitive is not None]
    length = max(1, ceil(len(operations) / count))
    return {value: i // length for i, value in enumerate(operations)}
