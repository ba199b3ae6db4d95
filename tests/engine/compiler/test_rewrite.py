"""Functions of floats, copied so that they work on stand-ins."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from chainrule.engine.compiler.branches import without_branches
from chainrule.engine.compiler.recorder import Recorder
from chainrule.engine.compiler.rewrite import rewritten
from chainrule.engine.compiler.traced import Traced

POINTS = [0.25, -0.75, 2.5, -3.5, 0.0]


def on_stand_ins(function: Callable[..., Any]) -> Callable[[float], float]:
    """Return what the copy of a function records, replayed."""
    recorder = Recorder(shared=True)
    x = recorder.stand_in(recorder.input())
    (result,) = without_branches(recorder, lambda: [rewritten(function)(x)])
    if not isinstance(result, Traced):
        return lambda at: float(result)
    entry: int = result.entry
    return lambda at: recorder.tape.replay([at])[entry]


def logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-float(x)))


def sign(x: float) -> float:
    return math.copysign(1.0, x)


def checked(x: float) -> float:
    if math.isnan(x) or math.isinf(x) or not math.isfinite(x):
        return -1.0
    return x if isinstance(x, float) else -2.0


def whole(x: float) -> float:
    return float(math.floor(x)) + 10.0 * float(math.ceil(x)) + 100.0 * float(math.trunc(x)) + round(x)


def root(x: float) -> float:
    return math.cbrt(x) + math.copysign(x, -2.0)


def largest(x: float) -> float:
    return max(x, 1.0, -x) + max([2.0, 3.0])


def defaults(x: float, factor: float = 3.0, *, shift: float = 1.0) -> float:
    return x * factor + shift


def half(x: float) -> float:
    return x * 0.5 if x > 0.0 else x * 0.25


def calls_others(x: float) -> float:
    return half(x) + half(-x)


def makes_a_function(x: float) -> float:
    return sum((lambda y: half(y) * 2.0)(x) for _ in range(2))


FUNCTIONS = [logistic, sign, checked, whole, root, largest, defaults, half, calls_others, makes_a_function]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_the_copy_does_to_stand_ins_what_the_function_does_to_floats(function: Callable[..., Any]) -> None:
    copy = on_stand_ins(function)
    for x in POINTS:
        assert copy(x) == function(x)


@pytest.mark.parametrize("function", [checked, half], ids=lambda function: function.__name__)
def test_nan_and_inf_are_told_apart_as_before(function: Callable[..., Any]) -> None:
    copy = on_stand_ins(function)
    for x in (math.nan, math.inf, -math.inf):
        assert copy(x) == function(x) or (copy(x) != copy(x) and function(x) != function(x))


def test_on_floats_the_copy_does_what_the_function_does() -> None:
    for function in FUNCTIONS:
        for x in POINTS:
            assert rewritten(function)(x) == function(x)


def test_what_a_function_holds_on_to_is_found() -> None:
    def scaled(by: float) -> Callable[[float], float]:
        return lambda x: math.tanh(x) * by

    assert on_stand_ins(scaled(4.0))(0.5) == math.tanh(0.5) * 4.0


def test_nobody_else_s_math_is_touched() -> None:
    before = dict(vars(math))
    rewritten(logistic)
    assert dict(vars(math)) == before
    assert logistic(0.0) == 0.5


def test_functions_that_are_called_put_their_own_branches_together() -> None:
    def many(x: float) -> float:
        return half(x) + half(x - 1.0) + half(x - 2.0) + half(x - 3.0) + half(x - 4.0) + half(x - 5.0)

    def more(x: float) -> float:
        return many(x) + many(x - 6.0)  # 4,096 ways, if they multiplied

    assert on_stand_ins(more)(3.5) == more(3.5)


def test_a_function_that_calls_itself_is_copied_once() -> None:
    def power(x: float, n: int) -> float:
        return x * power(x, n - 1) if n else 1.0

    assert on_stand_ins(lambda x: power(x, 3))(2.0) == 8.0
