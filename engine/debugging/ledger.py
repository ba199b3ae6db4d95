"""Which way comparisons and choices went: `branches`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from sys import _getframe
from types import CodeType, FrameType
from typing import Any

from .. import modes
from ..about import about
from ..blocks import Opened
from ..names import own_name
from ..value import Value
from ..words import cut, plain
from .recorder import Recorder
from .source import Site, Source, source_of
from .warn import OWN_FOLDERS
from .written import operation_at

ledger_here = modes.ledger_here
_SIGNS = ("<", "<=", "==", "!=", ">", ">=")
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
"""One side of a comparison: a name, what is known of a source or a leaf that may get one, and its number."""
_Said = tuple[_Side, str, _Side] | tuple[()]


@dataclass(slots=True)
class _Went:
    what: str
    taken: str
    margin: float
    site: Site | None
    said: _Said = ()
    times: int = 0
    above: float = -math.inf
    below: float = math.inf
    """A difference between these two is closer than any before; as long as nothing is known, every one is."""


Places = tuple[CodeType | None, dict[int, _Went]]
"""Code, and what is known of the comparisons of one kind in it: by the offset of the instruction, inverted
where it came out False."""
_NOWHERE: Places = None, {}


class Ledger:
    """Keeps how comparisons of Values came out: of each line and outcome the closest one, and how often.

    So it stays small in a long loop, and keeps no graph alive.
    """

    def __init__(self) -> None:
        # when it was opened, in seconds of the epoch
        self.since = time.time()
        self._went: list[_Went] = []
        # By the identity of the code and the sign, because Python's functions may compare in several ways at
        # one instruction; None for chainrule's own code, whose comparisons are part of operations.
        self._compared: dict[tuple[int, str], dict[int, _Went] | None] = {}
        self._codes: dict[int, CodeType] = {}  # by identity; kept, so that these stay theirs
        self.latest = dict.fromkeys(_SIGNS, _NOWHERE)  # by the sign, those of the code that compared last
        self.less = self.greater = _NOWHERE  # those of < and >, which `Comparisons` looks at itself
        self._chosen: dict[object, _Went] = {}  # by the address of the instruction, see `Recorder`

    def compared(
        self, x: Value, sign: str, other: object, number: Any, came_out: bool, caller: FrameType
    ) -> None:
        """Note a comparison that the user's code makes; of arrays and the like nothing is noted."""
        if not isinstance(number, int | float):
            return
        code, key = caller.f_code, (id(caller.f_code), sign)
        if key not in self._compared:
            self._codes[id(code)] = code
            self._compared[key] = None if code.co_filename.startswith(OWN_FOLDERS) else {}
        here = self._compared[key]
        if here is None:
            return
        self._remember(sign, (code, here))
        place = caller.f_lasti if came_out else ~caller.f_lasti
        known = here.get(place)
        if known is None:
            site = Site(code, caller.f_lasti, self.since)
            known = here[place] = _Went("comparison", str(came_out), math.nan, site)
            self._went.append(known)
        known.times += 1
        try:
            margin = abs(x.data - number)
        except OverflowError:  # an int beyond the floats
            margin = math.inf
        if margin < known.margin or math.isnan(known.margin):
            assert known.site is not None
            known.said = _side(x, caller, known.site), sign, _side(other, caller, known.site)
            known.margin = margin
            if not math.isnan(margin):
                known.above, known.below = -margin, margin

    def _remember(self, sign: str, places: Places) -> None:
        self.latest[sign] = places
        self.less, self.greater = self.latest["<"], self.latest[">"]

    def close(self) -> None:
        """Let go what only speeds up the next comparison: there will be none, or in another ledger."""
        for sign in _SIGNS:
            self._remember(sign, _NOWHERE)

    def take(self, inner: Ledger) -> None:
        """Keep what `inner`, of a block inside this one's, has kept as well: once, when that block ends."""
        self._codes |= inner._codes
        for key, places in inner._compared.items():
            here = self._compared.setdefault(key, None if places is None else {})
            if here is not None and places is not None:
                self._take(here, places)
        self._take(self._chosen, inner._chosen)

    def _take(self, here: dict[Any, _Went], others: dict[Any, _Went]) -> None:
        for place, other in others.items():
            known = here.get(place)
            if known is None:
                here[place] = known = replace(other)
                self._went.append(known)
                continue
            known.times += other.times
            if other.margin < known.margin or math.isnan(known.margin):
                known.margin, known.said = other.margin, other.said
                known.above, known.below = other.above, other.below

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


