"""Numbers of any width in LLVM's language: what is computed, not how it is written."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from programs import computed

from chainrule.engine.compiler.numbers import Numbers
from chainrule.engine.compiler.text import DOUBLE, SINGLE, Real

SHAPES: list[Sequence[float]] = [[0.5], [0.25, -1.5], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]]


@pytest.mark.parametrize("xs", SHAPES)
@pytest.mark.parametrize("real", [DOUBLE, SINGLE], ids=str)
def test_functions_of_c_are_called_for_each_number(xs: Sequence[float], real: Real) -> None:
    found = computed(lambda w, v: w.c_function("atan", v[0]), xs, real=real)
    rounded = np.float32 if real is SINGLE else np.float64
    assert found == [float(rounded(math.atan(x))) for x in xs]


def test_functions_of_several_operands_too() -> None:
    assert computed(lambda w, v: w.c_function("pow", *v), [2.0, 3.0], [3.0, 2.0]) == [8.0, 9.0]


def test_intrinsics_have_the_width_in_their_names() -> None:
    assert computed(lambda w, v: w.intrinsic("copysign", *v), [2.0, 3.0], [-1.0, 1.0]) == [-2.0, 3.0]
    for width, name in ((1, "f64"), (4, "v4f64")):
        writer = Numbers(set(), width)
        writer.intrinsic("sqrt", "%x")
        (declared,) = writer.declared
        assert f"@llvm.sqrt.{name}(" in declared


@pytest.mark.parametrize("xs", SHAPES)
def test_a_choice_is_made_for_each_number(xs: Sequence[float]) -> None:
    found = computed(
        lambda w, v: w.chosen(
            w.value(f"fcmp olt {w.type} {v[0]}, {w.constant(1.0)}"), v[0], w.constant(-9.0)
        ),
        xs,
    )
    assert found == [x if x < 1.0 else -9.0 for x in xs]


def test_one_number_is_spread_over_a_vector() -> None:
    def spread(w: Numbers, v: list[str]) -> str:
        return w.splat(w.value(f"extractelement {w.type} {v[0]}, i32 1"))

    assert computed(spread, [1.0, 7.0, 3.0, 4.0]) == [7.0] * 4
    assert Numbers(set()).splat("%x") == "%x"


def test_constants_of_single_numbers_are_rounded() -> None:
    assert computed(lambda w, v: w.constant(0.1), [0.0, 0.0], real=SINGLE) == [float(np.float32(0.1))] * 2


def test_doubles_are_what_they_are_and_others_are_made_doubles_and_back() -> None:
    writer = Numbers(set(), 2)
    assert writer.widened("%x") == writer.narrowed("%x") == "%x"
    single = Numbers(set(), 2, SINGLE)
    single.widened("%x")
    single.narrowed("%y")
    assert single.lines == [
        "  %v1 = fpext <2 x float> %x to <2 x double>",
        "  %v2 = fptrunc <2 x double> %y to <2 x float>",
    ]
    assert (writer.type, writer.bits, Numbers(set()).bits) == ("<2 x double>", "<2 x i1>", "i1")
