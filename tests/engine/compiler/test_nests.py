"""Groups as nests of loops: which loops, where results go, what the terms are."""

from typing import Any

import numpy as np
import pytest
from programs import placed_of

from chainrule.engine import dot, exp, take, tanh, total
from chainrule.engine.compiler.groups import (
    BEFORE,
    CONSTANT_SPACE,
    EACH,
    ONCE,
    OVER,
    PARAMETER,
    Group,
    Placed,
)
from chainrule.engine.compiler.nests import SMALL, Nest, Segment, alike, alone, nest_of, settle
from chainrule.engine.compiler.operands import Operand, Pools
from chainrule.engine.compiler.program import SUM
from chainrule.engine.compiler.tape import TAKE


def nests_of(f: Any, *point: Any, **wanted: Any) -> list[Nest]:
    """Return the nests of all groups, in turn, without loops over time."""
    found, _ = placed_of(f, *point, **wanted)
    pools = Pools()
    return [nest_of(found, item, pools) for item in found.items() if isinstance(item, Group)]


def test_a_layer_is_a_loop_over_neurons_with_one_over_inputs() -> None:
    def layer(w: Any, b: Any, x: Any) -> list[Any]:
        return [dot(w[4 * i : 4 * i + 4], x, b[i]) for i in range(12)]

    (nest,) = nests_of(layer, [0.0] * 48, [0.0] * 12, [0.0] * 4)
    assert nest.extents == [12]
    start, products = nest.segments
    assert (start.size, start.b, start.a.strides) == (1, None, [1])
    assert products.extents == [4]
    assert (products.a.base, products.a.strides, products.a.within) == (0, [4], [1])
    assert products.b is not None
    assert (products.b.base, products.b.strides, products.b.within) == (60, [0], [1])


def test_two_loops_in_the_program_are_two_loops() -> None:
    def outer_product(x: Any, y: Any) -> list[Any]:
        return [tanh(a * b) for a in x for b in y]

    products, activations = nests_of(outer_product, [0.1] * 5, [0.2] * 9)
    assert products.extents == [5, 9]
    assert [products.segments[0].a.strides, products.segments[0].b.strides] == [[1, 0], [0, 1]]  # type: ignore[union-attr]
    assert activations.operands[0].base == 0


def test_terms_of_other_signs_and_other_memory_are_segments_of_their_own() -> None:
    nests = nests_of(
        lambda x: [(x[i] * x[i + 1] + exp(x[i])) - x[i] - 2.0 * x[i] for i in range(20)], [0.1] * 21
    )
    segments = nests[-1].segments
    assert [(segment.sign, segment.a.space, segment.b and segment.b.space) for segment in segments] == [
        (1, PARAMETER, PARAMETER),
        (1, ONCE, None),
        (-1, PARAMETER, None),
        (-1, CONSTANT_SPACE, PARAMETER),
    ]
    assert segments[-1].a.constant == 2.0


def test_a_choice_has_its_index_and_its_rows() -> None:
    nest = nests_of(lambda t, i: take(t, i), [[float(k)] * 8 for k in range(3)], 1)[-1]
    assert nest.kind is TAKE
    index, rows = nest.operands
    assert (nest.extents, rows.strides, rows.within) == ([8], [1], [8])
    assert index.strides == [0]


def test_results_lie_along_the_loop_that_reads_neighbours() -> None:
    def columns(x: Any) -> list[Any]:
        return [exp(x[16 * j + i]) for i in range(16) for j in range(3)]

    found, wanted = placed_of(columns, [0.1] * 48)
    (group,) = found.items()
    assert isinstance(group, Group)
    nest = nest_of(found, group, Pools())
    assert nest.extents == [16, 3]
    assert nest.out.step(0) == 1
    assert sorted(found.place[wanted].tolist()) == list(range(48))
    assert found.place[wanted[:4]].tolist() == [0, 16, 32, 1]
    again = nest_of(found, group, Pools(), settled=True)
    assert again.out.step(0) == 1


def test_settled_results_stay_where_they_are() -> None:
    found, wanted = placed_of(lambda x: [exp(x[16 * j + i]) for i in range(16) for j in range(3)], [0.1] * 48)
    (group,) = found.items()
    assert isinstance(group, Group)
    before = found.place[wanted].tolist()
    nest_of(found, group, Pools(), settled=True)
    assert found.place[wanted].tolist() == before


def test_loops_over_time_are_settled_before_any_is_written() -> None:
    def recurrent(x: Any, w: Any) -> Any:
        for _ in range(30):
            x = [tanh(total([a * w[0], b])) for a, b in zip(x, [*x[1:], x[0]], strict=True)]
        return x

    found, _ = placed_of(recurrent, [0.1] * 12, [0.5])
    (rounds,) = [item for item in found.items() if isinstance(item, list)]
    settle(found, rounds)
    places = found.place.tolist()
    nests = [nest_of(found, group, Pools(), settled=True) for group in rounds]
    assert found.place.tolist() == places
    assert all(nest.out.shift for nest in nests)


def alone_of(f: Any, *point: Any) -> tuple[Placed, list[Nest]]:
    found, _ = placed_of(f, *point)
    (nodes,) = found.items()
    assert isinstance(nodes, np.ndarray)
    return found, list(alone(found, nodes))


def test_a_node_alone_is_read_term_by_term() -> None:
    found, (product, exponential) = alone_of(lambda x, y: exp(x * y - 3.0), 1.0, 2.0)
    assert [(s.sign, s.a.space, s.a.constant) for s in product.segments] == [
        (1, PARAMETER, None),
        (-1, CONSTANT_SPACE, 3.0),
    ]
    assert product.segments[0].b == Operand(PARAMETER, 1)
    assert (exponential.kind.name, exponential.operands) == ("exp", [product.out])
    assert found.sizes[ONCE] == 2


def test_nests_are_small_up_to_a_few_terms() -> None:
    def nest(extents: list[int], terms: int, phase: int = BEFORE) -> Nest:
        segment = Segment(1, [terms], Operand(PARAMETER), None)
        return Nest(SUM, phase, extents, Operand(ONCE), [segment], [])

    assert nest([2], SMALL // 2).small
    assert not nest([2], SMALL // 2 + 1).small
    assert not nest([], 1, OVER).small
    assert [nest([], 1, phase).many for phase in (BEFORE, EACH, OVER)] == [False, True, True]


def test_like_terms_stand_together() -> None:
    found, _ = placed_of(lambda x, y: x * y, 1.0, 2.0)
    sign, a, b = np.array([1, 1, -1, -1, -1]), np.array([0, 1, 0, 1, 0]), np.array([-1, -1, -1, -1, 1])
    assert alike(found, sign, a, b) == [(0, 2), (2, 4), (4, 5)]
    assert alike(found, sign[:0], a[:0], b[:0]) == []


@pytest.mark.parametrize("n", [2, 7, 100])
def test_places_that_follow_no_rule_are_one_loop_with_a_table(n: int) -> None:
    order = np.random.default_rng(0).permutation(n).tolist()
    nests = nests_of(lambda x: [exp(exp(x[k])) for k in order], [0.1] * n)
    assert nests[0].extents in ([n], [2])
    assert nests[1].operands[0].table < 0
