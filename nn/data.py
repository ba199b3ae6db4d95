"""Small helpers around data: standardise, split, and the two moons."""

import math
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from ..engine import Number
from .randomness import Seed, generator

Input = TypeVar("Input")
Target = TypeVar("Target")


class Split(NamedTuple, Generic[Input, Target]):
    """Two parts of a data set: one to learn from and one held out."""

    train_inputs: list[Input]
    train_targets: list[Target]
    test_inputs: list[Input]
    test_targets: list[Target]


def split(
    inputs: Sequence[Input], targets: Sequence[Target], test_share: float = 0.2, seed: Seed = None
) -> Split[Input, Target]:
    """Return the examples in two parts, in random order.

    inputs, targets: of the same length.  test_share: how much is held out, more than 0, less than 1;
    rounded to whole examples, at least 1 on either side.
    Raises ValueError for other shares, for lengths that differ and for fewer than 2 examples.

    >>> parts = split(range(10), range(10), test_share=0.3, seed=0)
    >>> len(parts.train_inputs), len(parts.test_inputs)
    (7, 3)
    """
    n = len(inputs)
    if len(targets) != n:
        raise ValueError(f"split got {n} inputs and {len(targets)} targets")
    if n < 2:
        raise ValueError(f"split needs at least 2 examples, got {n}")
    if not 0.0 < test_share < 1.0:
        raise ValueError(f"split needs a test_share between 0 and 1, got {test_share!r}")
    order = list(range(n))
    generator(seed).shuffle(order)
    held_out = min(max(round(n * test_share), 1), n - 1)
    test, train = order[:held_out], order[held_out:]
    return Split(
        [inputs[i] for i in train],
        [targets[i] for i in train],
        [inputs[i] for i in test],
        [targets[i] for i in test],
    )


class Scaler(NamedTuple):
    """What `standardize` learned: subtract the means, divide by the deviations."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def __call__(self, rows: Sequence[Sequence[Number]]) -> list[list[float]]:
        """Return `rows` on the learned scale; raises ValueError for a row of another length."""
        for row in rows:
            if len(row) != len(self.means):
                raise ValueError(f"the scaler learned rows of {len(self.means)} numbers, got {len(row)}")
        return [
            [(x - m) / d for x, m, d in zip(row, self.means, self.deviations, strict=True)] for row in rows
        ]


def standardize(rows: Sequence[Sequence[Number]]) -> Scaler:
    """Return the scaler that gives each column of `rows` mean 0 and standard deviation 1.

    rows: at least one, all of the same length, numbers below 1e150 in size. A constant column becomes
    zeros. Learn it from the training part alone and apply it to both: `scale = standardize(train)`,
    `scale(test)`. Raises ValueError for no rows, rows of different lengths, NaN and infinity.

    >>> scale = standardize([[1.0, 5.0], [3.0, 5.0]])
    >>> scale([[1.0, 5.0], [4.0, 5.0]])
    [[-1.0, 0.0], [2.0, 0.0]]
    """
    if len(rows) == 0:
        raise ValueError("standardize needs at least one row, got none")
    width = len(rows[0])
    if width == 0:
        raise ValueError("standardize needs rows of at least one number, got empty ones")
    for row in rows:
        if len(row) != width:
            raise ValueError(f"standardize needs rows of {width} numbers, as the first, got {len(row)}")
        for column, x in enumerate(row):
            if not abs(x) < 1e150:  # squares of larger ones overflow
                raise ValueError(f"standardize needs numbers below 1e150, got {x!r} in column {column}")
    means, deviations = zip(*map(_mean_and_deviation, zip(*rows, strict=True)), strict=True)
    return Scaler(means, deviations)


def _mean_and_deviation(column: Sequence[Number]) -> tuple[float, float]:
    if min(column) == max(column):  # the mean may round to something beside it
        return column[0], 1.0
    mean = math.fsum(column) / len(column)
    variance = math.fsum((x - mean) ** 2 for x in column) / len(column)
    return mean, math.sqrt(variance)


def moons(n: int, noise: float = 0.1, seed: Seed = None) -> tuple[list[list[float]], list[int]]:
    """Return `n` points on two interleaved half circles, and which of them each is on, -1 or 1.

    n: at least 2; the first n // 2 are on the upper moon.  noise: the standard deviation that is added
    to both coordinates, zero or more.
    Raises ValueError for fewer points or negative noise.
    Source: the shape of scikit-learn's make_moons.

    >>> points, sides = moons(4, noise=0.0)
    >>> [[round(x, 2) for x in point] for point in points], sides
    ([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.5], [2.0, 0.5]], [-1, -1, 1, 1])
    """
    if n < 2:
        raise ValueError(f"moons needs at least 2 points, got {n}")
    if not noise >= 0.0:
        raise ValueError(f"moons needs noise of zero or more, got {noise!r}")
    rng = generator(seed)
    upper = n // 2
    points, sides = [], []
    for i in range(n):
        on_lower = i >= upper
        of = n - upper if on_lower else upper
        angle = math.pi * (i - upper * on_lower) / max(of - 1, 1)
        x, y = math.cos(angle), math.sin(angle)
        if on_lower:
            x, y = 1.0 - x, 0.5 - y
        points.append([x + rng.gauss(0.0, noise), y + rng.gauss(0.0, noise)])
        sides.append(1 if on_lower else -1)
    return points, sides
