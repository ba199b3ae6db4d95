"""Why a gradient is zero: each mistake, and the text that is shown."""

import math
from collections.abc import Callable

import pytest
from why import named, values, why

from chainrule.engine import (
    TABLE,
    Primitive,
    Value,
    clip,
    dot,
    explain,
    floor,
    forget,
    maximum,
    minimum,
    prod,
    where,
)
from chainrule.engine.about import about, about_made
from chainrule.engine.debugging.causes import remark
from chainrule.engine.names import Names

Cut = Callable[[Value, Value], Value]
CUTS: list[tuple[str, Cut, str]] = [
    (
        "dead relu",
        lambda w, x: named("z", w * x).relu(),
        "dL/dz = 0 at L = relu(z): a dead unit, as z = −1.5 is below 0",
    ),
    (
        "relu at exactly 0",
        lambda w, x: named("z", w + 0.5).relu(),
        "dL/dz = 0 at L = relu(z): a tie, as z = 0 lies on the kink, where the derivative is 0 by rule",
    ),
    (
        "abs at exactly 0",
        lambda w, x: abs(named("z", w + 0.5)),
        "dL/dz = 0 at L = abs(z): a tie, as z = 0 lies on the kink, where the derivative is 0 by rule",
    ),
    (
        "clipped below",
        lambda w, x: clip(named("z", w * x), 0.0, 1.0),
        "dL/dz = 0 at L = clip(z, 0, 1): clipped, as z = −1.5 lies below the bound 0",
    ),
    (
        "clipped above",
        lambda w, x: clip(named("z", -w * x), 0.0, 1.0),
        "dL/dz = 0 at L = clip(z, 0, 1): clipped, as z = 1.5 lies above the bound 1",
    ),
    (
        "a bound not in use",
        lambda w, x: clip(x, w, 10.0),
        "dL/dw = 0 at L = clip(x, w, 10): a bound that is not in use, as x = 3 lies within",
    ),
    ("not the larger", maximum, "dL/dw = 0 at L = maximum(w, x): passed over for x = 3"),
    (
        "not the smaller",
        lambda w, x: minimum(-x, w),
        "dL/dw = 0 at L = minimum(v1, w): passed over for v1 = −3",
    ),
    (
        "the other branch",
        lambda w, x: where(w > 0.0, w, x),
        "dL/dw = 0 at L = where(0, w, x): the other branch was taken, L = 3",
    ),
    (
        "a condition",
        lambda w, x: where(w, x, 2.0),
        "dL/dw = 0 at L = where(w, x, 2): a condition has no derivative",
    ),
    (
        "rounding",
        lambda w, x: floor(named("z", w * x)),
        "dL/dz = 0 at L = floor(z): rounding, whose derivative is 0 by rule",
    ),
    ("//", lambda w, x: w // x, "dL/dw = 0 at L = w ⌊÷⌋ x: rounding, whose derivative is 0 by rule"),
    (
        "steps",
        lambda w, x: w.sign(),
        "dL/dw = 0 at L = sign(w): made of steps, whose derivative is 0 by rule",
    ),
    (
        "a power at 0",
        lambda w, x: named("z", w + 0.5) ** 3,
        "dL/dz = 0 at L = z ^ 3: the power is flat at the base z = 0",
    ),
    (
        "to the power 0",
        lambda w, x: w**0,
        "dL/dw = 0 at L = w ^ 0: the exponent is 0, and the power 1 whatever the base",
    ),
    ("a square at 0", lambda w, x: (w + 0.5).square(), "dL/dv2 = 0 at L = v2²: the square is flat at v2 = 0"),
    ("times 0", lambda w, x: w * Value(0.0, "gate"), "dL/dw = 0 at L = w × gate: multiplied by gate = 0"),
    ("0 times", lambda w, x: 0.0 * w, "dL/dw = 0 at L = 0 × w: multiplied by 0"),
    (
        "times 0 in a dot",
        lambda w, x: dot([x, w], [x, Value(0.0, "gate")], x),
        "dL/dw = 0 at L = dot(x, w, x, gate, x): multiplied by gate = 0",
    ),
    (
        "times 0 in a prod",
        lambda w, x: prod([w, x, Value(0.0, "gate")]),
        "dL/dw = 0 at L = prod(w, x, gate): multiplied by gate = 0",
    ),
    (
        "0 divided",
        lambda w, x: Value(0.0, "top") / w,
        "dL/dw = 0 at L = top ÷ w: the numerator is top = 0",
    ),
    (
        "a saturated sigmoid that has underflowed",
        lambda w, x: named("z", w * 2000.0).sigmoid(),
        "dL/dz = 0 at L = sigmoid(z): saturated, as L = 0 is near its limit",
    ),
]


@pytest.mark.parametrize(("make", "text"), [pytest.param(*cut[1:], id=cut[0]) for cut in CUTS])
def test_a_factor_of_zero_is_named_with_its_reason(make: Cut, text: str) -> None:
    w, x = values()
    loss = make(w, x)
    assert why(loss, w) == ["the path has a factor of 0", text]
    loss.backward()
    assert w.grad == 0.0


def test_the_cut_is_named_where_it_is_narrowest() -> None:
    w, x = values()
    dead = named("h", named("z", w * x).relu())
    loss = dot([dead, dead, dead], [Value(0.0, f"v{i}") for i in range(3)])
    assert why(loss, w) == [
        "every path has a factor of 0",
        "dh/dz = 0 at h = relu(z): a dead unit, as z = −1.5 is below 0",
    ]
    many = [named(f"h{i}", (w * float(i)).relu()) for i in range(1, 4)]
    loss = named("gate", clip(dot(many, many) + 9.0, 0.0, 1.0)) * 2.0
    assert why(loss, w) == [
        "every path has a factor of 0",
        "dgate/dv12 = 0 at gate = clip(v12, 0, 1): clipped, as v12 = 9 lies above the bound 1",
    ]


def test_of_many_cuts_a_few_are_named_and_the_others_counted() -> None:
    w, _ = values()
    units = [(w * float(i)).relu() for i in range(1, 8)]
    found = why(dot(units, [1.0] * 7), w)
    assert len(found) == 6
    assert found[-1] == "and 3 more factors of 0"


def test_the_line_of_the_cut_is_said_where_it_was_recorded() -> None:
    class Source:
        line, name = 12, ""

    w, x = values()
    dead = (w * x).relu()
    about_made(dead).source = Source()
    assert why(dead, w)[1].endswith("a dead unit, as v2 = −1.5 is below 0 (line 12)")
    cut = w.detach()
    about_made(cut).source = Source()
    assert why(cut * x, w)[1].endswith("made by detach(): no gradient flows on from there (line 12)")
    product = w.detach() * x
    about_made(product).source = Source()
    assert why(product, w)[1].endswith("made by detach(): no gradient flows on from there (used in line 12)")


def test_what_is_known_of_one_constant_is_not_known_of_another() -> None:
    w, _ = values()
    first, second = w.detach(), w.detach()
    about_made(first).source = "a line"
    known, other = about(first), about(second)
    assert known is not None
    assert other is not None
    assert (known.origin, known.source) == ("detach()", "a line")
    assert (other.origin, other.source) == ("detach()", None)


# -- notes --------------------------------------------------------------------------------------------


def test_a_constant_is_said_to_be_one() -> None:
    w, x = values()
    cut = x.detach()
    found = explain(w * cut, cut)
    assert found.notes == ["x is a constant, made by detach(): nothing asks for its gradient"]
    assert "\nNote: x is a constant" in str(found)
    assert r"\text{note: }" in found.latex()


def test_hooks_are_left_out_and_said_to_be() -> None:
    w, x = values()
    w.register_hook(lambda gradient: 0.0)
    found = explain(w * x, w)
    assert found.total == 3.0
    assert found.notes == ["a hook on w may make another gradient of it in backward()"]


# -- remarks come from the table ----------------------------------------------------------------------


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in TABLE.values()])
def test_every_factor_of_zero_in_the_table_has_a_remark_that_can_be_read(row: Primitive) -> None:
    places = [*row.points, *[point for point, _ in row.kinks], *[point for point, _ in row.edges]]
    for point in places:
        node = row.apply(tuple(map(Value, point)))
        names = Names([*node.operands, node])
        for place, partial in enumerate(node.partials):
            words = remark(node, place, names)
            assert "{" not in words
            if partial == 0.0 and all(map(math.isfinite, (*point, node.data))) and row.name not in SILENT:
                assert words, f"{row.name}{point}: the partial of operand {place} is 0"


SILENT = ("polygamma", "sin", "cos", "cosh", "polyval", "variance", "lgamma", "arctan2", "erf", "erfc", "mod")
"""Rows with zeros here and there that the formula and the numbers explain."""


def test_a_row_of_ones_own_may_say_why_and_need_not() -> None:
    step = Primitive(
        name="gate_test_row",
        formula="x where y is 1",
        evaluate=lambda x, y: x * y,
        partials=lambda x, y, out: (0.0 if y == 0.0 else 1.0, 0.0),
        arity=2,
        remark=lambda place, x, y, out: "closed, as {y}" if not place and y == 0.0 else "",
    )
    try:
        w, _ = values()
        assert why(step(w, Value(0.0, "gate")), w)[1] == (
            "dL/dw = 0 at L = gate_test_row(w, gate): closed, as gate = 0"
        )
        assert why(step(2.0, w), w)[1] == "dL/dw = 0 at L = gate_test_row(2, w)"
    finally:
        forget("gate_test_row")
