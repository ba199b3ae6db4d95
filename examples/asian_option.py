"""The price of an Asian call and its Greeks, from 1,000,000 paths of a program for one path.

The call pays what the mean price at so many dates is above the strike: `payoff`, in _asian_payoffs.py, is a
loop over one path. `compile(payoff, batch="shocks", reduce="mean")` makes machine code of it and of its
derivatives by everything the market says, averaged over paths. Random numbers are inputs, drawn by NumPy a
chunk at a time.

Gamma, the second derivative by the spot, does not come that way. A path's payoff is two straight lines in the
spot: its second derivative is 0 on both, and all of gamma sits in the kink between them. So the kink is
removed first: given all shocks but the first, the call is a European one, whose expected payoff is Black's
formula (conditional Monte Carlo; Glasserman, Monte Carlo Methods in Financial Engineering, 2003, chapters 4
and 7). Two other ways, which spread wider, are there to compare. `python examples/asian_option.py` prints
price, Greeks and standard errors (`--dates 252` for daily dates), and writes

    convergence.svg  price and delta by the number of paths, with and without a control
    gamma.svg        gamma by the spot, four ways, one of them wrong
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _asian_payoffs import (
    STRIKE,
    Payoff,
    geometric_payoff,
    geometric_price,
    likelihood_gamma,
    payoff,
    second_by_spot,
    smooth_payoff,
)
from _pictures import GREY, STYLES, names, picture
from _show import count, heading, parser, say, say_pictures, seed, table
from numpy.typing import NDArray

from chainrule.engine import compile, value_and_grad

Floats = NDArray[np.float64]
MARKET = np.array([100.0, 0.2, 0.05, 1.0])
"""Spot, volatility a year, rate a year, years to the last date."""
NAMES = ["price", "delta", "vega", "rho", "by years (−theta)"]
PATHS, DATES = 1_000_000, 12
CHUNKS, LARGEST = 50, 20_000
"""How many chunks at least (standard errors come from their spread), and how many paths each has at most."""
BUMP = 1.0
"""How far the spot is moved either way for a difference of deltas: nearer is noisier, further more wrong."""


def on_average(f: Payoff, argnums: int | tuple[()] = 0) -> Any:
    """Return `f` as machine code that averages it over paths, in as many threads as there are processors."""
    return compile(f, argnums=argnums, batch="shocks", reduce="mean", threads="auto")


@dataclass
class Estimate:
    """Means over chunks of paths, a line for each chunk: of one number or of several."""

    chunks: Floats

    @property
    def mean(self) -> Floats:
        """The means over all chunks."""
        return np.asarray(self.chunks.mean(axis=0))

    @property
    def error(self) -> Floats:
        """The standard errors of the means, from how far the chunks are apart."""
        return np.asarray(self.chunks.std(axis=0, ddof=1) / math.sqrt(len(self.chunks)))


class Kernels:
    """The machine code of all that is estimated."""

    def __init__(self) -> None:
        self.payoff = on_average(payoff)
        self.geometric = on_average(geometric_payoff)
        self.smooth = on_average(smooth_payoff)
        self.gammas = {
            "second derivative of the payoff": on_average(second_by_spot(payoff), ()),
            f"difference of deltas, ± {BUMP:g}": self.bumped,
            "likelihood ratio": on_average(likelihood_gamma, ()),
            "second derivative without the kink": on_average(second_by_spot(smooth_payoff), ()),
        }

    def bumped(self, market: Floats, shocks: Floats) -> float:
        """Return the slope of delta by a central difference."""
        up, down = (self.payoff.grad(moved(market, 0, h), shocks)[0] for h in (BUMP, -BUMP))
        return float(up - down) / (2.0 * BUMP)

    def differences(self, market: Floats, shocks: Floats) -> list[float]:
        """Return the derivatives of the mean payoff by central differences, over the same shocks."""
        found = []
        for place, at in enumerate(market):
            h = 1e-4 * at
            up, down = (self.payoff(moved(market, place, step), shocks) for step in (h, -h))
            found.append((up - down) / (2.0 * h))
        return found


def moved(market: Floats, place: int, by: float) -> Floats:
    """Return the market with one of its numbers changed."""
    result = market.copy()
    result[place] += by
    return result


def drawn(paths: int, dates: int, seed: int) -> Iterator[Floats]:
    """Yield shocks for so many paths, or a few more to fill the last chunk; a chunk at a time."""
    size = min(LARGEST, max(1, paths // CHUNKS))
    rng = np.random.default_rng(seed)
    for _ in range(math.ceil(paths / size)):
        yield rng.standard_normal((size, dates))


def row(answer: tuple[float, Sequence[float]]) -> list[float]:
    """Return a value and its gradient in one row."""
    return [answer[0], *answer[1]]


@dataclass
class Run:
    """All estimates, from the same paths."""

    paths: int
    plain: Estimate
    geometric: Estimate
    exact: Floats
    """The geometric mean's price and derivatives in closed form."""
    smooth: Estimate
    gammas: dict[str, Estimate]
    differences: Floats
    drawing: float
    running: float
    """Seconds that drawing shocks took, and price and derivatives by `payoff`."""

    @property
    def controlled(self) -> Estimate:
        """What the arithmetic mean pays beyond the geometric one, and the latter in closed form."""
        return Estimate(self.plain.chunks - self.geometric.chunks + self.exact)


