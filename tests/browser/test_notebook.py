"""A notebook's outputs as a browser shows them: pictures, frames, and hostile labels that run nothing."""

import re
from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from notebooks import bundles, executed, page

pytestmark = pytest.mark.browser

HOSTILE = run_path(str(Path(__file__).parents[1] / "worked" / "stepped.py"))["HOSTILE"]
DOCS = (Path(__file__).parents[2] / "docs" / "notebooks.md").read_text(encoding="utf-8")
Open = Callable[..., Any]

HOSTILE_CELL = f"""
from IPython.display import display
from chainrule.engine import Value
from chainrule.nn import MLP
from chainrule.viz import LearningRecorder, beside, draw, enable_notebook, show_learning, show_steps

enable_notebook()
for label in {[label for label, _ in HOSTILE]!r}:
    root = Value(1.0, label=label) * Value(2.0, label=label)
    root.label = label
    display(root)
    display(beside(draw(root), draw(root), captions=[label, label]))
    display(show_steps(root))
    recorder = LearningRecorder()
    recorder.record(MLP(1, [1]), 1.0)
    display(show_learning(recorder, inputs=[label], outputs=[label]))
"""


@pytest.fixture(scope="module")
def docs() -> list[dict[str, str]]:
    return bundles(executed(re.findall(r"^```python\n(.*?)^```", DOCS, flags=re.M | re.S)))


@pytest.fixture(scope="module")
def hostile() -> list[dict[str, str]]:
    return bundles(executed([HOSTILE_CELL]))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("inline", [False, True], ids=["JupyterLab", "VS Code"])
def test_the_outputs_are_seen_and_axe_finds_nothing(
    opened: Open, docs: list[dict[str, str]], inline: bool, dark: bool
) -> None:
    found = opened(page(docs, inline=inline), dark=dark)
    sizes = found.page.evaluate(
        "[...document.querySelectorAll('section > *')].map((e) => [e.tagName.toLowerCase(), "
        "e.naturalWidth ?? e.clientWidth, e.clientHeight])"
    )
    picture = "svg" if inline else "img"
    assert [tag for tag, _, _ in sizes] == [picture, picture, "iframe", picture]
    assert all(width > 300 and height > 100 for _, width, height in sizes)
    result = Axe().run(found.page)
    assert result.response["violations"] == [], result.generate_report()
    assert found.complaints == []
    assert [url for url in found.requests if not url.startswith(("data:", "about:"))] == [found.page.url]


def test_pictures_inside_the_page_are_described(opened: Open, docs: list[dict[str, str]]) -> None:
    found = opened(page(docs, inline=True))
    tree = found.page.context.new_cdp_session(found.page).send("Accessibility.getFullAXTree")
    pictures = [node for node in tree["nodes"] if node.get("role", {}).get("value") in ("image", "img")]
    named = [(node["name"]["value"], node.get("description", {}).get("value", "")) for node in pictures]
    named = [(name, said) for name, said in named if name.startswith(("Graph of", "before: "))]
    assert [name.partition(";")[0] for name, _ in named] == [
        "Graph of 10 values", "Graph of 10 values", "before: Graph of 10 values"]  # fmt: skip
    for name, said in named:
        assert said.startswith(("x, input, is 2.", "b, param, is 0.25.", "before: "))
        assert "loss = " in said, name


def test_the_stepper_in_its_frame_steps(opened: Open, docs: list[dict[str, str]]) -> None:
    found = opened(page(docs, inline=True))
    [frame] = found.frames()
    frame.locator("#end").click()
    assert frame.locator("#count").inner_text() == "13 / 13"
    assert found.complaints == []


def test_a_stepper_that_was_out_of_sight_is_laid_out_when_it_comes_into_it(
    opened: Open, docs: list[dict[str, str]]
) -> None:
    for height in (400, 600, 800):  # when texts get their widths is a matter of luck in a frame out of sight
        found = opened(page(docs, inline=True), width=1100, height=height, still=False)
        [frame] = found.frames()
        found.page.locator("iframe").scroll_into_view_if_needed()
        frame.wait_for_function(
            """() => [...document.querySelectorAll('.card')].every((card) => {
                 const [sign, name] = ['.operation', '.name'].map((part) => card.querySelector(part));
                 if (!sign?.textContent) return true;
                 const { x, width } = sign.getBBox();
                 return width > 0 && name.getBBox().x > x + width;
               })"""
        )


@pytest.mark.parametrize("inline", [False, True], ids=["JupyterLab", "VS Code"])
def test_hostile_labels_run_nothing(opened: Open, hostile: list[dict[str, str]], inline: bool) -> None:
    assert len(hostile) == 4 * len(HOSTILE)
    found = opened(page(hostile, inline=inline))
    frames = found.frames()
    assert len(frames) == 2 * len(HOSTILE)
    for frame in frames:
        frame.locator("#next").click()
    images = found.page.locator("img").count()
    assert images == (0 if inline else 2 * len(HOSTILE))
    assert found.page.evaluate("document.scripts.length") == 0
    for frame in frames:
        assert frame.evaluate("document.querySelectorAll('img, script').length") == 2
    if inline:
        shown = found.page.locator("svg.chainrule text").all_text_contents()
        texts = [text.replace("\xa0", " ") for text in shown]
        for label, expected in HOSTILE:
            assert texts.count(expected) >= 9, label
    assert found.complaints == []
    assert [url for url in found.requests if not url.startswith(("data:", "about:"))] == [found.page.url]
