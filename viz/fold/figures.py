"""What stands on the card of many values: how many, their shape, how large they and their gradients are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter, mul

from ...engine import Value
from ...engine.copies import number_of
from ...engine.names import own_name
from ...engine.words import cut, number, plain
from .group import Group
from .neurons import place_of

_MOST_SIGNS = 4
_WEIGHTED_SUM = ("mul", "dot", "add", "total")
_FLAT_ENOUGH = 1e-3


@dataclass(frozen=True)
class Spread:
    """How large some numbers are."""

    rms: float
    """The root of the mean of their squares, of those that are finite."""
    largest: float
    """The one of the largest size, with its sign."""
    where: Value | None
    """Which value has it."""
    bad: int
    """How many are inf or nan."""
    zeros: int
    """How many are exactly 0."""


@dataclass(frozen=True)
class Figures:
    """What a card says of its group."""

    title: str
    lines: tuple[str, ...]
    """How many and of which shape."""
    data: Spread
    """Of the values that go to other cards; of inputs, where there are no operations."""
    gradient: Spread | None
    """Of the parameters, where there are any, else of all values; None before a backward pass."""
    of: str
    """Whose gradient that is: "weights" or nothing."""
    marks: tuple[str, ...]
    """What should be looked at: nan, inf, units with weights that pass nothing on."""


def figures(group: Group, has_gradients: bool) -> Figures:
    """Return what the card of `group` says."""
    values = group.outputs or group.values or group.leaves
    weights = group.leaves if group.values else []
    data = spread(values, [float(value.data) for value in values])
    asked = [value for value in weights or values if type(value).kind != "const"]
    gradient = spread(asked, _gradients(asked)) if has_gradients and asked else None
    # Where there are weights, these do not learn. Elsewhere it may be as it should: a margin that is kept.
    idle = _idle(group, "unit" if weights else "value")
    return Figures(
        _title(group),
        (*_lines(group, weights), *([] if weights else idle)),
        data,
        gradient,
        "weights" if weights else "",
        (*_marks(group, gradient), *(idle if weights else [])),
    )


def spread(values: Sequence[Value], numbers: list[float]) -> Spread:
    """Return how large `numbers` are, which belong to `values`."""
    finite, size = numbers, math.sqrt(sum(map(mul, numbers, numbers)))
    if not math.isfinite(size):  # in the squares, or already in the numbers
        finite = [x for x in numbers if math.isfinite(x)]
        size = math.hypot(*finite)
    rms = size / math.sqrt(len(finite)) if finite else 0.0
    largest = max(finite, key=abs, default=0.0)
    where = values[numbers.index(largest)] if finite else None
    return Spread(rms, largest, where, len(numbers) - len(finite), numbers.count(0.0))


def _gradients(values: Iterable[Value]) -> list[float]:
    grads = list(map(attrgetter("grad"), values))
    try:
        return list(map(float, grads))  # quick where all are floats, as they are
    except TypeError:  # recorded gradients are Values, and some code writes None
        return [0.0 if grad is None else float(number_of(grad)) for grad in grads]


def _title(group: Group) -> str:
    if group.path:
        return cut(plain(".".join(group.path)))
    if group.stretch:
        first, last = group.stretch
        return f"operations {first:,} – {last:,}"
    return (_signs(group) if group.values else _kind(group.leaves)) or "values"


def _kind(leaves: Sequence[Value]) -> str:
    stems = {own_name(leaf).partition("[")[0].rstrip("0123456789₀₁₂₃₄₅₆₇₈₉") for leaf in leaves[:100]}
    stem = stems.pop() if len(stems) == 1 else ""
    kind = plain(type(leaves[0]).kind)
    return f"{stem} {kind}s".strip() if kind in ("input", "param", "const") else f"{stem} {kind}".strip()


def _signs(group: Group) -> str:
    """Return the operations' signs, in the order of first use; of a weighted sum its formula."""
    rows = list(dict.fromkeys([value.primitive for value in group.values if value.primitive is not None]))
    signs = list(dict.fromkeys([cut(plain(row.symbol or row.name), 12) for row in rows]))
    outer = [row for row in rows if row.name not in _WEIGHTED_SUM]
    weighs = any(type(leaf).kind == "param" for leaf in group.leaves)
    if weighs and len(rows) > len(outer) <= 1 and all(row.arity == 1 for row in outer):
        bias = " + b" if any(place_of(leaf.label)[1] == "b" for leaf in group.leaves) else ""
        return f"{signs[-1]}(Σ w·x{bias})" if outer else f"Σ w·x{bias}"
    few = signs[:_MOST_SIGNS]
    return "  ".join(few) + ("  …" if len(signs) > len(few) else "")


def _lines(group: Group, weights: Sequence[Value]) -> list[str]:
    lines = []
    if group.path or group.stretch:
        lines.append(_signs(group))
    shape = _shape(weights)
    if shape:
        lines.append(shape)
    lines.append(counted(len(group.values) or len(group.leaves), "value"))
    return lines


def _shape(weights: Sequence[Value]) -> str:
    """Return the weights as matrices, `weight [16, 2], bias [16]`; as a number where they are none."""
    if not weights:
        return ""
    parts = [place_of(weight.label) for weight in weights]
    rows = Counter([module for module, name in parts if name.startswith("w[")])
    biases = sum(name == "b" for _, name in parts)
    widths = set(rows.values())
    if len(widths) == 1 and len(parts) == biases + sum(rows.values()) and "" not in rows:
        return f"weight [{len(rows):,}, {widths.pop():,}]" + (f", bias [{biases:,}]" if biases else "")
    named = all(type(weight).kind == "param" for weight in weights)
    return counted(len(weights), "parameter" if named else "weight")


def counted(count: int, noun: str) -> str:
    """Return a number of things in words.

    >>> counted(1, "value"), counted(1600, "value")
    ('1 value', '1,600 values')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _marks(group: Group, gradient: Spread | None) -> list[str]:
    marks = []
    numbers = list(map(attrgetter("data"), group.values or group.leaves))
    bad = 0 if math.isfinite(sum(numbers)) else sum([not math.isfinite(x) for x in numbers])
    if bad:
        marks.append(f"NaN or inf in {counted(bad, 'value')}")
    if gradient is not None and gradient.bad:
        marks.append(f"NaN or inf in {counted(gradient.bad, 'gradient')}")
    return marks


def _idle(group: Group, noun: str) -> list[str]:
    """Return a line that counts results which pass nothing on to their one operand, where there are any."""
    units = [value.partials[0] for value in group.values if len(value.partials) == 1]
    flat = sum([abs(number_of(partial)) < _FLAT_ENOUGH for partial in units])
    return [f"{flat:,} of {counted(len(units), noun)} pass nothing on"] if flat else []


def spread_text(spread: Spread) -> str:
    """Return the numbers of a spread in words, for a tooltip."""
    return f"rms {number(spread.rms)}, largest {number(spread.largest)}"
