"""Size and life of graphs: a million nodes without recursion, freed at once, the collector's pauses."""

import gc
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from alive import alive
from waiting import SECONDS

from chainrule.engine import Value, collector_paused, exp, topological_order

MILLION = 1_000_000


# -- long chains --------------------------------------------------------------------------------------


def a_million_additions() -> None:
    """Build, sort, differentiate and free a chain of a million additions."""
    x = Value(1.0)
    y = x
    with collector_paused():
        for _ in range(MILLION):
            y = y + x
        order = topological_order(y)
        assert len(order) == MILLION + 1
        assert order[-1] is y
        del order
        y.backward()
        y.zero_grad()
        y.backward()
        assert (y.data, x.grad) == (MILLION + 1.0, MILLION + 1.0)
        assert len(repr(y)) < 80
        del y  # frees the chain: a recursive free would end the process here


def in_a_thread(work: Callable[[], None], stack: int) -> None:
    """Run `work` in a thread of its own with a stack of that many bytes, and raise what it raised."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # handed to the caller's thread
            errors.append(error)

    before = threading.stack_size(stack)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    if errors:
        raise errors[0]


def test_a_chain_of_a_million_additions_is_not_too_deep() -> None:
    a_million_additions()


def test_a_long_chain_needs_neither_frames_nor_stack() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)  # this thread only waits; the other has its frames for itself
    # Freeing a chain is Python's own work: from 3.13 on it goes some thousand levels deep before it turns
    # to a list, which needs up to 1 MiB, where before it went fifty.
    stack = 2048 if sys.version_info >= (3, 13) else 256
    try:
        in_a_thread(a_million_additions, stack=stack * 1024)
    finally:
        sys.setrecursionlimit(limit)


def test_a_deep_chain_of_functions_is_freed_too() -> None:
    x = Value(0.5)
    y = x
    with collector_paused():
        for _ in range(300_000):
            y = y.sin()
        y.backward()
        del y
    assert 0.0 < x.grad < 1.0


# -- freed at once ------------------------------------------------------------------------------------


def loss_of(leaves: list[Value]) -> Value:
    """Return a loss of some 10,000 operations in which everything is shared."""
    out = leaves[0] * 1.0
    for i in range(2500):
        x = leaves[i % len(leaves)]
        out = (out * x).tanh() + exp(x) / 3.0
    return out


@pytest.mark.usefixtures("collector_off")
def test_dropping_the_root_frees_the_graph_at_once() -> None:
    leaves = [Value(0.1 * i) for i in range(1, 4)]
    before, references = alive(), [sys.getrefcount(leaf) for leaf in leaves]
    root = loss_of(leaves)
    root.backward()
    assert alive() > before + 10_000
    del root
    assert alive() == before
    assert [sys.getrefcount(leaf) for leaf in leaves] == references


@pytest.mark.usefixtures("collector_off")
def test_a_graph_that_is_never_differentiated_is_freed_as_well() -> None:
    leaves = [Value(0.5)]
    before = alive()
    root = loss_of(leaves)
    one_graph = alive()
    for _ in range(3):
        root = loss_of(leaves)  # the graph before is dropped as this one takes its name
    assert alive() == one_graph > before + 10_000
    del root
    assert alive() == before


@pytest.mark.usefixtures("collector_off")
def test_a_part_that_is_still_held_stays() -> None:
    x = Value(2.0)
    before = alive()
    inner = x * x
    root = inner + 1.0
    root.backward()
    del root
    assert alive() == before + 1
    assert inner.grad == 1.0


@pytest.mark.usefixtures("collector_off")
def test_an_error_on_the_way_leaves_nothing_behind() -> None:
    leaves = [Value(0.5)]
    before = alive()
    with pytest.raises(TypeError):
        loss_of(leaves) + "3"  # type: ignore[operator]  # the mistake is the point
    assert alive() == before


@pytest.mark.usefixtures("collector_off")
def test_the_cyclic_collector_finds_nothing_of_ours() -> None:
    leaves = [Value(0.1 * i) for i in range(1, 4)]
    for _ in range(3):
        root = loss_of(leaves)
        root.backward()
        root.zero_grad()
        topological_order(root)
    del root
    assert gc.collect() == 0


def test_values_carry_no_dictionary() -> None:
    for value in (Value(1.0), Value(1.0) + 2.0, Value(1.0).detach()):
        assert not hasattr(value, "__dict__")
        with pytest.raises(AttributeError):
            value.gard = 1.0  # type: ignore[attr-defined]  # a slip of the pen is an error


# -- pausing the collector ----------------------------------------------------------------------------


@pytest.fixture
def collector_on() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.enable()
    yield
    if not enabled:
        gc.disable()


@pytest.mark.usefixtures("collector_on")
def test_the_collector_rests_inside_and_runs_after() -> None:
    with collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.usefixtures("collector_on")
def test_the_collector_runs_again_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), collector_paused():
        1 / 0  # noqa: B018
    assert gc.isenabled()


@pytest.mark.usefixtures("collector_on")
def test_pauses_nest() -> None:
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.usefixtures("collector_off")
def test_a_collector_that_was_off_stays_off() -> None:
    with collector_paused(), collector_paused():
        assert not gc.isenabled()
    assert not gc.isenabled()


@pytest.mark.usefixtures("collector_on")
def test_a_pause_is_a_decorator_too() -> None:
    @collector_paused()
    def work() -> bool:
        return gc.isenabled()

    assert [work(), work()] == [False, False]
    assert gc.isenabled()


@pytest.mark.usefixtures("collector_on")
def test_pauses_of_two_threads_overlap() -> None:
    other_in, first_out = threading.Event(), threading.Event()
    seen: dict[str, bool] = {}

    def other() -> None:
        with collector_paused():
            other_in.set()
            first_out.wait(timeout=SECONDS)
            seen["one left, one inside"] = gc.isenabled()

    thread = threading.Thread(target=other)
    with collector_paused():
        thread.start()
        assert other_in.wait(timeout=SECONDS)
    first_out.set()
    thread.join(timeout=SECONDS)
    seen["both left"] = gc.isenabled()
    assert seen == {"one left, one inside": False, "both left": True}
