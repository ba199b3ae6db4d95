"""Stand-ins for plain numbers: floats to the program, which are looked up by what they hold."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from chainrule.engine import Value, exp, grad, maximum, take, taylor, where
from chainrule.engine.compiler import compile
from chainrule.engine.compiler.plain import Plain, is_plain
from chainrule.engine.compiler.recorder import Recorder
from chainrule.engine.compiler.traced import RecordingError


def one() -> Any:
    recorder = Recorder()
    return recorder.stand_in(recorder.input())


PLAIN: dict[str, Callable[[Any], Any]] = {
    "data": lambda x: x.data,
    "item": lambda x: x.item(),
    "arithmetic": lambda x: 2.0 * x.data - x.item() / 3.0,
    "negative": lambda x: -x.data,
    "a sum": lambda x: sum([x.data, 1.0]),
    "a function": lambda x: exp(x.data),
    "a function of several": lambda x: maximum(1.0, x.data),
    "a choice": lambda x: where(x > 0.0, x.data, 1.0),
    "a choice of numbers": lambda x: where(x > 0.0, 1.0, 2.0),
}
VALUES: dict[str, Callable[[Any], Any]] = {
    "itself": lambda x: x,
    "detach": lambda x: x.detach(),
    "arithmetic": lambda x: x.data * x,
    "the other way round": lambda x: x * x.data,
    "with one from around": lambda x: x.data + Value(1.0),
    "a function of several": lambda x: maximum(x.data, x),
    "a choice": lambda x: where(x > 0.0, x, 1.0),
}


@pytest.mark.parametrize("make", PLAIN.values(), ids=PLAIN)
def test_what_is_a_float_on_values_is_one_here(make: Callable[[Any], Any]) -> None:
    assert isinstance(make(Value(3.0)), float)
    made = make(one())
    assert isinstance(made, float)
    assert is_plain(made)
    assert issubclass(type(made), Plain)
    with pytest.raises(
        RecordingError, match=r"looks a plain number up, .* use where\(x == y, \.\.\.\), or take"
    ):
        hash(made)


@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
def test_what_is_a_value_on_values_is_one_here(make: Callable[[Any], Any]) -> None:
    assert not isinstance(make(Value(3.0)), float)
    made = make(one())
    assert not isinstance(made, float)
    assert not is_plain(made)
    assert {made: 1}[made] == 1


def test_a_dictionary_or_a_cache_of_plain_numbers_is_refused() -> None:
    known = {1.0: 2.0}

    @functools.cache
    def square(number: float) -> float:
        return number * number

    for f in (
        lambda x: known.get(x.data, 5.0) * x,
        lambda x: (round(x.item()) in {1.0, 2.0}) * x,
        lambda x: square(x.data) * x,
    ):
        with pytest.raises(RecordingError, match="looks a plain number up"):
            compile(f)(1.0)


@pytest.mark.parametrize("method", ["is_integer", "hex", "as_integer_ratio"])
def test_methods_of_floats_that_would_freeze_it_are_refused(method: str) -> None:
    with pytest.raises(
        RecordingError, match=r"would freeze it: compare it, where\(x == floor\(x\), \.\.\.\)"
    ):
        compile(lambda x: getattr(x.data, method)() * x)(1.0)


def test_rounding_to_digits_says_how_it_is_recorded() -> None:
    with pytest.raises(RecordingError, match=r"round\(x, 2\) of .* use round\(x \* 10\*\*n\) / 10\*\*n"):
        compile(lambda x: round(x.data, 2) * x)(1.0)
    kernel = compile(lambda x: round(x.data * 10**2) / 10**2 * x)
    assert kernel(2.346) == 2.35 * 2.346
    assert compile(lambda x: round(x.data) * x)(2.6) == 3.0 * 2.6


def test_its_parts_as_a_complex_number_are_those_of_a_float() -> None:
    kernel = compile(lambda x: x.data.real * x + x.data.imag)
    assert kernel.value_and_grad(3.0) == (9.0, 3.0)


def test_a_float_is_told_by_isinstance_as_on_values() -> None:
    def f(x: Any) -> Any:
        return 2.0 * x if isinstance(x.data * 2.0, float) and not isinstance(x, float) else 5.0 * x

    assert f(Value(3.0)).data == compile(f)(3.0) == 6.0


def test_a_function_that_is_differentiated_at_one_gets_a_value() -> None:
    def inner(y: Any) -> Any:
        return 7.0 * y if isinstance(y, float) else {y: y * y}[y]

    kernel = compile(lambda x: grad(inner)(x.data) * x)
    assert kernel.value_and_grad(3.0) == (18.0, 6.0)


def test_series_inside_go_through_chosen_rows_whose_partials_are_comparisons() -> None:
    def f(x: Any, i: Any) -> Any:
        return taylor(lambda y: take([y * y * y, 3.0 * y], i), x, 2)[2]

    kernel = compile(f)
    assert kernel(2.0, 0) == f(2.0, 0) == 12.0
    assert kernel(2.0, 1) == f(2.0, 1) == 0.0
