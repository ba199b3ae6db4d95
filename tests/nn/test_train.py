"""fit: its modes, its steps, what clips them, and the schedules of their learning rates."""

import gc
import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from fitted_lines import INPUTS, TARGETS, line, trained

from chainrule.engine import Value
from chainrule.nn import MLP, SGD, Adam, fit, half_squared_error, hinge, moons, squared_error
from chainrule.nn.lr_scheduler import ExponentialLR, ReduceLROnPlateau
from chainrule.nn.step import Example, Step


def by_hand(batches: list[list[int]]) -> list[float]:
    """Gradient descent on a line, with the derivative written out."""
    w, b = (p.data for p in line().parameters())
    for batch in batches:
        errors = [(w * INPUTS[i][0] + b - TARGETS[i], INPUTS[i][0]) for i in batch]
        w -= 0.05 * sum(e * x for e, x in errors) / len(batch)
        b -= 0.05 * sum(e for e, _ in errors) / len(batch)
    return [w, b]


def shuffled_batches(size: int, epochs: int, seed: int) -> list[list[int]]:
    rng, order, batches = random.Random(seed), list(range(4)), []
    for _ in range(epochs):
        rng.shuffle(order)
        batches += [order[i : i + size] for i in range(0, 4, size)]
    return batches


def test_batch_mode_takes_one_step_an_epoch_down_the_mean_loss() -> None:
    model, _ = trained(batch_size=None)
    assert [p.data for p in model.parameters()] == pytest.approx(by_hand([[0, 1, 2, 3]] * 3), rel=1e-13)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_stochastic_and_mini_batch_modes_step_after_each_shuffled_batch(size: int) -> None:
    model, _ = trained(batch_size=size, seed=4)
    expected = by_hand(shuffled_batches(size, epochs=3, seed=4))
    assert [p.data for p in model.parameters()] == pytest.approx(expected, rel=1e-13)


def test_the_same_seed_gives_the_same_run_to_the_last_bit() -> None:
    assert trained(batch_size=2, seed=1)[1] == trained(batch_size=2, seed=1)[1]
    assert trained(batch_size=2, seed=1)[1] != trained(batch_size=2, seed=2)[1]


def test_the_moons_are_told_apart() -> None:
    points, sides = moons(60, noise=0.1, seed=0)
    model = MLP(2, [8, 1], activation="tanh", seed=0)
    fit(
        model,
        points,
        sides,
        loss=hinge,
        optimizer=Adam(model.parameters(), lr=0.05),
        epochs=40,
        batch_size=10,
        seed=0,
    )
    right = sum((model(point) > 0) == (side > 0) for point, side in zip(points, sides, strict=True))
    assert right >= 58


def test_the_collector_is_back_after_a_loss_that_raises() -> None:
    def failing(output: Value, target: float) -> Value:
        assert not gc.isenabled()
        raise KeyError("from the loss")

    model = line()
    optimizer = SGD(model.parameters())
    with pytest.raises(KeyError, match="from the loss"):
        fit(model, INPUTS, TARGETS, loss=failing, optimizer=optimizer, progress=False)
    assert gc.isenabled()


def test_batch_mode_keeps_the_order_of_the_examples() -> None:
    seen: list[float] = []

    def noting(output: Value, target: float) -> Value:
        seen.append(target)
        return squared_error(output, target)

    model = line()
    fit(model, INPUTS, TARGETS, loss=noting, optimizer=SGD(model.parameters()), epochs=2, seed=0)
    assert seen == TARGETS * 2


def test_without_shuffling_mini_batches_keep_the_order() -> None:
    model, _ = trained(batch_size=3, shuffle=False)
    assert [p.data for p in model.parameters()] == pytest.approx(by_hand([[0, 1, 2], [3]] * 3), rel=1e-13)


def test_a_function_of_leaves_is_trained_too() -> None:
    w = Value(1.0)
    history = fit(
        lambda x: w * x, [1.0, 2.0], [3.0, 6.0], loss=squared_error, optimizer=SGD([w], lr=0.2), epochs=50
    )
    assert w.data == pytest.approx(3.0, rel=1e-9)
    assert list(history.gradient_norms[0]) == ["parameters"]


