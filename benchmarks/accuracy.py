"""How far each row of the table is from the truth: `python benchmarks/accuracy.py`.

Every row's value and every partial is compared with mpmath at 50 digits, at random points and at the
edges of its domain, and the worst error is printed in units in the last place (ulp) of the exact result.
A row states its bound in its `bound` column, 4 ulp where it says nothing. Exits with 1 where an error is
larger and where a row has no reference here.

    python benchmarks/accuracy.py --points 10000 --row tanh --row erf
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass
from typing import Any

import mpmath
from _accuracy_points import Point, points_of
from _accuracy_references import REFERENCES, ZERO
from mpmath import mpf

from chainrule.engine import TABLE, Primitive

DIGITS = 50
UNSTATED = 4.0


@dataclass
class Worst:
    """The largest error of a row's value, or of one of its partials, and where it is."""

    ulps: float = 0.0
    point: Point = ()

    def note(self, ulps: float, point: Point) -> None:
        """Take the error at `point` into account."""
        if not ulps <= self.ulps:
            self.ulps, self.point = ulps, point


def error_in_ulps(got: float, exact: Any, scale: Any = ZERO) -> float:
    """Return how far `got` is from `exact`, in ulp of exact or of the larger `scale`."""
    nearest = _to_float(exact)
    if got == nearest:
        return 0.0
    if math.isnan(got) or math.isinf(nearest) or math.isinf(got):
        largest = mpf(sys.float_info.max)
        if math.isinf(got) and abs(exact) > largest * (1 - mpf(2) ** -50) and got * exact > 0:
            return 1.0  # the exact result lies within the last 4 ulp before overflow
        if math.isinf(nearest) and abs(got) > float(largest * (1 - mpf(2) ** -50)) and got * exact > 0:
            return 1.0
        return math.inf
    unit = math.ulp(max(abs(nearest), min(_to_float(scale), sys.float_info.max)))
    return float(abs(mpf(got) - exact) / mpf(unit))


def _to_float(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def measure(row: Primitive, count: int) -> tuple[Worst, Worst, int]:
    """Return the worst error of the value and of the partials, and at how many points it was measured."""
    reference = REFERENCES[row.name]
    of_value, of_partials, seen = Worst(), Worst(), 0
    with mpmath.workdps(DIGITS):
        for point in points_of(row, count):
            exact = [mpf(x) for x in point]
            try:
                with mpmath.workdps(_digits(row, point)):
                    value, partials = reference.value(*exact), reference.partials(*exact)
            except (ZeroDivisionError, ValueError, OverflowError):
                continue  # a pole: the row's edges say what comes there
            if mpmath.isnan(value) or mpmath.isinf(value) or isinstance(value, mpmath.mpc):
                continue
            seen += 1
            out, got = row.linearize(*point)
            operands = (tuple(exact),) if row.variadic else exact
            scales = (
                reference.scale(*operands, value, partials) if reference.scale else (ZERO,) * (1 + len(got))
            )
            of_value.note(error_in_ulps(out, value, scales[0]), point)
            for mine, partial, scale in zip(got, partials, scales[1:], strict=True):
                if partial is not None and mpmath.isfinite(partial):
                    of_partials.note(error_in_ulps(mine, partial, scale), point)
    return of_value, of_partials, seen


def _digits(row: Primitive, point: Point) -> int:
    """Return enough digits for sums of operands of such different sizes to be exact, and for their roots."""
    sizes = [math.log10(abs(x)) for x in point if x != 0.0]
    if row.arity == 1 and row.name in ("lgamma", "digamma", "mod", "sin", "cos", "tan"):
        sizes.append(0.0)  # where x stands beside a multiple of pi, or of 1
    return DIGITS + (2 * int(max(sizes) - min(sizes)) if len(sizes) > 1 else 0)


def bound_of(row: Primitive) -> float:
    """Return the number of ulp that the row states: its `bound` begins with it."""
    return float(row.bound.split()[0]) if row.bound else UNSTATED


def main() -> int:
    """Measure the rows asked for; return 1 where one is worse than it says or cannot be measured."""
    parser = argparse.ArgumentParser(description="How far each row of the table is from the truth.")
    parser.add_argument(
        "--points", type=int, default=11_000, help="random points a row (11000; those at poles are left out)"
    )
    parser.add_argument("--row", action="append", choices=list(TABLE), help="only this row; may be repeated")
    chosen = parser.parse_args()
    failed = []
    print(f"{'row':12}{'points':>7}{'value':>8}{'partials':>10}  {'worst at':44}  states")
    for name in chosen.row or TABLE:
        row = TABLE[name]
        if name not in REFERENCES:
            print(f"{name:12}no reference in _accuracy_references.py: not measured")
            failed.append(name)
            continue
        begun = time.perf_counter()
        of_value, of_partials, seen = measure(row, chosen.points)
        worst = max(of_value, of_partials, key=lambda found: found.ulps)
        where = ", ".join(map(repr, worst.point))
        where = where if len(where) <= 44 else where[:43] + "…"
        exceeded = not worst.ulps <= bound_of(row)
        failed += [name] * exceeded
        print(
            f"{name:12}{seen:7}{of_value.ulps:8.2f}{of_partials.ulps:10.2f}  {where:44}  "
            f"{row.bound or '4 ulp'}{'  EXCEEDED' * exceeded}  ({time.perf_counter() - begun:.1f} s)",
            flush=True,
        )
    if failed:
        print(f"failed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
