"""break_when opens the debugger at the step one waits for, and costs nothing else."""

import copy
import gc
import math
import pickle
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from breakpoints import Stop

from chainrule.engine import Constant, Step, Value, graph, hooks, relu, sqrt, topological_order
from chainrule.engine.debugging import steps

# -- when it stops ------------------------------------------------------------------------------------


def test_a_function_of_the_step_decides(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    w.break_when(lambda step: abs(step.contribution) > 10)
    (w * 2.0 + w * -20.0).backward()
    assert [stop.rule for stop in stops] == ["dL/dw += dL/dv2 * dv2/dw = 1 * -20 = -20"]
    assert w.grad == -18.0


def test_it_stops_at_every_such_step_of_every_pass(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    w.break_when(lambda step: True)
    for _ in range(2):
        (w * w).backward()
    assert [stop.step.grad_after for stop in stops] == [3.0, 6.0, 9.0, 12.0]


def test_the_step_has_just_been_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    w = Value(3.0)
    monkeypatch.setattr(sys, "breakpointhook", lambda: seen.append(w.grad))
    w.break_when(lambda step: True)
    (w * w).backward()
    assert seen == [3.0, 6.0]


def test_an_inner_value_is_watched_too(stops: list[Stop]) -> None:
    x = Value(3.0, "x")
    y = x * 2.0
    y.label = "y"
    y.break_when(lambda step: True)
    (y * y).backward()
    assert [stop.step.place for stop in stops] == [0, 1]
    assert stops[0].name == "watchpoint on y"


def test_when_nan_stops_where_the_gradient_becomes_nan_and_once(stops: list[Stop]) -> None:
    w = Value(0.0, "w")
    w.break_when(when="nan")
    with pytest.warns(RuntimeWarning, match="root that is nan"):
        (w * 2.0 + w * math.nan + w * math.nan).backward()
    [stop] = stops
    assert (stop.step.grad_before, math.isnan(stop.step.grad_after)) == (2.0, True)
    w.grad = math.inf
    (w * 2.0).backward()
    assert len(stops) == 1  # inf is another matter


def test_when_inf_stops_where_the_gradient_becomes_inf_and_once(stops: list[Stop]) -> None:
    x = Value(0.0, "x")
    x.break_when(when="inf")
    (sqrt(x) * -1.0 + x * 3.0).backward()
    [stop] = stops
    assert stop.step.grad_after == -math.inf
    (x * 3.0).backward()
    assert len(stops) == 1


def test_when_zero_judges_the_complete_gradient(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    w.break_when(when="zero")
    (w * 2.0 - w * 2.0 + w * 3.0).backward()  # zero on the way only
    assert stops == []
    w.grad = 0.0
    (w * 2.0 - w * 2.0).backward()
    relu(-w).backward()  # a dead unit
    assert [(stop.step.pending, stop.step.grad_after) for stop in stops] == [(0, 0.0), (0, 0.0)]
    assert [abs(stop.step.contribution) for stop in stops] == [2.0, 0.0]


def test_when_sign_change_stops_where_a_step_takes_the_gradient_across_zero(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    w.break_when(when="sign_change")
    root = sum([w * 5.0, w * -7.0, w * 1.0, w * 3.0], Value(0.0))
    root.backward()
    seen = [(stop.step.grad_before, stop.step.grad_after) for stop in stops]
    contributions = [step.contribution for step in root.trace() if step.operand is w]
    w.grad = total = 0.0
    expected = []
    for contribution in contributions:
        if total * (total + contribution) < 0.0:
            expected.append((total, total + contribution))
        total += contribution
    assert seen == expected != []


def test_from_zero_is_no_sign_change(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    w.break_when(when="sign_change")
    (w * -2.0).backward()
    assert stops == []


def test_several_watchpoints_stop_once_for_a_step(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    w.break_when(lambda step: True)
    w.break_when(lambda step: True)
    (w * 2.0).backward()
    assert len(stops) == 1


def test_stepping_stops_as_backward_does(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    w.break_when(lambda step: step.contribution < 0)
    before = []
    for step in (w * 2.0 + w * -20.0).backward_steps():
        before.append((step.index, len(stops)))
    assert [stop.rule for stop in stops] == ["dL/dw += dL/dv2 * dv2/dw = 1 * -20 = -20"]
    assert dict(before)[stops[0].step.index] == 1  # before the loop's body sees it


def test_a_pass_with_hooks_stops_too(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    y = w * 2.0
    y.register_hook(lambda gradient: 10.0)
    w.break_when(lambda step: True)
    y.backward()
    assert [stop.step.contribution for stop in stops] == [20.0]
    assert w.grad == 20.0


def test_a_recorded_pass_shows_its_steps_first(stops: list[Stop]) -> None:
    w = Value(3.0, "w")
    w.grad = 1.0
    y = w * w * w
    seen: list[float] = []
    y.register_hook(seen.append)
    w.break_when(lambda step: True)
    y.backward(create_graph=True)
    assert [stop.step.grad_after for stop in stops] == [10.0, 19.0, 28.0]
    assert len(seen) == 1
    assert w.grad.data == 28.0  # type: ignore[attr-defined]  # a Value: create_graph
    w.grad = 0.0


def test_the_root_has_no_step(stops: list[Stop]) -> None:
    root = Value(3.0) * 2.0
    root.break_when(lambda step: True)
    root.backward()
    assert stops == []


# -- wrong arguments ----------------------------------------------------------------------------------

WANTED = (
    "pass a function of the step, as in lambda step: abs(step.contribution) > 10, "
    "or one of when='nan', when='inf', when='zero', when='sign_change'"
)


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "text"),
    [
        ((), {}, TypeError, f"break_when has nothing to wait for: {WANTED}"),
        (("nan",), {}, TypeError, f"break_when cannot wait for 'nan': {WANTED}"),
        ((True,), {}, TypeError, f"break_when cannot wait for True (bool): {WANTED}"),
        ((), {"when": "NaN"}, ValueError, f"break_when does not know when='NaN': {WANTED}"),
        ((), {"when": ("nan", "inf")}, ValueError, f"break_when does not know when=('nan', 'inf'): {WANTED}"),
        ((), {"when": []}, ValueError, f"break_when does not know when=[]: {WANTED}"),
        (
            (bool,),
            {"when": "nan"},
            TypeError,
            "break_when takes a function of the step or when=, not both: call it twice",
        ),
    ],
)
def test_what_cannot_be_waited_for_is_refused(
    arguments: tuple[Any, ...], options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    before = len(hooks.watched)
    with pytest.raises(kind) as caught:
        Value(3.0).break_when(*arguments, **options)
    assert str(caught.value) == text
    assert len(hooks.watched) <= before  # fewer where the collector has been at work


def test_a_constant_takes_no_watchpoint() -> None:
    for constant in (Constant(2.0), Value(2.0).detach()):
        with pytest.raises(TypeError, match=r"has no gradient to watch: it is a constant"):
            constant.break_when(when="nan")


def test_what_a_condition_raises_comes_out() -> None:
    w = Value(3.0)
    w.break_when(lambda step: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (w * 2.0).backward()


# -- taken away ---------------------------------------------------------------------------------------


def test_remove_takes_one_watchpoint_away_and_may_be_called_again(stops: list[Stop]) -> None:
    w = Value(3.0)
    before = {*hooks.watched}  # those of values that the collector has not come to yet
    first = w.break_when(lambda step: True)
    watched = hooks.watched - before
    second = w.break_when(when="nan")
    first.remove()
    first.remove()
    (w * 2.0).backward()
    assert stops == []
    second.remove()
    assert len(watched) == 1
    assert not watched & hooks.watched
    third = w.break_when(lambda step: True)
    (w * 2.0).backward()
    assert len(stops) == 1
    third.remove()


def test_a_watchpoint_may_remove_itself(stops: list[Stop]) -> None:
    w = Value(3.0)

    def once(step: Step) -> bool:
        handle.remove()
        return True

    handle = w.break_when(once)
    (w * w).backward()
    assert len(stops) == 1


def test_a_watchpoint_set_on_the_way_holds_from_the_next_step(stops: list[Stop]) -> None:
    w = Value(3.0)
    for step in (w * w).backward_steps():
        if step.index == 0:
            w.break_when(lambda step: True)
    assert [stop.step.index for stop in stops] == [1]


def test_a_dropped_value_takes_its_watchpoints_along() -> None:
    class Condition:
        def __call__(self, step: Step) -> bool:
            return False

    gc.disable()
    try:
        before = len(hooks.watched)
        w, condition = Value(2.0), Condition()
        handle = w.break_when(condition)
        gone = weakref.ref(condition)
        (w * w).backward()
        assert len(hooks.watched) == before + 1
        del w, condition, handle
        assert gone() is None  # at once, without the cyclic collector
        assert len(hooks.watched) == before
    finally:
        gc.enable()


def test_copies_and_pickles_are_not_watched(stops: list[Stop]) -> None:
    w = Value(3.0)
    w.break_when(lambda step: True)
    for other in (copy.copy(w), copy.deepcopy(w), pickle.loads(pickle.dumps(w))):
        (other * 2.0).backward()
    assert stops == []


# -- at no cost where there are none ------------------------------------------------------------------


def big() -> Value:
    leaves = [Value(0.1 * i) for i in range(1, 6)]
    root = leaves[0]
    for i in range(200):
        root = (root * leaves[i % 5]).tanh() + leaves[(i + 1) % 5]
    return root


def test_without_watchpoints_in_the_graph_the_plain_loop_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "walk", lambda *arguments: pytest.fail("the loop with steps ran"))
    elsewhere = Value(1.0)
    elsewhere.break_when(lambda step: True)
    big().backward()
    removed = big()
    topological_order(removed)[0].break_when(lambda step: True).remove()
    removed.backward()


def test_without_any_watchpoint_the_graph_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "watched", weakref.WeakSet())
    monkeypatch.setattr(graph, "watchpoints_in", lambda order: pytest.fail("searched"))
    big().backward()


@pytest.mark.parametrize("prepare", [lambda root: None, lambda root: root.register_hook(lambda g: 2.0 * g)])
def test_a_watched_pass_gives_the_same_gradients_to_the_last_bit(
    prepare: Callable[[Value], object], stops: list[Stop]
) -> None:
    plain, watched = big(), big()
    for root in (plain, watched):
        prepare(root)
    topological_order(watched)[0].break_when(lambda step: False)
    for root in (plain, watched):
        root.backward()
        root.backward()
    assert [repr(v.grad) for v in topological_order(plain)] == [
        repr(v.grad) for v in topological_order(watched)
    ]
    assert stops == []
