"""A function that was recorded, as machine code."""

from __future__ import annotations

import ctypes
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import partial, reduce
from itertools import pairwise
from operator import or_
from typing import Any

from numpy.typing import NDArray

from . import cache
from .build import Counts, Layout, Wanted, built
from .callbacks import Callbacks
from .entry import NO_ROW
from .frame import Frame
from .machine import Code, object_code
from .tape import Tape
from .threads import together

Enter = Callable[[int], int]

SHORT = 400_000
"""Up to how many operations a run keeps Python's lock: letting it go and taking it back takes time too.

They take 20 to 400 microseconds, and Python hands the lock on every 5,000.
"""


FEWEST = 4_000_000
"""How many operations a shard must have, so that waking a thread for it takes less time than it does."""


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

    def entered(self, samples: int, threads: int = 1) -> Enter:
        """Return what runs a frame of so many samples and answers as `entry` says.

        Short runs in one thread keep Python's lock, so no two of them run at the same time.
        """
        once, each = self.layout.work
        short = once + each * samples <= SHORT and not self.callbacks
        short &= threads == 1 or len(self.bounds(samples, threads)) == 2
        return self._brief if short else self._long

    def bounds(self, samples: int, threads: int) -> list[int]:
        """Return where the shards of a batch begin, and where the last one ends.

        It follows from the program, the number of samples and `threads`, and from nothing else.
        """
        _, each = self.layout.work
        blocks = -(-samples // self.layout.lanes)
        shards = max(1, min(threads, blocks, each * samples // FEWEST))
        return [min(blocks * k // shards * self.layout.lanes, samples) for k in range(shards + 1)]

    def run(self, frame: Frame, samples: int, threads: int = 1) -> int:
        """Run a frame, and answer as `entry` says. Raises what a function called back raises.

        threads: how many shards a batch may have, which run at the same time.
        """
        if threads > 1 and len(bounds := self.bounds(samples, threads)) > 2:
            return self._run_shards(frame, bounds)
        answer = self.entered(samples)(frame.address)
        if self.callbacks:
            self.callbacks.check()
        return answer

    def _run_shards(self, frame: Frame, bounds: list[int]) -> int:
        """Run a frame in shards, each with memory of its own; their sums are added in turn."""
        frame.collect()
        shards = [self.lent() for _ in bounds[1:]]
        for shard, (low, high) in zip(shards, pairwise(bounds), strict=True):
            shard.shard_of(frame, low, high)
        answers = together([partial(self._run_part, shard) for shard in shards])
        frame.go_on_from(shards)
        for shard, answer in reversed(list(zip(shards, answers, strict=True))):
            if answer & NO_ROW:
                frame.take_report_of(shard)
        try:
            answers.append(self._run_part(frame))
        finally:
            frame.whole_again()
        for shard in shards:  # not those of a run that was interrupted: a helper may still be in them
            self.give_back(shard)
        return reduce(or_, answers)

    def _run_part(self, frame: Frame) -> int:
        """Run a part in this thread, where also is raised what a function called back raises."""
        answer = self._long(frame.address)
        if self.callbacks:
            self.callbacks.check()
        return answer

    def new_frame(self, dtype: str = "") -> Frame:
        """Return a frame of one's own. dtype: the kind of its numbers, if not for this code to run."""
        layout = replace(self.layout, dtype=dtype) if dtype else self.layout
        return Frame(layout, self.outside, self._tables)

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
