"""Cards for many values: layers, scopes, values that are alike."""

import math
import random
import re

import pytest
from folding import batch_loss, chain, groups, names

from chainrule.engine import Value, dot, no_grad, record_sources, scope, total
from chainrule.nn import MLP, Parameter, cross_entropy
from chainrule.viz import draw
from chainrule.viz.fold.groups import Groups
from chainrule.viz.fold.kinds import layer_of, split
from chainrule.viz.fold.part import Part


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


def test_a_batch_through_a_network_is_a_card_a_layer() -> None:
    model = MLP(2, [4, 3, 1], activation="tanh", seed=1)
    loss = batch_loss(model)
    assert names(loss) == ["layers[0]", "layers[1]", "layers[2]"]
    found = {group.path: group for group in groups(loss).all if group.path}
    assert [len(found[(f"layers[{i}]",)].values) for i in range(3)] == [800, 600, 100]
    assert [len(found[(f"layers[{i}]",)].leaves) for i in range(3)] == [12, 15, 4]
    assert [len(found[(f"layers[{i}]",)].outputs) for i in range(3)] == [400, 300, 100]


def test_every_value_is_in_one_group() -> None:
    part = Part(batch_loss(MLP(2, [4, 1], seed=1), 20))
    held = [value for group in Groups(part, None, 150).all for value in [*group.values, *group.leaves]]
    shown = [value for value in part.values if not (type(value).kind == "const" and not value.label)]
    assert len(held) == len(set(held)) == len(shown)
    assert set(held) == set(shown)


def test_arrows_count_the_values_that_pass() -> None:
    model = MLP(2, [4, 1], activation="tanh", seed=1)
    found = groups(batch_loss(model))
    by_name = {".".join(group.path): i for i, group in enumerate(found.all) if group.path}
    between = found.arrows[by_name["layers[0]"], by_name["layers[1]"]]
    assert len(between) == 400
    assert all(value.primitive is not None and value.primitive.name == "tanh" for value in between)


def test_the_card_of_a_layer_has_shape_count_rms_and_the_largest_gradient() -> None:
    model = MLP(2, [4, 1], activation="tanh", seed=1)
    loss = batch_loss(model)
    loss.backward()
    weights = model.layers[0].parameters()
    largest = max(weights, key=lambda w: abs(w.grad))
    rms = math.sqrt(sum(w.grad**2 for w in weights) / len(weights))
    text = words(draw(loss).dot)
    assert "layers[0] tanh(Σ w·x + b) weight [4, 2], bias [4] 800 values" in text
    assert f"weights grad rms {rms:.4f}" in text
    assert largest.label.removeprefix("layers[0].") in text


def test_code_without_parameters_or_labels_is_grouped_by_what_it_does() -> None:
    rng = random.Random(1)

    def matrix(rows: int, columns: int) -> list[list[Value]]:
        return [[Value(rng.gauss(0.0, 1.0)) for _ in range(columns)] for _ in range(rows)]

    first, second = matrix(8, 4), matrix(1, 8)
    outputs = []
    for _ in range(10):
        x = [Value(rng.random()) for _ in range(4)]
        hidden = [sum([w * xi for w, xi in zip(row, x, strict=True)], Value(0.0)).tanh() for row in first]
        outputs.append(sum([w * h for w, h in zip(second[0], hidden, strict=True)], Value(0.0)))
    loss = total([(out - 1.0) ** 2 for out in outputs])
    loss.backward()
    assert [len(group.values) for group in groups(loss).all if group.values] == [720, 160, 10, 10, 1]
    assert "× + tanh" in words(draw(loss).dot)


def test_a_scope_names_a_card_without_recorded_sources() -> None:
    x = [Value(0.1 * i) for i in range(60)]
    with scope("encoder"), scope("attention"):
        h = [(a * 2.0).tanh() for a in x]
    with scope("decoder"):
        y = [a.exp() for a in h]
    loss = total(y)
    assert loss.operands[0].source is None
    assert names(loss) == ["encoder.attention", "decoder"]
    assert names(loss, depth=1) == ["encoder", "decoder"]
    assert repr(draw(loss)).startswith("<Drawing: Graph of 301 values in 4 cards")


def test_a_scope_stands_before_the_layers_inside_it() -> None:
    model = MLP(2, [4, 1], seed=1)
    with scope("policy"):
        out = model([Value(0.5), Value(-0.5)])
    assert names(out) == ["policy.layers[0]", "policy.layers[1]"]
    assert names(out, depth=1) == ["policy"]


def test_recorded_sources_give_the_same_cards() -> None:
    model = MLP(2, [4, 1], seed=1)
    with record_sources(), scope("policy"):
        out = model([Value(0.5), Value(-0.5)])
    assert names(out) == ["policy.MLP.layers[0]", "policy.MLP.layers[1]"]


