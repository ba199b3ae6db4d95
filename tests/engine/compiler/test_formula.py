"""Formulas on vectors: what operators add up to, run as machine code."""

import ctypes
import math
from collections.abc import Callable

import numpy as np
import pytest
from programs import ATTRIBUTES

from chainrule.engine.compiler.formula import Floats, Formula
from chainrule.engine.compiler.machine import Code, object_code

POINTS = [0.5, -1.25, 3.0, -0.0]


def evaluated(write: Callable[[Formula, Floats], Floats], xs: list[float]) -> list[float]:
    """Return what a formula gives for a vector of four."""
    f = Formula(4)
    text = f.define("formula", write(f, f.x)).text
    call = (
        "define void @f(ptr %x, ptr %y) #0 {\n  %v = load <4 x double>, ptr %x, align 8\n"
        "  %r = call <4 x double> @formula(<4 x double> %v)\n"
        "  store <4 x double> %r, ptr %y, align 8\n  ret void\n}\n"
    )
    code = Code(object_code("\n".join([*sorted(f.declared), text, call, ATTRIBUTES])))
    given, out = np.array(xs), np.zeros(4)
    code.function("f", ctypes.c_void_p, ctypes.c_void_p)(given.ctypes.data, out.ctypes.data)
    found: list[float] = out.tolist()
    return found


FORMULAS: dict[str, tuple[Callable[[Formula, Floats], Floats], Callable[[float], float]]] = {
    "operators": (
        lambda f, x: (x + 1.0) * x - (2.0 - x) / (x * x + 3.0) + 5.0 / (x + 9.0),
        lambda x: (x + 1.0) * x - (2.0 - x) / (x * x + 3.0) + 5.0 / (x + 9.0),
    ),
    "minus": (lambda f, x: -x, lambda x: -x),
    "size": (lambda f, x: abs(x), abs),
    "sign": (lambda f, x: f.floats(2.0).signed_like(x), lambda x: math.copysign(2.0, x)),
    "choice": (lambda f, x: f.where(x.compared("ogt", 0.0), x, -9.0), lambda x: x if x > 0.0 else -9.0),
    "polynomial": (lambda f, x: f.polynomial([1.0, 2.0, 4.0], x), lambda x: 1.0 + 2.0 * x + 4.0 * x * x),
    "fused": (lambda f, x: f.fused(x, 2.0, x), lambda x: 3.0 * x),
    "bits": (lambda f, x: x.as_bits().as_floats(), lambda x: x),
    "sign bit": (lambda f, x: (x.as_bits() & (2**63 - 1)).as_floats(), abs),
    "power of two": (
        lambda f, x: ((x.as_bits() & 0 | 1023) + 3 - 1 << 52).as_floats(),
        lambda x: 4.0,
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_computes_what_it_says(name: str) -> None:
    write, expected = FORMULAS[name]
    found = evaluated(write, POINTS)
    assert [x.hex() for x in found] == [float(expected(x)).hex() for x in POINTS]


def test_the_bits_of_a_power_of_two_beyond_its_exponent_are_0() -> None:
    found = evaluated(
        lambda f, x: ((x.as_bits() >> 52) << 52 ^ x.as_bits()).as_floats(), [1.0, 2.0, 0.5, -4.0]
    )
    assert found == [0.0] * 4


def test_comparisons_are_false_for_nan() -> None:
    found = evaluated(lambda f, x: f.where(x.compared("olt", 1.0), 1.0, 0.0), [math.nan, 0.5, 1.0, -math.inf])
    assert found == [0.0, 1.0, 0.0, 1.0]


def test_it_is_a_function_of_one_vector_and_declares_what_it_calls() -> None:
    f = Formula(8)
    function = f.define("name", abs(f.x))
    assert function.text.startswith("define internal <8 x double> @name(<8 x double> %x) #0 {\nentry:\n")
    assert function.declared == {"declare <8 x double> @llvm.fabs.v8f64(<8 x double>)"}
    assert function.needed == {*function.declared, function.text}


def test_its_instructions_can_be_written_for_another_vector_under_other_names() -> None:
    f = Formula(2)
    function = f.define("name", abs(f.x) + f.x)
    lines, result = function.in_place("%held", "a")
    assert result == "%a.v2"
    assert lines == [
        "  %a.v1 = call <2 x double> @llvm.fabs.v2f64(<2 x double> %held)",
        "  %a.v2 = fadd <2 x double> %a.v1, %held",
    ]
    assert Formula(2).define("x", f.x).in_place("%held", "b") == ([], "%held")


def test_a_function_with_branches_has_no_instructions_for_another_place() -> None:
    f = Formula(2)
    f.lines += ["  br label %next", "next:"]
    assert f.define("name", f.x).body == ()
