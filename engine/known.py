"""Whether numbers are known: while the compiler records, its stand-ins have none."""

from __future__ import annotations

from typing import Any

from .tree import flatten
from .value import Value


def check_known(what: str, *held: Any) -> None:
    """Raise RecordingError where one of the numbers in `held` is one that `compile` records.

    what: the function that needs the numbers themselves.
    """
    for number in flatten(held)[0]:
        if isinstance(number, Value) and number.kind == "recorded":
            error: Any = number
            raise error.unknown_to(what)
