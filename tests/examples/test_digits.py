"""The digits example learns, gives the same numbers each time, and draws what it says."""

from pathlib import Path
from xml.etree import ElementTree

import digits
import pytest

from chainrule.engine import no_grad, softmax
from chainrule.nn import MLP

PICTURES = ["flow.svg", "loss.svg", "mistakes.svg", "pixels.svg", "weights.svg"]


def test_the_parts_hold_every_digit_in_its_share() -> None:
    parts = digits.images(None, seed=0)
    assert (len(parts.train_inputs), len(parts.test_inputs)) == (1438, 359)
    assert {parts.test_targets.count(digit) for digit in range(10)} <= {35, 36, 37}
    assert {pixel for image in parts.train_inputs for pixel in image} == {n / 16 for n in range(17)}


def test_the_same_seed_gives_the_same_numbers_and_another_does_not() -> None:
    parts = digits.images(100, seed=0)
    (first, history), (again, same) = (digits.train(parts, 2, seed=3) for _ in range(2))
    assert history == same
    assert [p.data for p in first.parameters()] == [p.data for p in again.parameters()]
    assert digits.train(parts, 2, seed=4)[1].loss != history.loss


def test_the_gradient_by_pixels_is_the_slope_of_the_log_of_the_chance() -> None:
    model, image = MLP(64, [4, 10], activation="tanh", seed=0), [i % 17 / 16 for i in range(64)]

    def chance(pixels: list[float]) -> float:
        with no_grad():
            chances: list[float] = softmax([logit.data for logit in model(pixels)])
        return chances[7]

    slopes = digits.pixel_gradients(model, image, 7)
    for place in (0, 20, 63):
        up, down = ([x + h * (i == place) for i, x in enumerate(image)] for h in (1e-5, -1e-5))
        slope = (chance(up) - chance(down)) / 2e-5 / chance(image)
        assert slopes[place] == pytest.approx(slope, rel=1e-6)


def test_a_reading_says_what_was_read_and_what_it_is() -> None:
    reading = digits.Reading([0.0] * 64, 3, [0.0, 0.0, 0.0, 0.25, 0.0, 0.0, 0.0, 0.0, 0.75, 0.0])
    assert reading.read == 8
    assert reading.words == "read 8 (75%), is 3 (25%)"


def test_the_script_prints_and_draws_in_its_short_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accuracy = digits.main(["--short", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert accuracy > 0.5
    assert f"with 2,410 parameters: {accuracy:.1%} of the held-out images right" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == PICTURES
    for name in PICTURES:
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")
