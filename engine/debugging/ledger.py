"""Which way comparisons and choices went: `branches`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from sys import _getframe
from types import CodeType, FrameType
from typing import Any

from .. import modes
from ..about import about
from ..value import Value
from ..words import cut, plain
from .source import Site, Source, source_of
from .warn import OWN_FOLDERS

ledger_here = modes.ledger_here
_latest: ContextVar[Ledger | None] = ContextVar("latest ledger", default=None)


@dataclass(frozen=True)
class Branch:
    """A place where a computation went one way and could have gone another."""

    what: str
    """`comparison`, or the operation: `relu`, `maximum`, `median`."""
    text: str
    """What was decided, with its numbers where they came closest: `x > 0.0`, `relu(z=-0.3)`."""
    taken: str
    """Which way it went, in words."""
    margin: float
    """How far the numbers were from going the other way; nan where that cannot be known."""
    times: int
    """How often it went this way at this line."""
    source: Source | None
    """Where that is in the source, if it is known."""
    value: Value | None
    """What the operation made; None for a comparison."""

    def __str__(self) -> str:
        where = f"  {self.source.file}:{self.source.line}" if self.source is not None else ""
        times = f", {self.times:,} times" if self.times > 1 else ""
        margin = "unknown" if math.isnan(self.margin) else f"{self.margin:.4g}"
        return f"{margin:>10}  {self.text}: {self.taken}{times}{where}"


_Side = tuple[Any, Any]
"""One side of a comparison: the label of a Value, or what is known of its source, and its number."""
_Said = tuple[_Side, str, _Side] | tuple[()]


@dataclass(slots=True)
class _Went:
    what: str
    taken: str
    margin: float
    site: Site | None
    sign: str = ""
    said: _Said = ()
    times: int = 0


class Ledger:
    """Keeps how comparisons of Values came out: of each line and outcome the closest one, and how often.

    So it stays small in a long loop, and keeps no graph alive.
    """

    def __init__(self) -> None:
        # when it was opened, in seconds of the epoch
        self.since = time.time()
        self._went: list[_Went] = []
        # What is known of comparisons, by the identity of the code and then by the offset of the instruction,
        # below zero where it came out False; None for chainrule's own code, whose are part of operations.
        self._compared: dict[int, dict[object, _Went] | None] = {}
        self._codes: list[CodeType] = []  # kept, so that their identities stay theirs
        self.latest: tuple[CodeType | None, dict[object, _Went]] = None, {}  # of the code that compared last
        self._chosen: dict[object, _Went] = {}  # by the address of the instruction, see `Recorder`

    def compared(
        self, x: Value, sign: str, other: object, number: Any, came_out: bool, caller: FrameType
    ) -> None:
        """Note a comparison that the user's code makes; of arrays and the like nothing is noted."""
        if not isinstance(number, int | float):
            return
        code = caller.f_code
        if id(code) not in self._compared:
            self._codes.append(code)
            self._compared[id(code)] = None if code.co_filename.startswith(OWN_FOLDERS) else {}
        here = self._compared[id(code)]
        if here is None:
            return
        self.latest = code, here
        key: object = caller.f_lasti if came_out else ~caller.f_lasti
        known = here.get(key)
        if known is not None and known.sign != sign:  # one of Python's functions that compare in several ways
            key = (key, sign)
            known = here.get(key)
        if known is None:
            site = Site(code, caller.f_lasti, self.since)
            known = here[key] = _Went("comparison", str(came_out), math.nan, site, sign)
            self._went.append(known)
        known.times += 1
        try:
            margin = abs(x.data - number)
        except OverflowError:  # an int beyond the floats
            margin = math.inf
        if margin < known.margin or known.times == 1:
            known.said, known.margin = (_side(x), sign, _side(other)), margin

    def went(self, operation: str, taken: str, margin: float) -> None:
        """Note which way a function of chainrule's went."""
        frame: FrameType | None = _getframe(3)
        while frame is not None and frame.f_code.co_filename.startswith(OWN_FOLDERS):
            frame = frame.f_back
        address = 0 if frame is None else id(frame.f_code) + frame.f_lasti
        known = self._chosen.get((address, operation, taken))
        if known is None:
            site = None if frame is None else Site(frame.f_code, frame.f_lasti, self.since)
            known = self._chosen[address, operation, taken] = _Went(operation, taken, margin, site)
            self._went.append(known)
        known.times += 1
        known.margin = min(known.margin, margin)

    def __iter__(self) -> Iterator[Branch]:
        for went in self._went:
            source = None if went.site is None else source_of(went.site)
            text = _text(*went.said) if went.said else went.what
            yield Branch(went.what, text, went.taken, went.margin, went.times, source, None)

    def __repr__(self) -> str:
        lines = "1 line" if len(self) == 1 else f"{len(self)} lines"
        return f"<ledger of {lines}: kinks(loss, ledger) lists them>"

    def __len__(self) -> int:
        return len(self._went)


