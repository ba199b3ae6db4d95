"""Where random numbers come from: the caller says."""

import random
from typing import cast

Seed = int | random.Random | None
"""An int for a generator of its own, a generator to draw from, or None for Python's global one."""


def generator(seed: Seed) -> random.Random:
    """Return the generator that `seed` stands for.

    None gives the one behind `random.random()`, so that `random.seed(1337)` governs it.

    >>> generator(7).random() == random.Random(7).random()
    True
    """
    if isinstance(seed, random.Random):
        return seed
    if seed is None:
        return cast(random.Random, random.random.__self__)  # type: ignore[attr-defined]  # it is a method
    return random.Random(seed)
