"""Templates laid down in a program, and what nodes are added with."""

from typing import Any

import numpy as np
import pytest
from programs import lines, normal

from chainrule.engine import TABLE, clip, lgamma, log, logsumexp, maximum, sigmoid, softplus
from chainrule.engine.compiler.instances import MOST_PATTERNS, Builder, expanded, occurrences, reordered
from chainrule.engine.compiler.instructions import is_native, is_native_exactly
from chainrule.engine.compiler.program import OVER_BATCH
from chainrule.engine.compiler.tape import CONSTANT, INPUT
from chainrule.engine.compiler.templates import value_template
from chainrule.engine.primitive import Primitive


def ordered(program: Any) -> bool:
    """Return whether operands come before what is made of them."""
    owner = program.owners()
    return bool((program.a < owner).all() and (program.b < owner).all())


def test_a_number_is_added_once() -> None:
    program, _ = normal(lambda x: log(x * 2.0), 1.0)
    builder = Builder(program)
    (known,) = program.nodes_of(CONSTANT).tolist()
    assert builder.constant(2.0) == known
    assert builder.constant(0.0) == builder.constant(0.0) != builder.constant(-0.0)
    assert lines(builder.finished())[-2:] == [
        f"n{len(program)} = constant 0",
        f"n{len(program) + 1} = constant -0",
    ]


def test_nothing_added_is_the_same_program() -> None:
    program, _ = normal(lambda x: log(x), 1.0)
    assert Builder(program).finished() is program


def test_an_input_and_sums_over_the_batch_are_added_after_the_others() -> None:
    program, wanted = normal(lambda x: log(x), 1.0)
    builder = Builder(program)
    factor = builder.input(7)
    (plain,) = builder.over_batch(wanted).tolist()
    (scaled,) = builder.over_batch(wanted, factor).tolist()
    made = builder.finished()
    assert lines(made)[factor] == f"n{factor} = input 7"
    assert lines(made)[plain] == f"n{plain} = {OVER_BATCH.name} + n1"
    assert lines(made)[scaled] == f"n{scaled} = {OVER_BATCH.name} + n1 * n{factor}"
    assert made.over().tolist() == [False, False, False, True, True]


def test_nodes_of_a_row_are_sorted_by_the_operands_that_are_known() -> None:
    program, _ = normal(lambda x, y: [x**3, x**y, y**3, 2.0**x], 1.0, 2.0)
    row = TABLE["pow"]
    found = occurrences(program, row, np.flatnonzero(program.kind == program.place(row)))
    assert sorted((case.known, len(case.nodes)) for case in found if None not in case.known[:1]) == [
        ((2.0, None), 1)
    ]
    assert {case.known: len(case.nodes) for case in found} == {
        (None, 3.0): 2,
        (None, None): 1,
        (2.0, None): 1,
    }


def test_numbers_that_differ_everywhere_are_data() -> None:
    count = MOST_PATTERNS + 1
    program, _ = normal(lambda x: [x ** (3.5 + k) for k in range(count)], 1.5)
    row = TABLE["pow"]
    nodes = np.flatnonzero(program.kind == program.place(row))
    (found,) = occurrences(program, row, nodes)
    assert found.known == (None, None)
    assert len(found.nodes) == count
    assert len(occurrences(program, row, nodes[:-1])) == MOST_PATTERNS


def test_of_a_row_of_any_number_of_operands_none_is_taken_for_known() -> None:
    program, _ = normal(lambda x: logsumexp([x, 1.0, 2.0]), 1.0)
    row = TABLE["logsumexp"]
    (found,) = occurrences(program, row, np.flatnonzero(program.kind == program.place(row)))
    assert found.known == (None, None, None)


FUNCTIONS: list[Any] = [
    lambda x, y: softplus(x) + sigmoid(y),
    lambda x, y: clip(x * y, -0.5, 0.5),
    lambda x, y: logsumexp([x, y, x * y]),
    lambda x, y: [x**2.5, softplus(softplus(y))],
    lambda x, y: lgamma(maximum(x, 1.5)) * softplus(y),
]


@pytest.mark.parametrize("f", FUNCTIONS)
def test_an_expanded_program_computes_what_it_did(f: Any) -> None:
    for point in ([0.7, -1.3], [2.0, 3.0], [0.1, 40.0]):
        program, wanted = normal(f, *point)
        made, places = expanded(program, wanted, is_native)
        assert ordered(made)
        numbers, expected = made.evaluate({INPUT: point}), program.evaluate({INPUT: point})
        assert [numbers[node] for node in places] == pytest.approx([expected[n] for n in wanted], rel=1e-14)
        left = {kind.name for kind in made.kinds[1:] if isinstance(kind, Primitive) and not is_native(kind)}
        used = {made.kinds[kind].name for kind in made.kind}
        assert left & used <= {"lgamma"}


def test_exactly_what_says_itself_how_to_be_lowered_is_left() -> None:
    program, wanted = normal(lambda x: logsumexp([x, 1.0]), 0.5)
    for native, left in ((is_native_exactly, True), (is_native, False)):
        made, _ = expanded(program, wanted, native)
        assert ("logsumexp" in {made.kinds[kind].name for kind in made.kind}) is left


def test_a_template_is_laid_down_once_for_each_node() -> None:
    program, _ = normal(lambda x: [softplus(number) for number in x], [1.0, 2.0, 3.0])
    template = value_template(TABLE["softplus"], (None,))
    assert template is not None
    builder = Builder(program)
    nodes = np.flatnonzero(program.kind == program.place(TABLE["softplus"]))
    (result,) = builder.lay_down(template, nodes, program.a[program.first[nodes]][:, None])
    assert isinstance(result, np.ndarray)
    numbers = builder.finished().evaluate({INPUT: [1.0, 2.0, 3.0]})
    assert [numbers[node] for node in result] == pytest.approx(
        [TABLE["softplus"](x) for x in (1.0, 2.0, 3.0)]
    )


def test_reordering_moves_operands_along() -> None:
    program, wanted = normal(lambda x, y: [log(y), log(x)], 1.0, 2.0)
    made, places = reordered(program, np.array([1, 0, 3, 2]), wanted)
    assert ordered(made)
    assert [made.evaluate({INPUT: [3.0, 5.0]})[node] for node in places] == [
        program.evaluate({INPUT: [3.0, 5.0]})[node] for node in wanted
    ]
