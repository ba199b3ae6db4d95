"""Keep Python's cyclic garbage collector from walking graphs in which it can find nothing."""

import gc
from collections.abc import Iterator
from threading import Lock

from .blocks import block

_lock = Lock()
_open = 0
_was_enabled = False


@block
def collector_paused() -> Iterator[None]:
    """Keep the cyclic collector from running inside; what was before is restored, whatever happens.

    A graph of Values has no reference cycles: it is freed the moment its root is dropped. The cyclic
    collector does not know that and walks it again and again while it grows, which makes large graphs
    several times slower to build. Also a decorator; blocks nest, across threads too: the last one to
    end restores. Cyclic garbage made inside by other code stays until after the block.

    >>> import gc
    >>> with collector_paused():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    global _open, _was_enabled
    with _lock:
        if _open == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _open += 1
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if _open == 0 and _was_enabled:
                gc.enable()
