"""Where `accuracy.py` measures: random points and the edges of each row's domain."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

from chainrule.engine import Primitive

Point = tuple[float, ...]

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
