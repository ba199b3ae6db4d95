"""Why a gradient is zero, tiny, huge or missing: what cuts, shrinks or blows up the paths to a value."""

from __future__ import annotations

import math
from itertools import islice

from ..about import about
from ..graph import topological_order
from ..hooks import hooks_of
from ..names import own_name
from ..value import Constant, Value
from ..words import number
from .formulas import formula, written
from .notation import Naming, derivative, namer, operation, plain_number, shown
from .paths import Path, Paths

SMALL, LARGE = 1e-4, 1e4
"""Below and above these a gradient is called small and large."""

CANCELLED = 1e-3
"""The share of the sum of sizes below which contributions of both signs are said to cancel."""

_LISTED = 4


def remark(node: Value, place: int, names: Naming) -> str:
    """Return what the row has to say of d node / d operand at the numbers it was made at, if anything."""
    row = node.primitive
    if row is None:
        return ""
    numbers = tuple([operand.data for operand in node.operands])
    words = row.remark(place, numbers, node.data) if row.variadic else row.remark(place, *numbers, node.data)
    return words.format_map(_Words(node, names)) if words else ""


class _Words(dict[str, str]):
    """The words of a row's remark: x, y, z and out, and x1, x2, ... of rows of any number of operands."""

    def __init__(self, node: Value, names: Naming) -> None:
        self._node, self._names = node, names

    def __missing__(self, word: str) -> str:
        if word == "out":
            return shown(self._node, self._names)
        place = "xyz".index(word) if word in ("x", "y", "z") else int(word[1:]) - 1
        return shown(self._node.operands[place], self._names)


def line_of(value: Value) -> str:
    """Return `line 12` where the line that made `value` was recorded."""
    known = about(value)
    source = getattr(value, "source", None) or (None if known is None else known.source)
    line = getattr(source, "line", None)
    return f"line {line}" if line is not None else ""


def _with_line(text: str, value: Value) -> str:
    line = line_of(value)
    return f"{text} ({line})" if line else text


def _factor(node: Value, place: int, names: Naming) -> str:
    """Return one factor in a sentence: its number, what the row says of it, and how it came about."""
    says, part = remark(node, place, names), formula(node, place)
    if not says and part:
        known = [shown(x, names) for x in node.operands[:3] if not plain_number(x)]
        says = f"{written(part, namer(node, names))} at {', '.join(known)}"
    name, made = derivative(node, place, names), f"{names[node]} = {operation(node, names)}"
    said = f"{name} = {number(node.partials[place])} at {made}"
    return _with_line(f"{said}: {says}" if says else said, node)


def causes(paths: Paths, names: Naming, best: Path | None) -> list[str]:
    """Return why d root / d w is zero, tiny, huge, not finite or missing; nothing where it is none of these.

    The first entry says what happened, the others where.
    best: the largest path, if any.
    """
    gradient = paths.gradient
    if not paths.exist:
        return _missing(paths.root, paths.w, names)
    if best is None or best.length == 0:
        return []
    if not math.isfinite(gradient):
        return _not_finite(paths, names)
    if gradient == 0.0 and paths.root not in paths.alive_to_w:
        return _cut(paths, names)
    if _cancels(paths):
        return _cancelling(paths)
    if SMALL <= abs(gradient) <= LARGE:
        return []
    if abs(gradient) > LARGE and abs(gradient) > LARGE * abs(best.product):
        return [f"many paths add up: the largest contributes {number(best.product)}"]
    return _far_from_one(best, names, small=abs(gradient) < SMALL, zero=gradient == 0.0)


# -- a factor of 0 ------------------------------------------------------------------------------------


def _cut(paths: Paths, names: Naming) -> list[str]:
    """Name the factors of 0 that all paths run into: those nearest the root or those nearest w."""
    alive, leading = paths.alive_from_root, paths.alive_to_w
    first, last = [], []
    for node in reversed(paths.between):
        for place, operand, partial in paths.steps(node):
            if partial == 0.0:
                if node in alive:
                    first.append((node, place))
                if operand in leading:
                    last.append((node, place))
    zeros = last if len(last) <= len(first) else first
    every = "the path has" if paths.rounded_count == 1.0 else "every path has"
    listed = [_factor(node, place, names) for node, place in zeros[:_LISTED]]
    return [f"{every} a factor of 0", *listed, *_and_more(len(zeros))]


def _and_more(how_many: int) -> list[str]:
    return [f"and {how_many - _LISTED:,} more factors of 0"] if how_many > _LISTED else []


# -- both signs ---------------------------------------------------------------------------------------


def _cancels(paths: Paths) -> bool:
    size = paths.size
    return size < math.inf and abs(paths.gradient) < min(SMALL, CANCELLED * size)


def _cancelling(paths: Paths) -> list[str]:
    up, down = 0.5 * (paths.size + paths.gradient), 0.5 * (paths.size - paths.gradient)
    sums = f"they add up to {number(up)} and {number(-down)}"
    return [f"contributions of both signs cancel: {sums}"]


# -- products that vanish or explode ------------------------------------------------------------------


