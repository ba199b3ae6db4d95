"""The fitted rates are those that SciPy finds with its own integrator and differences."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import predator_prey
import pytest
from predator_prey import GUESS, NOISE, TRUE, YEARS
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares

from chainrule.engine import compile

STEPS = 200
Floats = predator_prey.Floats


def integrated(p: Floats) -> Floats:
    """Return the counts of all years, by an integrator of high order that chooses its own steps."""
    a, b, c, d, x, y = np.exp(p)

    def slope(_: float, state: Any) -> list[float]:
        hares, lynxes = state
        return [hares * (a - b * lynxes), lynxes * (d * hares - c)]

    times = np.arange(YEARS + 1.0)
    solved = solve_ivp(slope, (0.0, YEARS), [x, y], "DOP853", times, rtol=1e-10, atol=1e-10)
    return np.asarray(solved.y.T)


@pytest.fixture(scope="module")
def found() -> predator_prey.Fit:
    """The fit of one set of counts."""
    return predator_prey.fit(predator_prey.counted(STEPS, seed=1), STEPS)


def test_the_orbit_is_that_of_an_integrator_of_higher_order() -> None:
    p = np.log(TRUE)
    states = [(float(x), float(y)) for x, y in predator_prey.orbit(p, 1000, 50)]
    np.testing.assert_allclose(states, integrated(p), rtol=1e-7)


def test_the_gradient_is_that_of_differences() -> None:
    logs = predator_prey.counted(STEPS, seed=1)
    kernel = compile(predator_prey.misfit(STEPS))
    p, h = np.log(GUESS), 1e-5
    slopes = [(kernel(p + h * unit, logs) - kernel(p - h * unit, logs)) / (2.0 * h) for unit in np.eye(6)]
    np.testing.assert_allclose(kernel.grad(p, logs), slopes, rtol=1e-6)


def test_least_squares_finds_the_same_rates_and_nearly_the_same_errors(found: predator_prey.Fit) -> None:
    def off(p: Floats) -> Floats:
        return np.asarray((np.log(integrated(p)) - found.logs).ravel() / NOISE)

    other = least_squares(off, found.p + 0.01, x_scale=0.1)
    np.testing.assert_allclose(found.p, other.x, atol=2e-5)  # where their steps of a tenth of a year differ
    assert found.misfits[-1] == pytest.approx(other.cost, rel=1e-4)
    # Gauss and Newton's curvature leaves out the second derivatives of the orbit.
    near = np.sqrt(np.diag(np.linalg.inv(other.jac.T @ other.jac)))
    np.testing.assert_allclose(found.errors, near, rtol=0.25)


def test_the_truth_is_within_the_errors(found: predator_prey.Fit) -> None:
    assert (np.abs(found.p - np.log(TRUE)) < 3.0 * found.errors).all()
    assert found.misfits == sorted(found.misfits, reverse=True)


def test_without_noise_the_rates_come_back() -> None:
    states = [(float(x), float(y)) for x, y in predator_prey.orbit(np.log(TRUE), STEPS, STEPS // YEARS)]
    exact = predator_prey.fit(np.log(states), STEPS)
    np.testing.assert_allclose(np.exp(exact.p), TRUE, rtol=1e-6)


def test_second_derivatives_of_a_quadratic_are_its_matrix() -> None:
    matrix = np.array([[2.0, 0.5], [0.5, 1.0]])
    found = predator_prey.second_derivatives(lambda p: np.asarray(matrix @ p), np.array([1.0, -2.0]))
    np.testing.assert_allclose(found, matrix, rtol=1e-9)


def test_the_script_prints_and_draws_in_its_short_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predator_prey.main(["--short", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "42 counts over 20 years" in printed
    assert "runs of value and gradient" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit.svg", "parameters.svg"]
    for path in tmp_path.iterdir():
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
    with pytest.raises(SystemExit):
        predator_prey.main(["--steps", "30", "--no-pictures"])
    assert "--steps is a multiple of 200, got 30" in capsys.readouterr().err
