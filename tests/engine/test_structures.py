"""What derivatives are taken by and of: numbers in lists, tuples, dictionaries, dataclasses and arrays."""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

from chainrule.engine import (
    Value,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    sin,
    taylor,
    value_and_grad,
    vjp,
)

Pair = namedtuple("Pair", "x y")  # both kinds of named tuple


class Point(NamedTuple):
    x: Any
    y: Any


@dataclass
class Plain:
    x: Any
    name: str = "plain"
    ys: Any = field(default_factory=list)


@dataclass(frozen=True)
class Frozen:
    x: Any
    y: Any


@dataclass(slots=True)
class Slotted:
    x: Any
    y: Any


@dataclass(frozen=True, slots=True)
class Both:
    x: Any
    y: Any
    size: int = field(init=False, default=3)


@dataclass
class Checked:
    x: Any

    def __post_init__(self) -> None:
        self.x = float(self.x)  # would refuse a Value: copies must not run it again


def squares(held: Any) -> Any:
    """Return the sum of the squares of every number in a structure."""
    if isinstance(held, dict):
        return squares(list(held.values()))
    if hasattr(held, "__dataclass_fields__"):
        return squares([getattr(held, name) for name in held.__dataclass_fields__])
    if isinstance(held, np.ndarray):
        held = held.ravel().tolist()
    if isinstance(held, list | tuple):
        return sum(squares(item) for item in held)
    return 0.0 if held is None or isinstance(held, str | bool) else held * held


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (3.0, 6.0),
        (3, 6.0),
        (Fraction(1, 2), 1.0),
        (Decimal("1.5"), 3.0),
        (np.float64(3.0), 6.0),
        (np.float32(1.5), 3.0),
        (np.int64(3), 6.0),
        ([1.0, 2], [2.0, 4.0]),
        ((1.0, 2.0), (2.0, 4.0)),
        (Pair(1.0, 2.0), Pair(2.0, 4.0)),
        (Point(1.0, (2.0, 3.0)), Point(2.0, (4.0, 6.0))),
        ({"a": 1.0, "b": [2.0]}, {"a": 2.0, "b": [4.0]}),
        ({1: 1.0, (2, 3): 2.0}, {1: 2.0, (2, 3): 4.0}),
        ([1.0, "text", None, True], [2.0, "text", None, True]),
        ([[], {}, (), 1.0], [[], {}, (), 2.0]),
        (Plain(1.0, ys=[2.0]), Plain(2.0, ys=[4.0])),
        (Frozen(1.0, 2), Frozen(2.0, 4.0)),
        (Slotted(1.0, [2.0]), Slotted(2.0, [4.0])),
        (Both(1.0, Frozen(2.0, 3.0)), Both(2.0, Frozen(4.0, 6.0))),
        (Checked(2.0), Checked(4.0)),
    ],
    ids=repr,
)
def test_the_gradient_is_structured_like_the_argument(argument: Any, expected: Any) -> None:
    if isinstance(argument, Both):
        object.__setattr__(expected, "size", 6.0)  # the int in it is a number too
    found = grad(squares)(argument)
    assert found == expected
    assert type(found) is type(expected)
    assert value_and_grad(squares)(argument) == (float(squares(argument)), expected)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0,), (2, 1, 2)], ids=repr)
@pytest.mark.parametrize("dtype", [float, np.float32, int])
def test_arrays_of_any_shape_give_arrays_of_floats(shape: Any, dtype: Any) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    if array.size == 0:
        with pytest.raises(TypeError, match="no number to differentiate by"):
            grad(squares)(array)
        return
    found = grad(squares)(array)
    assert (type(found), found.dtype, found.shape) == (np.ndarray, np.dtype(float), shape)
    assert np.array_equal(found, 2.0 * array)
    second = hessian(squares)(array)
    assert second.shape == shape + shape
    assert np.array_equal(second.reshape(array.size, array.size), 2.0 * np.eye(array.size))
    assert np.array_equal(hvp(squares, array, np.ones(shape)), np.full(shape, 2.0))


