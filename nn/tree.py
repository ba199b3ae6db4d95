"""Finding what a model holds: in modules, lists, tuples, dictionaries, dataclasses and object arrays."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..engine import Constant, Value


class Part(NamedTuple):
    """What one thing holds: the part's name, the same as written in Python, and the part."""

    name: str
    written: str
    part: Any


class Place(NamedTuple):
    """Where a part is: as a dotted path, and as it is written in Python."""

    path: str
    written: str


class Holder:
    """What a module is to those who look for parameters."""

    def _held(self) -> list[Part]:
        """Return the attributes; a module may name its parts otherwise."""
        slots = [name for kind in type(self).__mro__ for name in getattr(kind, "__slots__", ())]
        found = {name: getattr(self, name) for name in slots if hasattr(self, name)} | vars(self)
        return [Part(name, f".{name}", part) for name, part in found.items()]

    def _held_as_state(self) -> list[Part]:
        """Return the parts as `state_dict` sees them; a layer gives matrices in place of its neurons."""
        return self._held()


def walk(root: Holder, into_modules: bool = True) -> Iterator[tuple[Place, Any]]:
    """Yield every module and parameter in `root`, itself first, in order; a module or container once.

    Works on a stack of its own: cycles and deep nesting do no harm.
    """
    seen: set[int] = set()
    stack: list[tuple[Place, Any]] = [(Place("", ""), root)]
    while stack:
        place, part = stack.pop()
        if isinstance(part, Value):
            if is_parameter(part):
                yield place, part
            continue
        if id(part) in seen:
            continue
        inside = parts(part)
        is_module = isinstance(part, Holder)
        if is_module:
            yield place, part
        if is_module or inside:
            seen.add(id(part))
        if into_modules or not is_module or part is root:
            stack += [(inner_place(place, inner), inner.part) for inner in reversed(inside)]


def parameters(root: Holder) -> Iterator[tuple[Place, Value]]:
    """Yield every parameter in `root` once, with the first place where it is held."""
    seen: set[Value] = set()
    for place, part in walk(root):
        if isinstance(part, Value) and part not in seen:
            seen.add(part)
            yield place, part


def is_parameter(part: object) -> bool:
    """Return whether `part` is a Value that training may change: a leaf and no constant."""
    return isinstance(part, Value) and part.primitive is None and not isinstance(part, Constant)


def inner_place(place: Place, inner: Part) -> Place:
    """Return where a part is, given where what holds it is."""
    return Place(f"{place.path}.{inner.name}" if place.path else inner.name, place.written + inner.written)


def parts(held: Any) -> list[Part]:
    """Return what a module or container holds; nothing for anything else."""
    if isinstance(held, Holder):
        return held._held()
    if isinstance(held, Mapping):
        return [Part(str(key), f"[{key!r}]", part) for key, part in held.items()]
    if is_sequence(held):
        return [Part(str(index), f"[{index}]", part) for index, part in enumerate(sequence(held))]
    if dataclasses.is_dataclass(held) and not isinstance(held, type):
        names = [field.name for field in dataclasses.fields(held) if hasattr(held, field.name)]
        return [Part(name, f".{name}", getattr(held, name)) for name in names]
    return []


def is_sequence(held: object) -> bool:
    """Return whether `held` is a list, a tuple or a NumPy array of objects."""
    return isinstance(held, list | tuple) or getattr(getattr(held, "dtype", None), "kind", "") == "O"


def sequence(held: Any) -> Any:
    """Return a list or tuple as it is, an object array as the list of its items or rows."""
    if isinstance(held, list | tuple):
        return held
    return list(held) if held.ndim else [held.item()]
