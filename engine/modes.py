"""What is switched on for a stretch of code: recording, and strictness about inf and nan.

The state lives in context variables, so threads and tasks do not disturb each other. Reading one at
every operation would cost a tenth of the engine's speed, so a plain count of open blocks is kept
beside them: an operation looks at the context variables only while some block is open somewhere.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from types import FrameType
from typing import Any

from .blocks import block


class _Block:
    """What one block sets, in place of an outer one. A task may keep it for longer than it is open."""

    def __init__(self, state: Any, outer: "_Block | None") -> None:
        self.state, self.outer, self.open = state, outer, True


_recording: ContextVar[_Block | None] = ContextVar("recording", default=None)
_strict: ContextVar[_Block | None] = ContextVar("strict", default=None)
_watcher: ContextVar[_Block | None] = ContextVar("watcher", default=None)
_ledger: ContextVar[_Block | None] = ContextVar("ledger", default=None)
differentiating: ContextVar[bool] = ContextVar("differentiating", default=False)
"""Whether a transform such as `grad` is running its function here."""
_lock = Lock()
open_blocks = 0
"""How many blocks of any kind are open at this moment, in all threads together."""
restrictions = 0
"""How many of them are `no_grad`, `enable_grad` or `strict`."""
recorders = 0
"""How many recordings of the compiler are under way, in all threads together."""


def _state(variable: ContextVar[_Block | None], otherwise: Any) -> Any:
    inner = _open_one(variable.get())
    return otherwise if inner is None else inner.state


def _open_one(block: _Block | None) -> _Block | None:
    while block is not None and not block.open:
        block = block.outer
    return block


def recording() -> bool:
    """Return whether operations are recorded here: True outside every `no_grad` block."""
    return _recording.get() is None or bool(_state(_recording, True))


def is_strict() -> bool:
    """Return whether a result that is not finite is an error here: True inside a `strict` block."""
    return _strict.get() is not None and bool(_state(_strict, False))


watching_here = _watcher.get
ledger_here = _ledger.get
"""Return the innermost block of that kind here, if any; where it has ended, `watcher` and `ledger` know."""


def watcher() -> Callable[[Any], None] | None:
    """Return what wants to see every recorded value here, if anything does."""
    see: Callable[[Any], None] | None = _state(_watcher, None)
    return see


def ledger() -> Any:
    """Return the `Ledger` that keeps which way things went here, if one is open."""
    return _state(_ledger, None)


UNCLEAR = (KeyError, ValueError, TypeError, OverflowError)
"""What a comparison in a new place raises where it is looked up, or one with what is no plain number."""


def note_comparison(x: Any, sign: str, other: object, number: Any, came_out: bool, caller: FrameType) -> None:
    """Keep in the ledger that is open here, if one is, how a comparison came out.

    number: what `other` is as a number.  caller: what compares. debugging/ledger.py takes its place.
    """


@contextmanager
def kept_in(ledger: Any) -> Iterator[None]:
    """Keep in `ledger` how the comparisons made inside came out."""
    with _block(_ledger, ledger):
        yield


@contextmanager
def watching(see: Callable[[Any], None]) -> Iterator[None]:
    """Call `see` with every value that is recorded inside, as soon as it is made."""
    with _block(_watcher, see):
        yield


@block
def no_grad() -> Iterator[None]:
    """Compute without recording: results inside are constants that remember nothing.

    Also a decorator, `@no_grad` or `@no_grad()`. Blocks nest, and hold for the thread or task that opened
    them only.

    >>> from chainrule.engine import Value
    >>> w = Value(3.0)
    >>> with no_grad():
    ...     y = w * w
    >>> y.data, y.operands
    (9.0, ())
    """
    with _block(_recording, False):
        yield


@block
def enable_grad() -> Iterator[None]:
    """Record again inside a `no_grad` block. Also a decorator.

    >>> from chainrule.engine import Value
    >>> w = Value(3.0)
    >>> with no_grad(), enable_grad():
    ...     y = w * w
    >>> len(y.operands)
    2
    """
    with _block(_recording, True):
        yield


@block
def strict() -> Iterator[None]:
    """Make the first result that is inf or nan an error, at the operation that gives it.

    Also a decorator. Raises NotFiniteError, which names the operation and its operands, from inside the
    block. `backward()`, `backward_steps()` and `trace()` from a root that is inf or nan, made before the
    block, raise it instead of warning, and no gradient changes. Where all values are finite and a gradient
    is not, `backward()` raises it at the end of the pass, and so do `backward_steps()`: the leaves
    hold what the pass gave them. Holds for the thread or task that opened it only.

    >>> from chainrule.engine import Value
    >>> with strict():
    ...     1.0 / Value(0.0)
    Traceback (most recent call last):
    chainrule.engine.modes.NotFiniteError: div(x=1.0, y=0.0) is inf: the denominator is zero
    """
    with _block(_strict, True):
        yield


class NotFiniteError(ArithmeticError):
    """Inside `strict`: an operation, or a derivative of one, gave inf or nan."""


@contextmanager
def _block(variable: ContextVar[_Block | None], state: Any) -> Iterator[None]:
    global open_blocks, restrictions
    restricts = variable is _recording or variable is _strict
    opened = _Block(state, variable.get())
    variable.set(opened)
    with _lock:
        open_blocks += 1
        restrictions += restricts
    try:
        yield
    finally:
        opened.open = False
        with _lock:
            open_blocks -= 1
            restrictions -= restricts
        # Generators may end their blocks in any order: the innermost that is open holds, whichever ended.
        inner = _open_one(variable.get())
        variable.set(inner)
        while inner is not None:
            inner.outer = _open_one(inner.outer)
            inner = inner.outer


@contextmanager
def recorder_at_work() -> Iterator[None]:
    """Count one recording of the compiler more inside: operands may then be its stand-ins."""
    global recorders
    with _lock:
        recorders += 1
    try:
        yield
    finally:
        with _lock:
            recorders -= 1
