"""What an Asian call pays along one path, in scalars, and what follows from that: see asian_option.py."""

from collections.abc import Callable, Sequence
from typing import Any

from chainrule.engine import exp, grad, log, norm_cdf, relu, sqrt

Payoff = Callable[..., Any]
STRIKE = 100.0


def payoff(market: Sequence[Any], shocks: Sequence[Any]) -> Any:
    """Return the discounted payoff along one path: of the mean price at as many dates as there are shocks.

    market: spot, volatility, rate, years.  shocks: independent standard normal numbers.
    """
    spot, volatility, rate, years = market
    step = years / len(shocks)
    drift, spread = (rate - 0.5 * volatility * volatility) * step, volatility * sqrt(step)
    price, total = spot, 0.0
    for shock in shocks:
        price = price * exp(drift + spread * shock)
        total = total + price
    return exp(-rate * years) * relu(total / len(shocks) - STRIKE)


def smooth_payoff(market: Sequence[Any], shocks: Sequence[Any]) -> Any:
    """Return what `payoff` is expected to be when all shocks but the first are known.

    Every price has the first step as a factor, so the mean price is a first price, which is lognormal, times
    what the others make of it: a European call after one step.
    """
    spot, volatility, rate, years = market
    step = years / len(shocks)
    drift, spread = (rate - 0.5 * volatility * volatility) * step, volatility * sqrt(step)
    growth, total = 1.0, 1.0
    for shock in shocks[1:]:
        growth = growth * exp(drift + spread * shock)
        total = total + growth
    forward = spot * exp(rate * step) * total / len(shocks)
    return exp(-rate * years) * black(forward, spread)


def black(forward: Any, spread: Any) -> Any:
    """Return Black's formula: a call's expected payoff on a lognormal price of this mean.

    spread: the standard deviation of the price's log. Black (1976), without the discount.
    """
    high = log(forward / STRIKE) / spread + 0.5 * spread
    return forward * norm_cdf(high) - STRIKE * norm_cdf(high - spread)


def geometric_payoff(market: Sequence[Any], shocks: Sequence[Any]) -> Any:
    """Return the discounted payoff along one path if it were of the geometric mean of the prices."""
    spot, volatility, rate, years = market
    step = years / len(shocks)
    drift, spread = (rate - 0.5 * volatility * volatility) * step, volatility * sqrt(step)
    height, total = 0.0, 0.0
    for shock in shocks:
        height = height + drift + spread * shock
        total = total + height
    return exp(-rate * years) * relu(spot * exp(total / len(shocks)) - STRIKE)


def geometric_price(market: Sequence[Any], dates: int) -> Any:
    """Return the price of the call on the geometric mean, which is lognormal. Kemna and Vorst (1990)."""
    spot, volatility, rate, years = market
    mean = (rate - 0.5 * volatility * volatility) * years * (dates + 1) / (2 * dates)
    variance = volatility * volatility * years * (dates + 1) * (2 * dates + 1) / (6 * dates * dates)
    return exp(-rate * years) * black(spot * exp(mean + 0.5 * variance), sqrt(variance))


def likelihood_gamma(market: Sequence[Any], shocks: Sequence[Any]) -> Any:
    """Return a number whose mean is gamma: delta along the path, weighed by the density of the first price.

    Glasserman, section 7.3: delta is h / spot for h = discount * mean price where that is above the strike.
    The first price's density by the spot has the score shock / (spot * spread).
    """
    spot, volatility, _, years = market
    spread = volatility * sqrt(years / len(shocks))
    delta = grad(by_spot(payoff, market[1:]))(spot, shocks)
    return delta * (shocks[0] / spread - 1.0) / spot


def by_spot(f: Payoff, others: Sequence[Any]) -> Payoff:
    """Return `f` as a function of the spot and the shocks."""
    return lambda spot, shocks: f([spot, *others], shocks)


def second_by_spot(f: Payoff) -> Payoff:
    """Return the second derivative of `f` by the spot, as a function of market and shocks like `f`."""
    return lambda market, shocks: grad(grad(by_spot(f, market[1:])))(market[0], shocks)
