"""A function that was recorded, as machine code."""

from __future__ import annotations

import ctypes
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from . import cache
from .build import Counts, Layout, Wanted, built
from .callbacks import Callbacks
from .frame import Frame
from .machine import Code, object_code
from .tape import Tape

Enter = Callable[[int], int]

SHORT = 20_000
"""Up to how many operations a run keeps Python's lock: letting it go and taking it back takes time too."""


class Compiled:
    """Machine code for a tape, and frames to run it in.

    outside: how many Values from outside there are; their numbers follow the arguments'.
    """

    def __init__(self, layout: Layout, made: bytes, outside: int, counts: Counts) -> None:
        self.layout, self.outside, self.counts = layout, outside, counts
        self.size = len(made)
        self._code = Code(made)
        at = self._code.address("enter")
        self._brief: Enter = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(at)
        self._long: Enter = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(at)
        self.callbacks = Callbacks(layout.callbacks)
        self._tables: list[NDArray[Any]] = [layout.numbers, layout.places, self.callbacks.table]
        self._free: list[Frame] = []

    def entered(self, samples: int) -> Enter:
        """Return what runs a frame of so many samples and answers as `entry` says.

        Short runs keep Python's lock, so no two of them run at the same time.
        """
        once, each = self.layout.work
        short = once + each * samples <= SHORT and not self.callbacks
        return self._brief if short else self._long

    def new_frame(self) -> Frame:
        """Return a frame of one's own."""
        return Frame(self.layout, self.outside, self._tables)

    def lent(self) -> Frame:
        """Lend a frame, to be given back; where several threads call at once each gets one of its own."""
        try:
            return self._free.pop()  # one step, so that no two threads get the same
        except IndexError:
            return self.new_frame()

    def give_back(self, frame: Frame) -> None:
        """Keep a frame for the next call."""
        frame.let_go()
        self._free.append(frame)


_recent: OrderedDict[bytes, Compiled] = OrderedDict()
"""Machine code that this program has loaded, by its key, the one used last at the end."""
RECENT = 64
"""How many of these are kept: a grid search makes the same few networks over and over."""


def compiled(tape: Tape, wanted: Wanted, outside: int) -> Compiled:
    """Return machine code for a tape: what this program has already, or from the disk, or made now."""
    key = cache.key_of(tape, wanted, outside)
    if key is None:
        return _loaded(tape, wanted, outside, key)
    known = _recent.pop(key, None)
    if known is None:
        known = _loaded(tape, wanted, outside, key)
    _recent[key] = known
    while len(_recent) > RECENT:
        _recent.popitem(last=False)
    return known


def _loaded(tape: Tape, wanted: Wanted, outside: int, key: bytes | None) -> Compiled:
    """Return machine code from the disk where it is kept there, else make it."""
    kept = cache.load(key) if key else None
    if kept:
        layout, code, counts = kept
    else:
        made = built(tape, wanted)
        layout, counts = made.layout, made.counts
        since = time.perf_counter()
        code = object_code(made.text)
        counts.seconds["machine code"] = time.perf_counter() - since
        if key:
            cache.store(key, layout, code, counts)
    return Compiled(layout, code, outside, counts)
