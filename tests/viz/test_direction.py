"""Which way pictures run: to the right, and down where a row would be too long to read."""

import re

import pytest

from chainrule.engine import Value, total
from chainrule.nn import MLP
from chainrule.viz import draw


def chain(operations: int) -> Value:
    x = Value(0.5, "x")
    for _ in range(operations):
        x = x.sin()
    return x


def runs(root: Value, **how: object) -> str:
    return draw(root, **how).dot.partition("rankdir=")[2][:2]  # type: ignore[arg-type]


@pytest.mark.parametrize(("operations", "way"), [(1, "LR"), (11, "LR"), (12, "TB"), (100, "TB")])
def test_a_long_chain_of_values_runs_down(operations: int, way: str) -> None:
    assert runs(chain(operations)) == way


def test_a_long_chain_of_many_values_a_card_runs_down() -> None:
    x = Value(0.5, "x")
    for _ in range(500):
        x = x.sin().cos()
    assert runs(x) == "TB"


def test_what_is_wide_and_deep_runs_to_the_right() -> None:
    assert runs(total([chain(13) for _ in range(14)]), max_nodes=1000) == "TB"
    assert runs(total([chain(13) for _ in range(15)]), max_nodes=1000) == "LR"


def test_who_says_a_direction_gets_it() -> None:
    assert runs(chain(100), rankdir="LR") == "LR"
    assert runs(chain(1), rankdir="TB") == "TB"


def test_neurons_run_to_the_right_however_many_layers() -> None:
    loss = MLP(1, [1] * 12, activation="tanh", seed=1)([Value(0.5)])
    assert runs(loss, fold="neuron") == "LR"
    assert runs(loss, fold="none") == "TB"


def test_a_single_value_runs_to_the_right() -> None:
    assert runs(Value(1.0)) == "LR"


def test_before_and_after_of_long_pictures_stand_side_by_side() -> None:
    before = draw(chain(40))
    assert "rankdir=TB" in (before | draw(chain(40))).dot


def test_numbers_stand_off_the_lines_they_would_touch() -> None:
    many = total([MLP(2, [4, 1], seed=1)([Value(0.1), Value(0.2)]) for _ in range(20)])
    for root, number in ((many, "80<"), (chain(2), "×")):
        beside = re.compile(r'<TR><TD WIDTH="4"></TD><TD BGCOLOR="#......"><FONT [^>]*>' + number)
        assert beside.search(draw(root, rankdir="TB").dot)
        assert not beside.search(draw(root, rankdir="LR").dot)
