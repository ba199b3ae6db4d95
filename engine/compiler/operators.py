"""The operators and methods of stand-ins, which follow from the table as those of Values do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..operations import Operations
from ..primitive import Primitive
from ..value import described
from .plain import Plain, stays_plain
from .traced import Condition, Traced

if TYPE_CHECKING:
    from .recorder import Recorder

_learnt: dict[str, object] = {}
"""What `Operations` held when stand-ins last learnt from it."""
_given: set[str] = set()
"""The methods that stand-ins have from rows."""


def learn() -> None:
    """Give stand-ins the methods of every row of the table; those of new rows too."""
    if _learnt == vars(Operations):
        return
    for name in _given - vars(Operations).keys():
        for cls in (Traced, Plain, Condition):
            delattr(cls, name)
        _given.remove(name)
    _learnt.clear()
    _learnt.update(vars(Operations))
    for name, of_values in vars(Operations).items():
        row = getattr(of_values, "row", None)
        if row is None or not of_values.__qualname__.startswith("Value."):
            continue  # not a row's, or a function of its own that comes back here through the row
        forms = {f"__{row.dunder}__": _forward, f"__r{row.dunder}__": _reflected}
        make: Callable[[Primitive], Callable[..., Any]] | None = _unary if row.arity == 1 else forms.get(name)
        if make is not None:
            method = make(row)
            setattr(Traced, name, method)
            for cls in (Plain, Condition):
                setattr(cls, name, stays_plain(method, name))
            _given.add(name)


def _unary(row: Primitive) -> Callable[[Traced], Traced]:
    def method(self: Traced) -> Traced:
        recorder: Recorder = self.recorder
        return recorder.made(row, (self.entry,))

    return method


def _forward(row: Primitive) -> Callable[[Traced, object], Traced]:
    def method(self: Traced, other: Any) -> Traced:
        recorder: Recorder = self.recorder
        if other.__class__ is Traced and other.recorder is recorder:  # as `known` says, but at once
            made: Traced = recorder.made(row, (self.entry, other.entry))
            return made
        entry = recorder.known(other)
        return _unknown(row, self, other) if entry is None else recorder.made(row, (self.entry, entry))

    return method


def _reflected(row: Primitive) -> Callable[[Traced, object], Traced]:
    is_sum = row.dunder == "add"

    def method(self: Traced, other: object) -> Traced:
        recorder: Recorder = self.recorder
        if is_sum and other.__class__ is int and other == 0 and not recorder.exact:
            return self  # what sum() begins with: an entry for it would only stand in the way
        entry = recorder.known(other)
        return _unknown(row, self, other) if entry is None else recorder.made(row, (entry, self.entry))

    return method


def _unknown(row: Primitive, self: Traced, other: object) -> Any:
    """Let `other` say what it does with a stand-in; raise TypeError where it would want to be repeated."""
    if row.dunder == "mul" and isinstance(other, str | bytes | bytearray | list | tuple):
        if isinstance(self, int):
            raise self.recorder.refusal(
                f"{described(other)} times a number that compile records: its length would be the same at "
                "every call; a count is fixed beforehand, compile(functools.partial(f, n=3)), or terms are "
                "left out, sum(where(k < n, x, 0.0) for k, x in enumerate(xs))"
            )
        raise TypeError(f"{row.name} takes Values and plain numbers, got {described(other)}")
    return NotImplemented
