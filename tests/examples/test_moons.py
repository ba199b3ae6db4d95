"""micrograd's demo: the steps are the same on Values and in machine code, and the points are learned."""

import moons
import pytest

from chainrule.engine import total
from chainrule.nn import MLP, hinge


def test_compiled_steps_are_those_on_values() -> None:
    runs = [moons.train(12, 1337, compiled) for compiled in (False, True)]
    (model, history, points, sides), (other, same, *_) = runs
    assert same.loss == pytest.approx(history.loss, rel=1e-12)
    numbers = [p.data for p in model.parameters()]
    assert [p.data for p in other.parameters()] == pytest.approx(numbers, rel=1e-9, abs=1e-13)
    assert moons.accuracy(model, points, sides) == moons.accuracy(other, points, sides)


def test_the_penalty_is_the_slope_of_the_squares() -> None:
    # One step from the same weights, by the loss as micrograd's demo writes it.
    model, _, points, sides = moons.train(1, 3, compiled=False)
    by_hand = MLP(2, [16, 16, 1], seed=3)
    losses = [hinge(by_hand(point), side) for point, side in zip(points, sides, strict=True)]
    squares = total([p * p for p in by_hand.parameters()])
    (total(losses) / 100 + moons.PENALTY * squares).backward()
    moved = [p.data - p.grad for p in by_hand.parameters()]
    assert [p.data for p in model.parameters()] == pytest.approx(moved, rel=1e-12)


def test_every_point_is_learned(capsys: pytest.CaptureFixture[str]) -> None:
    assert moons.main(["--compiled", "--no-pictures"]) == 1.0
    last = [line for line in capsys.readouterr().out.splitlines() if line.startswith("step")][-1]
    assert last.startswith("step  99  loss 0.00")
    assert last.endswith("accuracy then 1.00")
