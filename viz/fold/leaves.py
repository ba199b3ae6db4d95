"""Which card each leaf of a folded graph stands on."""

from __future__ import annotations

from collections import defaultdict

from ...engine import Value
from ...engine.names import own_name
from .group import Group
from .kinds import Path, layer_of, split
from .neurons import place_of

_FEW = 3
"""Leaves that are shown one by one beside a group of values."""


class Leaves:
    """Finds a group for each leaf: with the operations that use it, or with others like it."""

    def __init__(
        self,
        groups: dict[int, Group],
        arrows: dict[tuple[int, int], set[Value]],
        users: dict[Value, list[int]],
    ) -> None:
        self._groups, self._arrows, self._users = groups, arrows, users
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
        codes = self._users.get(leaf, [])
        kind = type(leaf).kind
        if kind == "const" and codes and not own_name(leaf):
            return  # a plain number of the operation
        home = self._home(leaf, codes) if codes else None
        if home is None:
            home = self._own_group(leaf)
        self._groups[home].leaves.append(leaf)
        for code in codes:
            if code != home:
                self._arrows[home, code].add(leaf)

    def _home(self, leaf: Value, codes: list[int]) -> int | None:
        """Return the group of operations whose weight it is; None for what is none."""
        first = codes[0]
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
        return type(leaf).kind, tuple(self._users.get(leaf, ())[:2])

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
