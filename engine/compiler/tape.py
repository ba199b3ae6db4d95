"""The tape: what a run of a function recorded, as a flat list of entries."""

from __future__ import annotations

import operator
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..primitive import Primitive
from ..take import checked
from ..words import cut, plain


@dataclass(frozen=True, eq=False)
class Leaf:
    """A kind of entry that no operation makes."""

    name: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """A kind of entry that is 1 where a comparison of two entries holds, else 0."""

    name: str
    symbol: str
    evaluate: Callable[[float, float], bool]

    def __call__(self, x: float, y: float) -> float:
        return 1.0 if self.evaluate(x, y) else 0.0


@dataclass(frozen=True, eq=False)
class Detach:
    """The kind of entry that is a number without its history: no derivative goes through it."""

    name: str = "detach"

    def __call__(self, x: float) -> float:
        return x


@dataclass(frozen=True, eq=False)
class Index:
    """The kind of entry that is its first operand, a whole number below the second one, 0 or more."""

    name: str = "index"

    def __call__(self, i: float, count: float) -> float:
        return float(checked(i, int(count)))


@dataclass(frozen=True, eq=False)
class Take:
    """The kind of entry that is one of its operands after the first: the one whose number the first is."""

    name: str = "take"

    def __call__(self, i: float, *rows: float) -> float:
        return rows[int(i)]


Kind = Leaf | Comparison | Detach | Index | Take | Primitive

INPUT, CONSTANT, OUTSIDE = Leaf("input"), Leaf("constant"), Leaf("outside")
"""An argument; a number written in the program; a Value that the function took from around it."""
DETACH, INDEX, TAKE = Detach(), Index(), Take()
LESS = Comparison("less", "<", operator.lt)
LESS_EQUAL = Comparison("less_equal", "<=", operator.le)
EQUAL = Comparison("equal", "==", operator.eq)


class Tape:
    """Entries in the order of recording: each has a kind and the entries it is made from.

    Kept in flat arrays, 18 bytes for an entry of two operands, so that ten million fit anywhere.

    kinds: the kinds that occur.
    codes: for each entry the place of its kind in `kinds`.
    operands, ends: the operands of entry i are operands[ends[i - 1] : ends[i]]; of an input or a Value from
    outside its number among them; a constant has none.
    constants: the number of each constant entry.
    labels: what the program called an entry.
    """

    def __init__(self) -> None:
        self.kinds: list[Kind] = []
        self.codes = array("H")
        self.operands = array("i")
        self.ends = array("q")
        self.constants: dict[int, float] = {}
        self.labels: dict[int, str] = {}
        self._places: dict[Kind, int] = {}

    def place(self, kind: Kind) -> int:
        """Return the place of `kind` in `kinds`, entering it where it is new."""
        place = self._places.get(kind)
        if place is None:
            place = self._places[kind] = len(self.kinds)
            self.kinds.append(kind)
        return place

    def append(self, kind: Kind, operands: tuple[int, ...]) -> int:
        """Add an entry and return its number."""
        place, codes, held = self._places.get(kind), self.codes, self.operands
        entry = len(codes)
        codes.append(self.place(kind) if place is None else place)
        held.extend(operands)
        self.ends.append(len(held))
        return entry

    def constant(self, number: float) -> int:
        """Add a constant and return its entry's number."""
        entry = self.append(CONSTANT, ())
        self.constants[entry] = number
        return entry

    def __len__(self) -> int:
        return len(self.codes)

    def kind(self, entry: int) -> Kind:
        """Return the kind of an entry."""
        return self.kinds[self.codes[entry]]

    def operands_of(self, entry: int) -> tuple[int, ...]:
        """Return the entries that `entry` is made from; for an input its number among the inputs."""
        start = self.ends[entry - 1] if entry else 0
        return tuple(self.operands[start : self.ends[entry]])

    def __iter__(self) -> Iterator[tuple[int, Kind, tuple[int, ...]]]:
        """Yield (number, kind, operands) of each entry in turn."""
        start = 0
        for entry, end in enumerate(self.ends):
            yield entry, self.kinds[self.codes[entry]], tuple(self.operands[start:end])
            start = end

    def replay(self, inputs: list[float], outside: list[float] | None = None) -> list[float]:
        """Return the number of every entry, evaluated one after the other: the reference for all others."""
        numbers: list[float] = []
        for entry, kind, operands in self:
            if kind is CONSTANT:
                number = self.constants[entry]
            elif kind is INPUT:
                number = inputs[operands[0]]
            elif kind is OUTSIDE:
                number = (outside or [])[operands[0]]
            else:
                assert not isinstance(kind, Leaf)
                number = kind(*[numbers[operand] for operand in operands])
            numbers.append(number)
        return numbers

    def line(self, entry: int) -> str:
        """Return one entry as text: `v3 = mul(v0, v1)`, with its label where it has one."""
        kind, operands = self.kind(entry), self.operands_of(entry)
        if kind is CONSTANT:
            made = repr(self.constants[entry])
        elif isinstance(kind, Leaf):
            made = f"{kind.name} {operands[0]}"
        else:
            shown = ", ".join([f"v{operand}" for operand in operands[:8]])
            made = f"{kind.name}({shown}{', ...' if len(operands) > 8 else ''})"
        label = cut(plain(self.labels.get(entry, "")))
        return f"v{entry} = {made}{f'  # {label}' if label else ''}"

    def __str__(self) -> str:
        return "\n".join([self.line(entry) for entry in range(len(self))])

    def __getitem__(self, entry: int) -> Any:
        return self.kind(entry), self.operands_of(entry)
