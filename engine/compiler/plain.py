"""Stand-ins for plain numbers: what `.data` and `.item()` of a stand-in give, and arithmetic on that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from ..primitive import TABLE
from ..value import Value
from .traced import Condition, Traced


class Plain(Traced):
    """A stand-in for a float. It records as any other; to the program it is a float, and a Value as well.

    Floats are looked up by their numbers, Values by which one they are. So a Value that is recorded may be a
    dictionary's key, and this may not.
    """

    __slots__ = ()
    is_number = True

    def __new__(cls, *args: Any) -> Any:
        """Return what `type` of a plain number makes: a number."""
        return float(*args)

    @property  # type: ignore[misc]  # what isinstance goes by
    def __class__(self) -> type:
        return float

    def __hash__(self) -> NoReturn:
        raise self.recorder.refusal(
            "a dictionary, a set or a cache looks a plain number up, and the recording would keep what it "
            "found for every later call: use where(x == y, ...), or take(rows, i)"
        )

    def _refused(self) -> NoReturn:
        raise self.recorder.refusal(
            "is_integer(), hex() and as_integer_ratio() of a number that compile records would freeze it: "
            "compare it, where(x == floor(x), ...)"
        )

    is_integer = hex = as_integer_ratio = _refused

    def __round__(self, ndigits: int | None = None) -> Any:
        if ndigits is None:
            return self.recorder.made(TABLE["round"], (self.entry,), Whole)
        raise self.recorder.refusal(
            f"round(x, {ndigits!r}) of a number that compile records would freeze it: use round(x * 10**n) / "
            "10**n, which is recorded"
        )

    @property
    def real(self) -> Plain:
        return self

    @property
    def imag(self) -> float:
        return 0.0


class Whole(Plain):
    """A stand-in for an int: what `math.floor` and its like make of a plain number, and what that makes."""

    __slots__ = ()

    def __new__(cls, *args: Any) -> Any:
        """Return what `type` of a whole number makes: a number."""
        return int(*args)

    @property  # type: ignore[misc]  # what isinstance goes by
    def __class__(self) -> type:
        return int

    def _refused(self, *_: object) -> NoReturn:
        raise self.recorder.refusal(
            "the bits of a number that compile records would freeze it: k // 2**n and k % 2**n are recorded"
        )

    __and__ = __or__ = __xor__ = __lshift__ = __rshift__ = _refused
    __rand__ = __ror__ = __rxor__ = __rlshift__ = __rrshift__ = __invert__ = _refused
    bit_length = bit_count = to_bytes = _refused


def is_plain(x: object) -> bool:
    """Return whether an operand is a plain number, so that what is made of such is one."""
    return not isinstance(x, Value) or issubclass(type(x), Plain | Condition)


_TO_WHOLE = {"__floor__", "__ceil__", "__trunc__"}
_OF_WHOLE = {
    f"__{side}{name}__"
    for name in ("add", "sub", "mul", "floordiv", "mod", "neg", "abs")
    for side in ("", "r")
}


def stays_plain(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a method of stand-ins as plain numbers have it: of plain ones it makes one, of ints an int."""

    def of_plain(self: Traced, *others: Any) -> Any:
        made = method(self, *others)
        if type(made) is Traced and all(map(is_plain, others)):
            whole = name in _OF_WHOLE and all(isinstance(x, int) for x in (self, *others))
            made.__class__ = Whole if whole or name in _TO_WHOLE else Plain
        return made

    return of_plain


__all__ = ["Plain", "Whole", "is_plain", "stays_plain"]
