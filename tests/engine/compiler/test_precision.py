"""What single operations add to the errors of their operands."""

import math

import pytest

from chainrule.engine import TABLE
from chainrule.engine.compiler.precision import LEAST, UNIT, Precision
from chainrule.engine.compiler.tape import INDEX, LESS, TAKE

DOUBLE, SINGLE = Precision("float64"), Precision("float32")


def test_the_same_operation_on_the_same_numbers_is_off_by_nothing() -> None:
    assert DOUBLE.operation(TABLE["div"], [1.0, 3.0], [0.0, 0.0]) == (1.0 / 3.0, 0.0)
    assert DOUBLE.operation(TABLE["sqrt"], [0.5], [0.0]) == (math.sqrt(0.5), 0.0)


def test_functions_of_vectors_are_off_by_what_they_state() -> None:
    out, error = DOUBLE.operation(TABLE["exp"], [0.5], [0.0])
    assert math.ulp(out) < error < 4.0 * math.ulp(out)


def test_an_error_comes_out_times_the_partial() -> None:
    _, error = DOUBLE.operation(TABLE["sin"], [0.3], [1e-6])
    assert error == pytest.approx(1e-6 * math.cos(0.3), rel=1e-6)


def test_near_a_pole_nothing_is_known() -> None:
    assert DOUBLE.operation(TABLE["div"], [1.0, 0.1], [0.0, 0.2])[1] == math.inf
    assert math.isnan(DOUBLE.operation(TABLE["sin"], [0.1], [math.nan])[1])


def test_choices_are_off_by_what_they_choose_or_by_the_difference() -> None:
    where = TABLE["where"]
    assert DOUBLE.operation(where, [1.0, 2.0, 7.0], [0.0, 0.25, 0.5]) == (2.0, 0.25)
    assert DOUBLE.operation(where, [1.0, 2.0, 7.0], [1.0, 0.25, 0.5]) == (2.0, 5.5)
    assert DOUBLE.operation(LESS, [1.0, 1.5], [0.25, 0.25]) == (1.0, 1.0)
    assert DOUBLE.operation(LESS, [1.0, 2.0], [0.25, 0.25]) == (1.0, 0.0)
    assert DOUBLE.operation(TAKE, [1.0, 5.0, 6.0], [0.0, 0.5, 0.125]) == (6.0, 0.125)
    assert DOUBLE.operation(INDEX, [1.0, 3.0], [0.5, 0.0]) == (1.0, 0.0)


def test_single_numbers_round_every_result() -> None:
    assert SINGLE.both == 2.0**-24 + UNIT
    assert SINGLE.least > LEAST
    out, error = SINGLE.operation(TABLE["div"], [1.0, 3.0], [0.0, 0.0])
    assert error == pytest.approx(SINGLE.both * out, rel=1e-6)
    assert SINGLE.operation(TABLE["exp"], [88.8], [0.0])[1] == math.inf
