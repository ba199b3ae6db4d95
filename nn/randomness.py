"""Where random numbers come from: the caller says."""

import random
from typing import Any, cast

from .tree import parts

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


def generators_in(model: Any, **others: random.Random) -> dict[str, random.Random]:
    """Return Python's generator, the others by their names, and those in a model by their places, each once.

    >>> list(generators_in({"noise": random.Random(1)}))
    ["Python's", 'model.noise']
    """
    found = {"Python's": generator(None), **others}
    seen: dict[int, Any] = {}  # kept, because the rows of an array are made as they are asked for
    stack: list[tuple[str, Any]] = [("model", model)]
    while stack:
        path, part = stack.pop()
        if isinstance(part, random.Random):
            found[path] = part
        elif id(part) not in seen:
            inside = parts(part)
            if inside:
                seen[id(part)] = part
            stack += [(f"{path}.{key}", held) for _, key, held in reversed(inside)]
    names = {id(rng): name for name, rng in reversed(found.items())}  # the first of several names
    return {name: found[name] for name in found if names[id(found[name])] == name}
