"""The rows of the table as cases of tests, and comparing what they give."""

from typing import Any

import pytest

from chainrule.engine import TABLE, Value

Point = tuple[float, ...]


def every_row() -> list[Any]:
    """Return each row as a case that has its name."""
    return [pytest.param(row, id=row.name) for row in TABLE.values()]


def same(a: float, b: float) -> bool:
    """Return whether two floats are the same number, nan being the same as nan."""
    return a == b or (a != a and b != b)


def all_same(many: Point, others: Point) -> bool:
    """Return whether two points have the same numbers."""
    return len(many) == len(others) and all(map(same, many, others))


def values(point: Point) -> tuple[Value, ...]:
    """Return new Values with these numbers."""
    return tuple(map(Value, point))
