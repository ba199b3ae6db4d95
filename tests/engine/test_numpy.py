"""Values among NumPy's arrays and scalars. The engine itself never imports NumPy."""

import operator
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from waiting import SECONDS

from chainrule.engine import Value, exp

SCALARS = [np.float64(2.0), np.float32(2.0), np.float16(2.0), np.int64(2), np.int8(2), np.uint32(2)]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


@pytest.mark.parametrize("python", OPERATORS)
@pytest.mark.parametrize("two", SCALARS, ids=lambda two: type(two).__name__)
def test_scalars_are_operands_on_both_sides(two: Any, python: Any) -> None:
    x = Value(3.0)
    for node, operands in ((python(x, two), (3.0, 2.0)), (python(two, x), (2.0, 3.0))):
        assert type(node) is Value
        assert node.data == python(*operands)
        assert tuple(operand.data for operand in node.operands) == operands
        assert {type(operand.data) for operand in node.operands} == {float}


@pytest.mark.parametrize("two", SCALARS, ids=lambda two: type(two).__name__)
def test_scalars_compare_with_values(two: Any) -> None:
    assert Value(2.0) == two
    assert two == Value(2.0)
    assert Value(3.0) > two
    assert two < Value(3.0)
    assert two != Value(3.0)
    assert Value(3.0) != two


@pytest.mark.parametrize("two", SCALARS, ids=lambda two: type(two).__name__)
def test_scalars_become_plain_floats(two: Any) -> None:
    assert type(Value(two).data) is float
    assert Value(two).data == 2.0
    assert type(exp(two)) is float


def test_single_precision_keeps_its_own_digits() -> None:
    assert Value(np.float32(0.1)).data == float(np.float32(0.1)) != 0.1  # type: ignore[arg-type]  # a Real


def test_a_numpy_bool_is_a_factor_but_no_value() -> None:
    x = Value(3.0)
    assert (x * np.bool_(True)).data == (np.bool_(True) * x).data == 3.0  # type: ignore[operator]
    with pytest.raises(TypeError) as error:
        Value(np.bool_(True))  # type: ignore[arg-type]  # the mistake is the point
    assert str(error.value).startswith("Value(...) cannot hold ")
    assert str(error.value).endswith(": pass an int or a float")


def test_an_array_is_not_one_number() -> None:
    with pytest.raises(TypeError) as error:
        Value(np.array([1.0, 2.0]))  # type: ignore[arg-type]  # the mistake is the point
    assert str(error.value) == (
        "Value(...) cannot hold array([1., 2.]) (ndarray): it is one number; make one Value for each "
        "element, [Value(x) for x in xs]"
    )
    with pytest.raises(TypeError, match=r"exp takes Values and plain numbers, got array.*numpy's function"):
        exp(np.array([1.0, 2.0]))  # type: ignore[call-overload]


def values(*numbers: float) -> Any:
    return np.array([Value(x) for x in numbers])


def test_arrays_of_values_are_object_arrays() -> None:
    array = values(1.0, 2.0)
    assert array.dtype == object
    assert array.shape == (2,)
    assert type(array[0]) is Value


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "cos", "tanh", "abs", "negative", "absolute"])
def test_numpys_functions_call_each_elements_method(name: str) -> None:
    array = values(0.5, 2.0)
    numpy = getattr(np, name)
    out = numpy(array)
    assert [y.data for y in out] == pytest.approx(numpy(np.array([0.5, 2.0])), rel=1e-15)
    for x, y in zip(array, out, strict=True):
        assert y.operands[0] is x


def test_arithmetic_broadcasts_over_elements() -> None:
    x, array = Value(2.0), values(1.0, 3.0)
    plain = np.array([1.0, 3.0])
    for out in (array * x, x * array, x * plain, plain * x):
        assert [type(y) for y in out] == [Value, Value]
        assert [y.data for y in out] == [2.0, 6.0]
    assert [y.data for y in plain - x] == [-1.0, 1.0]
    assert [y.data for y in x - plain] == [1.0, -1.0]
    assert [y.data for y in x**plain] == [2.0, 8.0]


def test_comparisons_broadcast_over_elements() -> None:
    x: Any = Value(2.0)
    plain = np.array([2.0, 3.0])
    assert (x == plain).tolist() == (plain == x).tolist() == [True, False]
    assert (x < plain).tolist() == (plain > x).tolist() == [False, True]
    assert (plain != x).tolist() == [False, True]
    assert (x != plain).tolist() == [False, True]


def test_matrix_products_and_sums_differentiate() -> None:
    w = np.array([[Value(1.0), Value(-2.0)], [Value(0.5), Value(3.0)]])
    x = values(2.0, -1.0)
    loss = ((w @ x) ** 2).sum()
    loss.backward()
    # d/dW |W x|**2 = 2 (W x) x^T, d/dx = 2 W^T W x
    plain_w, plain_x = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([2.0, -1.0])
    assert loss.data == ((plain_w @ plain_x) ** 2).sum()
    grads = np.vectorize(lambda value: value.grad, otypes=[float])
    np.testing.assert_allclose(grads(w), 2.0 * np.outer(plain_w @ plain_x, plain_x), rtol=1e-15)
    np.testing.assert_allclose(grads(x), 2.0 * plain_w.T @ plain_w @ plain_x, rtol=1e-15)


def test_dot_mean_and_norm_work_on_arrays_of_values() -> None:
    a, b = values(3.0, 4.0), values(1.0, 2.0)
    assert (a @ b).data == np.dot(a, b).data == 11.0
    assert a.mean().data == 3.5
    norm: Any = np.linalg.norm(a)
    norm.backward()
    assert norm.data == 5.0
    assert [x.grad for x in a] == pytest.approx([0.6, 0.8], rel=1e-15)


def test_the_engine_does_not_import_numpy() -> None:
    code = "import sys, chainrule.engine; print('numpy' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=SECONDS
    )
    assert run.stdout.strip() == "False"


def test_an_array_without_axes_is_told_to_hand_over_its_number() -> None:
    with pytest.raises(TypeError, match=r"cannot hold array\(2\.\) .*pass the number in it, x\.item\(\)"):
        Value(np.array(2.0))  # type: ignore[arg-type]
