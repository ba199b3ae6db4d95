"""The calibrated smile is the one the quotes were made of, and its derivatives are those of differences."""

from pathlib import Path
from xml.etree import ElementTree

import calibration
import numpy as np
import pytest
from calibration import LOGS, START, TRUE, Floats


@pytest.fixture(scope="module")
def compared() -> list[calibration.Way]:
    """All ways, compiled once."""
    return calibration.ways()


def by_hand(p: Floats) -> float:
    """Return the mean error of all quotes, in NumPy, written apart from the example."""

    def volatilities(a: float, b: float, r: float, m: float, s: float) -> Floats:
        return np.sqrt(a + b * (r * (LOGS - m) + np.hypot(LOGS - m, s)))

    a, b, r, m, s = p
    found = volatilities(a, np.exp(b), np.tanh(r), m, np.exp(s))
    return float(np.mean((100.0 * (found - volatilities(0.02, 0.18, -0.6, 0.05, 0.15))) ** 2))


def test_value_gradient_and_hessian_are_those_by_hand_and_by_differences(
    compared: list[calibration.Way],
) -> None:
    exact = compared[0]
    quotes, h = calibration.quoted(), 1e-5
    value, gradient = exact.fun(START, LOGS, quotes)
    assert value == pytest.approx(by_hand(START), rel=1e-12)
    steps = h * np.eye(5)
    slopes = [(by_hand(START + step) - by_hand(START - step)) / (2.0 * h) for step in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-5)
    assert exact.hess is not None
    second = exact.hess(START, LOGS, quotes)
    rows = [
        (exact.fun(START + step, LOGS, quotes)[1] - exact.fun(START - step, LOGS, quotes)[1]) / (2.0 * h)
        for step in steps
    ]
    np.testing.assert_allclose(second, rows, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(second, second.T, rtol=1e-10, atol=1e-9)


def test_at_the_minimum_the_hessian_is_that_of_gauss_and_newton(compared: list[calibration.Way]) -> None:
    h, hess = 1e-6, compared[0].hess
    assert hess is not None

    def volatilities(p: Floats) -> Floats:
        return np.array([float(calibration.volatility(p, k)) for k in LOGS])

    slopes = np.array([(volatilities(TRUE + u) - volatilities(TRUE - u)) / (2.0 * h) for u in h * np.eye(5)])
    wanted = 2.0 * 100.0**2 * slopes @ slopes.T / len(LOGS)
    np.testing.assert_allclose(hess(TRUE, LOGS, calibration.quoted()), wanted, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("place", [0, 1, 2, 4])
def test_exact_derivatives_recover_every_number(place: int, compared: list[calibration.Way]) -> None:
    found = compared[place].search(START, calibration.quoted())
    np.testing.assert_allclose(calibration.shown(found.x), [0.02, 0.18, -0.6, 0.05, 0.15], rtol=0, atol=1e-6)


def test_the_hessian_saves_steps_and_values_take_the_same_ones(compared: list[calibration.Way]) -> None:
    exact, _, bfgs, _, on_values, _ = (way.search(START, calibration.quoted()).nit for way in compared)
    assert exact == on_values
    assert exact < 0.6 * bfgs


def test_starts_begin_with_the_first_and_repeat() -> None:
    at = calibration.starts(4, seed=3)
    assert at.shape == (4, 5)
    assert at[0].tolist() == START.tolist()
    assert at.tolist() == calibration.starts(4, seed=3).tolist()


def test_the_script_prints_and_draws_in_its_short_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = calibration.main(["--starts", "1", "--out", str(tmp_path)])
    assert [score.found for score in scores] == [1, 1, 1, 0, 1, 1]
    printed = capsys.readouterr().out
    assert "trust-exact, gradient and Hessian compiled" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["smile.svg", "steps.svg"]
    for path in tmp_path.iterdir():
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
