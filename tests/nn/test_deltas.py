"""The table of deltas: article B's numbers, every activation and loss, and what it says of odd cases."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from matplotlib.mathtext import MathTextParser

from chainrule.engine import Value, dot, no_grad, softmax, total
from chainrule.nn import (
    ACTIVATIONS,
    MLP,
    Layer,
    Module,
    Neuron,
    Parameter,
    delta_table,
    half_squared_error,
    hinge,
    l2,
    log_loss,
    log_loss_from_logits,
    softmax_cross_entropy,
    squared_error,
)

CASES = json.loads((Path(__file__).parents[1] / "data" / "worked-examples.json").read_text(encoding="utf-8"))
ARTICLE_B = next(case for case in CASES["cases"] if case["name"] == "yehoshua-two-hidden-layers-correct-step")


def article_b() -> tuple[MLP, Value]:
    """Return article B's network as an MLP, and its loss.

    Connections and biases that it does not have are 0: forwards, and in every delta, that is the same.
    """
    model = MLP(2, [3, 2, 1], activation="sigmoid", output="sigmoid", seed=1)
    for layer, numbers in zip(model.layers, ARTICLE_B["layers"], strict=True):
        for i, neuron in enumerate(layer.neurons):
            for w, number in zip(neuron.w, numbers["weights"][i], strict=True):
                w.data = number
            neuron.b.data = numbers["bias"][i] if numbers["bias"] else 0.0
    return model, log_loss(model(ARTICLE_B["input"]), ARTICLE_B["target"])


def expected(what: str) -> dict[str, Any]:
    return next(entry for entry in ARTICLE_B["expect"] if entry["what"] == what)


def test_article_b_has_these_deltas() -> None:
    model, loss = article_b()
    deltas = delta_table(model, loss).deltas
    assert [len(layer) for layer in deltas] == [3, 2, 1]
    for i, layer in enumerate(deltas, start=1):
        for j, delta in enumerate(layer, start=1):
            known = expected(f"delta[{i}][{j}]")
            assert delta == pytest.approx(known["exact"], rel=1e-12)
            assert abs(delta - float(known["published"])) <= known["tol"]


def test_article_b_has_these_weights_after_one_step() -> None:
    model, loss = article_b()
    table = delta_table(model, loss, lr=ARTICLE_B["learning_rate"])
    checked = 0
    for entry in ARTICLE_B["expect"]:
        if not entry["what"].startswith(("W'[", "b'[")):
            continue
        kind, *numbers = entry["what"].replace("]", "").replace("'", "").split("[")
        layer, unit, *source = map(int, numbers)
        neuron = table.layers[layer - 1][unit - 1]
        weight = neuron.weights[source[0] - 1] if kind == "W" else neuron.weights[-1]
        assert weight.value - 0.5 * weight.gradient == pytest.approx(entry["exact"], rel=1e-12)
        checked += 1
    assert checked >= 12


def test_article_b_in_words_and_numbers() -> None:
    model, loss = article_b()
    text = str(delta_table(model, loss, lr=0.5))
    assert text.startswith(
        "E = 0.3977\n"
        "\n"
        "layer 3, output: δ = dE/da · f'(z)\n"
        "  neuron 1: z = 0.7165, a = sigmoid(z) = 0.6718, f'(z) = a · (1 − a) = 0.2205\n"
        "    δ = −1.4884 · 0.2205 = −0.3282\n"
        "    dE/dw1 = δ · x = −0.3282 · 0.476 = −0.1562;  w1: 0.5 − 0.5 · (−0.1562) = 0.5781\n"
    )
    assert (
        "layer 1: δ = (Σ w · δ of the neurons it feeds) · f'(z)\n"
        "  neuron 1: z = 0.8, a = sigmoid(z) = 0.69, f'(z) = a · (1 − a) = 0.2139\n"
        "    δ = (−0.5 · (−0.0409) + 0.3 · (−0.0497)) · 0.2139 = 0.0012\n"
    ) in text
    assert "(z is used elsewhere too)" not in text
    assert "elsewhere" not in text


# -- any activation, any loss -------------------------------------------------------------------------


def losses() -> list[Any]:
    return [
        pytest.param("identity", lambda o: squared_error(o, [1.0, -0.5]), id="squared_error"),
        pytest.param("identity", lambda o: half_squared_error(o, [1.0, -0.5]), id="half_squared_error"),
        pytest.param("sigmoid", lambda o: log_loss(o, [1.0, 0.25]), id="log_loss"),
        pytest.param("identity", lambda o: log_loss_from_logits(o, [1.0, 0.25]), id="from logits"),
        pytest.param("identity", lambda o: softmax_cross_entropy(o, 1), id="softmax"),
        pytest.param("tanh", lambda o: hinge(o, [1.0, -1.0]), id="hinge"),
        pytest.param("identity", lambda o: -softmax(o)[1].log(), id="softmax by hand"),  # type: ignore[attr-defined]
    ]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("output", "make"), losses())
def test_deltas_follow_from_those_above_and_give_every_gradient(
    activation: str, output: str, make: Any
) -> None:
    model = MLP(3, [4, 3, 2], activation=activation, output=output, seed=3)
    loss = make(model([0.5, -1.0, 2.0]))
    table = delta_table(model, loss)
    loss.backward()
    for layer, shown in zip(model.layers, table.layers, strict=True):
        for neuron, row in zip(layer.neurons, shown, strict=True):
            assert row.delta == neuron.b.grad
            assert [weight.gradient for weight in row.weights] == [w.grad for w in (*neuron.w, neuron.b)]
            assert all(weight.elsewhere == 0.0 for weight in row.weights)
            assert row.is_product
            assert row.activation == (
                "" if neuron.activation.__name__ == "identity" else neuron.activation.__name__
            )
            if row.layer < 3:
                assert row.elsewhere == 0.0
                terms = math.fsum([w * delta for w, delta in row.terms])
                assert terms * row.slope == pytest.approx(row.delta, rel=1e-12, abs=1e-15)
    assert "elsewhere" not in str(table)
    assert table.latex().count("{") == table.latex().count("}")


def test_nothing_is_read_from_or_written_to_grad() -> None:
    model = MLP(2, [2, 1], seed=1)
    for parameter in model.parameters():
        parameter.grad = 7.0
    delta_table(model, squared_error(model([1.0, 2.0]), 1.0))
    assert [parameter.grad for parameter in model.parameters()] == [7.0] * 9


def test_an_activation_of_several_operations_has_one_slope() -> None:
    def swish(z: Value) -> Value:
        return z * z.sigmoid()

    model = MLP(2, [2, 1], activation=swish, output=swish, seed=1)
    loss = squared_error(model([1.0, 2.0]), 1.0)
    table = delta_table(model, loss)
    for layer in table.layers:
        for row in layer:
            s = 1.0 / (1.0 + math.exp(-row.z))
            assert row.a == pytest.approx(row.z * s)
            assert row.slope == pytest.approx(s + row.z * s * (1.0 - s))
            assert row.is_product
            assert (row.activation, row.slope_formula) == ("f", "")
    assert f"a = f(z) = {table.layers[1][0].a:.4f}".rstrip("0") in str(table).replace("−", "-")


def test_a_penalty_on_the_weights_comes_from_elsewhere() -> None:
    model = MLP(2, [2, 1], activation="tanh", seed=1)
    loss = squared_error(model([1.0, 2.0]), 1.0) + 0.1 * l2(model.parameters())
    table = delta_table(model, loss)
    loss.backward()
    weight = table.layers[0][1].weights[0]
    assert weight.gradient == model.layers[0].neurons[1].w[0].grad
    assert weight.elsewhere == pytest.approx(0.2 * weight.value)
    assert f"+ {weight.elsewhere:.4f} from elsewhere".replace("-", "−") in str(table).replace("(", "")
    check_latex(table.latex())


def test_a_penalty_is_not_taken_for_a_neuron() -> None:
    class NoBias(Module):
        def __init__(self) -> None:
            self.w = [Parameter(0.5), Parameter(-1.0)]

        def __call__(self, x: list[float]) -> Value:
            return dot(self.w, x).tanh()

    model = NoBias()
    loss = squared_error(model([1.0, 2.0]), 1.0) + l2(model.parameters())
    (row,) = delta_table(model, loss).layers[0]
    assert row.z == -1.5
    assert [weight.elsewhere for weight in row.weights] == pytest.approx([1.0, -2.0])
    loss = squared_error(model([1.0, 2.0]), 1.0) + total(model.parameters())
    assert [weight.elsewhere for weight in delta_table(model, loss).layers[0][0].weights] == [1.0, 1.0]
    one = Neuron(1, seed=1)
    (row,) = delta_table(one, one([2.0]) + l2(one.parameters())).layers[0]
    assert [weight.name for weight in row.weights] == ["w1", "b"]


def test_a_penalty_on_activity_is_part_of_the_sum() -> None:
    model = MLP(2, [2, 1], activation="tanh", seed=1)
    hidden = model.layers[0]([1.0, 2.0])
    loss = squared_error(model.layers[1](hidden), [1.0]) + hidden[0] ** 2
    row = delta_table(model, loss).layers[0][0]
    assert row.elsewhere == pytest.approx(2.0 * row.a)
    assert row.is_product
    assert "from elsewhere) · " in str(delta_table(model, loss))


def test_a_sum_that_is_used_beside_its_activation_is_said_to_be() -> None:
    neuron = Neuron(1, activation="tanh", seed=1)

    class Twice(Module):
        def __init__(self) -> None:
            self.neuron = neuron

        def __call__(self, x: float) -> Value:
            a = self.neuron([x])
            return a * a.operands[0]

    table = delta_table(Twice(), Twice()(2.0))
    (row,) = table.layers[0]
    assert row.name == "neuron"
    assert row.delta == pytest.approx(row.a + row.z * row.slope)
    assert not row.is_product
    assert "(z is used elsewhere too)" in str(table)
    check_latex(table.latex())


def test_a_layer_and_a_single_neuron_have_tables_too() -> None:
    layer = Layer(2, 2, activation="tanh", seed=1)
    table = delta_table(layer, squared_error(layer([1.0, 2.0]), [0.0, 1.0]))
    assert [row.name for row in table.layers[0]] == ["neurons.0", "neurons.1"]
    neuron = Neuron(2, activation="sigmoid", seed=1)
    table = delta_table(neuron, log_loss(neuron([1.0, 2.0]), 1))
    (row,) = table.layers[0]
    assert row.delta == pytest.approx(row.a - 1.0)  # article B: sigmoid and log loss
    assert row.slope_formula == "a · (1 − a)"


def test_an_output_that_the_loss_does_not_use_is_left_out() -> None:
    model = MLP(2, [2, 3], seed=1)
    table = delta_table(model, model([1.0, 2.0])[1] ** 2)
    assert [(row.layer, row.place) for row in table.layers[1]] == [(2, 2)]


def test_wide_layers_are_cut_and_the_rest_counted() -> None:
    model = MLP(40, [30, 1], activation="tanh", seed=1)
    text = str(delta_table(model, squared_error(model([0.1] * 40), 1.0)))
    assert "\n  … 10 more neurons" in text
    assert text.count("\n    … 31 more weights") == 20
    assert "    … 21 more weights" in text  # of the output: 30 and a bias
    assert len(text.split("\n")) < 320


def test_long_sums_are_cut_and_the_rest_counted() -> None:
    model = MLP(1, [1, 9, 1], activation="tanh", seed=1)
    table = delta_table(model, squared_error(model([0.1]), 1.0))
    assert " + 3 more terms) · " in str(table)
    check_latex(table.latex())


def check_latex(latex: str) -> None:
    """Assert that every line is a formula."""
    first, *lines, last = latex.split("\n")
    assert (first, last) == (r"\begin{aligned}", r"\end{aligned}")
    parser = MathTextParser("path")  # type: ignore[no-untyped-call, unused-ignore]  # matplotlib's own
    for line in lines:
        assert line.count("&") == 1
        parser.parse(f"${line.removesuffix(chr(92) * 2).replace('&', '')}$")


def test_latex_has_the_notation_of_papers() -> None:
    model, loss = article_b()
    lines = delta_table(model, loss, lr=0.5).latex().split("\n")
    assert lines[3] == (
        r"\delta^{(3)}_{1} &= \frac{\partial E}{\partial a^{(3)}_{1}} f'\left(z^{(3)}_{1}\right) "
        r"= -1.4884 \cdot 0.2205 = -0.3282 \\"
    )
    assert lines[4] == (
        r"\frac{\partial E}{\partial w^{(3)}_{1, 1}} &= \delta^{(3)}_{1} \cdot x = -0.3282 \cdot 0.476 "
        r"= -0.1562, \quad w^{(3)}_{1, 1} \leftarrow 0.5 - 0.5 \cdot \left(-0.1562\right) = 0.5781 \\"
    )
    check_latex("\n".join(lines))


# -- what cannot be shown -----------------------------------------------------------------------------


def test_several_samples_are_refused_with_what_to_do() -> None:
    model = MLP(2, [2, 1], seed=1)
    loss = squared_error([model([1.0, 2.0]), model([0.0, 1.0]), model([1.0, 1.0])], [0.0, 1.0, 1.0])
    with pytest.raises(
        ValueError, match="delta_table shows one sample, and this loss was made from 3: pass the loss of one"
    ):
        delta_table(model, loss)


def test_a_loss_of_another_model_is_refused_with_what_to_do() -> None:
    model, other = MLP(2, [1], seed=1), MLP(2, [1], seed=2)
    message = "no neuron of MLP is in the graph of Value.*: make the loss from this model's output"
    with pytest.raises(ValueError, match=message):
        delta_table(model, other([1.0, 2.0]) ** 2)
    with no_grad():
        loss = model([1.0, 2.0]) ** 2
    with pytest.raises(
        ValueError, match="outside no_grad; neurons have weights w and a bias b and compute dot"
    ):
        delta_table(model, loss)


def test_wrong_arguments_are_refused() -> None:
    model = MLP(2, [1], seed=1)
    loss = model([1.0, 2.0]) ** 2
    with pytest.raises(
        TypeError, match=r"delta_table\(model, loss\) takes a Module, such as an MLP, got Value"
    ):
        delta_table(loss, model)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(TypeError, match=r"takes the loss as a Value, got 0.5 \(float\)"):
        delta_table(model, 0.5)  # type: ignore[arg-type]  # that is the point
    for lr in (math.nan, math.inf, "0.1", True):
        with pytest.raises(
            ValueError, match=r"delta_table\(lr=...\) takes a learning rate, a finite number, got"
        ):
            delta_table(model, loss, lr=lr)  # type: ignore[arg-type]  # that is the point


def test_neurons_are_found_wherever_a_model_holds_them() -> None:
    class Held(Module):
        def __init__(self) -> None:
            self.parts: dict[str, Any] = {
                "first": [Layer(2, 2, "tanh", seed=1)],
                "last": Neuron(2, "sigmoid", seed=2),
            }

        def __call__(self, x: list[float]) -> Value:
            (first,), last = self.parts.values()
            result: Value = last([a * 2.0 for a in first(x)])
            return result

    model = Held()
    table = delta_table(model, log_loss(model([1.0, 2.0]), 1))
    assert [row.name for row in table.layers[0]] == ["parts.first.0.neurons.0", "parts.first.0.neurons.1"]
    (last,) = table.layers[1]
    assert (last.activation, last.delta) == ("sigmoid", pytest.approx(last.a - 1.0))  # type: ignore[comparison-overlap]
    first = table.layers[0][0]  # what the next neuron sees is twice its tanh
    assert (first.activation, first.slope) == ("f", pytest.approx(2.0 * (1.0 - math.tanh(first.z) ** 2)))  # type: ignore[comparison-overlap]
    assert first.is_product


def test_parameters_beside_the_neurons_do_no_harm() -> None:
    class Scaled(Module):
        def __init__(self) -> None:
            self.mlp = MLP(2, [2, 1], activation="tanh", seed=1)
            self.scale = Parameter(3.0, label="{hostile}")

        def __call__(self, x: list[float]) -> Value:
            result: Value = self.mlp(x) * self.scale
            return result

    model = Scaled()
    table = delta_table(model, model([1.0, 2.0]) ** 2)
    assert [row.name for row in table.layers[0]] == ["mlp.layers.0.neurons.0", "mlp.layers.0.neurons.1"]
    assert repr(table) == "<deltas of 3 neurons: print it to read them>"
    assert table._repr_latex_() == f"$$\n{table.latex()}\n$$"
