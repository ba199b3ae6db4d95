"""A model's numbers by key, and back: what `state_dict` and `load_state_dict` do."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from ..engine import Value
from ..engine.value import described, float_from
from .tree import Holder, Place, is_parameter, is_sequence, parameters, parts, path, sequence

Cells: TypeAlias = Any
"""A Value, or lists of them nested to any depth; 0.0 stands where a sparse layer has no connection."""
Numbers: TypeAlias = Any
"""The same of plain floats."""
Shape: TypeAlias = tuple[Any, ...]
"""The lengths of nested lists, level by level; a tuple of them for a level on which they differ."""


class Matrix(NamedTuple):
    """Cells that a layer gives under one key."""

    cells: Cells


class Entry(NamedTuple):
    """One key of a state: the path of the module that has it, and the cells behind it."""

    owner: str
    key: str
    cells: Cells


class Keys(NamedTuple):
    """The keys that `load_state_dict(strict=False)` left alone."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def entries(root: Holder) -> list[Entry]:
    """Return every entry of the state of `root`, in order.

    Raises ValueError where two have the same key, and for a parameter that is in none of them.
    """
    found = entries_alone(root)
    reached = {cell for entry in found for cell in values(entry.cells)}
    for place, parameter in parameters(root):
        if parameter not in reached:
            raise ValueError(
                f"state_dict: {path(place)} belongs to no matrix of its layer: hold it outside the neuron"
            )
    return found


def entries_alone(root: Holder) -> list[Entry]:
    """Return the same, sooner, whether or not every parameter is in one of them."""
    found = list(_entries(root))
    keys = [entry.key for entry in found]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"state_dict: two parts of {type(root).__name__} are called {twice!r}: rename one")
    return found


def _entries(root: Holder) -> Iterator[Entry]:
    open_parts: dict[int, Any] = {}  # by identity, which is the part's own as long as it is kept
    stack: list[tuple[Place, Any, str] | int] = [(None, root, "")]
    while stack:
        top = stack.pop()
        if isinstance(top, int):  # everything inside the part of that identity has been seen
            del open_parts[top]
            continue
        place, part, owner = top
        if isinstance(part, Matrix):
            yield Entry(owner, path(place), part.cells)
        elif is_parameter(part) or _holds_parameters_only(part):
            yield Entry(owner, path(place), part)
        elif id(part) not in open_parts:
            if isinstance(part, Holder):
                owner = path(place)
            inside = part._held_as_state() if isinstance(part, Holder) else parts(part)
            open_parts[id(part)] = part
            stack.append(id(part))
            stack += [((place, sign, key), inner, owner) for sign, key, inner in reversed(inside)]


def _holds_parameters_only(part: Any) -> bool:
    if not is_sequence(part) or len(sequence(part)) == 0:
        return False
    seen, stack = {id(part): part}, [part]
    while stack:
        for item in sequence(stack.pop()):
            if is_sequence(item) and id(item) not in seen:
                seen[id(item)] = item
                stack.append(item)
            elif not is_parameter(item):
                return False
    return True


def numbers(cells: Cells) -> Numbers:
    """Return the numbers in `cells`, in lists nested in the same way.

    >>> numbers([Value(1.0), [Value(2.0), 0.0]])
    [1.0, [2.0, 0.0]]
    """
    whole: list[Any] = []
    stack: list[tuple[Any, list[Any]]] = [([cells], whole)]
    while stack:
        held, made = stack.pop()
        for item in sequence(held):
            if is_sequence(item):
                inner: list[Any] = []
                made.append(inner)
                stack.append((item, inner))
            else:
                made.append(item.data if isinstance(item, Value) else item)
    return whole[0]


