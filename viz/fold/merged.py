"""Kinds that share a card: a module's, a weighted sum's, and what belongs together in a large graph."""

from __future__ import annotations

from collections import defaultdict

from .kinds import PRODUCT, SUM, Kinds, Path


class Merged:
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
        users, operands = self._graph()
        while self.count > most:
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
                # The graph is not made anew: a round may merge one pair only, and there may be hundreds.
                del users[code]
                operands[user].remove(code)
                for operand in operands.pop(code, ()):
                    users[operand].remove(code)
                    users[operand].add(user)
                    operands[user].add(operand)

    def _graph(self) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
        users: dict[int, set[int]] = defaultdict(set)
        operands: dict[int, set[int]] = defaultdict(set)
        for tail, head in sorted(self._kinds.links):
            tail, head = self.find(tail), self.find(head)
            if tail != head and tail >= 0:
                users[tail].add(head)
                operands[head].add(tail)
        return users, operands
