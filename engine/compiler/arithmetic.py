"""Arithmetic in LLVM's language: on one number, or on a vector of them."""

from __future__ import annotations

import math

from ..ieee import TINY
from ..primitive import Primitive
from .instructions import C_FUNCTIONS, CBRT, COPYSIGN, INTRINSICS, LARGEST, NORMAL, SMALLEST
from .numbers import Numbers
from .operands import Pools
from .program import GUARDED
from .tape import DETACH, EQUAL, LESS, LESS_EQUAL, Comparison
from .text import DOUBLE, Real
from .vector_functions import BOUNDS, vector_function

MOST_IN_PLACE = 300
"""How many instructions of vector functions a function has in place of calls: long code is slow to make."""


class Arithmetic(Numbers):
    """A function under construction that adds, multiplies and calls.

    exact: multiply and add in two steps, as Python does, and sum and call as Python does.
    """

    def __init__(self, pools: Pools, exact: bool, declared: set[str], real: Real) -> None:
        super().__init__(declared, real=real)
        self.pools, self.exact = pools, exact
        self._in_place = 0
        """How many instructions of formulas are written where they are needed."""
        self._where: dict[str, str] = {}
        """Of results of comparisons, which are 1 or 0: where they are 1, for the selections that follow."""

    def plus(self, total: str, sign: int, x: str, y: str) -> str:
        """Return total + sign * x (* y); a guarded product is 0 where x is."""
        if y and abs(sign) == GUARDED:
            product = self.value(f"fmul {self.type} {x}, {y}")
            zero = self.value(f"fcmp oeq {self.type} {x}, {self.constant(0.0)}")
            x, y = self.chosen(zero, self.constant(0.0), product), ""
        if not y:
            if total:
                return self.value(f"{'fadd' if sign > 0 else 'fsub'} {self.type} {total}, {x}")
            return x if sign > 0 else self.value(f"fneg {self.type} {x}")
        if not total or self.exact:
            product = self.value(f"fmul {self.type} {x}, {y}")
            return self.plus(total, sign, product, "")
        # One rounding where the processor has that, two where it would be a call for each number.
        return self.intrinsic("fmuladd", x if sign > 0 else self.value(f"fneg {self.type} {x}"), y, total)

    # -- operations -----------------------------------------------------------------------------------------

    def operation(self, kind: object, xs: list[str]) -> str:
        """Return what an operation makes of its operands."""
        if kind is DETACH:
            return xs[0]
        if isinstance(kind, Comparison):
            sign = {LESS: "olt", LESS_EQUAL: "ole", EQUAL: "oeq"}[kind]
            holds = self.value(f"fcmp {sign} {self.type} {xs[0]}, {xs[1]}")
            result = self.chosen(holds, self.constant(1.0), self.constant(0.0))
            self._where[result] = holds
            return result
        if kind is NORMAL:
            return self._normal(*xs)
        if kind is LARGEST or kind is SMALLEST:
            return self._extreme("oge" if kind is LARGEST else "ole", xs)
        if kind is COPYSIGN:
            return self.intrinsic("copysign", *xs)
        if kind is CBRT:
            return self.c_function("cbrt", *xs)
        assert isinstance(kind, Primitive)
        if kind.name == "where":
            taken = self._where.get(xs[0])
            if taken is None:
                taken = self.value(f"fcmp une {self.type} {xs[0]}, {self.constant(0.0)}")
            return self.chosen(taken, xs[1], xs[2])
        if kind.name in INTRINSICS:
            return self.intrinsic(INTRINSICS[kind.name], *xs)
        if kind.name in ("maximum", "minimum"):
            return self._extreme("oge" if kind.name == "maximum" else "ole", xs)
        if kind.name == "div":
            return self.value(f"fdiv {self.type} {xs[0]}, {xs[1]}")
        if kind.name == "fsum" and not self.exact:
            return self._compensated(xs)
        name = getattr(kind.evaluate, "__name__", "")
        if name in BOUNDS and self.width > 1 and not self.exact:
            return self._of_vector(name, xs[0])
        if name in C_FUNCTIONS:
            return self.c_function(name, *xs)
        return self._called_back(kind, xs)

    def _of_vector(self, name: str, x: str) -> str:
        """Compute all lanes at once: in a loop in place, so that the formula's numbers stay in registers."""
        function, x = vector_function(name, self.width), self.widened(x)
        if self.in_loop and function.body and self._in_place + len(function.body) <= MOST_IN_PLACE:
            self._in_place += len(function.body)
            self.declared |= function.declared
            self._count += 1
            lines, result = function.in_place(x, f"f{self._count}")
            self.lines += lines
            return self.narrowed(result)
        self.declared |= function.needed
        doubles = self._type_of(DOUBLE)
        return self.narrowed(self.value(f"call {doubles} @{function.name}({doubles} {x})"))

    def _extreme(self, sign: str, xs: list[str]) -> str:
        """Return the largest or smallest number, the first of equal ones; nan where one is."""
        result = xs[0]
        for x in xs[1:]:
            before = self.value(f"fcmp {sign} {self.type} {result}, {x}")
            nan = self.value(f"fcmp uno {self.type} {result}, {result}")
            result = self.chosen(self.value(f"or {self.bits} {before}, {nan}"), result, x)
        return result

    def _normal(self, x: str, y: str) -> str:
        """Return `x`, but nan where one of the two is tiny, though not 0, or infinite."""
        good = ""
        least = TINY if self.real is DOUBLE else 2.0**-126
        for z in dict.fromkeys((x, y)):
            size = self.intrinsic("fabs", z)
            tests = [f"oge {self.type} {size}, {self.constant(least)}"]
            tests += [f"olt {self.type} {size}, {self.constant(math.inf)}"]
            tests += [f"oeq {self.type} {size}, {self.constant(0.0)}"]
            large, finite, zero = [self.value(f"fcmp {test}") for test in tests]
            both = self.value(f"and {self.bits} {large}, {finite}")
            fits = self.value(f"or {self.bits} {both}, {zero}")
            good = self.value(f"and {self.bits} {good}, {fits}") if good else fits
        return self.chosen(good, x, self.constant(math.nan))

    def _compensated(self, xs: list[str]) -> str:
        """Return the sum of xs with what each addition rounds away added at the end.

        Source: T. Ogita, S. M. Rump, S. Oishi, Accurate Sum and Dot Product (2005).
        """
        total, lost = self.constant(0.0), self.constant(0.0)
        for x in xs:
            t = self.type
            bigger = self.value(f"fadd {t} {total}, {x}")
            part = self.value(f"fsub {t} {bigger}, {total}")
            of_total = self.value(f"fsub {t} {bigger}, {part}")
            lost_total = self.value(f"fsub {t} {total}, {of_total}")
            lost_x = self.value(f"fsub {t} {x}, {part}")
            lost = self.value(f"fadd {t} {lost}, {self.value(f'fadd {t} {lost_total}, {lost_x}')}")
            total = bigger
        finite = self.value(f"fcmp ord {self.type} {lost}, {lost}")  # inf - inf is nan
        both = self.value(f"fadd {self.type} {total}, {lost}")
        return self.chosen(finite, both, total)

    def _called_back(self, row: Primitive, xs: list[str]) -> str:
        """Call Python for what only Python can compute."""
        place = self.pools.callback(row)

        def call(*scalars: str) -> str:
            numbers = self.value(f"alloca double, i64 {max(len(scalars), 1)}")
            for k, scalar in enumerate(scalars):
                at = self.value(f"getelementptr double, ptr {numbers}, i64 {k}")
                self.do(f"store double {scalar}, ptr {at}, align 8")
            slot = self.value(f"getelementptr ptr, ptr %F, i64 {place}")
            function = self.value(f"load ptr, ptr {slot}")
            return self.value(f"call double {function}(ptr {numbers}, i64 {len(scalars)})")

        return self._each(call, xs)
