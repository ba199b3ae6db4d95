"""What the context managers of the engine have in common: they decorate with and without parentheses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ContextDecorator, _GeneratorContextManager
from contextvars import ContextVar
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, Protocol, TypeVar, overload

from .shown import safe_repr
from .words import cut

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Block(Protocol):
    """`with block():`, `@block()` and `@block`."""

    @overload
    def __call__(self) -> Opened[None]: ...
    @overload
    def __call__(self, function: F, /) -> F: ...


class Opened(AbstractContextManager[T], ContextDecorator):
    """What `contextlib.contextmanager` makes of a generator function, but to be entered as often as you like.

    One object may be kept and used again, in itself, and by several threads or tasks at a time, as PyTorch's
    `no_grad()`. It decorates functions only: a call of a generator function or a coroutine is over before
    its body runs, and so would be the block.
    """

    def __init__(self, body: Callable[..., Iterator[T]], *args: Any) -> None:
        self._body, self._args = body, args
        self._runs: list[AbstractContextManager[T]] = []  # that are under way, in whatever thread or task

    @property
    def _name(self) -> str:
        return self._body.__name__.lstrip("_")

    def __enter__(self) -> T:
        run: Any = _GeneratorContextManager(self._body, self._args, {})  # type: ignore[arg-type]  # it wants a generator
        result: T = run.__enter__()
        self._runs.append(run)
        _entered.set((*_entered.get(), run))
        return result

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool | None:
        entered = _entered.get()
        if entered and entered[-1] in self._runs:
            run = entered[-1]
            _entered.set(entered[:-1])
        else:  # blocks that overlap, or a generator that ends it elsewhere than it began it
            if not self._runs:
                raise RuntimeError(
                    f"{self._name} is left without having been entered: write `with {self._name}():`"
                )
            run = ([run for run in entered if run in self._runs] or self._runs)[-1]
            _entered.set(tuple([other for other in entered if other is not run]))
        self._runs.remove(run)
        return run.__exit__(kind, error, trace)

    def __call__(self, function: F) -> F:
        """Return the function with the block around each call."""
        name = self._name
        if isinstance(function, type) or not callable(function):
            what = f"the class {function.__name__}" if isinstance(function, type) else safe_repr(function)
            raise TypeError(
                f"@{name} decorates functions, got {cut(what, 60)}: decorate the methods that need it, or "
                f"write `with {name}():` around the calls"
            )
        if isgeneratorfunction(function) or iscoroutinefunction(function) or isasyncgenfunction(function):
            raise TypeError(
                f"@{name} around {cut(safe_repr(function), 60)} would end before its body runs, as that is a "
                f"generator or a coroutine: write `with {name}():` inside it"
            )
        return super().__call__(function)


_entered: ContextVar[tuple[AbstractContextManager[Any], ...]] = ContextVar("entered", default=())
"""What the blocks that were entered in this thread or task, and not left yet, run."""


def block(body: Callable[[], Iterator[None]]) -> Block:
    """Return a context manager made of a generator function, as `contextlib.contextmanager` does.

    As a decorator it goes without parentheses too, as PyTorch's `no_grad` does.

    >>> @block
    ... def loudly():
    ...     print("in")
    ...     yield
    ...     print("out")
    >>> @loudly
    ... def twice(x):
    ...     return 2 * x
    >>> twice(3)
    in
    out
    6
    """

    @wraps(body)
    def opened(*function: Any) -> Any:
        if not function:
            return Opened(body)
        if len(function) > 1 or not callable(function[0]):
            raise TypeError(
                f"{body.__name__} takes nothing (with {body.__name__}(): ...) or the function it decorates, "
                f"got {cut(', '.join(map(safe_repr, function)), 40)}"
            )
        return Opened(body)(function[0])

    return opened
