"""Arguments and results as a row of numbers, whatever they are held in, and back."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .primitive import Primitive
from .value import REAL, Value

Rebuild = Callable[[Iterator[Any]], Any]


class PerSample:
    """Arrays of one number for each sample of a batch: in an array's places their axis comes first."""

    def __init__(self, arrays: Iterable[Any]) -> None:
        self._left = iter(arrays)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._left)


def flatten(held: Any) -> tuple[list[Any], Callable[[Iterable[Any]], Any]]:
    """Return the numbers and Values in `held`, and a function that puts others in their places.

    Looks into lists, tuples, named tuples, dictionaries, dataclasses and NumPy arrays of numbers, nested
    as you like. Anything else, truth values and text among it, is kept as it is.

    >>> leaves, rebuild = flatten({"spot": 100.0, "rates": (0.01, 0.02), "name": "call"})
    >>> leaves
    [100.0, 0.01, 0.02]
    >>> rebuild([1.0, 2.0, 3.0])
    {'spot': 1.0, 'rates': (2.0, 3.0), 'name': 'call'}
    """
    leaves: list[Any] = []
    rebuild = _flatten(held, leaves)

    def rebuilt(numbers: Iterable[Any]) -> Any:
        return rebuild(iter(numbers))

    return leaves, rebuilt


def _flatten(held: Any, leaves: list[Any]) -> Rebuild:
    if type(held) is not bool and isinstance(held, (Value, *REAL, complex)):
        leaves.append(held)  # complex numbers too, so that making a Value of one says what is wrong
        return next
    if _is_array(held):
        return _flatten_array(held, leaves)
    if isinstance(held, dict):
        return _flatten_dict(held, leaves)
    if isinstance(held, list | tuple):
        kind: Any = type(held)
        make = kind._make if hasattr(kind, "_make") else kind  # a named tuple takes its fields one by one
        items = [_flatten(item, leaves) for item in held]
        return lambda numbers: make([item(numbers) for item in items])
    if dataclasses.is_dataclass(held) and not isinstance(held, type | Primitive):  # an operation is no number
        return _flatten_dataclass(held, leaves)
    return lambda numbers: held


def _flatten_dict(held: dict[Any, Any], leaves: list[Any]) -> Rebuild:
    parts = {key: _flatten(item, leaves) for key, item in held.items()}

    def rebuild(numbers: Iterator[Any]) -> Any:
        made = copy.copy(held)  # of the same class, with its default factory, say
        for key, part in parts.items():
            made[key] = part(numbers)
        return made

    return rebuild


def _flatten_dataclass(held: Any, leaves: list[Any]) -> Rebuild:
    names = [field.name for field in dataclasses.fields(held)]
    parts = [_flatten(getattr(held, name), leaves) for name in names]

    def rebuild(numbers: Iterator[Any]) -> Any:
        made = copy.copy(held)  # as it is, fields that its __init__ does not take included
        for name, part in zip(names, parts, strict=True):
            object.__setattr__(made, name, part(numbers))  # frozen ones too
        return made

    return rebuild


def _is_array(held: Any) -> bool:
    """Return whether `held` is a NumPy array of numbers or of objects; without importing NumPy."""
    return hasattr(held, "__array__") and getattr(getattr(held, "dtype", None), "kind", "") in "fiuO"


def _flatten_array(held: Any, leaves: list[Any]) -> Rebuild:
    import numpy

    array = numpy.asarray(held)
    leaves += array.ravel().tolist()

    def rebuild(numbers: Iterator[Any]) -> Any:
        items = [next(numbers) for _ in range(array.size)]
        if isinstance(numbers, PerSample) and items:
            return numpy.stack(items, axis=1).reshape(len(items[0]), *array.shape)
        if all(isinstance(item, float) for item in items):
            return numpy.array(items, dtype=float).reshape(array.shape)
        if all(isinstance(item, numpy.ndarray) for item in items):  # an array for each number: more axes
            return numpy.stack(items).reshape(array.shape + items[0].shape)
        objects = numpy.empty(array.size, dtype=object)
        objects[:] = items
        return objects.reshape(array.shape)

    return rebuild
