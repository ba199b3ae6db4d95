"""Keeping for each value where it was made: `record_sources` and `scope`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any, TypeVar, overload

from ..about import OnlyScope
from ..blocks import Opened
from ..modes import kept_in, ledger, watcher, watching
from ..value import Value, described
from . import recorder
from .ledger import branches
from .recorder import Recorder, open_scopes

F = TypeVar("F", bound=Callable[..., Any])
_lock = Lock()


@overload
def record_sources(function: F, /) -> F: ...
@overload
def record_sources(*, frames: bool = False) -> Opened[None]: ...
def record_sources(function: F | None = None, /, *, frames: bool = False) -> Any:
    """Keep, for every value made inside, where that was: `value.source`, and names in all messages.

    A context manager, `with record_sources():`, and a decorator, with brackets or without. Holds for the
    thread or task that opened it. Kept is the instruction; file, line, expression and name are looked up
    when asked for. Values made in chainrule's own functions count as made where those were called.
    Leaves are known from their first use: they are called as the variable, attribute or element that
    holds them then, `params[3]`. A label always wins over a name that was found. Comparisons of Values
    made inside are kept too, see `kinks`; those of a block inside another are the outer one's.
    Most programs take 1.2 to 3 times as long inside, modules of cheap operations up to 3.5 times
    (docs/sources.md says what was measured), the graph a few bytes more; outside nothing changes.

    Up to Python 3.12 what the variables of a running function held when a leaf was sought there may live
    until it returns.

    frames: keep a copy of the local variables as well, for `value.debug()`. What they hold stays alive as
    long as the value: for short stretches only.

    >>> from chainrule.engine import Value
    >>> x = Value(2.0)
    >>> with record_sources():
    ...     y = x * x + 1.0
    ...     loss = y.tanh()
    >>> loss.source.name, loss.source.text, loss.operands[0].source.name, x.source.name
    ('loss', 'y.tanh()', 'y', 'x')
    """
    if function is None:
        return Opened(_record_sources, frames)
    if not callable(function):
        raise TypeError(f"record_sources decorates functions, got {function!r}: frames=True by keyword")
    return Opened(_record_sources, frames)(function)


def _record_sources(frames: bool) -> Iterator[None]:
    here = ledger()
    if here is None:
        with branches() as kept, watching(Recorder(frames, kept.since).note):
            yield
    else:  # the comparisons are those of the block around, and `since` tells `kinks` so
        with kept_in(here), watching(Recorder(frames, here.since).note):
            yield


def scope(name: str) -> Opened[None]:
    """Say what the values made inside belong to: pictures fold them into one card of that name.

    Also a decorator. Scopes nest, `encoder.attention`, and hold for the thread or task that opened them.
    Modules of `chainrule.nn` need none: they are known by the places of their parameters. Inside
    `record_sources`, `value.source.module` begins with the scope. Outside of all scopes nothing costs more.
    Raises TypeError for what is no name.

    >>> from chainrule.engine import Value, record_sources
    >>> with record_sources(), scope("encoder"):
    ...     h = Value(2.0) * 3.0
    >>> h.source.module
    'encoder'
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f'scope takes the name of what is computed inside, "encoder", got {described(name)}')
    return Opened(_scope, name)


def _scope(name: str) -> Iterator[None]:
    path = f"{outer_path}.{name}" if (outer_path := open_scopes.get()) else name
    token = open_scopes.set(path)
    outer = watcher()
    with _lock:
        recorder.scopes_open += 1
    try:
        if isinstance(getattr(outer, "__self__", None), Recorder):  # which notes the scope with the rest
            yield
        else:
            with watching(_ScopeNoter(path, outer)):
                yield
    finally:
        with _lock:
            recorder.scopes_open -= 1
        open_scopes.reset(token)


class _ScopeNoter:
    """Notes the scope of each value, where nothing else is recorded of it."""

    def __init__(self, path: str, outer: Callable[[Any], None] | None) -> None:
        self._known = OnlyScope(path)
        self._outer = None if isinstance(outer, _ScopeNoter) else outer

    def __call__(self, node: Value) -> None:
        """Note the scope of `node`, which is being made, and let others see it."""
        node.about = self._known
        if self._outer is not None:
            self._outer(node)
