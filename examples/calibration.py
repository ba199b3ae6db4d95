"""A smile of implied volatilities, calibrated with exact first and second derivatives.

    volatility(k)² · years = a + b (r (k - m) + √((k - m)² + s²))      k: log of strike over forward

These are the five numbers of "stochastic volatility inspired" (Gatheral, The Volatility Surface, 2006). b and
s are positive and r is between -1 and 1, so what is searched for is log b, log s and atanh r. `error` is
written for one quote; `compile(error, ...)` and `compile(hessian(error), ...)` average it, and its second
derivatives, over all of them, and go into SciPy's minimisers as they are: `fun`, `jac=True`, `hess=`. The
quotes are synthetic, made of the numbers in `TRUE` without noise, so what should be found is known. `python
examples/calibration.py` counts from 20 starts how many steps each minimiser takes, and how long, with
derivatives from machine code, from Values, and by differences, and writes

    smile.svg  the quotes, a start, and what was found
    steps.svg  the error by steps: with second derivatives the digits double at the end
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _pictures import GREY, ROSE, STYLES, names, picture, spaced
from _show import count, heading, parser, say, say_pictures, seed, table
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from chainrule.engine import compile, exp, hessian, sqrt, square, tanh, value_and_grad

Floats = NDArray[np.float64]
Numbers = Sequence[Any] | Floats
TRUE: Floats = np.array([0.02, np.log(0.18), np.arctanh(-0.6), 0.05, np.log(0.15)])
START: Floats = np.array([0.04, np.log(0.1), 0.0, 0.0, np.log(0.1)])
NAMES = ["a", "b", "r", "m", "s"]
YEARS, QUOTES, STARTS = 1.0, 25, 20
LOGS = np.array(spaced(-0.5, 0.4, QUOTES))
"""Logs of the quotes' strikes over the forward."""
FOUND = 1e-6
"""Where every number is as near as that to the true one, a search has found it."""


def volatility(p: Numbers, k: Any) -> Any:
    """Return the implied volatility at the strike forward · e^k; p: a, log b, atanh r, m, log s."""
    a, log_b, atanh_r, m, log_s = p
    x, s = k - m, exp(log_s)
    variance = a + exp(log_b) * (tanh(atanh_r) * x + sqrt(x * x + s * s))
    return sqrt(variance / YEARS)


def error(p: Numbers, k: Any, quote: Any) -> Any:
    """Return the square of what a quote is missed by, in hundredths."""
    return square(100.0 * (volatility(p, k) - quote))


def mean_error(p: Numbers, logs: Numbers, quotes: Numbers) -> Any:
    """Return the mean error of all quotes."""
    return sum(error(p, k, quote) for k, quote in zip(logs, quotes, strict=True)) / len(quotes)


def shown(p: Floats) -> Floats:
    """Return a, b, r, m and s."""
    return np.array([p[0], np.exp(p[1]), np.tanh(p[2]), p[3], np.exp(p[4])])


def quoted() -> Floats:
    """Return the quotes: the volatilities of the true numbers."""
    return np.array([float(volatility(TRUE, k)) for k in LOGS])


def starts(number: int, seed: int) -> Floats:
    """Return START, and others around it, a line each."""
    wide = np.array([0.01, 0.5, 0.5, 0.1, 0.5])
    around = START + wide * np.random.default_rng(seed).uniform(-1.0, 1.0, (number, 5))
    around[0] = START
    return around


@dataclass
class Way:
    """A minimiser, and where its derivatives come from."""

    name: str
    method: str
    fun: Callable[..., Any]
    jac: bool | None = True
    hess: Callable[..., Any] | None = None

    def search(self, start: Floats, quotes: Floats, steps: list[float] | None = None) -> OptimizeResult:
        """Return what is found from a start; the error after each step goes into `steps`."""
        options = {"gtol": 1e-8 if self.jac else 1e-6, "maxiter": 500}

        def look(intermediate_result: OptimizeResult) -> None:
            if steps is not None:
                steps.append(float(intermediate_result.fun))

        return minimize(
            self.fun, start, (LOGS, quotes), self.method, self.jac, self.hess, callback=look, options=options
        )


def ways() -> list[Way]:
    """Return all ways that are compared."""
    over = {"batch": ("k", "quote"), "reduce": "mean"}
    kernel: Any = compile(error, **over)  # type: ignore[call-overload]
    second: Any = compile(hessian(error), argnums=(), **over)  # type: ignore[call-overload]
    for made in (kernel.value_and_grad, second):
        made(START, LOGS, quoted())  # compiled now, so that it is not timed below
    return [
        Way("trust-exact, gradient and Hessian compiled", "trust-exact", kernel.value_and_grad, hess=second),
        Way("trust-ncg, gradient and Hessian compiled", "trust-ncg", kernel.value_and_grad, hess=second),
        Way("BFGS, gradient compiled", "BFGS", kernel.value_and_grad),
        Way("BFGS, value compiled, differences", "BFGS", kernel, jac=None),
        Way(
            "trust-exact, both on Values", "trust-exact", value_and_grad(mean_error), hess=hessian(mean_error)
        ),
        Way("BFGS, gradient on Values", "BFGS", value_and_grad(mean_error)),
    ]


