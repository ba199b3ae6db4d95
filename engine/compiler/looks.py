"""Modules as they were found once, and a quick way to tell that nothing about them has changed since."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import is_
from typing import Any

from .anatomy import is_read, is_sampled, sample
from .record import alone, parameters_of, structure

MOST_LOOKS = 32
"""At how many modules of one kernel there are looks: of more, some are walked through anew."""


class Look:
    """A module's structure and parameters, found by a walk through all of it, and what the walk went by.

    That are the very objects its attributes, lists and dictionaries held. While `holds()`, a walk would find
    the same: a number, a text or a truth value that is the same object has not changed, and neither has who
    is a parameter. Small arrays of numbers are compared by what they hold. Where it does not, nothing is
    said: look again.
    """

    def __init__(self, module: Any, containers: Sequence[Any], found: Any = None) -> None:
        self._module = referred(module)
        self._class = type(module)
        self._live = [part.values() if isinstance(part, dict) else part for part in containers]
        self._live += [part for part in containers if isinstance(part, dict)]  # the names
        self._sizes = [len(part) for part in self._live]
        self._seen = list(chain.from_iterable(self._live))
        inside = [part for part in self._seen if callable(getattr(type(part), "parameters", None))]
        self._modules = inside
        self._classes = list(map(type, self._modules))
        self._arrays = [
            (part, part.dtype, part.shape, part.tobytes()) for part in self._seen if is_read(part)
        ]
        self._samples = [(part, sample(part)) for part in self._seen if is_sampled(part)]
        self.structure = structure(module) if found is None else found
        self.parameters = parameters_of(module) or []
        self.identities = tuple(map(id, self.parameters))

    @property
    def module(self) -> Any:
        """What was looked at, None once it is gone: a look does not keep it alive."""
        return self._module()

    def holds(self, held: Any = None) -> bool:
        """Return whether everything is where it was. held: what the module must be, if that is asked too."""
        module = self._module()
        return (
            (module is held or held is None)
            and type(module) is self._class
            and [len(part) for part in self._live] == self._sizes
            and all(map(is_, chain.from_iterable(self._live), self._seen))
            and list(map(type, self._modules)) == self._classes
            and all(_is_as_it_was(*array) for array in self._arrays)
            and all(sample(array) == before for array, before in self._samples)
        )

    def numbers(self) -> list[float]:
        """Return the parameters' numbers."""
        with alone:
            return [parameter.data for parameter in self.parameters]


def referred(module: Any) -> Callable[[], Any]:
    """Return what gives a module as long as it lives; of one that cannot be referred to weakly, for ever."""
    try:
        return weakref.ref(module)
    except TypeError:
        return lambda: module


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
        if known is not None and known.holds(held):
            return known.structure, known
        found = structure(held)
        if type(found) is tuple and found[0] == "module":
            self._known.pop(id(held), None)
            look = look_at(held, found)
            if look is not None:
                self._known[id(held)] = look
                if len(self._known) > MOST_LOOKS:
                    self._make_room()
                return look.structure, look
        return found, None

    def _make_room(self) -> None:
        """Forget the modules that are gone; where all are there, those looked at first."""
        there = {place: look for place, look in list(self._known.items()) if look.module is not None}
        for place in list(there)[: len(there) - MOST_LOOKS // 2]:
            del there[place]
        self._known = there
