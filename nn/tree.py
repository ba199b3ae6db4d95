"""Finding what a model holds: in modules, lists, tuples, dictionaries, dataclasses and object arrays."""

import dataclasses
from collections import deque
from collections.abc import Iterator, Mapping
from types import FunctionType, NoneType
from typing import Any, ClassVar, TypeAlias

from ..engine import Constant, Primitive, Value

Part: TypeAlias = tuple[str, Any, Any]
"""How a part is held, its key, and the part: (".", "w", ...) for an attribute, ("[", 0, ...) for an item.

Longer signs stand for more of the way: (".layers[", 0, ...) is the item 0 of the attribute `layers`.
"""
Place: TypeAlias = tuple[Any, str, Any] | None
"""Where a part is: the place of what holds it, the sign and the key; None for the root."""


class Holder:
    """What a module is to those who look for parameters."""

    _slots: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **settings: Any) -> None:
        """Note the slots of a class once and for all: few have any, and modules are searched often."""
        super().__init_subclass__(**settings)
        cls._slots = tuple([name for kind in cls.__mro__ for name in getattr(kind, "__slots__", ())])

    def _held(self) -> list[Part]:
        """Return the attributes; a module may name its parts otherwise."""
        found = vars(self)
        if self._slots:
            found = {name: getattr(self, name) for name in self._slots if hasattr(self, name)} | found
        return [(".", name, part) for name, part in found.items()]

    def _held_as_state(self) -> list[Part]:
        """Return the parts as `state_dict` sees them; a layer gives matrices in place of its neurons."""
        return self._held()


def walk(root: Holder, into_modules: bool = True) -> Iterator[tuple[Place, Any]]:
    """Yield every module and parameter in `root`, itself first, in order; a module or container once.

    Works on a stack of its own: cycles and deep nesting do no harm.
    """
    seen: dict[int, Any] = {}  # by identity; kept, because an array's rows are made as they are asked for
    stack: list[tuple[Place, Any]] = [(None, root)]
    while stack:
        place, part = stack.pop()
        if isinstance(part, Value):
            if part.primitive is None and not isinstance(part, Constant):  # is_parameter(part), but quicker
                yield place, part
        elif id(part) not in seen:
            inside = parts(part)
            is_module = isinstance(part, Holder)
            if is_module or inside:
                seen[id(part)] = part
            if is_module:
                yield place, part
            if into_modules or not is_module or part is root:
                stack += [((place, sign, key), inner) for sign, key, inner in reversed(inside)]


def held_in(root: Holder) -> tuple[list[Any], list[Value]]:
    """Return every module in `root`, itself first, and every parameter, each once.

    They are those of `walk`, in its order, but without their places, which takes a third of the time.
    """
    modules: list[Any] = []
    parameters: dict[Value, None] = {}
    seen: dict[int, Any] = {}
    stack: list[Iterator[Any]] = [iter((root,))]
    while stack:
        for part in stack[-1]:
            if isinstance(part, Value):
                if part.primitive is None and not isinstance(part, Constant):
                    parameters[part] = None
            elif type(part) not in _HOLD_NOTHING and id(part) not in seen:
                seen[id(part)] = part
                if isinstance(part, Holder):
                    modules.append(part)
                inside = part if isinstance(part, (list, tuple)) else [inner for _, _, inner in parts(part)]
                stack.append(iter(inside))
                break
        else:
            stack.pop()
    return modules, list(parameters)


_HOLD_NOTHING = frozenset((FunctionType, NoneType, bool, int, float, str))
"""What modules have beside their parts, most often."""


def parameters(root: Holder) -> Iterator[tuple[Place, Value]]:
    """Yield every parameter in `root` once, with the first place where it is held."""
    seen: set[Value] = set()
    for place, part in walk(root):
        if isinstance(part, Value) and part not in seen:
            seen.add(part)
            yield place, part


def containers(root: Holder) -> list[Any] | None:
    """Return what holds the parts and settings of `root`: attributes as dictionaries, lists, tuples, sets.

    While each holds the same objects under the same names, `walk` finds the same. None where something else
    holds parts, or may come to: a dataclass that is no module, slots, an array of objects, a mapping of
    another kind.
    """
    found: list[Any] = []
    seen: set[int] = set()
    stack: list[Any] = [root]
    while stack:
        part = stack.pop()
        if isinstance(part, (Value, *_SIMPLE)) or id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Holder):
            if part._slots:
                return None
            held = vars(part)
            found.append(held)
            stack += held.values()
            stack += [inner for _, _, inner in part._held()]
        elif type(part) in (list, tuple, dict, set, frozenset, deque):
            found.append(part)
            stack += part.values() if isinstance(part, dict) else part
        elif _may_hold_parts(part):
            return None
    return found


def _may_hold_parts(part: Any) -> bool:
    """Return whether `part` is a container of another kind, or a module of another library."""
    is_container = isinstance(part, (list, tuple, set, frozenset, deque, Mapping)) or is_sequence(part)
    is_module = callable(getattr(type(part), "parameters", None))
    return is_container or is_module or dataclasses.is_dataclass(part)


_SIMPLE = (float, int, str, type(None), type, Primitive)
"""What holds no parts; classes and functions of the engine among them."""


def path(place: Place) -> str:
    """Return a place as a dotted path: `layers.0.weight`."""
    keys = []
    while place is not None:
        place, _, key = place
        keys.append(str(key))
    return ".".join(reversed(keys))


def written(place: Place) -> str:
    """Return a place as Python writes it: `layers[0].weight`."""
    steps = []
    while place is not None:
        place, sign, key = place
        steps.append(f"{sign}{key}" if sign == "." else f"{sign}{key!r}]")
    return "".join(reversed(steps)).removeprefix(".")


def is_parameter(part: object) -> bool:
    """Return whether `part` is a Value that training may change: a leaf and no constant."""
    return isinstance(part, Value) and part.primitive is None and not isinstance(part, Constant)


def parts(held: Any) -> list[Part]:
    """Return what a module or container holds; nothing for anything else."""
    if isinstance(held, (list, tuple)):  # quicker than list | tuple
        return [("[", index, part) for index, part in enumerate(held)]
    if isinstance(held, Holder):
        return held._held()
    if isinstance(held, Mapping):
        return [("[", key, part) for key, part in held.items()]
    if is_sequence(held):
        return [("[", index, part) for index, part in enumerate(sequence(held))]
    if dataclasses.is_dataclass(held) and not isinstance(held, type):
        names = [field.name for field in dataclasses.fields(held) if hasattr(held, field.name)]
        return [(".", name, getattr(held, name)) for name in names]
    return []


def is_sequence(held: object) -> bool:
    """Return whether `held` is a list, a tuple or a NumPy array of objects."""
    return isinstance(held, list | tuple) or getattr(getattr(held, "dtype", None), "kind", "") == "O"


def sequence(held: Any) -> Any:
    """Return a list or tuple as it is, an object array as the list of its items or rows."""
    if isinstance(held, list | tuple):
        return held
    return list(held) if held.ndim else [held.item()]
