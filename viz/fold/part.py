"""Which part of a graph is drawn: all of it, what lies around a value, what lies on a path, the largest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import chain
from operator import attrgetter

from ...engine import Value, explain, topological_order
from ...engine.copies import number_of
from ...engine.debugging.paths import Paths
from ...engine.value import described


class Part:
    """Some values of a graph, in topological order, and what the picture needs to know of the rest.

    values: those to draw.  root, uses: of the whole graph; how often each value is an operand.
    """

    def __init__(self, root: Value) -> None:
        self.root = root
        self.whole = topological_order(root)
        self.values = self.whole
        self.centre: Value | None = None
        """What the picture is drawn around."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left out."""
        return len(self.values) == len(self.whole)

    @cached_property
    def uses(self) -> Counter[Value]:
        """How many operands in the whole graph each value is."""
        return Counter(chain.from_iterable(map(attrgetter("operands"), self.whole)))

    def uses_of(self, values: Iterable[Value]) -> Mapping[Value, int]:
        """Return how many operands in the whole graph each of these few values is."""
        wanted = set(values)
        users = [user.operands for user in self.whole if not wanted.isdisjoint(user.operands)]
        return Counter([operand for operands in users for operand in operands if operand in wanted])

    def keep(self, kept: set[Value]) -> None:
        """Leave out all but the values in `kept`."""
        self.values = [value for value in self.values if value in kept]

    def keep_around(self, value: object, radius: int) -> None:
        """Keep what is at most `radius` arrows away from `value`, whichever way they point."""
        if not isinstance(value, Value):
            raise TypeError(f"draw(around=...) takes a Value of the graph, got {described(value)}")
        if value not in set(self.values):
            raise ValueError(f"around={value!r} is not in the graph of {self.root!r}: nothing there uses it")
        self.centre = value
        near = {value}
        for _ in range(radius):
            found = near.union(*[near_one.operands for near_one in near])
            found.update([user for user in self.values if not near.isdisjoint(user.operands)])
            if len(found) == len(near):
                break
            near = found
        self.keep(near)

    def keep_only(self, values: Iterable[Value]) -> None:
        """Keep the given values, which all are in the graph."""
        if isinstance(values, Value) or not isinstance(values, Iterable):
            raise TypeError(
                f"draw(only=...) takes several values, as path(w, loss) gives them; got {described(values)}"
            )
        kept: set[Value] = set()
        graph = set(self.values)
        for value in values:
            if not isinstance(value, Value):
                raise TypeError(f"draw(only=...) takes Values, among them is {described(value)}")
            if value not in graph:
                raise ValueError(f"only= holds {value!r}, which is not in the graph of {self.root!r}")
            kept.add(value)
        if not kept:
            raise ValueError("only= holds no values: nothing is left to draw")
        self.keep(kept)

    def keep_top(self, most: int) -> None:
        """Keep, from the root on, the `most` operands of each value that contribute most."""
        graph, start = set(self.values), self.values[-1]
        kept = {start}
        stack = [start]
        while stack:
            node = stack.pop()
            for operand in _largest(node, most, graph):
                if operand not in kept:
                    kept.add(operand)
                    stack.append(operand)
        self.keep(kept)


def _largest(node: Value, most: int, graph: set[Value]) -> Iterable[Value]:
    """Return the operands in `graph` with the largest partials: all get the same upstream gradient."""
    sizes: dict[Value, float] = {}
    for operand, partial in zip(node.operands, node.partials, strict=True):
        if operand in graph:
            sizes[operand] = sizes.get(operand, 0.0) + float(number_of(partial))

    def size(operand: Value) -> tuple[bool, float]:
        number = abs(sizes[operand])
        return type(operand).kind != "const", number if number == number else float("inf")

    return sorted(sizes, key=size, reverse=True)[:most]


def path(w: Value, loss: Value) -> tuple[Value, ...]:
    """Return every value on the way from `w` to `loss`, both included, operands before their users.

    For `draw(loss, only=path(w, loss))`: what the chain rule multiplies for d loss / d w.
    Raises TypeError for what are no Values, ValueError where no way leads from one to the other; it says
    why, as `explain(loss, w)` does.

    >>> w, x = Value(3.0, "w"), Value(2.0, "x")
    >>> loss = (w * x - 1.0) ** 2 + x
    >>> len(path(w, loss)), x in set(path(w, loss))
    (5, False)
    """
    for value in (w, loss):
        if not isinstance(value, Value):
            raise TypeError(f"path(w, loss) takes two Values, got {described(value)}")
    paths = Paths(loss, w)
    if not paths.exist:
        raise ValueError(f"there is no path: {'; '.join(explain(loss, w).causes)}")
    return (w, *[value for value in paths.between if value is not w])
