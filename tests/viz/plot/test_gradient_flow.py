"""The picture of gradients: their sizes are those of the parameters, and what vanishes is named."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from chainrule.engine import Value
from chainrule.nn import MLP, SGD, History, Linear, Module, Sequential, fit, squared_error, tanh
from chainrule.viz import plot_gradient_flow


def with_gradients(*layers: float) -> MLP:
    """Return a model whose layers have these root mean squares of the gradient."""
    model = MLP(1, [1] * len(layers), seed=0)
    for layer, size in zip(model.layers, layers, strict=True):
        for p in layer.parameters():
            p.grad = size
    return model


def history(**norms: list[float]) -> History:
    epochs = zip(*norms.values(), strict=True)
    return History(gradient_norms=[dict(zip(norms, epoch, strict=True)) for epoch in epochs])


def title(source: Any, **settings: Any) -> str:
    return " ".join(plot_gradient_flow(source, **settings).axes[0].get_title(loc="left").split())


def lines(source: Any, **settings: Any) -> dict[str, list[float]]:
    ax: Any = plot_gradient_flow(source, **settings).axes[0]
    return {str(line.get_label()): [float(y) for y in line.get_ydata()] for line in ax.lines}


def test_root_mean_square_and_largest_are_those_of_the_parameters() -> None:
    model = Sequential(Linear(1, 2, seed=1), tanh, Linear(2, 1, seed=2))
    for p, gradient in zip(model.parameters(), [3.0, -4.0, 0.0, 0.0, 1.0, -2.0, 2.0], strict=True):
        p.grad = gradient
    found = lines(model)
    assert found["root mean square of dL/dw"] == pytest.approx([2.5, math.sqrt(3.0)])
    assert found["largest |dL/dw|"] == [4.0, 2.0]
    ax = plot_gradient_flow(model).axes[0]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "2"]
    assert ax.get_yscale() == "log"


def test_a_deep_network_of_sigmoids_vanishes_and_one_of_relus_does_not() -> None:
    said = {}
    for activation in ("sigmoid", "relu"):
        model = MLP(2, [6] * 8 + [1], activation, seed=1)
        squared_error(model([0.5, -0.5]), 1.0).backward()
        said[activation] = title(model)
    assert said["sigmoid"].startswith("Vanishing gradients: layers.0 to layers.")
    assert said["sigmoid"].endswith("times slower than layers.8")
    assert said["relu"] == "No layer's gradient is below 1/1000 or above 1000 times that of layers.8"


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((2e-4, 1.0), "V: N0 learns 5,000 times slower than N1"),
        ((1e-5, 2e-4, 1.0), "V: N0 and N1 learn 5,000 to 100,000 times slower than N2"),
        ((1e-9, 1e-9, 1e-9, 1.0), "V: N0 to N2 learn 1e+09 times slower than N3"),
        ((1e-4, 1.0, 1e-4, 1.0), "V: N0 and N2 learn 10,000 times slower than N3"),
        ((1.001e-3, 1.0), "no layer's gradient is below 1/1000 or above 1000 times that of N1"),
        ((2e3, 1.0), "Exploding gradients: N0 has gradients 2,000 times those of N1"),
        ((0.0, 1.0), "no gradient at all, exactly 0, in N0"),
        ((1.0, 0.0), "no gradient at all, exactly 0, in N1"),
        ((math.nan, 1.0), "nan or inf in N0: diagnose(loss) names the operation where it began"),
        ((math.inf, math.nan), "nan or inf in N0 and N1: diagnose(loss) names the operation where it began"),
        ((1e200, 1.0), "nan, inf or beyond 1e150 in N0: diagnose(loss) names the operation where it began"),
        ((1e-300, 1.0), "V: N0 learns 1e+300 times slower than N1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(sizes: tuple[float, ...], words: str) -> None:
    """The words are shortened: V for vanishing gradients, N for a layer's name."""
    words = words.replace("N", "layers.").replace("V:", "Vanishing gradients:")
    assert title(with_gradients(*sizes)) == words[0].upper() + words[1:]


def test_what_has_no_place_on_the_scale_is_marked() -> None:
    ax: Any = plot_gradient_flow(with_gradients(1.0, 0.0, 1.0)).axes[0]
    assert ax.get_legend_handles_labels()[1][-1] == "0, nan or inf: not on the scale"
    assert list(ax.lines[-1].get_xdata()) == [1]


def test_gradients_too_large_to_square_are_measured() -> None:
    assert lines(with_gradients(1e149, 1e149))["root mean square of dL/dw"] == pytest.approx([1e149, 1e149])


def test_many_layers_have_ticks_that_can_be_read() -> None:
    ax: Any = plot_gradient_flow(with_gradients(*[1.0] * 40)).axes[0]
    assert len(ax.get_xticks()) <= 16
    assert len(ax.lines[0].get_ydata()) == 40


def test_the_history_of_fit_is_a_line_for_each_layer() -> None:
    model = MLP(1, [3, 1], activation="tanh", seed=0)
    seen = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss=squared_error, epochs=5,
               optimizer=SGD(model.parameters(), lr=0.1))  # fmt: skip
    assert lines(seen) == {name: pytest.approx(seen.gradient_norm(name)) for name in ("layers.0", "layers.1")}
    assert list(lines(seen, layers=["layers.1"])) == ["layers.1"]


def test_first_and_last_epoch_are_judged_apart() -> None:
    assert title(history(a=[1e-5, 0.5], b=[1.0, 1.0])) == (
        "First epoch: vanishing gradients: a learns 100,000 times slower than b. Last: no layer's "
        "gradient is below 1/1000 or above 1000 times that of b"
    )


def test_of_many_layers_eight_are_shown_first_and_last_among_them() -> None:
    found = lines(history(**{f"layer{i}": [1.0, 0.5] for i in range(30)}))
    assert len(found) == 8
    assert {"layer0", "layer29"} <= set(found)
    assert "8 of 30 layers are shown" in title(history(**{f"layer{i}": [1.0, 0.5] for i in range(30)}))


wrong: Any = Value(1.0)


class Empty(Module):
    """Holds nothing."""


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: plot_gradient_flow(MLP(1, [1])),
            ValueError,
            r"every gradient of the model is 0: call loss.backward\(\)",
        ),
        (lambda: plot_gradient_flow(Empty()), ValueError, "Empty has no parameters"),
        (
            lambda: plot_gradient_flow(wrong),
            TypeError,
            "a model after backward.., or fit's history, got Value",
        ),
        (
            lambda: plot_gradient_flow(History()),
            ValueError,
            "a history with gradient norms, as fit writes it",
        ),
        (
            lambda: plot_gradient_flow(history(a=[0.0, math.nan])),
            ValueError,
            "every gradient in the history is 0 or nan or inf",
        ),
        (
            lambda: plot_gradient_flow(with_gradients(1.0, 1.0), layers=["layers.2"]),
            ValueError,
            "got 'layers.2'; the layers are layers.0, layers.1",
        ),
        (
            lambda: plot_gradient_flow(with_gradients(1.0), layers=[]),
            ValueError,
            "got none; the layers are layers.0",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
