"""kinks and branches: which way things went, and how close they were to going the other way."""

import contextvars
import gc
import math
import operator
import threading
from typing import Any

import numpy as np
import pytest

from chainrule.engine import (
    TABLE,
    Branch,
    Constant,
    Kinks,
    Primitive,
    Value,
    branches,
    clip,
    exp,
    floor,
    grad,
    interp,
    kinks,
    maximum,
    median,
    record_sources,
    relu,
    sort,
    total,
    where,
)
from chainrule.engine import round as nearest
from chainrule.engine.names import own_name
from chainrule.nn import MLP, hinge, log_loss


def told(found: Any) -> list[tuple[str, str, float]]:
    return [(branch.text, branch.taken, branch.margin) for branch in found]


# -- the column of the table --------------------------------------------------------------------------


@pytest.mark.parametrize("row", [pytest.param(r, id=r.name) for r in TABLE.values() if r.kinks])
def test_every_row_with_kinks_says_on_which_side_it_is(row: Primitive) -> None:
    assert row.side is not None
    for point, _ in row.kinks:
        side, margin = row.side(point) if row.variadic else row.side(*point)
        assert (bool(side), margin) == (True, 0.0)
    for point in row.points:
        side, margin = row.side(point) if row.variadic else row.side(*point)
        assert side
        assert margin > 0.0 or math.isnan(margin) or not any(point)


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=r.name) for r in TABLE.values() if r.side and r.arity == 1]
)
@pytest.mark.parametrize("x", [0.3, -0.3, 2.6, -2.6, 1.2])
def test_nothing_changes_nearer_than_the_margin(row: Primitive, x: float) -> None:
    assert row.side is not None
    side, margin = row.side(x)
    for moved in (x - 0.999 * margin, x + 0.999 * margin):
        assert row.side(moved)[0] == side
    assert {row.side(x - 1.001 * margin)[0], row.side(x + 1.001 * margin)[0]} != {side}


@pytest.mark.parametrize(
    ("make", "text", "taken", "margin"),
    [
        (lambda x: relu(x), "relu(x=0.25)", "x > 0: x", 0.25),
        (lambda x: relu(-x), "relu(x=-0.25)", "x <= 0: 0", 0.25),
        (lambda x: relu(x - x), "relu(x=0.0)", "x <= 0: 0", 0.0),
        (lambda x: abs(x), "abs(x=0.25)", "x > 0", 0.25),
        (lambda x: abs(x - x), "abs(x=0.0)", "x = 0", 0.0),
        (lambda x: maximum(x, 1.0), "maximum(x=0.25, 1.0)", "x < y", 0.75),
        (lambda x: maximum(x, x), "maximum(x=0.25, x=0.25)", "a tie: half each", 0.0),
        (lambda x: clip(x, 0.0, 1.0), "clip(x=0.25, 0.0, 1.0)", "between: x", 0.25),
        (lambda x: clip(x, 0.5), "clip(x=0.25, 0.5, inf)", "below: y", 0.25),
        (lambda x: floor(x), "floor(x=0.25)", "0", 0.25),
        (lambda x: nearest(x), "round(x=0.25)", "0", 0.25),
        (lambda x: x % 2.0, "mod(x=0.25, 2.0)", "floor(x / y) = 0", 0.25),
    ],
)
def test_the_side_of_an_operation(make: Any, text: str, taken: str, margin: float) -> None:
    x = Value(0.25, "x")
    assert (text, taken, margin) in told(kinks(make(x) * 2.0, ()))


def test_where_does_not_know_how_close_its_condition_was() -> None:
    x = Value(0.5, "x")
    with branches() as ledger:
        y = where(x > 0.25, x, 0.0)
    comparison, chosen = kinks(y, ledger)
    assert (comparison.text, comparison.taken, comparison.margin) == ("x=0.5 > 0.25", "True", 0.25)
    assert (chosen.what, chosen.taken, math.isnan(chosen.margin)) == ("where", "x != 0: y", True)


def test_smooth_graphs_have_none() -> None:
    x = Value(2.0)
    assert kinks(exp(x) * x**3 + x**0.5, ()) == ()
    assert str(kinks(exp(x), ())) == "no kinks, jumps or comparisons"


# -- comparisons --------------------------------------------------------------------------------------


