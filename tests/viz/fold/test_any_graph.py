"""Folding has an answer for every graph, whatever its shape, in pictures and in words."""

import math
import random
import re

import pytest
from folding import batch_loss, chain, groups, names

from chainrule.engine import Value, collector_paused, dot, scope, total
from chainrule.engine.words import number
from chainrule.nn import MLP, Parameter
from chainrule.viz import draw
from chainrule.viz.fold.figures import spread
from chainrule.viz.fold.group import Group

# -- every graph has an answer ------------------------------------------------------------------------


def recurrence(steps: int) -> Value:
    x = Value(0.5, "x")
    for _ in range(steps):
        x = (x * 0.9 + 0.1).tanh()
    return x


def tangle(steps: int) -> Value:
    rng = random.Random(3)
    values = [Value(rng.random(), f"x{i}") for i in range(8)]
    for _ in range(steps):
        a, b = rng.choices(values[-30:], k=2)
        values.append(rng.choice([a + b, a * b, (a - b).sin(), a.maximum(b)]))
    return total(values[-40:])


def fan(width: int) -> Value:
    return total([Value(0.1) for _ in range(width)])


SHAPES = {"recurrence": recurrence, "tangle": tangle, "fan": fan, "chain": chain}


@pytest.mark.parametrize("size", [10, 200, 1000, 20_000])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_graph_has_a_picture_of_few_cards(shape, size: int) -> None:  # type: ignore[no-untyped-def]
    with collector_paused():
        root = shape(size)
        drawing = draw(root)
    assert (
        1
        <= drawing.dot.count(' label=<<TABLE BORDER="1"') + drawing.dot.count(' label=<<TABLE BORDER="2"')
        <= 150
    )
    assert drawing.svg.startswith("<svg")


@pytest.mark.parametrize("most", [1, 2, 3, 5, 24])
def test_there_is_a_way_with_any_number_of_cards(most: int) -> None:
    for root in (tangle(500), recurrence(500), batch_loss(MLP(2, [3, 1], seed=1), 20), fan(400)):
        assert len(groups(root, most=most).all) <= most
        assert draw(root, max_nodes=most).dot


def test_a_leaf_and_one_operation_are_groups_too() -> None:
    assert repr(draw(Value(1.0), fold="scope")) == "<Drawing: Graph of 1 value; root = 1>"
    assert repr(draw(Value(1.0) * 2.0, fold="scope")) == "<Drawing: Graph of 3 values; root = 2>"
    assert draw(Value(1.0).detach(), fold="scope").svg.startswith("<svg")


def test_a_depth_that_takes_too_many_cards_is_refused_with_both_numbers() -> None:
    model = MLP(2, [2] * 9, activation="tanh", seed=1)
    with scope("net"):
        out = total(model([Value(0.5), Value(0.1)]))
    message = (
        r"folded to depth=2 the graph has 12 cards and max_nodes is 5: pass a smaller depth, none at all"
    )
    with pytest.raises(ValueError, match=message):
        draw(out, depth=2, max_nodes=5)
    assert "3 cards" in repr(draw(out, depth=1, max_nodes=5))


@pytest.mark.parametrize("depth", [0, -1, 2.0, True])
def test_a_depth_is_a_whole_number(depth: object) -> None:
    with pytest.raises(ValueError, match="depth must be a whole number of at least 1, got"):
        draw(Value(1.0), depth=depth)  # type: ignore[arg-type]


@pytest.mark.parametrize("fold", ["none", "neuron"])
def test_a_depth_belongs_to_scopes(fold: str) -> None:
    with pytest.raises(
        ValueError, match=f"depth= says how far scopes are folded, and fold='{fold}' folds none"
    ):
        draw(Value(1.0), fold=fold, depth=1)  # type: ignore[arg-type]


def test_unknown_folds_and_numbers_of_cards_are_refused() -> None:
    with pytest.raises(ValueError, match="fold must be 'auto', 'none', 'neuron' or 'scope', got 'layer'"):
        draw(Value(1.0), fold="layer")  # type: ignore[arg-type]
    for most in (0, -3, 1.5, True, None):
        with pytest.raises(ValueError, match="max_nodes must be a whole number of at least 1, got"):
            draw(Value(1.0), max_nodes=most)  # type: ignore[arg-type]


def test_the_same_large_graph_gives_the_same_text() -> None:
    first, second = (draw(batch_loss(MLP(2, [4, 3, 1], seed=1))).dot for _ in range(2))
    assert first == second


# -- figures ------------------------------------------------------------------------------------------


def test_a_spread_is_of_the_finite_numbers() -> None:
    values = [Value(0.0, str(i)) for i in range(5)]
    found = spread(values, [3.0, -4.0, math.nan, math.inf, 0.0])
    assert found.rms == pytest.approx(math.sqrt(25.0 / 3.0))
    assert (found.largest, found.where, found.bad, found.zeros) == (-4.0, values[1], 2, 1)
    assert found.where is values[1]


@pytest.mark.parametrize(
    ("numbers", "rms"), [([1e200, 1e200], 1e200), ([], 0.0), ([math.nan], 0.0), ([0.0], 0.0)]
)
def test_a_spread_of_extremes(numbers: list[float], rms: float) -> None:
    assert spread([Value(0.0) for _ in numbers], numbers).rms == pytest.approx(rms)


def test_a_group_of_one_value_is_drawn_as_that_value() -> None:
    x = Value(1.0)
    assert Group(leaves=[x]).alone is x
    assert Group(path=("layer",), values=[x]).alone is None
    assert Group(values=[x], leaves=[Parameter(1.0)]).alone is None


def test_dot_with_constants_belongs_to_its_layer() -> None:
    assert names(MLP(2, [3, 1], seed=1)([0.5, 1.0])) == ["layers[0]", "layers[1]"]
    assert names(dot([Parameter(1.0, "w")], [Value(2.0)])) == []


# -- in words, and side by side -----------------------------------------------------------------------


def test_folded_pictures_are_read_too() -> None:
    model = MLP(2, [2, 1], activation="tanh", seed=4)
    out = model([Value(-0.5, "x0"), Value(0.8, "x1")])
    out.backward()
    neurons = draw(out, fold="neuron").texts["reading"]
    b = model.layers[0].neurons[1].b
    assert f"layers[0].neurons[1].b is 0, its gradient {number(b.grad)}." in neurons
    assert len(neurons.splitlines()) == 5
    layers = draw(out, fold="scope").texts["reading"].splitlines()
    assert layers[0].startswith(
        "layers[0]: tanh(Σ w·x + b), weight [2, 2], bias [2], 4 values. Numbers: rms "
    )
    assert layers[0].endswith("Goes into layers[1].")
    assert layers[2].startswith("x1, input, is 0.8. Gradient ")
    assert layers[2].endswith("Goes into layers[0].")


@pytest.mark.parametrize("fold", ["none", "neuron", "scope"])
def test_folded_pictures_stand_beside_each_other(fold: str) -> None:
    model = MLP(2, [2, 1], activation="tanh", seed=4)
    out = model([Value(-0.5, "x0"), Value(0.8, "x1")])
    before = draw(out, fold=fold)  # type: ignore[arg-type]
    out.backward()
    both = before | draw(out, fold=fold)  # type: ignore[arg-type]
    cards = before.dot.count("label=<<TABLE BORDER=") - before.dot.count('label=<<TABLE BORDER="0"')
    shown = both.dot.count("label=<<TABLE BORDER=") - both.dot.count('label=<<TABLE BORDER="0"')
    assert shown == 2 * cards
    assert len(re.findall(r'class="node"', both.svg)) == 2 * cards
