"""What mpmath makes of each row of the table: the truth that `accuracy.py` measures against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mp, mpf


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
