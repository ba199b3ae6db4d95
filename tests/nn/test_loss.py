"""Losses: values, deltas, extremes and refusals."""

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from chainrule.engine import Value
from chainrule.nn import (
    MLP,
    half_squared_error,
    hinge,
    l2,
    log_loss,
    log_loss_from_logits,
    softmax_cross_entropy,
    squared_error,
)


def gradients(loss: Value, leaves: list[Value]) -> list[float]:
    loss.backward()
    return [leaf.grad for leaf in leaves]


def test_squared_error_has_the_delta_two_o_minus_y() -> None:
    outputs = [Value(1.25), Value(-0.5)]
    loss = squared_error(outputs, [1.0, 2.0])
    assert loss.data == 0.25**2 + 2.5**2
    assert gradients(loss, outputs) == [0.5, -5.0]


def test_half_squared_error_has_the_delta_o_minus_y() -> None:
    outputs = [Value(1.25), Value(-0.5)]
    assert gradients(half_squared_error(outputs, [1.0, 2.0]), outputs) == [0.25, -2.5]


@pytest.mark.parametrize("target", [0, 1, 0.25])
def test_log_loss_through_a_sigmoid_has_the_delta_o_minus_y(target: float) -> None:
    z = Value(0.7)
    o = z.sigmoid()
    assert gradients(log_loss(o, target), [z]) == pytest.approx([o.data - target], rel=1e-14)


@pytest.mark.parametrize("target", [0, 1, 0.25])
def test_log_loss_from_logits_is_the_log_loss_of_the_sigmoid(target: float) -> None:
    z = Value(0.7)
    from_logits = log_loss_from_logits(z, target)
    assert from_logits.data == pytest.approx(log_loss(z.sigmoid(), target).data, rel=1e-14)
    assert gradients(from_logits, [z]) == pytest.approx([z.sigmoid().data - target], rel=1e-14)


@pytest.mark.parametrize(
    ("logit", "target", "loss", "delta"),
    [(1000.0, 1, 0.0, 0.0), (-1000.0, 1, 1000.0, -1.0), (1000.0, 0, 1000.0, 1.0), (-1000.0, 0, 0.0, 0.0)],
)
def test_log_loss_from_logits_is_exact_where_the_sigmoid_has_saturated(
    logit: float, target: int, loss: float, delta: float
) -> None:
    z = Value(logit)
    result = log_loss_from_logits(z, target)
    assert result.data == loss
    assert gradients(result, [z]) == [delta]


def test_a_certain_and_right_probability_costs_nothing() -> None:
    assert log_loss(Value(1.0), 1).data == 0.0
    assert log_loss(Value(0.0), 0).data == 0.0


def test_a_certain_and_wrong_probability_costs_infinitely_much() -> None:
    assert log_loss(Value(0.0), 1).data == math.inf


def test_softmax_cross_entropy_has_the_deltas_o_minus_y() -> None:
    logits = [Value(-2.85), Value(0.86), Value(0.28)]
    softmax = [math.exp(z.data) / sum(math.exp(v.data) for v in logits) for z in logits]
    loss = softmax_cross_entropy(logits, 2)
    assert loss.data == pytest.approx(-math.log(softmax[2]), rel=1e-14)
    assert gradients(loss, logits) == pytest.approx([softmax[0], softmax[1], softmax[2] - 1.0], rel=1e-14)


def test_a_one_hot_target_is_the_class_it_marks() -> None:
    logits = [Value(-2.85), Value(0.86), Value(0.28)]
    assert softmax_cross_entropy(logits, [0, 0, 1]).data == pytest.approx(
        softmax_cross_entropy(logits, 2).data, rel=1e-15
    )


def test_target_probabilities_weigh_the_classes() -> None:
    logits = [Value(0.5), Value(-1.0)]
    mixed = 0.3 * softmax_cross_entropy(logits, 0) + 0.7 * softmax_cross_entropy(logits, 1)
    assert softmax_cross_entropy(logits, [0.3, 0.7]).data == pytest.approx(mixed.data, rel=1e-14)


