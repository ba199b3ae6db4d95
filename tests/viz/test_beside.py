"""`before | after`: several drawings as one picture."""

import re
from pathlib import Path
from runpy import run_path
from typing import Any
from xml.etree import ElementTree

import pytest

from chainrule.engine import Value
from chainrule.nn import SGD, Parameter
from chainrule.viz import RenderError, beside, draw

STEPPED = run_path(str(Path(__file__).parents[1] / "worked" / "stepped.py"))
GRAPHS, HOSTILE = STEPPED["GRAPHS"], STEPPED["HOSTILE"]
SVG = "{http://www.w3.org/2000/svg}"


def boxes(svg: str) -> dict[str, tuple[float, float]]:
    """Return the upper left corner of each part by its caption."""
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        if group.get("class") == "cluster":
            numbers = [float(x) for x in re.findall(r"-?[\d.]+", group.find(f"{SVG}path").get("d"))]  # type: ignore[union-attr,arg-type]
            found[str(group.find(f"{SVG}title").text)] = (min(numbers[::2]), min(numbers[1::2]))  # type: ignore[union-attr]
    return found


def numbers_shown(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_step_of_an_optimizer_shows_before_and_after() -> None:
    w = Parameter(2.0, "w")
    optimizer = SGD([w], lr=0.25)
    loss = w * w
    loss.backward()
    before = draw(loss)
    optimizer.step()
    optimizer.zero_grad()
    loss = w * w
    loss.backward()
    both = before | draw(loss)
    assert repr(both) == "<Drawing: before: Graph of 2 values; root = 4 | after: Graph of 2 values; root = 1>"
    shown = numbers_shown(both.svg)
    assert [shown.count(number) for number in ("4", "2", "1")] == [2, 2, 4]  # 4 = data and grad, ...


def test_a_drawing_is_a_snapshot_even_where_it_is_rendered_later() -> None:
    a = Value(2.0, "a")
    root = a * a
    root.backward()
    drawing = draw(root)
    other = draw(root)
    first = drawing.svg
    a.data, a.grad, root.data, a.label = 99.0, 98.0, 97.0, "b"
    assert other.svg == first
    assert (drawing | other).svg == (other | drawing).svg


def test_short_pictures_stand_in_a_row_and_long_ones_one_above_the_other() -> None:
    short = draw(Value(1.0) * Value(2.0))
    left, right = boxes(beside(short, short, captions=["left", "right"]).svg).values()
    assert left[0] + 50.0 < right[0]
    long = draw(GRAPHS["neuron"]())
    corners = boxes(beside(long, long, captions=["first", "second"]).svg)
    assert corners["first"][1] + 100.0 < corners["second"][1]
    assert corners["first"][0] == corners["second"][0]
    down = draw(GRAPHS["neuron"](), rankdir="TB")
    corners = boxes(beside(down, down, captions=["first", "second"]).svg)
    assert corners["first"][0] + 100.0 < corners["second"][0]


def test_three_in_a_chain_keep_their_order_and_are_numbered() -> None:
    x = Value(2.0, "x")
    three = draw(x * x) | draw(x + x) | draw(x - x)
    assert repr(three) == (
        "<Drawing: 1: Graph of 2 values; root = 4 | 2: Graph of 2 values; root = 4 | "
        "3: Graph of 2 values; root = 0>"
    )
    assert list(boxes(three.svg)) == three.caption.split(" | ")
    assert (draw(x * x) | (draw(x + x) | draw(x - x))).dot == three.dot


def test_ids_are_unique_and_every_card_keeps_its_tooltip() -> None:
    drawing = draw(GRAPHS["neuron"]())
    svg = (drawing | drawing).svg
    ids = re.findall(r' id="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    alone = sorted(re.findall(r"<title>([^<]*)</title>", drawing.svg))
    both = sorted(re.findall(r"<title>([^<]*)</title>", svg))
    assert len(both) == 2 * (len(alone) - 1) + 3
    assert sorted([text for text in both if text.startswith("d ")]) == sorted(
        2 * [text for text in alone if text.startswith("d ")]
    )


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "dot"])
def test_it_is_saved_in_every_format(tmp_path: Path, suffix: str) -> None:
    drawing = draw(Value(1.0) * Value(2.0))
    path = (drawing | drawing).save(tmp_path / f"both.{suffix}")
    assert path.stat().st_size > 500


@pytest.mark.parametrize(("label", "shown"), HOSTILE)
def test_hostile_labels_and_captions_stay_texts(label: str, shown: str) -> None:
    a = Value(1.0, label=label)
    drawing = draw(a * a)
    both = beside(drawing, drawing, captions=[label, f"  n0 [{label}"])
    root = ElementTree.fromstring(both.svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "style", "desc", "g", "title", "polygon", "path", "text"}  # fmt: skip
    shown_texts = "\n".join(numbers_shown(both.svg)).replace("\xa0", " ")
    assert shown_texts.count(shown[:12]) >= 2


def test_what_is_no_drawing_is_refused() -> None:
    drawing: Any = draw(Value(1.0))
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \|: 'Drawing' and 'Value'"):
        drawing | Value(1.0)
    with pytest.raises(TypeError, match=r"beside takes drawings, as draw returns them; got Value"):
        beside(drawing, Value(1.0))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="beside takes two drawings or more, got 1"):
        beside(drawing)
    for captions in (["one"], ["a", "b", "c"], "ab"):
        count = 1 if isinstance(captions, str) else len(captions)
        with pytest.raises(ValueError, match=f"beside takes a caption for each of 2 drawings, got {count}"):
            beside(drawing, drawing, captions=captions)


def test_without_graphviz_it_is_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    both = draw(Value(1.0)) | draw(Value(2.0))
    shown = both._repr_mimebundle_()
    assert list(shown) == ["text/plain"]
    assert "no graphviz could draw this as svg" in shown["text/plain"]
    with pytest.raises(RenderError, match=r"saved as DOT text in .*both\.svg\.dot"):
        both.save(tmp_path / "both.svg")
    assert (tmp_path / "both.svg.dot").read_text(encoding="utf-8") == both.dot


def test_for_a_page_it_says_what_makes_one(tmp_path: Path) -> None:
    drawing = draw(Value(1.0))
    with pytest.raises(
        ValueError, match=r"end it in '\.svg', .* or '\.dot'; show_graph\(root, path\) makes a page$"
    ):
        drawing.save(tmp_path / "graph.html")
    with pytest.raises(ValueError, match=r"end it in '\.svg', '\.png', '\.pdf' or '\.dot'$"):
        (drawing | drawing).save(tmp_path / "graph.jpeg")
