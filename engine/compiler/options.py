"""What `compile` is told: options that make sense together, or an error that says which do."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .text import REALS
from .threads import processors

Reduce = Literal["mean", "sum"] | None
Argnums = int | Sequence[int]


@dataclass(frozen=True)
class Options:
    """What `compile` was told; see there."""

    argnums: Argnums
    reduce: Reduce
    exact: bool
    threads: int = 1
    dtype: str = "float64"


def checked(
    argnums: Any, batch: Any, reduce: Any, exact: bool, threads: Any, dtype: Any
) -> tuple[list[str | int], Options]:
    """Return the names and places of batched arguments, and the other options.

    Raises TypeError and ValueError for what is none, and for what does not go together.
    """
    _check_argnums(argnums)
    if reduce not in (None, "mean", "sum"):
        raise ValueError(f"compile: reduce is 'mean', 'sum' or None, got {reduce!r}")
    batched = _batched(batch)
    if reduce and not batched:
        raise ValueError(f"compile: reduce={reduce!r} needs batch= to say which arguments hold the samples")
    shards = _shards(threads, batched)
    return batched, Options(argnums, reduce, exact, shards, _kind_of_numbers(dtype, exact))


def _check_argnums(argnums: Any) -> None:
    """Raise TypeError and ValueError for what names no arguments, or one twice."""
    several = [argnums] if hasattr(argnums, "__index__") else argnums
    try:
        places = [operator.index(place) for place in several]
    except TypeError:
        raise TypeError(f"compile: argnums must be an int or several, got {argnums!r}") from None
    if len(set(places)) < len(places):
        raise ValueError(f"compile: argnums={argnums!r} names an argument twice")


def _batched(batch: Any) -> list[str | int]:
    """Return the names and places of batched arguments. Raises TypeError for what is none of them."""
    alone = isinstance(batch, str | bytes) or not isinstance(batch, Iterable)
    names: list[str | int] = []
    for one in [batch] if alone else batch:
        if isinstance(one, bool) or not (isinstance(one, str) or hasattr(one, "__index__")):
            raise TypeError(
                'compile: batch names the arguments that hold the samples, such as "x", 1 or ("x", "y"), '
                f"got {batch!r}"
            )
        names.append(one if isinstance(one, str) else operator.index(one))
    return names


def _kind_of_numbers(dtype: Any, exact: bool) -> str:
    """Return the name of a kind of numbers. Raises ValueError for others than the two there are."""
    try:
        name = np.dtype(dtype).name if dtype is not None else "None"
    except TypeError:
        name = ""
    if name not in REALS:
        raise ValueError(f"compile: dtype is 'float64' or 'float32', got {dtype!r}")
    if exact and name != "float64":
        raise ValueError(
            f"compile: exact=True gives every bit of Python's floats, which are float64, not {name}: "
            "leave one of the two out"
        )
    return name


def _shards(threads: int | str, batched: Sequence[str | int]) -> int:
    """Return how many shards there may be. Raises TypeError and ValueError for what is no number of them."""
    if threads == "auto":
        wanted = processors()
    elif isinstance(threads, bool | str) or not hasattr(threads, "__index__"):
        raise TypeError(f"compile: threads is a whole number of at least 1 or 'auto', got {threads!r}")
    else:
        wanted = operator.index(threads)
    if wanted < 1:
        raise ValueError(f"compile: threads is a whole number of at least 1 or 'auto', got {threads!r}")
    if not batched and (wanted > 1 or threads == "auto"):
        raise ValueError(f"compile: threads={threads!r} needs batch=: it is the samples that threads share")
    return wanted