def test_softmax_cross_entropy_takes_huge_logits() -> None:
    logits = [Value(1e300), Value(-1e300)]
    loss = softmax_cross_entropy(logits, 0)
    assert loss.data == 0.0
    assert gradients(loss, logits) == [0.0, 0.0]


@pytest.mark.parametrize(
    ("score", "target", "loss", "delta"), [(0.25, 1, 0.75, -1.0), (0.25, -1, 1.25, 1.0), (2.0, 1, 0.0, 0.0)]
)
def test_hinge_pushes_until_the_margin_is_one(score: float, target: int, loss: float, delta: float) -> None:
    s = Value(score)
    result = hinge(s, target)
    assert result.data == loss
    assert gradients(result, [s]) == [delta]


def test_l2_is_one_node_with_the_derivative_two_p() -> None:
    parameters = [Value(3.0), Value(-4.0)]
    penalty = l2(parameters)
    assert penalty.data == 25.0
    assert gradients(penalty, parameters) == [6.0, -8.0]


@pytest.mark.parametrize("thing", [MLP(2, [1]), 3.0, None], ids=repr)
def test_l2_of_what_is_no_list_says_to_pass_the_parameters(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"^l2 takes a list of Values, got .*: pass model\.parameters\(\)$"):
        l2(thing)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda: squared_error([Value(1.0)], [1.0, 2.0]), "squared_error got 1 outputs and 2 targets"),
        (lambda: squared_error([], []), "squared_error needs at least one output, got none"),
        (lambda: log_loss(Value(1.2), 1), "probabilities between 0 and 1, got .*: for a raw score"),
        (lambda: log_loss(Value(math.nan), 1), "log_loss takes probabilities between 0 and 1"),
        (lambda: log_loss(Value(0.5), 2), "log_loss takes targets between 0 and 1, got 2"),
        (lambda: log_loss_from_logits(Value(0.5), -1), "log_loss_from_logits takes targets between"),
        (lambda: softmax_cross_entropy([Value(0.0)] * 3, 3), "has 3 classes, 0 to 2, got target 3"),
        (lambda: softmax_cross_entropy([Value(0.0)] * 3, -1), "has 3 classes, 0 to 2, got target -1"),
        (
            lambda: softmax_cross_entropy([Value(0.0)] * 3, cast(Any, 1.5)),
            "has 3 classes, 0 to 2, got target 1.5",
        ),
        (
            lambda: softmax_cross_entropy([Value(0.0)] * 3, cast(Any, math.nan)),
            "has 3 classes, 0 to 2, got target nan",
        ),
        (lambda: softmax_cross_entropy([Value(0.0)] * 3, [0, 1]), "has 3 classes but 2 target probabilities"),
        (
            lambda: softmax_cross_entropy([Value(0.0)] * 2, [-1, 2]),
            "target probabilities between 0 and 1, got -1",
        ),
        (
            lambda: softmax_cross_entropy([Value(0.0)] * 2, cast(Any, "1")),
            "has 2 classes, 0 to 1, got target '1'",
        ),
        (lambda: softmax_cross_entropy([], []), "needs at least one"),
        (lambda: hinge(Value(0.5), 0), "hinge takes targets -1 and 1, got 0"),
    ],
)
def test_wrong_targets_are_refused(loss: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loss()


def test_one_value_is_no_list_of_logits() -> None:
    with pytest.raises(TypeError, match="needs a list of logits, one for each class, got one Value"):
        softmax_cross_entropy(Value(0.0), 0)  # type: ignore[arg-type]


def test_plain_numbers_as_outputs_are_constants() -> None:
    assert squared_error(1.0, 2.0).data == squared_error([1.0], [2.0]).data == 1.0  # type: ignore[call-overload]
    assert isinstance(log_loss(0.5, 1), Value)  # type: ignore[call-overload]


def test_targets_may_be_numpys() -> None:
    logits = [Value(0.5), Value(-1.0)]
    expected = softmax_cross_entropy(logits, 1).data
    for target in (np.int64(1), np.array(1), np.array([0.0, 1.0])):
        assert softmax_cross_entropy(logits, target).data == pytest.approx(expected, rel=1e-15)
    assert squared_error(logits, np.array([1.0, 2.0])).data == 0.25 + 9.0
