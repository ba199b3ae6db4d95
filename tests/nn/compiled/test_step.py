"""compiled_step: one step in machine code for a loop of one's own."""

import math
import random
from typing import Any

import numpy as np
import pytest
from compiled_fits import POINTS, SIGNS, numbers, scorer, step_on_values

from chainrule.engine import NotFiniteError, RecordingError, Value
from chainrule.nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Dropout,
    Linear,
    Module,
    Sequential,
    compiled_step,
    half_squared_error,
    hinge,
    softmax_cross_entropy,
    squared_error,
)
from chainrule.nn.compiled.norms import Norms
from chainrule.nn.lr_scheduler import ExponentialLR
from chainrule.nn.optimizer import LBFGS


@pytest.mark.parametrize("held", [False, True])
def test_steps_are_those_on_values_for_batches_of_any_size(held: bool) -> None:
    model, other = scorer(), scorer()
    optimizer, others = AdamW(model.parameters(), lr=0.05), AdamW(other.parameters(), lr=0.05)
    schedule, same = ExponentialLR(optimizer, 0.95), ExponentialLR(others, 0.95)
    step = compiled_step(model, hinge, optimizer)
    rng = random.Random(1)
    for n in (8, 8, 3, 1, 20, 40, 7):
        places = rng.sample(range(40), n)
        xs, ys = [POINTS[place] for place in places], [SIGNS[place] for place in places]
        if held:
            with step:
                loss = step(xs, ys)
        else:
            loss = step(np.array(xs), np.array(ys))
        assert loss == pytest.approx(step_on_values(other, hinge, others, xs, ys), rel=1e-12)
        schedule.step()
        same.step()
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-12)
    assert [p.grad for p in model.parameters()] == pytest.approx(
        [p.grad for p in other.parameters()], rel=1e-11
    )
    state, expected = optimizer.states[0], others.states[0]
    assert (state["step"], list(state)) == (expected["step"], list(expected))
    assert state["exp_avg"] == pytest.approx(expected["exp_avg"], rel=1e-11)


def test_inside_the_block_parameters_stay_until_they_are_asked_for() -> None:
    model = scorer()
    first = numbers(model)
    step = compiled_step(model, hinge, SGD(model.parameters(), lr=0.1))
    with step, step:
        step(POINTS, SIGNS)
        assert numbers(model) == first
        step.write_back()
        written = numbers(model)
        assert written != first
        for parameter, number in zip(model.parameters(), first, strict=True):
            parameter.data = number
        step.read()
        step(POINTS, SIGNS)
        step.write_back()
        assert numbers(model) == written
        step(POINTS, SIGNS)
    assert numbers(model) != written


def test_what_changed_between_two_calls_counts() -> None:
    model = scorer()
    step = compiled_step(model, squared_error, SGD(model.parameters(), lr=0.0))
    heights = [0.1 * k for k in range(40)]
    before = step(POINTS, heights)
    model.parameters()[-1].data += 1.0
    changed = sum((model(x).data - y) ** 2 for x, y in zip(POINTS, heights, strict=True)) / 40
    assert step(POINTS, heights) == pytest.approx(changed, rel=1e-12)
    assert changed != pytest.approx(before)


def test_classes_that_come_later_are_learned_too() -> None:
    rows = [[0.1 * k, 1.0 - 0.2 * k] for k in range(6)]
    model, other = MLP(2, [4], seed=1), MLP(2, [4], seed=1)
    optimizer, others = Adam(model.parameters(), lr=0.1), Adam(other.parameters(), lr=0.1)
    step = compiled_step(model, softmax_cross_entropy, optimizer)
    with step:
        for classes in ([0, 1, 0], [1, 0, 1], [2, 0, 3], [3, 3, 3]):
            expected = step_on_values(other, softmax_cross_entropy, others, rows[:3], classes)
            assert step(rows[:3], np.array(classes)) == pytest.approx(expected, rel=1e-12)
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-12)


def test_a_target_that_the_loss_refuses_is_not_remembered() -> None:
    model = MLP(2, [3, 3], seed=0)
    step = compiled_step(model, softmax_cross_entropy, SGD(model.parameters(), lr=0.1))
    xs = [[0.1, 0.2]] * 4
    for wrong, named in ((7, "7"), (0.5, "0.5"), (-1, "-1")):
        with pytest.raises(ValueError, match=f"got target {named}:"):
            step(xs, [wrong] * 4)
        assert math.isfinite(step(xs, [0, 1, 2, 1]))


def test_dropout_draws_and_the_mode_of_the_model_counts() -> None:
    def made() -> Sequential:
        return Sequential(Linear(2, 6, seed=1), Dropout(0.5, seed=3), Linear(6, 1, seed=2))

    model, other = made(), made()
    loss = half_squared_error
    optimizer, others = SGD(model.parameters(), lr=0.05), SGD(other.parameters(), lr=0.05)
    step = compiled_step(model, loss, optimizer)
    targets = [[x + y] for x, y in POINTS]
    for _ in range(3):
        assert step(POINTS, targets) == pytest.approx(
            step_on_values(other, loss, others, POINTS, targets), rel=1e-12
        )
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-12)
    quiet = compiled_step(model.eval(), loss, optimizer)
    assert quiet(POINTS, targets) == pytest.approx(
        step_on_values(other.eval(), loss, others, POINTS, targets), rel=1e-12
    )


