"""What is switched on for a stretch of code: recording, and strictness about inf and nan.

The state lives in context variables, so threads and tasks do not disturb each other. Reading one at
every operation would cost a tenth of the engine's speed, so a plain count of open blocks is kept
beside them: an operation looks at the context variables only while some block is open somewhere.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

_recording: ContextVar[bool] = ContextVar("recording", default=True)
_strict: ContextVar[bool] = ContextVar("strict", default=False)
_watcher: ContextVar[Callable[[Any], None] | None] = ContextVar("watcher", default=None)
_lock = Lock()
open_blocks = 0
"""How many blocks of any kind are open at this moment, in all threads together."""


def recording() -> bool:
    """Return whether operations are recorded here: True outside every `no_grad` block."""
    return _recording.get()


def is_strict() -> bool:
    """Return whether a result that is not finite is an error here: True inside a `strict` block."""
    return _strict.get()


def watcher() -> Callable[[Any], None] | None:
    """Return what wants to see every recorded value here, if anything does."""
    return _watcher.get()


@contextmanager
def watching(see: Callable[[Any], None]) -> Iterator[None]:
    """Call `see` with every value that is recorded inside, as soon as it is made."""
    with _block(_watcher, see):
        yield


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: results inside are constants that remember nothing.

    Also a decorator. Blocks nest, and hold for the thread or task that opened them only.

    >>> from chainrule.engine import Value
    >>> w = Value(3.0)
    >>> with no_grad():
    ...     y = w * w
    >>> y.data, y.operands
    (9.0, ())
    """
    with _block(_recording, False):
        yield


@contextmanager
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


@contextmanager
def strict() -> Iterator[None]:
    """Make the first result that is inf or nan an error, at the operation that gives it.

    Also a decorator. Raises NotFiniteError, which names the operation and its operands, from inside the
    block. Holds for the thread or task that opened it only.

    >>> from chainrule.engine import Value
    >>> with strict():
    ...     1.0 / Value(0.0)
    Traceback (most recent call last):
    chainrule.engine.modes.NotFiniteError: div(x=1.0, y=0.0) is inf
    """
    with _block(_strict, True):
        yield


class NotFiniteError(ArithmeticError):
    """Inside `strict`: an operation gave inf or nan."""


@contextmanager
def _block(variable: ContextVar[Any], state: Any) -> Iterator[None]:
    global open_blocks
    token = variable.set(state)
    with _lock:
        open_blocks += 1
    try:
        yield
    finally:
        with _lock:
            open_blocks -= 1
        variable.reset(token)
