"""compiled_step with batches of several structures: sequences of any length."""

import gc
import random
import weakref
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from compiled_fits import numbers, step_on_values

from chainrule.engine import RecordingError, Value, take, total
from chainrule.nn import (
    SGD,
    Adam,
    Module,
    compiled_step,
)


class Line(Module):
    """Follows a sequence of any length: what it carries along, through a table of rows."""

    def __init__(self) -> None:
        self.rows = [[Value(0.1 * i - 0.2 * j) for j in range(3)] for i in range(4)]
        self.keep = Value(0.5)

    def __call__(self, letters: Any) -> Any:
        held, outputs = [Value(0.0)] * 3, []
        for letter in letters:
            row = take(self.rows, letter)
            held = [(self.keep * h + r).tanh() for h, r in zip(held, row, strict=True)]
            outputs.append(held)
        return outputs


def sequence_loss(outputs: Any, letters: Any) -> Any:
    """Return how far the chosen outputs are from 1, on average."""
    return total([(take(o, i) - 1.0) ** 2 for o, i in zip(outputs, letters, strict=True)]) / len(outputs)


@pytest.mark.parametrize("held", [False, True])
def test_sequences_of_every_length_train_the_same_parameters(held: bool) -> None:
    model, other = Line(), Line()
    optimizer, others = Adam(model.parameters(), lr=0.05), Adam(other.parameters(), lr=0.05)
    step = compiled_step(model, sequence_loss, optimizer)
    rng = random.Random(2)
    with step if held else nullcontext():
        for k, (n, length) in enumerate([(1, 3), (2, 5), (1, 3), (3, 1), (1, 5), (4, 3), (1, 1), (2, 3)]):
            xs = [[rng.randrange(4) for _ in range(length)] for _ in range(n)]
            ys = [[rng.randrange(3) for _ in range(length)] for _ in range(n)]
            expected = step_on_values(other, sequence_loss, others, xs, ys)
            given = (np.array(xs), np.array(ys)) if k % 2 else (xs, ys)
            assert step(*given) == pytest.approx(expected, rel=1e-12)
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-12)
    assert [p.grad for p in model.parameters()] == pytest.approx(
        [p.grad for p in other.parameters()], rel=1e-11, abs=1e-17
    )
    assert optimizer.states[0]["step"] == others.states[0]["step"] == 8


def test_a_length_is_recorded_once() -> None:
    lengths = []

    class Noted(Line):
        def __call__(self, letters: Any) -> Any:
            lengths.append(len(letters))
            return super().__call__(letters)

    model = Noted()
    step = compiled_step(model, sequence_loss, SGD(model.parameters(), lr=0.1))
    for _ in range(2):
        step([[1, 2]], [[0, 1]])
        step([[1, 2, 3]], [[0, 1, 2]])
        step(np.array([[3, 2]]), np.array([[1, 1]]))
        step([(3, 2)], [(1, 1)])  # a tuple, which a model may tell from a list
    made = len(lengths)
    for k in range(4):
        step([[k, 2]], [[0, 1]])
        step([[1, k, 3]], [[0, 1, 2]])
        step([(3, k)], [(1, 1)])
    assert len(lengths) == made


def test_parameters_changed_by_hand_count_when_a_new_length_is_recorded() -> None:
    model, other = Line(), Line()
    step = compiled_step(model, sequence_loss, SGD(model.parameters(), lr=0.1))
    others = SGD(other.parameters(), lr=0.1)
    step([[1, 2]], [[0, 1]])
    step_on_values(other, sequence_loss, others, [[1, 2]], [[0, 1]])
    for changed in (model, other):
        changed.keep.data = 0.25
    expected = step_on_values(other, sequence_loss, others, [[1, 2, 3]], [[0, 1, 2]])
    assert step([[1, 2, 3]], [[0, 1, 2]]) == pytest.approx(expected, rel=1e-12)
    for optimizer in (step._optimizer, others):
        optimizer.add_param_group({"params": [Value(1.0)], "lr": 0.5})
    for xs, ys in (([[1, 2]], [[0, 1]]), ([[1, 2, 3]], [[0, 1, 2]])):
        expected = step_on_values(other, sequence_loss, others, xs, ys)
        assert step(xs, ys) == pytest.approx(expected, rel=1e-12)
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-12)


def test_a_batch_that_fails_leaves_all_lengths_in_one_buffer() -> None:
    model, other = Line(), Line()
    step = compiled_step(model, sequence_loss, SGD(model.parameters(), lr=0.1))
    others = SGD(other.parameters(), lr=0.1)
    with step:
        with pytest.raises(IndexError, match="no row 4"):
            step([[1, 4]], [[0, 1]])
        for letters in ([1, 2, 3], [1, 2], [2, 1, 0], [3, 1]):
            following = [letter % 3 for letter in letters]
            expected = step_on_values(other, sequence_loss, others, [letters], [following])
            assert step([letters], [following]) == pytest.approx(expected, rel=1e-12)
        with pytest.raises(IndexError, match="no row 7"):
            step([[1, 7]], [[0, 1]])
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-12)


def test_gradients_of_buffers_that_others_are_in_place_of_are_kept_by_nobody() -> None:
    model = Line()
    step = compiled_step(model, sequence_loss, SGD(model.parameters(), lr=0.1))
    step([[1, 2]], [[0, 1]])
    assert step._buffers is not None
    gone = weakref.ref(step._buffers.g)
    step([[1, 2]] * 5, [[0, 1]] * 5)
    gc.collect()
    assert gone() is None


def test_lengths_in_a_batch_are_alike() -> None:
    model = Line()
    step = compiled_step(model, sequence_loss, SGD(model.parameters(), lr=0.1))
    message = (
        r"inputs\[1\] has another structure than inputs\[0\].*compiled_step takes batches of a structure each"
    )
    with pytest.raises(RecordingError, match=message):
        step([[1, 2], [1, 2, 3]], [[0, 1], [0, 1, 2]])
    step([[1, 2]], [[0, 1]])
    with pytest.raises(RecordingError, match=message):
        step([[1, 2], [1, 2, 3]], [[0, 1], [0, 1, 2]])


@pytest.mark.parametrize("length", [4, 5, 7, 9])
def test_rows_of_tables_of_two_sizes_are_chosen_by_a_first_sequence_alone(length: int) -> None:
    model, other = Line(), Line()
    step = compiled_step(model, sequence_loss, SGD(model.parameters(), lr=0.1))
    others = SGD(other.parameters(), lr=0.1)
    letters, chosen = [k % 4 for k in range(length)], [2 - k % 3 for k in range(length)]
    for _ in range(2):
        expected = step_on_values(other, sequence_loss, others, [letters], [chosen])
        assert step([letters], [chosen]) == pytest.approx(expected, rel=1e-12)
    for place in range(length):
        with pytest.raises(IndexError, match=r"no row 3: .* for 3 rows"):
            step([letters], [[3 if k == place else i for k, i in enumerate(chosen)]])
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-12)