def note_comparison(x: Value, sign: str, other: object, number: Any, came_out: bool) -> None:
    """Keep in the ledger that is open here, if one is, how a comparison came out; called by `Value`.

    It does itself what `Ledger.compared` does where the code that compared last does so again, at a place
    that is known, and no closer than before: loops may do little else.
    """
    block = ledger_here()
    if block is None:
        return
    ledger = block.state if block.open else modes.ledger()
    if ledger is None:
        return
    caller = _getframe(2)  # this and the method of Value are below it
    if type(number) is float or type(number) is int:
        code, here = ledger.latest
        if caller.f_code is code:
            known = here.get(caller.f_lasti if came_out else ~caller.f_lasti)
            if known is not None and known.sign is sign:
                try:
                    difference = x.data - number
                except OverflowError:
                    difference = math.inf
                if not -known.margin < difference < known.margin:
                    known.times += 1
                    return
    ledger.compared(x, sign, other, number, came_out, caller)


def _side(x: object) -> _Side:
    """Return what the text needs to know, without looking anything up and without holding on to a graph."""
    if not isinstance(x, Value):
        return "", x
    known = about(x)
    return x.label or (known.source if known is not None else ""), x.data


def _text(left: _Side, sign: str, right: _Side) -> str:
    def shown(side: _Side) -> str:
        name, number = side
        name = cut(plain(name if isinstance(name, str) else name.name)) if name else ""
        return f"{name}={number!r}" if name else f"{number!r}"

    return f"{shown(left)} {sign} {shown(right)}"


def ledger_of(values: Iterable[Value]) -> Ledger | None:
    """Return the ledger that is open here, or else the last one if it is that of the values' sources."""
    here: Ledger | None = modes.ledger()
    last = _latest.get()
    if here is not None or last is None:
        return here
    for value in values:
        known = about(value)
        if known is not None and known.source is not None and known.source.site.since == last.since:
            return last
    return None


@contextmanager
def branches() -> Iterator[Ledger]:
    """Keep how every comparison of Values inside comes out, and how close it was; `kinks` shows it.

    Also a decorator. Comparisons leave no trace in a graph: `1.0 if s > k else 0.0` is a number without a
    derivative. Kept are Python's `<`, `==`, `if x:` and so on, those that `max()` and `sorted()` make, and
    what `sort`, `median` and `interp` choose. `record_sources()` does the same. Holds for the thread or
    task that opened it only.

    >>> from chainrule.engine import Value
    >>> s = Value(100.5, label="s")
    >>> with branches() as ledger:
    ...     payoff = 1.0 if s > 100.0 else 0.0
    >>> [(branch.text, branch.taken, branch.margin) for branch in ledger]
    [('s=100.5 > 100.0', 'True', 0.5)]
    """
    ledger = Ledger()
    _latest.set(ledger)
    with modes.kept_in(ledger):
        yield ledger
