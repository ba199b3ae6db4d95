"""Every row of the table, taken apart: values and partials by simpler rows, without branches."""

import gc
import itertools
import math
import random
import weakref

import pytest

from chainrule.engine import TABLE, Primitive, Value, compile, declare, forget, grad, value_and_grad
from chainrule.engine.compiler.instructions import is_native
from chainrule.engine.compiler.templates import partials_template, replayed, value_template
from chainrule.engine.compiler.traced import RecordingError

NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.3, 2.5, -7.25, 1e-310, -1e-200, 40.0, -38.5, 750.0, -1000.0]
NUMBERS += [1e200, -1e308, math.inf, -math.inf, math.nan]
ROWS = list(TABLE.values())
CALLED_BACK = {"lgamma", "digamma", "polygamma", "hypot"}
"""Rows whose values only Python computes: loops that wait for a number, or a sum in more than 53 bits."""


def points(row: Primitive) -> list[tuple[float, ...]]:
    """Return operands for a row: all pairs of NUMBERS, and for more operands some combinations."""
    if 0 < row.arity <= 2:
        return list(itertools.product(NUMBERS, repeat=row.arity))
    rng = random.Random(row.name)
    return [tuple(rng.choices(NUMBERS, k=row.arity if row.arity > 0 else 4)) for _ in range(200)]


def alike(x: float, y: float) -> bool:
    return x == y or (x != x and y != y) or abs(x - y) <= 1e-15 * max(abs(x), abs(y))


def count(row: Primitive) -> int:
    return len(points(row)[0])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_value_by_simpler_rows_is_the_row_s_own(row: Primitive) -> None:
    if is_native(row):
        return  # machine code has it as it is
    template = value_template(row, (None,) * count(row))
    if row.name in CALLED_BACK:
        assert template is None
        return
    assert template is not None
    for point in points(row):
        (got,) = replayed(template, point, 0.0)
        within = 2e-15 * max([1.0, *map(abs, point)]) if row.name == "logsumexp" else 0.0  # its stated bound
        assert alike(got, row(*point)) or abs(got - row(*point)) <= within, point


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_partials_that_make_a_number_of_nan_by_comparing_say_so(row: Primitive) -> None:
    operands = row.arity if row.arity > 0 else 2
    hiding = {"abs", "relu", "leaky_relu", "maximum", "minimum", "clip", "where", "pow"}
    assert partials_template(row, (None,) * operands).hides_nan == (row.name in hiding)


def test_with_many_operands_any_comparison_may_hide_nan() -> None:
    assert partials_template(TABLE["hypot"], (None,) * 4).hides_nan
    assert not partials_template(TABLE["total"], (None,) * 4).hides_nan


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_partials_without_branches_are_the_row_s_own(row: Primitive) -> None:
    template = partials_template(row, (None,) * count(row))
    for point in points(row):
        out, partials = row.linearize(*point)
        for got, expected in zip(replayed(template, point, out), partials, strict=True):
            assert alike(got, expected), point


def test_a_known_operand_takes_its_branches_with_it() -> None:
    pow = TABLE["pow"]
    whole = partials_template(pow, (None, None))
    of_squares = partials_template(pow, (None, 2.0))
    assert len(of_squares.tape) < len(whole.tape)
    assert replayed(of_squares, (3.0, 2.0), 9.0)[0] == 6.0


def test_the_path_through_each_branch_is_chosen_by_its_condition() -> None:
    template = partials_template(TABLE["clip"], (None, None, None))
    for point, expected in [
        ((0.5, 0.0, 1.0), [1, 0, 0]),
        ((-1.0, 0.0, 1.0), [0, 1, 0]),
        ((2.0, 0.0, 1.0), [0, 0, 1]),
    ]:
        assert replayed(template, point, TABLE["clip"](*point)) == expected


