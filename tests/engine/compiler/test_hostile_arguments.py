"""Arguments that are no numbers, or numbers of an unusual kind: they work, or the error names them."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value
from chainrule.engine.compiler import compile


def scaled(w: Any, x: Any) -> Any:
    return w * x


def product(w: Any, x: Any) -> Any:
    return w * x[0] * x[1]


READ = [
    [True, False],
    np.array([True, False]),
    np.arange(8.0)[::-4],
    np.array([2.0, 3.0], ">f8"),
    np.array([2, 3], "u1"),
    np.array([2, 3], "f2"),
    np.array([2, 3], np.longdouble),
    np.array([2**62, 3]),
    [2**70, 3],
    np.array([2.0, 3.0], object),
    [Decimal("2.5"), Fraction(1, 3)],
    range(2, 4),
    (2.0, 3.0),
    [np.float32(2.0), 3],
]


@pytest.mark.parametrize("x", READ, ids=repr)
def test_numbers_of_any_kind_are_read(x: Any) -> None:
    numbers = [float(number) for number in x]
    assert compile(product)(2.0, x) == 2.0 * numbers[0] * numbers[1]
    assert compile(scaled, batch="x")(2.0, x).tolist() == [2.0 * number for number in numbers]
    assert compile(scaled, batch="x", dtype="float32")(0.5, x).tolist() == [
        float(np.float32(0.5 * number)) for number in numbers
    ]


def test_nan_and_inf_are_numbers() -> None:
    value, (by_w, by_x) = compile(scaled, argnums=(0, 1), batch="x", reduce="sum").value_and_grad(
        2.0, [float("nan"), float("inf")]
    )
    assert np.isnan([value, by_w]).all()
    assert by_x.tolist() == [2.0, 2.0]


IN_BATCHES = [
    ("abc", "its elements are of type <U3"),
    ("12", "its elements are of type <U2"),
    (None, "None is no number"),
    (["a", "b"], "its elements are of type <U1"),
    ([1.0, "2"], "its elements are of type <U32"),
    ([1.0, None], "None is no number"),
    ([[1.0], [1.0, 2.0]], "inhomogeneous shape"),
    ([10**400, 1], "int too large to convert to float"),
    (1 + 2j, "its elements are of type complex128"),
    (np.array([1j, 2]), "its elements are of type complex128"),
    (np.array(["a", None], object), "'a' is no number"),
    (np.array(["2020-01-01"], "datetime64[D]"), "its elements are of type datetime64"),
    (np.zeros(2, [("a", float)]), "its elements are of type"),
    ({1.0, 2.0}, r"\{1.0, 2.0\} .set. is no number"),
    ({"a": 1.0}, r"\{'a': 1.0\} .dict. is no number"),
    ([Value(1.0)], "use v.item"),
]


@pytest.mark.parametrize(("x", "text"), IN_BATCHES, ids=[repr(x)[:30] for x, _ in IN_BATCHES])
def test_what_is_no_number_in_a_batch_is_refused(x: Any, text: str) -> None:
    kernel = compile(scaled, batch="x")
    start = "the batched argument x must be an array of numbers, or lists that make one, got "
    with pytest.raises(TypeError, match=f"{start}.*: .*{text}"):
        kernel(2.0, x)
    assert kernel(2.0, [3.0]).tolist() == [6.0]


@pytest.mark.parametrize("x", [[], np.zeros((0, 2)), 3.0, np.array(3.0)], ids=repr)
def test_a_batch_without_samples_is_refused(x: Any) -> None:
    with pytest.raises(ValueError, match="the batched argument x needs at least one sample, got "):
        compile(scaled, batch="x")(2.0, x)


COMPLEX = [1 + 2j, [1 + 2j, 1.0], {"a": 1j}, np.array([1j, 2.0]), np.complex64(1j)]


@pytest.mark.parametrize("x", COMPLEX, ids=repr)
def test_complex_numbers_are_refused_by_the_arguments_name(x: Any) -> None:
    text = "product: the argument x: compile takes real numbers, got "
    with pytest.raises(TypeError, match=text):
        compile(product)(2.0, x)
    with pytest.raises(TypeError, match=text):
        compile(product)(w=2.0, x=x)


def test_numbers_that_no_float_holds_are_refused_by_the_arguments_name() -> None:
    kernel = compile(product)
    with pytest.raises(OverflowError, match=r"product: the argument x must hold numbers, got .*too large"):
        kernel(2.0, [10**400, 1.0])
    objects = np.array([1.0, 2.0], object)
    assert kernel(2.0, objects) == 4.0
    objects[1] = "a"
    with pytest.raises(ValueError, match=r"product: the argument x must hold numbers, got .*'a'"):
        kernel(2.0, objects)
    objects[1] = None
    with pytest.raises(TypeError, match=r"product: the argument x must hold numbers, got .*'NoneType'"):
        kernel(2.0, objects)


def test_masked_arrays_are_refused() -> None:
    x = np.ma.masked_array([1.0, 2.0], mask=[True, False])
    with pytest.raises(TypeError, match="argument x: compile does not know which elements a mask hides"):
        compile(product)(2.0, x)
    with pytest.raises(TypeError, match="argument x: compile does not know which elements a mask hides"):
        compile(scaled, batch="x")(2.0, x)
    assert compile(product)(2.0, x.filled(0.0)) == 0.0


@pytest.mark.parametrize("x", ["ab", ["a", "b"], [[1.0], 2.0], b"ab", [(1.0,), 2.0]], ids=repr)
def test_text_and_lists_are_not_repeated_by_a_recorded_number(x: Any) -> None:
    if x == b"ab":
        assert compile(product)(2.0, x) == 2.0 * 97.0 * 98.0  # what is in bytes are numbers
        return
    with pytest.raises(TypeError, match="mul takes Values and plain numbers, got "):
        compile(product)(2.0, x)
    with pytest.raises(TypeError, match="mul takes Values and plain numbers, got "):
        compile(lambda w, x: x[0] * w)(2.0, x)


class Table:
    """What another library holds numbers in: it makes arrays, and its columns have names."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array([[1.0, 2.0], [3.0, 4.0]], dtype)

    def __getitem__(self, key: object) -> Any:
        raise KeyError(key)


def test_tables_of_other_libraries_make_batches() -> None:
    kernel = compile(lambda w, x: w * x[0] * x[1], batch="x")
    assert kernel(2.0, Table()).tolist() == [4.0, 24.0]
