"""Splitting, standardising, one-hot rows, and what examples may come in."""

import math
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from chainrule.engine import Value
from chainrule.nn import MLP, SGD, evaluate, fit, one_hot, split, squared_error, standardize
from chainrule.nn.data import as_rows

ROWS = [[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]]
FRAME = pd.DataFrame(ROWS, columns=["height", "weight"], index=[7, 3, 9])


# -- splitting ----------------------------------------------------------------------------------------


def test_a_split_keeps_every_example_with_its_target() -> None:
    parts = split(list(range(20)), [i * i for i in range(20)], test_share=0.25, seed=0)
    assert len(parts.test_inputs) == 5
    assert sorted(parts.train_inputs + parts.test_inputs) == list(range(20))
    assert [i * i for i in parts.train_inputs] == parts.train_targets
    assert [i * i for i in parts.test_inputs] == parts.test_targets


def test_a_split_follows_its_seed() -> None:
    assert split(range(9), range(9), seed=1) == split(range(9), range(9), seed=1)
    assert split(range(9), range(9), seed=1) != split(range(9), range(9), seed=2)


def test_the_numbers_of_a_split_are_those_it_always_had() -> None:
    assert split(range(6), range(6), test_share=0.5, seed=0).test_inputs == [4, 2, 1]


def test_both_sides_of_a_split_keep_at_least_one_example() -> None:
    assert len(split([1, 2], [1, 2], test_share=0.01, seed=0).test_inputs) == 1
    assert len(split([1, 2], [1, 2], test_share=0.99, seed=0).train_inputs) == 1


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.99])
def test_a_stratified_split_gives_both_parts_their_share_of_each_label(share: float) -> None:
    labels = ["a"] * 40 + ["b"] * 20 + ["c"] * 2
    parts = split(range(62), labels, test_share=share, seed=0, stratify=labels)
    counts = Counter(parts.test_targets)
    assert counts == {
        label: min(max(round(n * share), 1), n - 1) for label, n in {"a": 40, "b": 20, "c": 2}.items()
    }
    assert sorted(parts.train_inputs + parts.test_inputs) == list(range(62))
    assert [labels[i] for i in parts.train_inputs] == parts.train_targets
    assert [labels[i] for i in parts.test_inputs] == parts.test_targets


def test_a_stratified_split_is_in_random_order_and_follows_its_seed() -> None:
    labels = [0] * 30 + [1] * 30
    parts = split(range(60), labels, test_share=0.5, seed=0, stratify=np.array(labels))
    assert parts == split(range(60), labels, test_share=0.5, seed=0, stratify=pd.Series(labels))
    assert parts != split(range(60), labels, test_share=0.5, seed=1, stratify=labels)
    for part in (parts.train_targets, parts.test_targets):
        assert sorted(part) != part
        assert sorted(part, reverse=True) != part


# -- standardising ------------------------------------------------------------------------------------


def test_standardised_columns_have_mean_zero_and_deviation_one() -> None:
    columns = list(zip(*standardize(ROWS)(ROWS), strict=True))
    for column in columns:
        assert math.fsum(column) == pytest.approx(0.0, abs=1e-15)
        assert math.fsum(x * x for x in column) / 3 == pytest.approx(1.0, rel=1e-15)


def test_the_constants_come_back_and_hold_for_other_rows() -> None:
    scale = standardize(ROWS)
    assert scale.means == (3.0, 20.0)
    assert scale.deviations == pytest.approx((math.sqrt(14 / 3), math.sqrt(200 / 3)), rel=1e-15)
    assert scale([[3.0, 20.0]]) == [[0.0, 0.0]]


def test_a_constant_column_becomes_zeros() -> None:
    assert standardize([[5.0], [5.0]])([[5.0], [6.0]]) == [[0.0], [1.0]]
    rounded = [[0.1]] * 3  # their mean is 0.10000000000000002
    assert standardize(rounded)([[0.1], [0.2]]) == [[0.0], [0.1]]


