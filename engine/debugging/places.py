"""Where the variables of those who compute hold their Values: names for leaves, which no operation made."""

from __future__ import annotations

import dis
import re
from collections.abc import Iterator, Mapping
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ..about import about

if TYPE_CHECKING:
    from ..value import Value
    from .source import Site

_MOST_FRAMES = 8
_MOST_THINGS = 100_000
_DEEPEST = 6
_PASSING = re.compile(r"_+\d*|\.\d+|In|Out|_i+|_i\d+|_oh|_dh|_ih|__\w*")
"""Names that notebooks, shells and comprehensions give in passing."""
Path = tuple["Path | None", str | int]
"""A place inside something: where it is in, and the index or what is written after that."""
_NOT_LOOKED_INTO = (str, bytes, int, float, complex, type(None), type, ModuleType, FunctionType)


class Places:
    """Names for leaves by where they are found: `w`, `params[3]`, `self.w[1]`.

    Variables are looked through when a leaf without a name is used for the first time, and every leaf
    met on the way is named. A container is walked once while it stays as it is; from an instruction at which
    leaves are sought in vain there are ever fewer searches.
    """

    def __init__(self) -> None:
        self.names: dict[Value, Path] = {}  # of leaves that have been met, most of which will be used
        self._walked: dict[int, tuple[int, int, int]] = {}
        self._loops: dict[int, tuple[CodeType, frozenset[str]]] = {}

    def name(self, leaf: Value, frame: FrameType, site: Site) -> Path | None:
        """Return where the leaf, which is not in `names`, is found in the variables of the frame and around.

        site: of its first use, which remembers how often leaves were sought there in vain.
        """
        found: Path | None = None
        missed = site.missed
        if missed <= 16 or missed & (missed - 1) == 0:
            name = self._own_variable(leaf, frame)
            if name:
                return None, name
            self._look_through(frame)
            found = self.names.pop(leaf, None)
        if found is None:
            site.missed = missed + 1
        return found

    def name_before_use(self, leaf: Value, frame: FrameType, site: Site, seek: bool) -> str:
        """Return the name of a leaf that is compared at `site` and that no operation has used; "" if none.

        seek: look for it where it is not known yet. It stays known for the leaf's first operation, which
        could not find it again: what has been looked through is not looked through once more.
        """
        found = self.names.get(leaf)
        if found is None and seek:
            found = self.name(leaf, frame, site)
        if found is None:
            return ""
        self.names[leaf] = found
        return written(found)

    def _own_variable(self, leaf: Value, frame: FrameType) -> str:
        """Return the variable of the frame that holds the leaf, the most frequent place; nothing if none."""
        loops = self._loop_names(frame.f_code)
        for name, thing in list(frame.f_locals.items()):
            if thing is leaf and name not in loops and not _PASSING.fullmatch(name):
                return name
        return ""

    def _look_through(self, frame: FrameType) -> None:
        # Which leaves have been used is asked the next time: now, of every leaf there is, it would cost more.
        self.names = {leaf: place for leaf, place in self.names.items() if about(leaf) is None}
        kept: list[tuple[str, Any]] = []  # looked into after all plain variables
        for variables, loops in self._variables(frame):
            for name, thing in list(variables.items()):
                leaf = _is_leaf(thing)
                if (not leaf and _closed[type(thing)]) or name in loops or _PASSING.fullmatch(name):
                    continue
                if leaf:
                    self.names.setdefault(thing, (None, name))
                else:
                    kept.append((name, thing))
        budget = _MOST_THINGS
        named = self.names.setdefault
        for name, thing in kept:
            if budget > 0 and self._is_new(thing):
                for path, part in walk(thing, name):
                    budget -= 1
                    if budget < 0:
                        break
                    if _leaves[type(part)] and _is_nameless(part):
                        named(part, path)

    def _variables(self, frame: FrameType | None) -> Iterator[tuple[Mapping[str, Any], frozenset[str]]]:
        """Yield the variables of the frame and of those around it, with the names that loops give."""
        below: dict[str, Any] | None = None  # the globals that were seen last
        for _ in range(_MOST_FRAMES):
            if frame is None:
                return
            variables = frame.f_locals
            loops = self._loop_names(frame.f_code)
            yield variables, loops
            if variables is not frame.f_globals and frame.f_globals is not below:
                below = frame.f_globals
                yield below, frozenset()
            if frame.f_code.co_name == "<module>":
                return
            frame = frame.f_back

    def _loop_names(self, code: CodeType) -> frozenset[str]:
        known = self._loops.get(id(code))
        if known is None:
            known = self._loops[id(code)] = (code, loop_names(code))
        return known[1]

    def _is_new(self, thing: Any) -> bool:
        """Return whether the container has changed since it was walked, as far as its ends show."""
        try:
            ends = (len(thing), id(thing[0]), id(thing[-1])) if type(thing) in (list, tuple) and thing else ()
            looks = ends or (len(vars(thing)) if hasattr(thing, "__dict__") else len(thing), 0, 0)
        except Exception:  # somebody else's object: whatever it does, it must not cost the computation
            return False
        if self._walked.get(id(thing)) == looks:
            return False
        self._walked[id(thing)] = looks
        return True


