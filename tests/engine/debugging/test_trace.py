"""A trace goes forwards and backwards through the pass and knows every gradient at every moment."""

import random
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import engine
from chainrule.engine import Constant, Step, Value, topological_order

RANDOM = run_path(str(Path(__file__).parents[1] / "test_random_graphs.py"))


@pytest.fixture
def graph() -> tuple[Value, Value, Value, Value]:
    """Return a, b, c = a b and the root c a."""
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    c = a * b
    c.label = "c"
    return a, b, c, c * a


Graph = tuple[Value, Value, Value, Value]


def test_next_and_back_go_one_step(graph: Graph) -> None:
    trace = graph[3].trace()
    assert (trace.current, trace.done, len(trace)) == (None, 0, 4)
    assert trace.next() is trace[0] is trace.current
    assert trace.next() is trace[1]
    assert trace.back() is trace[0] is trace.current
    assert trace.done == 1
    assert trace.back() is None
    assert trace.current is None


def test_there_is_nothing_before_the_first_step_and_after_the_last(graph: Graph) -> None:
    trace = graph[3].trace()
    assert (trace.back(), trace.done) == (None, 0)
    while trace.next():
        pass
    assert (trace.next(), trace.done) == (None, 4)
    assert trace.current is trace[3]
    while trace.back():
        pass
    assert trace.done == 0


def test_the_steps_are_those_of_backward_steps(graph: Graph) -> None:
    root = graph[3]
    trace, steps = root.trace(), list(root.backward_steps())
    assert list(map(str, trace)) == list(map(str, steps))
    assert [step.index for step in trace] == [0, 1, 2, 3]
    assert trace[-1] is trace[3]
    assert trace[1:3] == [trace[1], trace[2]]
    assert trace.done == 0  # looking moves nothing


def test_gradients_are_those_of_the_moment(graph: Graph) -> None:
    a, b, c, root = graph
    trace = root.trace()

    def gradients() -> tuple[float, ...]:
        return trace.grad(root), trace.grad(c), trace.grad(a), trace.grad(b)

    history = [gradients()]
    while trace.next():
        history.append(gradients())
    assert history == [
        (1.0, 0.0, 0.0, 0.0),
        (1.0, 2.0, 0.0, 0.0),
        (1.0, 2.0, -6.0, 0.0),
        (1.0, 2.0, -12.0, 0.0),
        (1.0, 2.0, -12.0, 4.0),
    ]
    for known in reversed(history):
        assert gradients() == known
        trace.back()


def test_goto_a_value_is_the_moment_its_gradient_is_complete(graph: Graph) -> None:
    a, b, c, root = graph
    trace = root.trace()
    assert trace.goto(b) is trace[3]
    assert trace.goto(a) is trace[2]  # backwards
    assert trace.grad(a) == -12.0
    assert trace.goto(c) is trace[0]
    assert (trace.goto(root), trace.done, trace.grad(root)) == (None, 0, 1.0)


def test_goto_a_step_or_an_index(graph: Graph) -> None:
    trace = graph[3].trace()
    assert trace.goto(2) is trace[2]
    assert trace.goto(trace[1]) is trace[1]
    assert trace.goto(-1) is trace[3]
    assert trace.goto(0) is trace[0]
    assert trace.done == 1


def test_goto_says_where_it_cannot_go(graph: Graph) -> None:
    a, _, _, root = graph
    trace = (root * 2.0).trace()
    with pytest.raises(IndexError, match=r"there is no step 5: this pass has 5"):
        trace.goto(5)
    with pytest.raises(IndexError, match=r"there is no step -6: this pass has 5"):
        trace[-6]
    with pytest.raises(TypeError, match=r"takes a Value, a Step or an index, got 'a'"):
        trace.goto("a")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"takes a Value, a Step or an index, got True \(bool\)"):
        trace.goto(True)
    with pytest.raises(ValueError, match=r"<Step 0: .*> is a step of another pass"):
        trace.goto(root.trace()[0])
    with pytest.raises(
        ValueError, match=r"Value\(9, .*has no gradient in this pass: the root does not depend"
    ):
        trace.goto(Value(9.0))
    two = (root * 2.0).operands[1]
    with pytest.raises(ValueError, match=r"Constant\(2, .*has no gradient in this pass: it is a constant"):
        trace.grad(two)
    with pytest.raises(ValueError, match="has no gradient in this pass"):
        trace.grad(3.0)  # type: ignore[arg-type]
    assert trace.done == 0
    assert trace.goto(a) is not None


