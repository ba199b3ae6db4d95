"""The chain rule on the graphs that have broken other engines."""

import math
from typing import Any

import pytest

from chainrule.engine import ChangedDataWarning, Value, dot, exp, tanh, topological_order, total

# -- shapes -------------------------------------------------------------------------------------------


def test_shared_operand_collects_both_paths() -> None:
    a = Value(3.0)
    b = a + a
    b.backward()
    assert (b.data, a.grad) == (6.0, 2.0)


def test_square_as_a_product_counts_both_edges() -> None:
    a = Value(3.0)
    b = a * a
    b.backward()
    assert (a.grad, b.operands) == (6.0, (a, a))


def test_difference_and_quotient_of_one_value_cancel() -> None:
    a = Value(3.0)
    (a - a).backward()
    assert a.grad == 0.0
    b = Value(3.0)
    (b / b).backward()
    assert b.grad == 0.0


def test_diamond_waits_for_both_sides() -> None:
    # d = (a+1) * (2a): the top must not pass its gradient on before both sides have arrived.
    a = Value(3.0)
    top = a * a
    left, right = top + 1.0, top * 2.0
    out = left * right
    out.backward()
    assert out.data == 10.0 * 18.0
    assert top.grad == 18.0 + 2.0 * 10.0
    assert a.grad == 6.0 * top.grad


def test_uneven_diamond_waits_for_the_longer_side() -> None:
    a = Value(2.0)
    long = a
    for _ in range(10):
        long = long * 1.0
    (a * long * a).backward()
    assert a.grad == 3.0 * 2.0**2


def test_a_ladder_of_diamonds_takes_no_longer_than_its_nodes() -> None:
    # 200 levels have 2**200 paths: visiting paths in place of nodes would not end.
    a = Value(1.0)
    x = a
    for _ in range(200):
        x = x + x
    x.backward()
    assert a.grad == x.data == 2.0**200


def test_a_root_that_is_a_leaf_has_gradient_one() -> None:
    a = Value(3.0)
    a.backward()
    assert a.grad == 1.0
    assert topological_order(a) == [a]
    a.backward()
    assert a.grad == 2.0  # a leaf, so it adds up


def test_a_value_the_root_does_not_depend_on_gets_nothing() -> None:
    a, other = Value(3.0), Value(4.0)
    unused = a * other
    (a * 2.0).backward()
    assert (a.grad, other.grad, unused.grad) == (2.0, 0.0, 0.0)


def test_a_constant_result_has_gradient_zero() -> None:
    a = Value(3.0)
    (a * 0.0).backward()
    (a - a).backward()
    (a**0).backward()
    assert a.grad == 0.0


def test_gradient_reaches_every_operand_of_a_wide_total() -> None:
    xs = [Value(float(i)) for i in range(100_000)]
    out = total(xs)
    out.backward()
    assert out.data == 100_000 * 99_999 / 2
    assert {x.grad for x in xs} == {1.0}


def test_gradient_reaches_both_sides_of_a_dot() -> None:
    xs, ys = [Value(float(i)) for i in range(1000)], [Value(0.5 * i) for i in range(1000)]
    dot(xs, ys).backward()
    assert all(x.grad == y.data and y.grad == x.data for x, y in zip(xs, ys, strict=True))


# -- passes that follow each other --------------------------------------------------------------------


def test_leaves_accumulate_and_inner_values_start_anew() -> None:
    a = Value(2.0)
    b = a * a
    c = b * b  # a**4
    c.backward()
    assert (a.grad, b.grad, c.grad) == (32.0, 8.0, 1.0)
    c.backward()
    assert (a.grad, b.grad, c.grad) == (64.0, 8.0, 1.0)  # 96 where inner gradients are stale


def test_two_losses_that_share_nodes_add_up() -> None:
    a = Value(2.0)
    shared = a * a
    first, second = shared * 3.0, shared * shared
    first.backward()
    assert a.grad == 12.0
    second.backward()
    assert a.grad == 12.0 + 32.0
    assert shared.grad == 8.0


def test_backward_from_inside_after_the_whole_counts_the_part_only() -> None:
    a = Value(2.0)
    inner = a * a
    (inner * 5.0).backward()
    a.grad = 0.0
    inner.backward()
    assert (inner.grad, a.grad) == (1.0, 4.0)


def test_setting_the_gradient_to_zero_starts_a_leaf_anew() -> None:
    a = Value(2.0)
    y = a * a
    y.backward()
    a.grad = 0  # as micrograd users write it
    y.backward()
    assert a.grad == 4.0


@pytest.mark.parametrize("thing", [3, "text", None, [Value(1.0)]], ids=repr)
def test_a_topological_order_of_what_is_no_value_is_an_error(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"^topological_order takes a Value, the root of a graph, got"):
        topological_order(thing)


@pytest.mark.parametrize("gradient", [2.0, 1, None, Value(1.0)], ids=repr)
def test_a_gradient_to_begin_with_is_an_error_and_not_taken_for_create_graph(gradient: Any) -> None:
    a = Value(2.0)
    with pytest.raises(
        TypeError, match=r"^backward\(create_graph\) takes True or False, got .*\(2.0 \* loss\)\.backward\(\)"
    ):
        (a * a).backward(gradient)
    assert a.grad == 0.0


