"""Nodes put together, their phases, and their places in memory."""

from typing import Any

import numpy as np
import pytest
from programs import normal, placed_of

from chainrule.engine import dot, exp, take, tanh
from chainrule.engine.compiler.groups import (
    AFTER,
    BEFORE,
    CONSTANT_SPACE,
    EACH,
    LANES,
    ONCE,
    OVER,
    PARAMETER,
    ROW,
    Group,
    matrix,
    number_of_rows,
    placed,
)
from chainrule.engine.compiler.program import OVER_BATCH
from chainrule.engine.compiler.tape import CONSTANT, INDEX, INPUT


def layer(w: Any, x: Any) -> list[Any]:
    return [tanh(dot(w[3 * i : 3 * i + 3], x)) for i in range(20)]


def groups_of(f: Any, *point: Any, **wanted: Any) -> list[Any]:
    return list(placed_of(f, *point, **wanted)[0].items())


def test_the_neurons_of_a_layer_are_one_group_and_so_are_their_activations() -> None:
    sums, activations = groups_of(layer, [0.0] * 60, [0.0] * 3)
    assert (sums.kind.name, len(sums.nodes)) == ("sum", 20)
    assert (activations.kind.name, len(activations.nodes)) == ("tanh", 20)


def test_results_of_a_group_lie_side_by_side_in_the_order_of_recording() -> None:
    found, wanted = placed_of(layer, [0.0] * 60, [0.0] * 3)
    for group in found.items():
        assert isinstance(group, Group)
        assert np.diff(found.place[group.nodes]).tolist() == [1] * 19
    assert found.place[wanted].tolist() == list(range(20, 40))
    assert found.sizes == {ONCE: 40, LANES: 0}


def test_what_waits_for_another_is_computed_after_it() -> None:
    found, _ = placed_of(lambda x: [exp(exp(number)) for number in x], [1.0, 2.0])
    place = np.empty(len(found.program), int)
    place[found.ordered] = np.arange(len(found.ordered))
    for node in found.ordered:
        for operand in found.program.a[found.program.first[node] : found.program.first[node + 1]]:
            assert operand not in found.ordered or place[operand] < place[node]


def test_every_number_has_a_home() -> None:
    program, _ = normal(lambda w, x: [w * 2.0, exp(x), exp(w)], 1.0, 2.0)
    found = placed(program, np.array([False, True]), 1)
    homes = {program.kinds[program.kind[node]].name: int(found.space[node]) for node in range(len(program))}
    assert homes["constant"] == CONSTANT_SPACE
    inputs = program.nodes_of(INPUT)
    assert found.space[inputs].tolist() == [
        PARAMETER if number == 0 else ROW for number in program.number[inputs]
    ]
    exps = [node for node in range(len(program)) if program.kinds[program.kind[node]].name == "exp"]
    assert sorted(found.space[exps].tolist()) == [ONCE, LANES]
    assert found.space[program.nodes_of(CONSTANT)].tolist() == [CONSTANT_SPACE]


def test_values_from_outside_stand_after_the_parameters() -> None:
    from chainrule.engine import Value

    c = Value(3.0)
    found, _ = placed_of(lambda x, y: x * y * c, 1.0, 2.0)
    outside = [
        n for n in range(len(found.program)) if found.program.kinds[found.program.kind[n]].name == "outside"
    ]
    assert found.place[outside].tolist() == [2]
    assert found.space[outside].tolist() == [PARAMETER]


def test_a_node_is_computed_once_for_each_sample_over_them_or_after_them() -> None:
    found, wanted = placed_of(lambda w, x: exp(w) * x, 0.5, 2.0, by=[0], batched=[1], reduce="mean")
    kinds = [found.program.kinds[kind].name for kind in found.program.kind]
    phases = {(name, int(found.phase[node])) for node, name in enumerate(kinds) if node in found.ordered}
    assert ("exp", BEFORE) in phases
    assert ("sum", EACH) in phases
    assert (OVER_BATCH.name, OVER) in phases
    assert ("sum", AFTER) in phases
    start, end = found.sums()
    assert end - start == kinds.count(OVER_BATCH.name)
    assert found.phase[wanted].tolist() == [OVER, AFTER]


def test_without_a_batch_there_are_no_sums_over_it() -> None:
    found, _ = placed_of(lambda x: exp(x), 1.0)
    assert found.sums() == (0, 0)


def test_a_sum_over_the_batch_cannot_be_used_for_each_sample() -> None:
    program, _ = normal(lambda s, x: s * x, 1.0, 2.0)
    summed = program.place(OVER_BATCH)
    from chainrule.engine.compiler.instances import Builder

    builder = Builder(program)
    (over,) = builder.over_batch(np.array([1])).tolist()
    builder.append(
        np.array([0], np.int16),
        np.array([1]),
        np.array([1], np.int8),
        np.array([over], np.int32),
        np.array([1], np.int32),
        np.array([9]),
        np.zeros(1),
    )
    assert summed
    with pytest.raises(NotImplementedError, match="summed over the batch is used again for each sample"):
        placed(builder.finished(), np.array([False, True]), 1)


def test_different_numbers_of_terms_and_signs_are_different_groups() -> None:
    items = groups_of(lambda x: [x[0] + x[1], x[0] - x[1], x[0] + x[1] + x[2]], [1.0, 2.0, 3.0])
    (alone,) = items  # each a group of its own, written one after the other
    assert len(alone) == 3


def test_large_groups_are_parted_by_what_they_read() -> None:
    def f(x: Any) -> list[Any]:
        left, right = [exp(a) for a in x[:40]], [tanh(a) for a in x[40:]]
        return [a * 2.0 for pair in zip(left, right, strict=True) for a in pair]

    sums = [
        group for group in groups_of(f, [0.1] * 80) if isinstance(group, Group) and group.kind.name == "sum"
    ]
    assert [len(group.nodes) for group in sums] == [40, 40]


def test_repeating_groups_come_as_the_groups_of_one_round() -> None:
    def chain(x: Any, a: Any) -> Any:
        for _ in range(60):
            x = exp(x * a)
        return x

    items = groups_of(chain, 0.5, 0.1)
    (rounds,) = [item for item in items if isinstance(item, list)]
    assert [group.kind.name for group in rounds] in (["sum", "exp"], ["exp", "sum"])
    assert all(len(group.rounds) == 59 for group in rounds)


def test_terms_come_as_a_line_for_each_round_and_node() -> None:
    found, _ = placed_of(layer, [0.0] * 60, [0.0] * 3)
    sums = next(iter(found.items()))
    assert isinstance(sums, Group)
    terms = matrix(found.program.a, found.program, sums.rounds)
    assert terms.shape == (1, 20, 3)
    assert found.place[terms[0, 1]].tolist() == [3, 4, 5]


def test_an_index_knows_from_how_many_rows_it_chooses() -> None:
    program, _ = normal(lambda x, i: take([x, x * 2.0, x * 3.0], i), 1.0, 0)
    assert number_of_rows(program, program.nodes_of(INDEX)).tolist() == [3]


def test_an_empty_program_has_no_groups() -> None:
    assert groups_of(lambda x: x, 1.0) == []
