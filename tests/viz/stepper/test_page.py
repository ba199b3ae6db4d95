"""The page as text: one file that asks for nothing, lets nothing else run, and is the same every time."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from chainrule.engine import Value, topological_order
from chainrule.viz import show_steps
from chainrule.viz.page.assemble import in_script
from chainrule.viz.stepper.model import steps_of
from chainrule.viz.stepper.page import model

STEPPED = run_path(str(Path(__file__).parents[2] / "worked" / "stepped.py"))
GRAPHS, HOSTILE = STEPPED["GRAPHS"], STEPPED["HOSTILE"]
POINTING = (
    "src",
    "srcset",
    "href",
    "xlink:href",
    "action",
    "formaction",
    "data",
    "ping",
    "poster",
    "background",
)
PARTS = [
    path.joinpath(name)
    for package, name in (("page", "parts"), ("stepper", "page"))
    for path in [files(f"chainrule.viz.{package}").joinpath(name)]
    for name in sorted(entry.name for entry in path.iterdir())
]


def sent(html: str) -> Any:
    """Return the model that a page holds."""
    found = re.search(r'<script type="application/json" id="model">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def sha(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.mark.parametrize("name", GRAPHS)
def test_the_same_graph_gives_the_same_bytes(name: str) -> None:
    root = GRAPHS[name]()
    first = show_steps(root).html
    root.backward()
    assert first == show_steps(root).html == show_steps(GRAPHS[name]()).html


def test_the_policy_names_the_one_script_and_the_one_style_sheet() -> None:
    html = show_steps(GRAPHS["neuron"]()).html
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert (len(scripts), len(styles)) == (1, 1)
    assert re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html) == [
        f"default-src 'none'; img-src data:; script-src {sha(scripts[0])}; style-src {sha(styles[0])}; "
        "base-uri 'none'; form-action 'none'"
    ]


def test_nothing_in_the_page_points_anywhere() -> None:
    html = show_steps(GRAPHS["neuron"]()).html
    assert re.findall(r"https?:[^\"' ]*", html) == ["http://www.w3.org/2000/svg"]  # a name, not an address
    links: list[tuple[str, str | None]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            links.extend([(tag, value) for name, value in attributes if name in POINTING])
            assert not [name for name, _ in attributes if name.startswith("on") or name == "style"]

    Reader().feed(html)
    assert links == [("link", "data:,")]  # no icon, rather than a request for one
    for style in [path.read_text(encoding="utf-8") for path in PARTS if path.name.endswith(".css")]:
        assert "url(" not in style
        assert "@import" not in style


def test_no_script_turns_text_into_markup_or_code() -> None:
    scripts = "".join([path.read_text(encoding="utf-8") for path in PARTS if path.name.endswith(".js")])
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(",
                 "localStorage", "fetch(", "XMLHttp", "import(", 'setAttribute("style"'):  # fmt: skip
        assert word not in scripts


@pytest.mark.parametrize(("label", "shown"), HOSTILE)
def test_hostile_labels_stay_inside_their_text(label: str, shown: str) -> None:
    a = Value(1.0, label=label)
    out = a * a
    out.label = label
    html = show_steps(out).html
    assert [card["name"] for card in sent(html)["cards"]] == [shown, f"{shown}#2"]
    assert html.count("<script") == 2
    assert html.count("</script") == 2
    assert "<img" not in html
    assert "<!--" not in html
    assert len(re.findall("<title>", html)) == 1


def test_json_in_a_script_element_holds_no_markup() -> None:
    text = in_script({"</script>": ["<!--", "&amp;", "\u2028\u2029", "\ud800"]})
    assert not set("<>&\u2028\u2029\ud800") & set(text)
    assert json.loads(text) == {"</script>": ["<!--", "&amp;", "\u2028\u2029", "\ud800"]}


def test_a_number_that_json_has_not_is_never_written() -> None:
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        in_script([float("nan")])


def test_numbers_that_json_has_not_go_as_texts() -> None:
    zero = Value(0.0, "zero")
    root = zero / Value(0.0, "other")
    found = sent(show_steps(root).html)
    assert found["cards"][-1]["data"] == "nan"
    assert "inf" in {edge["partial"] for edge in found["edges"]}


def test_the_model_holds_every_number_to_the_last_bit() -> None:
    steps = steps_of(topological_order(GRAPHS["article B"]()))
    found = json.loads(in_script(model(steps)))
    assert [card["data"] for card in found["cards"]] == [card.data for card in steps.cards]
    assert [flow[1:] for flow in found["backward"]] == [
        [flow.before, flow.after, flow.upstream, flow.contribution] for flow in steps.flows
    ]


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_the_theme_is_where_the_style_sheet_looks(theme: Any) -> None:
    assert f'<html lang="en" data-theme="{theme}">' in show_steps(Value(2.0), theme=theme).html


def test_files_are_small() -> None:
    sizes = {name: len(show_steps(graph()).html.encode()) for name, graph in GRAPHS.items()}
    assert max(sizes.values()) < 100_000
