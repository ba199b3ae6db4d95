"""The picture of activations: what was counted is so, and the model is left as it was."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chainrule.engine import Value
from chainrule.nn import (
    MLP,
    Dropout,
    Layer,
    Linear,
    Module,
    Neuron,
    Parameter,
    Sequential,
    SparseLayer,
    relu,
    tanh,
)
from chainrule.viz import plot_activations
from chainrule.viz.plot.watch import watching


def layer_of(activation: str, *units: tuple[float, float]) -> Layer:
    """Return a layer of one input with these weights and biases."""
    layer = Layer(1, len(units), activation, seed=0)
    for neuron, (w, b) in zip(layer.neurons, units, strict=True):
        neuron.w[0].data, neuron.b.data = w, b
    return layer


def title(*arguments: Any, **settings: Any) -> str:
    return " ".join(plot_activations(*arguments, **settings).axes[0].get_title(loc="left").split())


def test_the_outputs_seen_are_those_of_each_layer() -> None:
    model = MLP(2, [3, 2], activation="tanh", seed=1)
    xs = [[0.5, -1.0], [2.0, 0.25]]
    with watching(model) as seen:
        outs = [model(x) for x in xs]
    hidden = [model.layers[0](x) for x in xs]
    assert list(seen) == ["layers.0", "layers.1"]
    assert seen["layers.0"].outputs == [[row[i].data for row in hidden] for i in range(3)]
    assert seen["layers.1"].outputs == [[row[i].data for row in outs] for i in range(2)]
    assert (seen["layers.0"].kind, seen["layers.1"].kind) == ("tanh", "identity")


def test_functions_in_a_sequential_are_layers() -> None:
    model = Sequential(Linear(1, 2, seed=1), relu, Sequential(Linear(2, 2, seed=2), tanh), Dropout(0.5))
    with watching(model) as seen:
        out = model([1.0])
    assert {name: layer.kind for name, layer in seen.items()} == {
        "0": "identity", "1": "relu", "2.0": "identity", "2.1": "tanh",
    }  # fmt: skip
    assert len(out) == 2
    assert [unit[0] for unit in seen["1"].outputs] == [max(unit[0], 0.0) for unit in seen["0"].outputs]


@dataclass(frozen=True)
class Frozen(Module):
    """A module of one's own, whose attributes cannot be set."""

    first: Layer
    last: Neuron

    def __call__(self, x: list[float]) -> Value:
        return self.last(self.first(self.first(x)))  # the first layer twice


def test_a_module_of_ones_own_is_watched_too_and_every_call_counts() -> None:
    model = Frozen(layer_of("tanh", (1.0, 0.0)), Neuron(1, seed=1))
    with watching(model) as seen:
        model([1.0])
    assert list(seen) == ["first", "last"]
    assert seen["first"].outputs == [[math.tanh(1.0), math.tanh(math.tanh(1.0))]]


class Line(Module):
    """Parameters and no layers."""

    def __init__(self) -> None:
        self.slope = Parameter(2.0)

    def __call__(self, x: float) -> Value:
        return self.slope * x


def test_a_model_without_layers_is_one() -> None:
    with watching(Line()) as seen:
        pass
    assert list(seen) == ["Line"]
    assert title(Line(), [1.0, 3.0]) == "Line: 1 unit Outputs from 2 to 6"


def test_the_model_is_as_it_was_after_an_error_too() -> None:
    model = MLP(2, [3, 1], seed=1)
    kinds = [type(part) for part in model.modules()]
    before = [(p.data, p.grad, p.label) for p in model.parameters()]
    plot_activations(model, [[1.0, 2.0]])
    with pytest.raises(ValueError, match="MLP expects 2 inputs, got 1"):
        plot_activations(model, [[1.0, 2.0], [1.0]])
    assert [type(part) for part in model.modules()] == kinds
    assert [(p.data, p.grad, p.label) for p in model.parameters()] == before
    assert model.training


def test_dropout_is_off_and_afterwards_as_before() -> None:
    model = Sequential(layer_of("identity", (1.0, 0.0)), Dropout(0.9), relu)
    plot_activations(model, [[1.0]] * 20)
    with watching(model) as seen:
        pass
    assert seen == {"0": seen["0"]}
    assert model.training
    said = title(model, [[1.0]] * 20, layers="2")
    assert said.startswith("2: relu, 1 unit No dead units; the inputs are hardly told apart")


def test_dead_units_are_counted() -> None:
    layer = layer_of("relu", (1.0, 0.0), (-1.0, -5.0), (0.0, 0.0), (1.0, -10.0))
    assert (
        title(layer, [[-1.0], [1.0], [2.0]])
        == "Layer: relu, 4 units 3 of 4 units are dead: 0 for every input"
    )
    assert title(layer_of("relu", (1.0, 5.0)), [[-1.0], [1.0]]) == "Layer: relu, 1 unit No dead units"