def test_arguments_are_not_changed() -> None:
    held: dict[str, Any] = {"x": [1.0, 2.0], "array": np.array([1.0, 2.0]), "plain": Plain(1.0, ys=[2.0])}
    grad(squares)(held)
    assert held["x"] == [1.0, 2.0]
    assert held["array"].dtype == float
    assert held["plain"] == Plain(1.0, ys=[2.0])


def test_the_function_sees_values_in_the_places_of_numbers() -> None:
    def f(point: Point, array: Any, name: str) -> Any:
        assert isinstance(point, Point)
        assert all(isinstance(number, Value) for number in (point.x, *array.ravel()))
        assert (array.shape, name) == ((2, 2), "text")
        return point.x * array.sum()

    by_point, by_array, name = grad(f, argnums=(0, 1, 2))(Point(2.0, None), np.ones((2, 2)), "text")
    assert (by_point, by_array.tolist(), name) == (Point(4.0, None), [[2.0, 2.0], [2.0, 2.0]], "text")


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_jacobian_has_the_arguments_structure_in_each_place_of_the_results(mode: Any) -> None:
    def f(point: Point) -> Any:
        return {"product": point.x * point.y, "pair": (exp(point.x), [3.0, "text"])}

    assert jacobian(f, mode=mode)(Point(0.0, 2.0)) == {
        "product": Point(2.0, 0.0),
        "pair": (Point(1.0, 0.0), [Point(0.0, 0.0), "text"]),
    }
    by_two = jacobian(lambda x, y: Pair(x * y, x), argnums=(0, 1), mode=mode)(2.0, 3.0)
    assert by_two == Pair((3.0, 2.0), (1.0, 0.0))


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_jacobian_of_arrays_by_arrays_has_the_axes_of_both(mode: Any) -> None:
    matrix = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert np.array_equal(jacobian(lambda x: matrix @ x, mode=mode)(np.ones(3)), matrix)
    by_matrix = jacobian(lambda m: m @ np.array([1.0, 10.0, 100.0]), mode=mode)(matrix)
    assert by_matrix.shape == (2, 2, 3)
    assert np.array_equal(by_matrix[0], [[1.0, 10.0, 100.0], [0.0, 0.0, 0.0]])


def test_second_derivatives_of_structures_nest() -> None:
    second = hessian(lambda p: p["x"] * p["y"] ** 2)({"x": 2.0, "y": 3.0})
    assert second == {"x": {"x": 0.0, "y": 6.0}, "y": {"x": 6.0, "y": 4.0}}
    frozen = hessian(lambda p: p.x * p.y)(Frozen(2.0, 3.0))
    assert frozen == Frozen(Frozen(0.0, 1.0), Frozen(1.0, 0.0))


def test_tangents_cotangents_and_directions_are_structured_alike() -> None:
    def f(p: Any) -> Any:
        return Pair(p["x"] * p["y"], p["x"])

    p = {"x": 2.0, "y": 3.0}
    assert jvp(f, (p,), ({"x": 1, "y": 0.5},)) == (Pair(6.0, 2.0), Pair(4.0, 1.0))
    assert vjp(f, p)[1](Pair(1.0, 10.0)) == ({"x": 13.0, "y": 2.0},)
    assert taylor(f, p, 2, {"x": 1.0, "y": 1.0}) == [Pair(6.0, 2.0), Pair(5.0, 1.0), Pair(2.0, 0.0)]
    assert np.array_equal(hvp(lambda x: (x * x * x).sum(), np.ones(2), np.array([1.0, 2.0])), [6.0, 12.0])


# -- what cannot be done ------------------------------------------------------------------------------


@pytest.mark.parametrize("result", [[1.0], (), "text", None, True, {"x": 1.0}, np.ones(2)], ids=repr)
def test_grad_of_anything_but_one_number_is_an_error(result: Any) -> None:
    with pytest.raises(TypeError, match=r"grad needs a function that returns one number, got .*: jacobian"):
        grad(lambda x: result)(1.0)


