"""What a function that is recorded may return."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

from ..value import Value, described
from .refusals import NO_NUMBER, RecordingError


def check_results(returned: Any) -> None:
    """Raise RecordingError where stand-ins are left in what a function returned.

    Numbers are put into lists, tuples, values of dictionaries, dataclasses and arrays, as `flatten` does, and
    into nothing else. To be called when modules have their own parameters again.
    """
    seen: set[int] = set()
    left: list[tuple[Any, Any]] = [(returned, None)]  # each with what keeps it, where that is none of those
    while left:
        held, keeper = left.pop()
        if id(held) in seen:
            continue
        if isinstance(held, Value):
            if keeper is not None and held.kind == "recorded":
                raise RecordingError(
                    f"{described(keeper)} among the results holds a number that compile records, and no call "
                    "would put one there: return numbers in lists, tuples, dictionaries (as values), "
                    "dataclasses or arrays"
                )
            continue
        if isinstance(held, str):
            if NO_NUMBER in held:
                raise RecordingError(
                    f"the text {held!r} among the results would be the same at every call: return the "
                    "number, and write it where the kernel has returned it"
                )
            continue
        seen.add(id(held))
        if isinstance(held, Iterator):
            raise RecordingError(
                f"{described(held)} among the results can be run through once, and a kernel would return it "
                "at every call: return a list"
            )
        if isinstance(held, list | tuple):
            # Numbers have their places there: a million of them are told at once.
            left += [
                (item, keeper) for item in held if keeper is not None or not isinstance(item, Value | float)
            ]
        elif isinstance(held, dict):
            left += [(item, keeper) for item in held.values()] + [(key, held) for key in held]
        elif isinstance(held, set | frozenset | deque):
            left += [(item, held) for item in held]
        elif not isinstance(held, type) and not hasattr(held, "parameters"):
            keeps = keeper if is_dataclass(held) else held
            left += [(item, keeps) for item in getattr(held, "__dict__", {}).values()]


__all__ = ["check_results"]
