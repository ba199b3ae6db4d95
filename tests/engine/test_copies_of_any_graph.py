"""Copies of graphs of a million nodes, of random graphs, and in several threads."""

import copy
import sys
import threading
from collections.abc import Callable
from typing import Any

from copying import WAYS, assert_same_but_apart, described, pickled, pickled_in_python, through_json
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import nn
from chainrule.engine import TABLE, Constant, Value, collector_paused, topological_order

MILLION = 1_000_000


def in_a_small_thread(work: Callable[[], None]) -> None:
    """Run `work` in a thread with little stack, few frames allowed, and raise what it raised."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # handed to the caller's thread
            errors.append(error)

    # Less than 700 kB would not do for Python 3.13 to free a chain of any objects of its own.
    size, limit = threading.stack_size(1024 * 1024), sys.getrecursionlimit()
    try:
        thread = threading.Thread(target=run)
        thread.start()
        sys.setrecursionlimit(150)
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    if errors:
        raise errors[0]


def test_a_chain_of_a_million_additions_is_copied_flat() -> None:
    @collector_paused()
    def work() -> None:
        x = Value(1.0)
        y = x
        for _ in range(MILLION):
            y = y + x
        for way in (copy.deepcopy, pickled, through_json):
            again = way(y)
            again.backward()
            (leaf,) = (operand for operand in topological_order(again)[:1] if operand.primitive is None)
            assert (again.data, leaf.grad, x.grad) == (MILLION + 1.0, MILLION + 1.0, 0.0)
            del again, leaf

    in_a_small_thread(work)


def test_the_pickler_in_python_is_flat_too() -> None:
    def work() -> None:
        y = Value(1.0)
        for _ in range(20_000):
            y = y.sin()
        assert pickled_in_python(y).data == y.data

    in_a_small_thread(work)


def test_pickles_are_made_in_several_threads_at_once() -> None:
    x = Value(0.5)
    nodes = [x]
    for _ in range(2000):
        nodes.append(nodes[-1].sin() + x)
    wrong: list[int] = []

    def work(place: int) -> None:
        for node in nodes[place::-1][:5]:
            if described(pickled([x, node])[1]) != described(node):
                wrong.append(place)

    threads = [threading.Thread(target=work, args=(250 * i + 1,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# -- random graphs ------------------------------------------------------------------------------------


any_float = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def graphs(draw: Callable[..., Any]) -> Value:
    """Draw any graph, of any numbers whatever, with gradients and labels."""
    leaf = st.sampled_from([Value, Constant, nn.Parameter])
    nodes = [draw(leaf)(draw(any_float)) for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(0, 30))):
        row = draw(st.sampled_from([row for row in TABLE.values() if row.name != "logsumexp"]))
        size = draw(st.integers(0, 5)) if row.variadic else row.arity
        nodes.append(row.apply(tuple(draw(st.sampled_from(nodes)) for _ in range(size))))
    for node in nodes:
        node.grad, node.label = draw(any_float), draw(st.text(max_size=3))
    root: Value = draw(st.sampled_from(nodes))
    return root


@settings(max_examples=150)
@given(graphs())
def test_random_graphs_come_back_to_the_last_bit(root: Value) -> None:
    for way in WAYS:
        assert_same_but_apart(root, way(root))
