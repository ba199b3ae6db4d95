"""What is known about a value beside the graph: its hooks, its watchpoints, where it was made.

Few values have any of it, so it stands in one slot of `Value` that is empty for all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .hooks import Hooks, Watchpoints
    from .value import Value


class About:
    """The extras of one value; None where there is none of a kind.

    hooks: what `register_hook` was given.
    watchpoints: what `break_when` was given.
    source: where the value was made, as `record_sources` found it.
    origin: what cut a constant off from what it was made from: "detach()" or "no_grad".
    scope: the scopes it was made in, `encoder.attention`, where sources were not recorded as well.
    shared: whether several values have this same object, which then must not be changed.
    """

    __slots__ = ("__weakref__", "hooks", "origin", "scope", "shared", "source", "watchpoints")

    def __init__(self, origin: str = "", shared: bool = False) -> None:
        self.origin = origin
        self.scope = ""
        self.shared = shared
        self.hooks: Hooks | None = None
        self.watchpoints: Watchpoints | None = None
        self.source: Any = None


class OnlySource:
    """What stands in the slot itself where nothing but the source is known of a value, read like an `About`.

    `record_sources` meets every value that is made: another object for each would cost time and memory.
    """

    __slots__ = ()
    hooks: None = None
    origin = ""
    watchpoints: None = None

    @property
    def scope(self) -> str:
        """The module and scopes the value was made in; nothing where that is not known."""
        return ""

    @property
    def source(self) -> Any:
        """Itself: a `Site` or a `Made`."""
        return self


class OnlyScope:
    """What stands in the slot itself where nothing but the scope is known; all values of a scope share it."""

    __slots__ = ("scope",)
    hooks: None = None
    origin = ""
    source: None = None
    watchpoints: None = None

    def __init__(self, scope: str) -> None:
        self.scope = scope


def about(value: Value) -> About | OnlySource | OnlyScope | None:
    """Return the extras of `value`, or None where it has none."""
    return getattr(value, "about", None)


def about_made(value: Value) -> About:
    """Return the extras of `value`, which from now on has some."""
    known = about(value)
    if isinstance(known, About) and not known.shared:
        return known
    made = value.about = About("" if known is None else known.origin)
    if known is not None:
        made.source, made.scope = known.source, known.scope
    return made


C = TypeVar("C", bound="Value")


def cut_off(constant: C, by: About) -> C:
    """Return the constant, which now knows what cut it off; by: `DETACHED` or `UNRECORDED`."""
    known = about(constant)
    if known is None:
        constant.about = by
    else:
        own = constant.about = About(by.origin)
        own.source, own.scope = known.source, known.scope
    return constant


DETACHED = About("detach()", shared=True)
UNRECORDED = About("no_grad", shared=True)