@dataclass
class Score:
    """How a way did, from all starts."""

    way: Way
    found: int
    steps: float
    off: float
    milliseconds: float
    """Steps, how far numbers are off at most, and time: medians."""


def score(way: Way, at: Floats, quotes: Floats) -> Score:
    """Return how a way does from these starts."""
    found, steps, seconds = [], [], []
    for start in at:
        began = time.perf_counter()
        result = way.search(start, quotes)
        seconds.append(time.perf_counter() - began)
        steps.append(result.nit)
        found.append(float(np.abs(shown(result.x) - shown(TRUE)).max()))
    right = sum(off < FOUND for off in found)
    middle = statistics.median
    return Score(way, right, middle(steps), middle(found), 1e3 * middle(seconds))


def draw_smile(result: OptimizeResult, quotes: Floats, path: Path) -> None:
    """Draw quotes, start and what was found."""
    ks = spaced(-0.6, 0.5)
    with picture(path, "A smile of implied volatilities") as (panel,):
        for p, name, colour, dashes in ((START, "start", GREY, ":"), (result.x, "found", STYLES[0][0], "-")):
            heights = [100.0 * float(volatility(p, k)) for k in ks]
            panel.plot(ks, heights, color=colour, linestyle=dashes, label=name)
        panel.plot(LOGS, 100.0 * quotes, "o", color=ROSE, markersize=4, label="quotes")
        names(panel, "log of strike over forward", "volatility a year, %", "", "upper right")


def draw_steps(compared: Sequence[Way], quotes: Floats, path: Path) -> None:
    """Draw the error by steps, from START."""
    with picture(path, "The mean squared error by steps") as (panel,):
        for way, (colour, dashes) in zip(compared, STYLES, strict=False):
            steps = [float(mean_error(START, LOGS, quotes))]
            way.search(START, quotes, steps)
            panel.semilogy(np.maximum(steps, 1e-30), color=colour, linestyle=dashes, label=way.name,
                           marker=".")  # fmt: skip
        panel.set_ylim(1e-31, 1e12)
        names(panel, "step", "hundredths², logarithmic")
        panel.legend(loc="upper center", ncols=2, fontsize=8)


def main(argv: Sequence[str] | None = None) -> list[Score]:
    """Calibrate, print and draw; return how all ways did."""
    options = parser("calibration", "Calibrate a smile with exact second derivatives.")
    options.add_argument("--starts", type=count, help=f"how many ({STARTS})")
    options.add_argument("--seed", type=seed, default=0, help="of the starts (%(default)s)")
    options.add_argument("--short", action="store_true", help="3 starts")
    given = options.parse_args(argv)
    at = starts(given.starts or (3 if given.short else STARTS), given.seed)

    heading(f"{QUOTES} quotes, 5 numbers, {len(at)} starts")
    quotes, compared = quoted(), ways()
    result = compared[0].search(START, quotes)
    table(
        ["", "true", "start", "found", "off"],
        [
            (name, true, start, found, f"{abs(found - true):.1e}")
            for name, true, start, found in zip(
                NAMES, *(shown(p).tolist() for p in (TRUE, START, result.x)), strict=True
            )
        ],
    )
    say(f"From the first start, {compared[0].name}: {result.nit} steps, {result.nhev} Hessians.")
    scores = [score(way, at, quotes) for way in compared]
    table(
        ["medians", "found", "steps", "ms", "off by"],
        [
            (s.way.name, f"{s.found}/{len(at)}", s.steps, f"{s.milliseconds:.1f}", f"{s.off:.0e}")
            for s in scores
        ],
    )
    curvature = np.linalg.eigvalsh(compared[0].hess(TRUE, LOGS, quotes))  # type: ignore[misc]
    say(
        f"""Found means that a, b, r, m and s are all within {FOUND:g}. At the minimum the error is
        {curvature[-1] / curvature[0]:,.0f} times as curved one way as another: trust-exact, which solves for
        each step with the whole Hessian, takes the fewest; trust-ncg solves roughly and takes more;
        differences of the error are too coarse. Where BFGS did not find them, its first steps, which know
        nothing of curvature, led to where the variance is below zero and the error nan. With numbers so few
        and derivatives so cheap most of the time is SciPy's own, so fewer steps need not be less time."""
    )
    if given.out is not None:
        draw_smile(result, quotes, given.out / "smile.svg")
        draw_steps(compared[:4], quotes, given.out / "steps.svg")
        say_pictures(given.out, "smile", "steps")
    return scores


if __name__ == "__main__":
    main()
