"""The gradient of a deep network of sigmoids vanishes on the way down, that of relus does not."""

from pathlib import Path
from xml.etree import ElementTree

import deep
import pytest

from chainrule.engine import Value, topological_order
from chainrule.nn import MLP

PICTURES = [
    "activations_relu.svg", "activations_sigmoid.svg", "flow_relu.svg", "flow_sigmoid.svg", "gradients.svg",
    "learning.svg", "path_relu.svg", "path_sigmoid.svg",
]  # fmt: skip


@pytest.fixture(scope="module")
def runs() -> list[deep.Run]:
    """Both networks after a few epochs."""
    return [deep.train(activation, 5, seed=1) for activation in ("sigmoid", "relu")]


def test_the_sigmoids_gradient_shrinks_at_every_layer_down(runs: list[deep.Run]) -> None:
    sigmoid, relu = runs
    assert sigmoid.norms[0] == sorted(sigmoid.norms[0])
    assert sigmoid.share < 1e-4
    assert min(relu.norms[0]) > 0.1 * max(relu.norms[0])
    assert sigmoid.moved[0] < 1e-3 * relu.moved[0]


def test_a_layers_norm_is_the_root_mean_square_of_its_gradient() -> None:
    run = deep.train("relu", 1, seed=1)  # one step over all points, whose gradient is still there
    gradients = [[p.grad for p in layer.parameters()] for layer in run.model.layers]
    assert run.norms == [pytest.approx([deep.root_mean_square(layer) for layer in gradients])]


def test_it_is_named_in_words(runs: list[deep.Run]) -> None:
    sigmoid, relu = runs
    assert sigmoid.words == "vanishing gradient: the first layer's is 1/25,184 of the output's"
    assert relu.words == "healthy gradient: the first layer's is 45% of the output's"


def test_both_networks_start_from_the_same_weights_and_repeat() -> None:
    sigmoid, relu = (MLP(2, [8, 1], activation, seed=1) for activation in ("sigmoid", "relu"))
    assert [p.data for p in sigmoid.parameters()] == [p.data for p in relu.parameters()]
    assert deep.train("relu", 2, seed=1).norms == deep.train("relu", 2, seed=1).norms


def test_a_path_multiplies_weights_and_slopes() -> None:
    def gradient_of_x(root: Value) -> float:
        [x] = [node for node in topological_order(root) if node.label == "x"]
        return x.grad

    assert gradient_of_x(deep.path_through("relu")) == pytest.approx(0.9**4, rel=1e-14)
    assert gradient_of_x(deep.path_through("sigmoid")) < (0.9 / 4) ** 4


def test_the_script_prints_and_draws_in_its_short_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep.main(["--short", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "vanishing gradient: the first layer's is 1/25,184" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == PICTURES
    for name in PICTURES:
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")
