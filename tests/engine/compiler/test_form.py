"""Machine code for one use of a recording: what goes into its frames and what comes out of them."""

from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value, compile, take
from chainrule.engine.compiler.form import ALONE, FEW, MANY, Form
from chainrule.engine.compiler.variant import Variant


def variant_of(f: Any, *arguments: Any, **options: Any) -> Variant:
    return compile(f, **options).variant(*arguments)


def ran(form: Form, *arguments: Any, f: Any, **options: Any) -> Any:
    """Return what a form gives for other arguments of the same structure."""
    call = compile(f, **options)._signature.call(arguments, {})
    frame = form.compiled.new_frame()
    form.take(frame, call)
    form.compiled.run(frame, call.samples)
    return form.results(frame, call)


def test_shared_arguments_stand_one_after_the_other() -> None:
    form = variant_of(lambda a, b, c: a[0] * b * c[0], [1.0, 2.0], 3.0, [4.0]).form(False, 0)
    assert form.shared == [(0, 0, 2), (1, 2, 3), (2, 3, 4)]
    assert (form.by, form.any_batched) == ([], False)


def test_batched_arguments_are_not_among_them() -> None:
    options: dict[str, Any] = {"batch": "x", "argnums": (0, 1)}
    form = variant_of(lambda w, x, b: w * x + b, 1.0, [2.0, 3.0], 4.0, **options).form(True, 2)
    assert form.shared == [(0, 0, 1), (2, 1, 2)]
    assert form.by == [(0, 1, 2), (1, 2, 3)]
    assert form.per_sample == [True, False, False]  # by x it is w, for all samples


def test_one_sample_alone_is_no_batch() -> None:
    f = lambda w, x: w * x[0] * x[1]  # noqa: E731
    variant = variant_of(f, 2.0, [[3.0, 5.0]], batch="x", reduce="mean", argnums=(0, 1))
    form = variant.form(True, 1)
    assert (form.lanes, form.any_batched, form.per_sample) == (ALONE, False, [False] * 4)
    value, (by_w, by_x) = ran(form, 2.0, [[3.0, 5.0]], f=f, batch="x", reduce="mean", argnums=(0, 1))
    assert (value, by_w, by_x.tolist()) == (30.0, 15.0, [[10.0, 6.0]])


def test_the_size_of_blocks_follows_from_the_number_of_samples() -> None:
    variant = variant_of(lambda x: x * x, np.zeros(3), batch=0)
    assert [variant.form(False, n).compiled.layout.lanes for n in (2, FEW, FEW + 1)] == [FEW, FEW, MANY]


def test_results_come_in_the_structure_of_the_function_and_of_its_arguments() -> None:
    f = lambda p, x: p["w"][0] * x + p["w"][1] * p["b"]  # noqa: E731
    point = {"w": [1.0, 2.0], "b": 3.0}, 4.0
    form = variant_of(f, *point, argnums=(0, 1)).form(True, 0)
    value, by = ran(form, *point, f=f, argnums=(0, 1))
    assert value == 10.0
    assert by == ({"w": [4.0, 3.0], "b": 2.0}, 1.0)
    g = lambda x: {"a": x, "b": (x * 2.0, 7)}  # noqa: E731
    assert ran(variant_of(g, 1.0).form(False, 0), 5.0, f=g) == ({"a": 5.0, "b": (10.0, 7.0)}, None)


def test_derivatives_by_arrays_are_arrays_of_their_shape() -> None:
    f = lambda x: x[0][0] * x[1][1]  # noqa: E731
    x = np.array([[2.0, 0.0], [0.0, 5.0]])
    _, by = ran(variant_of(f, x).form(True, 0), x, f=f)
    assert by.tolist() == [[5.0, 0.0], [0.0, 2.0]]


@pytest.mark.parametrize(("reduce", "expected"), [("mean", 7.0), ("sum", 21.0), (None, [7.0, 7.0, 7.0])])
def test_a_result_that_depends_on_nothing_counts_for_each_sample(reduce: Any, expected: Any) -> None:
    f = lambda x: [x, 7]  # noqa: E731
    options = {"batch": 0, "reduce": reduce}
    (_, constant), _ = ran(variant_of(f, [1.0] * 3, **options).form(False, 3), [1.0] * 3, f=f, **options)
    assert np.asarray(constant).tolist() == expected


def test_values_from_outside_and_the_number_of_samples_are_taken_at_every_run() -> None:
    c = Value(2.0)
    f = lambda x: x * c  # noqa: E731
    form = variant_of(f, [1.0, 2.0], batch=0, reduce="mean").form(False, 2)
    c.data = 10.0
    assert ran(form, [1.0, 3.0, 5.0], f=f, batch=0, reduce="mean")[0] == pytest.approx(30.0)


def test_a_single_number_is_plain() -> None:
    assert variant_of(lambda x: x * x, 1.0).form(False, 0).plain
    assert not variant_of(lambda x: [x * x], 1.0).form(False, 0).plain
    assert not variant_of(lambda x: x * x, [1.0, 2.0], batch=0).form(False, 2).plain
    assert variant_of(lambda x: x * x, [1.0, 2.0], batch=0, reduce="sum").form(False, 2).plain


def test_it_knows_whether_a_result_is_nan_and_raises_for_an_index_that_is_none() -> None:
    kernel = compile(lambda x, i: take([x, x * x], i))
    form = kernel.variant(1.0, 0).form(False, 0)
    calls = [kernel._signature.call(arguments, {}) for arguments in ((1.0, 1), (float("nan"), 1), (1.0, 2))]
    assert [form.gives_nan(call) for call in calls[:2]] == [False, True]
    with pytest.raises(IndexError, match="2"):
        form.gives_nan(calls[2])


def test_text_stats_and_outline_are_of_this_code() -> None:
    form = variant_of(lambda x: x * x + x, 2.0).form(True, 0)
    assert "define i64 @enter" in form.text()
    assert form.stats().entries == 3
    assert [part.title for part in form.outline().parts if part.kind == "result"] == ["value", "by x"]