def simulate(kernels: Kernels, paths: int, dates: int, seed: int, market: Floats = MARKET) -> Run:
    """Return the run of so many paths."""
    plain, geometric, smooth, differences = [], [], [], []
    gammas: dict[str, list[float]] = {name: [] for name in kernels.gammas}
    drawing = running = 0.0
    kernels.payoff.value_and_grad(market, np.zeros((2, dates)))  # what is compiled now is not timed
    shocks_of = drawn(paths, dates, seed)
    while True:
        started = time.perf_counter()
        shocks = next(shocks_of, None)
        if shocks is None:
            break
        drawing += time.perf_counter() - started
        started = time.perf_counter()
        plain.append(row(kernels.payoff.value_and_grad(market, shocks)))
        running += time.perf_counter() - started
        geometric.append(row(kernels.geometric.value_and_grad(market, shocks)))
        smooth.append(row(kernels.smooth.value_and_grad(market, shocks)))
        differences.append(kernels.differences(market, shocks))
        for name, gamma in kernels.gammas.items():
            gammas[name].append(gamma(market, shocks))
    return Run(
        paths=len(plain) * min(LARGEST, max(1, paths // CHUNKS)),
        plain=Estimate(np.array(plain)),
        geometric=Estimate(np.array(geometric)),
        exact=np.array(row(value_and_grad(geometric_price)(market, dates))),
        smooth=Estimate(np.array(smooth)),
        gammas={name: Estimate(np.array(found)) for name, found in gammas.items()},
        differences=np.array(differences).mean(axis=0),
        drawing=drawing,
        running=running,
    )


# -- pictures -----------------------------------------------------------------------------------------


def draw_convergence(run: Run, path: Path) -> None:
    """Draw price and delta of the first chunks, for more and more of them, two standard errors either way."""
    with picture(path, "More paths, or a control", 1, 2, (11.0, 4.5)) as panels:
        for place, panel in enumerate(panels):
            for name, estimate, (colour, dashes) in (
                ("the payoff alone", run.plain, STYLES[1]),
                ("with the geometric mean as control", run.controlled, STYLES[0]),
            ):
                chunks = estimate.chunks[:, place]
                so_far = [Estimate(chunks[:n]) for n in range(5, len(chunks) + 1)]
                paths = np.arange(5, len(chunks) + 1) * (run.paths // len(chunks))
                means = np.array([estimate.mean for estimate in so_far])
                errors = np.array([estimate.error for estimate in so_far])
                panel.plot(paths, means, color=colour, linestyle=dashes, label=name)
                panel.fill_between(paths, means - 2 * errors, means + 2 * errors, color=colour, alpha=0.2)
            panel.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
            panel.locator_params("x", nbins=5)
            names(
                panel,
                "paths",
                NAMES[place],
                f"{NAMES[place]}, ± 2 standard errors",
                "best" if place == 0 else "",
            )


def draw_gamma(kernels: Kernels, paths: int, dates: int, seed: int, path: Path) -> None:
    """Draw gamma by the spot, each way with two standard errors either way, all from the same paths."""
    spots = np.linspace(70.0, 140.0, 29)
    chunks = list(drawn(paths, dates, seed))
    with picture(path, f"Gamma, {paths:,} paths, ± 2 standard errors", 2, 2, (11.0, 7.0)) as panels:
        truth: list[float] = []
        for panel, (name, gamma) in zip(panels, reversed(kernels.gammas.items()), strict=True):
            found = [
                Estimate(np.array([gamma(moved(MARKET, 0, spot - MARKET[0]), shocks) for shocks in chunks]))
                for spot in spots
            ]
            means = [float(estimate.mean) for estimate in found]
            truth = truth or means
            panel.plot(spots, truth, color=GREY, linestyle=":", label="without the kink")
            panel.errorbar(spots, means, [2.0 * float(estimate.error) for estimate in found], fmt="o",
                           color=STYLES[0][0], markersize=3, capsize=2)  # fmt: skip
            panel.set_ylim(-0.005, 0.04)
            names(panel, "spot", "gamma", name)
        panels[1].legend(loc="upper right")
        panels[3].text(97.0, 0.004, "0 on every path:\nall of gamma is in the kink", ha="center")


def main(argv: Sequence[str] | None = None) -> Run:
    """Simulate, print and draw; return the run."""
    options = parser("asian_option", "Price an Asian call and its Greeks by Monte Carlo.")
    options.add_argument("--paths", type=count, help=f"how many ({PATHS:,})")
    options.add_argument(
        "--dates", type=count, default=DATES, help="dates of the mean: 12, or 252 (%(default)s)"
    )
    options.add_argument("--seed", type=seed, default=0, help="of the shocks (%(default)s)")
    options.add_argument("--short", action="store_true", help="50,000 paths")
    given = options.parse_args(argv)
    paths = given.paths or (50_000 if given.short else PATHS)
    if paths < 2 * CHUNKS:
        options.error(f"--paths needs at least {2 * CHUNKS}, for standard errors")

    kernels = Kernels()
    run = simulate(kernels, paths, given.dates, given.seed)
    heading(f"An Asian call: {run.paths:,} paths of {given.dates} dates, strike {STRIKE:g}")
    controlled = run.controlled
    columns = (
        run.plain.mean,
        run.plain.error,
        controlled.mean,
        controlled.error,
        run.smooth.mean,
        run.smooth.error,
    )
    table(
        ["", "payoff", "± error", "with control", "± error ", "without kink", "± error  "],
        [(name, *(f"{column[i]:.5f}" for column in columns)) for i, name in enumerate(NAMES)],
    )
    say(
        """Errors are standard errors. The control is the call on the geometric mean, whose price has a closed
        form: what the same paths say of it is taken away, and the closed form put in its place, for the price
        and for each derivative."""
    )
    off = np.abs(run.geometric.mean - run.exact) / run.geometric.error
    table(
        ["geometric mean", "paths", "closed form", "standard errors apart"],
        [
            (name, f"{run.geometric.mean[i]:.5f}", f"{run.exact[i]:.5f}", f"{off[i]:.1f}")
            for i, name in enumerate(NAMES)
        ],
    )
    apart = np.abs(run.differences - run.plain.mean[1:])
    table(
        ["Greek", "chain rule", "differences", "apart"],
        [(name, f"{run.plain.mean[i + 1]:.6f}", f"{run.differences[i]:.6f}", f"{apart[i]:.1e}")
         for i, name in enumerate(NAMES[1:])],
    )  # fmt: skip
    say(
        """Differences are central ones of the mean payoff over the same paths, by 1/10,000 either way; most
        of what is left between the two comes from paths whose mean price crosses the strike in between."""
    )
    table(
        ["gamma", "mean", "± error"],
        [
            (name, f"{float(gamma.mean):.6f}", f"{float(gamma.error):.6f}")
            for name, gamma in run.gammas.items()
        ],
    )
    say(
        """The first is right on every path, and wrong for the mean: a payoff of straight lines has no
        curvature beside its kink. The difference of deltas is off by what gamma bends within the bump, too.
        The more dates, the
        smaller the first shock, on which the last two rest, and the wider they spread."""
    )
    both = run.drawing + run.running
    say(
        f"""Price and four derivatives: {run.paths / run.running:,.0f} paths a second in machine code,
        {run.paths / both:,.0f} with NumPy's drawing of the shocks."""
    )
    if given.out is not None:
        draw_convergence(run, given.out / "convergence.svg")
        draw_gamma(kernels, min(paths, 100_000), given.dates, given.seed, given.out / "gamma.svg")
        say_pictures(given.out, "convergence", "gamma")
    return run


if __name__ == "__main__":
    main()
