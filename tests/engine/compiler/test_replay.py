"""The tape as a Python function: its source, its parameters, what it gives."""

import gc
import inspect
import linecache
import math
from typing import Any

from chainrule.engine import Value, declare, forget, take, where
from chainrule.engine.compiler.listing import SourcedTape
from chainrule.engine.compiler.record import record
from chainrule.engine.compiler.replay import python_function


def replayed(f: Any, *arguments: Any, names: tuple[str, ...] = (), called: str = "f") -> Any:
    recording = record(f, arguments, names, set())
    return python_function(f, called, len(arguments) - len(names), names, recording)


def test_it_is_the_tape_line_by_line() -> None:
    function = replayed(lambda a, b: {"out": a * b - 0.5}, 2.0, 3.0)
    assert inspect.getsource(function).splitlines() == [
        "def f(a, b):",
        "    v0, = numbers_of(a)",
        "    v1, = numbers_of(b)",
        "    v2 = v0 * v1",
        "    v4 = v2 - 0.5",
        "    return structured([v4])",
    ]
    assert function(4.0, 5.0) == {"out": 19.5}


def test_arguments_in_structures_are_taken_apart() -> None:
    function = replayed(lambda w, x: w[0] * x + w[1], [1.0, 2.0], 3.0)
    assert function([10.0, 1.0], 2) == 21.0


def test_names_and_keywords_are_the_function_s_own() -> None:
    function = replayed(lambda x, *, y: x - y, 1.0, 2.0, names=("y",))
    assert str(inspect.signature(function)) == "(x, *, y)"
    assert function(5.0, y=2.0) == 3.0


def test_parameters_without_names_are_numbered_and_names_that_are_none_replaced() -> None:
    function = replayed(lambda *xs: xs[0] * xs[1], 1.0, 2.0, called="<lambda>")
    assert function.__name__ == "replay"
    assert str(inspect.signature(function)) == "(argument0, argument1)"


def test_numbers_are_read_back_to_the_last_bit() -> None:
    function = replayed(lambda x: [x + math.inf, x * -0.1, x - math.nan, where(x > 0.0, -0.0, 1e-310)], 1.0)
    found = function(2.0)
    assert found[:2] == [math.inf, -0.2]
    assert math.isnan(found[2])
    assert math.copysign(1.0, found[3]) == -1.0


def test_comparisons_choices_and_detached_numbers_are_python_s() -> None:
    function = replayed(lambda x, i: take([x.data, where(x <= 1.0, 5.0, x)], i), 1.0, 0)
    assert [function(3.0, 0), function(3.0, 1), function(1.0, 1)] == [3.0, 3.0, 5.0]
    assert "1.0 if v0 <= 1.0 else 0.0" in inspect.getsource(function)


def test_values_from_outside_are_read_when_it_runs() -> None:
    c = Value(2.0)
    function = replayed(lambda x: x * c, 1.0)
    c.data = 10.0
    assert function(3.0) == 30.0


def test_a_row_s_name_that_python_keeps_for_itself_gets_an_underscore() -> None:
    @declare(partials=lambda x, out: (1.0,))
    def nonlocal_(x: float) -> float:
        return x + 1.0

    object.__setattr__(nonlocal_, "name", "lambda")
    try:
        assert replayed(lambda x: nonlocal_(x), 1.0)(2.0) == 3.0
    finally:
        object.__setattr__(nonlocal_, "name", "nonlocal_")
        forget("nonlocal_")


def test_lines_say_where_in_the_program_they_come_from() -> None:
    def f(x: Any) -> Any:
        return x * x

    tape = SourcedTape()
    recording = record(f, [1.0], (), set(), tape=tape)
    source = inspect.getsource(python_function(f, "f", 1, (), recording))
    assert f"v1 = v0 * v0  # test_replay.py:{f.__code__.co_firstlineno + 1}: x * x" in source


def test_its_source_goes_when_it_does() -> None:
    function = replayed(lambda x: x, 1.0)
    file = function.__code__.co_filename
    assert file in linecache.cache
    del function
    gc.collect()
    assert file not in linecache.cache


def test_a_number_that_depends_on_nothing_is_returned_as_it_is() -> None:
    assert replayed(lambda x: [x, -7], 1.0)(2.0) == [2.0, -7.0]
