"""What is switched on for a stretch of code: whether operations are recorded.

The state lives in a context variable, so threads and tasks do not disturb each other. Reading one at
every operation would cost a tenth of the engine's speed, so a plain count of open blocks is kept
beside it: an operation looks at the context variable only while some block is open somewhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

_recording: ContextVar[bool] = ContextVar("recording", default=True)
_lock = Lock()
suspensions = 0
"""How many no_grad blocks are open at this moment, in all threads together."""


def recording() -> bool:
    """Return whether operations are recorded here: True outside every `no_grad` block."""
    return _recording.get()


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
    global suspensions
    token = _recording.set(False)
    with _lock:
        suspensions += 1
    try:
        yield
    finally:
        with _lock:
            suspensions -= 1
        _recording.reset(token)
