"""The steps of a graph: the engine's own numbers, in its own order, as cards and edges."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Constant, Value, dot, record_sources, topological_order
from chainrule.viz.scene import Cards
from chainrule.viz.stepper.layout import layout
from chainrule.viz.stepper.model import Flow, Hook, Steps, steps_of

GRAPHS: dict[str, Callable[[], Value]] = run_path(str(Path(__file__).parents[2] / "worked" / "stepped.py"))[
    "GRAPHS"
]


def steps(root: Value) -> Steps:
    return steps_of(topological_order(root))


def shown(root: Value) -> list[Value]:
    """Return the values that have cards, in the order of the cards."""
    return Cards(topological_order(root)).cards


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_last_gradients_are_those_of_backward(graph: Callable[[], Value]) -> None:
    root = graph()
    found = steps(root).gradients
    root.backward()
    values = shown(root)
    assert found == [None if isinstance(v, Constant) else v.grad for v in values]


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_steps_are_those_of_the_engine(graph: Callable[[], Value]) -> None:
    root = graph()
    found = steps(root)
    place = {value: i for i, value in enumerate(shown(root))}
    walked = [
        (place[s.operand], place[s.node], s.upstream, s.partial, s.contribution, s.grad_before, s.grad_after)
        for s in root.backward_steps()
    ]
    found_steps = []
    for flow in found.flows:
        edge = found.edges[flow.edge]
        numbers = (flow.upstream, edge.partial, flow.contribution, flow.before, flow.after)
        found_steps.append((edge.operand, edge.user, *numbers))
    assert found_steps == walked


def test_cards_are_computed_after_what_they_are_made_of() -> None:
    for graph in GRAPHS.values():
        found = steps(graph())
        there = {i for i, card in enumerate(found.cards) if not card.operands}
        for card in found.forward:
            assert all(x.card is None or x.card in there for x in found.cards[card].operands)
            there.add(card)
        assert there == set(range(len(found.cards)))


def test_no_gradient_is_read_or_changed() -> None:
    a = Value(2.0, "a")
    loss = a * a
    loss.backward(create_graph=True)
    gradient = a.grad
    assert steps(loss).gradients == [4.0, 1.0]
    assert a.grad is gradient
    a.grad = 0.0


def test_earlier_passes_do_not_show() -> None:
    a = Value(2.0, "a")
    loss = a * 3.0
    loss.backward()
    loss.backward()
    assert (steps(loss).gradients, a.grad) == ([3.0, 1.0], 6.0)


def test_both_edges_of_a_times_a_add_up() -> None:
    a = Value(3.0, "a")
    found = steps(a * a)
    assert [(flow.before, flow.contribution, flow.after) for flow in found.flows] == [(0, 3, 3), (3, 3, 6)]
    assert [edge.shared for edge in found.edges] == [True, True]


def test_constants_are_handed_nothing_and_small_ones_have_no_card() -> None:
    a, label = Value(2.0, "a"), Constant(4.0, "four")
    found = steps(a * 3.0 + label)
    assert [card.name for card in found.cards] == ["a", "v2", "four", "L"]
    assert [(found.cards[edge.operand].name, edge.flows) for edge in found.edges] == [
        ("a", True),
        ("v2", True),
        ("four", False),
    ]
    assert found.gradients == [3.0, 1.0, None, 1.0]


def test_constants_without_a_label_are_called_by_their_number() -> None:
    a = Value(2.0, "a")
    found = steps(a * -0.5 + Constant(-7.0) * Constant(1.0))
    assert [[x.name for x in card.operands] for card in found.cards if card.operands] == [
        ["−7", "1"], ["a", "−0.5"], ["v5", "v2"]
    ]  # fmt: skip


def test_constants_assigned_to_a_name_have_a_card_that_shows_it() -> None:
    with record_sources():
        w = Value(2.0)
        target = (w * 3.0).detach()
        loss = w * target
    found = steps(loss)
    assert [(card.name, card.own) for card in found.cards] == [("target", True), ("w", True), ("loss", True)]
    assert (
        layout(found, "LR").boxes[0].height
        == layout(steps(w * Constant(6.0, "target")), "LR").boxes[0].height
    )


def test_a_leaf_alone_has_a_gradient_of_one_and_no_steps() -> None:
    for leaf in (Value(3.0), Constant(3.0)):
        found = steps(leaf)
        assert (found.gradients, found.forward, found.backward) == ([1.0], [], [])


def test_a_zero_gradient_wins_over_an_infinite_partial() -> None:
    x = Value(0.0, "x")
    found = steps(x.sqrt() * 0.0)
    assert found.edges[0].partial == math.inf
    assert found.gradients[0] == 0.0


def test_what_a_hook_does_is_a_step() -> None:
    a, b = Value(2.0, "a"), Value(5.0, "b")
    product = a * b
    product.register_hook(lambda gradient: 10.0 * gradient)
    a.register_hook(lambda gradient: gradient + 1.0)
    loss = product + 1.0
    found = steps(loss)
    names = [card.name for card in found.cards]
    hooks = [(names[step.card], step.before, step.after) for step in found.backward if isinstance(step, Hook)]
    assert hooks == [("v2", 1.0, 10.0), ("a", 50.0, 51.0)]
    loss.backward()
    assert dict(zip(names, found.gradients, strict=True)) == {
        "b": b.grad, "a": a.grad, "v2": product.grad, "L": 1.0
    }  # fmt: skip


def test_names_are_unique_where_labels_are_not() -> None:
    found = steps(Value(1.0, "x") * Value(2.0, "x"))
    assert [card.name for card in found.cards] == ["x", "x#2", "L"]


def test_a_weighted_sum_is_written_out() -> None:
    w, x = [Value(1.0, "w1"), Value(2.0, "w2")], [Value(3.0, "x1"), Value(4.0, "x2")]
    card = steps(dot(w, x, Value(0.5, "b"))).cards[-1]
    assert card.formula == [0, " · ", 2, " + ", 1, " · ", 3, " + ", 4]


def test_recorded_sources_say_where_a_value_was_made() -> None:
    with record_sources():
        a = Value(2.0)
        loss = (a * 3.0).tanh()
    cards = steps(loss).cards
    assert [card.code for card in cards[1:]] == ["a * 3.0", "(a * 3.0).tanh()"]
    assert re.fullmatch(r"test_model\.py, line \d+", cards[-1].where)
    assert cards[0].where.startswith("first used in test_model.py, line ")
    assert [(card.name, card.own) for card in cards] == [("a", True), ("v2", False), ("loss", True)]


@st.composite
def graphs(draw: Any) -> Value:
    values = [Value(draw(st.floats(-2.0, 2.0)), f"x{i}") for i in range(3)]
    for _ in range(draw(st.integers(1, 12))):
        x, y = draw(st.sampled_from(values)), draw(st.sampled_from(values))
        operation = draw(st.sampled_from(["add", "mul", "sub", "tanh", "scaled", "relu"]))
        values.append(
            {
                "add": x + y,
                "mul": x * y,
                "sub": x - y,
                "tanh": x.tanh(),
                "scaled": 0.5 * x,
                "relu": x.relu(),
            }[operation]
        )
    root: Value = values[-1]
    return root


@settings(max_examples=200)
@given(graphs())
def test_random_graphs_end_with_the_gradients_of_backward(root: Value) -> None:
    found = steps(root)
    values = shown(root)
    root.backward()
    assert found.gradients == [None if isinstance(v, Constant) else v.grad for v in values]
    assert all(isinstance(step, Flow) for step in found.backward)
