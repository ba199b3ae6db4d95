"""take(rows, i) in plain Python is rows[i], checked."""

from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value, floor, grad, hessian, take


def test_the_row_is_the_very_element() -> None:
    rows = [[Value(1.0)], [Value(2.0)]]
    assert take(rows, 1) is rows[1]
    assert take(tuple(rows), np.int64(0)) is rows[0]
    table: Any = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert take(table, 1).tolist() == [3.0, 4.0]


@pytest.mark.parametrize("i", [1, 1.0, np.int32(1), np.array(1), Value(1.0), floor(Value(1.5)), True])
def test_an_index_is_whatever_holds_a_whole_number(i: Any) -> None:
    assert take([10.0, 20.0, 30.0], i) == 20.0


@pytest.mark.parametrize(
    ("i", "shown"), [(3, "3"), (-1, "-1"), (3.0, "3"), (1.5, "1.5"), (float("nan"), "nan"), (1e300, "1e+300")]
)
def test_what_is_no_row_s_place_is_an_index_error_that_says_how_many_there_are(i: Any, shown: str) -> None:
    with pytest.raises(IndexError) as caught:
        take([1.0, 2.0, 3.0], i)
    message = f"take(rows, i): there is no row {shown}: i is a whole number from 0 to 2, for 3 rows"
    assert str(caught.value) == message


def test_bad_arguments_say_what_to_pass() -> None:
    rows: Any = [1.0]
    with pytest.raises(IndexError, match=r"no row 1: i is a whole number from 0 to 0, for 1 row$"):
        take(rows, 1)
    with pytest.raises(IndexError, match="there are no rows to take from"):
        take([], 0)
    with pytest.raises(TypeError, match=r"needs a whole number for i, got 'a'"):
        take(rows, "a")
    with pytest.raises(
        TypeError, match=r"one row, got \[0, 0\] \(list\) for i: \[take\(rows, j\) for j in i\]"
    ):
        take(rows, [0, 0])
    for wrong in ("abc", {0: 1.0}, 3.0, iter([1.0])):
        with pytest.raises(TypeError, match="needs rows in a list, tuple or array, got"):
            take(wrong, 0)  # type: ignore[arg-type]  # it is wrong


def test_the_derivative_goes_to_the_row_that_was_taken() -> None:
    def f(rows: Any) -> Any:
        return take(rows, 1)[0] ** 2 * take(rows, 0)[0]

    rows = [[2.0], [3.0]]
    assert grad(f)(rows) == [[9.0], [12.0]]
    assert hessian(f)(rows)[1][0][1][0] == 4.0
