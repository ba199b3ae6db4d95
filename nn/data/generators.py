"""Points to learn from, made on the spot: two classes in the plane, and functions with noise.

The classes are -1 and 1, as `hinge` and `plot_decision_boundary` take them; for `log_loss` make them 0
and 1: `[(side + 1) // 2 for side in sides]`.
"""

import math
from collections.abc import Callable
from operator import index
from typing import SupportsIndex

from ..randomness import Seed, generator

Points = tuple[list[list[float]], list[int]]
"""Points of two coordinates each, and the class of each, -1 or 1."""


def moons(n: int, noise: float = 0.1, seed: Seed = None) -> Points:
    """Return `n` points on two interleaved half circles, and which of them each is on, -1 or 1.

    n: at least 2; the first n // 2 are on the upper moon.  noise: the standard deviation that is added
    to both coordinates, zero or more.
    Raises ValueError for fewer points and for noise that is negative or not finite.
    Source: the shape of scikit-learn's make_moons.

    >>> points, sides = moons(4, noise=0.0)
    >>> [[round(x, 2) for x in point] for point in points], sides
    ([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.5], [2.0, 0.5]], [-1, -1, 1, 1])
    """

    def moon(i: int, of: int, on_second: bool) -> tuple[float, float]:
        angle = math.pi * i / max(of - 1, 1)
        x, y = math.cos(angle), math.sin(angle)
        return (1.0 - x, 0.5 - y) if on_second else (x, y)

    return _two_classes("moons", moon, n, noise, seed)


def circles(n: int, noise: float = 0.1, seed: Seed = None, *, factor: float = 0.5) -> Points:
    """Return `n` points on two circles, one in the other, and which each is on: -1 outside, 1 inside.

    n: at least 2; the first n // 2 are on the outer circle, whose radius is 1.  noise: as for `moons`.
    factor: the radius of the inner circle, from 0 up to, not including, 1.
    Raises ValueError as `moons` does, and for other factors.
    Source: the shape of scikit-learn's make_circles.

    >>> points, sides = circles(4, noise=0.0)
    >>> [[round(x, 2) for x in point] for point in points], sides
    ([[1.0, 0.0], [-1.0, 0.0], [0.5, 0.0], [-0.5, 0.0]], [-1, -1, 1, 1])
    """
    if not 0.0 <= factor < 1.0:
        raise ValueError(f"circles needs a factor from 0 to less than 1, got {factor!r}")

    def circle(i: int, of: int, on_second: bool) -> tuple[float, float]:
        angle = 2.0 * math.pi * i / of
        radius = factor if on_second else 1.0
        return radius * math.cos(angle), radius * math.sin(angle)

    return _two_classes("circles", circle, n, noise, seed)


def spirals(n: int, noise: float = 0.05, seed: Seed = None, *, turns: float = 1.5) -> Points:
    """Return `n` points on two spirals, wound into each other, and which each is on, -1 or 1.

    n: at least 2; the first n // 2 are on the first spiral, the other is it turned by half a turn. Both
    go from near the middle to a radius of 1.  noise: as for `moons`.  turns: how often each goes round.
    Raises ValueError as `moons` does, and for turns that are not positive or not finite.
    Source: Lang and Witbrock, Learning to Tell Two Spirals Apart (1988), who have 3 turns.

    >>> points, sides = spirals(4, noise=0.0, turns=1.0)
    >>> [[round(x, 2) for x in point] for point in points], sides
    ([[-0.5, 0.0], [1.0, -0.0], [0.5, -0.0], [-1.0, 0.0]], [-1, -1, 1, 1])
    """
    if not 0.0 < turns < math.inf:
        raise ValueError(f"spirals needs a finite number of turns above 0, got {turns!r}")

    def spiral(i: int, of: int, on_second: bool) -> tuple[float, float]:
        radius = (i + 1) / of
        angle = 2.0 * math.pi * turns * radius + math.pi * on_second
        return radius * math.cos(angle), radius * math.sin(angle)

    return _two_classes("spirals", spiral, n, noise, seed)


