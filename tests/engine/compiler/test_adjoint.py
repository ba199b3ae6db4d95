"""The backward pass as more nodes: what they compute, and which there are."""

import math
from typing import Any

import numpy as np
import pytest
from programs import lines, normal

from chainrule.engine import TABLE, exp, log, maximum, sqrt, take, tanh, value_and_grad, where
from chainrule.engine.compiler.adjoint import ADJOINTS_AFTER, with_adjoints
from chainrule.engine.compiler.instances import Builder
from chainrule.engine.compiler.program import COLLECT, OVER_BATCH, Program
from chainrule.engine.compiler.tape import CONSTANT, INPUT


def differentiated(f: Any, *point: float, **options: Any) -> tuple[Program, Any]:
    """Return the program with the derivatives of its one result by all its inputs, and where they stand."""
    program, wanted = normal(lambda *xs: [f(*xs), *xs], *point)
    builder = Builder(program)
    seeds = {int(wanted[0]): builder.constant(1.0)}
    return with_adjoints(builder.finished(), seeds, wanted[1:], **options)


FUNCTIONS: list[Any] = [
    lambda x, y: x * y + exp(x),
    lambda x, y: x * x * y - y,
    lambda x, y: tanh(x / y) * log(y),
    lambda x, y: maximum(x * 2.0, y) ** 3,
    lambda x, y: where(x > y, x * y, x - y),
    lambda x, y: (lambda z: z * z + z)(x * y),
    lambda x, y: x,
    lambda x, y: (0.0 - (-x)) * 3.0,
]


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("guarded", [False, True])
def test_derivatives_are_those_on_values(f: Any, guarded: bool) -> None:
    for point in ([0.7, 1.3], [2.0, 0.5]):
        program, places = differentiated(f, *point, guarded=guarded)
        numbers = program.evaluate({INPUT: point})
        _, expected = value_and_grad(f, argnums=(0, 1))(*point)
        assert [numbers[node] for node in places] == pytest.approx(list(expected), rel=1e-14)


def test_where_nothing_flows_the_derivative_is_the_constant_0() -> None:
    program, (by_x, by_y) = differentiated(lambda x, y: exp(x) + where(y > 0.0, 1.0, 2.0), 1.0, 2.0)
    assert program.kinds[program.kind[by_y]] is CONSTANT
    assert program.number[by_y] == 0.0
    assert program.kinds[program.kind[by_x]] is not CONSTANT


def test_a_use_with_partial_1_needs_no_node() -> None:
    program, places = differentiated(lambda x, y: x + y, 1.0, 2.0)
    assert len(set(places.tolist())) == 1
    assert program.number[places[0]] == 1.0
    assert "sum" not in " ".join(lines(program)[3:])  # after the inputs and their sum there are numbers


def test_an_adjoint_is_a_sum_with_a_term_for_each_use() -> None:
    program, (by_x,) = differentiated(lambda x: x * x + exp(x) + x, 2.0)
    assert lines(program)[by_x].count("+") == 4


def test_one_pass_follows_several_roots() -> None:
    program, wanted = normal(lambda x: [x * 3.0, x * 5.0, x], 1.0)
    builder = Builder(program)
    one, two = builder.constant(1.0), builder.constant(2.0)
    seeds = {int(wanted[0]): one, int(wanted[1]): two}
    made, (place,) = with_adjoints(builder.finished(), seeds, wanted[2:])
    assert made.evaluate({INPUT: [7.0]})[place] == 13.0


def test_an_adjoint_of_0_wins_only_where_it_is_guarded() -> None:
    f = lambda x, y: sqrt(x) * y  # noqa: E731
    for guarded in (False, True):
        program, places = differentiated(f, 1.0, 1.0, guarded=guarded)
        by_x = program.evaluate({INPUT: [0.0, 0.0]})[places[0]]
        assert by_x == 0.0 if guarded else math.isnan(by_x)


def test_what_samples_send_to_something_shared_is_summed_over_the_batch() -> None:
    program, wanted = normal(lambda w, x: [w * x, w, x], 1.0, 2.0)
    varies = np.array([False, True, True, False])
    builder = Builder(program)
    seeds = {int(wanted[0]): builder.constant(1.0)}
    made, (by_w, by_x) = with_adjoints(builder.finished(), seeds, wanted[1:], varies)
    assert made.kinds[made.kind[by_w]] is OVER_BATCH
    assert made.kinds[made.kind[by_x]] is not OVER_BATCH


def test_a_choice_sends_to_every_row_it_may_have_been() -> None:
    program, places = differentiated(lambda x, y, i: take([x, y], i) * 5.0, 1.0, 2.0, 0.0)
    kinds = [program.kinds[program.kind[node]] for node in places]
    assert kinds[:2] == [COLLECT, COLLECT]
    assert program.number[places[:2]].tolist() == [0.0, 1.0]
    for i, expected in ((0.0, [5.0, 0.0, 0.0]), (1.0, [0.0, 5.0, 0.0])):
        numbers = program.evaluate({INPUT: [1.0, 2.0, i]})
        assert [numbers[node] for node in places] == expected


def test_a_row_that_is_used_elsewhere_too_gets_both() -> None:
    program, places = differentiated(lambda x, y, i: take([x, y], i) * 5.0 + x * 3.0, 1.0, 2.0, 0.0)
    assert [program.evaluate({INPUT: [1.0, 2.0, 0.0]})[node] for node in places[:2]] == [8.0, 0.0]


def test_adjoints_stand_beside_each_other_as_their_nodes_do() -> None:
    program, places = differentiated(lambda x, y: exp(x) * exp(y), 1.0, 2.0)
    orders = program.order[places] - ADJOINTS_AFTER
    assert orders.tolist() == [0, 1]


def test_contributions_are_added_in_the_order_that_is_asked_for() -> None:
    program, wanted = normal(lambda x: [exp(x) + tanh(x) + x * 2.0, x], 1.0)
    terms = []
    for turned in (1, -1):
        builder = Builder(program)
        seeds = {int(wanted[0]): builder.constant(1.0)}
        grown = builder.finished()
        rank = turned * np.arange(len(grown))
        made, (place,) = with_adjoints(grown, seeds, wanted[1:], rank=rank)
        terms.append(made.a[made.first[place] : made.first[place + 1]].tolist())
    assert len(terms[0]) == 3
    assert terms[0] != terms[1]


def test_partials_of_a_row_are_its_own_formulas() -> None:
    program, (place,) = differentiated(lambda x: TABLE["softplus"](x), 0.0)
    assert program.evaluate({INPUT: [0.0]})[place] == 0.5


def test_a_root_that_another_root_uses_gets_its_seed_and_what_flows_back() -> None:
    def f(x: Any) -> list[Any]:
        first = x * 3.0
        return [first, first * first, x]

    program, wanted = normal(f, 1.0)
    builder = Builder(program)
    seeds = {int(wanted[0]): builder.constant(10.0), int(wanted[1]): builder.constant(1.0)}
    made, (place,) = with_adjoints(builder.finished(), seeds, wanted[2:])
    assert made.evaluate({INPUT: [2.0]})[place] == 3.0 * (10.0 + 2.0 * 6.0)
