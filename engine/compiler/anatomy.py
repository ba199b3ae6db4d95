"""How a module is built: its classes, settings, functions and parts, in order, to be compared with later."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from ..primitive import Primitive
from ..value import Value
from .change import changed
from .traced import Traced

MOST_NUMBERS = 10_000
"""Of an array with more, it counts which one it is, and what some of its elements are."""
SAMPLED = 1000
"""How many of those it is at least, evenly spread: whoever fills an array anew changes one of them."""


class Anatomy:
    """How a module is built. Two are equal where a recording of one will do for the other.

    Numbers of parameters are not part of it, but which parameter is where; of other Values, functions and
    objects that are no modules it is which one it is. It keeps these alive: no other takes their place.
    """

    __slots__ = ("_hash", "_kept", "_tokens")

    def __init__(
        self, held: Any, parameters: Iterable[Value] = (), more: Iterable[Any] = (), but: Collection[str] = ()
    ) -> None:
        """Walk through a module.

        parameters: its parameters.  more: modules that belong to it, wherever it keeps them.
        but: names of attributes that do not count.
        """
        walk = _Walk(parameters, but)
        walk.through(held, more)
        self._tokens, self._kept = tuple(walk.tokens), walk.kept[1:]  # not itself: whoever has it keeps it
        self._hash = hash(self._tokens)

    def change(
        self, held: Any, parameters: Iterable[Value] = (), more: Iterable[Any] = ()
    ) -> tuple[str, str, str]:
        """Return what is first different about a module: where it is, what it was, what it is.

        held, parameters, more: the module as it is now, which was looked at before as this says.
        """
        walk = _Walk(parameters, (), traced=True)
        walk.through(held, more)
        for place, (before, now) in enumerate(zip(self._tokens, walk.tokens, strict=False)):
            if before != now:
                kept = {id(part): part for part in (*self._kept, *walk.kept)}
                return changed(walk.where[place], before, now, kept)
        return "", "built in another way", "as it is"

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        same = isinstance(other, Anatomy) and self._hash == other._hash
        return same and self._tokens == other._tokens  # type: ignore[attr-defined]  # it is one


class _Walk:
    """A walk through a module on a stack of its own: cycles and deep nesting do no harm.

    tokens: what it found, in order. What holds parts says first how many they are, so that no two modules
    of different structure have the same tokens.  kept: what was told apart by its identity.
    """

    def __init__(self, parameters: Iterable[Value], but: Collection[str], traced: bool = False) -> None:
        self.tokens: list[Any] = []
        self.where: list[str] = []
        """Of each token, where it was found, as Python writes that; if `traced`."""
        self._paths: list[str] | None = [] if traced else None
        self._here = ""
        self.stack: list[Any] = []
        self._but = but
        self._parameters = {id(parameter): place for place, parameter in enumerate(parameters)}
        self._met: dict[int, int] = {}
        self.kept: list[Any] = []

    def through(self, held: Any, more: Iterable[Any]) -> None:
        """Walk through an object, and through what belongs to it besides."""
        self.attributes_of(held)
        self._run()
        for part in more:
            self._here = ""
            self._next([part], "", [part])
            self._run()

    def _run(self) -> None:
        if self._paths is None:
            while self.stack:
                self._look(self.stack.pop())
        while self.stack:
            self.where += [self._here] * (len(self.tokens) - len(self.where))
            self._here = self._paths.pop()  # type: ignore[union-attr]  # it is traced
            self._look(self.stack.pop())
        self.where += [self._here] * (len(self.tokens) - len(self.where))

    def attributes_of(self, held: Any) -> None:
        """Note an object's class and the names of its attributes; what these are comes next."""
        self._meet(held)
        found = dict(getattr(held, "__dict__", None) or {})
        for kind in type(held).__mro__:
            slots = vars(kind).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if name not in ("__dict__", "__weakref__") and hasattr(held, name):
                    found.setdefault(name, getattr(held, name))
        names = [name for name in found if name not in self._but]
        self.tokens.append((type(held), tuple(names)))
        self._next([found[name] for name in names], ".{}", names)

    def _look(self, part: Any) -> None:
        kind = type(part)
        if kind in _PLAIN:
            self.tokens.append((kind, part))
        elif isinstance(part, float) and not isinstance(part, np.generic):
            self.tokens.append((kind, float.hex(part)))  # 0.0 is not -0.0, and nan is nan
        elif isinstance(part, Value):
            self._value(part)
        elif isinstance(part, np.generic):
            self.tokens.append((kind, part.dtype.str, part.tobytes()))
        elif isinstance(part, type | Primitive):
            self._itself(part)
        elif id(part) in self._met:
            self.tokens.append(("again", self._met[id(part)]))
        elif isinstance(part, np.ndarray):
            self._array(part)
        elif isinstance(part, list | tuple | deque):
            self._container(part, list(part), "[{}]", range(len(part)))
        elif isinstance(part, Mapping):
            keys = [key for key in part for _ in "kv"]
            self._container(part, [inner for item in part.items() for inner in item], "[{!r}]", keys)
        elif isinstance(part, set | frozenset):
            self._container(part, sorted(part, key=hash), "", part)
        elif callable(getattr(kind, "parameters", None)):
            self.attributes_of(part)
        elif dataclasses.is_dataclass(part):
            names = [field.name for field in dataclasses.fields(part) if hasattr(part, field.name)]
            self.tokens.append(tuple(names))
            self._container(part, [getattr(part, name) for name in names], ".{}", names)
        else:
            self._itself(part)

    def _next(self, parts: list[Any], form: str, keys: Iterable[Any]) -> None:
        """Look at parts next. form, keys: how Python writes where each of them is."""
        self.stack += reversed(parts)
        if self._paths is not None:
            self._paths += reversed([self._here + form.format(key) for key in keys])

    def _meet(self, part: Any) -> None:
        self._met[id(part)] = len(self._met)
        self.kept.append(part)

    def _container(self, held: Any, parts: list[Any], form: str, keys: Iterable[Any]) -> None:
        self._meet(held)
        self.tokens.append((type(held), len(parts)))
        self._next(parts, form, keys)

    def _itself(self, part: Any) -> None:
        self.kept.append(part)
        self.tokens.append(("is", id(part)))

    def _value(self, part: Value) -> None:
        place = self._parameters.get(id(part))
        if place is not None:
            self.tokens.append(("parameter", place))
        elif isinstance(part, Traced):  # left behind by a recording; whoever computes with it is told so
            self.tokens.append(Traced)
        else:
            self._itself(part)

    def _array(self, part: Any) -> None:
        if part.dtype.kind == "O":
            self.tokens.append(part.shape)
            self._container(part, part.ravel().tolist(), ".flat[{}]", range(part.size))
        elif is_read(part):
            self.tokens.append((part.dtype.str, part.shape, part.tobytes()))
        else:
            self._itself(part)
            if is_sampled(part):
                self.tokens.append(sample(part))


_PLAIN = frozenset([bool, int, str, bytes, type(None)])


def is_read(held: Any) -> bool:
    """Return whether it counts what an array holds: numbers, texts or truth values, and not too many."""
    return type(held) is np.ndarray and not held.dtype.hasobject and held.size <= MOST_NUMBERS


def is_sampled(held: Any) -> bool:
    """Return whether it counts what some of an array's many elements are."""
    return type(held) is np.ndarray and not held.dtype.hasobject and held.size > MOST_NUMBERS


def sample(array: Any) -> tuple[str, tuple[int, ...], bytes, int]:
    """Return an array's type, shape, some elements, evenly spread, and the step from one to the next."""
    step = array.size // SAMPLED
    some = array.reshape(-1)[::step] if array.flags.c_contiguous else array.flat[::step]
    return array.dtype.str, array.shape, some.tobytes(), step


__all__ = ["MOST_NUMBERS", "SAMPLED", "Anatomy", "is_read", "is_sampled", "sample"]
