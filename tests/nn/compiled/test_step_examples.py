"""How a step in machine code reads the examples of a batch, whatever they are written in."""

from typing import Any

import numpy as np
import pytest
from compiled_fits import POINTS, SIGNS, numbers, scorer, step_on_values

from chainrule.engine import RecordingError, Value
from chainrule.nn import (
    MLP,
    SGD,
    compiled_step,
    hinge,
    softmax_cross_entropy,
    squared_error,
)


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
