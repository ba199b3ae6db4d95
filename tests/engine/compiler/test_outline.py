"""A compiled function as parts and what flows between them."""

import random
import re
from typing import Any

import pytest

from chainrule.engine import Value, compile, dot, exp, median, tanh
from chainrule.engine.compiler.outline import MOST, MOST_NAMED, ONE_EACH, Flow, Outline, Part


def outline_of(f: Any, *arguments: Any, **options: Any) -> Outline:
    return compile(f, **options).variant(*arguments).outline


def test_arguments_come_first_then_what_is_computed_then_results() -> None:
    found = outline_of(lambda w, x: tanh(dot(w, x)), [0.1, 0.2], [1.0, 2.0], argnums=())
    assert [part.kind for part in found.parts] == ["argument", "argument", "value", "result"]
    assert found.parts[2] == Part("value", "once", ("sum of 2 products", "tanh"), 2, 5)
    assert found.flows == (Flow(0, 2, 2), Flow(1, 2, 2), Flow(2, 3, 1))
    assert (found.name, found.entries, found.loops) == ("<lambda>", 6, 2)


def test_what_only_derivatives_need_is_told_apart() -> None:
    found = outline_of(lambda w, x: exp(w * x), 0.5, 2.0)
    kinds = [part.kind for part in found.parts]
    assert kinds == ["argument", "argument", "value", "derivatives", "result", "result"]
    assert [part.title for part in found.parts[-2:]] == ["value", "by w"]


def test_a_number_is_counted_once_however_often_it_is_read() -> None:
    found = outline_of(lambda x: exp(x[0] * x[0]) * x[0], [2.0, 3.0], argnums=())
    flows = {(flow.tail, flow.head): flow.count for flow in found.flows}
    assert flows[0, 1] == 1


def test_an_argument_that_nobody_reads_is_left_out() -> None:
    found = outline_of(lambda x, unused: exp(x), 1.0, 2.0, argnums=())
    assert [part.title for part in found.parts if part.kind == "argument"] == ["x"]


def test_values_from_outside_are_a_part() -> None:
    c = Value(2.0)
    found = outline_of(lambda x: x * c, 1.0, argnums=())
    assert [part.title for part in found.parts if part.kind == "argument"] == ["x", "Values from outside"]


def test_parts_say_when_they_run_and_what_each_sample_has() -> None:
    found = outline_of(lambda w, x: exp(w) * x, 0.5, [1.0, 2.0], batch="x", reduce="mean")
    titles = [part.title for part in found.parts if part.kind in ("value", "derivatives")]
    assert {"once", "each sample", "over the batch"} <= set(titles)
    assert [part.each for part in found.parts if part.title in ("w", "x")] == [False, True]
    over = next(part for part in found.parts if part.title == "over the batch")
    assert (over.each, over.operations_each) == (False, True)


def test_results_that_each_sample_has_say_so() -> None:
    found = outline_of(lambda x: exp(x), [1.0, 2.0], batch="x", argnums=())
    assert [part.each for part in found.parts] == [True, True, True]


def irregular(count: int) -> Any:
    def f(x: Any) -> Any:
        rng = random.Random(1)
        known = list(x)
        for _ in range(count):
            a, b = rng.choice(known), rng.choice(known)
            known.append(rng.choice([exp(a * 0.1), tanh(a + b), a * b - a, (a - b) * 0.5]))
        return known[-1] + known[-2]

    return f


@pytest.mark.parametrize("count", [5, 60, 400])
def test_however_irregular_there_are_so_many_parts_at_most(count: int) -> None:
    found = outline_of(irregular(count), [0.1, 0.2, 0.3])
    computed = [part for part in found.parts if part.kind in ("value", "derivatives")]
    assert 1 <= len(computed) <= MOST
    assert all(flow.tail != flow.head for flow in found.flows)
    assert len({(flow.tail, flow.head) for flow in found.flows}) == len(found.flows)


def test_few_loops_have_a_part_each_and_layers_begin_one() -> None:
    def network(depth: int) -> Any:
        def f(w: Any, x: Any) -> Any:
            layer = x
            for count in range(9 + depth, 9, -1):
                layer = [tanh(dot(w[i : i + len(layer)], layer)) for i in range(count)]
            return layer

        return f

    shallow = outline_of(network(3), [0.1] * 40, [0.1] * 20, argnums=())
    assert len([part for part in shallow.parts if part.kind == "value"]) == shallow.loops == 6
    deep = outline_of(network(8), [0.1] * 60, [0.1] * 20, argnums=())
    stages = [part for part in deep.parts if part.kind == "value"]
    assert deep.loops == 16 > ONE_EACH
    assert len(stages) == 8
    assert all("products" in part.loops[0] and "tanh" in part.loops[1] for part in stages)


def test_more_arguments_than_have_names_share_a_part() -> None:
    count = MOST_NAMED + 3

    def f(*xs: Any) -> Any:
        return sum(x * x for x in xs)

    found = outline_of(f, *[float(k) for k in range(count)], argnums=tuple(range(count)))
    arguments = [part for part in found.parts if part.kind == "argument"]
    assert (len(arguments), arguments[-1].title, arguments[-1].numbers) == (MOST_NAMED + 1, "others", 3)
    results = [part for part in found.parts if part.kind == "result"]
    assert (len(results), results[-1].title, results[-1].numbers) == (
        MOST_NAMED + 1,
        "by others",
        count - MOST_NAMED + 1,
    )


def test_loops_over_time_say_how_many_steps_and_which_of_them_only_derivatives_need() -> None:
    def chain(x: Any, w: Any) -> Any:
        for _ in range(50):
            x = tanh(x * w)
        return x

    found = outline_of(chain, 0.5, 0.9)
    steps = [part for part in found.parts if any("steps" in line for line in part.loops)]
    assert {part.kind for part in steps} == {"value", "derivatives"}
    lines = [line for part in steps for line in part.loops]
    assert all(re.search(r"for 4\d steps: ", line) for line in lines)


def test_what_tells_the_way_of_a_call_is_no_part_of_the_value() -> None:
    kernel = compile(lambda xs: median(xs) * xs[0], exact=True)
    kernel.value_and_grad([0.1, 0.7, 0.2])
    results = [(part.title, part.numbers) for part in kernel.outline.parts if part.kind == "result"]
    assert results == [("value", 1), ("check of the way", 1), ("by xs", 3)]
