"""What a Value looks like in a debugger, in an f-string and in a message."""

import math

import pytest

from chainrule.engine import Constant, Value, dot, exp, leaky_relu, logsumexp, maximum, total


def test_the_label_is_shown_and_never_interpreted() -> None:
    x = Value(1.0, label='<b>"w"</b> %s {0}')
    assert repr(x) == """Value(1, grad=0, label='<b>"w"</b> %s {0}')"""
    y = x + 1
    assert y.label == ""
    y.label = "y"
    assert repr(y) == "Value(add(1, 1) = 2, grad=0, label='y')"


def test_repr_shows_the_operation_and_its_numbers() -> None:
    a, b = Value(2.0), Value(3.0)
    assert repr(a) == "Value(2, grad=0)"
    assert repr(a * b) == "Value(mul(2, 3) = 6, grad=0)"
    assert repr(-a) == "Value(neg(2) = -2, grad=0)"
    assert repr(Constant(2.5)) == "Constant(2.5, grad=0)"
    product = a * b
    product.backward()
    assert repr(product) == "Value(mul(2, 3) = 6, grad=1)"
    assert str(a) == repr(a)


def test_repr_counts_the_operands_of_a_wide_node() -> None:
    xs = [Value(1.0)] * 4
    assert repr(total(xs[:3])) == "Value(total(1, 1, 1) = 3, grad=0)"
    assert repr(total(xs)) == "Value(total(4 operands) = 4, grad=0)"


def test_repr_looks_at_the_numbers_of_three_operands_at_most() -> None:
    looked: list[int] = []

    class Counting(Value):
        """A value that notes when its number or its operands are looked at."""

        def __getattribute__(self, name: str) -> object:
            if name in ("data", "operands", "partials"):
                looked.append(1)
            return super().__getattribute__(name)

    for root in (total([Counting(1.0) for _ in range(1000)]), Counting(1.0) * Counting(2.0)):
        deeper = -root
        looked.clear()
        assert len(repr(root)) < 80
        assert len(looked) <= 3
        looked.clear()
        assert len(repr(deeper)) < 80
        assert looked == []


LONGEST = -1.23456789e-100  # prints as long as a float gets with six digits


@pytest.mark.parametrize(
    "label",
    ["", "w", "x" * 1000, "two\nlines\r\n", "\x00\x1b[31m\u2028\u202e\ud800", "{}%s"],
    ids=["no label", "short", "long", "lines", "hostile", "braces"],
)
@pytest.mark.parametrize("number", [1.0, LONGEST, math.inf, -math.inf, math.nan])
def test_repr_is_one_short_line_that_holds_the_result(number: float, label: str) -> None:
    x = Value(number, label=label)
    nodes = [
        x,
        x + x,
        -x,
        exp(x),
        leaky_relu(x, x),
        maximum(x, x),
        total([x] * 50),
        dot([x], [x]),
        logsumexp([x] * 3),
    ]
    for node in nodes:
        node.label = label
        node.grad = number
        shown = repr(node)
        assert len(shown) < 80, shown
        assert shown.isprintable(), shown
        assert f"{node.data:.6g}, grad={number:.6g}" in shown


def test_repr_copes_with_values_that_are_not_finished() -> None:
    half = Value.__new__(Value)
    assert repr(half) == "Value(?, grad=?)"
    half.data = 2.0
    assert repr(half) == "Value(2, grad=?)"
    wrong = Value(1.0)
    wrong.data = "two"  # type: ignore[assignment]  # what a debugger may find
    wrong.grad = None  # type: ignore[assignment]
    assert repr(wrong) == "Value(?, grad=None)"


def test_repr_shows_the_number_of_a_recorded_gradient() -> None:
    x = Value(2.0, "x")
    (x**3).backward(create_graph=True)
    assert repr(x) == "Value(2, grad=12, label='x')"
    x.grad = 0.0


def test_repr_copes_with_an_int_too_large_for_a_float() -> None:
    x = Value(1.0)
    x.data = 10**400
    assert len(repr(x)) < 80


class Refuses:
    """Answers nothing that it is asked."""

    def __bool__(self) -> bool:
        raise ValueError("neither")

    def __repr__(self) -> str:
        raise ValueError("not to be shown")


class Evasive(Value):
    """A subclass that loses its operands' numbers."""

    @property
    def data(self) -> float:  # type: ignore[override]  # read-only, on purpose
        raise LookupError("gone")


def test_repr_copes_with_whatever_a_value_holds() -> None:
    labelled = Value(2.0)
    labelled.label = Refuses()  # type: ignore[assignment]  # what somebody may have put there
    assert repr(labelled) == "Value(2, grad=0, label=<Refuses>)"
    labelled.label = ["two\nlines"]  # type: ignore[assignment]
    assert repr(labelled) == r"Value(2, grad=0, label=['two\nlines'])"
    for wrong in (None, 3, (), (None,), (Value.__new__(Value),), (Evasive.__new__(Evasive),) * 5):
        node = Value(2.0) * 3.0
        node.operands = wrong  # type: ignore[assignment]
        assert repr(node).startswith("Value(mul(")
        assert repr(node).endswith(") = 6, grad=0)")
    node.primitive = Refuses()  # type: ignore[assignment]
    assert repr(node) == "Value(?(5 operands) = 6, grad=0)"
    assert repr(Evasive.__new__(Evasive)) == "Evasive(?, grad=?)"


def test_errors_describe_things_that_refuse_to_be_shown() -> None:
    with pytest.raises(TypeError, match=r"Value\(...\) cannot hold <Refuses> \(Refuses\)"):
        Value(Refuses())  # type: ignore[arg-type]  # what the error is about


def test_format_specs_are_those_of_floats() -> None:
    x = Value(math.pi)
    assert f"{x:.2f}" == "3.14"
    assert f"{x:>8.3g}|{x:+.1e}" == "    3.14|+3.1e+00"
    assert f"{x}" == str(x) == "Value(3.14159, grad=0)"
    assert f"{x!r:.5}" == "Value"
    assert "%.1f" % x.item() == "3.1"  # noqa: UP031
    with pytest.raises(ValueError, match="Unknown format code"):
        f"{x:d}"