@pytest.mark.parametrize("held", [np.array(ROWS), FRAME, tuple(map(tuple, ROWS)), deque(ROWS)])
def test_rows_are_standardised_alike_whatever_they_come_in(held: Any) -> None:
    assert standardize(held) == standardize(ROWS)
    scaled = standardize(held)(held)
    assert scaled == standardize(ROWS)(ROWS)
    assert {type(x) for row in scaled for x in row} == {float}


# -- one-hot ------------------------------------------------------------------------------------------


def test_one_hot_rows_hold_a_single_one() -> None:
    assert one_hot([1, 0], 3) == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    assert one_hot(np.array([1, 0])) == [[0.0, 1.0], [1.0, 0.0]]
    assert one_hot(pd.Series(["b", "a"], index=[5, 6]), ("a", "b")) == [[0.0, 1.0], [1.0, 0.0]]
    assert one_hot([], classes=2) == []


# -- what examples may come in ------------------------------------------------------------------------


def test_rows_of_a_frame_are_lists_of_plain_numbers() -> None:
    assert as_rows(FRAME, "fit") == ROWS
    mixed = pd.DataFrame({"n": [1, 2], "x": [0.5, 1.5], "yes": [True, False]})
    assert as_rows(mixed, "fit") == [[1, 0.5, 1.0], [2, 1.5, 0.0]]
    assert [type(x) for x in as_rows(mixed, "fit")[0]] == [int, float, float]


def test_a_series_gives_its_entries_in_order_and_leaves_the_index_out() -> None:
    assert as_rows(FRAME["height"], "fit") == [1.0, 2.0, 6.0]
    assert as_rows(pd.Series(["b", "a"], dtype="category"), "fit") == ["b", "a"]


def test_rows_of_an_array_stay_arrays() -> None:
    first, *_ = as_rows(np.array(ROWS), "fit")
    assert isinstance(first, np.ndarray)


def test_a_frame_can_hold_values() -> None:
    x = Value(2.0)
    assert as_rows(pd.DataFrame({"x": [x]}, dtype=object), "fit") == [[x]]


