"""Hares and lynxes: the equations of Lotka and Volterra, fitted to noisy counts by an exact gradient.

    dx/dt = x (a - b y)        dy/dt = y (d x - c)        x: thousands of hares, y: of lynxes

`orbit` takes 1,000 steps of Runge and Kutta's method over 20 years, in a plain loop over scalars. `misfit`
compares it with a count each year. `compile` makes machine code of that and of its gradient by all four rates
and both first counts, and SciPy's BFGS follows it down. The counts are synthetic: the orbit of the rates in
`TRUE`, with noise of a stated seed. (The Hudson Bay Company's furs are the classic example; those numbers do
not come with this package.) How far the rates may be off comes from the second derivatives at the
minimum, by differences of the exact gradient. `python examples/predator_prey.py` prints all that, and writes

    fit.svg         counts, the orbit they were made of, the fitted one, and 60 drawn from its errors
    parameters.svg  each rate and first count with its error, as a share of the true one
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _pictures import GREY, STYLES, names, picture
from _show import count, heading, parser, say, say_pictures, seed, table
from numpy.typing import NDArray
from scipy.optimize import minimize

from chainrule.engine import compile, exp, log, square

Floats = NDArray[np.float64]
State = tuple[Any, Any]
YEARS, STEPS, NOISE = 20, 1000, 0.1
"""Years after the first count, steps in all, and the standard deviation of the log of a count."""
NAMES = ["a: hares are born", "b: hares are eaten", "c: lynxes die", "d: lynxes are born", "first hares",
         "first lynxes"]  # fmt: skip
TRUE = np.array([0.55, 0.028, 0.84, 0.026, 33.0, 6.0])
GUESS = np.array([0.5, 0.02, 0.7, 0.02, 25.0, 8.0])
"""Where the search starts. From a = c = 1, b = d = 0.05 it ends in another, much worse minimum."""


def orbit(p: Sequence[Any], steps: int, kept: int) -> list[State]:
    """Return the state at the beginning and after every `kept` steps of so many in all; p: logs of NAMES."""
    a, b, c, d, x, y = map(exp, p)
    h = YEARS / steps

    def slope(x: Any, y: Any) -> State:
        return x * (a - b * y), y * (d * x - c)

    states = [(x, y)]
    for step in range(1, steps + 1):
        x1, y1 = slope(x, y)
        x2, y2 = slope(x + 0.5 * h * x1, y + 0.5 * h * y1)
        x3, y3 = slope(x + 0.5 * h * x2, y + 0.5 * h * y2)
        x4, y4 = slope(x + h * x3, y + h * y3)
        x = x + h / 6.0 * (x1 + 2.0 * x2 + 2.0 * x3 + x4)
        y = y + h / 6.0 * (y1 + 2.0 * y2 + 2.0 * y3 + y4)
        if step % kept == 0:
            states.append((x, y))
    return states


def misfit(steps: int) -> Callable[[Sequence[Any], Sequence[Sequence[float]]], Any]:
    """Return what is to be made small: minus the log of the counts' probability, but for a constant."""

    def of(p: Sequence[Any], logs: Sequence[Sequence[float]]) -> Any:
        states = orbit(p, steps, steps // YEARS)
        off = [square(log(x) - u) + square(log(y) - v) for (x, y), (u, v) in zip(states, logs, strict=True)]
        return sum(off) / (2.0 * NOISE * NOISE)

    return of


def counted(steps: int, seed: int) -> Floats:
    """Return the logs of the counts, a line a year: of the true orbit, and noise."""
    states = [(float(x), float(y)) for x, y in orbit(np.log(TRUE), steps, steps // YEARS)]
    return np.asarray(np.log(states), np.float64) + NOISE * np.random.default_rng(seed).standard_normal(
        (YEARS + 1, 2)
    )


@dataclass
class Fit:
    """What the search found."""

    logs: Floats
    """Of the counts, a line a year."""
    p: Floats
    """The logs of rates and first counts."""
    covariance: Floats
    """Of these, the inverse of the second derivatives of the misfit."""
    misfits: list[float]
    """Before the search, and after each of its steps."""
    runs: int
    """How often value and gradient were computed, and the seconds that took with all else SciPy does."""
    seconds: float

    @property
    def errors(self) -> Floats:
        """The standard errors of `p`: relative errors of rates and first counts."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))


def second_derivatives(gradient: Callable[[Floats], Floats], at: Floats, h: float = 1e-5) -> Floats:
    """Return the Jacobian of a gradient by central differences, made symmetric."""
    rows = [(gradient(at + h * unit) - gradient(at - h * unit)) / (2.0 * h) for unit in np.eye(len(at))]
    return np.asarray(0.5 * (np.array(rows) + np.array(rows).T))


def fit(logs: Floats, steps: int) -> Fit:
    """Return rates and first counts that make the misfit least, near GUESS."""
    kernel = compile(misfit(steps))
    start = np.log(GUESS)
    misfits = [kernel.value_and_grad(start, logs)[0]]  # compiled here
    started = time.perf_counter()
    found = minimize(
        kernel.value_and_grad,
        start,
        args=(logs,),
        jac=True,
        method="BFGS",
        options={"gtol": 1e-4},
        callback=lambda intermediate_result: misfits.append(float(intermediate_result.fun)),
    )
    seconds = time.perf_counter() - started
    if not found.success:
        raise RuntimeError(f"the search ended without a minimum: {found.message}")
    curvature = second_derivatives(lambda p: np.asarray(kernel.grad(p, logs)), found.x)
    covariance = np.asarray(np.linalg.inv(curvature), np.float64)
    return Fit(logs, found.x, covariance, misfits, found.nfev, seconds)


def draw_fit(found: Fit, steps: int, path: Path, others: int = 60) -> None:
    """Draw counts and orbits over time, and in the plane of hares and lynxes."""
    kept = steps // 200
    drawn = np.random.default_rng(0).multivariate_normal(found.p, found.covariance, others)
    lines = np.array([np.log(TRUE), found.p, *drawn])
    orbits = np.array(compile(lambda p: orbit(p, steps, kept), argnums=(), batch="p")(lines))
    years = np.linspace(0.0, YEARS, orbits.shape[0])
    counts = np.exp(found.logs)
    with picture(path, "Hares and lynxes, counted and computed", 1, 2, (13.0, 5.0)) as panels:
        for animal, (name, (colour, _)) in enumerate(zip(("hares", "lynxes"), STYLES, strict=False)):
            panels[0].plot(years, orbits[:, animal, 2:], color=colour, alpha=0.06)
            panels[0].plot(years, orbits[:, animal, 1], color=colour, label=f"{name}, fitted",
                           linestyle=STYLES[animal][1])  # fmt: skip
            panels[0].plot(years, orbits[:, animal, 0], color=GREY, linestyle=":",
                           label="as the counts were made" if animal else "")  # fmt: skip
            panels[0].plot(range(YEARS + 1), counts[:, animal], "os"[animal], color=colour, markersize=4,
                           label=f"{name}, counted")  # fmt: skip
        panels[0].set_ylim(0.0, 1.35 * counts.max())
        panels[0].set_xticks(range(0, YEARS + 1, 4))
        names(panels[0], "year", "thousands", "over the years")
        panels[0].legend(loc="upper center", ncols=3, fontsize=8)
        panels[1].plot(orbits[:, 0, 2:], orbits[:, 1, 2:], color=GREY, alpha=0.06)
        panels[1].plot(orbits[:, 0, 1], orbits[:, 1, 1], color=STYLES[2][0], label="fitted")
        panels[1].plot(orbits[:, 0, 0], orbits[:, 1, 0], color=GREY, linestyle=":", label="as made")
        panels[1].plot(counts[:, 0], counts[:, 1], "o", color=STYLES[4][0], markersize=4, label="counted")
        names(panels[1], "thousands of hares", "thousands of lynxes", "round and round", "upper right")


def draw_parameters(found: Fit, path: Path) -> None:
    """Draw rates and first counts as shares of the true ones."""
    with picture(path, "What was found, as a share of the true number, ± 2 standard errors") as (panel,):
        shares = np.exp(found.p) / TRUE
        reach = np.abs(np.exp([-2.0 * found.errors, 2.0 * found.errors]) - 1.0) * shares
        panel.errorbar(shares, range(len(NAMES)), xerr=reach, fmt="o", color=STYLES[0][0], capsize=3)
        panel.axvline(1.0, color=GREY, linestyle=":")
        panel.set_yticks(range(len(NAMES)), NAMES)
        panel.invert_yaxis()
        names(panel, "found / true", "")


def main(argv: Sequence[str] | None = None) -> Fit:
    """Fit, print and draw; return what was found."""
    options = parser("predator_prey", "Fit the equations of Lotka and Volterra to synthetic counts.")
    options.add_argument("--steps", type=count, help=f"of the orbit, a multiple of 200 ({STEPS})")
    options.add_argument("--seed", type=seed, default=1, help="of the noise (%(default)s)")
    options.add_argument("--short", action="store_true", help="200 steps")
    given = options.parse_args(argv)
    steps = given.steps or (200 if given.short else STEPS)
    if steps % 200:
        options.error(f"--steps is a multiple of 200, got {steps}")

    heading(f"{2 * (YEARS + 1)} counts over {YEARS} years, with noise of {NOISE:.0%}; {steps:,} steps")
    found = fit(counted(steps, given.seed), steps)
    shown = sorted({*range(0, len(found.misfits), 4), len(found.misfits) - 1})
    table(["step of BFGS", "misfit"], [(step, found.misfits[step]) for step in shown])
    expected = YEARS + 1 - len(NAMES) / 2
    low, high = np.exp(found.p - 2.0 * found.errors), np.exp(found.p + 2.0 * found.errors)
    table(
        ["", "guess", "found", "from", "to", "true"],
        [
            (name, *(float(f"{column[i]:.4g}") for column in (GUESS, np.exp(found.p), low, high, TRUE)))
            for i, name in enumerate(NAMES)
        ],
    )
    say(
        f"""From and to are two standard errors away. Of {2 * (YEARS + 1)} counts and {len(NAMES)} numbers the
        misfit should be {expected:g}, give or take {expected**0.5:.0f}: half of a chi-square."""
    )
    say(
        f"""{found.runs} runs of value and gradient, with SciPy's own work, took {1e3 * found.seconds:.1f} ms:
        {1e3 * found.seconds / found.runs:.2f} ms each."""
    )
    if given.out is not None:
        draw_fit(found, steps, given.out / "fit.svg")
        draw_parameters(found, given.out / "parameters.svg")
        say_pictures(given.out, "fit", "parameters")
    return found


if __name__ == "__main__":
    main()
