"""Python called from machine code: rows that only Python computes."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..primitive import Primitive

_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.POINTER(ctypes.c_double), ctypes.c_int64)


class Callbacks:
    """The functions that machine code calls, by their addresses.

    Machine code cannot raise. What a function raises is kept until the run is over, and raised then; until
    then every further call in that thread gives nan at once.
    """

    def __init__(self, rows: Sequence[Primitive]) -> None:
        self._functions = [_FUNCTION(self._guarded(row)) for row in rows]
        addresses = [ctypes.cast(function, ctypes.c_void_p).value for function in self._functions]
        self.table = np.array(addresses or [0], np.int64)
        self._raised: dict[int, BaseException] = {}

    def __bool__(self) -> bool:
        return bool(self._functions)

    def _guarded(self, row: Primitive) -> Callable[[Any, int], float]:
        def call(numbers: Any, count: int) -> float:
            thread = threading.get_ident()
            if thread in self._raised:
                return float("nan")
            try:
                return float(row(*numbers[:count]))
            except BaseException as error:  # an interrupt too: ctypes would print and forget it
                self._raised[thread] = error
                return float("nan")

        return call

    def check(self) -> None:
        """Raise what a function raised in this thread since the last check."""
        error = self._raised.pop(threading.get_ident(), None)
        if error is not None:
            raise error
