"""Compiled in float32: half the digits, the same structures, and as near to Values as error_bound says."""

import math
from pathlib import Path
from typing import Any

import compiler_fuzz
import numpy as np
import pytest

from chainrule.engine import (
    Value,
    declare,
    dot,
    exp,
    forget,
    lgamma,
    log,
    logsumexp,
    tanh,
    total,
    value_and_grad,
    where,
)
from chainrule.engine.compiler import cache, compile

RNG = np.random.default_rng(0)
UNIT = 2.0**-24


def f(w: Any, x: Any) -> Any:
    return tanh(dot(w, x)) * exp(-x[0]) + logsumexp([x[0], x[1], w[1]])


W, XS = [0.5, -0.25], RNG.standard_normal((37, 2))


@pytest.mark.parametrize("reduce", [None, "mean", "sum"])
@pytest.mark.parametrize("threads", [1, 2])
def test_results_are_those_on_values_within_their_bounds(
    reduce: Any, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainrule.engine.compiler.kernel.FEWEST", 1)
    kernel = compile(f, argnums=(0, 1), batch="x", reduce=reduce, threads=threads, dtype="float32")
    value, (by_w, by_x) = kernel.value_and_grad(W, XS)
    bound = kernel.error_bound(W, XS)
    runs = [value_and_grad(f, argnums=(0, 1))(W, x) for x in XS.tolist()]
    weight = 1.0 / len(XS) if reduce == "mean" else 1.0
    values = np.array([run[0] for run in runs])
    assert (np.abs(value - (values.sum() * weight if reduce else values)) <= bound.value).all()
    assert (np.abs(by_w - np.sum([run[1][0] for run in runs], axis=0) * weight) <= bound.grad[0]).all()
    assert (np.abs(by_x - np.array([run[1][1] for run in runs]) * weight) <= bound.grad[1]).all()
    assert np.max(bound.value) < 1e-3
    assert np.max(bound.grad[1]) < 1e-3


def test_arrays_of_results_are_float32_and_single_numbers_floats() -> None:
    kernel = compile(f, argnums=(0, 1), batch="x", dtype="float32")
    value, (by_w, by_x) = kernel.value_and_grad(np.array(W), XS)
    assert [value.dtype, by_w.dtype, by_x.dtype] == [np.float32] * 3
    total_of = compile(f, batch="x", reduce="sum", dtype="float32")
    value, by_w = total_of.value_and_grad(W, XS)
    assert (type(value), [type(part) for part in by_w]) == (float, [float, float])
    assert float(np.float32(value)) == value
    several = compile(lambda x: {"constant": 0.1, "x": x}, dtype="float32")
    assert several(0.1) == {"constant": float(np.float32(0.1)), "x": float(np.float32(0.1))}


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, list])
def test_arguments_of_any_kind_are_rounded_to_float32(kind: Any) -> None:
    numbers = np.array([[1.0, 2.0], [3.0, 5.0], [-1.0, 4.0]])
    xs = numbers.tolist() if kind is list else numbers.astype(kind)
    kernel = compile(lambda w, x: w * x[0] + x[1] / 10.0, batch="x", dtype="float32")
    assert (
        kernel(0.1, xs).tolist()
        == (
            np.float32(0.1) * numbers[:, 0].astype("f4") + numbers[:, 1].astype("f4") / np.float32(10.0)
        ).tolist()
    )


def test_products_and_quotients_round_to_24_bits() -> None:
    kernel = compile(lambda x: [x[0] * x[1], x[0] / x[1], x[0] + x[1]], dtype="float32")
    for _ in range(100):
        a, b = RNG.standard_normal(2).astype(np.float32)
        assert kernel([float(a), float(b)]) == [float(a * b), float(a / b), float(a + b)]


def test_functions_are_those_of_float64_rounded() -> None:
    xs = RNG.uniform(0.1, 3.0, 100).astype(np.float32)
    for g, reference in ((exp, np.exp), (log, np.log), (tanh, np.tanh)):
        found = compile(lambda x, g=g: g(x), batch=0, dtype="float32")(xs)
        expected = reference(xs.astype(np.float64))
        assert (np.abs(found - expected) <= 1.001 * UNIT * 2.0 * np.abs(expected)).all()
        assert (found == expected.astype(np.float32)).mean() > 0.99