def note_comparison(
    x: Value, sign: str, other: object, number: Any, came_out: bool, caller: FrameType
) -> None:
    """Keep in the ledger that is open here, if one is, how a comparison came out; called by `Value`.

    It does itself what `Ledger.compared` does where the code that compared last does so again, at a place
    that is known, and no closer than before: loops may do little else.
    """
    block = ledger_here()
    if block is None:
        return
    code, here = block.state.latest[sign]
    if caller.f_code is code:
        try:
            known = here[caller.f_lasti if came_out else ~caller.f_lasti]
            if not known.above < x.data - number < known.below:
                known.times += 1
                return
        except modes.UNCLEAR:
            pass
    ledger = modes.ledger()
    if ledger is not None:
        ledger.compared(x, sign, other, number, came_out, caller)


def _side(x: object, caller: FrameType, site: Site) -> _Side:
    """Return what the text needs to know, without holding on to a graph.

    caller, site: where it is compared, and maybe used for the first time: leaves are sought there as at an
    operation. In functions of Python's such as `sorted` that would be at element after element: those keep
    the leaf, which the operation that uses it will name.
    """
    if not isinstance(x, Value):
        return "", x
    if x.label:
        return x.label, x.data
    known = about(x)
    if known is not None:
        return known.source or "", x.data
    recorder = getattr(modes.watcher(), "__self__", None)
    if x.primitive is not None or not isinstance(recorder, Recorder):
        return "", x.data
    in_call = operation_at(caller.f_code.co_code, caller.f_lasti).startswith("CALL")
    return recorder.places.name_before_use(x, caller, site, seek=not in_call) or x, x.data


def _text(left: _Side, sign: str, right: _Side) -> str:
    def shown(side: _Side) -> str:
        known, number = side
        name = (
            own_name(known) if isinstance(known, Value) else known if isinstance(known, str) else known.name
        )
        return f"{cut(plain(name))}={number!r}" if name else f"{number!r}"

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


def branches() -> Opened[Ledger]:
    """Keep how every comparison of Values inside comes out, and how close it was; `kinks` shows it.

    Also a decorator. Comparisons leave no trace in a graph: `1.0 if s > k else 0.0` is a number without a
    derivative. Kept are Python's `<`, `==`, `if x:` and so on, those that `max()` and `sorted()` make, and
    what `sort`, `median` and `interp` choose. `record_sources()` does the same. Blocks nest: what an inner
    one keeps is the outer's too, of another `branches()` from the end of that block on. Holds for the
    thread or task that opened it only.

    >>> from chainrule.engine import Value
    >>> s = Value(100.5, label="s")
    >>> with branches() as ledger:
    ...     payoff = 1.0 if s > 100.0 else 0.0
    >>> [(branch.text, branch.taken, branch.margin) for branch in ledger]
    [('s=100.5 > 100.0', 'True', 0.5)]
    """
    return Opened(_branches)


def _branches() -> Iterator[Ledger]:
    ledger, outer = Ledger(), modes.ledger()
    if outer is None:  # of blocks that nest the outermost one knows all
        _latest.set(ledger)
    try:
        with modes.kept_in(ledger):
            yield ledger
    finally:
        ledger.close()
        if outer is not None and modes.ledger() is outer:  # in generators it may have ended before
            outer.take(ledger)
