"""branches and record_sources: which comparisons are kept, and what they are called."""

import math
import operator
from typing import Any

import numpy as np
from told_branches import told

from chainrule.engine import Value, branches, grad, interp, kinks, median, record_sources, relu, sort
from chainrule.engine.names import own_name
from chainrule.nn import MLP, hinge, log_loss


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
                grad(grad(lambda x: relu(x) * abs(x)))(2.0)
                hinge(Value(0.3), 1)
            grad(grad(lambda x: relu(x) * abs(x)))(2.0)
            hinge(Value(0.3), 1)
    assert told(outer) == []


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


def test_numbers_that_are_not_numbers() -> None:
    x = Value(math.nan, "x")
    with branches() as ledger:
        outcomes = [x > 0.0, Value(math.inf) == math.inf, Value(1.0) == "text"]
    assert outcomes == [False, True, False]
    assert [(b.text, b.taken) for b in ledger] == [("x=nan > 0.0", "False"), ("inf == inf", "True")]
    assert "unknown" in str(kinks(x, ledger))


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
