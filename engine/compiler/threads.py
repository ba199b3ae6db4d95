"""Threads that help: several pieces of work at the same time, where one of them is the caller's own.

A piece is done by whoever comes to it first, the caller or a helper. So nothing waits for a helper that is
busy, that could not be started, or that a fork has left behind: the caller then does all of it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache


@cache
def _helpers(count: int) -> ThreadPoolExecutor:
    """Return helpers, each started when it is first needed. They end with the program."""
    return ThreadPoolExecutor(count, thread_name_prefix="chainrule")


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_helpers.cache_clear)


class Piece:
    """A piece of work, done once. result: what it returned."""

    def __init__(self, work: Callable[[], int]) -> None:
        self._work = work
        self._begun, self._running = threading.Lock(), threading.Lock()
        self._running.acquire()
        self._error: BaseException | None = None
        self._result = 0

    def do(self) -> None:
        """Do it, unless somebody has begun it."""
        if not self._begun.acquire(blocking=False):
            return
        try:
            self._result = self._work()
        except BaseException as error:  # it belongs to the caller, an interrupt too
            self._error = error
        finally:
            self._running.release()

    def wait(self) -> None:
        """Wait until it is done."""
        self._running.acquire()
        self._running.release()

    @property
    def result(self) -> int:
        """What the work returned; what it raised is raised here."""
        if self._error is not None:
            raise self._error
        return self._result


def together(works: Sequence[Callable[[], int]]) -> list[int]:
    """Return what each of `works` returns; they run at the same time, at most one a thread.

    Raises what the first of them in this order raised, when all are over.
    """
    pieces = [Piece(work) for work in works]
    with contextlib.suppress(RuntimeError):  # no thread can be started any more: the program ends, say
        helpers = _helpers(max(len(works) - 1, 1))
        for piece in pieces[1:]:
            helpers.submit(piece.do)
    for piece in pieces:
        piece.do()
    for piece in pieces:
        piece.wait()
    return [piece.result for piece in pieces]


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
