"""Loops over the rows of tables that indices choose."""

from typing import Any

import numpy as np
import pytest
from programs import placed_of

from chainrule.engine import exp, take
from chainrule.engine.compiler.collecting import collecting_nest
from chainrule.engine.compiler.groups import COLLECTING, OVER, Group
from chainrule.engine.compiler.nests import Nest
from chainrule.engine.compiler.operands import Pools
from chainrule.engine.compiler.program import COLLECT_OVER


def collecting(f: Any, *point: Any, **wanted: Any) -> tuple[Any, list[Nest]]:
    found, _ = placed_of(f, *point, **wanted)
    groups = [item for item in found.items() if isinstance(item, Group) and item.kind in COLLECTING]
    return found, [collecting_nest(found, group, Pools()) for group in groups]


def looked_up(table: Any, indices: Any) -> Any:
    return sum(exp(x) for i in indices for x in take(table, i))


TABLE = [[0.1 * (row + column) for column in range(3)] for row in range(5)]


def test_the_columns_are_one_loop_and_the_choices_the_terms() -> None:
    _, (nest,) = collecting(looked_up, TABLE, [0, 3, 3, 1], by=[0])
    assert nest.extents == [3]
    (segment,) = nest.segments
    assert segment.extents == [4]
    assert segment.a.step(0) == 0
    assert segment.b is not None


def test_the_result_s_place_is_that_of_the_row_the_index_names() -> None:
    found, (nest,) = collecting(looked_up, TABLE, [0, 3], by=[0])
    (group,) = [item for item in found.items() if isinstance(item, Group) and item.kind in COLLECTING]
    assert len(group.nodes) == 15
    assert nest.out.table_within == [0]
    (step,) = nest.out.within
    for node in group.nodes:
        row = int(found.program.number[node])
        column = [nest.out.base + row * step + nest.out.strides[0] * c for c in range(3)]
        assert found.place[node] in column


def test_everything_starts_from_0() -> None:
    _, (nest,) = collecting(looked_up, TABLE, [0, 3], by=[0])
    assert nest.before is not None
    assert nest.before.operands[0].constant == 0.0
    assert int(np.prod(nest.before.extents)) == 15


def test_sums_over_the_batch_are_zeroed_with_all_the_others() -> None:
    _, nests = collecting(looked_up, TABLE, [0, 3], by=[0], batched=[1], reduce="sum")
    assert [(nest.kind, nest.phase, nest.before) for nest in nests] == [(COLLECT_OVER, OVER, None)]


def test_two_tables_are_taken_from_by_the_same_index() -> None:
    def both(left: Any, right: Any, i: Any) -> Any:
        return sum(a * b for a, b in zip(take(left, i), take(right, i), strict=True))

    _, nests = collecting(both, TABLE, TABLE, 2, by=[0, 1])
    assert sum(int(np.prod(nest.extents)) for nest in nests) == 6


@pytest.mark.parametrize("rows", [[4, 0, 2], [1, 3]])
def test_rows_that_nobody_asks_for_share_one_place_beyond_all_others(rows: list[int]) -> None:
    def some(w: Any, i: Any) -> Any:
        table = [w[k] * 1.0 if k in rows else 2.0 for k in range(5)]
        return take([[x] for x in table], i)[0] * 3.0

    found, nests = collecting(some, [0.5] * 5, 0, by=[0])
    assert len(nests) <= 1
    for nest in nests:
        assert nest.out.table >= 0 or len(nest.out.within) == 1
        assert nest.kind in COLLECTING
    assert found.sizes
