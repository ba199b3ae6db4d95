"""Modules as they were found once, and a quick way to tell that nothing about them has changed since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from operator import is_
from typing import Any

from .anatomy import is_read
from .record import alone, parameters_of, structure


class Look:
    """A module's structure and parameters, found by a walk through all of it, and what the walk went by.

    That are the very objects its attributes, lists and dictionaries held. While `holds()`, a walk would find
    the same: a number, a text or a truth value that is the same object has not changed, and neither has who
    is a parameter. Small arrays of numbers are compared by what they hold. Where it does not, nothing is
    said: look again.
    """

    def __init__(self, module: Any, containers: Sequence[Any], found: Any = None) -> None:
        self.module = module
        self._live = [part.values() if isinstance(part, dict) else part for part in containers]
        self._live += [part for part in containers if isinstance(part, dict)]  # the names
        self._sizes = [len(part) for part in self._live]
        self._seen = list(chain.from_iterable(self._live))
        inside = [part for part in self._seen if callable(getattr(type(part), "parameters", None))]
        self._modules = [module, *inside]
        self._classes = list(map(type, self._modules))
        self._arrays = [
            (part, part.dtype, part.shape, part.tobytes()) for part in self._seen if is_read(part)
        ]
        self.structure = structure(module) if found is None else found
        self.parameters = parameters_of(module) or []

    def holds(self) -> bool:
        """Return whether everything is where it was."""
        return (
            [len(part) for part in self._live] == self._sizes
            and all(map(is_, chain.from_iterable(self._live), self._seen))
            and list(map(type, self._modules)) == self._classes
            and all(_is_as_it_was(*array) for array in self._arrays)
        )

    def numbers(self) -> list[float]:
        """Return the parameters' numbers."""
        with alone:
            return [parameter.data for parameter in self.parameters]


def _is_as_it_was(array: Any, dtype: Any, shape: tuple[int, ...], held: bytes) -> bool:
    return bool(array.dtype == dtype and array.shape == shape and array.tobytes() == held)


def look_at(held: Any, found: Any = None) -> Look | None:
    """Return a look at a module; None for what is none, and for one whose parts do not all show themselves.

    A module of `nn` says by `_containers()` what its attributes, lists and dictionaries are.
    found: its structure, where that is known.
    """
    find = getattr(held, "_containers", None)
    containers: Iterable[Any] | None = find() if callable(find) else None
    return None if containers is None else Look(held, list(containers), found)


class Looks:
    """What was seen of the modules among some arguments."""

    def __init__(self) -> None:
        self._known: dict[int, Look] = {}

    def structure(self, held: Any) -> tuple[Any, Look | None]:
        """Return the structure of an argument, and a look at it where it is a module."""
        known = self._known.get(id(held))
        if known is not None and known.module is held and known.holds():
            return known.structure, known
        found = structure(held)
        if type(found) is tuple and found[0] == "module":
            self._known.pop(id(held), None)
            look = look_at(held, found)
            if look is not None:
                self._known[id(held)] = look
                return look.structure, look
        return found, None