def test_a_row_of_ones_own_is_taken_apart_too() -> None:
    @declare(partials=lambda x, out: (2.0 * x if x > 0.0 else 0.0,), points=((0.5,), (-1.0,)))
    def one_sided_square(x: float) -> float:
        return math.pow(x, 2.0) if x > 0.0 else 0.0

    try:
        value = value_template(one_sided_square, (None,))
        assert value is not None
        assert [replayed(value, (x,), 0.0)[0] for x in (-2.0, 0.0, 3.0)] == [0.0, 0.0, 9.0]
        partials = partials_template(one_sided_square, (None,))
        assert [replayed(partials, (x,), 0.0)[0] for x in (-2.0, 3.0)] == [0.0, 6.0]
    finally:
        forget("one_sided_square")


def test_a_row_that_does_more_than_compute_has_no_template() -> None:
    @declare(partials=lambda x, out: (1.0,))
    def looked_up(x: float) -> float:
        return {1.0: 2.0}.get(float(int(x)), x)

    try:
        assert value_template(looked_up, (None,)) is None
        assert looked_up(Value(1.0)).data == 2.0
    finally:
        forget("looked_up")


def test_too_many_ways_through_a_formula_are_refused_by_their_number() -> None:
    def many(*operands: float) -> tuple[float, ...]:
        *xs, _ = operands
        return tuple([sum(x if x > 0.0 else -x for x in xs)] * len(xs))

    @declare(partials=many)
    def eight(a: float, b: float, c: float, d: float, e: float, f: float, g: float, h: float) -> float:
        return a

    try:
        with pytest.raises(RecordingError, match="more than 200 ways lead through the branches"):
            partials_template(eight, (None,) * 8)
    finally:
        forget("eight")


QUICK: list[tuple[str, float | None]] = [("div", None), *[("pow", y) for y in (-0.5, 0.5, -1.0, -2.0, 0.25)]]


@pytest.mark.parametrize(("name", "y"), QUICK)
def test_quick_partials_are_the_row_s_own_or_nan(name: str, y: float | None) -> None:
    row = TABLE[name]
    template = partials_template(row, (None, y), quick=True)
    assert len(template.tape) < len(partials_template(row, (None, y)).tape)
    ordinary = 0
    for x, other in points(row):
        operands = (x, other if y is None else y)
        out, partials = row.linearize(*operands)
        asked_for = 2 if y is None else 1
        for got, expected in list(zip(replayed(template, operands, out), partials, strict=True))[:asked_for]:
            ordinary += got == got
            assert got != got or got == expected or abs(got - expected) <= 1e-15 * abs(expected), operands
    assert ordinary >= 10


def test_at_the_ends_of_the_range_a_gradient_is_that_on_values() -> None:
    f = lambda x: x[0] / x[1] + (x[2] * x[2]) ** -0.5  # noqa: E731
    kernel = compile(f)
    ends = [
        [1e-300, 0.5, 1.0],
        [1.0, 1e300, 1.0],
        [1e-200, 1e150, 1e-100],
        [2.0, 1e-310, 3.0],
        [1.0, 2.0, 1e150],
    ]
    for x in ends:
        expected = value_and_grad(f)(x)
        value, by = kernel.value_and_grad(x)
        assert value == pytest.approx(expected[0], rel=1e-15)
        assert by == pytest.approx(expected[1], rel=1e-14)


def test_partials_at_a_number_that_python_refuses_are_those_of_ieee() -> None:
    assert compile(lambda x: x / 0.0).value_and_grad(0.5) == (math.inf, math.inf)
    assert compile(grad(lambda x: x / 0.0))(0.5) == math.inf
    assert compile(lambda x: 0.0 / x, exact=True).value_and_grad(0.5) == (0.0, 0.0)


def test_what_was_made_of_a_row_of_one_s_own_goes_with_the_row() -> None:
    def declared() -> weakref.ref[Primitive]:
        @declare(partials=lambda x, out: (3.0 * x * x,))
        def cubed(x: float) -> float:
            return x * x * x

        assert compile(lambda x: cubed(x)).value_and_grad(2.0) == (8.0, 12.0)
        return weakref.ref(cubed)

    row = declared()
    forget("cubed")
    assert compile(lambda x: 2.0 * x)(1.0) == 2.0  # stand-ins lose the row's method at the next recording
    gc.collect()
    assert row() is None
