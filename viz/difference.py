"""Where two graphs of the same shape begin to differ: `diff(a, b)`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..engine import Value, collector_paused, topological_order
from ..engine.copies import number_of
from ..engine.debugging.notation import operation, plain_number
from ..engine.names import Names
from ..engine.value import described
from ..engine.words import exact, plain
from .scene import is_constant

_SHOWN_OPERANDS = 8


@dataclass(frozen=True)
class Difference:
    """What `diff` found; `bool(difference)` says whether anything differs, `print` says it in words.

    kind: "value", "gradient", "shape", or "" where the graphs are alike.
    place: of the first value that differs, in the topological order of `nodes` values; None where the
    graphs are alike.
    a, b: that value in either graph; where the shapes differ, one is None if its graph has ended there.
    values, gradients: how many values and gradients differ; counted where the shapes agree.
    backward_from: the first value whose gradient differs as a backward pass goes, from the root; where
    the values agree, that is where its cause is to be looked for.
    text: all of it in words.
    """

    kind: Literal["", "value", "gradient", "shape"]
    place: int | None
    nodes: int
    a: Value | None
    b: Value | None
    values: int
    gradients: int
    backward_from: Value | None
    text: str

    def __bool__(self) -> bool:
        return self.kind != ""

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Difference: {self.text.partition(chr(10))[0].rstrip(':')}>"


def diff(a: Value, b: Value, *, rtol: float = 1e-9, atol: float = 1e-12) -> Difference:
    """Return the first value, in topological order, whose number or gradient differs between two graphs.

    The graphs are compared as they are now, value by value, operands before their users; `draw(a) | draw(b)`
    shows them. Numbers agree where |x − y| <= atol + rtol · |y|, and equal infinities and two NaN do. The
    gradients are those that stand in `grad`; constants have none, None counts as 0. Where the graphs are
    not of the same shape (another operation, other operands, more or fewer values), the first place where
    that shows is returned and numbers are compared no further. Labels may differ.
    rtol, atol: zero or more.
    Raises TypeError for what is not a Value, ValueError for a tolerance below zero or NaN.

    >>> from chainrule.engine import Value
    >>> def loss(w):
    ...     return (Value(w, "w") * Value(3.0, "x") - 1.0) ** 2
    >>> print(diff(loss(2.0), loss(2.5)))
    The graphs differ first at w, value 2 of 7: another number.
      value     2 and 2.5
      gradient  0 in both
    4 of 7 values and 0 gradients differ.
    >>> bool(diff(loss(2.0), loss(2.0)))
    False
    """
    for name, graph in (("a", a), ("b", b)):
        if not isinstance(graph, Value):
            raise TypeError(f"diff(a, b) takes two Values, the roots of graphs; {name} is {described(graph)}")
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if not (isinstance(tolerance, int | float) and tolerance >= 0.0):
            raise ValueError(f"diff takes an {name} of zero or more, got {tolerance!r}")
    with collector_paused():
        return _Comparison(a, b, rtol, atol).found()


class _Comparison:
    def __init__(self, a: Value, b: Value, rtol: float, atol: float) -> None:
        self._a, self._b = topological_order(a), topological_order(b)
        self._rtol, self._atol = rtol, atol

    def found(self) -> Difference:
        misfit = self._misfit()
        if misfit is not None:
            return self._shapes_differ(*misfit)
        pairs = list(zip(self._a, self._b, strict=True))
        values = [i for i, (x, y) in enumerate(pairs) if not self._agree(x.data, y.data)]
        gradients = [i for i, (x, y) in enumerate(pairs) if not self._agree(_gradient(x), _gradient(y))]
        if not values and not gradients:
            text = f"The graphs are alike: {_counted(len(pairs))}, with the same numbers and gradients."
            return Difference("", None, len(pairs), None, None, 0, 0, None, text)
        place = min([*values[:1], *gradients[:1]])
        a, b = pairs[place]
        kind: Literal["value", "gradient"] = "value" if place in values[:1] else "gradient"
        start = self._a[gradients[-1]] if gradients else None
        text = self._numbers_differ(kind, place, len(values), len(gradients), start)
        return Difference(kind, place, len(pairs), a, b, len(values), len(gradients), start, text)

    def _agree(self, x: float, y: float) -> bool:
        if x == y or (x != x and y != y):
            return True
        return math.isfinite(x - y) and abs(x - y) <= self._atol + self._rtol * abs(y)

    # -- shapes --

    def _misfit(self) -> tuple[int, str] | None:
        """Return the first place at which the shapes differ, and how; None where they agree."""
        partner: dict[Value, Value] = {}
        for place, (x, y) in enumerate(zip(self._a, self._b, strict=False)):
            if _made(x) != _made(y):
                return place, f"{_made(x)} in the first, {_made(y)} in the second"
            if len(x.operands) != len(y.operands):
                return place, f"{len(x.operands)} operands in the first, {len(y.operands)} in the second"
            for i, (mine, its) in enumerate(zip(x.operands, y.operands, strict=True)):
                if partner.get(mine) is not its:
                    return place, f"operand {i + 1} is not the same value in both"
            partner[x] = y
        if len(self._a) != len(self._b):
            return min(len(self._a), len(self._b)), "one graph ends here"
        return None

    def _shapes_differ(self, place: int, how: str) -> Difference:
        a = self._a[place] if place < len(self._a) else None
        b = self._b[place] if place < len(self._b) else None
        lines = [f"The graphs differ in shape, first at value {place + 1}: {how}."]
        for which, order, value in (("first", self._a, a), ("second", self._b, b)):
            said = "it has no more values" if value is None else _introduced(value, Names(order))
            lines.append(f"  in the {which} of {_counted(len(order))}: {said}")
        return Difference("shape", place, len(self._a), a, b, 0, 0, None, "\n".join(lines))

    # -- words --

    def _numbers_differ(self, kind: str, place: int, values: int, gradients: int, start: Value | None) -> str:
        a, b = self._a[place], self._b[place]
        names = Names(self._a)
        made = operation(a, names)
        head = f"{names[a]} = {made}" if made else names[a]
        what = "another number" if kind == "value" else "another gradient"
        lines = [f"The graphs differ first at {head}, value {place + 1} of {len(self._a)}: {what}."]
        lines.append(f"  value     {_both(a.data, b.data)}")
        lines.append(f"  gradient  {_both(_gradient(a), _gradient(b))}")
        lines += _operands(a, b, names)
        if kind == "value" and a.operands and _same_operands(a, b):
            lines.append(
                "  its operands hold the same numbers now: one was changed since, as an optimizer does"
            )
        lines += [f"  made in {said}" for said in _sources(a, b)]
        lines.append(f"{values} of {_counted(len(self._a))} and {gradients} gradients differ.")
        if start is not None and start is not a:
            lines.append(
                f"Going back from the root, the first gradient that differs is that of {names[start]}."
            )
        return "\n".join(lines)


def _operands(a: Value, b: Value, names: Names) -> list[str]:
    """Return a line for each operand: its number in either graph, and the local derivative."""
    lines = []
    for i, (x, y) in enumerate(zip(a.operands, b.operands, strict=True)):
        if i == _SHOWN_OPERANDS:
            lines.append(f"  … and {len(a.operands) - i} more operands")
            break
        if plain_number(x) and plain_number(y):
            lines.append(f"  operand   {_both(x.data, y.data)}")
            continue
        local = f"local derivative {_both(a.partials[i], b.partials[i])}"
        lines.append(f"  operand   {names[x]}: {_both(x.data, y.data)}, {local}")
    return lines


def _same_operands(a: Value, b: Value) -> bool:
    return all(x.data == y.data for x, y in zip(a.operands, b.operands, strict=True))


def _sources(a: Value, b: Value) -> list[str]:
    """Return where the two were made, where that was recorded; once where it is the same line."""
    said = []
    for value in (a, b):
        source = value.source
        if source is not None:
            said.append(
                f"{plain(source.file)}, line {source.line}" + (f": {plain(source.text)}" * bool(source.text))
            )
    return list(dict.fromkeys(said))


def _both(x: float, y: float) -> str:
    return f"{exact(x)} and {exact(y)}" if exact(x) != exact(y) else f"{exact(x)} in both"


def _introduced(value: Value, names: Names) -> str:
    made = operation(value, names) or plain(type(value).kind)
    return f"{names[value]} = {made} = {exact(value.data)}"


def _made(value: Value) -> str:
    """Return what made a value, in a word: what must be the same for two graphs to have one shape."""
    if value.primitive is not None:
        return plain(value.primitive.name)
    return "a constant" if is_constant(value) else "a leaf"


def _gradient(value: Value) -> float:
    return 0.0 if is_constant(value) or value.grad is None else float(number_of(value.grad))


def _counted(count: int) -> str:
    return f"{count:,} values" if count != 1 else "1 value"
