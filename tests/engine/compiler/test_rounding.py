"""The running error analysis, node by node."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from programs import recorded, wanted_of

from chainrule.engine import clip, exp, floor, maximum, sqrt, take, total, where
from chainrule.engine.compiler import rounding
from chainrule.engine.compiler.build import lowered
from chainrule.engine.compiler.instructions import COPYSIGN
from chainrule.engine.compiler.precision import LEAST, UNIT
from chainrule.engine.compiler.program import normal_form
from chainrule.engine.compiler.rounding import Given, Running


def bounds(
    f: Any, *point: float, dtype: str = "float64", lines: Sequence[Sequence[float]] = ()
) -> list[float]:
    """Return the bounds of a function's results; `lines` are samples of the last arguments."""
    recording = recorded(f, *point)
    program, wanted = normal_form(recording.tape, [e for e in recording.outputs if isinstance(e, int)])
    width = len(lines[0]) if lines else 0
    batched = np.array([k >= len(point) - width for k in range(len(point))], bool)
    given = Given(np.array(point)[~batched], np.array(lines).reshape(len(lines), width), batched, False)
    found: list[float] = Running(program, given, dtype).bounds(wanted)[:, 0].tolist()
    return found


def test_a_product_rounds_alike_on_both_sides() -> None:
    assert bounds(lambda a, b: [a * b, a + b, a - b, sqrt(a)], 0.1, 0.2) == [0.0] * 4


def test_a_product_in_a_sum_is_fused_on_one_side() -> None:
    (found,) = bounds(lambda a, b, c: a * b + c, 0.1, 0.2, 0.3)
    size, value = 0.02, 0.32
    assert found == pytest.approx(2 * UNIT * (size + value), rel=1e-6)


def test_a_sum_of_n_terms_in_another_order_adds_a_rounding_of_all_sizes_each() -> None:
    xs = [0.1, -0.2, 0.3, -0.4]
    (found,) = bounds(lambda *x: total(x), *xs)
    assert found == pytest.approx(3 * 2 * UNIT * sum(map(abs, xs)))


def test_what_is_the_same_on_both_sides_stays_so() -> None:
    def difference(a: Any, b: Any, c: Any) -> Any:
        off = a * b + c
        return [off - off, where(off == off, 1.0, 0.0)]

    assert bounds(difference, 0.1, 0.2, 0.3) == [0.0, 0.0]


def test_an_error_moves_with_the_slope() -> None:
    first, second = bounds(lambda a, b, c: (lambda z: [z, z.tanh()])(a * b + c), 0.1, 0.2, 0.3)
    slope = 1.0 - math.tanh(0.32) ** 2
    assert slope * first < second < slope * first + 8.0 * UNIT


def test_functions_of_vectors_are_off_by_what_they_state() -> None:
    (found,) = bounds(lambda a: exp(a), 1.0)
    assert found == pytest.approx(2.1 * math.ulp(math.e))


CHOICES: list[tuple[Any, float]] = [
    (lambda z: where(z > 0.32, 10.0, 0.0), 10.0),
    (lambda z: where(z > 0.5, 10.0, 0.0), 0.0),
    (lambda z: floor(z * 100.0 / 32.0), 1.0),
    (lambda z: floor(z), 0.0),
]


@pytest.mark.parametrize(("f", "expected"), CHOICES)
def test_what_may_go_either_way_counts_as_the_difference(f: Any, expected: float) -> None:
    assert bounds(lambda a, b, c: f(a * b + c), 0.1, 0.2, 0.3) == [expected]


def test_the_largest_is_off_as_much_as_the_worst_of_its_operands() -> None:
    one, two, both = bounds(
        lambda a, b, c: (lambda y, z: [y, z, maximum(y, z)])(a * b + c, a * c + b * 100.0), 0.1, 0.2, 0.3
    )
    assert both == max(one, two)


def test_beyond_a_pole_nothing_is_certain() -> None:
    assert bounds(lambda a, b, c: 1.0 / (a * b + c), 0.1, 0.2, -0.02) == [math.inf]
    (near,) = bounds(lambda a, b, c: 1.0 / (a * b + c), 0.1, 0.2, 0.3)
    assert 0.0 < near < 1e-14


def test_a_number_that_is_too_large_has_no_bound() -> None:
    assert bounds(lambda a, b, c: a * b + c, 1e200, 1e200, 1.0) == [math.inf]
    (found,) = bounds(lambda a, b: (a * b + 1.0).exp(), math.nan, 1.0)
    assert math.isnan(found)


def test_of_a_choice_by_index_it_is_the_chosen_row_s() -> None:
    f = lambda a, b, c, i: take([a, a * b + c], i)  # noqa: E731
    assert bounds(f, 0.1, 0.2, 0.3, 0.0) == [0.0]
    assert bounds(f, 0.1, 0.2, 0.3, 1.0)[0] > 0.0


def test_single_numbers_are_rounded_when_they_come_in() -> None:
    assert bounds(lambda a: a, 0.5, dtype="float32") == [0.0]
    (found,) = bounds(lambda a: a, 0.1, dtype="float32")
    assert found == abs(0.1 - float(np.float32(0.1)))
    (product,) = bounds(lambda a, b: a * b, 0.5, 0.25, dtype="float32")
    assert 0.0 < product <= 2.0**-23 * 0.125


def test_tiny_products_are_off_by_the_least_there_is() -> None:
    (found,) = bounds(lambda a, b, c: a * b + c, 1e-200, 1e-200, 0.0)
    assert found >= LEAST


def test_samples_are_taken_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [[0.1 * k] for k in range(20)]
    recording = recorded(lambda w, x: w * x + 1.0, 0.3, 0.0, batched=[1])
    wanted = wanted_of(recording, by=[0], batched=[1], reduce="sum")
    program, places = lowered(recording.tape, wanted)
    given = Given(np.array([0.3]), np.array(lines), wanted.batched, False)
    whole = Running(program, given).bounds(places)
    monkeypatch.setattr(rounding, "CELLS", 3 * len(program))
    np.testing.assert_allclose(Running(program, given).bounds(places), whole, rtol=1e-12)
    assert whole.shape == (2, 20)
    assert (whole[0] == whole[0, 0]).all()


def test_a_clipped_number_is_off_no_more_than_it_was() -> None:
    before, after = bounds(lambda a, b, c: (lambda z: [z, clip(z, 0.0, 1.0)])(a * b + c), 0.1, 0.2, 0.3)
    assert after <= 2.0 * before + 8.0 * UNIT


@pytest.mark.parametrize(("c", "expected"), [(0.3, 0.0), (-0.02, 10.0)])
def test_a_sign_that_may_turn_counts_twice_the_number(c: float, expected: float) -> None:
    def signed(a: Any, b: Any, c: Any, size: Any) -> Any:
        near = a * b + c
        return a.recorder.made(COPYSIGN, (size.entry, near.entry))

    assert bounds(signed, 0.1, 0.2, c, 5.0) == [expected]
