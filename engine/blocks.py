"""What the context managers of the engine have in common: they decorate with and without parentheses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from .shown import safe_repr
from .words import cut

if TYPE_CHECKING:
    from contextlib import _GeneratorContextManager

F = TypeVar("F", bound=Callable[..., Any])


class Block(Protocol):
    """`with block():`, `@block()` and `@block`."""

    @overload
    def __call__(self) -> _GeneratorContextManager[None]: ...
    @overload
    def __call__(self, function: F, /) -> F: ...


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
    manager = contextmanager(body)

    @wraps(body)
    def opened(*function: Any) -> Any:
        if not function:
            return manager()
        if len(function) > 1 or not callable(function[0]):
            raise TypeError(
                f"{body.__name__} takes nothing (with {body.__name__}(): ...) or the function it decorates, "
                f"got {cut(', '.join(map(safe_repr, function)), 40)}"
            )
        return manager()(function[0])

    return opened