def test_until_goes_on_to_the_next_step_that_fits(graph: Graph) -> None:
    a, b, _, root = graph
    trace = root.trace()
    assert trace.until(lambda step: step.operand is a) is trace[1]
    assert trace.until(lambda step: step.operand is a) is trace[2]
    assert trace.until(lambda step: step.operand is a) is None
    assert (trace.done, trace.grad(b)) == (4, 4.0)
    with pytest.raises(TypeError, match=r"until takes a function of the step, got 3 \(int\)"):
        trace.until(3)  # type: ignore[arg-type]


def test_a_trace_starts_from_zero_and_leaves_gradients_alone(graph: Graph) -> None:
    a, b, c, root = graph
    root.backward()
    a.grad = 100.0
    before = [value.grad for value in (a, b, c, root)]
    trace = root.trace()
    trace.goto(a)
    assert trace[1].grad_before == 0.0
    assert trace.grad(a) == -12.0
    assert [value.grad for value in (a, b, c, root)] == before


def test_gradients_are_put_back_whatever_hooks_raise(graph: Graph) -> None:
    a, _, c, root = graph
    a.grad = c.grad = 7.0

    def refuse(gradient: float) -> None:
        raise LookupError("refused")

    c.register_hook(refuse)
    with pytest.raises(LookupError, match="refused"):
        root.trace()
    assert (a.grad, c.grad) == (7.0, 7.0)


def test_what_hooks_do_is_part_of_the_trace() -> None:
    x = Value(2.0, "x")
    y = 3.0 * x
    root = y * y
    y.register_hook(lambda gradient: 10.0)
    x.register_hook(lambda gradient: -gradient)
    trace = root.trace()
    trace.goto(y)
    assert trace.grad(y) == 12.0  # complete, but not yet passed on
    trace.next()
    assert (trace.grad(y), trace.grad(x)) == (10.0, -30.0)  # the last step: the leaf's hook has run too
    trace.back()
    assert (trace.grad(y), trace.grad(x)) == (12.0, 0.0)
    root.backward()
    assert (y.grad, x.grad) == (10.0, -30.0)


def test_what_hooks_of_leaves_do_at_the_end_is_taken_back_too() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    x.register_hook(lambda gradient: -gradient)
    trace = (x * y).trace()
    assert trace[-1].operand is y
    trace.goto(y)
    assert trace.grad(x) == -3.0
    trace.back()
    assert trace.grad(x) == 3.0


def test_hooks_of_a_root_that_is_a_leaf_are_part_of_the_trace() -> None:
    x = Value(2.0)
    x.register_hook(lambda gradient: 5.0)
    trace = x.trace()
    assert (len(trace), trace.next(), trace.back(), trace.grad(x), x.grad) == (0, None, None, 5.0, 0.0)


def test_watchpoints_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.breakpointhook", lambda: pytest.fail("stopped"))
    w = Value(2.0)
    w.break_when(lambda step: True)
    assert len((w * w).trace()) == 2


def test_repr_shows_where_it_is(graph: Graph) -> None:
    trace = graph[3].trace()
    assert repr(trace) == "<Trace of L: 0 of 4 steps done>"
    trace.goto(graph[0])
    assert repr(trace) == "<Trace of L: 3 of 4 steps done, the last one dL/da += dL/dc * dc/da = 2 * -3 = -6>"


@settings(max_examples=100)
@given(RANDOM["programs"](), st.integers(0, 2**32))
def test_a_trace_shows_what_the_loop_saw_in_both_directions(
    program: tuple[list[float], list[Any]], seed: int
) -> None:
    numbers, operations = program
    leaves = [Value(x) for x in numbers]
    root = RANDOM["run"](engine, leaves, operations)
    chance = random.Random(seed)
    order = [value for value in topological_order(root) if not isinstance(value, Constant)]
    for value in order:
        if value.primitive is not None and chance.random() < 0.1:
            value.register_hook(lambda gradient: -1.25 * gradient)
    seen = []
    for _ in root.backward_steps():
        seen.append([repr(value.grad) for value in order])
    for value in order:
        value.grad = 5.0
    trace = root.trace()
    assert len(trace) == len(seen)
    for place in range(len(seen)):
        step = trace.next()
        assert isinstance(step, Step)
        assert [repr(trace.grad(value)) for value in order] == seen[place]
    for place in reversed(range(len(seen))):
        assert [repr(trace.grad(value)) for value in order] == seen[place]
        trace.back()
    for place in chance.sample(range(len(seen)), min(5, len(seen))):
        trace.goto(place)
        assert [repr(trace.grad(value)) for value in order] == seen[place]
    assert {value.grad for value in order} == {5.0}
