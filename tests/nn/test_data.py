"""Splitting, standardising, and the two moons."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from chainrule.nn import moons, split, standardize


def test_a_split_keeps_every_example_with_its_target() -> None:
    parts = split(list(range(20)), [i * i for i in range(20)], test_share=0.25, seed=0)
    assert len(parts.test_inputs) == 5
    assert sorted(parts.train_inputs + parts.test_inputs) == list(range(20))
    assert [i * i for i in parts.train_inputs] == parts.train_targets
    assert [i * i for i in parts.test_inputs] == parts.test_targets


def test_a_split_follows_its_seed() -> None:
    assert split(range(9), range(9), seed=1) == split(range(9), range(9), seed=1)
    assert split(range(9), range(9), seed=1) != split(range(9), range(9), seed=2)


def test_both_sides_of_a_split_keep_at_least_one_example() -> None:
    assert len(split([1, 2], [1, 2], test_share=0.01, seed=0).test_inputs) == 1
    assert len(split([1, 2], [1, 2], test_share=0.99, seed=0).train_inputs) == 1


def test_standardised_columns_have_mean_zero_and_deviation_one() -> None:
    rows = [[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]]
    columns = list(zip(*standardize(rows)(rows), strict=True))
    for column in columns:
        assert math.fsum(column) == pytest.approx(0.0, abs=1e-15)
        assert math.fsum(x * x for x in column) / 3 == pytest.approx(1.0, rel=1e-15)


def test_a_constant_column_becomes_zeros() -> None:
    assert standardize([[5.0], [5.0]])([[5.0], [6.0]]) == [[0.0], [1.0]]
    rounded = [[0.1]] * 3  # their mean is 0.10000000000000002
    assert standardize(rounded)([[0.1], [0.2]]) == [[0.0], [0.1]]


def test_moons_are_half_circles_of_radius_one() -> None:
    points, sides = moons(9, noise=0.0)
    assert sides == [-1] * 4 + [1] * 5
    for (x, y), side in zip(points, sides, strict=True):
        centre = (0.0, 0.0) if side < 0 else (1.0, 0.5)
        assert math.dist((x, y), centre) == pytest.approx(1.0, rel=1e-15)
        assert (y >= -1e-15) if side < 0 else (y <= 0.5 + 1e-15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: split([1, 2], [1]), "split got 2 inputs and 1 targets"),
        (lambda: split([1], [1]), "split needs at least 2 examples, got 1"),
        (lambda: split([1, 2], [1, 2], test_share=1.0), "split needs a test_share between 0 and 1, got 1.0"),
        (lambda: split([1, 2], [1, 2], test_share=math.nan), "between 0 and 1, got nan"),
        (lambda: standardize([[], []]), "standardize needs rows of at least one number"),
        (lambda: standardize([[1e308], [-1e308]]), "standardize needs numbers below 1e150, got 1e\\+308"),
        (lambda: standardize([]), "standardize needs at least one row, got none"),
        (
            lambda: standardize([[1.0], [1.0, 2.0]]),
            "standardize needs rows of 1 numbers, as the first, got 2",
        ),
        (lambda: standardize([[1.0]])([[1.0, 2.0]]), "the scaler learned rows of 1 numbers, got 2"),
        (
            lambda: standardize([[1.0], [math.nan]]),
            "standardize needs numbers below 1e150, got nan in column 0",
        ),
        (lambda: moons(1), "moons needs at least 2 points, got 1"),
        (lambda: moons(10, noise=-1.0), "moons needs noise of zero or more, got -1.0"),
        (lambda: moons(10, noise=math.nan), "moons needs noise of zero or more, got nan"),
    ],
)
def test_impossible_data_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
