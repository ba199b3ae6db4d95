"""Partials in fewer steps: right in the middle of the range, nan at its ends."""

import math

import pytest

from chainrule.engine import TABLE, declare, forget
from chainrule.engine.compiler.quick import quick_partials
from chainrule.engine.compiler.templates import partials_template, replayed

DIV, POW = TABLE["div"], TABLE["pow"]


def test_quotients_and_powers_below_1_have_quick_partials() -> None:
    assert quick_partials(DIV, (None, None))
    assert quick_partials(DIV, (1.0, None))
    assert quick_partials(POW, (None, -0.5))
    assert quick_partials(POW, (None, 0.5))


@pytest.mark.parametrize(
    "known", [(None, None), (2.0, None), (None, 1.0), (None, 3.0), (None, 0.0), (None, -math.inf)]
)
def test_other_powers_have_none(known: tuple[float | None, ...]) -> None:
    assert quick_partials(POW, known) is None


def test_other_rows_and_quotients_by_numbers_have_none() -> None:
    assert quick_partials(TABLE["exp"], (None,)) is None
    assert quick_partials(DIV, (None, 2.0)) is None


def test_a_row_of_one_s_own_has_none_for_its_name() -> None:
    @declare(partials=lambda x, y, out: (1.0, 1.0))
    def divided(x: float, y: float) -> float:
        return x / y

    try:
        object.__setattr__(divided, "name", "div")
        assert quick_partials(divided, (None, None)) is None
    finally:
        object.__setattr__(divided, "name", "divided")
        forget("divided")


def test_in_the_middle_of_the_range_they_are_the_row_s_own() -> None:
    template = partials_template(DIV, (None, None), quick=True)
    assert replayed(template, [3.0, 2.0], 1.5) == [0.5, -0.75]
    power = partials_template(POW, (None, -0.5), quick=True)
    assert replayed(power, [4.0, -0.5], 0.5)[0] == pytest.approx(-0.0625)


@pytest.mark.parametrize(("x", "y"), [(1e-310, 1.0), (1.0, 1e-320), (1e300, 1e-300), (math.inf, 2.0)])
def test_at_the_ends_of_the_range_they_say_so(x: float, y: float) -> None:
    template = partials_template(DIV, (None, None), quick=True)
    assert math.isnan(replayed(template, [x, y], DIV(x, y))[1])
