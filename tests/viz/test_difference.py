"""`diff`: the first value in which two graphs of one shape differ."""

import math
from typing import Any

import pytest

from chainrule.engine import Constant, Value, record_sources
from chainrule.viz import diff


def graph(w: float = 2.0, b: float = -1.0) -> tuple[Value, Value]:
    leaf = Value(w, "w")
    product = leaf * Value(3.0, "x")
    product.label = "p"
    return (product + Value(b, "b")).tanh() * product, leaf


def test_equal_graphs_are_alike_with_labels_of_their_own() -> None:
    (a, _), (b, w) = graph(), graph()
    w.label = "another name"
    found = diff(a, b)
    assert not found
    assert (found.kind, found.place, found.a, found.values, found.gradients) == ("", None, None, 0, 0)
    assert str(found) == "The graphs are alike: 7 values, with the same numbers and gradients."


def test_the_first_value_that_differs_is_named_with_all_its_numbers() -> None:
    (a, _), (b, _) = graph(b=-1.0), graph(b=-0.5)
    found = diff(a, b)
    assert found.kind == "value"
    assert (found.a.label if found.a else "", found.place, found.values) == ("b", 3, 4)
    assert repr(found) == "<Difference: The graphs differ first at b, value 4 of 7: another number.>"


def test_operands_and_local_derivatives_of_the_first_difference_are_shown() -> None:
    (a, _), (b, _) = graph(), graph()
    b.operands[1].data = 6.5  # p, behind the graph's back
    found = diff(a, b)
    assert str(found) == (
        "The graphs differ first at p = w × x, value 3 of 7: another number.\n"
        "  value     6 and 6.5\n"
        "  gradient  0 in both\n"
        "  operand   w: 2 in both, local derivative 3 in both\n"
        "  operand   x: 3 in both, local derivative 2 in both\n"
        "  its operands hold the same numbers now: one was changed since, as an optimizer does\n"
        "1 of 7 values and 0 gradients differ."
    )


def test_gradients_are_compared_and_their_beginning_is_named() -> None:
    (a, _), (b, w) = graph(), graph()
    a.backward()
    b.backward()
    assert not diff(a, b)
    w.grad += 1e-6
    found = diff(a, b)
    assert (found.kind, found.values, found.gradients, found.backward_from) == ("gradient", 0, 1, found.a)
    (c, _) = graph()
    found = diff(a, c)
    assert found.kind == "gradient"
    assert found.gradients == 7
    assert found.backward_from is a
    assert str(found).endswith("\nGoing back from the root, the first gradient that differs is that of L.")


def test_tolerances_are_those_of_numpy() -> None:
    for rtol, atol, differs in ((0.0, 0.0, True), (1e-3, 0.0, False), (0.0, 1e-2, False), (1e-9, 1e-9, True)):
        assert bool(diff(Value(100.0), Value(100.0 + 1e-2 - 1e-6), rtol=rtol, atol=atol)) is differs
    assert not diff(Value(0.0), Value(1e-13))
    assert diff(Value(0.0), Value(1e-13), atol=0.0)


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
def test_nan_and_inf_agree_with_themselves_only(x: float) -> None:
    assert not diff(Value(x), Value(x))
    for y in (0.0, 1e308, -x if x == x else math.inf):
        assert diff(Value(x), Value(y), rtol=1.0, atol=1e300)


def test_constants_have_no_gradient_and_none_is_zero() -> None:
    a, b = Constant(1.0) + Value(1.0), Constant(1.0) + Value(1.0)
    a.operands[0].grad = 5.0
    b.operands[1].grad = None  # type: ignore[assignment]  # as some optimizers' users do
    assert not diff(a, b)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (lambda x, y: x * y, lambda x, y: x + y, "value 3: mul in the first, add in the second"),
        (lambda x, y: x * y - x, lambda x, y: x * y - y, "value 4: operand 2 is not the same value in both"),
        (lambda x, y: x * y, lambda x, y: x * x, "value 2: a leaf in the first, mul in the second"),
        (lambda x, y: x * 2.0, lambda x, y: x * y, "value 1: a constant in the first, a leaf in the second"),
        (lambda x, y: x, lambda x, y: x * 2.0, "value 1: a leaf in the first, a constant in the second"),
        (lambda x, y: x * y, lambda x, y: (x * y).tanh(), "value 4: one graph ends here"),
    ],
)
def test_another_shape_is_said_with_its_place(one: Any, other: Any, said: str) -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    found = diff(one(x, y), other(x, y))
    assert found.kind == "shape"
    assert str(found).splitlines()[0] == f"The graphs differ in shape, first at {said}."
    assert found.backward_from is None


def test_sharing_is_part_of_the_shape() -> None:
    x, y = Value(2.0, "x"), Value(2.0, "y")
    found = diff(x * y + x, x * y + Value(2.0, "z"))
    assert found.kind == "shape"


def test_a_dot_of_another_length_is_another_shape() -> None:
    from chainrule.engine import dot

    def made(count: int) -> Value:
        one = Value(1.0)
        return dot([one] * count, [one] * count)

    assert str(diff(made(2), made(3))).splitlines()[0] == (
        "The graphs differ in shape, first at value 2: 4 operands in the first, 6 in the second."
    )


def test_the_line_is_named_where_it_was_recorded() -> None:
    def made(x: float) -> Value:
        return Value(x, "x") * Value(2.0, "y")

    with record_sources():
        a, b = made(1.0), made(1.0)
    b.data = 5.0
    [line] = [line for line in str(diff(a, b)).splitlines() if line.startswith("  made in ")]
    assert line.endswith(': Value(x, "x") * Value(2.0, "y")')
    assert "test_difference.py, line " in line


def test_many_operands_are_cut_short() -> None:
    from chainrule.engine import total

    a, b = (total([Value(float(i), f"x{i}") for i in range(50)]) for _ in range(2))
    b.data = 0.5
    assert "  … and 42 more operands" in str(diff(a, b))


def test_hostile_labels_stay_on_their_line() -> None:
    a, b = Value(1.0, "a\n\x1b[31m\u202e") * 2.0, Value(2.0) * 2.0
    said = str(diff(a, b))
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert said.splitlines()[0].startswith("The graphs differ first at a↵")


def test_a_chain_of_a_million_operations_is_compared() -> None:
    def chain(end: float) -> Value:
        value = Value(0.0)
        one = Value(1.0)
        for _ in range(500_000):
            value = value + one
        return value * end

    a, b = chain(1.0), chain(2.0)
    found = diff(a, b)
    assert (found.kind, found.nodes, found.place) == ("value", 500_004, 500_001 + 1)
    del a, b, found


def test_what_is_no_value_or_tolerance_is_refused() -> None:
    wrong: Any = 3.0
    with pytest.raises(TypeError, match=r"diff\(a, b\) takes two Values, the roots of graphs; b is 3\.0"):
        diff(Value(1.0), wrong)
    for bad in (-1.0, math.nan, "1e-3"):
        with pytest.raises(ValueError, match=r"diff takes an rtol of zero or more, got "):
            diff(Value(1.0), Value(1.0), rtol=bad)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"diff takes an atol of zero or more, got -2"):
        diff(Value(1.0), Value(1.0), atol=-2)