def test_the_word_retain_graph_is_taken_and_every_graph_stays() -> None:
    a = Value(2.0)
    y = a * a
    y.backward(retain_graph=True)
    y.backward(retain_graph=False)
    y.backward()
    assert a.grad == 12.0


def test_changing_a_number_after_building_does_not_falsify_the_gradient() -> None:
    a, b = Value(2.0), Value(3.0)
    y = a * b + exp(a) + dot([a], [b])
    a.data, b.data = -100.0, 100.0
    with pytest.warns(ChangedDataWarning, match="these are the gradients at the old numbers"):
        y.backward()
    assert (a.grad, b.grad) == (3.0 + math.exp(2.0) + 3.0, 2.0 + 2.0)


def test_gradient_descent_by_hand_reaches_the_minimum() -> None:
    w = Value(0.8)
    for _ in range(100):
        loss = (w * 1.5 - 0.5) ** 2
        w.grad = 0
        loss.backward()
        w.data -= 0.1 * w.grad
    assert w.data == pytest.approx(1.0 / 3.0, rel=1e-15)


# -- powers -------------------------------------------------------------------------------------------


def test_micrograds_readme_example() -> None:
    # Written as its README writes it; the printed numbers are those of the README.
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


@pytest.mark.parametrize("x", [-3.0, -0.5, 0.0, 2.0])
def test_a_square_has_its_derivative_on_both_sides_of_zero(x: float) -> None:
    v = Value(x)
    y = v**2
    y.backward()
    assert (y.data, v.grad) == (x * x, 2.0 * x)


@pytest.mark.parametrize("x", [-3.0, 0.0, 2.0])
def test_the_power_zero_is_flat_everywhere(x: float) -> None:
    v = Value(x)
    y = v**0
    y.backward()
    assert (y.data, v.grad) == (1.0, 0.0)


def test_a_number_to_the_power_of_a_value() -> None:
    v = Value(2.0)
    y = 3**v
    y.backward()
    assert y.data == 9.0
    assert v.grad == pytest.approx(9.0 * math.log(3.0), rel=1e-15)


def test_a_value_to_the_power_of_a_value() -> None:
    v, w = Value(2.0), Value(3.0)
    y = v**w
    y.backward()
    assert y.data == 8.0
    assert v.grad == 12.0
    assert w.grad == pytest.approx(8.0 * math.log(2.0), rel=1e-15)


def test_a_value_to_its_own_power_collects_both_places() -> None:
    v = Value(2.0)
    (v**v).backward()  # x**x * (1 + log x)
    assert v.grad == pytest.approx(4.0 * (1.0 + math.log(2.0)), rel=1e-15)


def test_the_reciprocal_square_root_as_a_power() -> None:
    v = Value(4.0)
    y = v**-0.5
    y.backward()
    assert (y.data, v.grad) == (0.5, -0.0625)


# -- the order ----------------------------------------------------------------------------------------


def is_topological(order: list[Value]) -> bool:
    """Return whether every value stands behind all of its operands, and once."""
    place = {node: i for i, node in enumerate(order)}
    return len(place) == len(order) and all(place[x] < place[node] for node in order for x in node.operands)


def test_operands_stand_before_their_users_and_the_root_last() -> None:
    a, b = Value(2.0), Value(3.0)
    shared = a * b
    root = tanh(shared + a) * (shared - b) + total([a, shared, root_part := a / b])
    order = topological_order(root)
    assert is_topological(order)
    assert order[-1] is root
    assert {a, b, shared, root_part} < set(order)


def test_what_the_root_does_not_need_is_not_in_the_order() -> None:
    a = Value(2.0)
    unused = a * 3.0
    assert unused not in set(topological_order(a + a))
    assert len(topological_order(a + a)) == 2


def test_equal_values_keep_a_place_each() -> None:
    a, b = Value(2.0), Value(2.0)
    assert len(topological_order(a + b)) == 3


def test_the_order_is_the_same_at_every_call_and_in_every_copy() -> None:
    def build() -> Value:
        a, b = Value(2.0), Value(3.0)
        return (a * b + a).tanh() - b / a

    first = build()
    assert list(map(id, topological_order(first))) == list(map(id, topological_order(first)))
    assert list(map(repr, topological_order(first))) == list(map(repr, topological_order(build())))


def test_leaves_stand_just_before_their_first_user() -> None:
    a, b, c = Value(2.0), Value(3.0), Value(5.0)
    order = topological_order((a - b) * c + a)
    assert [node.data for node in order] == [3.0, 2.0, -1.0, 5.0, -5.0, -3.0]


def test_a_gradient_of_none_is_named() -> None:
    w = Value(2.0, label="w")
    w.grad = None  # type: ignore[assignment]  # what PyTorch's users write
    with pytest.raises(TypeError, match=r"the gradient of Value\(2, .*label='w'\) is None: set it to 0\.0"):
        (w * 3.0).backward()
