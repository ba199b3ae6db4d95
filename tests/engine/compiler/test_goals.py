"""benchmarks/goals.py says which goals are met, and by how much another is missed."""

import re

import numpy as np
import pytest
from goals import Row, line
from measuring import agree


def verdict(row: Row) -> str:
    row.seconds = 1e-4
    return line(row, rounds=1).split(" | ")[-1].removesuffix(" |")


def test_a_goal_is_met_or_missed_by_so_much() -> None:
    assert verdict(Row("free", lambda: None, {}, goal=1e9)) == "met"
    assert re.fullmatch(r"missed: [\d.]+ times the goal", verdict(Row("dear", lambda: None, {}, goal=1e-9)))


def test_a_goal_may_be_a_ratio_to_a_peer() -> None:
    row = Row("slow", lambda: None, {"C": lambda: None}, times={"C": 1e9})
    assert re.fullmatch(r"missed: C / ours is [\d.]+, the goal 1000000000\.00", verdict(row))


def test_compiling_counts_for_each_operation() -> None:
    row = Row("large", lambda: None, {}, first=1.0, operations=1000)
    assert verdict(row) == "missed: 1000.0 us/op to make, the goal 5.0"


def test_peers_that_compute_something_else_are_not_timed() -> None:
    with pytest.raises(SystemExit, match=r"a peer: 2.0 and 1.0, gradients differ by 5.0e-01"):
        agree("a peer", (1.0, np.array([1.0, 2.0])), (2.0, np.array([1.0, 1.0])))
