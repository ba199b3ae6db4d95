"""What is known about a value beside the graph: its hooks, its watchpoints, where it was made.

Few values have any of it, so it stands in one slot of `Value` that is empty for all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .hooks import Hooks, Watchpoints
    from .value import Value


class About:
    """The extras of one value; None where there is none of a kind.

    hooks: what `register_hook` was given.
    watchpoints: what `break_when` was given.
    source: where the value was made, as `record_sources` found it.
    """

    __slots__ = ("hooks", "source", "watchpoints")

    def __init__(self) -> None:
        self.hooks: Hooks | None = None
        self.watchpoints: Watchpoints | None = None
        self.source: Any = None


class OnlySource:
    """What stands in the slot itself where nothing but the source is known of a value, read like an `About`.

    `record_sources` meets every value that is made: another object for each would cost time and memory.
    """

    __slots__ = ()
    hooks: None = None
    watchpoints: None = None

    @property
    def source(self) -> Any:
        """Itself: a `Site` or a `Made`."""
        return self


def about(value: Value) -> About | OnlySource | None:
    """Return the extras of `value`, or None where it has none."""
    return getattr(value, "about", None)


def about_made(value: Value) -> About:
    """Return the extras of `value`, which from now on has some."""
    known = about(value)
    if isinstance(known, About):
        return known
    made = value.about = About()
    made.source = known
    return made
