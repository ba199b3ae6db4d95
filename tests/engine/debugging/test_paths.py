"""All paths through a graph: their number, their sum, and the largest of them in order."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Value, dot, total
from chainrule.engine.debugging.paths import Paths


def every_product(root: Value, w: Value) -> list[float]:
    """Return the product of the partials of every path, found by walking each."""
    found, stack = [], [(root, 1.0)]
    while stack:
        node, product = stack.pop()
        if node is w:
            found.append(product)
            continue
        for operand, partial in zip(node.operands, node.partials, strict=True):
            stack.append((operand, product * partial if product else 0.0))
    return found


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Value, Value]:
    """Draw a graph of sums of products over one leaf, with factors that are often alike or 0."""
    w = Value(draw(st.sampled_from([0.5, -1.5, 2.0])))
    values = [w]
    for _ in range(draw(st.integers(1, 9))):
        chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
        factors = [draw(st.sampled_from([0.0, 0.5, -0.25, 1.0, 3.0])) for _ in chosen]
        values.append(dot(chosen, factors) if draw(st.booleans()) else (total(chosen) * factors[0]).sin())
    return values[-1], w


@settings(max_examples=120)
@given(graphs(), st.integers(1, 30))
def test_the_largest_paths_are_those_that_walking_all_of_them_finds(
    graph: tuple[Value, Value], k: int
) -> None:
    root, w = graph
    paths, all_of_them = Paths(root, w), every_product(root, w)
    found = paths.largest(k)
    sizes = sorted([abs(product) for product in all_of_them], reverse=True)
    assert [abs(path.product) for path in found] == pytest.approx(sizes[:k], rel=1e-12, abs=0.0)
    assert len({tuple(path) for path in found}) == len(found)
    assert paths.count == len(all_of_them)
    assert paths.rounded_uncut == sum(product != 0.0 for product in all_of_them)
    assert paths.size == pytest.approx(sum(sizes), rel=1e-12)
    assert paths.gradient == pytest.approx(math.fsum(all_of_them), rel=1e-12, abs=1e-12 * paths.size)


def test_a_path_has_its_values_and_partials_from_the_root_down() -> None:
    x, w = Value(2.0), Value(0.5)
    z = w * x
    y = z.tanh()
    (path,) = Paths(y, w).largest(5)
    assert [value.data for value in path.values] == [y.data, 1.0, 0.5]
    assert path.values[1] is z
    assert path.partials == (y.partials[0], 2.0)
    assert (path.length, path.product) == (2, y.partials[0] * 2.0)


def test_both_uses_of_one_operand_are_paths() -> None:
    a = Value(3.0)
    paths = Paths(a * a, a)
    assert [path.product for path in paths.largest(9)] == [3.0, 3.0]
    assert [next(iter(path))[1] for path in paths.largest(9)] == [0, 1]


def test_the_root_itself_is_one_path_without_factors() -> None:
    a = Value(3.0) * 1.0
    (path,) = Paths(a, a).largest(5)
    assert (path.length, path.product, Paths(a, a).gradient, Paths(a, a).count) == (0, 1.0, 1.0, 1)


def test_a_value_that_is_not_in_the_graph_has_no_path() -> None:
    paths = Paths(Value(1.0) * 2.0, Value(1.0))
    assert (paths.exist, paths.largest(5), paths.gradient) == (False, [], 0.0)


def diamonds(n: int, w: Value) -> Value:
    value = w
    for i in range(n):
        value = value + value * (0.5 + 1e-3 * i)
    return value


def test_two_to_the_sixtieth_paths_are_counted_exactly_and_the_largest_found() -> None:
    w = Value(0.7)
    root = diamonds(60, w)
    paths = Paths(root, w)
    assert paths.count == 2**60
    root.backward()
    assert paths.gradient == w.grad
    largest = paths.largest(1000)
    assert len({tuple(path) for path in largest}) == 1000
    products = [path.product for path in largest]
    assert products[0] == 1.0  # all additions, no factor below 1
    assert products[1] == pytest.approx(0.559)  # one detour, through the largest factor
    assert all(x >= y * (1.0 - 1e-12) for x, y in pairwise(products))


def test_numbers_of_paths_beyond_the_floats_are_exact_too() -> None:
    w = Value(0.7)
    root = w
    for _ in range(2000):
        root = root + root
    paths = Paths(root, w)
    assert paths.count == 2**2000
    assert paths.rounded_count == math.inf
    assert paths.magnitude == pytest.approx(2000 * math.log10(2.0))


def test_products_beyond_the_floats_keep_their_order() -> None:
    w = Value(1.0)
    tiny = w * 1e-200 * 1e-200
    tinier = w * 1e-250 * 1e-250
    paths = Paths(tinier + tiny, w).largest(2)
    assert [path.product for path in paths] == [0.0, 0.0]
    assert [path.partials[1] for path in paths] == [1e-200, 1e-250]


def test_paths_with_inf_come_first_and_those_with_a_factor_of_zero_last() -> None:
    w = Value(0.0)
    root = w.sqrt() + 5.0 * w + (w * 0.0) + (w * 0.0) * 0.0
    paths = Paths(root, w).largest(9)
    assert [path.product for path in paths] == [math.inf, 5.0, 0.0, 0.0]
    assert [path.partials.count(0.0) for path in paths] == [0, 0, 1, 2]


def test_a_factor_of_zero_wins_over_an_infinite_one_after_it() -> None:
    w = Value(0.0)
    root = w.sqrt() * 0.0 + 2.0 * w
    paths = Paths(root, w)
    assert [path.product for path in paths.largest(9)] == [2.0, 0.0]
    assert paths.gradient == 2.0


def test_a_chain_of_a_hundred_thousand_operations_is_one_path() -> None:
    w = Value(1.0)
    root = w
    for _ in range(100_000):
        root = root * 0.9999
    (path,) = Paths(root, w).largest(5)
    assert path.length == 100_000
    assert path.product == pytest.approx(0.9999**100_000, rel=1e-10)
