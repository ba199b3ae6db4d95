"""A kernel for one structure of its arguments: when it is recorded, which code runs, what it refuses."""

import inspect
from typing import Any

import numpy as np
import pytest

from chainrule.engine import compile, grad, sqrt, where
from chainrule.engine.compiler.arguments import Signature
from chainrule.engine.compiler.options import Options
from chainrule.engine.compiler.variant import Variant


def variant_of(f: Any, *arguments: Any, batch: Any = (), names: Any = None, **options: Any) -> Variant:
    call = Signature(f, batch, "float64").call(arguments, names or {})
    return Variant(f, "f", Options(**{"argnums": 0, "reduce": None, "exact": False, **options}), call)


def call_of(f: Any, *arguments: Any, batch: Any = (), names: Any = None) -> Any:
    return Signature(f, batch, "float64").call(arguments, names or {})


def test_the_function_runs_once_and_code_is_made_at_the_first_use() -> None:
    runs: list[int] = []

    def f(x: Any) -> Any:
        runs.append(1)
        return x * x

    variant = variant_of(f, 3.0)
    assert (len(runs), variant._forms, variant.last) == (1, {}, None)
    assert variant.value(call_of(f, 4.0)) == 16.0
    assert variant.value_and_grad(call_of(f, 5.0)) == (25.0, 10.0)
    assert variant.value(call_of(f, 6.0)) == 36.0
    assert (len(runs), len(variant._forms)) == (1, 2)
    assert variant.last is not None
    assert not variant.last.gradient


def test_nan_in_the_fast_form_is_followed_by_the_guarded_one() -> None:
    f = lambda x: sqrt(x[0]) * x[1]  # noqa: E731
    variant = variant_of(f, [1.0, 1.0])
    assert variant.value_and_grad(call_of(f, [4.0, 3.0])) == (6.0, [0.75, 2.0])
    assert variant.last is not None
    assert not variant.last.guarded
    assert variant.value_and_grad(call_of(f, [0.0, 0.0])) == (0.0, [0.0, 0.0])
    assert variant.last.guarded


def test_a_nan_of_the_value_alone_is_no_reason_to_run_again() -> None:
    f = lambda x: x * x  # noqa: E731
    variant = variant_of(f, 1.0)
    value = variant.value(call_of(f, float("nan")))
    assert value != value
    assert len(variant._forms) == 1


def test_exact_code_is_guarded_from_the_start() -> None:
    variant = variant_of(lambda x: x * x, 1.0, exact=True)
    assert variant.form(True, 0).guarded
    assert not variant.form(False, 0).guarded


def test_a_function_that_compares_its_own_derivatives_is_guarded_from_the_start() -> None:
    def f(x: Any) -> Any:
        slope = grad(lambda z: z * z * z)(x)
        return where(slope > 1.0, slope, x)

    assert variant_of(f, 1.0).form(True, 0).guarded
    plain = variant_of(lambda x: grad(lambda z: z * z * z)(x), 1.0)
    assert not plain.form(True, 0).guarded
    assert not plain.form(False, 0).guarded  # a nan among its results tells
    assert plain.careful_recording is not plain.recording


def test_one_few_and_many_samples_have_code_of_their_own() -> None:
    f = lambda w, x: w * x  # noqa: E731
    variant = variant_of(f, 2.0, [1.0, 2.0], batch=["x"], reduce="sum")
    forms = [variant.form(True, samples) for samples in (1, 2, 8, 9, 1000)]
    assert [form.lanes for form in forms] == [1, 8, 8, 64, 64]
    assert forms[1] is forms[2]
    assert variant.is_batched(1)
    assert not variant.is_batched(0)


def test_reduce_without_samples_is_nothing() -> None:
    assert variant_of(lambda x: x, 1.0, reduce="sum").reduce is None


@pytest.mark.parametrize("argnums", [2, -3, (0, 5)])
def test_argnums_beyond_the_arguments_are_refused(argnums: Any) -> None:
    variant = variant_of(lambda x, y: x * y, 1.0, 2.0, argnums=argnums)
    with pytest.raises(TypeError, match=r"compile: argnums=.*, but there are 2 positional arguments"):
        variant.places()


def test_argnums_count_from_the_end_too_and_say_how_derivatives_are_given() -> None:
    f = lambda x, y: x * y  # noqa: E731
    variant = variant_of(f, 1.0, 2.0, argnums=(-1, 0))
    assert variant.places() == [1, 0]
    assert variant.value_and_grad(call_of(f, 3.0, 5.0)) == (15.0, (3.0, 5.0))


def test_arguments_given_by_name_alone_are_all_differentiated_by() -> None:
    f = lambda *, a, b: a * b  # noqa: E731
    variant = variant_of(f, names={"a": 1.0, "b": 2.0})
    found = variant.value_and_grad(call_of(f, names={"a": 3.0, "b": 5.0}))
    assert found == (15.0, {"a": 5.0, "b": 3.0})


def test_several_numbers_have_no_gradient() -> None:
    f = lambda x: [x, x]  # noqa: E731
    variant = variant_of(f, 1.0)
    with pytest.raises(
        TypeError, match="value_and_grad needs a function that returns one number, f returned 2"
    ):
        variant.value_and_grad(call_of(f, 1.0))


def test_arguments_have_the_function_s_names_or_numbers() -> None:
    assert variant_of(lambda x, *, y: x * y, 1.0, names={"y": 2.0}).argument_names() == ["x", "y"]
    assert variant_of(lambda *xs: xs[0], 1.0, 2.0).argument_names() == ["argument 0", "argument 1"]


def test_what_it_shows_is_of_the_code_that_ran_last() -> None:
    f = lambda x: x * x  # noqa: E731
    variant = variant_of(f, 3.0)
    of_gradient = variant.stats.flops_once
    variant.value(call_of(f, 3.0))
    assert variant.stats.flops_once < of_gradient
    assert "define i64 @enter" in variant.ir
    assert variant.outline.name == "f"
    assert [line.split("  #")[0] for line in variant.tape] == ["v0 = input 0", "v1 = mul(v0, v0)"]
    assert variant.python()(4.0) == 16.0
    assert "v0 * v0" in inspect.getsource(variant.python())


def test_error_bounds_are_those_of_the_code_that_would_run() -> None:
    f = lambda x: sqrt(x[0]) * x[1]  # noqa: E731
    variant = variant_of(f, [1.0, 1.0])
    assert variant.error_bound(call_of(f, [0.0, 0.0])) == (0.0, [0.0, 0.0])
    bound = variant.error_bound(call_of(f, [2.0, 3.0]))
    assert all(0.0 <= part < 1e-14 for part in [bound.value, *bound.grad])


def test_each_sample_has_its_own_results_without_reduce() -> None:
    kernel = compile(lambda w, x: w * x, batch="x")
    assert isinstance(kernel(2.0, np.array([1.0, 2.0])), np.ndarray)
