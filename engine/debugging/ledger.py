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
from ..about import OnlySource, about
from ..blocks import Opened
from ..names import own_name
from ..value import Value
from ..words import cut, plain
from .recorder import Recorder
from .source import Site, Source, source_of
from .warn import OWN_FOLDERS
from .written import operation_at

_NAMES = {"<": "lt", "<=": "le", "==": "eq", "!=": "ne", ">": "gt", ">=": "ge"}
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


_Name = Any
"""What a side of a comparison is called: a text, what is known of a source, or a leaf that may get one."""


Here = dict[int, "_Went"]
"""What is known of the comparisons of one kind in some code: by the offset of the instruction, inverted where
it came out False."""
_NOWHERE: tuple[CodeType | None, Here] = None, {}


_Called = tuple[OnlySource | None, str] | tuple[()] | None


@dataclass(slots=True)
class _Went:
    """What is known of one outcome in one place.

    said: of the closest comparison the names of both sides and the sign between them.
    x, y: their numbers.
    leaf: the left side itself, where it is a leaf and the right one a plain number. What is called the same
    needs no name if it comes closer still.
    called: the same of what is not held: what is known of each side, and its label.
    """

    what: str
    taken: str
    margin: float
    site: Site | None
    said: tuple[_Name, str, _Name] | tuple[()] = ()
    x: Any = 0.0
    y: Any = 0.0
    leaf: Value | None = None
    called: tuple[_Called, _Called] | None = None
    times: int = 0

    def names(self, x: Value, other: object) -> bool:
        """Return whether these sides are called as those of the closest comparison are."""
        return self.called is not None and self.called == (_called(x), _called(other))

    def keep(self, x: Value, sign: str, other: object, caller: FrameType) -> None:
        """Keep what the comparison says: it is the closest."""
        assert self.site is not None
        self.said = _name(x, caller, self.site), sign, _name(other, caller, self.site)
        self.x, self.y = x.data, other.data if isinstance(other, Value) else other
        self.leaf = x if x.primitive is None and not isinstance(other, Value) else None
        called = _called(x), _called(other)
        self.called = None if None in called else called


def _called(side: object) -> _Called:
    """Return what a side's name depends on; None where it could be different the next time."""
    if not isinstance(side, Value):
        return ()
    known = about(side)
    if isinstance(known, OnlySource) or (known is None and side.primitive is not None):
        return known, side.label
    return None


class _Ours(Here):
    """What is known of the comparisons in chainrule's own code, which are part of operations: nothing."""

    def __missing__(self, place: int) -> _Went:
        return _Went("", "", -math.inf, None)


class Ledger:
    """Keeps how comparisons of Values came out: of each line and outcome the closest one, and how often.

    So it stays small in a long loop, and keeps no graph alive.
    """

    def __init__(self) -> None:
        # when it was opened, in seconds of the epoch
        self.since = time.time()
        self._went: list[_Went] = []
        # By the sign, because Python's functions may compare in several ways at one instruction.
        self._compared: dict[str, dict[int, Here]] = {sign: {} for sign in _NAMES}
        self._codes: dict[int, CodeType] = {}  # by identity; kept, so that these stay theirs
        self._chosen: dict[object, _Went] = {}  # by the address of the instruction, see `Recorder`
        # The same for `Comparisons`, which looks itself: in `all_lt` and so on, but in `lt` first, where
        # that of one code is, mostly the one that compares.
        for sign, name in _NAMES.items():
            setattr(self, name, _NOWHERE)
            setattr(self, f"all_{name}", self._compared[sign])

    def compared(
        self, x: Value, sign: str, other: object, number: Any, came_out: bool, caller: FrameType
    ) -> None:
        """Note a comparison that the user's code makes; of arrays and the like nothing is noted.

        Chainrule's own comparisons are part of operations.
        """
        if not isinstance(number, int | float):
            return
        code, places = caller.f_code, self._compared[sign]
        here = places.get(id(code))
        if here is None:
            self._codes[id(code)] = code
            here = places[id(code)] = _Ours() if code.co_filename.startswith(OWN_FOLDERS) else {}
        if type(here) is _Ours:
            return
        setattr(self, _NAMES[sign], (code, here))
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
        if not known.said or margin < known.margin or math.isnan(known.margin) > math.isnan(margin):
            known.keep(x, sign, other, caller)
            known.margin = margin

    def close(self) -> None:
        """Let go what only speeds up the next comparison: there will be none, or in another ledger."""
        for name in _NAMES.values():
            setattr(self, name, _NOWHERE)
            setattr(self, f"all_{name}", {})
        for went in self._went:
            went.leaf = went.called = None

    def take(self, inner: Ledger) -> None:
        """Keep what `inner`, of a block inside this one's, has kept as well: once, when that block ends."""
        self._codes |= inner._codes
        for sign, places in inner._compared.items():
            for code, there in places.items():
                self._take(self._compared[sign].setdefault(code, type(there)()), there)
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
                known.x, known.y, known.leaf, known.called = other.x, other.y, None, None

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
            text = _text(went) if went.said else went.what
            yield Branch(went.what, text, went.taken, went.margin, went.times, source, None)

    def __repr__(self) -> str:
        lines = "1 line" if len(self) == 1 else f"{len(self)} lines"
        return f"<ledger of {lines}: kinks(loss, ledger) lists them>"

    def __len__(self) -> int:
        return len(self._went)


def note_comparison(
    x: Value, sign: str, other: object, number: Any, came_out: bool, caller: FrameType
) -> None:
    """Keep in the ledger that is open here, if one is, how a comparison came out; called by `Value`."""
    ledger = modes.ledger()
    if ledger is not None:  # a context may outlive the block
        ledger.compared(x, sign, other, number, came_out, caller)


def _name(x: object, caller: FrameType, site: Site) -> _Name:
    """Return what the text needs to know of a side, without holding on to a graph.

    caller, site: where it is compared, and maybe used for the first time: leaves are sought there as at an
    operation. In functions of Python's such as `sorted` that would be at element after element: those keep
    the leaf, which the operation that uses it will name.
    """
    if not isinstance(x, Value):
        return ""
    if x.label:
        return x.label
    known = about(x)
    if known is not None:
        return known.source or ""
    recorder = getattr(modes.watcher(), "__self__", None)
    if x.primitive is not None or not isinstance(recorder, Recorder):
        return ""
    in_call = operation_at(caller.f_code.co_code, caller.f_lasti).startswith("CALL")
    return recorder.places.name_before_use(x, caller, site, seek=not in_call) or x


def _text(went: _Went) -> str:
    def shown(known: _Name, number: Any) -> str:
        name = (
            own_name(known) if isinstance(known, Value) else known if isinstance(known, str) else known.name
        )
        return f"{cut(plain(name))}={number!r}" if name else f"{number!r}"

    assert went.said
    left, sign, right = went.said
    return f"{shown(left, went.x)} {sign} {shown(right, went.y)}"


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
