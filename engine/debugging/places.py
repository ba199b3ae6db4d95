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

_MOST_FRAMES = 8
_MOST_THINGS = 100_000
_DEEPEST = 6
_PASSING = re.compile(r"_+\d*|\.\d+|In|Out|_i+|_i\d+|_oh|_dh|_ih|__\w*")
"""Names that notebooks, shells and comprehensions give in passing."""
_NOT_LOOKED_INTO = (str, bytes, int, float, complex, type(None), type, ModuleType, FunctionType)


class Places:
    """Names for leaves by where they are found: `w`, `params[3]`, `self.w[1]`.

    Variables are looked through when a leaf without a name is used for the first time, and every leaf
    met on the way is named. A container is walked once while it stays as it is; a function in whose
    variables leaves are sought in vain is searched ever more rarely.
    """

    def __init__(self) -> None:
        self._names: dict[Value, str] = {}  # of leaves that have been met and not yet been used
        self._walked: dict[int, tuple[int, int, int]] = {}
        self._in_vain: dict[int, tuple[CodeType, int]] = {}
        self._loops: dict[int, tuple[CodeType, frozenset[str]]] = {}

    def name(self, leaf: Value, frame: FrameType) -> str:
        """Return where the leaf is found in the variables of the frame and those around it, if it is."""
        if leaf not in self._names:
            code = frame.f_code
            _, missed = self._in_vain.get(id(code), (code, 0))
            if missed <= 16 or missed & (missed - 1) == 0:
                self._look_through(frame)
            self._in_vain[id(code)] = (code, 0 if leaf in self._names else missed + 1)
        return self._names.pop(leaf, "")

    def _look_through(self, frame: FrameType) -> None:
        kept: list[tuple[str, Any]] = []  # looked into after all plain variables
        for variables, loops in self._variables(frame):
            for name, thing in list(variables.items()):
                if _PASSING.fullmatch(name) or name in loops:
                    continue
                if _is_leaf(thing):
                    self._names.setdefault(thing, name)
                elif not issubclass(type(thing), _NOT_LOOKED_INTO):
                    kept.append((name, thing))
        budget = _MOST_THINGS
        for name, thing in kept:
            if budget > 0 and self._is_new(thing):
                for path, part in walk(thing, name):
                    budget -= 1
                    if budget < 0:
                        break
                    if _is_leaf(part):
                        self._names.setdefault(part, path)

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
            known = self._loops[id(code)] = (code, _loop_names(code))
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
    """Return whether `thing` is a leaf that has neither a label nor been used."""
    if getattr(type(thing), "kind", None) not in ("input", "param"):
        return False
    try:
        return thing.primitive is None and not thing.label and about(thing) is None
    except AttributeError:  # no Value, or a half-built one
        return False


def walk(thing: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield what is in a container or object, with how Python would write its place; cycles do no harm."""
    seen: set[int] = set()
    stack: list[tuple[str, Any, int]] = [(path, thing, 0)]
    while stack:
        path, thing, depth = stack.pop()
        yield path, thing
        if depth < _DEEPEST and id(thing) not in seen and not issubclass(type(thing), _NOT_LOOKED_INTO):
            seen.add(id(thing))
            try:
                inside = _parts(thing)
            except Exception:  # somebody else's object again
                continue
            stack += [(f"{path}{place}", part, depth + 1) for place, part in reversed(inside)]


def _parts(thing: Any) -> list[tuple[str, Any]]:
    if isinstance(thing, list | tuple):
        if thing and issubclass(type(thing[0]), _NOT_LOOKED_INTO):
            return []  # data
        return [(f"[{index}]", part) for index, part in enumerate(thing[:_MOST_THINGS])]
    if isinstance(thing, dict):
        return [(f"[{key!r}]", part) for key, part in thing.items() if isinstance(key, str | int)]
    if getattr(getattr(thing, "dtype", None), "kind", "") == "O" and thing.size < _MOST_THINGS:
        import itertools  # an array of NumPy's with objects in it

        places = itertools.product(*map(range, thing.shape))
        return [(f"[{', '.join(map(str, place))}]", thing[place]) for place in places]
    kind = type(thing)
    if hasattr(thing, "operands") or not getattr(kind, "__dictoffset__", 0):
        return []
    return [(f".{name}", part) for name, part in vars(thing).items() if not name.startswith("_")]


def _loop_names(code: CodeType) -> frozenset[str]:
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
        self._paths: dict[tuple[int, int], tuple[Any, Any, str]] = {}

    def __call__(self, outer: Any, inner: Any) -> str:
        """Return where the inner one is, from the class of the outer one on: `MLP.layers[0].neurons[2]`."""
        known = self._paths.get((id(outer), id(inner)))
        if known is None:
            found = (path for path, part in walk(outer, type(outer).__name__) if part is inner)
            known = (outer, inner, next(found, type(inner).__name__))
            self._paths[id(outer), id(inner)] = known  # holds both, so that their identities stay theirs
        return known[2]