def shape(held: Any) -> Shape:
    """Return the lengths of nested lists, level by level.

    Two have the same shape when their lists lie in the same way; a level on which not all are of one
    length, as in a triangle of rows, gives a tuple of the lengths, None for a number.

    >>> shape([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), shape([[1.0], [2.0, 3.0]]), shape(1.0)
    ((2, 3), (2, (1, 2)), ())
    """
    levels: list[Any] = []
    level = [held]
    while any(is_sequence(item) for item in level):
        lengths = [len(sequence(item)) if is_sequence(item) else None for item in level]
        levels.append(lengths[0] if len(set(lengths)) == 1 else tuple(lengths))
        level = [inner for item in level if is_sequence(item) for inner in sequence(item)]
    return tuple(levels)


def shown(of: Shape) -> str:
    """Return a shape as messages show it: `[3, 2]`, or `one number`."""
    return str(list(of)) if of else "one number"


def load(root: Holder, given: Mapping[str, Any], strict: bool) -> Keys:
    """Give every parameter of `root` its number; see `Module.load_state_dict`."""
    if not isinstance(given, Mapping):
        raise TypeError(f"load_state_dict takes what state_dict returned, got {described(given)}")
    wanted = {entry.key: entry.cells for entry in entries(root)}
    missing = [key for key in wanted if key not in given]
    unexpected = [str(key) for key in given if key not in wanted]
    problems = []
    if strict and missing:
        problems.append(f"keys that are missing: {', '.join(missing)}")
    if strict and unexpected:
        problems.append(f"keys that the model does not have: {', '.join(unexpected)}")
    loaded = {key: _plain(key, given[key]) for key in wanted if key in given}
    fitting = []
    for key, new in loaded.items():
        there, here = shape(wanted[key]), shape(new)
        if there != here:
            problems.append(f"{key} has the shape {shown(there)} in the model, {shown(here)} in the state")
        else:
            pairs = list(zip(_flat(wanted[key]), _flat(new), strict=True))
            problems += [_unconnected(key, place, x) for (place, cell), (_, x) in pairs if _fills(cell, x)]
            fitting += [(cell, x) for (_, cell), (_, x) in pairs if isinstance(cell, Value)]
    if problems:
        raise ValueError(f"load_state_dict: {type(root).__name__} differs; " + "; ".join(problems))
    for cell, x in fitting:
        cell.data = x
    return Keys(missing, unexpected)


def _fills(cell: object, number: float) -> bool:
    return not isinstance(cell, Value) and number != 0.0


def _unconnected(key: str, place: str, number: float) -> str:
    return f"{key}{place} is {number!r} in the state, where the model has no connection"


def _plain(key: str, given: Any) -> Numbers:
    """Return what a state holds under `key` as floats in nested lists."""
    given = given.tolist() if hasattr(given, "tolist") else given
    whole: list[Any] = []
    stack: list[tuple[Any, list[Any]]] = [([given], whole)]
    while stack:
        held, made = stack.pop()
        for item in held:
            if isinstance(item, list | tuple):
                inner: list[Any] = []
                made.append(inner)
                stack.append((item, inner))
                continue
            try:
                made.append(float_from(item))
            except TypeError:
                raise TypeError(
                    f"load_state_dict: {key} holds {described(item)}: a state is made of numbers and lists"
                ) from None
    return whole[0]


def values(cells: Cells) -> set[Value]:
    """Return the parameters in `cells`."""
    found: set[Value] = set()
    stack = [cells]
    while stack:
        held = stack.pop()
        if isinstance(held, Value):
            found.add(held)
        elif is_sequence(held):
            stack += sequence(held)
    return found


def _flat(cells: Cells) -> Iterator[tuple[str, Any]]:
    """Yield each cell with its place in the lists, `[1][2]`, in order."""
    stack: list[tuple[str, Any]] = [("", cells)]
    while stack:
        place, held = stack.pop()
        if is_sequence(held):
            items = sequence(held)
            stack += [(f"{place}[{i}]", items[i]) for i in range(len(items) - 1, -1, -1)]
        else:
            yield place, held