def xor(n: int = 4, noise: float = 0.0, seed: Seed = None) -> Points:
    """Return `n` points at the corners (0, 0), (0, 1), (1, 0), (1, 1) in turn, and exclusive or of each.

    The class is 1 where one coordinate is 1 and the other 0, else -1: no straight line parts the two.
    n: at least 1.  noise: as for `moons`.
    Raises ValueError for fewer points and for noise that is negative or not finite.

    >>> xor()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [-1, 1, 1, -1])
    """
    _check("xor", n, noise, least=1)
    rng = generator(seed)
    points, sides = [], []
    for i in range(n):
        x, y = i // 2 % 2, i % 2
        points.append([x + rng.gauss(0.0, noise), y + rng.gauss(0.0, noise)])
        sides.append(1 if x != y else -1)
    return points, sides


def noisy_function(
    f: Callable[[float], float], n: int, low: float, high: float, noise: float = 0.1, seed: Seed = None
) -> tuple[list[list[float]], list[float]]:
    """Return `n` inputs [x] from `low` to `high`, evenly spaced, and f(x) plus noise at each.

    n: at least 2.  noise: the standard deviation of what is added to f(x), zero or more.
    Raises ValueError for fewer points, for noise that is negative or not finite, unless low < high,
    and where f is not finite.

    >>> noisy_function(lambda x: x * x, 3, low=-1.0, high=1.0, noise=0.0)
    ([[-1.0], [0.0], [1.0]], [1.0, 0.0, 1.0])
    """
    _check("noisy_function", n, noise, least=2)
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"noisy_function needs low < high, both finite, got {low!r} and {high!r}")
    rng = generator(seed)
    inputs, targets = [], []
    for i in range(n):
        x = low + (high - low) * i / (n - 1)
        y = float(f(x))
        if not math.isfinite(y):
            raise ValueError(f"noisy_function needs a function that is finite, got f({x!r}) = {y!r}")
        inputs.append([x])
        targets.append(y + rng.gauss(0.0, noise))
    return inputs, targets


def sine(n: int, noise: float = 0.1, seed: Seed = None) -> tuple[list[list[float]], list[float]]:
    """Return `n` inputs [x] from -π to π, evenly spaced, and sin(x) plus noise at each.

    Arguments and errors as for `noisy_function`.

    >>> inputs, targets = sine(3, noise=0.0)
    >>> [round(x, 2) for [x] in inputs], [round(y, 2) for y in targets]
    ([-3.14, 0.0, 3.14], [-0.0, 0.0, 0.0])
    """
    _check("sine", n, noise, least=2)
    return noisy_function(math.sin, n, -math.pi, math.pi, noise, seed)


def _two_classes(
    name: str,
    place: Callable[[int, int, bool], tuple[float, float]],
    n: int,
    noise: float,
    seed: Seed,
) -> Points:
    """Return n // 2 points of the first shape, then the rest on the second.

    place: where point i of so many on the first or second shape is, before noise.
    """
    _check(name, n, noise, least=2)
    rng = generator(seed)
    first = n // 2
    points, sides = [], []
    for i in range(n):
        on_second = i >= first
        x, y = place(i - first * on_second, n - first if on_second else first, on_second)
        points.append([x + rng.gauss(0.0, noise), y + rng.gauss(0.0, noise)])
        sides.append(1 if on_second else -1)
    return points, sides


def _check(name: str, n: object, noise: float, least: int) -> None:
    if not isinstance(n, SupportsIndex) or isinstance(n, bool):
        raise TypeError(f"{name} needs a whole number of points, got {n!r}")
    if index(n) < least:
        raise ValueError(f"{name} needs at least {least} point{'s' * (least > 1)}, got {n}")
    if not 0.0 <= noise < math.inf:
        raise ValueError(f"{name} needs finite noise of zero or more, got {noise!r}")