@pytest.mark.parametrize("name", ['a.b"]; <b> \\N \0', " ", ".", "..", "[", "neurons[0]", "\n", "x" * 5000])
def test_a_scope_with_dots_and_hostile_characters_is_shown(name: str) -> None:
    with scope(name):
        out = total([Value(1.0).tanh() for _ in range(3)])
    assert draw(out, fold="scope").svg.count('class="node"') == 4 + (name in (".", ".."))


@pytest.mark.parametrize("fold", ["none", "neuron", "scope"])
def test_labels_and_kinds_with_nothing_to_show_are_drawn(fold: str) -> None:
    class Stubborn:
        def __str__(self) -> str:
            raise RuntimeError("no")

    class Plain(Value):
        __slots__ = ()
        kind = ""

    ws = [Parameter(1.0, label=Stubborn()) for _ in range(5)]  # type: ignore[arg-type]
    out = dot(ws, [Plain(1.0) for _ in range(5)]).tanh()
    out.backward()
    assert "<polygon" in draw(out, fold=fold).svg  # type: ignore[arg-type]


def test_a_scope_leaves_nothing_behind() -> None:
    with scope("inside"):
        inside = Value(1.0) * 2.0
        with no_grad():
            frozen = Value(1.0) * 2.0
    outside = inside * 2.0
    assert inside.about.scope == "inside"
    assert not hasattr(outside, "about")
    assert (frozen.about.scope, frozen.about.origin) == ("inside", "no_grad")
    handle = inside.register_hook(lambda gradient: gradient)
    handle.remove()
    assert inside.about.scope == "inside"


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("", []),
        ("encoder", ["encoder"]),
        ("a.layers['x.y'].neurons[2]", ["a", "layers['x.y']", "neurons[2]"]),
        ("..a..", ["a"]),
        ("]a.b", ["]a", "b"]),
    ],
)
def test_paths_are_split_at_their_dots(path: str, parts: list[str]) -> None:
    assert split(path) == parts


def test_a_penalty_on_all_weights_is_one_card() -> None:
    model = MLP(2, [4, 3, 1], seed=1)
    penalty = total([p**2 for p in model.parameters()])
    loss = penalty + model([Value(0.5), Value(1.0)])
    squares = [
        group for group in groups(loss).all if group.values and not group.path and len(group.values) > 1
    ]
    assert [len(group.values) for group in squares] == [31]


def test_a_root_among_many_values_is_named_on_their_card() -> None:
    end = chain(300)
    end.label = "end"
    text = draw(end, theme="light").dot
    card = next(line for line in text.splitlines() if "300 values" in line)
    assert ">end<" in card
    assert "#f3e8fd" in card


def test_a_neuron_belongs_to_its_layer() -> None:
    assert layer_of(("layers[0]", "neurons[2]")) == ("layers[0]",)
    assert layer_of(("neurons[2]",)) == ("neurons",)
    assert layer_of(("head",)) == ("head",)


def test_one_image_through_a_large_network_is_four_cards() -> None:
    model = MLP(16, [32, 10], seed=1)
    loss = cross_entropy(model([0.1 * i for i in range(16)]), 3)
    drawing = draw(loss)
    assert repr(drawing).startswith("<Drawing: Graph of 966 values in 4 cards")
    assert "weight [32, 16], bias [32]" in drawing.dot


def test_dead_units_and_what_is_not_finite_are_counted() -> None:
    xs = [Value(-1.0) for _ in range(200)]
    out = total([x.relu() for x in xs[:150]] + [(x * 1.0).log() for x in xs[150:]])
    with pytest.warns(RuntimeWarning):
        out.backward()
    text = words(draw(out).dot)
    assert "150 of 150 values pass nothing on" in text
    assert "NaN or inf in 50 values" in text


def test_dead_units_are_said_in_red_and_margins_that_are_kept_are_not() -> None:
    xs = [[Value(-1.0), Value(0.5)] for _ in range(100)]
    layer = MLP(2, [4, 1], seed=1)
    for neuron in layer.layers[0].neurons:
        neuron.b.data = -9.0  # dead
    with scope("hinge"):
        margins = [(1.0 - 20.0 * (layer(x) + 1.0)).relu() for x in xs]
    loss = total(margins)
    loss.backward()
    dot = draw(loss, theme="light").dot
    said = re.findall(r'COLOR="(#\w+)">(?:<B>)?(\d+ of \d+ \w+ pass nothing on)', dot)
    assert said == [
        ("#57606a", "100 of 100 values pass nothing on"),
        ("#cf222e", "400 of 400 units pass nothing on"),
    ]


def test_before_a_backward_pass_there_is_a_dash() -> None:
    loss = batch_loss(MLP(2, [4, 1], seed=1))
    assert words(draw(loss).dot).count("weights grad rms —") == 2
    assert "largest" not in draw(loss).dot


def test_recorded_and_missing_gradients_are_read_as_numbers() -> None:
    model = MLP(2, [4, 1], activation="tanh", seed=1)
    loss = batch_loss(model)
    loss.backward(create_graph=True)
    model.layers[0].neurons[0].b.grad = None  # type: ignore[assignment]
    assert "weights grad rms" in words(draw(loss).dot)
    model.zero_grad()
