"""Where operands stand: by a rule over loop indices, or by a table."""

import itertools
import random

import numpy as np
import pytest
from numpy.typing import NDArray

from chainrule.engine import TABLE
from chainrule.engine.compiler.groups import CONSTANT_SPACE, ONCE
from chainrule.engine.compiler.operands import (
    Operand,
    Pools,
    Side,
    along_rows,
    by_rule,
    by_rule_strides,
    lay_numbers,
    operand_of,
    rectangle,
    within,
)


def found_at(operand: Operand, pools: Pools, time: int, node: list[int], terms: list[int]) -> int:
    """Return where an operand says that it stands, as machine code finds it."""
    place = operand.base + operand.shift * time
    place += sum(s * i for s, i in zip(operand.strides, node, strict=False))
    place += sum(s * i for s, i in zip(operand.within, terms, strict=False))
    if operand.table >= 0:
        entry = operand.table + operand.table_shift * time
        entry += sum(s * i for s, i in zip(operand.table_strides, node, strict=False))
        entry += sum(s * i for s, i in zip(operand.table_within, terms, strict=False))
        place += int(np.concatenate(pools.places)[entry])
    return place


def agrees(places: NDArray[np.int64], extents: list[int], pools: Pools | None = None) -> Operand:
    """Check that the operand of a side finds every place; return it."""
    pools = pools or Pools()
    side = Side(ONCE, places)
    operand = operand_of(side, side.regular, extents, pools)
    inner = within([side], [operand], extents, pools)
    for time in range(places.shape[0]):
        for number, node in enumerate(itertools.product(*[range(extent) for extent in extents])):
            for which, terms in enumerate(itertools.product(*[range(extent) for extent in inner])):
                expected = places[time, number, which]
                assert found_at(operand, pools, time, list(node), list(terms)) == expected
    return operand


def grid(rounds: int, nodes: int, width: int, *steps: int) -> NDArray[np.int64]:
    by_round, by_node, by_term = np.indices((rounds, nodes, width))
    places: NDArray[np.int64] = 5 + steps[0] * by_round + steps[1] * by_node + steps[2] * by_term
    return places


def test_places_that_move_evenly_are_a_rule() -> None:
    operand = agrees(grid(3, 4, 5, 100, 10, 1), [4])
    assert (operand.base, operand.strides, operand.within, operand.shift) == (5, [10], [1], 100)
    assert operand.table < 0


def test_two_loops_over_nodes_are_two_strides() -> None:
    places = (7 + np.array([0, 1, 2, 10, 11, 12]))[None, :, None]
    operand = agrees(places, [2, 3])
    assert operand.strides == [10, 1]


IRREGULAR = [
    (1, 6, 1, [6]),
    (3, 6, 1, [6]),
    (3, 6, 1, [2, 3]),
    (1, 6, 4, [6]),
    (3, 6, 4, [2, 3]),
    (3, 1, 4, []),
    (1, 1, 5, []),
]


@pytest.mark.parametrize("shape", IRREGULAR)
@pytest.mark.parametrize("seed", range(4))
def test_places_that_follow_no_rule_are_looked_up(shape: tuple[int, int, int, list[int]], seed: int) -> None:
    rounds, nodes, width, extents = shape
    rng = random.Random(seed)
    free = np.array([rng.randrange(99) for _ in range(rounds * nodes * width)]).reshape(rounds, nodes, width)
    agrees(free, extents)
    agrees(free[:1] + grid(rounds, nodes, width, 40, 0, 0), extents)  # scattered alike in every round
    agrees(free[:, :1] + grid(rounds, nodes, width, 0, 7, 0), extents)  # the nodes follow a rule
    agrees(free[:, :, :1] + grid(rounds, nodes, width, 0, 0, 3), extents)  # the terms do


def test_equal_tables_are_kept_once() -> None:
    pools = Pools()
    scattered = np.array([3, 1, 4, 1, 5, 9])[None, :, None]
    first, second = agrees(scattered, [6], pools), agrees(scattered.copy(), [6], pools)
    assert first.table == second.table == 0
    assert len(pools.places) == 1
    assert agrees(scattered[:, ::-1], [6], pools).table == 6


