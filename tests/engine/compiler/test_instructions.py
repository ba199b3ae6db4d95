"""What machine code computes by itself."""

import math

import pytest

from chainrule.engine import TABLE, declare, forget
from chainrule.engine.compiler.instructions import (
    CBRT,
    COPYSIGN,
    LARGEST,
    NORMAL,
    SMALLEST,
    SUMS,
    is_native,
    is_native_exactly,
)
from chainrule.engine.compiler.tape import DETACH, INPUT, LESS
from chainrule.engine.ieee import TINY


@pytest.mark.parametrize("name", ["exp", "log1p", "pow", "sqrt", "where", "maximum", "floor", "add", "div"])
def test_functions_of_c_and_of_the_processor_are_native(name: str) -> None:
    assert is_native(TABLE[name])
    assert is_native_exactly(TABLE[name])


@pytest.mark.parametrize("name", ["softplus", "sigmoid", "relu", "clip", "square", "lgamma"])
def test_other_rows_are_taken_apart(name: str) -> None:
    assert not is_native(TABLE[name])
    assert not is_native_exactly(TABLE[name])


def test_what_is_no_row_is_native() -> None:
    assert all(is_native(kind) for kind in (INPUT, DETACH, LESS, LARGEST, NORMAL))


def test_exactly_rows_that_say_how_to_be_lowered_stay_python_s() -> None:
    lowered = [row for row in TABLE.values() if row.lower is not None]
    assert lowered
    assert all(is_native_exactly(row) for row in [*lowered, TABLE["fsum"]])
    assert not all(is_native(row) for row in lowered)


def test_a_row_of_one_s_own_is_not_native_for_its_name() -> None:
    @declare(partials=lambda x, out: (1.0,))
    def floored(x: float) -> float:
        return x

    try:
        object.__setattr__(floored, "name", "floor")
        assert not is_native(floored)
    finally:
        object.__setattr__(floored, "name", "floored")
        forget("floored")


def test_sums_are_rows() -> None:
    assert all(name in TABLE for name in SUMS)


def test_the_largest_is_the_first_of_equal_ones_and_nan_where_one_is() -> None:
    assert LARGEST(1.0, 3.0, 2.0) == 3.0
    assert SMALLEST(1.0, 3.0, 0.5) == 0.5
    assert math.copysign(1.0, LARGEST(-0.0, 0.0)) == -1.0
    assert math.isnan(LARGEST(1.0, math.nan, 3.0))


@pytest.mark.parametrize(
    ("x", "beside", "expected"),
    [
        (2.0, 3.0, 2.0),
        (0.0, 1.0, 0.0),
        (1.0, 0.0, 1.0),
        (-TINY, 1.0, -TINY),
        (TINY / 2.0, 1.0, math.nan),
        (1.0, -TINY / 2.0, math.nan),
        (math.inf, 1.0, math.nan),
        (1.0, -math.inf, math.nan),
        (math.nan, 1.0, math.nan),
    ],
)
def test_normal_is_its_operand_where_both_are_of_ordinary_size(
    x: float, beside: float, expected: float
) -> None:
    found = NORMAL(x, beside)
    assert found == expected or (found != found and expected != expected)


def test_the_others_are_those_of_math() -> None:
    assert COPYSIGN(3.0, -0.0) == -3.0
    assert CBRT(-27.0) == math.cbrt(-27.0)
    assert repr(CBRT) == "<instruction cbrt>"