def _far_from_one(best: Path, names: Naming, small: bool, zero: bool) -> list[str]:
    """Say which operations' slopes make the largest path's product small, or large."""
    groups: dict[str, tuple[int, float, float]] = {}
    worst: list[tuple[float, Value, int]] = []
    for node, place in best:
        size, row = abs(node.partials[place]), node.primitive.name if node.primitive else ""
        if size == 0.0:
            continue
        log = math.log(size)
        times, product, extreme = groups.get(row, (0, 0.0, -math.inf))
        groups[row] = times + 1, product + log, max(extreme, log)
        if (size < 1e-2) if small else (size > 1e2):
            worst = sorted([*worst, (log if small else -log, node, place)], key=lambda one: one[0])[:_LISTED]
    telling = sorted(
        [
            (product, row)
            for row, (_, product, _) in groups.items()
            if (product < -1.0 if small else product > 1.0)
        ],
        reverse=not small,
    )
    said = [_group(row, *groups[row]) for _, row in telling[:_LISTED]]
    start = "the product of factors other than 0 is below the smallest float: " if zero else ""
    return [f"{start}along the largest path {'; '.join(said)}", *[_factor(n, p, names) for _, n, p in worst]]


def _group(row: str, times: int, product: float, extreme: float) -> str:
    if times == 1:
        return f"the slope of {row} is {_power(product)}"
    return f"{times:,} slopes of {row}, the largest {_power(extreme)}, multiply to {_power(product)}"


def _power(log: float) -> str:
    """Return e ** log, also where that is no float."""
    return number(math.exp(log)) if -700.0 < log < 700.0 else f"10^{number(round(log / math.log(10.0)))}"


# -- inf and nan --------------------------------------------------------------------------------------


def _not_finite(paths: Paths, names: Naming) -> list[str]:
    alive = paths.alive_from_root
    infinite = (
        (node, place)
        for node in reversed(paths.between)
        if node in alive
        for place, _, partial in paths.steps(node)
        if not math.isfinite(partial)
    )
    first = [_factor(*step, names) for step in islice(infinite, _LISTED)]
    if first:
        return ["a factor is not finite", *first]
    return ["the factors are finite, their products are beyond the largest float, 1.8e308"]


# -- no path at all -----------------------------------------------------------------------------------


def _missing(root: Value, w: Value, names: Naming) -> list[str]:
    """Return why `w` is not in the graph of `root`, as far as that can be seen from both."""
    top, own = names[root], names[w]
    behind = topological_order(w)
    if root in behind:
        return [f"{own} was made from {top}, not {top} from {own}: the arguments are the wrong way round"]
    if root.primitive is None:
        return [_nothing_recorded(root, top)]
    found = [f"{own} is not in the graph of {top}: nothing that {top} was made from uses it"]
    order = topological_order(root)
    graph = set(order)
    before = next((x for x in reversed(behind) if x in graph and not isinstance(x, Constant)), None)
    if before is not None:
        made = f"what was passed is {operation(w, names)}, made from {names[before]}, which {top} uses"
        found.append(f"{made}: was the name rebound? To update it, change {names[before]}.data")
    users = {operand: node for node in reversed(order) for operand in node.operands}
    relatives = ((value, said) for value in order if (said := _relative(value, w, names)))
    for value, said in islice(relatives, _LISTED):
        user = users.get(value, value)
        used = f" (used in {line_of(user)})" if not line_of(value) and line_of(user) else ""
        found.append(_with_line(said + used, value))
    return found


def _nothing_recorded(root: Value, top: str) -> str:
    kind = "a constant" if isinstance(root, Constant) else "a leaf"
    return _with_line(f"{top} is {kind}{_origin(root)}: nothing it was made from is recorded", root)


def _relative(value: Value, w: Value, names: Naming) -> str:
    """Return what makes `value` look as if it came from `w`, or nothing."""
    own, digits, cut = names[w], number(value.data), _origin(value)
    if own_name(w) and own_name(value) == own_name(w):
        if isinstance(value, Constant):
            said = f"the graph holds {own} as a constant{cut}: no gradient flows on from there"
        else:
            said = f"the graph holds another value called {own}: was {own} rebound, copied or made anew?"
    elif cut:
        said = f"the graph holds a constant{cut}, {shown(value, names)}: nothing flows on from there"
    elif value.primitive is None and value.data == w.data and digits not in ("0", "1", "−1", "2", "0.5"):
        what = "a constant" if isinstance(value, Constant) else f"the leaf {names[value]}"
        said = f"{what} holds the same number, {digits}: was it made from {own}.data or {own}.item()?"
    else:
        return ""
    return said


def _origin(value: Value) -> str:
    """Return what cut a constant off, to be added to a sentence; nothing where nothing did."""
    known = about(value)
    origin: str = getattr(known, "origin", "")
    return f", made by {origin}" if origin.endswith("()") else f", made under {origin}" if origin else ""


# -- what else one should know ------------------------------------------------------------------------


def notes(paths: Paths, names: Naming) -> list[str]:
    """Return what else should be known of this gradient, where there is anything."""
    notes = []
    if paths.exist and isinstance(paths.w, Constant):
        said = f"{names[paths.w]} is a constant{_origin(paths.w)}: nothing asks for its gradient"
        notes.append(_with_line(said, paths.w))
    hooked = [value for value in (*paths.between, paths.w) if hooks_of(value) is not None]
    if hooked:
        notes.append(f"a hook on {names[hooked[0]]} may make another gradient of it in backward()")
    return notes
