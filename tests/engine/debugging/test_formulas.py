"""Local derivatives as formulas: every row of the table has one that is right, or none."""

import math
from typing import Any

import pytest

from chainrule.engine import TABLE, Constant, Primitive, Value, declare, forget, prod, record_sources, total
from chainrule.engine.debugging.formulas import LONGEST, formula, written
from chainrule.engine.debugging.notation import latex_formula


def rows_and_points() -> list[Any]:
    return [
        pytest.param(row, point, id=f"{row.name}{point}") for row in TABLE.values() for point in row.points
    ]


def called(place: int) -> str:
    return "out" if place < 0 else f"v{place}"


@pytest.mark.parametrize(("row", "point"), rows_and_points())
def test_the_formula_as_it_is_written_gives_the_partial(row: Primitive, point: tuple[float, ...]) -> None:
    node = row.apply(tuple(map(Value, point)))
    words = dict(TABLE) | {f"v{i}": x for i, x in enumerate(point)}
    for place, partial in enumerate(node.partials):
        part = formula(node, place)
        if part is None:
            continue
        text = written(part, called)
        for sign, python in (("−", "-"), ("·", "*"), ("²", "**2"), ("³", "**3"), ("^", "**")):
            text = text.replace(sign, python)
        # Numbers are written with four decimals.
        assert eval(text, {}, words | {"out": node.data}) == pytest.approx(partial, rel=1e-4, abs=1e-12), text
        assert latex_formula(part, called).count("{") == latex_formula(part, called).count("}")


@pytest.mark.parametrize(("row", "point"), rows_and_points())
def test_textbooks_and_the_table_agree(row: Primitive, point: tuple[float, ...]) -> None:
    if row.textbook is None:
        return
    out, partials = row.linearize(*point)
    by_the_book = row.textbook(point, out) if row.variadic else row.textbook(*point, out)
    assert by_the_book == pytest.approx(partials, rel=1e-12)


def text_of(node: Value, place: int = 0) -> str | None:
    part = formula(node, place)
    return None if part is None else written(part, called)


def test_formulas_read_as_in_textbooks() -> None:
    x, y = Value(0.5), Value(2.0)
    assert text_of(x.tanh()) == "1 − out²"
    assert text_of(x.sigmoid()) == "out · (1 − out)"
    assert text_of(x**2) == "2 · v0"
    assert text_of(x**y) == "v1 · v0 ^ (v1 − 1)"
    assert text_of(x / y, 1) == "−v0 / v1²"
    assert text_of(x * y) == "v1"
    assert text_of(x * x) == "v0"
    assert text_of(1.0 / x, 1) == "−1 / v1²"
    assert text_of(x.softplus()) == "sigmoid(v0)"


def test_a_plain_number_needs_no_formula() -> None:
    x = Value(0.5)
    assert [text_of(node) for node in (x + 1.0, 3.0 - x, x * 3.0, x.relu(), x.floor())] == [None] * 5


def test_a_formula_nobody_would_read_is_left_out() -> None:
    xs = [Value(1.0 + 0.1 * i) for i in range(LONGEST + 2)]
    assert text_of(prod(xs[:4])) == "v1 · v2 · v3"
    assert text_of(prod(xs)) is None
    assert text_of(total(xs[:1] * 20_000)) is None


def test_a_labelled_constant_keeps_its_name() -> None:
    assert text_of(Value(2.0) * Constant(3.0, label="rate")) == "v1"


def test_a_row_of_ones_own_whose_partials_take_floats_only_has_no_formula() -> None:
    @declare(partials=lambda x, out: (math.cos(x),), points=((0.5,),))
    def my_sine(x: float) -> float:
        return math.sin(x)

    try:
        assert text_of(my_sine(Value(0.5))) is None
    finally:
        forget("my_sine")


def test_no_formula_where_the_operands_have_moved_since() -> None:
    x = Value(0.5)
    y = x**2
    x.data = 7.0
    assert text_of(y) is None


def test_a_constant_that_was_assigned_to_a_name_keeps_it() -> None:
    with record_sources():
        x = Value(2.0)
        target = (x * 3.0).detach()
        loss = x * target
    assert text_of(loss) == "v1"
    assert text_of(x * Constant(6.0)) is None
