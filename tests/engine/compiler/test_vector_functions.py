"""Elementary functions of whole vectors: how near they are, their edges, and where they are used."""

import math
from pathlib import Path
from typing import Any

import coefficients
import numpy as np
import pytest
from vector_accuracy import at_ends, made_for, on_all, points, processors, worst

from chainrule.engine import TABLE, cos, exp, log, sin, tanh
from chainrule.engine.compiler import coefficients as table
from chainrule.engine.compiler import compile
from chainrule.engine.compiler.machine import object_code
from chainrule.engine.compiler.vector_functions import BOUNDS, FAR, vector_function

PROCESSORS = processors()
of_each_processor = pytest.mark.parametrize("processor", PROCESSORS, ids=[name for name, _ in PROCESSORS])


@of_each_processor
@pytest.mark.parametrize("name", BOUNDS)
def test_every_function_is_as_near_as_it_states(name: str, processor: tuple[str, str]) -> None:
    with made_for(processor):
        error, where = worst(name, points(name, 400))
    assert error <= BOUNDS[name], f"{name}({where!r}) is off by {error} ulp"


@of_each_processor
@pytest.mark.parametrize("name", BOUNDS)
def test_inf_nan_overflow_and_zeros_with_their_signs_are_as_on_values(
    name: str, processor: tuple[str, str]
) -> None:
    with made_for(processor):
        assert at_ends(name) == []


def test_the_coefficients_are_those_that_the_exchange_finds() -> None:
    assert Path(table.__file__).read_text(encoding="utf-8") == coefficients.table()


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_far_angles_are_left_to_c_for_all_lanes(name: str) -> None:
    c = getattr(math, name)
    for x in (math.nextafter(FAR, math.inf), -1e9, 1e22, 1.7e308):
        xs = np.array([0.5, x, -3.0, 0.0, 1.0, 2.0, 1e-300, -0.5])
        assert on_all(name, xs).tolist() == [c(a) for a in xs.tolist()]
    near = np.array([0.5, -3.0] * 4)
    np.testing.assert_allclose(on_all(name, near), [c(a) for a in near.tolist()], rtol=4e-16)


def f(x: Any) -> Any:
    return exp(sin(x)) * tanh(x) + log(1.0 + x * x) * cos(x)


def test_samples_are_computed_a_vector_at_a_time() -> None:
    kernel = compile(f, batch=0)
    xs = np.linspace(-3.0, 3.0, 50)
    np.testing.assert_allclose(kernel(xs), [f(x) for x in xs.tolist()], rtol=1e-14, atol=1e-15)
    for name in ("sin", "cos"):  # which have branches
        assert f"call <8 x double> @{name}.v8(" in kernel.ir
        assert kernel.ir.count(f"define internal <8 x double> @{name}.v8(") == 1
    for name in ("exp", "tanh", "log"):  # the loop has their instructions
        assert f"@{name}.v8(" not in kernel.ir
        assert f"double @{name}(" not in kernel.ir


def test_neighbours_are_computed_a_vector_at_a_time() -> None:
    kernel = compile(lambda xs: sum(exp(x) for x in xs))
    xs = [0.1 * i for i in range(19)]
    assert kernel(xs) == pytest.approx(sum(math.exp(x) for x in xs), rel=1e-15)
    assert "@exp.v8(" in kernel.ir


def test_exact_kernels_and_single_numbers_call_c() -> None:
    xs = np.linspace(-3.0, 3.0, 50)
    exact = compile(f, batch=0, exact=True)
    assert exact(xs).tolist() == [f(x) for x in xs.tolist()]
    assert ".v8(<8 x double> %" not in exact.ir.replace("@llvm.fabs.v8f64", "")
    alone = compile(f)
    assert alone(0.7) == pytest.approx(f(0.7), rel=1e-15)
    assert "@exp.v8" not in alone.ir
    assert "double @exp(" in alone.ir


def test_processors_without_fused_multiplication_make_two_steps_and_no_calls() -> None:
    for name in BOUNDS:
        for processor in PROCESSORS:
            with made_for(processor):
                needed = vector_function(name, 8).needed
                text = "\n".join(sorted(needed)).replace("define internal", "define")
                code = object_code(text + "\nattributes #0 = { nounwind }")
            assert b"fma\x00" not in code
            assert (name.encode() + b"\x00" in code) == (name in ("sin", "cos"))


def test_instructions_of_avx512_are_used_where_the_processor_has_them() -> None:
    for processor, has in ((("x86-64", ""), False), (("znver4", "+avx2,+avx512f,+fma"), True)):
        with made_for(processor):
            needed = vector_function("exp", 8).needed
        assert ("llvm.x86.avx512" in "".join(needed)) == has


def test_every_vector_function_is_a_row() -> None:
    assert set(BOUNDS) <= set(TABLE)
    assert all(bound <= 2.0 for bound in BOUNDS.values())


@pytest.mark.parametrize("name", BOUNDS)
def test_the_error_bound_knows_of_vectors(name: str) -> None:
    row = TABLE[name]
    xs = np.linspace(0.1, 3.0, 200)
    kernel = compile(lambda x: row(x), batch=0)
    bound = kernel.error_bound(xs).value
    off = np.abs(kernel(xs) - [row(x) for x in xs.tolist()])
    assert off.max() > 0.0
    assert (off <= bound).all()
    assert (bound <= 4.0 * np.spacing(np.abs(kernel(xs)))).all()
    assert not compile(lambda x: row(x), batch=0, exact=True).error_bound(xs).value.any()