def _is_leaf(thing: Any) -> bool:
    """Return whether `thing` is a leaf without a label."""
    return _leaves[type(thing)] and _is_nameless(thing)


def _is_nameless(value: Value) -> bool:
    try:
        return value.primitive is None and not value.label
    except AttributeError:  # a half-built one
        return False


class _Leaves(dict[type, bool]):
    """Whether things of a type can be leaves that have names; a dictionary, as the quickest way to know."""

    def __missing__(self, kind: type) -> bool:
        self[kind] = known = hasattr(kind, "operands") and getattr(kind, "kind", None) in ("input", "param")
        return known


class _Closed(dict[type, bool]):
    """Whether things of a type are not looked into: numbers, text, Values, functions and so on."""

    def __missing__(self, kind: type) -> bool:
        self[kind] = known = issubclass(kind, _NOT_LOOKED_INTO) or hasattr(kind, "operands")
        return known


_leaves, _closed = _Leaves(), _Closed()


def walk(thing: Any, name: str) -> Iterator[tuple[Path, Any]]:
    """Yield what is in a container or object, with its place, which `written` writes; cycles do no harm."""
    seen: dict[int, Any] = {}  # kept, so that their identities stay theirs
    yield (None, name), thing
    stack: list[tuple[Path, Any, int]] = [((None, name), thing, 0)]
    while stack:
        path, thing, depth = stack.pop()
        if depth == _DEEPEST or _closed[type(thing)] or id(thing) in seen:
            continue
        seen[id(thing)] = thing
        try:
            inside = _parts(thing)
        except Exception:  # somebody else's object again
            continue
        found = len(stack)
        for place, part in inside:
            inner = (path, place)
            yield inner, part
            if not _closed[type(part)]:
                stack.append((inner, part, depth + 1))
        stack[found:] = reversed(stack[found:])


def written(path: Path) -> str:
    """Return the place as Python would write it.

    >>> written((((None, "model"), ".layers"), 3))
    'model.layers[3]'
    """
    places: list[str] = []
    inner: Path | None = path
    while inner is not None:
        inner, place = inner
        places.append(place if isinstance(place, str) else f"[{place}]")
    return "".join(reversed(places))


def _parts(thing: Any) -> list[tuple[str | int, Any]]:
    """Return what is in it, by index, or by what is to be written after it."""
    if isinstance(thing, list | tuple):
        if thing and issubclass(type(thing[0]), _NOT_LOOKED_INTO):
            return []  # data
        return list(enumerate(thing[:_MOST_THINGS]))
    if isinstance(thing, dict):
        return [(f"[{key!r}]", part) for key, part in thing.items() if isinstance(key, str | int)]
    if getattr(getattr(thing, "dtype", None), "kind", "") == "O" and thing.size < _MOST_THINGS:
        import itertools  # an array of NumPy's with objects in it

        places = itertools.product(*map(range, thing.shape))
        return [(f"[{', '.join(map(str, place))}]", thing[place]) for place in places]
    if not getattr(type(thing), "__dictoffset__", 0):
        return []
    return [(f".{name}", part) for name, part in vars(thing).items() if not name.startswith("_")]


def loop_names(code: CodeType) -> frozenset[str]:
    """Return the variables that `for` gives their values: passing names, like those of comprehensions."""
    names: set[str] = set()
    pending = 0  # how many variables are still to be stored
    for found in dis.get_instructions(code):
        if found.opname == "FOR_ITER":
            pending = 1
        elif pending and found.opname == "UNPACK_SEQUENCE":
            pending += (found.arg or 1) - 1
        elif pending and found.opname.startswith("STORE"):
            stored = found.argval if isinstance(found.argval, tuple) else (found.argval,)
            names.update(map(str, stored))
            pending = max(0, pending - len(stored))
        elif found.opname not in ("CACHE", "EXTENDED_ARG", "NOP"):
            pending = 0
    return frozenset(names)


class ModulePaths:
    """Where modules are inside each other."""

    def __init__(self) -> None:
        self._inside: dict[int, dict[int, tuple[Any, str]]] = {}

    def __call__(self, outer: Any, inner: Any) -> str:
        """Return where the inner one is, from the class of the outer one on: `MLP.layers[0].neurons[2]`.

        Of an object that is no module, though its method is that of modules too, the outer one is told;
        nothing where that is none either.
        """
        inside = self._inside.setdefault(id(outer), {})
        if id(inner) not in inside:  # what was found is held, replaced or not: its identity stays its own
            found: dict[int, tuple[Any, str]] = {}
            for path, part in walk(outer, type(outer).__name__):
                if hasattr(part, "named_parameters"):
                    found.setdefault(id(part), (part, written(path)))
            inside.update(found)
            inside.setdefault(id(outer), (outer, ""))
            there = type(inner).__name__ if hasattr(inner, "named_parameters") else inside[id(outer)][1]
            inside.setdefault(id(inner), (inner, there))
        return inside[id(inner)][1]
