"""How nests are cut into vectors and tiles."""

import pytest

from chainrule.engine import TABLE
from chainrule.engine.compiler.groups import BEFORE, EACH, LANES, ONCE, OVER, PARAMETER, ROW
from chainrule.engine.compiler.nests import Nest, Segment
from chainrule.engine.compiler.operands import Operand
from chainrule.engine.compiler.program import OVER_BATCH, SUM
from chainrule.engine.compiler.tiles import LANES as SAMPLES
from chainrule.engine.compiler.tiles import NODES, NONE, TERMS, divisor, tiling

ROWS = TABLE["exp"]


def operation(extents: list[int], out: list[int], read: list[int], phase: int = BEFORE) -> Nest:
    return Nest(ROWS, phase, extents, Operand(ONCE, 0, out), [], [Operand(PARAMETER, 0, read)])


def layer(neurons: int, inputs: int, phase: int = BEFORE) -> Nest:
    """Return the sums of a layer, whose weights lie neuron by neuron."""
    space = PARAMETER if phase == BEFORE else ROW
    weights = Operand(PARAMETER, 0, [inputs], [1])
    x = Operand(space, 0, [0], [1])
    return Nest(SUM, phase, [neurons], Operand(ONCE, 0, [1]), [Segment(1, [inputs], weights, x)], [])


def test_operations_on_neighbours_are_vectors_along_them() -> None:
    cut = tiling(operation([100], [1], [1]), 8)
    assert (cut.vector, cut.axis, cut.counts) == (NODES, 0, {0: 4})
    assert tiling(operation([10], [1], [1]), 8).counts == {0: 2}


def test_what_all_read_in_one_place_is_no_obstacle() -> None:
    assert tiling(operation([100], [1], [0]), 8).vector == NODES


@pytest.mark.parametrize(
    "nest", [operation([3], [1], [1]), operation([100], [1], [2]), operation([100], [2], [1])]
)
def test_few_numbers_and_gaps_between_them_are_no_vectors(nest: Nest) -> None:
    assert tiling(nest, 8).vector == NONE


def test_long_sums_of_neighbours_are_vectors_of_terms_several_side_by_side() -> None:
    cut = tiling(layer(20, 64), 8)
    assert (cut.vector, cut.counts) == (TERMS, {0: 8})
    assert tiling(layer(5, 64), 8).counts == {0: 5}


def test_weights_that_lie_input_by_input_make_vectors_of_neurons() -> None:
    weights, x = Operand(PARAMETER, 0, [1], [20]), Operand(PARAMETER, 0, [0], [1])
    nest = Nest(SUM, BEFORE, [20], Operand(ONCE, 0, [1]), [Segment(1, [64], weights, x)], [])
    cut = tiling(nest, 8)
    assert (cut.vector, cut.axis, cut.counts) == (NODES, 0, {0: 3})


def test_sums_of_few_terms_in_scattered_places_are_tiles_of_single_numbers() -> None:
    weights, x = Operand(PARAMETER, 0, [5], [7]), Operand(PARAMETER, 0, [3], [5])
    cut = tiling(Nest(SUM, BEFORE, [12], Operand(ONCE, 0, [1]), [Segment(1, [9], weights, x)], []), 8)
    assert (cut.vector, cut.counts) == (NONE, {0: 4})


@pytest.mark.parametrize(("lanes", "blocks", "beside"), [(8, 1, 8), (16, 2, 8), (32, 4, 6)])
def test_samples_are_the_vectors_and_neurons_stand_side_by_side(lanes: int, blocks: int, beside: int) -> None:
    cut = tiling(layer(48, 10, EACH), lanes)  # whose weights stay near: eight samples after the other
    assert (cut.vector, cut.blocks, cut.counts) == (SAMPLES, 1, {0: 8})
    cut = tiling(layer(48, 100, EACH), lanes)
    assert (cut.vector, cut.blocks, cut.counts) == (SAMPLES, blocks, {0: beside})
    alone = tiling(layer(1, 100, EACH), lanes)  # so that its additions do not wait for each other
    assert (alone.vector, alone.blocks) == (SAMPLES, blocks)


def test_sums_over_samples_are_tiles_of_results() -> None:
    product = Segment(1, [], Operand(ROW, 0, [1, 0]), Operand(LANES, 0, [0, 1]))
    cut = tiling(Nest(OVER_BATCH, OVER, [9, 12], Operand(ONCE, 0, [12, 1]), [product], []), 32)
    assert (cut.vector, cut.axis, cut.counts) == (SAMPLES, 1, {1: 8, 0: 3})
    alone = tiling(Nest(OVER_BATCH, OVER, [], Operand(ONCE), [product], []), 32)
    assert (alone.vector, alone.axis, alone.counts) == (SAMPLES, -1, {})


@pytest.mark.parametrize(
    ("extent", "most", "expected"), [(16, 6, 4), (15, 6, 5), (13, 6, 6), (3, 8, 3), (1, 8, 1), (7, 7, 7)]
)
def test_a_tile_divides_its_loop_where_it_can(extent: int, most: int, expected: int) -> None:
    assert divisor(extent, most) == expected
