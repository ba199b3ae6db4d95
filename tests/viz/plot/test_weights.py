"""The picture of weights: every number where it belongs, zero in the middle of the colours."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from chainrule.nn import (
    MLP,
    Embedding,
    Layer,
    Module,
    Neuron,
    Parameter,
    Sequential,
    SparseLayer,
    squared_error,
)
from chainrule.viz import plot_weights


def image(ax: Any) -> Any:
    """Return the numbers of a panel's image as lists, nan for nothing."""
    return np.ma.filled(ax.images[0].get_array(), np.nan).tolist()


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_a_layer_is_a_row_for_each_neuron_with_the_bias_apart() -> None:
    layer = Layer(2, 2, seed=1)
    for p, x in zip(layer.parameters(), [1.0, -2.0, 0.5, 0.25, 0.0, -1.0], strict=True):
        p.data = x
    ax = plot_weights(layer).axes[0]
    assert image(ax) == [
        [1.0, -2.0, pytest.approx(math.nan, nan_ok=True), 0.5],
        [0.25, 0.0, pytest.approx(math.nan, nan_ok=True), -1.0],
    ]
    assert ax.get_title(loc="left") == "Layer: 2 neurons, 2 inputs"
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "1", "bias"]
    assert texts(ax) == ["1.00", "−2.00", "0.50", "0.25", "0.00", "−1.00"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_zero_has_the_grounds_colour_and_signs_are_blue_and_orange(theme: Any) -> None:
    layer = Layer(3, 1, "identity", seed=1, bias=False)
    for p, x in zip(layer.parameters(), [-2.0, 0.0, 1.0], strict=True):
        p.data = x
    shades: Any = plot_weights(layer, theme=theme).axes[0].images[0]
    assert shades.get_clim() == (-2.0, 2.0)
    (negative, zero, positive) = (shades.cmap(shades.norm(x)) for x in (-2.0, 0.0, 2.0))
    assert negative[2] > negative[0]  # more blue than red
    assert positive[0] > positive[2]
    assert max(zero[:3]) - min(zero[:3]) < 0.06


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_can_be_read_on_every_colour(theme: Any) -> None:
    def luminance(colour: Any) -> float:  # that of WCAG
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    layer = Layer(12, 5, "identity", seed=1, bias=False)
    for i, p in enumerate(layer.parameters()):
        p.data = (i - 30) / 30
    ax: Any = plot_weights(layer, theme=theme).axes[0]
    [shades] = ax.images
    assert len(ax.texts) == 60
    for text in ax.texts:
        column, row = text.get_position()
        dark, light = sorted(
            luminance(colour) for colour in (text.get_color(), shades.to_rgba(image(ax)[row][column]))
        )
        assert (light + 0.05) / (dark + 0.05) >= 4.0, text


def test_every_layer_of_a_model_has_a_panel_and_layers_can_be_chosen() -> None:
    model = MLP(2, [3, 2, 1], seed=1)
    assert [ax.get_title(loc="left") for ax in plot_weights(model).axes[:3]] == [
        "layers.0: 3 neurons, 2 inputs", "layers.1: 2 neurons, 3 inputs", "layers.2: 1 neuron, 2 inputs",
    ]  # fmt: skip
    mine = Figure()
    ax = mine.subplots()
    assert plot_weights(model, ax, layers=["layers.1"]) is mine
    assert ax.get_title(loc="left") == "layers.1: 2 neurons, 3 inputs"


def test_gradients_are_shown_in_place_of_weights() -> None:
    model = Layer(1, 1, "identity", seed=1)
    squared_error(model([2.0])[0], 5.0).backward()
    w, b = model.parameters()
    figure: Any = plot_weights(model, gradients=True)
    assert image(figure.axes[0])[0][0] == pytest.approx(w.grad)
    assert image(figure.axes[0])[0][2] == pytest.approx(b.grad)
    assert figure.words.startswith("Gradients dL/dw.")


def test_a_neurons_weights_are_an_image_where_its_inputs_are() -> None:
    model = MLP(6, [2, 1], seed=1)
    figure = plot_weights(model, layers=["layers.0"], shape=(2, 3))
    neuron = model.layers[0].neurons[1]
    assert image(figure.axes[1]) == [[w.data for w in neuron.w[:3]], [w.data for w in neuron.w[3:]]]
    assert [ax.get_title() for ax in figure.axes[:2]] == ["neuron 0", "neuron 1"]


def test_negative_cells_have_a_dash_where_numbers_do_not_fit() -> None:
    layer = Layer(20, 10, seed=1, bias=False)
    ax: Any = plot_weights(layer).axes[0]
    negative = sum(p.data < -0.02 * max(abs(q.data) for q in layer.parameters()) for p in layer.parameters())
    assert texts(ax) == []
    assert len(ax.lines[0].get_xdata()) == negative > 50


def test_connections_that_do_not_exist_are_hatched_and_no_numbers() -> None:
    ax = plot_weights(SparseLayer([[1, 0], [1, 1]], seed=1, bias=False)).axes[0]
    assert [patch.get_hatch() for patch in ax.patches] == ["////"]
    assert len(texts(ax)) == 3


def test_nan_and_inf_are_crossed_out_and_said() -> None:
    layer = Layer(2, 1, seed=1)
    layer.neurons[0].w[0].data, layer.neurons[0].w[1].data = math.nan, math.inf
    figure: Any = plot_weights(layer)
    assert [patch.get_hatch() for patch in figure.axes[0].patches] == ["xxxx", "xxxx"]
    assert figure.words == "Weights.\n3 numbers from 0 to 0; 2 are nan or inf, crossed out."


def test_numbers_that_no_scale_holds_are_crossed_out_too(tmp_path: Path) -> None:
    layer = Layer(2, 1, seed=1)
    layer.neurons[0].w[0].data = -1e200
    figure: Any = plot_weights(layer, path=tmp_path / "weights.png")
    assert figure.words.endswith("1 are nan, inf or beyond 1e150, crossed out.")


def test_a_limit_keeps_one_large_weight_from_washing_out_the_rest() -> None:
    layer = Layer(2, 1, seed=1)
    layer.neurons[0].w[0].data = 100.0
    figure: Any = plot_weights(layer, limit=0.5)
    assert figure.axes[0].images[0].get_clim() == (-0.5, 0.5)
    assert [text.get_text() for text in figure.axes[1].get_yticklabels()] == ["−0.5", "0", "0.5"]


class Pair(Module):
    """A number, a list and a matrix of parameters, held by oneself."""

    def __init__(self) -> None:
        self.scale, self.shift = Parameter(2.0), [Parameter(1.0), Parameter(-1.0)]
        self.table = [[Parameter(0.5)], [Parameter(0.25)]]


def test_parameters_of_every_form_are_shown() -> None:
    figure = plot_weights(Pair())
    assert [ax.get_title(loc="left") for ax in figure.axes[:3]] == [
        "scale: 1 neuron, 1 input", "shift: 1 neuron, 2 inputs", "table: 2 neurons, 1 input",
    ]  # fmt: skip
    assert "Embedding: 4 neurons, 3 inputs" in plot_weights(Embedding(4, 3, seed=1)).axes[0].get_title(
        loc="left"
    )
    assert plot_weights(Neuron(2, seed=1)).axes[0].images


def test_all_zero_weights_are_drawn() -> None:
    layer = Layer(1, 1, init="zeros")
    assert plot_weights(layer).axes[0].images[0].get_clim() == (-1.0, 1.0)


class Cube(Module):
    """Parameters in three dimensions."""

    def __init__(self) -> None:
        self.w = [[[Parameter(1.0)]]]


class Empty(Module):
    """Holds nothing."""


broken = Layer(1, 1, seed=0)
for _p in broken.parameters():
    _p.data = math.nan
anything: Any = "wrong"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: plot_weights(anything),
            TypeError,
            "takes a Module, such as an MLP or one of its layers, got 'wrong'",
        ),
        (lambda: plot_weights(Empty()), ValueError, "Empty has no parameters"),
        (
            lambda: plot_weights(Cube()),
            ValueError,
            r"shows numbers and matrices; w has the shape \[1, 1, 1\]",
        ),
        (
            lambda: plot_weights(MLP(1, [1]), layers=["layers.9"]),
            ValueError,
            "got 'layers.9'; the layers are layers.0",
        ),
        (lambda: plot_weights(MLP(1, [1]), layers=[]), ValueError, "got none; the layers are layers.0"),
        (
            lambda: plot_weights(MLP(1, [1] * 17)),
            ValueError,
            "16 layers at most, and there are 17: choose some",
        ),
        (
            lambda: plot_weights(MLP(4, [1, 1]), shape=(2, 2)),
            ValueError,
            r"there are 2: choose it, layers=\['layers.0'\]",
        ),
        (
            lambda: plot_weights(Layer(6, 1), shape=(2, 2)),
            ValueError,
            r"shape=\(2, 2\)\): Layer has 6 inputs",
        ),
        (
            lambda: plot_weights(Layer(6, 1), shape=anything),
            TypeError,
            r"takes \(rows, columns\), such as \(8, 8\), got",
        ),
        (
            lambda: plot_weights(Layer(1, 101), shape=(1, 1)),
            ValueError,
            "100 images at most, and there are 101 neurons",
        ),
        (
            lambda: plot_weights(Sequential(Layer(400, 251))),
            ValueError,
            "100,000 numbers at most, got 100,651",
        ),
        (
            lambda: plot_weights(Layer(1, 1), gradients=True),
            ValueError,
            r"every gradient is 0: call loss.backward\(\)",
        ),
        (lambda: plot_weights(broken), ValueError, "nothing to draw: all numbers are nan or inf"),
        (lambda: plot_weights(Layer(1, 1), limit=0.0), ValueError, "takes a number above 0, got 0.0"),
        (
            lambda: plot_weights(Layer(1, 1), limit=anything),
            ValueError,
            "takes a number above 0, got 'wrong'",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
