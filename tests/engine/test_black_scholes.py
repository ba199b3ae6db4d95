"""A European call: every first and second derivative of its price against the closed form.

Black, Scholes, JPE 81 (1973), with a dividend yield after Merton (1973). The closed forms of the Greeks are
the textbook's (Haug, The Complete Guide to Option Pricing Formulas, 2007, chapter 2), worked out in fifty
digits. Signs here are plain derivatives by the arguments: theta and charm by time to maturity.
"""

from collections.abc import Callable
from typing import Any

import mpmath
import pytest

from chainrule.engine import Value, exp, grad, hessian, hvp, jacobian, log, norm_cdf, sqrt, value_and_grad

NAMES = ("spot", "strike", "vol", "time", "rate", "dividend")
CALLS = {
    "at the money": {"spot": 100.0, "strike": 100.0, "vol": 0.2, "time": 1.0, "rate": 0.05, "dividend": 0.02},
    "in the money": {"spot": 120.0, "strike": 95.0, "vol": 0.35, "time": 0.5, "rate": 0.01, "dividend": 0.0},
    "out of it": {"spot": 80.0, "strike": 110.0, "vol": 0.25, "time": 2.0, "rate": 0.03, "dividend": 0.04},
    "a falling rate": {
        "spot": 50.0,
        "strike": 52.0,
        "vol": 0.6,
        "time": 0.25,
        "rate": -0.01,
        "dividend": 0.03,
    },
}


def price(spot: Any, strike: Any, vol: Any, time: Any, rate: Any, dividend: Any) -> Any:
    """Return the price of a European call."""
    spread = vol * sqrt(time)
    d1 = (log(spot / strike) + (rate - dividend + 0.5 * vol**2) * time) / spread
    d2 = d1 - spread
    return spot * exp(-dividend * time) * norm_cdf(d1) - strike * exp(-rate * time) * norm_cdf(d2)


def closed_forms(call: dict[str, float]) -> tuple[float, dict[str, float], dict[tuple[str, str], float]]:
    """Return price, Greeks of the first order, and of the second by pairs of arguments."""
    with mpmath.workdps(50):
        S, K, v, T, r, q = (mpmath.mpf(call[name]) for name in NAMES)
        root = mpmath.sqrt(T)
        d1 = (mpmath.log(S / K) + (r - q + v * v / 2) * T) / (v * root)
        d2 = d1 - v * root
        asset, bond = S * mpmath.exp(-q * T), K * mpmath.exp(-r * T)  # discounted
        N1, N2, n1 = mpmath.ncdf(d1), mpmath.ncdf(d2), mpmath.npdf(d1)
        vega = asset * n1 * root
        # How d1 and d2 move with time, for everything by time: theta, charm, veta and their like.
        d1_T = (r - q + v * v / 2) / (v * root) - d1 / (2 * T)
        d2_T = d1_T - v / (2 * root)
        first = {
            "spot": asset / S * N1,  # delta
            "strike": -bond / K * N2,  # dual delta
            "vol": vega,
            "time": vega * v / (2 * T) + r * bond * N2 - q * asset * N1,  # minus theta
            "rate": T * bond * N2,  # rho
            "dividend": -T * asset * N1,  # epsilon
        }
        gamma = asset / S * n1 / (S * v * root)
        second = {
            ("spot", "spot"): gamma,
            ("spot", "strike"): -gamma * S / K,
            ("spot", "vol"): -asset / S * n1 * d2 / v,  # vanna
            ("spot", "time"): asset / S * (n1 * d1_T - q * N1),  # minus charm
            ("spot", "rate"): asset / S * n1 * root / v,
            ("spot", "dividend"): -T * asset / S * N1 - asset / S * n1 * root / v,
            ("strike", "strike"): gamma * S * S / (K * K),  # dual gamma
            ("strike", "vol"): vega / K * d1 / (v * root),
            ("strike", "time"): bond / K * (r * N2 - mpmath.npdf(d2) * d2_T),
            ("strike", "rate"): T * bond / K * N2 - bond / K * mpmath.npdf(d2) * root / v,
            ("strike", "dividend"): bond / K * mpmath.npdf(d2) * root / v,
            ("vol", "vol"): vega * d1 * d2 / v,  # volga
            ("vol", "time"): vega * (1 / (2 * T) - q - d1 * d1_T),  # veta
            ("vol", "rate"): -vega * d1 * root / v,
            ("vol", "dividend"): -T * vega + vega * d1 * root / v,
            ("rate", "rate"): -T * T * bond * N2 + T * bond * mpmath.npdf(d2) * root / v,
            ("rate", "dividend"): -T * bond * mpmath.npdf(d2) * root / v,
            ("dividend", "dividend"): T * T * asset * N1 + T * asset * n1 * root / v,
            ("time", "rate"): bond * (N2 - r * T * N2 + T * mpmath.npdf(d2) * d2_T),
            ("time", "dividend"): -asset * (N1 - q * T * N1 + T * n1 * d1_T),
            # d/dT of vega v / 2T, plus that of the two carries
            ("time", "time"): vega * v / (2 * T) * (-1 / (2 * T) - q - d1 * d1_T)
            + r * bond * (mpmath.npdf(d2) * d2_T - r * N2)
            - q * asset * (n1 * d1_T - q * N1),
        }
        value = asset * N1 - bond * N2
    both_ways = {**second, **{(b, a): x for (a, b), x in second.items()}}
    return float(value), {k: float(x) for k, x in first.items()}, {k: float(x) for k, x in both_ways.items()}


