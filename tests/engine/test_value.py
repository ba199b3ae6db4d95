"""A Value among ordinary Python: arithmetic, comparing, collections, printing."""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from chainrule.engine import Constant, Value, topological_order

# -- arithmetic ---------------------------------------------------------------------------------------


def test_a_new_value_is_a_leaf() -> None:
    x = Value(2, label="x")
    assert (x.data, x.grad, x.label) == (2.0, 0.0, "x")
    assert (x.operands, x.partials, x.primitive) == ((), (), None)
    assert type(x.data) is float
    assert Value(data=1.0, label="y").label == "y"
    assert Value(1.0).label == ""


def test_operands_stand_in_the_order_written() -> None:
    a, b = Value(5.0), Value(2.0)
    for node in (a - b, a / b, a**b, a + b, a * b):
        assert node.operands[0] is a
        assert node.operands[1] is b
    left, right = (5 - b).operands
    assert type(left) is Constant
    assert left.data == 5.0
    assert right is b


def test_in_place_operators_keep_the_graph() -> None:
    x = Value(3.0)
    y = x
    y += x
    y *= x
    y -= 1
    y /= 2
    y **= 2
    y.backward()  # ((x + x) * x - 1)**2 / 4
    assert y.data == (2.0 * 9.0 - 1.0) ** 2 / 4.0
    assert x.grad == pytest.approx(2.0 * 17.0 / 4.0 * 12.0, rel=1e-15)
    assert x.data == 3.0


def test_sum_starts_at_zero_and_differentiates() -> None:
    xs = [Value(float(i)) for i in range(5)]
    out = sum(xs)
    assert isinstance(out, Value)
    out.backward()
    assert out.data == 10.0
    assert [x.grad for x in xs] == [1.0] * 5


def test_plus_and_abs() -> None:
    x = Value(-2.0)
    assert +x is x
    y = abs(x)
    y.backward()
    assert (y.data, x.grad) == (2.0, -1.0)


def test_three_argument_pow_is_refused() -> None:
    with pytest.raises(TypeError):
        pow(Value(2.0), 3, 5)  # type: ignore[call-overload]  # the mistake is the point


def test_loops_branches_and_recursion_record_what_they_do() -> None:
    def power(x: Value, n: int) -> Value:
        return x if n == 1 else x * power(x, n - 1)

    @dataclass
    class Line:
        slope: Value
        offset: Value

        def __call__(self, x: float) -> Value:
            y = self.slope * x + self.offset
            return y if y > 0 else -y

    x = Value(2.0)
    power(x, 5).backward()
    assert x.grad == 80.0
    line = Line(Value(-3.0), Value(1.0))
    line(2.0).backward()
    assert (line.slope.grad, line.offset.grad) == (-2.0, -1.0)


# -- comparing, sorting, hashing ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Value, float, int, Fraction, Decimal])
def test_comparisons_look_at_the_number(kind: type) -> None:
    two = Value(2.0)
    assert two == kind(2)
    assert kind(2) == two
    assert not two == kind(3)  # noqa: SIM201  # __eq__ is what is tested
    assert two != kind(3)
    assert kind(3) != two
    assert two < kind(3)
    assert kind(3) > two
    assert two <= kind(2)
    assert kind(2) >= two
    assert two > kind(1)
    assert kind(1) < two
    assert two >= kind(2)
    assert kind(2) <= two
    assert not two < kind(2)
    assert not two > kind(2)


def test_nan_equals_nothing() -> None:
    nan = Value(math.nan)
    assert nan != nan
    assert not nan == math.nan  # noqa: SIM201
    assert not nan < 1.0
    assert not nan >= 1.0


@pytest.mark.parametrize("other", ["2", None, [2.0], object(), (2.0,)])
def test_what_is_no_number_is_unequal_and_not_ordered(other: Any) -> None:
    two = Value(2.0)
    assert not two == other  # noqa: SIM201
    assert two != other
    for compare in ("__lt__", "__le__", "__gt__", "__ge__"):
        with pytest.raises(TypeError):
            getattr(two, compare)(other)


