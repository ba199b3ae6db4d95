"""The paths from a root to a value: how many there are, what they add up to, and the largest of them."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from functools import cached_property
from itertools import count as serial_numbers
from typing import TypeAlias

from ..graph import adjoints, operations
from ..value import Value

Cost: TypeAlias = tuple[int, int, float]
"""How far down the list a path stands, lexicographically: (-(factors inf or nan), factors 0, -log |product|).

Each part is a sum over the factors, so that the best path from a value on is the best however one got
there, also where the product itself would underflow.
"""

Step: TypeAlias = tuple[Value, int]
"""One factor: a value, and which of its operands the path goes on to."""


class Paths:
    """All paths from `root` to `w`, without walking them one by one: there may be 2**60.

    Two operands that are the same value make two paths, as both contribute.
    """

    def __init__(self, root: Value, w: Value) -> None:
        self.root, self.w = root, w
        reaching = {w}
        self.between: list[Value] = []
        """The operations on any path, in topological order."""
        for node in operations(root):
            if not reaching.isdisjoint(node.operands):
                reaching.add(node)
                self.between.append(node)
        self.reaching = reaching
        """Those and `w`."""
        self.exist = root in reaching

    def steps(self, node: Value) -> Iterator[tuple[int, Value, float]]:
        """Yield (place, operand, partial) for each operand of `node` that leads to `w`."""
        reaching = self.reaching
        for place, (operand, partial) in enumerate(zip(node.operands, node.partials, strict=True)):
            if operand in reaching:
                yield place, operand, partial

    @cached_property
    def gradient(self) -> float:
        """The sum over all paths of the products, added up in the order of `backward()`."""
        return adjoints({self.root: 1.0}, self.between).get(self.w, 0.0) if self.exist else 0.0

    @cached_property
    def size(self) -> float:
        """The sum over all paths of |product|: what the gradient would be if nothing cancelled."""
        return self._sum_over_paths()

    @cached_property
    def rounded_count(self) -> float:
        """The number of paths as a float; inf above 1.8e308."""
        return self._sum_over_paths(each=1.0)

    @cached_property
    def rounded_uncut(self) -> float:
        """The number of paths without a factor of 0, as a float."""
        return self._sum_over_paths(each=1.0, uncut=True)

    def _sum_over_paths(self, each: float | None = None, uncut: bool = False) -> float:
        """Return the sum over the paths of |product|, or of `each` in the place of every factor."""
        known = {self.root: 1.0}
        for node in reversed(self.between):
            upstream = known.pop(node, 0.0)
            if upstream == 0.0:
                continue
            for _, operand, partial in self.steps(node):
                if not (uncut and partial == 0.0):
                    size = abs(partial) if each is None else each
                    known[operand] = known.get(operand, 0.0) + upstream * size
        return known.get(self.w, 0.0)

    @cached_property
    def count(self) -> int:
        """The number of paths, exactly."""
        if self.rounded_count < 2.0**53:
            return int(self.rounded_count)
        known = {self.root: 1}
        for node in reversed(self.between):
            upstream = known.pop(node)  # numbers of a million digits must not all be kept
            for _, operand, _ in self.steps(node):
                known[operand] = known.get(operand, 0) + upstream
        return known[self.w]

    @cached_property
    def magnitude(self) -> float:
        """The logarithm of the number of paths to base 10, for numbers that are too long to print."""
        if math.isfinite(self.rounded_count):
            return math.log10(self.rounded_count)
        known = {self.root: 0.0}
        for node in reversed(self.between):
            upstream = known.pop(node)
            for _, operand, _ in self.steps(node):
                larger, smaller = upstream, known.get(operand, -math.inf)
                if smaller > larger:
                    larger, smaller = smaller, larger
                known[operand] = larger + math.log1p(math.exp(smaller - larger))
        return known[self.w] / math.log(10.0)

    @cached_property
    def alive_from_root(self) -> set[Value]:
        """The values that the root reaches by factors other than 0."""
        alive = {self.root}
        for node in reversed(self.between):
            if node in alive:
                alive.update([operand for _, operand, partial in self.steps(node) if partial != 0.0])
        return alive

    @cached_property
    def alive_to_w(self) -> set[Value]:
        """The values that reach `w` by factors other than 0."""
        alive = {self.w}
        for node in self.between:
            if any(partial != 0.0 and operand in alive for _, operand, partial in self.steps(node)):
                alive.add(node)
        return alive

    def largest(self, k: int) -> list[Path]:
        """Return the k paths with the largest |product|, the largest first; all where there are fewer.

        Before those come paths with a factor of inf or nan, if any; last come those with factors of 0, the
        fewer the earlier. Of equals the one through earlier operands comes first. The time it takes grows
        with the graph, not with the number of paths.
        Source: Eppstein, Finding the k shortest paths, SIAM J. Computing 28 (1998).
        """
        if not self.exist or k < 1:
            return []
        detours = _Detours(self, k)
        found = [Path(self, detours.onward, ())]
        if self.rounded_count == 1.0:
            return found
        serial = serial_numbers()
        queue: list[tuple[Cost, int, Cost, _Heap, _Taken]] = []

        def consider(before: Cost, heap: _Heap | None, taken: _Taken) -> None:
            if heap is not None:
                heapq.heappush(queue, (_plus(before, heap.cost), next(serial), before, heap, taken))

        consider((0, 0, 0.0), detours.beyond(self.root), None)
        while queue and len(found) < k:
            cost, _, before, heap, taken = heapq.heappop(queue)
            node, place = heap.step
            for other in (heap.left, heap.right):
                consider(before, other, taken)
            taken = (taken, heap.step)
            consider(cost, detours.beyond(node.operands[place]), taken)
            found.append(Path(self, detours.onward, _in_order(taken)))
        return found


class Path:
    """One path from the root to `w`. It holds where it leaves the best way only: it may be long."""

    def __init__(self, paths: Paths, onward: dict[Value, int], detours: tuple[Step, ...]) -> None:
        self._paths, self._onward, self._detours = paths, onward, detours

    def __iter__(self) -> Iterator[Step]:
        node, w, onward = self._paths.root, self._paths.w, self._onward
        detours = iter(self._detours)
        leaving, by = next(detours, (None, 0))
        while node is not w:
            if node is leaving:
                place = by
                leaving, by = next(detours, (None, 0))
            else:
                place = onward[node]
            yield node, place
            node = node.operands[place]

    @property
    def values(self) -> tuple[Value, ...]:
        """The values on the path, from the root to `w`."""
        return (self._paths.root, *[node.operands[place] for node, place in self])

    @property
    def partials(self) -> tuple[float, ...]:
        """The factors, from the root down."""
        return tuple([node.partials[place] for node, place in self])

    @property
    def detours(self) -> tuple[Step, ...]:
        """Where it leaves the best way on; none for the largest path."""
        return self._detours

    @cached_property
    def length(self) -> int:
        """The number of factors; 0 where the root is `w`."""
        return sum(1 for _ in self)

    @cached_property
    def product(self) -> float:
        """What the path contributes to the gradient: a factor of 0 wins over a later one that is inf."""
        product = 1.0
        for node, place in self:
            if product == 0.0:
                break
            product *= node.partials[place]
        return product


# -- the k best, in the order of their costs ----------------------------------------------------------


def _plus(a: Cost, b: Cost) -> Cost:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


_Taken: TypeAlias = "tuple[_Taken, Step] | None"


def _in_order(taken: _Taken) -> tuple[Step, ...]:
    steps = []
    while taken is not None:
        taken, step = taken
        steps.append(step)
    return tuple(reversed(steps))


class _Heap:
    """A leftist heap of detours that shares its parts with others: an insertion leaves the old one valid."""

    __slots__ = ("cost", "left", "rank", "right", "step")

    rank: int

    def __init__(self, cost: Cost, step: Step, left: _Heap | None, right: _Heap | None) -> None:
        self.cost, self.step = cost, step
        if (right.rank if right else 0) > (left.rank if left else 0):
            left, right = right, left
        self.left, self.right = left, right
        self.rank = 1 + (right.rank if right else 0)


def _inserted(heap: _Heap | None, cost: Cost, step: Step) -> _Heap:
    """Return `heap` with one detour more."""
    passed: list[_Heap] = []  # down the right side, which is never longer than log2 of the heap
    while heap is not None and heap.cost <= cost:
        passed.append(heap)
        heap = heap.right
    made = _Heap(cost, step, heap, None)
    for above in reversed(passed):
        made = _Heap(above.cost, above.step, above.left, made)
    return made


class _Detours:
    """The best way from every value on, and what leaving it costs."""

    def __init__(self, paths: Paths, k: int) -> None:
        self._paths, self._k = paths, k
        self.onward: dict[Value, int] = {}
        """Which operand the best path from a value goes on to."""
        self._best: dict[Value, Cost] = {paths.w: (0, 0, 0.0)}
        self._heaps: dict[Value, _Heap | None] = {paths.w: None}
        for node in paths.between:
            # Of equals the earlier operand: the place is compared last.
            self._best[node], self.onward[node] = min(self._ways_on(node))

    def _ways_on(self, node: Value) -> Iterator[tuple[Cost, int]]:
        for place, operand, partial in self._paths.steps(node):
            if partial == 0.0:
                cost = (0, 1, 0.0)
            elif math.isfinite(partial):
                cost = (0, 0, -math.log(abs(partial)))
            else:  # what comes after a 0 does not count: the 0 wins
                cost = (-1 if node in self._paths.alive_from_root else 0, 0, 0.0)
            yield _plus(cost, self._best[operand]), place

    def beyond(self, start: Value) -> _Heap | None:
        """Return the detours that leave the best path from `start` anywhere, each with its extra cost."""
        way = []
        node = start
        while node not in self._heaps:
            way.append(node)
            node = node.operands[self.onward[node]]
        heap = self._heaps[node]
        for node in reversed(way):
            best, onward = self._best[node], self.onward[node]
            extra = [
                ((cost[0] - best[0], cost[1] - best[1], cost[2] - best[2]), place)
                for cost, place in self._ways_on(node)
                if place != onward
            ]
            for cost, place in heapq.nsmallest(self._k, extra):
                heap = _inserted(heap, cost, (node, place))
            self._heaps[node] = heap
        return heap
