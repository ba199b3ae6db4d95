"""no_grad: what it switches off, for how long, and for whom."""

import threading

import pytest

from chainrule.engine import Constant, Value, exp, no_grad, total


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


def test_a_block_holds_for_its_own_thread_only() -> None:
    x = Value(2.0)
    inside, looked = threading.Event(), threading.Event()
    seen: dict[str, bool] = {}

    def other() -> None:
        with no_grad():
            inside.set()
            looked.wait(timeout=10)
            seen["in the block's thread"] = recorded(x)
        seen["after the block"] = recorded(x)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(timeout=10)
    seen["in this thread"] = recorded(x)
    looked.set()
    thread.join(timeout=10)
    assert seen == {"in the block's thread": False, "after the block": True, "in this thread": True}


def test_a_thread_started_inside_a_block_records() -> None:
    x = Value(2.0)
    seen: list[bool] = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(recorded(x)))
        thread.start()
        thread.join(timeout=10)
        assert not recorded(x)
    assert seen == [True]


def test_backward_works_inside_a_block() -> None:
    x = Value(3.0)
    y = x * x
    with no_grad():
        y.backward()
    assert x.grad == 6.0