def test_callbacks_are_listed_once() -> None:
    pools = Pools()
    rows = [TABLE["lgamma"], TABLE["digamma"], TABLE["lgamma"]]
    assert [pools.callback(row) for row in rows] == [0, 1, 0]


def test_a_rectangle_is_the_loops_that_all_columns_follow() -> None:
    weights, inputs = np.arange(12), np.tile([0, 1, 2, 3], 3)
    found = rectangle(np.stack([weights, inputs], axis=1))
    assert found is not None
    assert [(count, steps.tolist()) for count, steps in found] == [(3, [4, 0]), (4, [1, 1])]
    assert rectangle(np.array([[0], [1], [3], [7], [8]])) is None
    assert rectangle(np.array([[4]])) == []


def test_a_shorter_loop_is_tried_where_the_longest_does_not_fit() -> None:
    found = rectangle(np.array([0, 1, 2, 3, 10, 11])[:, None])
    assert found is None or np.prod([count for count, _ in found]) == 6
    even = rectangle(np.array([0, 1, 2, 3, 10, 11, 12, 13])[:, None])
    assert even is not None
    assert [count for count, _ in even] == [2, 4]


def test_rules_count_the_last_index_fastest() -> None:
    assert by_rule([10, 1], [2, 3]).tolist() == [0, 1, 2, 10, 11, 12]
    assert by_rule([], []).tolist() == [0]
    assert by_rule_strides([2, 3, 4]) == [12, 4, 1]


def test_a_loop_says_how_far_it_moves_an_operand_or_that_a_table_does() -> None:
    plain = Operand(ONCE, 0, [3, 1], [2])
    assert (plain.step(0), plain.step(1), plain.step_within(0)) == (3, 1, 2)
    looked_up = Operand(ONCE, 0, [0, 1], [0], 0, [4, 0], [1])
    assert (looked_up.step(0), looked_up.step(1), looked_up.step_within(0)) == (None, 1, None)
    constant = Operand(CONSTANT_SPACE, 0, [1], [1], constant=2.0)
    assert (constant.step(0), constant.step_within(0)) == (0, 0)


@pytest.mark.parametrize("extents", [[2, 10], [10, 2], [20]])
def test_constants_that_differ_are_laid_out_as_they_are_read(extents: list[int]) -> None:
    numbers = np.random.default_rng(0).normal(size=(1, 20, 3))
    side = Side(CONSTANT_SPACE, np.zeros((1, 20, 3), int), numbers)
    pools = Pools()
    operand = operand_of(side, side.regular, extents, pools)
    lay_numbers(side, operand, extents, [3], pools)
    kept = np.concatenate(pools.numbers)
    longest = max(range(len(extents)), key=lambda axis: extents[axis])
    assert operand.strides[longest] == 1
    for number, node in enumerate(itertools.product(*[range(extent) for extent in extents])):
        for term in range(3):
            assert kept[found_at(operand, pools, 0, list(node), [term])] == numbers[0, number, term]


def test_constants_that_repeat_are_kept_once() -> None:
    numbers = np.tile(np.array([1.0, 2.0, 3.0]), (4, 20, 1))
    side = Side(CONSTANT_SPACE, np.zeros((1, 20, 3), int), numbers)
    pools = Pools()
    operand = operand_of(side, side.regular, [20], pools)
    lay_numbers(side, operand, [20], [3], pools)
    assert np.concatenate(pools.numbers).tolist() == [1.0, 2.0, 3.0]
    assert (operand.strides, operand.within, operand.shift) == ([0], [1], 0)


def test_rows_of_a_table_are_one_step_apart_or_looked_up() -> None:
    for rows, table in (([0, 4, 8], -1), ([0, 4, 9], 0)):
        side = Side(ONCE, np.array([[[row + column for row in rows] for column in range(2)]]))
        pools = Pools()
        operand = operand_of(side, True, [2], pools)
        along_rows(side, operand, [2], pools)
        assert operand.table == table
        for column in range(2):
            assert [found_at(operand, pools, 0, [column], [row]) for row in range(3)] == [
                r + column for r in rows
            ]
