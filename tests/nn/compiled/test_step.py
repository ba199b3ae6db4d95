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


def test_sequences_of_whole_numbers_are_read_as_numbers() -> None:
    recorded = []

    def loss(output: Any, target: Any) -> Any:
        recorded.append(target)
        return squared_error([output, output * 2.0], target)

    model = scorer()
    step = compiled_step(model, loss, SGD(model.parameters(), lr=0.01))
    step(POINTS[:1], [[1, 2]])
    made = len(recorded)
    for k in range(5):
        step(POINTS[:1], [[k, 3 - k]])
    assert len(recorded) == made


def error_of(output: Any, target: Any) -> Any:
    """Return the square of what an output is off by, of targets that stand in lists or alone."""
    return (output - (target[0] if isinstance(target, list) else target)) ** 2


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0.5, -1.0], [2.0]),
        ([1, 2], [3]),
        ([2**70, np.float64(0.5)], [1.0]),
        ([True, 2.0], [1.0]),
        ([np.int64(3), 2.0], [1.0]),
        (np.array([0.5, 1.0]), [1.0]),
        ([0.5, 1.0], 1.5),
    ],
    ids=str,
)
def test_an_example_alone_is_read_whatever_it_is_written_in(x: Any, y: Any) -> None:
    model, other = scorer(), scorer()
    step = compiled_step(model, error_of, SGD(model.parameters(), lr=0.1))
    others = SGD(other.parameters(), lr=0.1)
    for xs, ys in (([[1.0, 2.0]], [[0.5]]), ([x], [y]), ([x, x], [y, y])):
        expected = step_on_values(other, error_of, others, xs, ys)
        assert step(xs, ys) == pytest.approx(expected, rel=1e-12)
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-12)


def told_apart(output: Any, target: Any) -> Any:
    """Return the square of what an output is off by, of a target that means more when nested."""
    if not isinstance(target, list):
        return (output - target) ** 2
    return (output - (5.0 * target[0][0] if isinstance(target[0], list) else 2.0 * target[0])) ** 2


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (0.5, [0.7]),
        ([0.7], 0.5),
        ([1.0, 2.0, 3.0, 4.0], [[1.5, 2.0], [3.0, 4.0]]),
        ([[0.5, 1.0]], [1.0, 2.0]),
    ],
    ids=str,
)
def test_targets_of_other_shapes_are_not_read_as_the_first_ones(before: Any, after: Any, n: int) -> None:
    model = scorer()
    step = compiled_step(model, told_apart, SGD(model.parameters(), lr=0.0))
    x = [1.0, 2.0]
    for target in (before, after, before):
        assert step([x] * n, [target] * n) == pytest.approx(told_apart(model(x), target).data, rel=1e-12)


def test_an_example_alone_may_be_lists_of_lists() -> None:
    model = scorer()
    step = compiled_step(lambda x: model(x[0]) + x[1][0], error_of, SGD(model.parameters(), lr=0.0))
    for x in ([[0.5, 1.0], [2.0]], [[1.5, 1.0], [3.0]]):
        assert step([x], [[0.5]]) == pytest.approx((model(x[0]).data + x[1][0] - 0.5) ** 2, rel=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "kind", "message"),
    [
        ([Value(1.0), 2.0], [1.0], RecordingError, r"inputs\[0\] holds Value\(1, grad=0\)"),
        ([1.0, 2.0], [Value(1.0)], RecordingError, r"a target holds Value\(1, grad=0\)"),
        (["1.0", 2.0], [1.0], TypeError, "Layer takes Values and plain numbers, got '1.0'"),
        ([1.0, None], [1.0], TypeError, "Layer takes Values and plain numbers, got None"),
        ([1.0, 2.0], ["2.0"], TypeError, "unsupported operand"),
        ([2**2000, 1], [1.0], OverflowError, "int too large to convert to float"),
    ],
    ids=str,
)
def test_an_example_alone_holds_plain_numbers(x: Any, y: Any, kind: type[Exception], message: str) -> None:
    model = scorer()
    first = numbers(model)
    step = compiled_step(model, error_of, SGD(model.parameters(), lr=0.0))
    step([[1.0, 2.0]], [[0.5]])
    with pytest.raises(kind, match=message):
        step([x], [y])
    assert numbers(model) == first


