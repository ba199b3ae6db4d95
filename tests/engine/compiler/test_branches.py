"""Formulas with branches: every way is followed, and a choice put in its place."""

import itertools
from typing import Any

import pytest

from chainrule.engine.compiler.branches import MOST_BRANCHES, without_branches
from chainrule.engine.compiler.recorder import Recorder
from chainrule.engine.compiler.traced import RecordingError


def compiled(formula: Any, count: int) -> tuple[Recorder, list[Any]]:
    recorder = Recorder(shared=True)
    inputs = [recorder.stand_in(recorder.input()) for _ in range(count)]
    return recorder, without_branches(recorder, lambda: formula(*inputs))


def middle(x: Any, y: Any, z: Any) -> list[Any]:
    if x < y:
        if y < z:
            return [y]
        return [z] if x < z else [x]
    if x < z:
        return [x]
    return [z] if y < z else [y]


def test_every_way_through_nested_branches_gives_what_python_gives() -> None:
    recorder, (result,) = compiled(middle, 3)
    for point in itertools.product([1.0, 2.0, 3.0], repeat=3):
        assert [recorder.tape.replay(list(point))[result.entry]] == middle(*point)


def square_anyway(x: Any) -> list[Any]:
    if x > 0.0:
        return [x * x, 1.0]
    y = x
    return [y * y, 1.0]


def test_results_that_agree_on_both_sides_need_no_choice() -> None:
    recorder, results = compiled(square_anyway, 1)
    assert (results[0].entry, results[1]) == (3, 1.0)
    assert "where" not in str(recorder.tape)


def test_zeros_of_different_sign_are_chosen_between() -> None:
    recorder, (result,) = compiled(lambda x: [0.0] if x > 0.0 else [-0.0], 1)
    assert str(recorder.tape.replay([-1.0])[result.entry]) == "-0.0"


def test_a_condition_that_is_asked_twice_is_decided_once() -> None:
    def twice(x: Any) -> list[Any]:
        one = 1.0 if x > 0.0 else -1.0
        return [one * (2.0 if x > 0.0 else 3.0)]

    recorder, (result,) = compiled(twice, 1)
    assert [recorder.tape.replay([at])[result.entry] for at in (1.0, -1.0)] == [2.0, -3.0]
    assert str(recorder.tape).count("where") == 1


def test_too_many_ways_are_refused() -> None:
    with pytest.raises(RecordingError, match="more than 200 ways lead through the branches of a formula"):
        compiled(lambda *xs: [sum(1.0 if x > 0.0 else 2.0 for x in xs)], 8)


def test_a_loop_that_waits_for_a_number_is_refused() -> None:
    def waits(x: Any) -> list[Any]:
        while x > 1.0:
            x = x * 0.5
        return [x]

    with pytest.raises(RecordingError, match=f"more than {MOST_BRANCHES} branches"):
        compiled(waits, 1)


def test_afterwards_branches_are_errors_again_also_where_the_formula_raised() -> None:
    recorder = Recorder()
    x = recorder.stand_in(recorder.input())

    def raises() -> list[Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        without_branches(recorder, raises)
    assert recorder.decide is None
    with pytest.raises(RecordingError):
        bool(x > 0.0)
