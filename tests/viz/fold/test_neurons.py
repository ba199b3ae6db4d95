"""Weighted sums and their activations as cards: recognised however they were written."""

import re

import pytest

from chainrule.engine import Value, dot, topological_order, total
from chainrule.engine.words import number
from chainrule.nn import MLP, Neuron, Parameter
from chainrule.viz import draw
from chainrule.viz.fold.neurons import Neurons, place_of
from chainrule.viz.fold.part import Part


def found(root: Value) -> Neurons:
    part = Part(root)
    return Neurons(part.values, part.uses, root)


def weights_and_inputs() -> tuple[list[Value], list[Value], Value]:
    ws: list[Value] = [Parameter(0.1 * i - 0.2, f"w{i}") for i in range(4)]
    xs = [Value(1.0 + i, f"x{i}") for i in range(4)]
    return ws, xs, Parameter(0.5, "b")


def by_sum(w: list[Value], x: list[Value], b: Value) -> Value:
    return sum((wi * xi for wi, xi in zip(w, x, strict=True)), b)


def by_swapped_sum(w: list[Value], x: list[Value], b: Value) -> Value:
    return sum(xi * wi for wi, xi in zip(w, x, strict=True)) + b


WRITTEN = {
    "dot with start": lambda w, x, b: dot(w, x, b),
    "dot and add": lambda w, x, b: dot(w, x) + b,
    "sum from b": by_sum,
    "inputs first": by_swapped_sum,
    "total": lambda w, x, b: total([wi * xi for wi, xi in zip(w, x, strict=True)] + [b]),
    "pairs": lambda w, x, b: ((w[0] * x[0] + w[1] * x[1]) + (w[2] * x[2] + w[3] * x[3])) + b,
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_a_neuron_is_recognised_however_it_is_written(written) -> None:  # type: ignore[no-untyped-def]
    w, x, b = weights_and_inputs()
    out = written(w, x, b).tanh()
    neurons = found(out)
    (neuron,) = neurons.by_out.values()
    assert neuron.out is out
    assert neuron.total is out.operands[0]
    assert {row.weight.label for row in neuron.rows if row.weight is not None} == {
        "w0",
        "w1",
        "w2",
        "w3",
        "b",
    }
    arriving = [user.operands[place].label for row in neuron.rows for user, place in row.uses]
    assert sorted(arriving) == ["x0", "x1", "x2", "x3"]
    cards = [value for value in topological_order(out) if value not in neurons.swallowed]
    assert len(cards) == 5  # the inputs and the neuron


def test_each_row_of_the_card_has_a_weight_its_number_and_its_gradient() -> None:
    neuron = Neuron(2, activation="tanh", seed=1)
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = 0.5, -1.0, 0.25
    out = neuron([Value(2.0, "x0"), Value(1.0, "x1")])
    out.backward()
    words = re.sub(r"<[^>]*>", " ", draw(out, fold="neuron").dot)
    slope = 1.0 - out.data**2
    assert f"w[0]  0.5  {number(2 * slope)}" in re.sub(r" {2,}", "  ", words)
    assert f"w[1]  −1  {number(slope)}" in re.sub(r" {2,}", "  ", words)
    assert f"×{number(slope)} = tanh′(z)" in words
    assert "tanh(Σ w·x + b)" in words


def test_arrows_to_a_row_say_what_flows_back_where_several_add_up() -> None:
    model = MLP(2, [2, 1], activation="tanh", seed=4)
    x = [Value(-0.5, "x0"), Value(0.8, "x1")]
    out = model(x)
    out.backward()
    text = draw(out, fold="neuron").dot
    lines = [line for line in text.splitlines() if re.match(r"  n\d+ -> n\d+:r\d:w ", line)]
    said = [re.sub(r"<[^>]*>", "", re.search(r"label=<(.*)>\]", line)[1]) for line in lines]  # type: ignore[index]
    assert len(said) == 4
    assert not any("×" in one for one in said), "the weight stands in the row"
    given = sum(float(one.removeprefix("= ").replace("−", "-")) for one in said)
    assert given == pytest.approx(x[0].grad + x[1].grad, abs=3e-4)


def test_a_weight_used_elsewhere_is_an_arrow_from_its_row() -> None:
    w, x, b = weights_and_inputs()
    loss = dot(w, x, b).tanh() + w[1] ** 2
    loss.backward()
    text = draw(loss, fold="neuron").dot
    assert len(re.findall(r"n\d+:g1:e -> n\d+ ", text)) == 1


def test_a_sum_that_is_used_twice_keeps_its_activation_apart() -> None:
    w, x, b = weights_and_inputs()
    z = dot(w, x, b)
    neurons = found(z.tanh() * z)
    (neuron,) = neurons.by_out.values()
    assert neuron.out is z


def test_products_with_plain_numbers_and_small_sums_are_left_alone() -> None:
    x, y = Value(2.0), Value(3.0)
    assert not found(0.5 * x + 0.25 * y).by_out
    assert not found(x + y).by_out
    assert not found(x * y).by_out
    assert found(x * y + x).by_out
    assert found(x + y + x * 2.0).by_out


def test_of_many_rows_the_largest_gradients_are_shown() -> None:
    xs = [Value(float(i), f"x{i}") for i in range(100)]
    ws = [Parameter(1.0, f"w{i}") for i in range(100)]
    out = dot(ws, xs)
    out.backward()
    text = draw(out, fold="neuron").dot
    assert {f">w{i}<" in text for i in range(90, 100)} == {True}
    assert ">w89<" not in text
    assert "… and 90 more" in text


def test_rows_of_computed_terms_have_an_arrow_each() -> None:
    a, b = Value(2.0, "a").exp(), Value(3.0, "b").exp()
    out = a * b + a + b
    text = draw(out, fold="neuron").dot
    assert len(re.findall(r"-> n\d+:r\d:w", text)) == 4


def test_neurons_beyond_max_nodes_are_refused_with_both_numbers() -> None:
    model = MLP(3, [8, 8, 1], seed=1)
    out = model([Value(0.1), Value(0.2), Value(0.3)])
    with pytest.raises(
        ValueError, match=r'has 20 and max_nodes is 19: leave fold="auto", or pass fold="scope"'
    ):
        draw(out, fold="neuron", max_nodes=19)
    assert repr(draw(out, fold="neuron", max_nodes=20)).count("20 cards")


@pytest.mark.parametrize(
    ("label", "place"),
    [
        ("layers[0].neurons[2].w[1]", ("layers[0].neurons[2]", "w[1]")),
        ("b", ("", "b")),
        ("", ("", "")),
        (None, ("", "")),
        ("blocks['a.b'].w", ("blocks['a.b']", "w")),
        ("." * 100_000, ("", "." * 100_000)),
    ],
)
def test_a_label_says_where_a_parameter_is(label: object, place: tuple[str, str]) -> None:
    assert place_of(label) == place


@pytest.mark.parametrize("label", ["<b>", '"]; evil [', "\\N", "a\nb", "\0", "}{|", "x" * 500, "</TD>"])
def test_hostile_labels_do_no_harm_in_rows(label: str) -> None:
    w, x, b = weights_and_inputs()
    w[0].label = x[0].label = b.label = label
    out = dot(w, x, b).tanh()
    out.label = label
    out.backward()
    assert draw(out, fold="neuron").svg.startswith("<svg")
    assert draw(out, fold="scope").svg.startswith("<svg")


def test_before_a_backward_pass_gradients_are_dashes() -> None:
    w, x, b = weights_and_inputs()
    text = draw(dot(w, x, b).tanh(), fold="neuron").dot
    assert text.count(">—<") == 5 + 4 + 2  # weights and bias, inputs, z and out


def test_marks_stand_on_neurons() -> None:
    dead = Neuron(1, activation="relu", seed=1)
    dead.b.data = -100.0
    out = dead([Value(1.0, "x")])
    out.backward()
    assert "<B>a dead unit</B>" in draw(out, fold="neuron").dot


def test_a_product_or_partial_sum_that_others_use_stays_a_card() -> None:
    a, b, c = Value(2.0, "a"), Value(3.0, "b"), Value(4.0, "c")
    product = a * b
    out = (product + b * c + c) * product
    (neuron,) = found(out).by_out.values()
    assert product not in found(out).swallowed
    assert any(user.operands[place] is product for row in neuron.rows for user, place in row.uses)


def test_what_follows_a_sum_that_is_used_twice_is_no_part_of_its_card() -> None:
    w, x, b = weights_and_inputs()
    z = dot(w, x, b)
    (neuron,) = found(z * z.tanh()).by_out.values()
    assert neuron.out is z
    (neuron,) = found(z.tanh() * z.sin()).by_out.values()
    assert neuron.out is z


def test_without_parameters_the_leaves_that_meet_results_are_the_weights() -> None:
    ws = [Value(0.5, f"w{i}") for i in range(3)]
    hidden = [Value(0.1 * i).tanh() for i in range(3)]
    out = sum((h * w for h, w in zip(hidden, ws, strict=True)), Value(1.0, "b"))
    weights = [row.weight.label for row in found(out).by_out[out].rows if row.weight is not None]
    assert sorted(weights) == ["b", "w0", "w1", "w2"]
    x = Value(2.0, "x")
    mixed = (hidden[0] * ws[0] + hidden[1] * ws[1]) + x * ws[2]
    weights = [row.weight.label for row in found(mixed).by_out[mixed].rows if row.weight is not None]
    assert sorted(weights) == ["w0", "w1", "w2"]
