"""Nests as loops in LLVM's language, run and compared with NumPy."""

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from programs import run

from chainrule.engine import TABLE
from chainrule.engine.compiler.groups import BEFORE, CONSTANT_SPACE, EACH, LANES, ONCE, OVER, PARAMETER, ROW
from chainrule.engine.compiler.loops import Nests
from chainrule.engine.compiler.nests import Nest, Segment
from chainrule.engine.compiler.operands import Operand, Pools
from chainrule.engine.compiler.program import OVER_BATCH, SUM
from chainrule.engine.compiler.text import DOUBLE, SINGLE, Real

Floats = NDArray[Any]
BEYOND = -7.5


def written(nest: Nest, lanes: int = 8, rows: int = 0, exact: bool = False, real: Real = DOUBLE) -> Nests:
    writer = Nests(Pools(), exact, set(), lanes, rows, real)
    writer.add(nest)
    return writer


def numbers(*shape: int, dtype: str = "float64") -> Floats:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def results(nest: Nest, parameters: Floats, count: int, **options: object) -> Floats:
    """Return what a nest computes once, after finding what lies beyond it as it was."""
    out = np.full(count + 8, BEYOND, parameters.dtype)
    run(written(nest, **options), P=np.ascontiguousarray(parameters), U=out)  # type: ignore[arg-type]
    assert (out[count:] == BEYOND).all()
    return out[:count]


@pytest.mark.parametrize("n", [1, 3, 4, 7, 8, 9, 31, 32, 33, 70])
@pytest.mark.parametrize("real", [DOUBLE, SINGLE], ids=str)
def test_an_operation_on_any_number_of_neighbours(n: int, real: Real) -> None:
    given = numbers(2 * n, dtype="float64" if real is DOUBLE else "float32")
    operands = [Operand(PARAMETER, 0, [1]), Operand(PARAMETER, n, [1])]
    nest = Nest(TABLE["div"], BEFORE, [n], Operand(ONCE, 0, [1]), [], operands)
    assert results(nest, given, n, real=real).tolist() == (given[:n] / given[n:]).tolist()


@pytest.mark.parametrize("stride", [0, 2, -1])
def test_operands_may_stand_still_or_jump_or_go_back(stride: int) -> None:
    given = numbers(60)
    nest = Nest(TABLE["abs"], BEFORE, [19], Operand(ONCE, 0, [1]), [], [Operand(PARAMETER, 20, [stride])])
    assert results(nest, given, 19).tolist() == [abs(given[20 + stride * i]) for i in range(19)]


def layer(neurons: int, inputs: int, order: str) -> tuple[Nest, Floats, Floats]:
    """Return the sums of a layer with biases, its parameters, and what it gives."""
    weights, x, bias = numbers(neurons, inputs), numbers(inputs), numbers(neurons)
    kept = weights if order == "C" else weights.T
    size = neurons * inputs
    by_neuron, by_input = (inputs, 1) if order == "C" else (1, neurons)
    start = Segment(1, [], Operand(PARAMETER, size + inputs, [1]), None)
    products = Segment(
        -1, [inputs], Operand(PARAMETER, 0, [by_neuron], [by_input]), Operand(PARAMETER, size, [0], [1])
    )
    nest = Nest(SUM, BEFORE, [neurons], Operand(ONCE, 0, [1]), [start, products], [])
    return nest, np.concatenate([kept.ravel(), x, bias]), bias - weights @ x


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (8, 40), (17, 9), (2, 100), (1, 70), (30, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("exact", [False, True])
def test_a_layer_of_any_shape(shape: tuple[int, int], order: str, exact: bool) -> None:
    nest, given, expected = layer(*shape, order)
    found = results(nest, given, shape[0], exact=exact)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-13)


def test_exactly_terms_are_added_one_after_the_other() -> None:
    nest, given, _ = layer(6, 40, "C")
    expected = []
    for i in range(6):
        total = given[6 * 40 + 40 + i]
        for j in range(40):
            total = total - given[40 * i + j] * given[240 + j]
        expected.append(total)
    assert results(nest, given, 6, exact=True).tolist() == expected


def test_terms_may_have_two_loops() -> None:
    given = numbers(4 * 5 * 9)
    segment = Segment(1, [5, 9], Operand(PARAMETER, 0, [45], [9, 1]), None)
    nest = Nest(SUM, BEFORE, [4], Operand(ONCE, 0, [1]), [segment], [])
    np.testing.assert_allclose(results(nest, given, 4), given.reshape(4, 45).sum(axis=1), rtol=1e-13)


