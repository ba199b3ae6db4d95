"""The page of a folded graph in a browser: opening down to the single value, by mouse and by keys alone."""

import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from chainrule.engine import Value, record_sources, topological_order
from chainrule.engine.words import number
from chainrule.nn import MLP, Parameter, cross_entropy
from chainrule.viz import show_graph

pytestmark = pytest.mark.browser

STEPPED = run_path(str(Path(__file__).parents[1] / "worked" / "stepped.py"))
GRAPHS, HOSTILE = STEPPED["GRAPHS"], STEPPED["HOSTILE"]
Open = Callable[..., Any]


def network() -> tuple[MLP, Value]:
    model = MLP(3, [4, 2], activation="tanh", seed=0)
    with record_sources():
        loss = cross_entropy(model([Value(float(i), f"x{i}") for i in range(3)]), 1)
    loss.label = "loss"
    loss.backward()
    return model, loss


def card(page: Any, begins: str) -> Any:
    return page.page.locator(f".card[aria-label^='{begins}']").first


def sentence(page: Any) -> str:
    return str(page.page.locator("#sentence").inner_text())


def test_a_click_opens_down_to_the_single_multiplication(opened: Open) -> None:
    model, loss = network()
    page = opened(show_graph(loss).html)
    assert page.page.locator(".branch").count() == 2
    card(page, "layers[1], closed").click()
    assert page.page.locator("#open button").all_text_contents() == ["layers[1]×"]
    card(page, "neurons[1], closed").click()
    weights = model.layers[1].neurons[1].w
    for i, weight in enumerate(weights):
        shown = card(page, f"layers[1].neurons[1].w[{i}], param")
        assert f"gradient {weight.grad!r}".replace("-", "−") in shown.get_attribute("aria-label")
    page.page.locator(".card:has-text('Σ')").first.click()
    rows = page.page.locator("#details section").first.locator("tbody tr").all()
    assert len(rows) == 5  # four products and the bias
    cells = [rows[2].locator("td").nth(i).inner_text() for i in range(5)]
    assert cells[0] == "w[2]"
    assert cells[3] == number(weights[2].grad)
    made_in = page.page.locator("#details .made-in").inner_text()
    assert re.match(r"test_explorer\.py, line \d+", made_in)
    assert page.complaints == []


def test_an_arrow_says_upstream_times_local(opened: Open) -> None:
    root = GRAPHS["neuron"]()
    root.backward()
    page = opened(show_graph(root).html)
    words = page.page.locator(".hit title").all_text_contents()
    assert len(words) == sum(len(value.operands) for value in topological_order(root))
    assert (
        "∂loss/∂w₁ += upstream × local = ∂loss/∂v9 · ∂v9/∂w₁ = −0.931 · 2 = −1.8621, "
        "one of 2 that add up to −2.3621."
    ) in words
    box = page.page.locator(".hit").first.evaluate(
        "(e) => { const p = e.getPointAtLength(e.getTotalLength() / 2); const m = e.getScreenCTM();"
        " return [p.x * m.a + m.e, p.y * m.d + m.f]; }"
    )
    page.page.mouse.move(*box)
    assert sentence(page) in words


def test_everything_works_by_keys_alone(opened: Open) -> None:
    _, loss = network()
    page = opened(show_graph(loss).html)
    for _ in range(3):
        page.press("Tab")
    assert page.page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("loss")
    for _ in range(6):
        page.press("ArrowLeft")
        if "closed" in page.page.evaluate("document.activeElement.getAttribute('aria-label')"):
            break
    page.press("Enter")
    assert sentence(page).startswith("layers[1] is open: ")
    assert page.page.evaluate("document.activeElement.closest('.card') !== null")
    page.press("Enter")
    assert page.page.locator("#open button").count() == 2
    page.press("Backspace")
    page.press("Backspace")
    assert page.page.locator("#open button").count() == 0
    assert sentence(page) == "layers[1] is folded."
    page.press("ArrowRight", 8)
    page.press("Enter")
    assert page.page.locator("#details h2").inner_text().startswith("loss = ")
    assert page.complaints == []


def test_buttons_open_and_fold_all(opened: Open) -> None:
    _, loss = network()
    page = opened(show_graph(loss).html)
    page.page.locator("#unfold").click()
    assert sentence(page) == "All is open."
    assert page.page.locator(".branch").count() == 0
    count = page.page.locator(".card").count()
    assert page.page.locator("#shown").inner_text() == f"{count} cards for {count} values"
    page.page.locator("#fold").click()
    assert page.page.locator(".branch").count() == 2
    page.page.locator("#unfold").click()
    page.page.locator("#open button").first.click()
    assert page.page.locator(".branch").count() == 1


def test_links_of_a_value_lead_to_its_operands(opened: Open) -> None:
    _, loss = network()
    page = opened(show_graph(loss).html)
    card(page, "loss, ").click()
    page.page.locator("#details .link").first.click()
    heading = page.page.locator("#details h2").inner_text()
    assert not heading.startswith("loss")
    assert page.page.locator(".card.user").count() == 1


@pytest.mark.parametrize("name", GRAPHS)
def test_texts_stay_inside_their_cards(opened: Open, name: str) -> None:
    root = GRAPHS[name]()
    root.backward()
    page = opened(show_graph(root).html)
    page.page.locator("#unfold").click()
    outside = page.page.evaluate(
        """[...document.querySelectorAll('.card')].filter((card) => {
             const body = card.querySelector('.body:not(.stack)').getBBox();
             return [...card.querySelectorAll('text, .chip')].some((text) => {
               const box = text.getBBox();
               return box.width > 0 && (box.x < -0.5 || box.x + box.width > body.width + 0.5);
             });
           }).map((card) => card.getAttribute('aria-label'))"""
    )
    assert outside == []


@pytest.mark.parametrize(("label", "shown"), HOSTILE)
def test_hostile_labels_run_nothing_and_are_shown(opened: Open, label: str, shown: str) -> None:
    w = Parameter(1.0, f"{label}.w")
    out = w * Value(2.0, label=label)
    root = out + 1.0
    root.label = label
    page = opened(show_graph(root).html)
    page.page.locator("#unfold").click()
    for one in page.page.locator(".card").all():
        one.click(force=True)
    assert any(shown in title for title in page.page.locator(".card title").all_text_contents())
    assert page.page.evaluate("document.querySelectorAll('img, script').length") == 2
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("data:")] == [page.page.url]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_and_nothing_sticks_out(opened: Open, width: int, dark: bool) -> None:
    _, loss = network()
    page = opened(show_graph(loss).html, width=width, dark=dark)
    for step in ("", "#unfold", ".card"):
        if step:
            page.page.locator(step).first.click(force=True)
        found = Axe().run(page.page)
        assert found.response["violations"] == [], found.generate_report()
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    page.page.locator("summary").click()
    found = Axe().run(page.page)
    assert found.response["violations"] == [], found.generate_report()


def test_titles_of_frames_and_numbers_of_arrows_do_not_cover_each_other(opened: Open) -> None:
    _, loss = network()
    page = opened(show_graph(loss).html)
    card(page, "layers[1], closed").click()
    card(page, "neurons[0], closed").click()
    for kind in (".frame-title", ".label"):
        boxes = [found.bounding_box() for found in page.page.locator(kind).all()]
        assert len(boxes) > 1
        for one, other in combinations(boxes, 2):
            assert (
                one["x"] + one["width"] <= other["x"] + 4
                or other["x"] + other["width"] <= one["x"] + 4
                or one["y"] + one["height"] <= other["y"] + 4
                or other["y"] + other["height"] <= one["y"] + 4
            )
