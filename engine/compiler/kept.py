"""The recordings that a kernel keeps, and the warning where it makes ever more of them."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..debugging.warn import warn_user
from .change import OBJECT, SETTING, SHAPE, Change
from .refusals import RecordingWarning

if TYPE_CHECKING:
    from .variant import Variant

MOST_VARIANTS = 128
"""How many recordings a kernel keeps: of more, the one that was used least recently goes."""
MANY = {SETTING: 8, OBJECT: 64, SHAPE: 64}
"""After how many recordings in which the same kind of thing differed there is a warning."""

_WAYS_OUT = {
    SETTING: (
        "keep what changes from call to call out of the arguments, or make it a number among them, or a "
        "Value, which is read at every call"
    ),
    OBJECT: "call it with the same object, whose numbers may change, or compile once for each",
    SHAPE: "bring the arguments to a few lengths, by padding say",
}


class Kept:
    """Recordings by the structure of the arguments they were made for, those used last at the end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.variants: dict[Any, Variant] = {}
        self._newest: tuple[Any, ...] | None = None
        """The structure that was recorded last, as long as what it was recorded for lives."""
        self._times: Counter[str] = Counter()
        self._seconds = 0.0

    def use(self, key: Any) -> None:
        """Note that a recording is used: it goes later than the others."""
        variant = self.variants.pop(key, None)
        if variant is not None:  # else another thread has just made room
            self.variants[key] = variant

    def add(self, key: tuple[Any, ...], variant: Variant, change: Change | None) -> None:
        """Keep a recording. change: what was different from the one made before it, if there was one."""
        self.variants[key], self._newest = variant, key
        while len(self.variants) > MOST_VARIANTS:
            self.variants.pop(next(iter(self.variants)), None)
        itself = weakref.ref(self)

        def forget(_: object) -> None:
            kept = itself()
            if kept is not None:
                kept.forget(key)

        variant.call_when_gone(forget)
        self._seconds += variant.recording.seconds
        if change is not None:
            self._times[change.kind] += 1
            if self._times[change.kind] == MANY[change.kind] - 1:
                self._warn(change)

    def forget(self, key: Any) -> None:
        """Let go of a recording whose module is gone: another module may get its identity."""
        self.variants.pop(key, None)
        if self._newest is not None and self._newest == key:
            self._newest = None

    def change(self, of: Callable[[tuple[Any, ...]], Change]) -> Change | None:
        """Return what differs from the structure that was recorded last. of: compares with that."""
        return None if self._newest is None else of(self._newest)

    def _warn(self, change: Change) -> None:
        warn_user(
            f"{self._name} was recorded {self._times[change.kind] + 1} times, because its arguments differ: "
            f"{change}. Recording runs the function in Python and has taken {self._seconds:.2g} s so far; of "
            f"more than {MOST_VARIANTS} recordings the one used least recently is made again when it is "
            f"wanted. To record once, {_WAYS_OUT[change.kind]}",
            RecordingWarning,
            about=f"{self._name} {change.kind}",
        )


class Arguments:
    """The arguments that a function was recorded with. Modules among them are not kept alive.

    weak: the places of those.
    """

    def __init__(self, held: Iterable[Any], weak: Iterable[int]) -> None:
        self._held = list(held)
        self._weak: dict[int, weakref.ref[Any]] = {}
        for place in weak:
            try:
                self._weak[place] = weakref.ref(self._held[place])
            except TypeError:  # a class with slots that leave no room for it
                continue
            self._held[place] = None

    def __len__(self) -> int:
        return len(self._held)

    def __call__(self, what: str) -> list[Any]:
        """Return them. Raises RuntimeError where a module is gone; what: who asks."""
        found = list(self._held)
        for place, reference in self._weak.items():
            found[place] = reference()
            if found[place] is None:
                raise RuntimeError(
                    f"{what}: the module that this was recorded with is gone; call the kernel, or "
                    "kernel.variant(...), with one that is there"
                )
        return found

    def modules(self) -> list[Any]:
        """Return the modules among them, None for one that is gone."""
        return [reference() for reference in self._weak.values()] if self._weak else []

    def call_when_gone(self, forget: Callable[[object], None]) -> None:
        """Call `forget` as soon as one of the modules is gone."""
        for place, reference in self._weak.items():
            module = reference()
            if module is not None:
                self._weak[place] = weakref.ref(module, forget)


__all__ = ["MANY", "MOST_VARIANTS", "Arguments", "Kept"]
