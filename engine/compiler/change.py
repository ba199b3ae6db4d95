"""What is different about the arguments of a kernel that it had to be recorded for anew, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..value import described
from ..words import cut
from .traced import Traced

SHAPE, OBJECT, SETTING = "shape", "object", "setting"
"""Kinds of change: other lengths and shapes; another object; something else about the same ones."""


class Change(NamedTuple):
    """What is first different between two calls.  kind: of the three above.  where: as Python writes it."""

    kind: str
    where: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.where} was {self.before} and is {self.now}"


def change(
    before: tuple[Any, ...],
    now: tuple[Any, ...],
    names: list[str],
    held: list[Any],
    look_closer: Callable[[Any, Any], tuple[str, str, str]],
) -> Change:
    """Return what is first different between the structures of two calls.

    names, held: of the arguments now.  look_closer: says of an object, and how it was built, what changed.
    """
    if len(before) != len(now) or _names(before) != _names(now):
        return Change(SETTING, "the number of arguments", _counted(before), _counted(now))
    if before[0] != now[0]:
        return Change(SETTING, "the number of parameters that arguments share", _pairs(before), _pairs(now))
    place = next(k for k in range(1, len(now)) if before[k] != now[k])
    where, old, new, part = names[place - 1], before[place], now[place], held[place - 1]
    while True:
        if not (isinstance(old, tuple) and isinstance(new, tuple)) or old[0] != new[0]:
            return Change(SHAPE, where, _shown(old), _shown(new))
        kind = old[0]
        if kind in ("module", "object"):
            if old[1] is not new[1] and old[1] != new[1]:
                shown = f"another {type(part).__name__}"
                return Change(OBJECT, where, f"one {kind}", shown if kind == "module" else described(part))
            path, was, became = look_closer(part, old[2])
            return Change(SETTING, where + path, was, became)
        if kind == "array":
            return Change(SHAPE if old[1] != new[1] else SETTING, where, _shown(old), _shown(new))
        if not (isinstance(kind, type) and isinstance(old[1], tuple)):
            return Change(SETTING, where, _shown(old), _shown(new))
        if len(old[1]) != len(new[1]):
            return Change(SETTING if issubclass(kind, dict) else SHAPE, where, _shown(old), _shown(new))
        step = next(k for k, pair in enumerate(zip(old[1], new[1], strict=True)) if pair[0] != pair[1])
        old, new = old[1][step], new[1][step]
        if issubclass(kind, dict):
            if old[0] != new[0]:
                return Change(SETTING, f"a key of {where}", _text(old[0]), _text(new[0]))
            part, where = part[new[0]], f"{where}[{new[0]!r}]"
            old, new = old[1], new[1]
        elif dataclasses.is_dataclass(kind):
            name = dataclasses.fields(kind)[step].name
            part, where = getattr(part, name), f"{where}.{name}"
        else:
            part, where = part[step], f"{where}[{step}]"


def _names(key: tuple[Any, ...]) -> list[str]:
    return [name for name in key[0] if isinstance(name, str)]


def _pairs(key: tuple[Any, ...]) -> str:
    """Return how many parameters two arguments have in common."""
    return str(sum(len(part) for part in key[0] if not isinstance(part, str)))


def _counted(key: tuple[Any, ...]) -> str:
    names = f", {', '.join(_names(key))} by name" if _names(key) else ""
    return f"{len(key) - 1}{names}"


def _shown(part: Any) -> str:
    """Return the structure of an argument in words."""
    if isinstance(part, str):
        return f"a {part}"
    kind, content = part[0], part[1]
    if kind == "array":
        return f"an array of shape {content}"
    if kind in ("module", "object"):
        return f"a {kind}"
    if isinstance(content, tuple):
        return f"a {kind.__name__} of {len(content)}"
    return _text(content)


def _text(thing: Any) -> str:
    return cut(repr(thing))


def changed(where: str, before: Any, now: Any, kept: Mapping[int, Any]) -> tuple[str, str, str]:
    """Return what a difference between tokens of `anatomy` means: where it is, what it was, what it is.

    kept: the objects that are told apart by their identity, by that.
    """
    both = [before, now]
    if all(isinstance(token, tuple) and len(token) > 2 and type(token[2]) is bytes for token in both):
        if before[:2] == now[:2] and isinstance(now[1], tuple):  # two arrays of one shape
            old, new = (np.frombuffer(token[2], token[0]) for token in both)
            at = int(np.flatnonzero(old != new)[0]) if (old != new).any() else 0
            place = at if len(now) == 3 else at * now[3]  # of a large one some elements are there
            index = ", ".join(map(str, np.unravel_index(place, now[1])))
            return f"{where}[{index}]", str(old[at]), str(new[at])
    elif all(_is_attributes(token) for token in both) and before[0] is now[0]:
        gone = ", ".join([name for name in before[1] if name not in now[1]])
        more = ", ".join([name for name in now[1] if name not in before[1]])
        if gone or more:
            return (where, f"without {more}", "with it") if more else (where, f"with {gone}", "without it")
    was, became = _token(before, kept), _token(now, kept)
    if became == was:
        became = f"another {type(kept.get(now[-1])).__name__}"
    return where, was, became


def _is_attributes(token: Any) -> bool:
    return (
        isinstance(token, tuple)
        and len(token) == 2
        and isinstance(token[0], type)
        and type(token[1]) is tuple
    )


def _token(token: Any, kept: Mapping[int, Any]) -> str:
    if token is Traced:
        return "a number of an earlier recording"
    if not isinstance(token, tuple) or not token:
        return "something else"
    if token[0] == "is":
        thing = kept.get(token[1])
        name = getattr(thing, "__qualname__", None)  # of functions and classes: where they are says nothing
        return name if isinstance(name, str) else described(thing)
    if token[0] == "parameter":
        return f"parameter {token[1]}"
    if token[0] == "again":
        return "what it holds elsewhere too"
    if len(token) > 2 and type(token[2]) is bytes:
        if isinstance(token[1], tuple):
            return f"an array of shape {token[1]}"
        return str(np.frombuffer(token[2], token[1])[0])
    if _is_attributes(token):
        return f"of the class {token[0].__name__}"
    if isinstance(token[0], type) and issubclass(token[0], float) and isinstance(token[1], str):
        return repr(float.fromhex(token[1]))
    if isinstance(token[0], type) and token[0] not in (bool, int, str, bytes, type(None)):
        half = 2 if issubclass(token[0], Mapping) else 1  # keys and what they stand for
        return f"a {token[0].__name__} of {token[1] // half}"
    return _text(token[-1])


__all__ = ["OBJECT", "SETTING", "SHAPE", "Change", "change", "changed"]