def test_a_bound_kernel_reads_arrays_of_float32_where_they_are() -> None:
    w, xs = np.array(W, np.float32), XS.astype(np.float32)
    kernel = compile(f, argnums=(0, 1), batch="x", reduce="mean", dtype="float32")
    bound = kernel.bind(w, xs)
    for _ in range(2):
        value, (by_w, by_x) = kernel.value_and_grad(w, xs)
        assert bound() == value
        np.testing.assert_array_equal(bound.grad[0], by_w)
        np.testing.assert_array_equal(bound.grad[1], by_x)
        w += np.float32(0.25)
        xs[3] = 0.125
    doubles = np.array(W)
    other = kernel.bind(doubles, xs)
    doubles += 0.5
    assert other() == kernel(doubles, xs)


def test_modules_values_and_numbers_from_outside_are_rounded_too() -> None:
    outside = Value(0.1)
    kernel = compile(lambda x: x * outside, dtype="float32")
    assert kernel.value_and_grad(Value(3.0)) == (
        float(np.float32(3.0) * np.float32(0.1)),
        float(np.float32(0.1)),
    )


def test_rows_that_only_python_computes_get_and_give_floats() -> None:
    @declare(partials=lambda x, out: (1.0,))
    def listed(x: float) -> float:
        return {0.5: 0.1}.get(float(str(x)), 0.0)

    try:
        assert compile(lambda x: listed(x), dtype="float32")(0.5) == float(np.float32(0.1))
        xs = np.linspace(1.0, 4.0, 20).astype(np.float32)
        found = compile(lambda x: lgamma(x), batch=0, dtype="float32")(xs)
        np.testing.assert_allclose(found, [math.lgamma(x) for x in xs], rtol=2 * UNIT, atol=1e-7)
    finally:
        forget("listed")


def folded(x: Any) -> Any:
    return total([a * b for a, b in zip(x, reversed(x), strict=True)]) + x[len(x) // 2]


@pytest.mark.parametrize("n", [3, 9, 17, 100])
def test_long_sums_tables_and_masks_are_right(n: int) -> None:
    xs, kernel = RNG.standard_normal(n), compile(folded, dtype="float32")
    (value, gradient), (expected, by) = kernel.value_and_grad(xs), value_and_grad(folded)(xs)
    bound = kernel.error_bound(xs)
    assert abs(value - expected) <= bound.value < 1e-3
    assert (np.abs(gradient - by) <= bound.grad).all()


def test_what_is_too_large_is_inf_and_a_zero_adjoint_wins_all_the_same() -> None:
    kernel = compile(lambda x: exp(x), dtype="float32")
    assert kernel(100.0) == math.inf
    assert kernel.error_bound(100.0).value == math.inf
    masked = compile(lambda x: where(x > 0.0, log(x), 0.0), dtype="float32")
    assert [masked.value_and_grad(x) for x in (0.0, -1.0)] == [(0.0, 0.0)] * 2


def test_kernels_of_both_kinds_are_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "here"))
    for _ in range(2):
        single = compile(f, batch="x", dtype="float32").value_and_grad(W, XS)
        double = compile(f, batch="x").value_and_grad(W, XS)
        assert (single[0].dtype, double[0].dtype) == (np.float32, np.float64)
        np.testing.assert_allclose(single[0], double[0], rtol=1e-5)
        np.testing.assert_allclose(single[1], double[1], rtol=1e-5)
    assert len(list((tmp_path / "here").iterdir())) == 2


def test_random_programs_stay_within_their_bounds() -> None:
    found: list[compiler_fuzz.Distance] = []
    for number in range(12):
        report, _, distances = compiler_fuzz.tried(11, number, single=True)
        assert not report
        found += distances
    assert len(found) > 50
    assert np.median([distance.relative for distance in found]) < 1e-6


@pytest.mark.parametrize("dtype", ["float16", "int32", "single precision", None, 7])
def test_other_kinds_of_numbers_are_refused(dtype: Any) -> None:
    with pytest.raises(ValueError, match="compile: dtype is 'float64' or 'float32', got "):
        compile(f, dtype=dtype)


def test_float32_cannot_be_exact() -> None:
    with pytest.raises(
        ValueError, match="exact=True gives every bit of Python's floats, which are float64, not float32"
    ):
        compile(f, exact=True, dtype="float32")
    kernel = compile(f, dtype=np.float32)  # type: ignore[call-overload]  # as NumPy's hands write it
    assert kernel(W, [0.5, 0.25]) == compile(f, dtype="float32")(W, [0.5, 0.25])
