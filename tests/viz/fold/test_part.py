"""Parts of a graph: what lies around a value, on a path, and what contributes most."""

import re
from typing import Any

import pytest

from chainrule.engine import Value, dot, total
from chainrule.viz import draw, path
from chainrule.viz.fold.part import Part


def example() -> tuple[Value, dict[str, Value]]:
    """Return (w * x - 1) ** 2 + tanh(x) and its values by name."""
    w, x = Value(3.0, "w"), Value(2.0, "x")
    product = w * x
    difference = product - 1.0
    square, side = difference**2, x.tanh()
    loss = square + side
    loss.backward()
    return loss, {
        "w": w,
        "x": x,
        "product": product,
        "difference": difference,
        "square": square,
        "side": side,
    }


def labels(values: tuple[Value, ...] | list[Value], by_name: dict[str, Value]) -> set[str]:
    return {name for name, value in by_name.items() if any(value is one for one in values)}


def test_a_path_holds_what_the_chain_rule_multiplies() -> None:
    loss, named = example()
    found = path(named["w"], loss)
    assert [value is end for value, end in zip((found[0], found[-1]), (named["w"], loss), strict=True)]
    assert labels(found, named) == {"w", "product", "difference", "square"}
    assert path(loss, loss) == (loss,)


def test_no_path_is_an_error_that_says_why() -> None:
    loss, named = example()
    with pytest.raises(ValueError, match=r"there is no path: other is not in the graph of L: nothing"):
        path(Value(1.0, "other"), loss)
    with pytest.raises(ValueError, match=r"there is no path: .* the arguments are the wrong way round"):
        path(loss, named["w"])
    with pytest.raises(TypeError, match=r"path\(w, loss\) takes two Values, got 3.0 \(float\)"):
        path(3.0, loss)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("radius", "kept"),
    [
        (0, {"product"}),
        (1, {"product", "w", "x", "difference"}),
        (2, {"product", "w", "x", "difference", "square", "side"}),
    ],
)
def test_a_radius_counts_arrows_both_ways(radius: int, kept: set[str]) -> None:
    loss, named = example()
    part = Part(loss)
    part.keep_around(named["product"], radius)
    assert labels(part.values, named) == kept


def test_a_picture_of_a_part_says_what_it_leaves_out() -> None:
    loss, named = example()
    drawing = draw(loss, around=named["product"], radius=1)
    assert repr(drawing) == "<Drawing: 4 of the 9 values of a graph; root = 25.964>"
    assert drawing.dot.count("not shown: 1 use<") == 2  # of x by tanh, of the difference by the square
    assert "not shown" not in draw(loss).dot


def test_what_is_drawn_around_has_the_thickest_border() -> None:
    loss, named = example()
    text = draw(loss, around=named["w"]).dot
    assert len(re.findall(r'BORDER="4"[^\n]*>w<', text)) == text.count('BORDER="4"') == 1
    assert 'BORDER="4"' not in draw(loss).dot


def test_two_arrows_are_the_radius_unless_given() -> None:
    loss, named = example()
    w = named["w"]
    assert draw(loss, around=w).dot == draw(loss, around=w, radius=2).dot


def test_what_is_not_in_the_graph_cannot_be_drawn_around() -> None:
    loss, _ = example()
    stranger = Value(4.0, "stranger")
    with pytest.raises(
        ValueError, match=r"around=Value\(4, grad=0, label='stranger'\) is not in the graph of"
    ):
        draw(loss, around=stranger)
    with pytest.raises(TypeError, match=r"draw\(around=\.\.\.\) takes a Value of the graph, got 'w'"):
        draw(loss, around="w")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"only= holds Value\(4.* not in the graph"):
        draw(loss, only=[stranger])


def test_equal_numbers_are_not_taken_for_each_other() -> None:
    x, y = Value(2.0, "x"), Value(2.0, "y")
    with pytest.raises(ValueError, match="is not in the graph"):
        draw(x * 3.0, around=y)


@pytest.mark.parametrize("radius", [-1, 1.5, True, "2"])
def test_a_radius_is_a_whole_number(radius: object) -> None:
    loss, named = example()
    with pytest.raises(ValueError, match=f"radius must be a whole number of at least 0, got {radius!r}"):
        draw(loss, around=named["w"], radius=radius)  # type: ignore[arg-type]


def test_a_radius_needs_a_centre() -> None:
    with pytest.raises(ValueError, match="radius= needs around=, the value to draw the surroundings of"):
        draw(Value(1.0), radius=2)


def test_only_takes_several_values() -> None:
    loss, named = example()
    w = named["w"]
    one: Any = w
    assert repr(draw(loss, only=path(w, loss))).startswith("<Drawing: 5 of the 9 values")
    assert draw(loss, only=iter(path(w, loss))).dot == draw(loss, only=path(w, loss)).dot
    with pytest.raises(
        TypeError, match=r"draw\(only=\.\.\.\) takes several values, as path\(w, loss\) gives"
    ):
        draw(loss, only=one)
    with pytest.raises(TypeError, match=r"takes Values, among them is 'w'"):
        draw(loss, only="w")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="only= holds no values: nothing is left to draw"):
        draw(loss, only=[])


def test_a_constant_beside_a_path_stands_in_the_card_and_is_not_counted_as_missing() -> None:
    loss, named = example()
    text = draw(loss, only=path(named["w"], loss)).dot
    assert "( ) − 1" in text
    assert re.findall(r"not shown: ([^<]*)", text) == ["1 operand", "1 operand"]  # x, and tanh(x)


def test_top_keeps_the_largest_contributions() -> None:
    xs = [Value(1.0, f"x{i}") for i in range(6)]
    ws = [Value(w, f"w{i}") for i, w in enumerate((0.1, -9.0, 3.0, 0.2, 5.0, -0.3))]
    out = dot(ws, xs)
    out.backward()
    text = draw(out, top=2).dot
    assert {name for name in ("x0", "x1", "x2", "x3", "x4", "x5") if f">{name}<" in text} == {"x1", "x4"}
    assert "not shown: 10 operands" in text
    assert draw(out, top=12).dot == draw(out).dot


def test_top_on_a_path_takes_the_largest_of_that() -> None:
    w, x = Value(0.1, "w"), Value(3.0, "x")
    hidden = [(w * x).tanh() * k for k in (1.0, 2.0, 3.0, 4.0)]
    loss = total([*hidden, 1000.0 * x])
    kept = Part(loss)
    kept.keep_only(path(w, loss))
    kept.keep_top(2)
    assert len(kept.values) == 8  # two ways of w to the loss


@pytest.mark.parametrize("top", [0, -2, 1.0, False])
def test_top_is_a_whole_number(top: object) -> None:
    with pytest.raises(ValueError, match="top must be a whole number of at least 1, got"):
        draw(Value(1.0), top=top)  # type: ignore[arg-type]


def test_a_part_of_a_large_graph_is_folded_too() -> None:
    x = Value(0.5, "x")
    y = x
    for _ in range(500):
        y = y.tanh()
    drawing = draw(y, only=path(x, y))
    assert repr(drawing).startswith("<Drawing: Graph of 501 values in 2 cards")