def test_every_comparison_is_kept() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    with branches() as ledger:
        outcomes = [x < y, x <= y, x > y, x >= y, x == y, x != y, x > 2.5, not x]
    assert [int(outcome) for outcome in outcomes] == [1, 1, 0, 0, 0, 1, 0, 0]
    assert told(ledger) == [
        ("x=2.0 < y=3.0", "True", 1.0),
        ("x=2.0 <= y=3.0", "True", 1.0),
        ("x=2.0 > y=3.0", "False", 1.0),
        ("x=2.0 >= y=3.0", "False", 1.0),
        ("x=2.0 == y=3.0", "False", 1.0),
        ("x=2.0 != y=3.0", "True", 1.0),
        ("x=2.0 > 2.5", "False", 0.5),
        ("x=2.0 != 0.0", "True", 2.0),
    ]
    assert all(branch.what == "comparison" and branch.value is None for branch in ledger)


def test_what_max_and_sorted_compare_is_kept() -> None:
    xs = [Value(1.0), Value(4.0), Value(2.5)]
    with branches() as ledger:
        largest = max(xs)
        ordered = sorted(xs)
    assert (largest, ordered[0]) == (xs[1], xs[0])
    assert min(branch.margin for branch in ledger) == 1.5
    assert {branch.source.text for branch in ledger if branch.source} == {"max(xs)", "sorted(xs)"}


def test_a_digital_payoff_is_explained() -> None:
    def payoff(spot: Value) -> Value:
        return Value(1.0) if spot > 100.0 else Value(0.0)

    with branches() as ledger:
        value = payoff(Value(100.5, "spot"))
    (only,) = kinks(value, ledger)
    assert (only.text, only.taken, only.margin) == ("spot=100.5 > 100.0", "True", 0.5)
    line = payoff.__code__.co_firstlineno + 1
    assert str(only) == f"       0.5  spot=100.5 > 100.0: True  {__file__}:{line}"


def test_a_loop_is_counted_and_its_closest_call_kept() -> None:
    with branches() as ledger:
        above = 0
        for i in range(1000):
            if Value(i - 499.75) > 0.0:
                above += 1
    assert [(b.taken, b.times, b.margin) for b in ledger] == [("False", 500, 0.75), ("True", 500, 0.25)]
    assert len(ledger) == 2
    assert ", 500 times" in str(next(iter(ledger)))


def test_choices_of_functions_on_lists_are_kept() -> None:
    xs = [Value(5.0), Value(1.0), Value(3.5)]
    with branches() as ledger:
        sort(xs)
        median(xs)
        interp(Value(1.25), [0.0, 1.0, 2.0], [0.0, 1.0, 4.0])
    assert [(b.what, b.taken, b.margin) for b in ledger] == [
        ("sort", "this order", 1.5),
        ("median", "these in the middle", 1.5),
        ("interp", "piece 2 of 0 to 3", 0.25),
    ]
    assert [b.source.text for b in ledger if b.source][:2] == ["sort(xs)", "median(xs)"]


def test_comparisons_inside_operations_are_no_branches_of_the_users() -> None:
    with branches() as ledger:
        grad(grad(lambda x: relu(x) * abs(x)))(2.0)
        hinge(Value(0.3), 1)
        log_loss(Value(0.3), 1)
        MLP(2, [3, 1], seed=1)([1.0, Value(2.0)])
    assert told(ledger) == []


def test_nor_are_they_those_of_a_block_around() -> None:
    with branches() as outer:
        for _ in range(2):
            with branches():
                median([Value(1.0), Value(3.0), Value(2.0)])
                sort([Value(3.0), Value(1.0)])
            median([Value(1.0), Value(3.0), Value(2.0)])
            sort([Value(3.0), Value(1.0)])
    assert {branch.what for branch in outer} == {"median", "sort"}


def test_record_sources_keeps_comparisons_and_names_what_was_compared() -> None:
    with record_sources():
        x = Value(2.0)
        score = x * 3.0
        loss = relu(score - 5.0) if score > 4.0 else score
    comparison, kink = sorted(kinks(loss), key=lambda branch: branch.what)
    assert (comparison.text, comparison.margin) == ("score=6.0 > 4.0", 2.0)
    assert (kink.text, kink.margin) == ("relu(x=1.0)", 1.0)
    assert comparison.source is not None
    assert comparison.source.text == "score > 4.0"
    assert kink.source is not None
    assert kink.source.text == "relu(score - 5.0)"


def test_a_leaf_that_is_compared_before_any_operation_uses_it_has_its_name() -> None:
    limits, table = [Value(1.0), Value(4.0)], {"b": Value(2.0)}
    with record_sources():
        spot, strike = Value(101.0), Value(100.0)
        chosen = (spot > strike, limits[1] <= table["b"], bool(limits[0]), spot == 7.0)
        loss = [limit * spot for limit in limits if limit > 3.0][0]  # noqa: RUF015  # the list is the point
    assert chosen == (True, False, True, False)
    assert sorted(branch.text for branch in kinks(loss)) == [
        "limits[0]=1.0 != 0.0",
        "limits[0]=1.0 > 3.0",
        "limits[1]=4.0 <= table['b']=2.0",
        "limits[1]=4.0 > 3.0",
        "spot=101.0 == 7.0",
        "spot=101.0 > strike=100.0",
    ]
    assert [own_name(operand) for operand in loss.operands] == ["limits[1]", "spot"]  # found once more
    with branches() as ledger:  # alone it knows of labels, and of what was recorded before
        chosen = (spot > strike, Value(101.0, "x") > strike, False, False)
    assert [branch.text for branch in ledger] == ["spot=101.0 > 100.0", "x=101.0 > 100.0"]


