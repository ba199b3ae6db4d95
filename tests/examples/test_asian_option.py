"""The Asian option's estimates are those of formulas worked out by hand."""

import math
from pathlib import Path
from xml.etree import ElementTree

import _asian_payoffs
import asian_option
import numpy as np
import pytest
from _asian_payoffs import STRIKE
from asian_option import MARKET, Floats
from scipy.stats import norm

from chainrule.engine import check_gradients, value_and_grad


@pytest.fixture(scope="module")
def kernels() -> asian_option.Kernels:
    """The machine code, made once."""
    return asian_option.Kernels()


def by_hand(market: Floats, shocks: Floats) -> list[float]:
    """Return the mean payoff and its derivatives, worked out by hand for arrays of paths."""
    spot, volatility, rate, years = market
    dates = shocks.shape[1]
    step = years / dates
    t, walk = step * np.arange(1, dates + 1), math.sqrt(step) * np.cumsum(shocks, axis=1)
    prices = spot * np.exp((rate - 0.5 * volatility**2) * t + volatility * walk)
    average, discount = prices.mean(axis=1), math.exp(-rate * years)
    pay, on = discount * np.maximum(average - STRIKE, 0.0), np.where(average > STRIKE, discount, 0.0)
    by_years = prices * ((rate - 0.5 * volatility**2) * t + 0.5 * volatility * walk) / years
    return [
        pay.mean(),
        (on * average / spot).mean(),
        (on * (prices * (walk - volatility * t)).mean(axis=1)).mean(),
        (on * (prices * t).mean(axis=1) - years * pay).mean(),
        (on * by_years.mean(axis=1) - rate * pay).mean(),
    ]


def black_scholes(market: Floats) -> list[float]:
    """Return a European call's price, delta, vega, rho, derivative by years, and gamma."""
    spot, volatility, rate, years = market
    spread, discount = volatility * math.sqrt(years), math.exp(-rate * years)
    high = (math.log(spot / STRIKE) + (rate + 0.5 * volatility**2) * years) / spread
    low = high - spread
    vega = spot * norm.pdf(high) * math.sqrt(years)
    return [
        spot * norm.cdf(high) - STRIKE * discount * norm.cdf(low),
        norm.cdf(high),
        vega,
        STRIKE * years * discount * norm.cdf(low),
        vega * volatility / (2.0 * years) + rate * STRIKE * discount * norm.cdf(low),
        norm.pdf(high) / (spot * spread),
    ]


def test_price_and_greeks_are_those_by_hand(kernels: asian_option.Kernels) -> None:
    shocks = np.random.default_rng(3).standard_normal((500, 12))
    market = np.array([104.0, 0.3, 0.02, 1.5])
    found = asian_option.row(kernels.payoff.value_and_grad(market, shocks))
    np.testing.assert_allclose(found, by_hand(market, shocks), rtol=1e-12)


def test_of_one_date_the_closed_forms_are_black_scholes(kernels: asian_option.Kernels) -> None:
    *first, gamma = black_scholes(MARKET)
    np.testing.assert_allclose(
        asian_option.row(value_and_grad(_asian_payoffs.geometric_price)(MARKET, 1)), first, rtol=1e-13
    )
    shocks = np.zeros((2, 1))  # nothing is left to chance
    np.testing.assert_allclose(
        asian_option.row(kernels.smooth.value_and_grad(MARKET, shocks)), first, rtol=1e-12
    )
    smooth = kernels.gammas["second derivative without the kink"](MARKET, shocks)
    assert smooth == pytest.approx(gamma, rel=1e-12)


def test_the_payoff_without_its_kink_is_the_mean_over_the_first_shock() -> None:
    others, market = [0.3, -1.1], MARKET.tolist()
    firsts, step = np.linspace(-9.0, 9.0, 4001, retstep=True)
    paid = [float(_asian_payoffs.payoff(market, [first, *others])) for first in firsts]
    mean = float(np.array(paid) @ norm.pdf(firsts)) * step
    assert float(_asian_payoffs.smooth_payoff(market, [9.9, *others])) == pytest.approx(mean, abs=1e-5)


def test_the_smooth_payoff_has_the_derivatives_of_its_differences() -> None:
    shocks = [0.0, 0.3, -1.1]
    assert check_gradients(lambda m: _asian_payoffs.smooth_payoff(m, shocks), MARKET).differences < 1e-7


def test_estimates_agree_within_their_errors(kernels: asian_option.Kernels) -> None:
    run = asian_option.simulate(kernels, 50_000, 12, seed=5)
    assert run.paths == 50_000
    for other in (run.controlled, run.smooth):
        apart = np.abs(run.plain.mean - other.mean)
        assert (apart < 4.0 * (run.plain.error + other.error)).all()
    assert (run.controlled.error < 0.25 * run.plain.error).all()
    assert (np.abs(run.geometric.mean - run.exact) < 4.0 * run.geometric.error).all()
    np.testing.assert_allclose(run.differences, run.plain.mean[1:], rtol=1e-3)
    naive, *honest = run.gammas.values()
    assert naive.mean == naive.error == 0.0
    for gamma in honest:
        assert abs(gamma.mean - honest[-1].mean) < 4.0 * (gamma.error + honest[-1].error)
    assert honest[-1].error < 0.5 * min(gamma.error for gamma in honest[:-1])


def test_standard_errors_come_from_the_chunks() -> None:
    estimate = asian_option.Estimate(np.array([[1.0, 0.0], [3.0, 0.0]]))
    assert estimate.mean.tolist() == [2.0, 0.0]
    assert estimate.error.tolist() == [1.0, 0.0]


def test_paths_come_in_chunks_of_bounded_size() -> None:
    sizes = [shocks.shape for shocks in asian_option.drawn(1_010_000, 2, seed=0)]
    assert set(sizes) == {(asian_option.LARGEST, 2)}
    assert len(sizes) == 51
    assert len(list(asian_option.drawn(100, 2, seed=0))) == asian_option.CHUNKS


def test_the_script_prints_and_draws_in_its_short_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asian_option.main(["--short", "--paths", "5000", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "paths a second in machine code" in printed
    assert "with control" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["convergence.svg", "gamma.svg"]
    for path in tmp_path.iterdir():
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
    with pytest.raises(SystemExit):
        asian_option.main(["--paths", "99", "--no-pictures"])
    assert "--paths needs at least 100, for standard errors" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        asian_option.main(["--seed", "-1", "--no-pictures"])
    assert "--seed: needs a whole number of at least 0, got '-1'" in capsys.readouterr().err
