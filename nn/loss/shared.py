"""What the losses share: outputs beside their targets, and what becomes of the terms."""

import math
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any, Literal, TypeAlias

from ...engine import Number, Value, mean, total
from ...engine.value import as_values, described

Outputs: TypeAlias = Value | Iterable[Any]
"""A Value, a list of them, or a list of such lists: one for each example."""
Targets: TypeAlias = Value | Number | Iterable[Any]
"""The same of numbers or Values."""
Whole: TypeAlias = Literal["mean", "sum"]
"""The reductions that give one Value."""
Reduced: TypeAlias = Any
"""What "none" gives: Values in lists as the outputs are."""
Rows: TypeAlias = list[list[Any]]
Term: TypeAlias = Callable[[Value, Any], Value]


def elementwise(owner: str, term: Term, outputs: Outputs, targets: Targets, reduction: str) -> Reduced:
    """Return the terms of all outputs with their targets, reduced.

    owner: the loss to name in errors.  Raises ValueError where outputs and targets differ in shape.
    """
    if isinstance(outputs, Value) and isinstance(targets, int | float):  # one example of one output
        return reduced(owner, [[term(outputs, targets)]], 0, reduction)
    (many, depth), (wanted, _) = paired(owner, outputs, targets)
    terms = [[term(o, t) for o, t in zip(*pair, strict=True)] for pair in zip(many, wanted, strict=True)]
    return reduced(owner, terms, depth, reduction)


def paired(owner: str, outputs: Outputs, targets: Targets) -> tuple[tuple[Rows, int], tuple[Rows, int]]:
    """Return the rows of both, the outputs as Values; raise ValueError where their shapes differ."""
    many, depth = rows_of(outputs)
    wanted, other = rows_of(targets)
    lengths, others = list(map(len, many)), list(map(len, wanted))
    if max(depth, other) < 2:  # one number and a list of one number go together
        if lengths != others:
            raise ValueError(f"{owner} got {lengths[0]} outputs and {others[0]} targets")
    elif depth != other or lengths != others:
        raise ValueError(
            f"{owner} got outputs of shape {_shape(lengths, depth)} "
            f"and targets of shape {_shape(others, other)}"
        )
    if not any(lengths):
        raise ValueError(f"{owner} needs at least one output, got none")
    for row in wanted:
        for target in row:
            if not isinstance(target, Value | Real):
                raise TypeError(f"{owner} takes Values and plain numbers as targets, got {described(target)}")
    return ([list(as_values(row, owner)) for row in many], depth), (wanted, other)


def rows_of(held: Any) -> tuple[Rows, int]:
    """Return what is held as rows, and how deep it is: 0 for a number, 1 for a list, 2 for lists in it."""
    if not is_list(held):
        return [[_number(held)]], 0
    items = list(held)
    if not items or not is_list(items[0]):
        return [[_number(item) for item in items]], 1
    return [[_number(item) for item in row] if is_list(row) else [row] for row in items], 2


def is_list(held: object) -> bool:
    """Return whether `held` is several things: no Value, no number, no text, no array of one number."""
    return not isinstance(held, Value | str | bytes) and isinstance(held, Iterable) and _ndim(held) > 0


def _ndim(held: object) -> int:
    return getattr(held, "ndim", 1)


def _number(held: Any) -> Any:
    """Return `held`, and of an array or tensor of one number that number."""
    return held.item() if not isinstance(held, Value) and hasattr(held, "item") and _ndim(held) == 0 else held


def _shape(lengths: list[int], depth: int) -> str:
    if depth < 2:
        return str(lengths[:depth])
    return f"[{len(lengths)}, {lengths[0] if len(set(lengths)) == 1 else tuple(lengths)}]"


def reduced(owner: str, terms: Rows, depth: int, reduction: str) -> Reduced:
    """Return the terms as `reduction` says; raise ValueError for a reduction that there is not."""
    if reduction == "none":
        return terms if depth == 2 else terms[0] if depth == 1 else terms[0][0]
    flat = [term for row in terms for term in row]
    if reduction == "sum":
        return summed(flat)
    if reduction == "mean":
        return flat[0] if len(flat) == 1 else mean(flat)
    raise ValueError(f"{owner}: reduction must be 'mean', 'sum' or 'none', got {reduction!r}")


def summed(terms: list[Value]) -> Value:
    """Return the sum of one or more terms; of one, the term itself and no node that adds nothing."""
    return terms[0] if len(terms) == 1 else total(terms)


def weights_like(owner: str, name: str, weight: Any, rows: Rows, depth: int) -> Rows:
    """Return a weight for each output: one number for all, a list for each row, or as many as outputs.

    Raises ValueError for another number of them, TypeError for what is no number.
    """
    given, weight_depth = rows_of(weight)
    if weight_depth == 0:
        given = [given[0] * len(row) for row in rows]
    elif weight_depth == 1 and depth == 2:
        given = given * len(rows)
    if [len(row) for row in given] != [len(row) for row in rows]:
        raise ValueError(
            f"{owner}: {name} must be a number or a list with one for each output, got {weight!r}"
        )
    for row in given:
        for number in row:
            check_weight(owner, name, number)
    return given


def check_weight(owner: str, name: str, number: object) -> None:
    """Raise ValueError unless `number` is a plain one, finite and zero or more."""
    is_number = isinstance(number, Real) and not isinstance(number, bool)
    if not (is_number and math.isfinite(number) and number >= 0.0):  # type: ignore[arg-type, operator]  # a Real
        raise ValueError(f"{owner}: {name} must hold finite numbers of zero or more, got {described(number)}")


def is_recorded(number: object) -> bool:
    """Return whether `number` stands in for one that is not known yet, while `compile` records."""
    return isinstance(number, Value) and number.kind == "recorded"


def check_probability(number: Value | Number, takes: str, way_out: str) -> None:
    """Raise ValueError unless `number` is between 0 and 1, or not known yet."""
    if not is_recorded(number) and not 0.0 <= number <= 1.0:
        raise ValueError(f"{takes} between 0 and 1, got {number!r}: {way_out}")


def check_positive(owner: str, name: str, number: float, *, zero: bool = False) -> None:
    """Raise ValueError unless `number` is finite and above 0, or 0 where that will do."""
    is_number = isinstance(number, Real) and not isinstance(number, bool)
    if not (is_number and math.isfinite(number) and (number > 0.0 or (zero and number == 0.0))):
        least = "zero or more" if zero else "above zero"
        raise ValueError(f"{owner}: {name} must be {least}, got {number!r}")
