"""Where things stand: nothing overlaps, whoever lays it out."""

import sys
from itertools import combinations
from pathlib import Path
from runpy import run_path

import pytest

from chainrule.engine import Value, topological_order
from chainrule.viz import RenderError
from chainrule.viz.stepper.layout import Box, Layout, layout, text_width
from chainrule.viz.stepper.model import steps_of

GRAPHS = run_path(str(Path(__file__).parents[2] / "worked" / "stepped.py"))["GRAPHS"]


def laid_out(root: Value, rankdir: str = "LR") -> Layout:
    return layout(steps_of(topological_order(root)), rankdir)


def apart(a: Box, b: Box) -> bool:
    beside = a.x + a.width <= b.x or b.x + b.width <= a.x
    return beside or a.y + a.height <= b.y or b.y + b.height <= a.y


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@pytest.mark.parametrize("name", GRAPHS)
def test_cards_lie_inside_and_apart(renderer: str, name: str, rankdir: str) -> None:
    found = laid_out(GRAPHS[name](), rankdir)
    assert all(apart(a, b) for a, b in combinations(found.boxes, 2))
    for box in found.boxes:
        assert -1.0 <= box.x <= found.width - box.width + 1.0
        assert -1.0 <= box.y <= found.height - box.height + 1.0


@pytest.mark.parametrize("name", GRAPHS)
def test_lines_go_from_operand_to_user(renderer: str, name: str) -> None:
    root = GRAPHS[name]()
    steps = steps_of(topological_order(root))
    found = layout(steps, "LR")

    def touches(point: tuple[float, float], box: Box) -> bool:
        x, y = point
        across, down = (
            box.x - 2.0 <= x <= box.x + box.width + 2.0,
            box.y - 2.0 <= y <= box.y + box.height + 2.0,
        )
        return across and down

    for edge, line in zip(steps.edges, found.lines, strict=True):
        assert len(line.points) % 3 == 1  # a Bezier curve of cubic parts
        assert touches(line.points[0], found.boxes[edge.operand])
        assert touches(line.tip, found.boxes[edge.user])


def test_time_flows_with_rankdir(renderer: str) -> None:
    a = Value(1.0, "a")
    for rankdir, ahead in (("LR", lambda box: box.x), ("TB", lambda box: box.y)):
        boxes = laid_out(a.tanh().exp(), rankdir).boxes
        assert sorted(boxes, key=ahead) == boxes


def test_first_operands_stand_above_second_ones(renderer: str) -> None:
    for root in (Value(1.0, "a") * Value(2.0, "b"), Value(1.0, "a") - Value(2.0, "b")):
        places = zip(steps_of(topological_order(root)).cards, laid_out(root).boxes, strict=True)
        above = {card.name: box.y for card, box in places}
        assert above["a"] < above["b"]


def test_wide_texts_make_wide_cards(renderer: str) -> None:
    narrow, wide = (laid_out(Value(1.0, label).tanh()).boxes[0].width for label in ("w", "m" * 40))
    assert wide > narrow + 300.0


def test_the_widest_gradient_on_the_way_has_room(renderer: str) -> None:
    a = Value(1.0, "a")
    small, large = (laid_out(scale * a - scale * a).boxes[0].width for scale in (1.0, 1.23456e-200))
    assert large > small


def test_without_graphviz_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(RenderError, match=r'no graphviz could draw this as json0: .*pip install "chainrule'):
        laid_out(Value(1.0).tanh())


def test_letters_of_other_scripts_count_their_width() -> None:
    assert text_width("日本", 10.0) == 21.0
    assert text_width("e\u0301", 10.0) == text_width("e", 10.0)