def test_what_was_called_is_named_where_it_is_made_of_grad_and_jacobian() -> None:
    made: dict[str, Callable[[Any, Any], Any]] = {
        "value_and_grad": lambda f, x: value_and_grad(f)(x),
        "hessian": lambda f, x: hessian(f)(x),
        "hvp": lambda f, x: hvp(f, x, x),
    }
    for name, call in made.items():
        with pytest.raises(TypeError, match=rf"^{name} needs a function that returns one number, got \["):
            call(lambda x: [x], 1.0)
        with pytest.raises(TypeError, match=rf"^{name}: there is no number to differentiate by in"):
            call(squares, "text")


def test_a_comparison_returned_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"returns one number, got True \(bool\)"):
        grad(lambda x: x > 0.0)(1.0)


@pytest.mark.parametrize(
    "argument", ["text", None, True, [], {}, [None, "a"], pytest.param(object(), id="object")], ids=repr
)
def test_no_number_among_the_arguments_is_an_error(argument: Any) -> None:
    for of in (grad(squares), jacobian(squares), hessian(squares), value_and_grad(squares)):
        with pytest.raises(TypeError, match="there is no number to differentiate by in"):
            of(argument)


def test_argnums_may_be_an_integer_of_numpys() -> None:
    assert grad(lambda x, y: x * y**2, argnums=np.int64(1))(2.0, 3.0) == 12.0


@pytest.mark.parametrize("argnums", ["x", 1.0, None, ("x",)])
def test_argnums_that_is_no_int_is_an_error(argnums: Any) -> None:
    with pytest.raises(TypeError, match="grad: argnums must be an int or several, got"):
        grad(squares, argnums)(1.0)


def test_a_result_in_an_array_without_axes_is_one_number() -> None:
    def f(x: Any) -> Any:
        return np.where(x > 0.0, x * x, 0.0)

    assert (grad(f)(3.0), grad(grad(f))(3.0), value_and_grad(f)(3.0)) == (6.0, 2.0, (9.0, 6.0))


def test_jvp_of_bare_numbers_says_where_to_put_them() -> None:
    with pytest.raises(TypeError, match="takes f's arguments in a tuple and the tangents in another"):
        jvp(squares, 3.0, 1.0)  # type: ignore[arg-type]  # what the error is about


@pytest.mark.parametrize("argnums", [1, -2, (0, 1), (0, -3)])
def test_argnums_out_of_range_is_an_error(argnums: Any) -> None:
    with pytest.raises(TypeError, match=r"argnums=.*, but there are 1 positional arguments"):
        grad(squares, argnums)(1.0)


def test_no_arguments_at_all_is_an_error() -> None:
    with pytest.raises(TypeError, match="was called without arguments"):
        grad(lambda: 1.0)()


def test_an_unknown_mode_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match="mode must be 'reverse' or 'forward', got 'backward'"):
        jacobian(squares, mode="backward")  # type: ignore[arg-type]  # the test is of wrong ones


def test_directions_of_another_size_are_errors() -> None:
    with pytest.raises(ValueError, match="tangents must hold 2 numbers, got 1"):
        jvp(squares, ([1.0, 2.0],), ([1.0],))
    with pytest.raises(ValueError, match="the cotangent must hold 1 numbers, got 2"):
        vjp(squares, [1.0, 2.0])[1]([1.0, 2.0])
    with pytest.raises(ValueError, match="must hold 2 numbers, got 3"):
        hvp(squares, [1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="the direction must hold 2 numbers, got 1"):
        taylor(squares, [1.0, 2.0], 1)


def test_a_number_beyond_the_floats_is_an_error_that_says_so() -> None:
    with pytest.raises(OverflowError, match="floats end near"):
        grad(squares)(10**400)


def test_an_operation_among_the_arguments_is_no_number() -> None:
    value, by = value_and_grad(lambda p: p["activation"](p["w"]))({"activation": sin, "w": 0.5})
    assert by == {"activation": sin, "w": grad(sin)(0.5)}
    assert value == sin(0.5)
    assert sin.arity == 1
