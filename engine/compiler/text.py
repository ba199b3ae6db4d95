"""LLVM's language, a line at a time."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from ctypes import c_float
from dataclasses import dataclass


@dataclass(frozen=True)
class Real:
    """A kind of floating-point numbers: what LLVM calls it, and in intrinsics, and how many bytes it has."""

    name: str
    short: str
    size: int

    def __str__(self) -> str:
        return self.name

    def number(self, x: float) -> str:
        """Return a number, rounded to this kind, as LLVM reads it to the last bit, inf and nan included.

        >>> DOUBLE.number(0.1), SINGLE.number(0.1)
        ('0x3FB999999999999A', '0x3FB99999A0000000')
        """
        rounded = x if self.size == 8 else c_float(x).value
        return "0x" + struct.pack(">d", rounded).hex().upper()


DOUBLE, SINGLE = Real("double", "f64", 8), Real("float", "f32", 4)
REALS = {"float64": DOUBLE, "float32": SINGLE}
"""Kinds of numbers by the names of NumPy."""


Index = tuple[str, int]
"""An index: the name of a loop's, or nothing, and a number to add."""


class Function:
    """The body of a function under construction. real: the kind of its numbers."""

    def __init__(self, real: Real = DOUBLE) -> None:
        self.real = real
        self.lines: list[str] = []
        self.block = "entry"
        self._count = 0
        self._known: list[dict[object, str]] = [{}]
        """What has been computed, and still holds, in each of the loops around."""

    @property
    def in_loop(self) -> bool:
        """Whether what is added now is in a loop."""
        return len(self._known) > 1

    def value(self, text: str) -> str:
        """Add an instruction and return the name of its result."""
        self._count += 1
        name = f"%v{self._count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """Add an instruction without a result."""
        self.lines.append(f"  {text}")

    def once(self, key: object, compute: Callable[[], str]) -> str:
        """Return what was computed under `key` in a loop around this place, or compute it now."""
        for known in self._known:
            if key in known:
                return known[key]
        result = self._known[-1][key] = compute()
        return result

    def linear(self, base: int, parts: Sequence[tuple[int, Index]]) -> tuple[str, int]:
        """Return base + the sum of factor * index, as the name of what varies, or nothing, and a number."""
        varying = []
        for factor, (name, offset) in parts:
            base += factor * offset
            if name and factor:
                varying.append((factor, name))
        if not varying:
            return "", base
        return self.once(tuple(varying), lambda: self._added(varying)), base

    def _added(self, varying: list[tuple[int, str]]) -> str:
        result = ""
        for factor, name in varying:
            term = name if factor == 1 else self.value(f"mul nsw i64 {name}, {factor}")
            result = self.value(f"add nsw i64 {result}, {term}") if result else term
        return result

    def pointer(self, base: str, place: tuple[str, int], type_: str = "") -> str:
        """Return the address of an element: what varies of it is added first, where it can be shared."""
        type_ = type_ or self.real.name
        name, offset = place
        found = base
        if name:
            found = self.once(
                (base, name), lambda: self.value(f"getelementptr {type_}, ptr {base}, i64 {name}")
            )
        return self.value(f"getelementptr {type_}, ptr {found}, i64 {offset}") if offset else found

    def loop(
        self,
        start: int,
        end: int | str,
        step: int,
        body: Callable[[Index, list[str]], list[str]],
        carried: Sequence[str] = (),
        type_: str = "",
    ) -> list[str]:
        """Add `for i in range(start, end, step): carried = body(i, carried)`; return what it ends with.

        One that runs once is written without a loop. It must run at least once.
        end: a number, or the name of what holds it.
        """
        if isinstance(end, int) and end - start <= step:
            return body(("", start), list(carried))
        self._count += 1
        mark, before = self._count, self.block
        head, after = f"loop{mark}", f"done{mark}"
        self.do(f"br label %{head}")
        self.lines.append(f"{head}:")
        self.block = head
        at = len(self.lines)
        self.lines.append("")
        index, names = f"%i{mark}", [f"%c{mark}.{k}" for k in range(len(carried))]
        self._known.append({})
        results = body((index, 0), list(names))
        self._known.pop()
        following = self.value(f"add nuw nsw i64 {index}, {step}")
        more = self.value(f"icmp ult i64 {following}, {end}")
        self.do(f"br i1 {more}, label %{head}, label %{after}")
        phis = [f"  {index} = phi i64 [{start}, %{before}], [{following}, %{self.block}]"]
        phis += [
            f"  {name} = phi {type_ or self.real} [{first}, %{before}], [{last}, %{self.block}]"
            for name, first, last in zip(names, carried, results, strict=True)
        ]
        self.lines[at] = "\n".join(phis)
        self.lines.append(f"{after}:")
        self.block = after
        return results
