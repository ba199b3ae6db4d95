"""Functions on lists of numbers that are not known yet, because the compiler records.

Eager code asks which number is the largest and goes on with that one. Here every answer is computed, and
`where` and `take` choose.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import pairwise
from math import nan
from typing import Any

from ..take import take
from ..value import Value
from .comparing import clip, maximum, where


def unknown(xs: Iterable[Any]) -> bool:
    """Return whether one of `xs` is a number that the compiler records."""
    return any(
        isinstance(x, Value) and x.kind == "recorded" and not getattr(x, "is_followed", False) for x in xs
    )


def chosen(condition: Any, x: Any, y: Any) -> Any:
    """Return x where the condition holds, else y, while the compiler records.

    Eager code goes on with one of them, so unlike `where` this is no operation: nothing flows to the other.
    """
    if not isinstance(condition, Value):
        return x if condition else y
    stand_in: Any = condition
    return stand_in.choice(x, y)


def largest_of(xs: Sequence[Any]) -> Any:
    """Return the largest number, nan where one is; 0 of none."""
    return reduce(maximum, xs) if xs else 0.0


def sorted_by_rows(xs: Sequence[Any]) -> list[Any]:
    """Return `xs` from the smallest to the largest, equal ones in their order, nan last.

    By n log(n)**2 comparisons that do not depend on each other's results.
    Source: D. E. Knuth, The Art of Computer Programming, volume 3 (1998), 5.2.2, algorithm M.
    """
    held: list[tuple[Any, Any]] = list(zip(xs, map(float, range(len(xs))), strict=True))
    for i, j in _compared(len(xs)):
        (x, at_x), (y, at_y) = held[i], held[j]
        alike = (x == y) | ((x != x) & (y != y))
        swap = (y < x) | ((x != x) & (y == y)) | (alike & (at_y < at_x))
        held[i] = chosen(swap, y, x), chosen(swap, at_y, at_x)
        held[j] = chosen(swap, x, y), chosen(swap, at_x, at_y)
    return [x for x, _ in held]


def _compared(n: int) -> Iterator[tuple[int, int]]:
    """Yield the places of two numbers at a time that are to be put in order."""
    top = 1 << max((n - 1).bit_length() - 1, 0)
    p = top if n > 1 else 0
    while p:
        q, r, d = top, 0, p
        while True:
            yield from [(i, i + d) for i in range(n - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1


def interpolated(x: Any, xs: Sequence[Any], fs: Sequence[Any]) -> Any:
    """Return what `interp` does; nan where `xs` turn out not to be increasing."""
    last = len(xs) - 1
    result: Any = where(x == x, fs[-1], x)
    if last:
        i = sum([where(place <= x, 1.0, 0.0) for place in xs[1:]]) + where(xs[0] <= x, 0.0, -1.0)
        slopes = [(fs[k + 1] - fs[k]) / (xs[k + 1] - xs[k]) for k in range(last)]
        start, value, slope = take(list(zip(xs, fs, slopes, strict=False)), clip(i, 0.0, last - 1.0))
        line = value + slope * (x - start)
        ends = where(i < 0.0, fs[0], fs[-1])
        inside = (i >= 0.0) & (i < float(last))
        result = where(x == x, where(inside, line, ends), line)
    for left, right in pairwise(xs):
        result = where(left < right, result, nan)
    return result