@pytest.mark.parametrize(
    ("xs", "message"),
    [
        ({"a": 1.0}, "compiled_step takes examples in order, got a dict"),
        ((x for x in POINTS), "compiled_step takes a sequence of examples, got <generator"),
        (3.0, "compiled_step takes a sequence of examples, got 3.0"),
    ],
)
def test_what_has_no_order_is_refused(xs: Any, message: str) -> None:
    model = scorer()
    step = compiled_step(model, hinge, SGD(model.parameters(), lr=0.1))
    with pytest.raises(TypeError, match=message):
        step(xs, SIGNS)


def test_frames_and_tensors_are_batches() -> None:
    pandas, torch = pytest.importorskip("pandas"), pytest.importorskip("torch")
    losses = []
    for xs, ys in (
        (POINTS, SIGNS),
        (pandas.DataFrame(POINTS, index=range(5, 45)), pandas.Series(SIGNS, index=range(5, 45))),
        (torch.tensor(POINTS, dtype=torch.float64), torch.tensor(SIGNS)),
    ):
        model = scorer()
        losses.append(compiled_step(model, hinge, SGD(model.parameters(), lr=0.1))(xs, ys))
    assert losses == [losses[0]] * 3


def test_long_targets_of_ever_new_kinds_and_growing_batches() -> None:
    model, other = MLP(2, [1], seed=1), MLP(2, [1], seed=1)
    optimizer, others = SGD(model.parameters(), lr=0.01), SGD(other.parameters(), lr=0.01)

    def loss(output: Any, target: Any) -> Any:
        name, weights = target
        return (squared_error(output, 1.0) if name == "one" else hinge(output, -1)) * sum(weights)

    step = compiled_step(model, loss, optimizer)
    for n, name in ((1, "one"), (3, "two"), (9, "one")):
        targets = [(name, [0.001 * (k + j) for j in range(1100)]) for k in range(n)]
        expected = step_on_values(other, loss, others, POINTS[:n], targets)
        assert step(POINTS[:n], targets) == pytest.approx(expected, rel=1e-12)
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-12)


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


def test_a_target_in_a_dictionary_is_not_mistaken_for_its_number() -> None:
    def loss(out: Any, target: Any) -> Any:
        return (out - target["height"]) ** 2

    step = compiled_step(model := scorer(), loss, SGD(model.parameters(), lr=0.1))
    step([[0.1, 0.2]], [{"height": 0.5}])
    for one in (0.5, [0.5]):
        with pytest.raises(TypeError):
            step([[0.1, 0.2]], [one])


@pytest.mark.parametrize(
    "batches",
    [
        [[[0.5]], np.array([[0.5]]), [[0.75]], np.array([[0.25]])],
        [[np.array(2.0)], [np.array(0.5)], [1.0], [[0.75]]],
    ],
)
def test_a_loss_that_tells_lists_from_arrays_gets_what_is_given(batches: list[Any]) -> None:
    def loss(out: Any, target: Any) -> Any:
        if isinstance(target, np.ndarray):
            return (out + target.reshape(-1)[0]) ** 2
        return (out - target[0]) ** 2 if isinstance(target, list) else abs(out - target)

    model, other = scorer(), scorer()
    step, others = (
        compiled_step(model, loss, SGD(model.parameters(), lr=0.1)),
        SGD(other.parameters(), lr=0.1),
    )
    for targets in batches:
        expected = step_on_values(other, loss, others, [[0.1, 0.2]], targets)
        assert step([[0.1, 0.2]], targets) == pytest.approx(expected, rel=1e-12)


def test_a_class_that_is_no_whole_number_is_refused_after_one_that_is() -> None:
    model = MLP(2, [3], seed=0)
    step = compiled_step(model, softmax_cross_entropy, SGD(model.parameters(), lr=0.1))
    step([[0.1, 0.2]], [1])
    with pytest.raises(ValueError, match=r"target 1\.0"):
        step([[0.1, 0.2]], [1.0])


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
