"""Functions that look at a gradient in passing: hooks, which may replace it, and watchpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import ref

from .about import about, about_made

if TYPE_CHECKING:
    from .value import Value


class Registered:
    """The functions that one value was given to call, in the order of registration."""

    def __init__(self) -> None:
        self.functions: dict[int, Callable[[Any], Any]] = {}


class Hooks(Registered):
    """The hooks of one value."""

    def __call__(self, gradient: Any) -> Any:
        """Return what the hooks make of `gradient`, one after the other."""
        for function in list(self.functions.values()):
            replaced = function(gradient)
            if replaced is not None:  # a NumPy scalar, say, becomes a float; a recorded gradient stays
                gradient = replaced if hasattr(replaced, "primitive") else _number(replaced)
        return gradient


def _number(replaced: Any) -> float:
    try:
        if not isinstance(replaced, str | bytes):  # float("1") would be 1.0
            return float(replaced)
    except (TypeError, ValueError):
        pass
    raise TypeError(
        f"a hook returns the gradient to use, a number, or None to keep it as it is; got {replaced!r}"
    )


class Watchpoints(Registered):
    """The watchpoints of one value: functions of a step that say whether to open the debugger."""

    def wait_for(self, step: Any) -> bool:
        """Return whether any of them does."""
        return any(function(step) for function in list(self.functions.values()))


Existing: TypeAlias = set[ref[Registered]]
"""Those that still exist. Every backward pass asks whether there are any, and a WeakSet takes its time."""

live: Existing = set()
"""The hooks of all values. While there are none, the backward pass need not look."""

watched: Existing = set()
"""The same for watchpoints."""

attentive: Existing = set()
"""Both: the backward pass asks once."""


class Handle:
    """What `register_hook` and `break_when` return: `remove()` takes away what was registered."""

    def __init__(self, registered: Registered, key: int, existing: Existing) -> None:
        self._registered, self._key, self._existing = registered, key, existing

    def remove(self) -> None:
        """Take it away; doing so twice is harmless."""
        self._registered.functions.pop(self._key, None)
        if not self._registered.functions:
            self._existing.discard(ref(self._registered))
            attentive.discard(ref(self._registered))


def added(registered: Registered, function: Callable[[Any], Any], existing: Existing) -> Handle:
    """Add a function to those of one value and return its handle; existing: `live` or `watched`."""
    for those in (existing, attentive):
        those.add(ref(registered, those.discard))
    key = max(registered.functions, default=-1) + 1
    registered.functions[key] = function
    return Handle(registered, key, existing)


def register(value: Value, hook: Callable[[Any], Any]) -> Handle:
    """Add `hook` to the hooks of `value`; see `Value.register_hook`."""
    if not callable(hook):
        raise TypeError(f"register_hook takes a function of the gradient, got {hook!r}")
    known = about_made(value)
    if known.hooks is None:
        known.hooks = Hooks()
    return added(known.hooks, hook, live)


def hooked(value: Value, gradient: Any) -> Any:
    """Return what the hooks of `value` make of `gradient`; without hooks, itself."""
    hooks = hooks_of(value)
    return gradient if hooks is None else hooks(gradient)


def hooks_of(value: Value) -> Hooks | None:
    """Return the hooks of `value`, or None where it has none."""
    known = about(value)
    return None if known is None else known.hooks


def watchpoints_in(order: Iterable[Value]) -> bool:
    """Return whether any value of a graph has watchpoints; order: its operations."""
    return any(watchpoints_of(value) is not None for node in order for value in node.operands)


def watchpoints_of(value: Value) -> Watchpoints | None:
    """Return the watchpoints of `value`, or None where it has none."""
    known = about(value)
    if known is None or known.watchpoints is None or not known.watchpoints.functions:
        return None
    return known.watchpoints