def test_leaves_that_only_pythons_functions_compare_are_named_where_they_are_used() -> None:
    with record_sources():
        xs = [Value(3.0), Value(5.0)]
        top = max(xs)
        kept = kinks(top)
        assert [branch.text for branch in kept] == ["5.0 > 3.0"]
        loss = top * 2.0
    assert [branch.text for branch in kinks(loss)] == ["top=5.0 > 3.0"]


def test_the_closest_number_goes_before_what_is_no_number() -> None:
    with branches() as ledger:
        came_out = [x > 0.0 for x in (Value(math.nan), Value(-3.0), Value(-math.inf), Value(-2.0))]
    assert came_out == [False] * 4
    assert [(branch.text, branch.margin, branch.times) for branch in ledger] == [("-2.0 > 0.0", 2.0, 4)]


def test_what_comes_closer_has_its_own_name_and_number_whatever_was_closest_before() -> None:
    def closest(*pairs: tuple[Value, Any]) -> list[tuple[str, int]]:
        with branches() as ledger:
            for x, y in pairs:
                assert x > y
        return [(branch.text, branch.times) for branch in ledger]

    with record_sources():
        a, b = Value(9.0), Value(1.0)
        c, d = a * 2.0, a * 3.0 * b
        named = a * 2.5
    named.label = "own"
    a.label = "a"
    assert closest((a, 1.0), (a, 2.0), (a, 3.0)) == [("a=9.0 > 3.0", 3)]
    assert closest((a, 1), (a, 5), (a, 2), (a, b), (a, 8)) == [("a=9.0 > 8", 5)]
    assert closest((a, 0.0), (a, b)) == [("a=9.0 > b=1.0", 2)]
    assert closest((a, b), (a, 3.0)) == [("a=9.0 > 3.0", 2)]
    assert closest((d, 1.0), (c, 1.0), (c, 2.0)) == [("c=18.0 > 2.0", 3)]
    assert closest((c, 1.0), (named, 10.0), (c, 9.0)) == [("c=18.0 > 9.0", 3)]
    assert closest((named, 1.0), (d, 20.0), (d, a), (d, 26.0)) == [("d=27.0 > 26.0", 4)]
    assert closest((d, b), (d, a), (d, c)) == [("d=27.0 > c=18.0", 3)]
    assert closest((c, 1.0), (c, np.array([17.5])), (c, 16.0)) == [("c=18.0 > 16.0", 2)]
    assert closest((c, 1.0), (c, 10**400 * -1), (c, 2.0)) == [("c=18.0 > 2.0", 3)]


def test_values_of_one_line_and_leaves_that_come_closer_in_turns_have_each_their_own_name() -> None:
    with record_sources():
        a = Value(9.0)
        first, second = (a * factor for factor in (2.0, 3.0))
        second.label = "second"
        for x, y in ((first, 10.0), (second, 20.0)):
            assert x > y
        p, q = Value(4.0), Value(3.0)
        for x, y in ((p, 1.0), (q, 1.0), (p, 3.5)):
            assert x > y
        kept = sorted(branch.text for branch in kinks(a * 1.0))
    assert kept == ["p=4.0 > 3.5", "second=27.0 > 20.0"]
    with record_sources():
        for x, y in ((p, 1.0), (q, 1.0)):
            assert x > y
        p, q = Value(4.0), Value(3.0)
        for x, y in ((p, 1.0), (q, 1.0)):
            assert x > y
        kept = sorted(branch.text for branch in kinks(a * 1.0))
    assert kept == ["q=3.0 > 1.0", "q=3.0 > 1.0"]


def test_a_truth_that_comes_closer_to_zero_is_kept() -> None:
    x, y = Value(1.0, "x"), Value(1.0, "y")
    with branches() as ledger:
        for value, number in ((x, 4.0), (x, -2.0), (y, 1.5), (y, 3.0), (x, -0.5), (x, 0.0)):
            value.data = number
            bool(value)
    assert [(b.text, b.taken, b.times, b.margin) for b in ledger] == [
        ("x=-0.5 != 0.0", "True", 5, 0.5),
        ("x=0.0 != 0.0", "False", 1, 0.0),
    ]


