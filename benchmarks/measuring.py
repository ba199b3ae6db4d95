"""How value and gradient are compared before calls are timed, and how these are timed."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Answer = tuple[Any, Any]
clock = time.thread_time


def timed(call: Callable[[], Answer], seconds: float) -> float:
    """Return the seconds a call takes, from as many as fit into about so many seconds."""
    start, count = clock(), 0
    while True:
        call()
        count += 1
        spent = clock() - start
        if spent >= seconds:
            return spent / count


def flat(held: Any) -> NDArray[np.float64]:
    """Return derivatives in a row."""
    return np.asarray(held, np.float64).ravel()


def agree(name: str, expected: Answer, found: Answer) -> None:
    """Raise SystemExit where two values or gradients differ by more than 1e-9 of the largest."""
    by, gradient = flat(expected[1]), flat(found[1])
    worst = np.abs(gradient - by).max() / np.abs(by).max()
    if abs(found[0] - expected[0]) > 1e-9 * abs(expected[0]) or worst > 1e-9:
        raise SystemExit(f"{name}: {found[0]!r} and {expected[0]!r}, gradients differ by {worst:.1e}")
