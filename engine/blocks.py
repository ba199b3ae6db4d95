"""What the context managers of the engine have in common: they decorate with and without parentheses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import _GeneratorContextManager
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, Protocol, TypeVar, overload

from .shown import safe_repr
from .words import cut

F = TypeVar("F", bound=Callable[..., Any])


class Block(Protocol):
    """`with block():`, `@block()` and `@block`."""

    @overload
    def __call__(self) -> _GeneratorContextManager[None]: ...
    @overload
    def __call__(self, function: F, /) -> F: ...


class Opened(_GeneratorContextManager[None]):
    """What `contextlib.contextmanager` makes of a generator function, which decorates functions only.

    A call of a generator function or a coroutine is over before its body runs, and so would be the block.
    """

    def __init__(
        self, func: Callable[..., Iterator[None]], args: tuple[Any, ...] = (), kwds: Any = None
    ) -> None:
        super().__init__(func, args, kwds or {})  # type: ignore[arg-type]  # a generator function's iterators

    def __call__(self, function: F) -> F:
        """Return the function with the block around each call."""
        if isgeneratorfunction(function) or iscoroutinefunction(function) or isasyncgenfunction(function):
            name = self.func.__name__.lstrip("_")
            raise TypeError(
                f"@{name} around {cut(safe_repr(function), 60)} would end before its body runs, as that is a "
                f"generator or a coroutine: write `with {name}():` inside it"
            )
        return super().__call__(function)


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
