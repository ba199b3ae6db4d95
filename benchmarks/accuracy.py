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
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import mpmath
from mpmath import mp, mpf

from chainrule.engine import TABLE, Primitive

Point = tuple[float, ...]
DIGITS = 50
UNSTATED = 4.0


@dataclass(frozen=True)
class Reference:
    """What mpmath makes of a row."""

    value: Callable[..., Any]
    partials: Callable[..., tuple[Any, ...]]
    """By formulas of their own, not by differences: None where the row promises nothing (nan, inf)."""
    scale: Callable[..., Any] | None = None
    """Called with the operands and the exact results: what ulps are counted in where that is larger."""


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x)) if x > 0 else mp.exp(x) / (1 + mp.exp(x))


def _phi(x: Any) -> Any:
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _Phi(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _sech2(x: Any) -> Any:
    e = mp.exp(-2 * abs(x))
    return 4 * e / (1 + e) ** 2


def _logistic_slope(x: Any) -> Any:
    e = mp.exp(-abs(x))
    return e / (1 + e) ** 2


def _pow_partials(x: Any, y: Any) -> tuple[Any, Any]:
    by_base = mpf(0) if y == 0 else y * _pow(x, y - 1)
    return by_base, _pow(x, y) * mp.log(x) if x > 0 else None


def _pow(x: Any, y: Any) -> Any:
    return mpf(x) ** int(y) if y == int(y) and abs(y) < 10**6 else mpf(x) ** y


def _logsumexp(xs: tuple[Any, ...]) -> Any:
    largest = max(xs)
    place = xs.index(largest)
    return largest + mp.log1p(mp.fsum([mp.exp(x - largest) for i, x in enumerate(xs) if i != place]))


def _shares(xs: tuple[Any, ...]) -> tuple[Any, ...]:
    powers = [mp.exp(x - max(xs)) for x in xs]
    return tuple([power / mp.fsum(powers) for power in powers])


def _others(xs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple([mp.fprod(xs[:i] + xs[i + 1 :]) for i in range(len(xs))])


def _mean(xs: tuple[Any, ...]) -> Any:
    return mp.fsum(xs) / len(xs)


def _variance_partials(xs: tuple[Any, ...]) -> tuple[Any, ...]:
    *xs, y = xs  # type: ignore[assignment]
    center = _mean(xs)
    by_y = -mp.fsum([(x - center) ** 2 for x in xs]) / y**2
    return (*[2 * (x - center) / y for x in xs], by_y)


def _horner(coefficients: tuple[Any, ...], x: Any) -> Any:
    out = mp.mpf(0)
    for coefficient in coefficients:
        out = out * x + coefficient
    return out


def _polyval_partials(xs: tuple[Any, ...]) -> tuple[Any, ...]:
    x, *coefficients = xs
    n = len(coefficients) - 1
    slope = mp.fsum([(n - i) * c * x ** (n - i - 1) for i, c in enumerate(coefficients[:-1])])
    return (slope, *[x ** (n - i) for i in range(n + 1)])


def _polyval_scale(xs: tuple[Any, ...], out: Any, partials: tuple[Any, ...]) -> tuple[Any, ...]:
    x, *coefficients = xs
    n = len(coefficients) - 1
    sizes = [abs(c * x ** (n - i)) for i, c in enumerate(coefficients)]
    slopes = [(n - i) * abs(c * x ** (n - i - 1)) for i, c in enumerate(coefficients[:-1])]
    return (mp.fsum(sizes), mp.fsum(slopes), *[mpf(0)] * (n + 1))


def _reflected(function: Callable[[Any], Any]) -> Callable[..., tuple[Any, Any]]:
    """Where x < 0, count the value's ulps in those of the function at 1 - x, and the partial's likewise."""

    def scale(x: Any, out: Any, partials: Any) -> tuple[Any, Any]:
        return (max(mpf(1), abs(function(1 - x))) if x < 0 else mpf(0)), mpf(0)

    return scale


def _psi(n: Any, x: Any) -> Any:
    return mp.psi(int(n), x)


def _terms(xs: tuple[Any, ...], out: Any, partials: tuple[Any, ...]) -> tuple[Any, ...]:
    return (mp.fsum(map(abs, xs)), *[mpf(0)] * len(xs))


def _products(xs: tuple[Any, ...]) -> list[Any]:
    n = len(xs) // 2
    return [x * y for x, y in zip(xs[:n], xs[n : 2 * n], strict=True)] + list(xs[2 * n :])


def _at_least_one(*operands: Any) -> tuple[Any, ...]:
    partials = operands[-1]
    return (mpf(1), *[mpf(0)] * len(partials))


def _sizes(xs: tuple[Any, ...], out: Any, partials: tuple[Any, ...]) -> tuple[Any, ...]:
    return (max([mpf(1), *map(abs, xs)]), *[mpf(0)] * len(xs))


def _digamma(x: Any) -> Any:
    if x <= 0 and x == mp.floor(x):
        raise ValueError("a pole")
    return (
        mp.psi(0, x) if x > -50 else mp.psi(0, 1 - x) - mp.pi * mp.cot(mp.pi * x)
    )  # mpmath would take hours


def _trigamma(x: Any) -> Any:
    if x <= 0 and x == mp.floor(x):
        raise ValueError("a pole")
    return mp.psi(1, x) if x > -50 else (mp.pi / mp.sin(mp.pi * x)) ** 2 - mp.psi(1, 1 - x)


R = Reference
ZERO = mpf(0)
ONE = mpf(1)
REFERENCES: dict[str, Reference] = {
    "add": R(lambda x, y: x + y, lambda x, y: (ONE, ONE)),
    "sub": R(lambda x, y: x - y, lambda x, y: (ONE, -ONE)),
    "neg": R(lambda x: -x, lambda x: (-ONE,)),
    "mul": R(lambda x, y: x * y, lambda x, y: (y, x)),
    "div": R(lambda x, y: x / y, lambda x, y: (1 / y, -x / y**2)),
    "mod": R(lambda x, y: x - mp.floor(x / y) * y, lambda x, y: (ONE, -mp.floor(x / y))),
    "floordiv": R(lambda x, y: mp.floor(x / y), lambda x, y: (ZERO, ZERO)),
    "square": R(lambda x: x * x, lambda x: (2 * x,)),
    "reciprocal": R(lambda x: 1 / x, lambda x: (-1 / x**2,)),
    "pow": R(_pow, _pow_partials),
    "exp": R(mp.exp, lambda x: (mp.exp(x),)),
    "exp2": R(lambda x: mpf(2) ** x, lambda x: (mpf(2) ** x * mp.log(2),)),
    "expm1": R(mp.expm1, lambda x: (mp.exp(x),)),
    "log": R(mp.log, lambda x: (1 / x,)),
    "log2": R(lambda x: mp.log(x) / mp.log(2), lambda x: (1 / (x * mp.log(2)),)),
    "log10": R(mp.log10, lambda x: (1 / (x * mp.log(10)),)),
    "log1p": R(mp.log1p, lambda x: (1 / (1 + x),)),
    "sqrt": R(mp.sqrt, lambda x: (1 / (2 * mp.sqrt(x)),)),
    "cbrt": R(lambda x: mp.sign(x) * mp.cbrt(abs(x)), lambda x: (1 / (3 * mp.cbrt(abs(x)) ** 2),)),
    "sin": R(mp.sin, lambda x: (mp.cos(x),)),
    "cos": R(mp.cos, lambda x: (-mp.sin(x),)),
    "tan": R(mp.tan, lambda x: (mp.sec(x) ** 2,)),
    "arcsin": R(mp.asin, lambda x: (1 / mp.sqrt((1 - x) * (1 + x)),)),
    "arccos": R(mp.acos, lambda x: (-1 / mp.sqrt((1 - x) * (1 + x)),)),
    "arctan": R(mp.atan, lambda x: (1 / (1 + x * x),)),
    "arctan2": R(mp.atan2, lambda x, y: (y / (x * x + y * y), -x / (x * x + y * y))),
    "sinh": R(mp.sinh, lambda x: (mp.cosh(x),)),
    "cosh": R(mp.cosh, lambda x: (mp.sinh(x),)),
    "tanh": R(mp.tanh, lambda x: (_sech2(x),)),
    "arcsinh": R(mp.asinh, lambda x: (1 / mp.sqrt(1 + x * x),)),
    "arccosh": R(mp.acosh, lambda x: (1 / mp.sqrt((x - 1) * (x + 1)),)),
    "arctanh": R(mp.atanh, lambda x: (1 / ((1 - x) * (1 + x)),)),
    "floor": R(mp.floor, lambda x: (ZERO,)),
    "ceil": R(mp.ceil, lambda x: (ZERO,)),
    "trunc": R(lambda x: mp.sign(x) * mp.floor(abs(x)), lambda x: (ZERO,)),
    "round": R(mp.nint, lambda x: (ZERO,)),
    "sign": R(mp.sign, lambda x: (ZERO,)),
    "erf": R(mp.erf, lambda x: (2 / mp.sqrt(mp.pi) * mp.exp(-x * x),)),
    "erfc": R(mp.erfc, lambda x: (-2 / mp.sqrt(mp.pi) * mp.exp(-x * x),)),
    "norm_pdf": R(_phi, lambda x: (-x * _phi(x),)),
    "norm_cdf": R(_Phi, lambda x: (_phi(x),)),
    "lgamma": R(
        lambda x: mp.re(mp.loggamma(x)),
        lambda x: (_digamma(x),),
        lambda x, out, partials: (
            *_reflected(lambda x: mp.loggamma(x))(x, out, partials)[:1],
            *_reflected(_digamma)(x, out, partials)[:1],
        ),
    ),
    "digamma": R(_digamma, lambda x: (_trigamma(x),), _reflected(_digamma)),
    "polygamma": R(
        _psi,
        lambda n, x: (ZERO, _psi(n + 1, x)),
        lambda n, x, out, partials: (
            abs(_psi(n, 1 - x)) if x < 0 else ZERO,
            ZERO,
            abs(_psi(n + 1, 1 - x)) if x < 0 else ZERO,
        ),
    ),
    "sigmoid": R(_sigmoid, lambda x: (_logistic_slope(x),)),
    "softplus": R(lambda x: mp.log1p(mp.exp(-abs(x))) + max(x, ZERO), lambda x: (_sigmoid(x),)),
    "relu": R(lambda x: max(x, ZERO), lambda x: (ONE if x > 0 else ZERO,)),
    "leaky_relu": R(lambda x, y: x if x > 0 else y * x, lambda x, y: (ONE, ZERO) if x > 0 else (y, x)),
    "elu": R(
        lambda x, y: x if x > 0 else y * mp.expm1(x),
        lambda x, y: (ONE, ZERO) if x > 0 else (y * mp.exp(x), mp.expm1(x)),
    ),
    "silu": R(
        lambda x: x * _sigmoid(x),
        lambda x: (_sigmoid(x) * (1 + x * _sigmoid(-x)),),
        lambda x, out, partials: (ZERO, _sigmoid(x) * (1 + abs(x) * _sigmoid(-x))),
    ),
    "gelu": R(
        lambda x: x * _Phi(x),
        lambda x: (_Phi(x) + x * _phi(x),),
        lambda x, out, partials: (ZERO, _Phi(x) + abs(x) * _phi(x)),
    ),
    "softsign": R(lambda x: x / (1 + abs(x)), lambda x: (1 / (1 + abs(x)) ** 2,)),
    "abs": R(abs, lambda x: (mp.sign(x),)),
    "maximum": R(max, lambda x, y: ((1 + mp.sign(x - y)) / 2, (1 + mp.sign(y - x)) / 2)),
    "minimum": R(min, lambda x, y: ((1 + mp.sign(y - x)) / 2, (1 + mp.sign(x - y)) / 2)),
    "clip": R(
        lambda x, y, z: min(max(x, y), z),
        lambda x, y, z: (
            (ZERO, ZERO, ONE) if max(x, y) > z else (ZERO, ONE, ZERO) if x < y else (ONE, ZERO, ZERO)
        ),
    ),
    "where": R(
        lambda x, y, z: y if x else z,
        lambda x, y, z: (ZERO, ONE, ZERO) if x else (ZERO, ZERO, ONE),
    ),
    "total": R(lambda *xs: mp.fsum(xs), lambda *xs: (ONE,) * len(xs), _terms),
    "fsum": R(lambda *xs: mp.fsum(xs), lambda *xs: (ONE,) * len(xs)),
    "dot": R(
        lambda *xs: mp.fsum(_products(xs)),
        lambda *xs: (*xs[len(xs) // 2 : len(xs) & ~1], *xs[: len(xs) // 2], *[ONE] * (len(xs) % 2)),
        lambda xs, out, partials: (mp.fsum(map(abs, _products(xs))), *[ZERO] * len(xs)),
    ),
    "prod": R(lambda *xs: mp.fprod(xs), lambda *xs: _others(xs)),
    "hypot": R(
        lambda *xs: mp.sqrt(mp.fsum([x * x for x in xs])),
        lambda *xs: tuple([x / mp.sqrt(mp.fsum([x * x for x in xs])) if x else ZERO for x in xs]),
    ),
    "mean": R(lambda *xs: _mean(xs), lambda *xs: (ONE / len(xs),) * len(xs)),
    "variance": R(
        lambda *xs: mp.fsum([(x - _mean(xs[:-1])) ** 2 for x in xs[:-1]]) / xs[-1],
        lambda *xs: _variance_partials(xs),
        lambda xs, out, partials: (ZERO, *[max(map(abs, partials[:-1]))] * (len(xs) - 1), ZERO),
    ),
    "logaddexp": R(
        lambda x, y: _logsumexp((x, y)), lambda x, y: (_sigmoid(x - y), _sigmoid(y - x)), _at_least_one
    ),
    "logsumexp": R(lambda *xs: _logsumexp(xs), lambda *xs: _shares(xs), _sizes),
    "polyval": R(lambda x, *cs: _horner(cs, x), lambda *xs: _polyval_partials(xs), _polyval_scale),
}
"""By the name of the row. A row that is not here is reported, and the command fails."""


# -- points -------------------------------------------------------------------------------------------

EDGES = (
    0.0, 5e-324, 1e-310, 2.2250738585072014e-308, 1e-300, 1e-160, 1e-20, 1e-9, 0.25, 0.5, 0.6, 1.0 - 2.0**-53,
    1.0, 1.0 + 2.0**-52, 1.5, 2.0, 2.5, 3.0, 10.0, 36.0, 37.5, 40.0, 700.0, 709.7, 710.0, 745.0, 746.0, 1e9,
    1e16, 1e100, 1e154, 1e155, 1e300, 1.7976931348623157e308,
)  # fmt: skip


def _anywhere(rng: random.Random) -> float:
    """Return a number: of any magnitude, or moderate, or near 0 or 1, or where exponentials end."""
    kind = rng.randrange(8)
    sign: float = rng.choice((-1.0, 1.0))
    if kind == 0:
        return sign * math.pow(10.0, rng.uniform(-323.5, 308.2))
    if kind == 1:
        return sign * math.pow(10.0, rng.uniform(-20.0, 3.0))
    if kind == 2:
        return sign * (1.0 + rng.choice((-1.0, 1.0)) * math.pow(10.0, rng.uniform(-16.0, 0.0)))
    if kind == 3:
        return sign * rng.uniform(0.0, 750.0)
    if kind == 4:
        return sign * rng.uniform(0.0, 40.0)
    if kind == 5:
        return sign * rng.choice(EDGES)
    return rng.uniform(-5.0, 5.0) if kind == 6 else rng.uniform(-1.0, 1.0)


def _within(rng: random.Random, bounds: Point) -> float:
    least, largest = bounds
    while True:
        x = _anywhere(rng)
        if least <= x <= largest:
            return x
        if least <= -x <= largest:
            return -x
        if math.isfinite(largest - least):
            return min(max(least + (largest - least) * rng.random(), least), largest)


def points_of(row: Primitive, count: int) -> Iterator[Point]:
    """Yield `count` points of the row's domain, always the same; first its own and the edges."""
    rng = random.Random(f"{row.name} 1")
    domain = row.domain or ((-math.inf, math.inf),)
    yield from (point for point in row.points if point)
    if row.arity == 1:
        least, largest = domain[0]
        for edge in EDGES:
            for x in (edge, -edge, 1.0 - edge, edge - 1.0):
                if least <= x <= largest and math.isfinite(x):
                    yield (x,)
    for _ in range(count):
        yield tuple([x + 0.0 for x in _point(row, domain, rng)])  # mpmath has no -0.0


def _point(row: Primitive, domain: tuple[Point, ...], rng: random.Random) -> Point:
    """Return a point, half of the time with operands of like size, where roundings meet."""
    many = rng.randint(max(2, min(map(len, row.points))), 7) if row.variadic else row.arity
    if row.name in SPECIAL:
        return SPECIAL[row.name](rng, many)
    bounds = [domain[min(i, len(domain) - 1)] for i in range(many)]
    point = [_within(rng, pair) for pair in bounds]
    if many > 1 and rng.random() < 0.5:
        size = rng.choice((1e-300, 1e-5, 1.0, 1.0, 30.0, 1e150, 1e300))
        point = [size * rng.uniform(-1.0, 1.0) for _ in bounds]
        inside = all(low <= x <= high for x, (low, high) in zip(point, bounds, strict=True))
        point = point if inside else [_within(rng, pair) for pair in bounds]
    return tuple(point)


def _order_and_number(rng: random.Random, many: int) -> Point:
    return float(rng.randint(0, 8)), rng.choice((rng.uniform(-20.0, 20.0), abs(_anywhere(rng))))


def _moderate(rng: random.Random, many: int) -> Point:
    return tuple([rng.choice((-1, 1)) * 10.0 ** rng.uniform(-20.0, 20.0) for _ in range(many)])


def _numbers_and_divisor(rng: random.Random, many: int) -> Point:
    shift, size = rng.choice((0.0, 1.0, 1e6)), 10.0 ** rng.uniform(-3.0, 3.0)
    return (*[shift + size * rng.uniform(-1.0, 1.0) for _ in range(many)], float(many - rng.randint(0, 1)))


def _base_and_exponent(rng: random.Random, many: int) -> Point:
    x = _anywhere(rng)
    y = float(rng.randint(-6, 6)) if x < 0.0 or rng.random() < 0.3 else _anywhere(rng)
    return x, max(-1e19, min(y, 1e19))


SPECIAL: dict[str, Callable[[random.Random, int], Point]] = {
    "polygamma": _order_and_number,
    "prod": _moderate,
    "dot": _moderate,
    "polyval": lambda rng, many: (
        _moderate(rng, min(many, 7))
        if rng.random() < 0.5
        else tuple([rng.uniform(-3.0, 3.0) for _ in range(many)])
    ),
    "variance": _numbers_and_divisor,
    "pow": _base_and_exponent,
}
"""Rows whose operands mean different things, or that promise less for numbers of any size."""


# -- measuring ----------------------------------------------------------------------------------------


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
            print(f"{name:12}no reference in this file: not measured")
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
