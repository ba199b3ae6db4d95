"""branches and record_sources: which block keeps a comparison, where they nest, overlap and end."""

import contextvars
import gc
import math
import threading

import pytest
from told_branches import told

from chainrule.engine import Value, branches, kinks, median, record_sources


def test_a_context_that_outlives_the_block_keeps_nothing() -> None:
    x = Value(2.0)

    def compare() -> bool:
        return x > 1.0

    with branches() as ledger:
        assert compare()
        context = contextvars.copy_context()
    with branches():
        assert context.run(compare)
    assert [branch.times for branch in ledger] == [1]


def test_nothing_is_kept_outside_and_elsewhere() -> None:
    x = Value(1.0)
    with branches() as ledger:
        thread = threading.Thread(target=lambda: x > 0.0)
        thread.start()
        thread.join()
    assert x > 0.0
    assert len(ledger) == 0
    assert kinks(x, ledger) == ()


def test_comparisons_of_a_block_that_has_ended_are_not_those_of_another_graph() -> None:
    with record_sources():
        x = Value(1.0) * 2.0
        assert x > 1.5
    assert [b.margin for b in kinks(x)] == [0.5]
    assert kinks(Value(1.0) * 2.0) == ()
    with branches():
        assert x > 1.75
    assert kinks(x) == ()


def test_the_open_block_goes_before_the_last_one() -> None:
    x = Value(1.0)
    with branches() as first:
        assert x > 0.0
        assert [b.text for b in kinks(x)] == ["1.0 > 0.0"]
    with branches():
        assert kinks(x) == ()
        assert x > 0.5
        assert [b.margin for b in kinks(x)] == [0.5]
    assert [b.margin for b in kinks(x, first)] == [1.0]


@record_sources
def doubled_above_one(u: Value) -> Value:
    return u * 2.0 if u > 1.0 else u * 1.0


def test_a_block_keeps_what_blocks_inside_it_keep() -> None:
    with record_sources():
        x = Value(3.0)
        digital = 1.0 if x > 2.5 else 0.0
        y = doubled_above_one(x) + doubled_above_one(x) + digital
        assert [b.text for b in kinks(y)] == ["x=3.0 > 2.5", "u=3.0 > 1.0"]
    assert [(b.text, b.times) for b in kinks(y)] == [("x=3.0 > 2.5", 1), ("u=3.0 > 1.0", 2)]
    assert kinks(y, ()) == ()


def test_one_block_entered_in_itself_keeps_all() -> None:
    kept = record_sources()
    with kept:
        x = Value(3.0)
        assert x > 2.5
        with kept:
            y = x * 2.0
            assert y > 1.0
        assert x < 7.0
    assert [b.margin for b in kinks(y)] == [0.5, 4.0, 5.0]
    assert kinks(Value(3.0) * 1.0) == ()


def test_branches_around_record_sources_has_its_comparisons_at_once() -> None:
    with branches() as ledger, record_sources():
        x = Value(3.0)
        assert x > 2.5
        y = x * 2.0
        assert told(ledger) == [("x=3.0 > 2.5", "True", 0.5)]
    assert told(kinks(y)) == told(ledger) == [("x=3.0 > 2.5", "True", 0.5)]


def test_branches_inside_has_its_own_and_the_outer_one_all() -> None:
    def compare(x: float) -> bool:
        return Value(x, "x") > 1.0

    with branches() as outer:
        assert compare(4.0)
        assert not compare(0.0)
        for close in (3.0, 2.0, 5.0):
            with branches() as inner:
                assert compare(close)
                median([Value(1.0), Value(close), Value(9.0)])
            assert [b.times for b in inner] == [1, 1]
        assert compare(1.5)
        with pytest.raises(ZeroDivisionError), branches():
            1 / (compare(math.nan) * 1)
    assert sorted((b.text, b.taken, b.times, b.margin) for b in outer if b.what == "comparison") == [
        ("x=0.0 > 1.0", "False", 2, 1.0),
        ("x=1.5 > 1.0", "True", 5, 0.5),
    ]
    (chosen,) = [b for b in outer if b.what == "median"]
    assert chosen.times == 3
    assert told(inner) != told(outer)


def test_blocks_that_overlap_keep_each_its_own() -> None:
    x, first, second = Value(3.0), branches(), branches()
    ledger = first.__enter__()
    assert x > 1.0
    other = second.__enter__()
    assert x > 2.0
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert [[b.margin for b in kept] for kept in (ledger, other)] == [[2.0], [1.0]]


def test_a_block_in_a_thread_of_its_own_is_no_inner_one() -> None:
    x = Value(3.0)

    def other() -> None:
        with branches():
            assert x > 1.0

    with branches() as ledger:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert told(ledger) == []


def test_a_comparison_keeps_no_graph_alive() -> None:
    freed = []

    class Noted(Value):
        def __del__(self) -> None:
            freed.append(self.data)

    gc.disable()
    try:
        with branches() as ledger:
            assert Noted(2.0) > 1.0
    finally:
        gc.enable()
    assert freed == [2.0]
    assert len(ledger) == 1
