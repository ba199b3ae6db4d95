"""The iris example learns to tell the flowers apart, and its picture calls every weight by its neuron."""

from pathlib import Path
from xml.etree import ElementTree

import iris
import pytest

from chainrule.engine import topological_order
from chainrule.nn import Parameter


def test_nearly_all_held_out_flowers_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert iris.main(["--no-pictures", "--epochs", "20"]) > 0.95
    table = capsys.readouterr().out.split("virginica\n  ---")[1].splitlines()[1:4]
    assert [row.split()[0] for row in table] == ["setosa", "versicolor", "virginica"]
    assert sum(int(number) for row in table for number in row.split()[1:]) == 45


def test_weights_are_called_by_the_neuron_and_their_place_in_it() -> None:
    loss = iris.flower_graph(epochs=1, seed=0)
    labels = {value.label for value in topological_order(loss) if isinstance(value, Parameter)}
    neurons = ["hidden 1", "hidden 2", "setosa", "versicolor", "virginica"]
    assert labels == {f"{neuron} {part}" for neuron in neurons for part in ("w[0]", "w[1]", "b")}


def test_both_pictures_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    iris.main(["--epochs", "2", "--out", str(tmp_path)])
    assert f"Pictures: {tmp_path}" in capsys.readouterr().out
    for name in ("loss.svg", "flower.svg"):
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")
