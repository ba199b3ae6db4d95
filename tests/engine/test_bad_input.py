"""What is no number: refused at the door, with a way out, and never guessed at by an operator."""

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from chainrule.engine import Value

# -- the constructor ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("3", "Value(...) cannot hold '3': pass an int or a float"),
        (b"3", "Value(...) cannot hold b'3' (bytes): pass an int or a float"),
        (None, "Value(...) cannot hold None: pass an int or a float"),
        (1j, "Value(...) cannot hold 1j (complex): pass an int or a float"),
        (True, "Value(...) cannot hold True: pass a number, 1.0 or 0.0"),
        (False, "Value(...) cannot hold False: pass a number, 1.0 or 0.0"),
        (
            [1],
            "Value(...) cannot hold [1] (list): it is one number; make one Value for each element, "
            "[Value(x) for x in xs]",
        ),
        (
            Value(1.0),
            "Value(...) cannot hold a Value: use it as it is, v.detach() for a copy without history, "
            "or v.item() for the plain number",
        ),
        ("x" * 1000, "Value(...) cannot hold '" + "x" * 38 + "…: pass an int or a float"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_the_constructor_says_what_to_pass_instead(data: Any, message: str) -> None:
    with pytest.raises(TypeError) as error:
        Value(data)
    assert str(error.value) == message


def test_an_int_beyond_the_floats_is_an_overflow_that_names_its_size() -> None:
    message = (
        "Value(...) cannot hold an int of 1329 bits: floats end near 1.8e308; pass math.inf if that is meant"
    )
    with pytest.raises(OverflowError) as error:
        Value(10**400)
    assert str(error.value) == message
    with pytest.raises(OverflowError, match="1329 bits"):
        Value(1.0) + 10**400
    with pytest.raises(OverflowError, match=r"Fraction.*floats end near"):
        Value(Fraction(10**400))  # type: ignore[arg-type]  # wider than the annotation
    assert Value(10**308).data == 1e308


@pytest.mark.parametrize("data", [7, -0.0, Fraction(1, 4), Decimal("0.1"), math.inf, math.nan, 10**20])
def test_real_numbers_become_plain_floats(data: Any) -> None:
    x = Value(data)
    assert type(x.data) is float
    assert x.data == float(data) or math.isnan(data)


# -- operators ----------------------------------------------------------------------------------------

UNKNOWN = ["3", b"3", None, [1], (1,), {}, 1j, object()]


@pytest.mark.parametrize("other", UNKNOWN, ids=lambda other: type(other).__name__)
def test_an_unknown_operand_is_a_type_error_on_both_sides(other: Any) -> None:
    x = Value(2.0)
    operations: list[Callable[[Any, Any], Any]] = [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: a**b,
    ]
    for operation in operations:
        with pytest.raises(TypeError):
            operation(x, other)
        with pytest.raises(TypeError):
            operation(other, x)


def test_an_unknown_operand_is_asked_before_giving_up() -> None:
    class Dual:
        def __radd__(self, other: object) -> str:
            return "mine"

        def __rpow__(self, other: object) -> str:
            return "mine too"

    assert Value(1.0) + Dual() == "mine"
    assert Value(1.0) ** Dual() == "mine too"


def test_operators_without_a_row_are_a_type_error() -> None:
    x: Any = Value(2.0)
    for operation in (
        lambda: x & 1,
        lambda: ~x,
        lambda: round(x, 2),
        lambda: x[0],
        lambda: len(x),
        lambda: list(x),
        lambda: x(),
    ):
        with pytest.raises(TypeError):
            operation()
