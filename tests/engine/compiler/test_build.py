"""From a tape to a module: what is wanted, what comes out, what is counted."""

from typing import Any

import numpy as np
import pytest
from programs import lines, recorded, wanted_of

from chainrule.engine import TABLE, exp, lgamma, softplus, take, tanh, total
from chainrule.engine.compiler.build import (
    CALL,
    NEAR,
    Built,
    backward_order,
    built,
    flops_of,
    grouped,
    lowered,
)
from chainrule.engine.compiler.instructions import is_native
from chainrule.engine.compiler.program import OVER_BATCH, normal_form
from chainrule.engine.compiler.tape import INPUT
from chainrule.engine.primitive import Primitive


def made(f: Any, *point: Any, **options: Any) -> Built:
    recording = recorded(f, *point, batched=options.get("batched", ()))
    return built(recording.tape, wanted_of(recording, **options))


def test_a_lowered_program_gives_values_and_derivatives_in_what_is_native() -> None:
    recording = recorded(lambda x, y: softplus(x) * y, 0.5, 2.0)
    program, places = lowered(recording.tape, wanted_of(recording, by=[0, 1]))
    numbers = program.evaluate({INPUT: [0.0, 2.0]})
    expected = [2.0 * TABLE["softplus"](0.0), 1.0, TABLE["softplus"](0.0)]
    assert [numbers[node] for node in places] == pytest.approx(expected)
    assert all(is_native(program.kinds[kind]) for kind in program.kind)


def test_stages_are_timed_by_name() -> None:
    counts = made(lambda x: exp(x), 1.0, by=[0]).counts
    assert list(counts.seconds) == ["normal form", "derivatives", "rows taken apart", "groups", "text"]
    assert all(spent >= 0.0 for spent in counts.seconds.values())
    assert counts.entries == 2


def test_the_mean_brings_one_more_argument() -> None:
    for reduce, parameters in (("sum", 1), ("mean", 2), (None, 1)):
        layout = made(lambda w, x: w * x, 1.0, 2.0, by=[0], batched=[1], reduce=reduce).layout
        assert (layout.parameters, layout.rows) == (parameters, 1)
        assert layout.per_sample.tolist() == [reduce is None, False]


def test_sums_over_the_samples_lie_side_by_side() -> None:
    recording = recorded(lambda w, x: w[0] * x + w[1], [1.0, 2.0], 3.0, batched=[1])
    wanted = wanted_of(recording, by=[0], batched=[1], reduce="sum")
    program, _ = lowered(recording.tape, wanted)
    start, end = built(recording.tape, wanted).layout.sums
    assert end - start == sum(OVER_BATCH.name in line for line in lines(program)) == 3


def test_an_index_needs_a_place_where_it_is_reported() -> None:
    plain, indexed = made(lambda x, i: x * i, 1.0, 0), made(lambda x, i: take([x, x * 2.0], i), 1.0, 0)
    assert "NO_ROW" not in plain.text
    assert "%report = load" in indexed.text
    assert "%report = load" not in plain.text
    assert indexed.layout.once > 16 > plain.layout.once


def test_work_counts_a_call_as_many_operations() -> None:
    assert made(lambda x: x * x + x, 2.0).layout.work == (3, 0)
    assert made(lambda x: exp(x), 2.0).layout.work == (CALL, 0)
    assert made(lambda x: exp(x), 2.0, batched=[0]).layout.work == (0, CALL)


def test_flops_are_terms_and_operations() -> None:
    recording = recorded(lambda x, y: [x * y + x - y, exp(x)], 1.0, 2.0)
    program, wanted = normal_form(recording.tape, [e for e in recording.outputs if isinstance(e, int)])
    assert flops_of(program)[wanted].tolist() == [4, 1]


def test_rows_that_only_python_computes_are_listed() -> None:
    assert made(lambda x: lgamma(x) + lgamma(x * 2.0), 1.0).layout.callbacks == (TABLE["lgamma"],)


def test_constants_beyond_float32_are_inf_there() -> None:
    layout = made(lambda x: [number * 1e300 for number in x], [1.0] * 9, dtype="float32").layout
    assert layout.dtype == "float32"
    assert layout.numbers.dtype == np.float32
    text = made(lambda x: x * 1e300, 1.0, dtype="float32").text
    assert "0x7FF0000000000000" in text


def test_nothing_that_the_result_does_not_need_is_computed() -> None:
    counts = made(lambda x: (exp(x), x * 2.0)[1], 1.0).counts
    assert counts.nodes == 1


def test_exactly_the_backward_pass_goes_in_the_order_of_values() -> None:
    recording = recorded(lambda x: tanh(x) * exp(x), 1.0)
    program, places = normal_form(recording.tape, [3], fold=False)
    order = backward_order(program, recording.tape, places)
    name = {program.kinds[kind].name: int(order[node]) for node, kind in enumerate(program.kind)}
    assert name["sum"] > max(name["tanh"], name["exp"])
    assert name["tanh"] != name["exp"]


def test_a_program_has_groups_for_what_it_computes() -> None:
    recording = recorded(lambda x: exp(x) * 2.0, 1.0)
    wanted = wanted_of(recording)
    program, _ = lowered(recording.tape, wanted)
    assert len(grouped(program, wanted).ordered) == 2
    assert not any(
        isinstance(kind, Primitive) and not is_native(kind) for kind in program.kinds if kind.name == "exp"
    )


def test_blocks_are_large_where_each_sample_has_few_numbers_and_no_loop_runs_over_time() -> None:
    few = made(lambda w, x: w * tanh(x), 1.0, 2.0, batched=[1], lanes=64)
    assert few.layout.lanes == 64
    assert made(lambda w, x: w * tanh(x), 1.0, 2.0, batched=[1], lanes=8).layout.lanes == 8
    point = [1.0] * 200
    many = made(lambda x: total([tanh(number) for number in x]), point, batched=[0], lanes=64).layout
    assert (many.each + many.rows + 1) * 64 * 8 > NEAR
    assert many.lanes == 32

    def chain(x: Any) -> Any:
        for _ in range(20):
            x = tanh(x * 0.5)
        return x

    assert made(chain, 1.0, batched=[0], lanes=64).layout.lanes == 32
