"""What trying a model out leaves as it was."""

import random
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import is_
from typing import Any

import numpy as np

from ...engine import Value
from ..module import Module
from ..randomness import generators_in
from ..tree import containers


@contextmanager
def untouched(model: object, parameters: Iterable[Value]) -> Iterator[None]:
    """Put generators, parameters and the model's own counters and lists back, as if nothing had run inside.

    Generators are those that the model may draw from; of what is no module of this package nothing else is
    known.
    """
    generators = [rng for rng in generators_in(model).values() if not isinstance(rng, random.SystemRandom)]
    before = [rng.getstate() for rng in generators]
    of_numpy = np.random.get_state()
    numbers = [(parameter, parameter.data, parameter.grad) for parameter in parameters]
    held = [(part, _copied(part)) for part in _changeable(model)]
    try:
        yield
    finally:
        np.random.set_state(of_numpy)
        for rng, state in zip(generators, before, strict=True):
            rng.setstate(state)
        for parameter, data, grad in numbers:
            parameter.data, parameter.grad = data, grad
        for part, content in held:
            _put_back(part, content)


def _changeable(model: object) -> list[Any]:
    """Return the dictionaries of a model's attributes, and its lists, dictionaries and sets."""
    if not isinstance(model, Module):
        return []
    found = containers(model)
    if found is None:  # something in it is not looked into
        return [vars(module) for module in model.modules()]
    return [part for part in found if isinstance(part, dict | list | set | deque)]


def _copied(part: Any) -> Any:
    return dict(part) if isinstance(part, dict) else list(part)


def _put_back(part: Any, content: Any) -> None:
    if isinstance(part, dict):
        if list(part) != list(content) or not all(map(is_, part.values(), content.values())):
            part.clear()
            part.update(content)
    elif len(part) != len(content) or not all(map(is_, part, content)):
        part.clear()
        (part.update if isinstance(part, set) else part.extend)(content)
