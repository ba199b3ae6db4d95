"""NumPy's scalars and arrays, fractions and decimals as operands beside Values; arrays copied and saved."""

import copy
import io
import math
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from arrays import values

from chainrule.engine import Constant, Value, exp

X = np.array([1.0, 2.0])


# -- scalars, arrays without axes, and conversions ----------------------------------------------------


@pytest.mark.parametrize("python", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
def test_an_array_without_axes_is_an_operand_on_both_sides(python: Callable[[Any, Any], Any]) -> None:
    for dtype in (float, np.float32, int):
        two = np.array(2, dtype=dtype)
        for node, operands in ((python(Value(3.0), two), (3.0, 2.0)), (python(two, Value(3.0)), (2.0, 3.0))):
            assert type(node) is Value
            assert node.data == python(*operands)
            assert tuple(operand.data for operand in node.operands) == operands


@pytest.mark.parametrize("dtype", [float, np.float32, int, np.int8, bool])
def test_a_value_and_an_array_give_an_array_of_values(dtype: Any) -> None:
    x, array = Value(3.0), np.array([[0, 1], [1, 1]], dtype=dtype)
    for out in (x * array, array * x):
        assert out.shape == (2, 2)
        assert {type(y) for y in np.ravel(out)} == {Value}
        assert [y.data for y in np.ravel(out)] == [0.0, 3.0, 3.0, 3.0]


def test_adding_an_array_in_place_makes_an_array() -> None:
    x: Any = Value(3.0)
    v = x
    v += np.array([1.0, 2.0])
    assert [y.data for y in v] == [4.0, 5.0]
    assert x.data == 3.0
    array = values(X)
    first = array[0]
    array += x
    assert array[0].operands == (first, x)


def test_a_long_double_is_an_operand_too() -> None:
    x: Any = Value(3.0)
    two = np.longdouble(2.0)
    assert (x * two).data == (two * x).data == 6.0


def test_a_list_of_values_and_numbers_becomes_an_array_of_objects() -> None:
    x = Value(2.0)
    array = np.asarray([x, 1.0])
    assert array.dtype == object
    assert array[0] is x
    assert array[1] == 1.0
    assert (array * array).sum().data == 5.0


def test_functions_take_a_single_value() -> None:
    x: Any = Value(0.5)
    assert np.exp(x).operands == (x,)
    assert np.sum([x, x]).data == 1.0
    assert exp(np.float64(0.5)) == math.exp(0.5)


def test_copies_of_arrays() -> None:
    x = Value(2.0)
    array = np.array([x, x * x, x])
    assert np.copy(array)[0] is array.copy()[0] is copy.copy(array)[0] is x
    deep = copy.deepcopy(array)
    assert deep[0] is deep[2] is deep[1].operands[0] is not x


def test_arrays_of_values_are_saved_and_loaded() -> None:
    x = Value(2.0, label="x")
    file = io.BytesIO()
    np.save(file, np.array([x, x * x, x]), allow_pickle=True)
    file.seek(0)
    again = np.load(file, allow_pickle=True)
    again[1].backward()
    assert again[0] is again[2] is not x
    assert (again[0].grad, again[0].label) == (4.0, "x")


# -- fractions and decimals ---------------------------------------------------------------------------


@pytest.mark.parametrize("python", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize("third", [Fraction(1, 3), Decimal(1) / Decimal(3)], ids=["Fraction", "Decimal"])
def test_fractions_and_decimals_are_constants_on_both_sides(
    third: Any, python: Callable[[Any, Any], Any]
) -> None:
    for node, operands in (
        (python(Value(2.0), third), (2.0, 1.0 / 3.0)),
        (python(third, Value(2.0)), (1.0 / 3.0, 2.0)),
    ):
        assert type(node) is Value
        assert node.data == python(*operands)
        assert {type(operand) for operand in node.operands} == {Value, Constant}
    assert [y.data for y in python(values([2.0]), np.array([third], dtype=object))] == [
        python(2.0, 1.0 / 3.0)
    ]


@pytest.mark.parametrize("half", [Fraction(1, 2), Decimal("0.5"), np.float32(0.5), np.array(0.5)])
def test_fractions_decimals_and_scalars_compare_with_values(half: Any) -> None:
    assert Value(0.5) == half
    assert half == Value(0.5)
    assert (Value(0.5) != half) == (half != Value(0.5)) == False  # noqa: E712  # NumPy has a False of its own
    assert Value(0.25) < half < Value(0.75)
    assert half > Value(0.25)
    assert half <= Value(0.5) <= half