def gradients(**more: Any) -> list[float]:
    """Return the step that one epoch takes at a learning rate of 1: the gradient, after clipping."""
    model = line()
    before = [p.data for p in model.parameters()]
    optimizer = SGD(model.parameters(), lr=1.0)
    fit(model, INPUTS, TARGETS, loss=half_squared_error, optimizer=optimizer, epochs=1, **more)
    return [old - p.data for old, p in zip(before, model.parameters(), strict=True)]


def test_clipping_shortens_the_step_and_not_what_the_history_says() -> None:
    free = gradients()
    assert math.hypot(*free) > 1.0
    assert gradients(clip_norm=0.5) == pytest.approx([0.5 * g / math.hypot(*free) for g in free], rel=1e-5)
    assert gradients(clip_value=0.25) == pytest.approx([math.copysign(0.25, g) for g in free], rel=1e-12)
    assert gradients(clip_norm=1e6, clip_value=1e6) == free
    history = trained(None, epochs=1, clip_norm=0.5)[1]
    assert history.gradient_norm("layers.0") == [pytest.approx(math.hypot(*free), rel=1e-12)]


def test_another_step_takes_the_eager_ones_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def formulas(model: Any, loss: Any, metrics: Any, between: Any) -> Step:
        """Return the step of half the squared error of a line, without recording anything."""
        w, b = model.parameters()

        def step(batch: Sequence[Example]) -> list[list[float]]:
            between()
            errors = [w.data * x + b.data - target for [x], target in batch]
            w.grad += sum(e * x for e, ([x], _) in zip(errors, batch, strict=True)) / len(batch)
            b.grad += sum(errors) / len(batch)
            return [[e * e / 2] for e in errors]

        return step

    settings: dict[str, Any] = {"epochs": 4, "batch_size": 2, "validation": 0.25, "clip_norm": 2.0}
    model, history = trained(**settings)
    monkeypatch.setattr("chainrule.nn.train.eager_step", formulas)
    other, same = trained(**settings)
    assert [p.data for p in other.parameters()] == pytest.approx(
        [p.data for p in model.parameters()], rel=1e-13
    )
    assert same.loss == pytest.approx(history.loss, rel=1e-13)
    assert same.validation_loss == pytest.approx(history.validation_loss, rel=1e-13)


def test_schedules_step_after_each_epoch_or_each_step() -> None:
    for every, expected in (("epoch", [1.0, 0.5, 0.25]), ("step", [0.5, 0.125, 0.03125])):
        model = line()
        optimizer = SGD(model.parameters(), lr=1e-3)
        schedule = ExponentialLR(optimizer, 0.5)
        history = fit(
            model,
            INPUTS,
            TARGETS,
            loss=half_squared_error,
            optimizer=optimizer,
            epochs=3,
            batch_size=2,
            schedule=schedule,
            schedule_every=every,  # type: ignore[arg-type]  # a loop over its words
        )
        assert history.learning_rate == pytest.approx([1e-3 * factor for factor in expected], rel=1e-12)


def test_a_plateau_is_looked_for_in_the_validation_loss_if_there_is_one() -> None:
    seen: list[float] = []

    class Noting(ReduceLROnPlateau):
        def step(self, metrics: Any, epoch: int | None = None) -> None:
            seen.append(metrics)

    for validation in (None, (INPUTS[:2], TARGETS[:2])):
        model = line()
        optimizer = SGD(model.parameters(), lr=0.05)
        settings: dict[str, Any] = {"loss": half_squared_error, "optimizer": optimizer, "epochs": 2}
        history = fit(model, INPUTS, TARGETS, schedule=Noting(optimizer), validation=validation, **settings)
        assert seen == (history.validation_loss if validation else history.loss)
        seen.clear()


def test_groups_of_parameters_have_a_learning_rate_each() -> None:
    model = line()
    w, b = model.parameters()
    optimizer = SGD([{"params": [w]}, {"params": [b], "lr": 0.5}], lr=0.1)
    history = fit(model, INPUTS, TARGETS, loss=half_squared_error, optimizer=optimizer, epochs=1)
    assert history.learning_rates == [[0.1, 0.5]]
