"""The text alternative of a picture: the graph in topological order, in the SVG itself."""

from pathlib import Path
from runpy import run_path
from xml.etree import ElementTree

import pytest

from chainrule.engine import Value, record_sources, topological_order
from chainrule.viz import draw
from chainrule.viz.reading import MOST_READ

STEPPED = run_path(str(Path(__file__).parents[1] / "worked" / "stepped.py"))
SVG = "{http://www.w3.org/2000/svg}"


def test_every_card_is_read_after_its_operands() -> None:
    root = STEPPED["GRAPHS"]["neuron"]()
    root.backward()
    lines = draw(root).texts["reading"].splitlines()
    assert lines[-1] == "loss = v17 + v4 is 0.919. Gradient 1."
    assert "w₁, param, is −0.5. Gradient −2.3621. Goes into v2, v9." in lines
    order = {line.split(" ", 1)[0].strip(","): place for place, line in enumerate(lines)}
    for line in lines:
        users = line.rpartition("Goes into ")[2].rstrip(".").split(", ") if "Goes into" in line else []
        assert all(order[user] > order[line.split(" ", 1)[0].strip(",")] for user in users)


def test_a_constant_is_read_by_the_name_it_was_assigned_to() -> None:
    with record_sources():
        w = Value(2.0)
        target = (w * 3.0).detach()
        loss = w * target + target * 0.5
    lines = draw(loss).texts["reading"].splitlines()
    assert "target, const, is 6. Goes into v2, v4." in lines


def test_the_svg_has_it_as_its_description() -> None:
    drawing = draw(Value(2.0, "a") * Value(3.0, "b"))
    root = ElementTree.fromstring(drawing.svg)
    described = [child for child in root if child.tag == f"{SVG}desc"]  # which SVG takes for its description
    assert [child.text for child in described] == [drawing.texts["reading"]]
    assert root.get("role") == "img"
    assert root.get("aria-label") == drawing.caption


def test_of_many_cards_the_last_ones_are_read() -> None:
    value = Value(1.0, "x")
    for _ in range(MOST_READ + 49):
        value = value.tanh()
    lines = draw(value, max_nodes=MOST_READ + 50).texts["reading"].splitlines()
    assert len(lines) == MOST_READ + 1
    assert lines[0] == "50 values before these are not read out."
    assert lines[-1].startswith("L = tanh(")


@pytest.mark.parametrize(("label", "shown"), STEPPED["HOSTILE"])
def test_hostile_labels_are_read_as_texts(label: str, shown: str) -> None:
    a = Value(1.0, label=label)
    drawing = draw(a * a)
    desc = ElementTree.fromstring(drawing.svg).find(f"{SVG}desc")
    assert desc is not None
    assert desc.text is not None
    assert desc.text.splitlines()[0].startswith(f"{shown}, input, is 1.")
    assert len(desc.text.splitlines()) == len(topological_order(a * a))
