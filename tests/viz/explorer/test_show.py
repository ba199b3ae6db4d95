"""`show_graph` as it is called, and its page as text."""

import json
import re
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from chainrule.engine import Value, record_sources, total
from chainrule.nn import MLP, Parameter, squared_error
from chainrule.viz import show_graph

STEPPED = run_path(str(Path(__file__).parents[2] / "worked" / "stepped.py"))
GRAPHS, HOSTILE = STEPPED["GRAPHS"], STEPPED["HOSTILE"]


def sent(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="model">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_every_contribution_is_upstream_times_local() -> None:
    root = GRAPHS["neuron"]()
    root.backward()
    data = sent(show_graph(root).html)
    sums = [0.0] * len(data["cards"])
    sums[data["root"]] = 1.0
    for operand, user, partial, contribution, _ in data["edges"]:
        if contribution is not None:
            assert contribution == data["cards"][user]["gradient"] * partial
            sums[operand] += contribution
    for card, gradient in zip(data["cards"], sums, strict=True):
        assert card["gradient"] is None or abs(card["gradient"] - gradient) < 1e-12


def test_a_page_is_a_snapshot_and_the_same_every_time() -> None:
    root = GRAPHS["neuron"]()
    root.backward()
    first, again = show_graph(root), show_graph(root)
    root.operands[0].data = 9.0
    root.grad = 5.0
    assert first.html == again.html != show_graph(root).html


def test_before_a_pass_there_are_no_gradients() -> None:
    data = sent(show_graph(Value(2.0, "a") * 3.0).html)
    assert {card["gradient"] for card in data["cards"]} == {None}
    assert {edge[3] for edge in data["edges"]} == {None}


def test_lines_are_there_where_they_were_recorded() -> None:
    with record_sources():
        a = Value(2.0, "a")
        product = a * a
    card = sent(show_graph(product).html)["cards"][-1]
    assert re.fullmatch(r"test_show\.py, line \d+", card["where"])
    assert card["code"] == "a * a"


def test_constants_are_shown_by_the_names_they_were_assigned_to() -> None:
    with record_sources():
        w = Value(2.0)
        target = (w * 3.0).detach()
        loss = w * target + 1.0
    cards = sent(show_graph(loss).html)["cards"]
    assert [(card["name"], card["own"]) for card in cards if card["constant"]] == [
        ("target", True),
        ("1", False),
    ]


def test_it_is_saved_and_shown_without_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    page = show_graph(Value(2.0, "a") * 3.0, tmp_path / "graph.html")
    assert (tmp_path / "graph.html").read_text(encoding="utf-8") == page.html
    assert sorted(page._repr_mimebundle_()) == ["text/html", "text/plain"]


def test_numbers_that_json_has_not_arrive() -> None:
    root = Value(0.0) / Value(0.0)
    with pytest.warns(RuntimeWarning):
        root.backward()
    data = sent(show_graph(root).html)
    assert data["cards"][-1]["data"] == "nan"


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    wrong: Any = 3.0
    with pytest.raises(
        TypeError, match=r"show_graph\(root\) takes one Value, a computation's result; got 3\.0"
    ):
        show_graph(wrong)
    with pytest.raises(ValueError, match="theme must be 'auto', 'light' or 'dark', got 'blue'"):
        show_graph(Value(1.0), theme="blue")  # type: ignore[arg-type]
    value = Value(1.0)
    for _ in range(50):
        value = value.sin()
    with pytest.raises(ValueError, match=r"the graph has 51 values and show_graph takes 50: .* max_nodes=51"):
        show_graph(value, max_nodes=50)
    show_graph(value, max_nodes=51)
    with pytest.raises(
        ValueError, match=r"the graph has 100 uses of values and .* takes 16: .* max_nodes=13"
    ):
        show_graph(total([Value(1.0)] * 100), max_nodes=2)
    with pytest.raises(ValueError, match=r"^this is an HTML page, so '.*' must end in '\.html'$"):
        show_graph(value, tmp_path / "graph.svg")
    with pytest.raises(IsADirectoryError, match=r"pass a file in it, such as .*graph\.html"):
        show_graph(value, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("label", "shown"), HOSTILE)
def test_hostile_labels_stay_inside_the_data(label: str, shown: str) -> None:
    w = Parameter(1.0, f"{label}.w")
    root = w * Value(2.0, label)
    root.label = label
    html = show_graph(root).html
    assert html.count("<script") == 2
    assert html.count("</script") == 2
    assert "<img" not in html
    assert "<!--" not in html
    assert len(re.findall("<title>", html)) == 1
    assert shown in {card["name"] for card in sent(html)["cards"]}


def test_files_are_small() -> None:
    model = MLP(64, [32, 10], seed=0)
    loss = squared_error(total(model([0.5] * 64)), 1.0)
    loss.backward()
    assert len(show_graph(loss).html) < 1_200_000
    assert len(show_graph(Value(2.0)).html) < 65_000