def test_max_min_and_sorted_return_the_values_themselves() -> None:
    a, b, c = Value(2.0), Value(-1.0), Value(0.5)
    assert max(a, b, c) is a
    assert min([a, b, c]) is b
    assert all(x is y for x, y in zip(sorted([a, b, c]), [b, c, a], strict=True))
    mixture: list[Any] = [Value(1.0), 3, 2.0]
    assert max(mixture) == 3
    loss = max(a * b, c)
    loss.backward()
    assert (a.grad, b.grad, c.grad) == (0.0, 0.0, 1.0)


def test_truth_is_that_of_the_number() -> None:
    assert Value(0.5)
    assert Value(math.nan)
    assert not Value(0.0)
    assert not Value(-0.0)
    assert bool(Value(-1.0)) is True


def test_hashing_is_by_identity() -> None:
    a, b = Value(2.0), Value(2.0)
    assert a == b
    assert len({a, b}) == 2
    assert len({a, a}) == 1
    names = {a: "a", b: "b"}
    assert names[a] == "a"
    assert names[b] == "b"
    assert Value(2.0) not in names
    assert 2.0 not in names
    a.data = 7.0  # a key stays a key when its number changes
    assert names[a] == "a"


def test_hundred_thousand_equal_values_are_as_many_members() -> None:
    assert len({Value(1.0) for _ in range(100_000)}) == 100_000


# -- numbers of other libraries -----------------------------------------------------------------------


@pytest.mark.parametrize("two", [2, 2.0, Fraction(2), Decimal(2)])
def test_real_numbers_of_every_kind_are_operands_on_both_sides(two: Any) -> None:
    x = Value(3.0)
    expected = {5.0: x + two, 1.0: x - two, 6.0: x * two, 1.5: x / two, 9.0: x**two}
    mirrored = {5.0: two + x, -1.0: two - x, 6.0: two * x, 2.0 / 3.0: two / x, 8.0: two**x}
    for number, node in [*expected.items(), *mirrored.items()]:
        assert type(node) is Value
        assert node.data == number
        assert any(operand is x for operand in node.operands)
        assert all(type(operand.data) is float for operand in node.operands)


def test_a_comparison_is_a_factor() -> None:
    x = Value(3.0)
    y = x * (x > 0) + (x < 0) * x
    y.backward()
    assert (y.data, x.grad) == (3.0, 1.0)
    assert (True - x).data == -2.0


# -- plain numbers out --------------------------------------------------------------------------------


def test_item_is_the_plain_number() -> None:
    x = Value(3) * 2
    assert x.item() == 6.0
    assert type(x.item()) is float


@pytest.mark.parametrize("conversion", [float, int, complex, math.exp, math.sqrt, math.isfinite])
def test_a_silent_conversion_is_refused_and_names_item(conversion: Any) -> None:
    with pytest.raises(TypeError, match=r"would drop the gradient in silence: use v\.item\(\)"):
        conversion(Value(2.0))


def test_detach_cuts_the_gradient() -> None:
    x = Value(3.0, label="x")
    cut = (x * x).detach()
    assert type(cut) is Constant
    assert (cut.data, cut.operands) == (9.0, ())
    assert x.detach().label == "x"
    y = cut * x
    y.backward()
    assert x.grad == 9.0
    assert all(node is x or node.data != 3.0 for node in topological_order(y))


def test_zero_grad_clears_everything_below() -> None:
    a, b = Value(2.0), Value(3.0)
    inner = a * b
    loss = inner * a
    loss.backward()
    inner.zero_grad()
    assert (a.grad, b.grad, inner.grad) == (0.0, 0.0, 0.0)
    assert loss.grad == 1.0
    loss.zero_grad()
    assert loss.grad == 0.0


@pytest.mark.parametrize(("x", "y"), [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0)])
def test_divmod_gives_quotient_and_remainder_as_values(x: float, y: float) -> None:
    for found in (divmod(Value(x), y), divmod(x, Value(y)), divmod(Value(x), Value(y))):
        assert [v.data for v in found] == list(divmod(x, y))
    with pytest.raises(TypeError, match="unsupported operand type"):
        divmod(Value(x), "y")  # type: ignore[operator]
