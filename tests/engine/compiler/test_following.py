"""Recording the way that some numbers go: which graph that is, and the check for others."""

import operator
from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest

from chainrule.engine import grad, jvp, median, sort, take, tanh, taylor
from chainrule.engine.compiler.following import Following
from chainrule.engine.compiler.record import Recording, record
from chainrule.engine.ieee import Fixed, Ieee


def followed(f: Callable[..., Any], *args: float) -> Recording:
    return record(f, list(args), (), set(), numbers=args)


def goes(recording: Recording, *args: float) -> bool:
    assert recording.check is not None
    entry, expected = recording.check
    return recording.tape.replay(list(args))[entry] == expected


def result(recording: Recording, *args: float) -> float:
    (entry,) = recording.outputs
    assert isinstance(entry, int)
    return recording.tape.replay(list(args))[entry]


@pytest.mark.parametrize(
    ("f", "at", "same", "others"),
    [
        (grad(grad(tanh)), [0.5], [[0.1], [-0.59]], [[0.6], [-2.0], [nan]]),
        (lambda x, y: median([x, y, 0.5]), [0.1, 0.9], [[0.2, 0.8], [-inf, 7.0]], [[0.9, 0.1], [0.6, 0.7]]),
        (lambda x, y: sort([x, y])[0], [1.0, 2.0], [[-3.0, inf]], [[2.0, 1.0], [nan, 1.0]]),
        (lambda x, y: take([x, y], y), [5.0, 1.0], [[0.0, 1.0]], [[5.0, 0.0]]),
        (lambda x, y: x * y, [1.0, 2.0], [[nan, inf], [0.0, -5.0]], []),
        (grad(lambda x: x.sqrt() * x), [4.0], [[1.0], [0.25], [inf]], [[0.0]]),
    ],
)
def test_the_check_tells_numbers_that_go_another_way(
    f: Callable[..., Any], at: list[float], same: list[list[float]], others: list[list[float]]
) -> None:
    recording = followed(f, *at)
    for point in [at, *same]:
        assert goes(recording, *point)
        assert result(recording, *point) == pytest.approx(f(*point), rel=1e-15, nan_ok=True)
    for point in others:
        assert not goes(recording, *point)


def test_a_formula_does_not_ask_for_the_derivative_by_a_number_of_the_program() -> None:
    recording = followed(grad(grad(lambda x: x**3.0)), 2.0)
    assert goes(recording, -2.0)  # by the exponent it would differ: the logarithm of the base
    assert result(recording, -2.0) == -12.0


def test_what_only_depends_on_numbers_of_the_program_is_no_branch() -> None:
    for f in (
        lambda x: median([1.0, 2.0, 4.0]) * x,
        lambda x: sort([2.0, 1.0])[0] * x,
        grad(lambda x: x**2.0),
    ):
        assert goes(followed(f, 3.0), -5.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: jvp(lambda y: y.sqrt() * y, (x,), (1.0,))[1],
        lambda x: taylor(lambda y: y.relu() * y.exp(), x, 2)[2],
    ],
)
def test_forward_mode_and_series_go_the_way_of_the_numbers_too(f: Callable[..., Any]) -> None:
    for x in (2.0, 0.0, -1.0):
        assert result(followed(f, x), x) == pytest.approx(f(x), rel=0.0, nan_ok=True)


def test_a_result_that_depends_on_nothing_this_way_has_an_entry_like_those_of_other_ways() -> None:
    def chosen(x: Any) -> Any:
        return sort([x, 1.0])[1]

    assert [result(followed(chosen, x), x) for x in (0.5, 2.0)] == [1.0, 2.0]


class Unknown:
    """What floats cannot compute with, and computes itself."""

    def __radd__(self, other: object) -> str:
        return f"{other} +"

    __rmul__ = __rsub__ = __rtruediv__ = __rmod__ = __rfloordiv__ = __rpow__ = __radd__


def test_numbers_of_the_program_leave_to_others_what_they_cannot_compute() -> None:
    x, unknown = Fixed(2.0), Unknown()
    operators = [operator.add, operator.mul, operator.sub, operator.truediv, operator.mod, operator.floordiv]
    assert [compute(x, unknown) for compute in [*operators, operator.pow]] == ["2.0 +"] * 7
    results = [x + 1, 1.0 + x, x - 1.0, 1.0 - x, x * 0.0, x / 0.0, 1.0 / x, x % 0.0]
    results += [5.0 % x, x // 2.0, 5.0 // x]
    assert all(type(result) is Ieee for result in results)
    assert [repr(float(result)) for result in results] == [
        *("3.0", "3.0", "1.0", "-1.0", "0.0", "inf", "0.5", "nan", "1.0", "1.0", "2.0")
    ]
    assert (x**10000.0, 0.0**-x, -x) == (inf, inf, -2.0)


def test_the_number_of_an_entry_is_that_of_the_call() -> None:
    recorder = Following([3.0, 5.0])
    x, y = [recorder.stand_in(recorder.input()) for _ in range(2)]
    made: Any = x * y + 1.0
    assert recorder.number_of(made.entry) == 16.0
    assert made > 15.0
    assert not made < 15.0