def close(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=0.0)


every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


@every_call
def test_price_and_first_order_greeks_equal_the_closed_forms(call: dict[str, float]) -> None:
    value, first, _ = closed_forms(call)
    found = grad(price)(**call)
    assert list(found) == list(call)
    assert found == close(first)
    assert value_and_grad(price)(**call) == (close(value), found)


@every_call
def test_second_order_greeks_equal_the_closed_forms(call: dict[str, float]) -> None:
    _, _, second = closed_forms(call)
    found = hessian(price)(**call)
    assert {(a, b): found[a][b] for a in found for b in found[a]} == close(second)
    assert len(second) == 36


@every_call
def test_other_ways_give_the_same_second_order_greeks(call: dict[str, float]) -> None:
    _, _, second = closed_forms(call)
    by_rate = {name: second["rate", name] for name in NAMES}
    assert grad(lambda **call: grad(price)(**call)["rate"])(**call) == close(by_rate)
    forward: Callable[..., Any] = jacobian(grad(price), mode="forward")
    assert forward(**call)["rate"] == close(by_rate)
    unit = {name: float(name == "rate") for name in call}
    assert hvp(lambda call: price(**call), call, unit) == close(by_rate)


def test_greeks_by_backward_with_a_recorded_pass() -> None:
    call = CALLS["at the money"]
    _, first, second = closed_forms(call)
    values = {name: Value(number, label=name) for name, number in call.items()}
    price(**values).backward(create_graph=True)
    gradients: dict[str, Any] = {name: value.grad for name, value in values.items()}
    assert {name: gradient.data for name, gradient in gradients.items()} == close(first)
    for value in values.values():
        value.grad = 0.0
    gradients["vol"].backward()
    assert {name: value.grad for name, value in values.items()} == close(
        {name: second["vol", name] for name in NAMES}
    )


def test_only_what_is_asked_for_by_position() -> None:
    call = CALLS["out of it"]
    _, first, second = closed_forms(call)
    arguments = tuple(call[name] for name in NAMES)
    assert grad(price)(*arguments) == close(first["spot"])
    assert grad(price, argnums=(2, -1))(*arguments) == close((first["vol"], first["dividend"]))
    assert hessian(price, argnums=0)(*arguments) == close(second["spot", "spot"])
    assert grad(grad(price), argnums=2)(*arguments) == close(second["spot", "vol"])
