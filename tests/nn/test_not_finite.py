"""A loss or a gradient that becomes inf or nan while training."""

import math
from types import SimpleNamespace
from typing import Any

import pytest

from chainrule.engine import NotFiniteError, Value, strict
from chainrule.nn import MLP, SGD, History, fit, squared_error

INPUTS = [[1.0], [2.0], [math.nan], [3.0]]
TARGETS = [1.0, 2.0, 3.0, 4.0]


def trained(model: MLP, **more: Any) -> History:
    optimizer = SGD(model.parameters(), lr=0.05)
    return fit(
        model, INPUTS, TARGETS, loss=squared_error, optimizer=optimizer, batch_size=1, shuffle=False, **more
    )


def test_training_stops_with_the_place_and_what_to_do() -> None:
    model = MLP(1, [1], seed=0)
    with pytest.raises(NotFiniteError) as caught:  # and no warning, which would be an error here
        trained(model, epochs=3)
    assert str(caught.value) == (
        "fit stopped in epoch 1, step 3, at inputs[2]: the loss is nan; the first value on the way to it "
        "that is not finite is Constant(nan, grad=0). The parameters are those before this step. Look for "
        "inf and nan in the data, lower the learning rate (0.05), or clip the gradients (clip_norm=1.0). "
        "not_finite='stop' returns the history so far, 'skip' leaves such steps out and goes on"
    )


def test_the_parameters_are_those_before_the_step_that_failed() -> None:
    model, other = MLP(1, [1], seed=0), MLP(1, [1], seed=0)
    with pytest.raises(NotFiniteError):
        trained(model, epochs=1)
    optimizer = SGD(other.parameters(), lr=0.05)
    fit(
        other,
        INPUTS[:2],
        TARGETS[:2],
        loss=squared_error,
        optimizer=optimizer,
        epochs=1,
        batch_size=1,
        shuffle=False,
    )
    assert [p.data for p in model.parameters()] == [p.data for p in other.parameters()]
    assert [p.grad for p in model.parameters()] == [0.0, 0.0]


def test_the_place_is_that_in_the_inputs_also_after_shuffling() -> None:
    model = MLP(1, [1], seed=0)
    optimizer = SGD(model.parameters(), lr=0.05)
    with pytest.raises(NotFiniteError, match=r"at inputs\[2\]: the loss is nan"):
        fit(model, INPUTS, TARGETS, loss=squared_error, optimizer=optimizer, epochs=1, batch_size=3, seed=1)


def test_stopping_can_be_quiet_and_return_the_history() -> None:
    history = trained(MLP(1, [1], seed=0), epochs=3, not_finite="stop")
    assert history.loss == []
    assert history.stopped.startswith(
        "not finite in epoch 1, step 3, at inputs[2]: the loss is nan; the first"
    )


def test_steps_can_be_skipped_with_a_warning_for_each_epoch() -> None:
    model, other = MLP(1, [1], seed=0), MLP(1, [1], seed=0)
    losses: list[float] = []
    note = SimpleNamespace(on_step_end=lambda state: losses.append(state.loss))
    with pytest.warns(RuntimeWarning) as warned:
        history = trained(model, epochs=2, not_finite="skip", callbacks=[note])
    assert [math.isnan(loss) for loss in losses] == [False, False, True, False] * 2
    messages = [str(warning.message) for warning in warned]
    assert [message[:74] for message in messages] == [
        "fit skipped 1 of the 4 steps in epoch 1; the first: epoch 1, step 3, at in",
        "fit skipped 1 of the 4 steps in epoch 2; the first: epoch 2, step 3, at in",
    ]
    rest = [INPUTS[i] for i in (0, 1, 3)], [TARGETS[i] for i in (0, 1, 3)]
    optimizer = SGD(other.parameters(), lr=0.05)
    same = fit(other, *rest, loss=squared_error, optimizer=optimizer, epochs=2, batch_size=1, shuffle=False)
    assert [p.data for p in model.parameters()] == [p.data for p in other.parameters()]
    assert history == same


def test_an_epoch_in_which_every_step_is_skipped_has_no_scores() -> None:
    model = MLP(1, [1], seed=0)
    optimizer = SGD(model.parameters())
    with pytest.warns(RuntimeWarning, match="skipped 1 of the 1 steps"):
        history = fit(
            model, INPUTS, TARGETS, loss=squared_error, optimizer=optimizer, epochs=1, not_finite="skip"
        )
    assert math.isnan(history.loss[0])
    assert math.isnan(history.gradient_norm("layers.0")[0])


def test_a_gradient_that_is_not_finite_beside_a_loss_that_is_stops_too() -> None:
    w = Value(0.0)
    with pytest.raises(
        NotFiniteError, match="step 1: the loss is finite, but the gradient of parameters is not"
    ):
        fit(lambda x: w.sqrt() * x, [1.0], [2.0], loss=squared_error, optimizer=SGD([w]), epochs=1)
    assert w.data == 0.0


def test_a_rate_that_is_too_high_is_named() -> None:
    model = MLP(1, [4, 1], seed=0)
    optimizer = SGD(model.parameters(), lr=1e150)
    with pytest.raises(NotFiniteError, match=r"fit stopped in epoch 2.*lower the learning rate \(1e\+150\)"):
        fit(model, [[1.0]], [2.0], loss=squared_error, optimizer=optimizer, epochs=9)


def test_a_strict_block_names_the_operation() -> None:
    w = Value(0.0)
    with (
        strict(),
        pytest.raises(NotFiniteError, match=r"fit stopped in epoch 1, step 1: div\(x=1\.0, y=0\.0\) is"),
    ):
        fit(lambda x: x / w, [1.0], [2.0], loss=squared_error, optimizer=SGD([w]), epochs=1)
