"""The recordings that a kernel keeps, and the warning where it makes ever more of them."""

from __future__ import annotations

import copy
import weakref
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..debugging.warn import warn_user
from .change import OBJECT, SETTING, SHAPE, Change
from .record import is_row, parameters_of
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
    """The arguments that a function was recorded with. Modules among them, and in them, are not kept alive.

    weak: the places of those that are modules.
    """

    def __init__(self, held: Iterable[Any], weak: Iterable[int]) -> None:
        self._modules: list[weakref.ref[Any]] = []
        places = set(weak)
        self._held = [
            self._held_by_reference(one) if place in places else self._without_modules(one)
            for place, one in enumerate(held)
        ]

    def __len__(self) -> int:
        return len(self._held)

    def __call__(self, what: str) -> list[Any]:
        """Return them. Raises RuntimeError where a module is gone; what: who asks."""
        if any(reference() is None for reference in self._modules):
            raise RuntimeError(
                f"{what}: the module that this was recorded with is gone; call the kernel, or "
                "kernel.variant(...), with one that is there"
            )
        return [again() for again in self._held]

    def modules(self) -> list[Any]:
        """Return the modules among them, None for one that is gone."""
        return [reference() for reference in self._modules] if self._modules else []

    def call_when_gone(self, forget: Callable[[object], None]) -> None:
        """Call `forget` as soon as one of the modules is gone."""
        for place, reference in enumerate(self._modules):
            module = reference()
            if module is not None:
                self._modules[place] = weakref.ref(module, forget)

    def _held_by_reference(self, module: Any) -> Callable[[], Any]:
        """Return what gives a module as long as it lives."""
        try:
            self._modules.append(weakref.ref(module))
        except TypeError:  # a class with slots that leave no room for it
            return lambda: module
        place = len(self._modules) - 1
        return lambda: self._modules[place]()

    def _without_modules(self, held: Any) -> Callable[[], Any]:
        """Return what gives an argument: itself, or a copy if it is a container with modules in it."""
        before = len(self._modules)
        again: Callable[[], Any] = lambda: held  # noqa: E731
        if isinstance(held, dict):
            parts = {key: self._part(item) for key, item in held.items()}
            if len(self._modules) > before:
                empty = copy.copy(held)  # of the same class, with its default factory, say
                empty.clear()

                def again() -> Any:
                    made = copy.copy(empty)
                    made.update({key: part() for key, part in parts.items()})
                    return made

        elif isinstance(held, list | tuple) and not is_row(held):
            items = [self._part(item) for item in held]
            if len(self._modules) > before:
                kind: Any = type(held)
                make = kind._make if hasattr(kind, "_make") else kind
                again = lambda: make([item() for item in items])  # noqa: E731
        return again

    def _part(self, held: Any) -> Callable[[], Any]:
        is_module = parameters_of(held) is not None
        return self._held_by_reference(held) if is_module else self._without_modules(held)


__all__ = ["MANY", "MOST_VARIANTS", "Arguments", "Kept"]
