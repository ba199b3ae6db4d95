"""Functions that look at, and may replace, a gradient in passing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from .about import about, about_made

if TYPE_CHECKING:
    from .value import Value


class Hooks:
    """The hooks of one value, in the order of registration."""

    def __init__(self) -> None:
        self.functions: dict[int, Callable[[Any], Any]] = {}

    def __call__(self, gradient: Any) -> Any:
        """Return what the hooks make of `gradient`, one after the other."""
        for function in list(self.functions.values()):
            replaced = function(gradient)
            if replaced is not None:  # a NumPy scalar, say, becomes a float; a recorded gradient stays
                gradient = replaced if hasattr(replaced, "primitive") else float(replaced)
        return gradient


live: WeakSet[Hooks] = WeakSet()
"""The hooks of all values that still exist. While there are none, the backward pass need not look."""


class Handle:
    """What `register_hook` returns: `remove()` takes the hook away."""

    def __init__(self, hooks: Hooks, key: int) -> None:
        self._hooks, self._key = hooks, key

    def remove(self) -> None:
        """Take the hook away; doing so twice is harmless."""
        self._hooks.functions.pop(self._key, None)
        if not self._hooks.functions:
            live.discard(self._hooks)


def register(value: Value, hook: Callable[[Any], Any]) -> Handle:
    """Add `hook` to the hooks of `value`; see `Value.register_hook`."""
    if not callable(hook):
        raise TypeError(f"register_hook takes a function of the gradient, got {hook!r}")
    known = about_made(value)
    if known.hooks is None:
        known.hooks = Hooks()
    hooks = known.hooks
    live.add(hooks)
    key = max(hooks.functions, default=-1) + 1
    hooks.functions[key] = hook
    return Handle(hooks, key)


def hooked(value: Value, gradient: Any) -> Any:
    """Return what the hooks of `value` make of `gradient`; without hooks, itself."""
    hooks = hooks_of(value)
    return gradient if hooks is None else hooks(gradient)


def hooks_of(value: Value) -> Hooks | None:
    """Return the hooks of `value`, or None where it has none."""
    known = about(value)
    return None if known is None else known.hooks
