"""Numbers in LLVM's language: single ones, or vectors of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .text import Function, number


class Numbers(Function):
    """A function under construction, whose numbers have a width: 1, or that of a vector.

    declared: the declarations of what is called, to which it adds.
    """

    def __init__(self, declared: set[str], width: int = 1) -> None:
        super().__init__()
        self.declared, self.width = declared, width

    @property
    def type(self) -> str:
        return "double" if self.width == 1 else f"<{self.width} x double>"

    @property
    def bits(self) -> str:
        return "i1" if self.width == 1 else f"<{self.width} x i1>"

    def constant(self, x: float) -> str:
        return number(x) if self.width == 1 else f"<{', '.join([f'double {number(x)}'] * self.width)}>"

    def splat(self, scalar: str) -> str:
        if self.width == 1:
            return scalar
        one = self.value(f"insertelement {self.type} poison, double {scalar}, i32 0")
        return self.value(
            f"shufflevector {self.type} {one}, {self.type} poison, <{self.width} x i32> zeroinitializer"
        )

    def intrinsic(self, name: str, *operands: str) -> str:
        suffix = "f64" if self.width == 1 else f"v{self.width}f64"
        types = ", ".join([self.type] * len(operands))
        self.declared.add(f"declare {self.type} @llvm.{name}.{suffix}({types})")
        return self.value(f"call {self.type} @llvm.{name}.{suffix}({self._typed(*operands)})")

    def c_function(self, name: str, *operands: str) -> str:
        """Call a function of C, for a vector once for each of its numbers."""
        self.declared.add(f"declare double @{name}({', '.join(['double'] * len(operands))})")
        return self._each(
            lambda *scalars: self.value(
                f"call double @{name}({', '.join([f'double {scalar}' for scalar in scalars])})"
            ),
            operands,
        )

    def _each(self, scalar: Callable[..., str], operands: Sequence[str]) -> str:
        if self.width == 1:
            return scalar(*operands)
        result = "poison"
        for lane in range(self.width):
            parts = [self.value(f"extractelement {self.type} {operand}, i32 {lane}") for operand in operands]
            result = self.value(f"insertelement {self.type} {result}, double {scalar(*parts)}, i32 {lane}")
        return result

    def _typed(self, *operands: str) -> str:
        return ", ".join([f"{self.type} {operand}" for operand in operands])

    def chosen(self, condition: str, yes: str, no: str) -> str:
        """Return `yes` where the condition holds, else `no`."""
        return self.value(f"select {self.bits} {condition}, {self.type} {yes}, {self.type} {no}")
