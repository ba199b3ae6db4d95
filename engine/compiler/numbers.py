"""Numbers in LLVM's language: single ones, or vectors of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .text import DOUBLE, Function, Real


class Numbers(Function):
    """A function under construction, whose numbers have a width: 1, or that of a vector.

    declared: the declarations of what is called, to which it adds.
    """

    def __init__(self, declared: set[str], width: int = 1, real: Real = DOUBLE) -> None:
        super().__init__(real)
        self.declared, self.width = declared, width

    @property
    def type(self) -> str:
        return self._type_of(self.real)

    def _type_of(self, real: Real) -> str:
        return real.name if self.width == 1 else f"<{self.width} x {real}>"

    @property
    def bits(self) -> str:
        return "i1" if self.width == 1 else f"<{self.width} x i1>"

    def constant(self, x: float) -> str:
        one = self.real.number(x)
        return one if self.width == 1 else f"<{', '.join([f'{self.real} {one}'] * self.width)}>"

    def splat(self, scalar: str) -> str:
        if self.width == 1:
            return scalar
        one = self.value(f"insertelement {self.type} poison, {self.real} {scalar}, i32 0")
        return self.value(
            f"shufflevector {self.type} {one}, {self.type} poison, <{self.width} x i32> zeroinitializer"
        )

    def intrinsic(self, name: str, *operands: str) -> str:
        suffix = self.real.short if self.width == 1 else f"v{self.width}{self.real.short}"
        types = ", ".join([self.type] * len(operands))
        self.declared.add(f"declare {self.type} @llvm.{name}.{suffix}({types})")
        return self.value(f"call {self.type} @llvm.{name}.{suffix}({self._typed(*operands)})")

    def c_function(self, name: str, *operands: str) -> str:
        """Call a function of C, for a vector once for each of its numbers; it takes doubles."""
        self.declared.add(f"declare double @{name}({', '.join(['double'] * len(operands))})")

        def call(*scalars: str) -> str:
            arguments = ", ".join([f"double {scalar}" for scalar in scalars])
            return self.value(f"call double @{name}({arguments})")

        return self._each(call, operands)

    def _each(self, scalar: Callable[..., str], operands: Sequence[str]) -> str:
        """Return what a function of doubles makes of each number."""
        wide = [self.widened(operand) for operand in operands]
        if self.width == 1:
            return self.narrowed(scalar(*wide))
        result, kind = "poison", self._type_of(DOUBLE)
        for lane in range(self.width):
            parts = [self.value(f"extractelement {kind} {operand}, i32 {lane}") for operand in wide]
            result = self.value(f"insertelement {kind} {result}, double {scalar(*parts)}, i32 {lane}")
        return self.narrowed(result)

    def widened(self, x: str) -> str:
        """Return a number, or a vector, as doubles."""
        if self.real is DOUBLE:
            return x
        return self.value(f"fpext {self.type} {x} to {self._type_of(DOUBLE)}")

    def narrowed(self, x: str) -> str:
        """Return doubles as numbers of this function's kind."""
        if self.real is DOUBLE:
            return x
        return self.value(f"fptrunc {self._type_of(DOUBLE)} {x} to {self.type}")

    def _typed(self, *operands: str) -> str:
        return ", ".join([f"{self.type} {operand}" for operand in operands])

    def chosen(self, condition: str, yes: str, no: str) -> str:
        """Return `yes` where the condition holds, else `no`."""
        return self.value(f"select {self.bits} {condition}, {self.type} {yes}, {self.type} {no}")
