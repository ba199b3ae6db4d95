"""A watchpoint stops at the user's own line, among the user's variables, in the debugger that is set."""

import math
import sys
from typing import Any

import pytest
from breakpoints import Stop, line_here

from chainrule.engine import Step, Value
from chainrule.nn import MLP, SGD, fit, squared_error

# -- where it stops -----------------------------------------------------------------------------------


def test_it_stops_at_the_users_line_among_the_users_variables(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    w.break_when(lambda step: True)
    loss = w * 2.0
    loss.backward()
    line = line_here() - 1
    [stop] = stops
    assert (stop.file, stop.line, stop.name) == (__file__, line, "watchpoint on w")
    assert stop.variables["loss"] is loss
    assert stop.variables["step"] is stop.step


def test_the_pass_and_its_symbols_are_one_frame_up(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    w.break_when(lambda step: True)
    (w * 2.0).backward()
    names = [frame.f_code.co_name for frame in stops[0].above]
    me = "test_the_pass_and_its_symbols_are_one_frame_up"
    assert names[:4] == ["walk", "backward", "backward", me]


def test_the_symbols_of_the_chain_rule_are_variables_there(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def debugger() -> None:
        above = sys._getframe(1).f_back
        assert above is not None
        seen.append(dict(above.f_locals))

    monkeypatch.setattr(sys, "breakpointhook", debugger)
    w = Value(3.0, "w")
    w.break_when(lambda step: True)
    root = w * 2.0
    root.backward()
    [variables] = seen
    assert variables["node"] is root
    assert variables["operand"] is w
    assert [variables[name] for name in ("upstream", "partial", "contribution")] == [1.0, 2.0, 2.0]


def test_a_loop_of_ones_own_is_where_its_steps_stop(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    w.break_when(lambda step: True)
    line = line_here() + 1
    for step in (w * 2.0).backward_steps():
        assert step is stops[0].step
    assert stops[0].line == line


def test_in_a_training_loop_of_ours_it_is_the_line_that_calls_it(stops: list[Stop]) -> None:
    model = MLP(1, [1], seed=1)
    model.parameters()[0].break_when(lambda step: len(stops) < 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    line = line_here() + 1
    fit(model, [[1.0]], [2.0], loss=squared_error, optimizer=optimizer, epochs=2, progress=False)
    assert [(stop.file, stop.line) for stop in stops] == [(__file__, line)]


def test_nothing_is_left_in_the_users_namespace(stops: list[Stop]) -> None:
    namespace: dict[str, Any] = {"Value": Value, "__name__": "user"}
    program = "w = Value(3.0)\nw.break_when(lambda step: True)\n(w * 2.0).backward()\n"
    exec(compile(program, "user.py", "exec"), namespace)
    assert (stops[0].file, stops[0].line) == ("user.py", 3)
    assert "step" not in namespace


def test_ones_own_variable_called_step_is_hidden_only_there(stops: list[Stop]) -> None:
    step = "mine"
    w = Value(3.0)
    w.break_when(lambda step: True)
    (w * 2.0).backward()
    assert isinstance(stops[0].variables["step"], Step)
    assert step == "mine"


@pytest.mark.parametrize("label", ["", "two\nlines", "\x00\x1b[31m", "{}%s", "\ud800"])
def test_any_label_can_be_watched(stops: list[Stop], label: str) -> None:
    w = Value(3.0, label)
    w.break_when(lambda step: True)
    (w * 2.0).backward()
    assert stops[0].name.isprintable()
    assert stops[0].name.startswith("watchpoint on ")


# -- which debugger -----------------------------------------------------------------------------------


def test_pythonbreakpoint_chooses_the_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(sys, "breakpointhook", sys.__breakpointhook__)  # pytest has one of its own
    monkeypatch.setattr(math, "our_debugger", lambda: calls.append(1), raising=False)
    monkeypatch.setenv("PYTHONBREAKPOINT", "math.our_debugger")
    w = Value(3.0)
    w.break_when(lambda step: True)
    (w * 2.0).backward()
    assert calls == [1]


def test_pythonbreakpoint_0_stops_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "breakpointhook", sys.__breakpointhook__)
    monkeypatch.setenv("PYTHONBREAKPOINT", "0")
    w = Value(3.0)
    w.break_when(lambda step: True)
    (w * 2.0).backward()
    assert w.grad == 2.0