def test_a_step_into_infinity_is_not_taken() -> None:
    model = scorer()
    step = compiled_step(model, squared_error, SGD(model.parameters(), lr=0.1))
    step(POINTS, [0.5 * k for k in range(40)])
    first = numbers(model)
    with pytest.raises(
        NotFiniteError, match="compiled_step: the loss is inf; the parameters are those before"
    ):
        step(POINTS, [1e200 * k for k in range(40)])
    with pytest.raises(NotFiniteError, match="compiled_step: the loss is nan"):
        step([[math.nan, 1.0]], [0.5])
    root = compiled_step(model, lambda o, t: (o * 0.0).sqrt() + t, SGD(model.parameters(), lr=0.1))
    with pytest.raises(NotFiniteError, match="compiled_step: a gradient is not finite"):
        root(POINTS, [0.5 * k for k in range(40)])
    assert numbers(model) == first


@pytest.mark.parametrize(
    ("model", "loss", "optimizer", "message"),
    [
        ("MLP", hinge, SGD([Value(1.0)]), "takes a model that can be called, got 'MLP'"),
        (abs, 3, SGD([Value(1.0)]), r"takes a loss that can be called, got 3 \(int\)"),
        (abs, hinge, "adam", "takes an optimizer that steps by a rule, such as .*, got 'adam'"),
        (abs, hinge, LBFGS([Value(1.0)]), r"takes an optimizer that steps by a rule, .* got LBFGS\("),
    ],
)
def test_what_is_none_is_refused(model: Any, loss: Any, optimizer: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"compiled_step {message}"):
        compiled_step(model, loss, optimizer)


@pytest.mark.parametrize("lengths", [(0, 0), (3, 2), (0, 1)])
def test_a_batch_needs_pairs(lengths: tuple[int, int]) -> None:
    model = scorer()
    step = compiled_step(model, hinge, SGD(model.parameters()))
    n, m = lengths
    with pytest.raises(
        ValueError, match=f"compiled_step got {n} inputs and {m} targets: it needs a pair or more"
    ):
        step(POINTS[:n], SIGNS[:m])


def test_what_cannot_be_recorded_says_so() -> None:
    class Branching(Module):
        def __init__(self) -> None:
            self.w = Value(1.0)

        def __call__(self, x: Any) -> Any:
            return self.w * x[0] if x[0] > 0.0 else self.w

    model = Branching()
    step = compiled_step(model, hinge, SGD(model.parameters()))
    with pytest.raises(RecordingError, match="a branch on a number that compile records"):
        step(POINTS, SIGNS)


def test_norms_of_huge_tiny_and_no_gradients_are_computed_with_care() -> None:
    values = [Value(float(k)) for k in range(7)]
    g = np.array([3e200, 4e200, 3e-200, 4e-200, 0.0, 3.0, 4.0])
    layers = {"huge": values[:2], "tiny": values[2:4], "none": values[4:5], "usual": values[5:]}
    norms = Norms(values, layers, g)()
    assert norms == pytest.approx(
        {"huge": 5e200, "tiny": 5e-200, "none": 0.0, "usual": 5.0}, rel=1e-15, abs=0.0
    )
    g[5] = math.nan
    with pytest.raises(NotFiniteError, match="the gradient of usual is not finite"):
        Norms(values, layers, g)()


@pytest.mark.parametrize("loss", [lambda o, y: 1.0, lambda o, y: ((o - y) ** 2, o), lambda o, y: Value(2.0)])
def test_a_loss_that_is_no_value_made_of_the_output_is_refused(loss: Any) -> None:
    model = scorer()
    step = compiled_step(model, loss, SGD(model.parameters(), lr=0.1))
    with pytest.raises(ValueError, match=r"cannot learn from the loss .*: nothing is recorded in it"):
        step(POINTS, SIGNS)


def test_a_loss_of_a_whole_batch_is_told_that_it_gets_one_example() -> None:
    def loss(outputs: Any, targets: Any) -> Any:
        return sum((o - t) ** 2 for o, t in zip(outputs, targets, strict=True)) / len(targets)

    model = scorer()
    step = compiled_step(model, loss, SGD(model.parameters(), lr=0.1))
    with pytest.raises(TypeError, match="not iterable") as caught:
        step(POINTS, SIGNS)
    assert any("The loss is called for one example" in note for note in caught.value.__notes__)


def test_a_rule_that_refuses_the_second_group_leaves_the_first_as_on_values() -> None:
    models: tuple[list[Any], list[Any]] = [], []
    for made in models:
        w, unused = Value(1.0), Value(2.0)
        optimizer = Adam([{"params": [w]}, {"params": [unused], "eps": 0.0}], lr=0.1)
        made += [w, unused, optimizer]

    def model(w: Value, unused: Value) -> Any:
        return lambda x: w * x + unused * 0.0

    (w, unused, optimizer), (v, other, others) = models
    step = compiled_step(model(w, unused), squared_error, optimizer)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="eps is 0"):
            step([2.0], [1.0])
        with pytest.raises(ZeroDivisionError, match="eps is 0"):
            step_on_values(model(v, other), squared_error, others, [2.0], [1.0])
        assert [w.data, w.grad, unused.data] == pytest.approx([v.data, v.grad, other.data], rel=1e-12)
        assert optimizer.states[0]["step"] == others.states[0]["step"]
        assert optimizer.states[1] == others.states[1] == {}
