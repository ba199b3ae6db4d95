"""kinks: on which side of every kink and jump a graph went, and the report."""

import math
from typing import Any

import pytest
from told_branches import told

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
    kinks,
    maximum,
    relu,
    total,
    where,
)
from chainrule.engine import round as nearest
from chainrule.nn import MLP

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


def test_a_ledger_prints_what_to_do_with_it() -> None:
    with branches() as ledger:
        assert repr(ledger) == "<ledger of 0 lines: kinks(loss, ledger) lists them>"
        assert Value(1.0) > 0.0
    assert repr(ledger) == "<ledger of 1 line: kinks(loss, ledger) lists them>"
