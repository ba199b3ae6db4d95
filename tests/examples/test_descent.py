"""Walks in the plane of two weights go where the example says, and momentum leaves the valley it should."""

import math
from pathlib import Path
from xml.etree import ElementTree

import descent
import pytest

PICTURES = ["leaving.svg", "momentum.svg", "noise.svg", "plane.svg"]
FLOWERS = descent.flowers()


def test_the_loss_in_floats_is_the_loss_of_the_values() -> None:
    line = descent.Line((0.7, -0.3))
    assert line.loss(FLOWERS) == pytest.approx(descent.loss_at((0.7, -0.3), FLOWERS), rel=1e-14)
    assert line.gradient == pytest.approx(descent.gradient_at((0.7, -0.3), FLOWERS), rel=1e-13)
    assert math.isfinite(descent.loss_at((1e5, 0.0), FLOWERS))


def test_the_lowest_point_is_flat_and_lower_than_around_it() -> None:
    bottom = descent.lowest(FLOWERS)
    line = descent.Line(bottom)
    line.loss(FLOWERS)
    assert math.hypot(*line.gradient) < 1e-12
    around = [(bottom[0] + dx, bottom[1] + dy) for dx, dy in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01))]
    assert all(descent.loss_at(point, FLOWERS) > descent.loss_at(bottom, FLOWERS) for point in around)


def test_smaller_batches_go_further_in_an_epoch_and_in_noisier_directions() -> None:
    batch, mini, stochastic, falling = descent.walks(FLOWERS, 5, seed=1)
    assert [one.steps_an_epoch for one in (batch, mini, stochastic)] == [1, 10, 100]
    assert [len(one.path) - 1 for one in (batch, mini, stochastic)] == [5, 50, 500]
    assert batch.losses[1] > mini.losses[1] > stochastic.losses[1]
    assert max(batch.angles) == pytest.approx(0.0, abs=1e-5)
    assert 0.0 < sum(mini.angles) / 50 < sum(stochastic.angles) / 500
    assert batch.length < mini.length < falling.length < stochastic.length
    assert descent.walks(FLOWERS, 5, seed=1)[2] == stochastic


def test_the_angle_between_directions_is_in_degrees() -> None:
    assert descent.angle((1.0, 0.0), (0.0, 2.0)) == pytest.approx(90.0)
    assert descent.angle((1.0, 1.0), (-1.0, -1.0)) == pytest.approx(180.0)


def test_momentum_carries_a_start_on_the_slope_over_the_hill_and_one_at_its_foot_not() -> None:
    none, some = descent.ends((-2.0, -0.5, 2.0), (0.0, 0.9), 150)
    assert none == [descent.LOCAL, descent.LOCAL, descent.GLOBAL]
    assert some == [descent.GLOBAL, descent.LOCAL, descent.GLOBAL]


def test_the_script_prints_and_draws_in_its_short_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    losses = descent.main(["--short", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert len(losses) == 4
    assert "The lowest loss is 0.5527" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == PICTURES
    for name in PICTURES:
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")