def test_zeros_of_a_relu_have_a_bar_of_their_own() -> None:
    ax = plot_activations(layer_of("relu", (1.0, 0.0)), [[-2.0], [-1.0], [1.0], [2.0]]).axes[0]
    assert ax.get_legend_handles_labels()[1] == ["exactly 0: 50%"]
    heights = [bar.get_height() for bar in ax.patches]  # type: ignore[attr-defined]
    assert sum(heights) == pytest.approx(1.0)
    assert heights[-1] == 0.5


@pytest.mark.parametrize(
    ("activation", "flat", "steep"), [("tanh", 2.3, 2.1), ("sigmoid", 4.4, 4.3), ("softsign", 3.6, 3.4)]
)
def test_a_unit_is_saturated_where_the_slope_is_below_a_twentieth_of_the_largest(
    activation: str, flat: float, steep: float
) -> None:
    xs = [[1.0], [-1.0]]
    assert title(layer_of(activation, (flat, 0.0), (steep, 0.0)), xs) == (
        f"Layer: {activation}, 2 units 1 of 2 units is saturated, 50% of the outputs are"
    )
    assert (
        title(layer_of(activation, (steep, 0.0)), xs) == f"Layer: {activation}, 1 unit No unit is saturated"
    )


def test_a_unit_is_saturated_only_where_it_is_so_for_nine_inputs_of_ten() -> None:
    layer = layer_of("tanh", (5.0, 0.0))
    assert "1 of 1 units is saturated, 90%" in title(layer, [[1.0]] * 9 + [[0.0]])
    assert "No unit is saturated, 80%" in title(layer, [[1.0]] * 8 + [[0.0]] * 2)


def test_a_layer_that_tells_nothing_apart_is_named() -> None:
    layer = layer_of("sigmoid", (1e-4, 0.0), (2e-4, 0.5))
    assert "The inputs are hardly told apart: no unit's outputs differ by more than" in title(
        layer_of("identity", (1e-5, 0.5)), [[0.0], [1.0]]
    )
    assert "the inputs are hardly told apart" in title(layer, [[0.0], [1.0]])
    assert "told apart" not in title(layer, [[0.0]])


def test_nan_and_inf_are_counted_and_left_out() -> None:
    layer = layer_of("identity", (1.0, 0.0))
    assert (
        title(layer, [[1.0], [math.nan], [math.inf]])
        == "Layer: identity, 1 unit 2 outputs are nan or inf and not drawn"
    )


def test_outputs_that_no_scale_holds_are_left_out_too() -> None:
    assert "1 outputs are nan, inf or beyond 1e150" in title(
        layer_of("identity", (1e200, 0.0)), [[0.0], [1.0]]
    )


def test_sparse_layers_and_all_outputs_alike_are_drawn() -> None:
    assert "2 units" in title(SparseLayer([[1, 0], [0, 1]], seed=1), [[0.5, 0.5]])


def test_layers_are_chosen_by_name_and_one_goes_into_an_ax() -> None:
    from matplotlib.figure import Figure

    model, mine = MLP(2, [3, 3, 1], seed=1), Figure()
    ax = mine.subplots()
    assert plot_activations(model, [[1.0, 2.0]], ax, layers=["layers.1"]) is mine
    assert ax.get_title(loc="left").startswith("layers.1: relu, 3 units")
    assert len(plot_activations(model, [[1.0, 2.0]], layers=["layers.0", "layers.2"]).axes) == 2


def test_nothing_is_recorded() -> None:
    model = Line()
    kept: list[Value] = []

    class Keeping(Line):
        def __call__(self, x: float) -> Value:
            kept.append(super().__call__(x))
            return kept[-1]

    plot_activations(Keeping(), [1.0])
    assert kept[0].primitive is None
    assert model.slope.grad == 0.0


wrong: Any = abs


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plot_activations(wrong, [1.0]), TypeError, "takes a Module, such as an MLP, got"),
        (lambda: plot_activations(MLP(1, [1]), []), ValueError, "needs 1 to 5000 inputs, got 0"),
        (
            lambda: plot_activations(MLP(1, [1]), [[0.0]] * 5001),
            ValueError,
            "needs 1 to 5000 inputs, got 5001",
        ),
        (
            lambda: plot_activations(MLP(1, [1]), wrong),
            TypeError,
            "takes a sequence of examples, got <built-in function abs>",
        ),
        (
            lambda: plot_activations(MLP(1, [1, 1]), [[0.0]], layers=["hidden"]),
            ValueError,
            "got 'hidden'; the layers are layers.0, layers.1",
        ),
        (
            lambda: plot_activations(MLP(1, [1]), [[0.0]], layers=[]),
            ValueError,
            "got none; the layers are layers.0",
        ),
        (
            lambda: plot_activations(MLP(1, [1] * 17), [[0.0]]),
            ValueError,
            r"16 layers at most, and there are 17: choose some, layers=\['layers.0', 'l",
        ),
        (
            lambda: plot_activations(MLP(1, [1]), [[math.nan]]),
            ValueError,
            "all outputs of layers.0 are nan or inf; diagnose",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
