"""Formulas on vectors, written as formulas: operators add instructions to a function under construction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .numbers import Numbers


class Formula(Numbers):
    """A function of one vector. `x` is its argument; `define` gives the text of all of it.

    Each function is made of multiplications and additions of whole vectors. Only what every processor has
    for vectors is used, no conversion between floats and integers, no shift that keeps the sign, but for
    `of_sixteen` and `scaled`, which are instructions of AVX-512.
    """

    def __init__(self, width: int) -> None:
        super().__init__(set(), width)
        self.x = Floats(self, "%x")

    def floats(self, x: float | Floats) -> Floats:
        """Return a number in all lanes; a vector stays as it is."""
        return x if isinstance(x, Floats) else Floats(self, self.constant(x))

    def fused(self, x: Floats, y: float | Floats, z: float | Floats) -> Floats:
        """Return x * y + z, in one rounding where the processor has that."""
        return Floats(self, self.intrinsic("fmuladd", x.name, self.floats(y).name, self.floats(z).name))

    def polynomial(self, coefficients: Sequence[float], z: Floats) -> Floats:
        """Return c0 + c1 z + c2 z**2 + ..."""
        result = self.floats(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            result = self.fused(result, z, coefficient)
        return result

    def where(self, condition: str, yes: float | Floats, no: float | Floats) -> Floats:
        """Return `yes` where the condition holds, else `no`."""
        return Floats(self, self.chosen(condition, self.floats(yes).name, self.floats(no).name))

    def of_sixteen(self, numbers: Sequence[float], which: Bits) -> Floats:
        """Return for each lane one of sixteen numbers, by the last four bits. For AVX-512, eight lanes."""
        halves = [
            f"<{', '.join([f'double {self.real.number(x)}' for x in half])}>"
            for half in (numbers[:8], numbers[8:])
        ]
        name, integers = "@llvm.x86.avx512.vpermi2var.pd.512", "<8 x i64>"
        self.declared.add(f"declare {self.type} {name}({self.type}, {integers}, {self.type})")
        operands = f"{self.type} {halves[0]}, {integers} {which.name}, {self.type} {halves[1]}"
        return Floats(self, self.value(f"call {self.type} {name}({operands})"))

    def scaled(self, x: Floats, exponent: Floats) -> Floats:
        """Return x * 2**floor(exponent), rounded once. For AVX-512, eight lanes."""
        name = "@llvm.x86.avx512.mask.scalef.pd.512"
        self.declared.add(f"declare {self.type} {name}({self.type}, {self.type}, {self.type}, i8, i32)")
        operands = self._typed(x.name, exponent.name, "zeroinitializer")
        return Floats(self, self.value(f"call {self.type} {name}({operands}, i8 -1, i32 4)"))

    def define(self, name: str, result: Floats) -> VectorFunction:
        """Return the function under a name."""
        lines = "\n".join(self.lines)
        text = (
            f"define internal {self.type} @{name}({self.type} %x) #0 {{\nentry:\n{lines}\n"
            f"  ret {self.type} {result.name}\n}}\n"
        )
        straight = all(line.startswith("  ") for line in self.lines)  # else it branches to a label
        body = tuple(self.lines) if straight else ()
        return VectorFunction(name, text, frozenset(self.declared), body, result.name)


@dataclass(frozen=True)
class VectorFunction:
    """A function of one vector in LLVM's language.

    name: what it is called in a module.  text: all of it.  declared: what it needs of LLVM.
    body, result: its instructions, and the name of what they come to; empty where it has branches.
    """

    name: str
    text: str
    declared: frozenset[str]
    body: tuple[str, ...]
    result: str

    @property
    def needed(self) -> frozenset[str]:
        """What a module must have to call it."""
        return self.declared | {self.text}

    def in_place(self, x: str, mark: str) -> tuple[list[str], str]:
        """Return its instructions for the vector `x`, and the name of the result.

        mark: what the names of these begin with, so that none is there twice.
        """

        def named(found: re.Match[str]) -> str:
            return x if found[1] == "x" else f"%{mark}.{found[1]}"

        return [_NAME.sub(named, line) for line in self.body], _NAME.sub(named, self.result)


_NAME = re.compile(r"%(x|v\d+)\b")


class Floats:
    """A vector of doubles."""

    __slots__ = ("formula", "name")

    def __init__(self, formula: Formula, name: str) -> None:
        self.formula, self.name = formula, name

    def _made(self, operation: str, left: float | Floats, right: float | Floats) -> Floats:
        f = self.formula
        x, y = f.floats(left).name, f.floats(right).name
        return Floats(f, f.value(f"{operation} {f.type} {x}, {y}"))

    def __add__(self, other: float | Floats) -> Floats:
        return self._made("fadd", self, other)

    def __sub__(self, other: float | Floats) -> Floats:
        return self._made("fsub", self, other)

    def __rsub__(self, other: float) -> Floats:
        return self._made("fsub", other, self)

    def __mul__(self, other: float | Floats) -> Floats:
        return self._made("fmul", self, other)

    def __truediv__(self, other: float | Floats) -> Floats:
        return self._made("fdiv", self, other)

    def __rtruediv__(self, other: float) -> Floats:
        return self._made("fdiv", other, self)

    def __neg__(self) -> Floats:
        f = self.formula
        return Floats(f, f.value(f"fneg {f.type} {self.name}"))

    def __abs__(self) -> Floats:
        return Floats(self.formula, self.formula.intrinsic("fabs", self.name))

    def signed_like(self, other: Floats) -> Floats:
        """Return its size with the sign of another."""
        return Floats(self.formula, self.formula.intrinsic("copysign", self.name, other.name))

    def compared(self, sign: str, other: float | Floats) -> str:
        """Return where it is so: "olt", "ogt", "oeq", ... in LLVM's words, never where one is nan."""
        f = self.formula
        return f.value(f"fcmp {sign} {f.type} {self.name}, {f.floats(other).name}")

    def as_bits(self) -> Bits:
        """Return the bits of the numbers."""
        f = self.formula
        return Bits(f, f.value(f"bitcast {f.type} {self.name} to <{f.width} x i64>"))


class Bits:
    """A vector of 64 bits each, also integers."""

    __slots__ = ("formula", "name")

    def __init__(self, formula: Formula, name: str) -> None:
        self.formula, self.name = formula, name

    def _made(self, operation: str, other: int | Bits) -> Bits:
        f = self.formula
        kind = f"<{f.width} x i64>"
        if isinstance(other, int):
            other = Bits(f, f"<{', '.join([f'i64 {other}'] * f.width)}>")
        return Bits(f, f.value(f"{operation} {kind} {self.name}, {other.name}"))

    def __add__(self, other: int | Bits) -> Bits:
        return self._made("add", other)

    def __sub__(self, other: int | Bits) -> Bits:
        return self._made("sub", other)

    def __and__(self, other: int) -> Bits:
        return self._made("and", other)

    def __or__(self, other: int) -> Bits:
        return self._made("or", other)

    def __xor__(self, other: Bits) -> Bits:
        return self._made("xor", other)

    def __lshift__(self, places: int) -> Bits:
        return self._made("shl", places)

    def __rshift__(self, places: int) -> Bits:
        return self._made("lshr", places)

    def as_floats(self) -> Floats:
        """Return the numbers that have these bits."""
        f = self.formula
        return Floats(f, f.value(f"bitcast <{f.width} x i64> {self.name} to {f.type}"))