@pytest.mark.parametrize("held", [np.array(ROWS), FRAME, ROWS, deque(ROWS)])
def test_fit_and_evaluate_take_arrays_and_frames_and_learn_the_same(held: Any) -> None:
    def trained(inputs: Any, targets: Any) -> tuple[list[float], float]:
        model = MLP(2, [1], seed=0)
        history = fit(
            model, inputs, targets, loss=squared_error, optimizer=SGD(model.parameters(), lr=1e-4),
            epochs=3, batch_size=2, seed=0, validation=(inputs, targets), progress=False,
        )  # fmt: skip
        return history.validation_loss, evaluate(model, inputs, targets, loss=squared_error).loss

    targets = pd.Series([1.0, 2.0, 3.0], index=[4, 2, 0])
    assert trained(held, targets) == trained(ROWS, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: split([1, 2], [1]), "split got 2 inputs and 1 targets"),
        (lambda: split([1], [1]), "split needs at least 2 examples, got 1"),
        (lambda: split([1, 2], [1, 2], test_share=1.0), "split needs a test_share between 0 and 1, got 1.0"),
        (lambda: split([1, 2], [1, 2], test_share=math.nan), "between 0 and 1, got nan"),
        (lambda: split([1, 2], [1, 2], stratify=[1]), "split got 2 inputs and 1 labels to stratify by"),
        (
            lambda: split([1, 2, 3], "aab", stratify="aab"),
            "split cannot stratify: 'b' has one example, and each part needs one",
        ),
        (lambda: standardize([[], []]), "standardize needs rows of at least one number"),
        (lambda: standardize([[1e308], [-1e308]]), "standardize needs numbers below 1e150, got 1e\\+308"),
        (lambda: standardize([[10**400]]), "standardize takes numbers up to 1.8e308, got a larger one"),
        (lambda: standardize([]), "standardize needs at least one row, got none"),
        (
            lambda: standardize([[1.0], [1.0, 2.0]]),
            "standardize needs rows of 1 numbers, as the first, got 2",
        ),
        (lambda: standardize([[1.0]])([[1.0, 2.0]]), "the scaler learned rows of 1 numbers, got 2"),
        (lambda: standardize(FRAME)(FRAME[["height"]]), "the scaler learned rows of 2 numbers, got 1"),
        (
            lambda: standardize([[1.0], [math.nan]]),
            "standardize needs numbers below 1e150, got nan in column 0",
        ),
        (lambda: one_hot([0, 3], 3), "one_hot knows the classes 0 to 2, got 3"),
        (lambda: one_hot([-1], 3), "one_hot knows the classes 0 to 2, got -1"),
        (lambda: one_hot([0, -1]), "one_hot knows the classes 0 to 0, got -1"),
        (lambda: one_hot(["c"], "ab"), "one_hot knows the classes 'a', 'b', got 'c'"),
        (lambda: one_hot(["a"], "aba"), r"one_hot needs each class once, got \['a', 'b', 'a'\]"),
        (lambda: one_hot([]), "one_hot needs at least one label, or the classes, got none"),
    ],
)
def test_impossible_data_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def fitted_on(inputs: Any, targets: Any) -> None:
    model = MLP(2, [1], seed=0)
    fit(model, inputs, targets, loss=squared_error, optimizer=SGD(model.parameters()), progress=False)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: fitted_on(pd.DataFrame({"x": [1.0], "species": ["setosa"]}), [1.0]),
            r"fit takes rows of numbers, but column 'species' of the frame holds 'setosa': leave the column "
            r"out, or turn it into numbers \(one_hot does it for labels\)",
        ),
        (
            lambda: fitted_on(pd.DataFrame({"x": [1.0, 2.0], "n": pd.array([1, None], "Int64")}), [1.0, 2.0]),
            "column 'n' of the frame holds <NA>",
        ),
        (
            lambda: fitted_on(pd.DataFrame({"day": pd.to_datetime(["2026-01-01"])}), [1.0]),
            r"fit takes numbers and labels, got times \(datetime64\[.*\]\): turn them into numbers",
        ),
        (
            lambda: fitted_on({"x": [1.0]}, [1.0]),
            "fit takes examples in order, got a dict: pass a list of them",
        ),
        (lambda: fitted_on(ROWS, {1.0, 2.0}), "fit takes examples in order, got a set"),
        (lambda: fitted_on((x for x in ROWS), [1.0]), r"fit takes a sequence .* pass list\(\.\.\.\) of it"),
        (lambda: fitted_on(ROWS, 1.0), "fit takes a sequence .*, got 1.0: pass a list, an array or a frame"),
        (lambda: fitted_on(np.array(1.0), [1.0]), "fit takes a sequence of examples, got array"),
        (
            lambda: fitted_on(sparse.eye_array(2, format="csr"), [1.0, 2.0]),
            r"fit takes dense data, got a sparse csr_array: pass x.toarray\(\)",
        ),
        (lambda: standardize([1.0, 2.0]), r"got 1.0: for one column pass \[\[x\] for x in xs\]"),
        (lambda: standardize(["ab"]), "standardize takes rows of numbers, got 'ab'"),
        (lambda: standardize([[1.0, "2"]]), "standardize takes rows of numbers, got '2' in one"),
        (lambda: standardize([[1.0, None]]), "standardize takes rows of numbers, got None in one"),
        (lambda: standardize([[1.0]])([["a"]]), "the scaler takes rows of numbers, got 'a' in one"),
        (lambda: one_hot(["cat"]), r"one_hot takes whole numbers, got 'cat': list the classes, one_hot\("),
        (lambda: one_hot([True]), "one_hot takes whole numbers, got True"),
        (lambda: one_hot([0.5]), "one_hot takes whole numbers, got 0.5"),
        (
            lambda: split([1, 2], [1, 2], stratify=True),
            "split needs a label for each example to stratify by: pass stratify=targets",
        ),
        (lambda: split([1, 2], [1, 2], stratify=[[1], [2]]), r"split stratifies by labels, .* got \["),
        (lambda: split(5, [1, 2]), "split takes a sequence of examples, got 5"),
    ],
)
def test_what_is_no_data_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()