@pytest.mark.parametrize("shape", [(3, 20), (20, 3), (9, 9)])
def test_two_loops_over_nodes(shape: tuple[int, int]) -> None:
    n, m = shape
    given = numbers(n + m)
    pair = Segment(1, [], Operand(PARAMETER, 0, [1, 0]), Operand(PARAMETER, n, [0, 1]))
    nest = Nest(SUM, BEFORE, [n, m], Operand(ONCE, 0, [m, 1]), [pair], [])
    assert results(nest, given, n * m).tolist() == np.outer(given[:n], given[n:]).ravel().tolist()


def test_places_are_looked_up_in_tables() -> None:
    order = np.random.default_rng(0).permutation(20)
    pools = Pools()
    table = pools.add_places(order)
    read = Operand(PARAMETER, 0, [0], [], table, [1], [])
    writer = Nests(pools, False, set(), 8, 0, DOUBLE)
    writer.add(Nest(TABLE["abs"], BEFORE, [20], Operand(ONCE, 0, [1]), [], [read]))
    given, out = numbers(20), np.zeros(20)
    run(writer, P=given, U=out)
    assert out.tolist() == np.abs(given[order]).tolist()


def test_constants_stand_in_the_code_or_in_a_table() -> None:
    pools = Pools()
    held = numbers(12)
    kept = Operand(CONSTANT_SPACE, pools.add_numbers(held), [1])
    writer = Nests(pools, False, set(), 8, 0, DOUBLE)
    product = Segment(1, [], Operand(CONSTANT_SPACE, constant=3.0), kept)
    writer.add(Nest(SUM, BEFORE, [12], Operand(ONCE, 0, [1]), [product], []))
    out = np.zeros(12)
    run(writer, U=out)
    assert out.tolist() == (3.0 * held).tolist()


@pytest.mark.parametrize("lanes", [8, 16, 32])
def test_each_sample_has_a_lane(lanes: int) -> None:
    rows, weights = numbers(4, lanes), numbers(6, 4)
    product = Segment(1, [4], Operand(PARAMETER, 0, [4], [1]), Operand(ROW, 0, [0], [1]))
    nest = Nest(SUM, EACH, [6], Operand(LANES, 0, [1]), [product], [])
    out = np.full((7, lanes), BEYOND)
    run(written(nest, lanes, 4), P=weights.ravel(), X=rows.ravel(), T=out)
    np.testing.assert_allclose(out[:6], weights @ rows, atol=1e-14)
    assert (out[6] == BEYOND).all()


@pytest.mark.parametrize(("n", "m", "samples"), [(1, 1, 8), (3, 12, 5), (9, 8, 16), (2, 30, 1)])
@pytest.mark.parametrize("exact", [False, True])
def test_sums_over_samples_leave_out_what_lies_beyond_the_last(
    n: int, m: int, samples: int, exact: bool
) -> None:
    lanes = 16
    rows, sent = numbers(n + 1, lanes), numbers(m, lanes)
    rows[n] = np.arange(lanes) < samples
    rows[:n, samples:] = np.inf
    extents = [extent for extent in (n, m) if extent > 1]
    steps = [[1, 0], [0, 1]] if len(extents) == 2 else [[1], [1]] if extents else [[], []]
    steps = steps if n > 1 or not extents else [[0], [1]]
    product = Segment(1, [], Operand(ROW, 0, steps[0]), Operand(LANES, 0, steps[1]))
    out_steps = [m, 1] if len(extents) == 2 else [1] * len(extents)
    nest = Nest(OVER_BATCH, OVER, extents, Operand(ONCE, 0, out_steps), [product], [])
    start = numbers(n * m)
    out = start.copy()
    run(written(nest, lanes, n, exact), X=rows.ravel(), T=sent.ravel(), U=out)
    expected = start.reshape(n, m) + rows[:n, :samples] @ sent[:, :samples].T
    np.testing.assert_allclose(out.reshape(n, m), expected, atol=1e-13)


def test_every_way_to_cut_a_nest_gives_the_same_numbers() -> None:
    for extents in itertools.product([2, 5, 16], repeat=2):
        n, m = extents
        given = numbers(n * m)
        nest = Nest(
            TABLE["abs"], BEFORE, [n, m], Operand(ONCE, 0, [1, n]), [], [Operand(PARAMETER, 0, [m, 1])]
        )
        assert results(nest, given, n * m).tolist() == np.abs(given.reshape(n, m).T).ravel().tolist()