def test_functions_that_compare_in_turns_are_kept_apart() -> None:
    def low(a: Value, b: Value) -> Value:
        return a if a < b else b

    def high(a: Value, b: Value) -> Value:
        return b if a < b else a

    x = Value(2.0, "x")
    with branches() as ledger:
        for i in range(4):
            assert low(x, Value(3.0 + i)) is high(Value(1.0 - i), x) is x
    assert sorted((b.text, b.times, b.source.function[-4:]) for b in ledger if b.source) == [
        ("1.0 < x=2.0", 4, "high"),
        ("x=2.0 < 3.0", 4, ".low"),
    ]


def test_an_array_in_the_place_of_a_number_is_compared_and_not_kept() -> None:
    x = Value(2.0)
    with branches() as ledger:
        outcomes = [x < other for other in (1.0, 1.5, np.array([1.0, 3.0]), np.array([[3.0]]), 1.0)]
    assert [np.asarray(outcome).tolist() for outcome in outcomes] == [
        False,
        False,
        [False, True],
        [[True]],
        False,
    ]
    assert [(branch.text, branch.times) for branch in ledger] == [("2.0 < 1.5", 3)]


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


def test_numbers_that_are_not_numbers() -> None:
    x = Value(math.nan, "x")
    with branches() as ledger:
        outcomes = [x > 0.0, Value(math.inf) == math.inf, Value(1.0) == "text"]
    assert outcomes == [False, True, False]
    assert [(b.text, b.taken) for b in ledger] == [("x=nan > 0.0", "False"), ("inf == inf", "True")]
    assert "unknown" in str(kinks(x, ledger))


# -- the report ---------------------------------------------------------------------------------------


def test_the_closest_come_first() -> None:
    x = Value(1.0, "x")
    found = kinks(total([relu(x - i * 0.3) for i in range(6)]), ())
    assert isinstance(found, Kinks)
    assert [round(branch.margin, 6) for branch in found] == [0.1, 0.2, 0.4, 0.5, 0.7, 1.0]
    assert str(found).splitlines()[:2] == [
        "    margin  what was decided, and which way it went",
        "       0.1  relu(x=0.10000000000000009): x > 0: x",
    ]


def test_a_long_report_is_cut_short() -> None:
    x = Value(1.0)
    text = str(kinks(total([relu(x + i) for i in range(1, 51)]), ()))
    assert text.count("\n") == 21
    assert text.endswith("... and 30 more, further away")


def test_a_dead_unit_is_seen() -> None:
    model = MLP(1, [2, 1], seed=1)
    for parameter in model.parameters()[:2]:
        parameter.data = -1.0
    out = model([3.0])
    assert isinstance(out, Value)
    dead = [branch for branch in kinks(out, ()) if branch.taken == "x <= 0: 0"]
    assert dead
    assert all(isinstance(branch, Branch) and isinstance(branch.value, Value) for branch in dead)


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match=r"kinks takes the Value to look at, a loss, got 1.0 \(float\)"):
        kinks(1.0)  # type: ignore[arg-type]
    assert kinks(Constant(1.0), ()) == ()


def test_what_is_no_ledger_is_refused() -> None:
    for wrong in ("x > 0", [1.0]):
        with pytest.raises(TypeError, match=r"kinks\(loss, ledger\) takes what `branches\(\)` gives, got"):
            kinks(Value(1.0) * 2.0, wrong)  # type: ignore[arg-type]


def test_a_comparison_with_an_int_beyond_the_floats_is_kept_and_raises_nothing() -> None:
    with branches() as ledger:
        assert Value(1.0) < 10**400
    assert [(branch.taken, branch.margin) for branch in ledger] == [("True", math.inf)]


def test_one_line_that_compares_in_several_ways_keeps_each() -> None:
    comparisons = [operator.lt, operator.ge, operator.lt, operator.ge]
    with branches() as ledger:
        came_out = [compare(Value(x, "x"), 3.0) for compare, x in zip(comparisons, (1, 1, 5, 5), strict=True)]
    assert came_out == [True, False, False, True]
    assert [(branch.text, branch.taken, branch.times) for branch in ledger] == [
        ("x=1.0 < 3.0", "True", 1),
        ("x=1.0 >= 3.0", "False", 1),
        ("x=5.0 < 3.0", "False", 1),
        ("x=5.0 >= 3.0", "True", 1),
    ]


def test_a_ledger_prints_what_to_do_with_it() -> None:
    with branches() as ledger:
        assert repr(ledger) == "<ledger of 0 lines: kinks(loss, ledger) lists them>"
        assert Value(1.0) > 0.0
    assert repr(ledger) == "<ledger of 1 line: kinks(loss, ledger) lists them>"
