"""no_grad: what it switches off, for how long, and for whom."""

import math
import threading
from typing import Any

import pytest
from waiting import SECONDS

from chainrule.engine import (
    Constant,
    NotFiniteError,
    Value,
    collector_paused,
    enable_grad,
    exp,
    no_grad,
    strict,
    total,
)
from chainrule.engine.blocks import Block


def recorded(x: Value) -> bool:
    """Return whether an operation on `x` is recorded here, at every kind of door."""
    nodes = [x * x, 2 + x, -x, x.tanh(), exp(x), total([x, x]), x.maximum(1.0)]
    kept = {node.operands != () for node in nodes}
    assert len(kept) == 1, nodes
    return kept.pop()


def test_results_inside_remember_nothing() -> None:
    x = Value(3.0)
    with no_grad():
        y = x * x
        assert not recorded(x)
    assert type(y) is Constant
    assert (y.data, y.operands, y.partials, y.primitive) == (9.0, (), (), None)
    assert recorded(x)


def test_no_gradient_flows_through_what_was_made_inside() -> None:
    x = Value(3.0)
    with no_grad():
        factor = x * x
    (factor * x).backward()
    assert x.grad == 9.0


def test_a_leaf_made_inside_is_a_leaf() -> None:
    with no_grad():
        x = Value(2.0)
    (x * x).backward()
    assert x.grad == 4.0


def test_blocks_nest() -> None:
    x = Value(2.0)
    with no_grad():
        with no_grad():
            assert not recorded(x)
        assert not recorded(x)
    assert recorded(x)


def test_an_exception_ends_the_block() -> None:
    x = Value(2.0)
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0  # noqa: B018
    assert recorded(x)


def test_it_is_a_decorator_too() -> None:
    @no_grad()
    def predict(x: Value) -> Value:
        assert not recorded(x)
        return x * x

    x = Value(2.0)
    assert predict(x).operands == ()
    assert predict(x).data == 4.0  # and may be called again
    assert recorded(x)


@pytest.mark.parametrize("block", [no_grad, enable_grad, strict, collector_paused])
def test_every_block_decorates_without_parentheses_too(block: Block) -> None:
    @block
    def twice(x: Value, *, add: float = 0.0) -> Value:
        """Return 2 x."""
        return 2.0 * x + add

    assert (twice.__name__, twice.__doc__) == ("twice", "Return 2 x.")
    for _ in range(2):  # it may be called again
        assert twice(Value(3.0), add=1.0).data == 7.0


def test_a_bare_decorator_switches_recording_off_inside_only() -> None:
    @no_grad
    def predict(x: Value) -> Value:
        assert not recorded(x)
        return x * x

    x = Value(2.0)
    assert (predict(x).operands, recorded(x)) == ((), True)

    @strict
    def root(x: Value) -> Value:
        return x.log()

    with pytest.raises(NotFiniteError, match=r"log\(x=0.0\) is -inf"):
        root(Value(0.0))
    assert Value(0.0).log().data == -math.inf


@pytest.mark.parametrize("wrong", [(True,), (None,), (print, print)])
def test_a_block_given_anything_but_a_function_says_how_it_is_used(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=r"no_grad takes nothing \(with no_grad\(\): ...\) or the function"):
        no_grad(*wrong)


def test_backward_from_a_constant_says_that_nothing_was_recorded() -> None:
    w = Value(3.0)
    with no_grad():
        loss = w * w
    for root in (loss, (w * w).detach()):
        with pytest.raises(RuntimeError, match=r"from Constant\(9, grad=0\), which remembers no operations"):
            root.backward()
    leaf = Value(2.0)
    leaf.backward()  # a leaf that asks for its gradient has one
    assert (leaf.grad, w.grad) == (1.0, 0.0)


def test_a_block_holds_for_its_own_thread_only() -> None:
    x = Value(2.0)
    inside, looked = threading.Event(), threading.Event()
    seen: dict[str, bool] = {}

    def other() -> None:
        with no_grad():
            inside.set()
            looked.wait(timeout=SECONDS)
            seen["in the block's thread"] = recorded(x)
        seen["after the block"] = recorded(x)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(timeout=SECONDS)
    seen["in this thread"] = recorded(x)
    looked.set()
    thread.join(timeout=SECONDS)
    assert seen == {"in the block's thread": False, "after the block": True, "in this thread": True}


def test_a_thread_started_inside_a_block_records() -> None:
    x = Value(2.0)
    seen: list[bool] = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(recorded(x)))
        thread.start()
        thread.join(timeout=SECONDS)
        assert not recorded(x)
    assert seen == [True]


def test_backward_works_inside_a_block() -> None:
    x = Value(3.0)
    y = x * x
    with no_grad():
        y.backward()
    assert x.grad == 6.0
