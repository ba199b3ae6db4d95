"""The stepper in a browser: every step, by keys alone, with hostile labels, and for all who look at it."""

import re
from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe

from chainrule.engine import Constant, Value, topological_order
from chainrule.viz import show_steps
from chainrule.viz.scene import Cards

pytestmark = pytest.mark.browser

STEPPED = run_path(str(Path(__file__).parents[1] / "worked" / "stepped.py"))
GRAPHS, HOSTILE = STEPPED["GRAPHS"], STEPPED["HOSTILE"]
Open = Callable[..., Any]


def gradient(said: str) -> float | None:
    """Return the gradient that a card says it has, with every digit."""
    found = re.search(r", gradient (?:so far )?([^ ,]+),", said)
    return float(found[1].replace("−", "-")) if found else None


def cards(root: Value) -> list[Value]:
    return Cards(topological_order(root)).cards


# -- every step -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRAPHS)
def test_every_step_shows_the_engines_gradients_forward_and_back(opened: Open, name: str) -> None:
    root = GRAPHS[name]()
    page = opened(show_steps(root).html)
    values = cards(root)
    expected: list[dict[Value, float]] = [{root: 1.0}]
    for step in root.trace():
        expected.append(expected[-1] | {step.operand: step.grad_after})
    first = page.last - len(expected) + 1
    forward = []
    for position in range(page.last + 1):
        assert page.position == position
        reached = expected[position - first] if position >= first else {}
        assert [gradient(said) for said in page.cards()] == [reached.get(value) for value in values]
        forward.append(page.shown())
        page.press("ArrowRight")
    root.backward()
    for value, said in zip(values, page.cards(), strict=True):
        if not isinstance(value, Constant):
            shown = gradient(said)
            assert shown is not None
            assert abs(shown - value.grad) <= 1e-12
            assert said.endswith("complete")
    for position in reversed(range(page.last)):
        page.press("ArrowLeft")
        assert page.shown() == forward[position]
    assert page.complaints == []


def test_the_equation_stands_above_the_graph_with_its_numbers(opened: Open) -> None:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    loss = a * b
    page = opened(show_steps(loss).html)
    page.go(1)
    text = page.page.locator("#equation").inner_text
    assert " ".join(text().split()) == (
        "L = a · b = 2 · −3 = −6 ∂L ∂a = b = −3 ∂L ∂b = a = 2 local derivatives, noted on the edges"
    )
    page.go(3)
    assert " ".join(text().split()) == (
        "∂L ∂a += ∂L ∂L · ∂L ∂a = 1 · −3 = −3 upstream local = b contribution "
        "∂L ∂a = 0 + −3 = −3 before contribution complete"
    )
    boxes = [page.page.locator(part).bounding_box() for part in ("#equation", "#graph", "#slider")]
    assert all(box is not None for box in boxes)
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"] < boxes[2]["y"]


def test_active_done_and_to_come_differ_not_by_colour_alone(opened: Open) -> None:
    page = opened(show_steps(GRAPHS["neuron"]()).html)
    page.go(20)

    def looks(selector: str, what: str) -> set[str]:
        return set(
            page.page.evaluate(
                "([selector, what]) => [...document.querySelectorAll(selector)]"
                ".map((element) => getComputedStyle(element)[what])",
                [selector, what],
            )
        )

    assert looks(".card.user .ring", "strokeDasharray") == {"none"}
    assert looks(".card.operand .ring", "strokeDasharray") == {"9px, 3px"}
    assert looks(".complete .check", "display") == {"inline"}
    assert looks(".card:not(.complete) .check", "display") == {"none"}
    page.go(2)
    assert looks(".card.waiting .body", "strokeDasharray") == {"4px, 3px"}
    assert looks(".edge.waiting .label", "display") == {"none"}


# -- moving about ---------------------------------------------------------------------------------------


def test_everything_works_by_keys_alone(opened: Open) -> None:
    page = opened(show_steps(GRAPHS["neuron"]()).html)
    page.press("End")
    assert page.position == page.last
    page.press("Home")
    assert page.position == 0
    page.press("ArrowRight", 3)
    page.press("ArrowLeft")
    assert page.position == 2
    reached = []
    for _ in range(20):
        page.press("Tab")
        reached.append(page.page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        if reached[-1] == "g":
            break
    assert reached == ["SUMMARY", "theme", "g"]
    page.press("Enter")  # on the root, whose gradient is complete as the backward pass begins
    assert page.page.locator("#phase").inner_text() == "BACKWARD"
    at_root = page.position
    page.press("ArrowLeft")
    name = page.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert name.startswith(("v17", "v4"))
    page.press("ArrowLeft", 8)
    box = page.page.locator(".card:focus").bounding_box()
    assert box is not None
    assert 0.0 <= box["x"] <= 1280.0 - box["width"]
    page.press(" ")
    assert page.position > at_root
    page.page.locator("summary").click()
    assert page.page.locator(".help").is_visible()
    page.press("Escape")
    assert not page.page.locator(".help").is_visible()
    page.page.locator(".card[tabindex='0']").focus()
    rest = []
    for _ in range(11):
        page.press("Tab")
        rest.append(page.page.evaluate("document.activeElement.id"))
    assert rest == ["first", "back", "play", "next", "end", "slider", "speed", "further", "closer", "whole",
                    "follow"]  # fmt: skip


def test_keys_on_the_slider_and_in_lists_do_what_they_do_there(opened: Open) -> None:
    page = opened(show_steps(GRAPHS["neuron"]()).html)
    page.page.locator("#slider").focus()
    page.press("ArrowRight", 2)
    assert page.position == 2
    page.press("End")
    assert page.position == page.last
    page.page.locator("#speed").focus()
    page.press("ArrowUp")
    page.press("Home")
    assert page.position == page.last
    page.page.locator("#next").focus()
    page.press(" ")
    assert page.page.evaluate("document.activeElement.id") == "next"
    page.press("Home")
    page.press(" ")
    assert page.position == 1


def test_play_runs_to_the_end_and_pauses(opened: Open) -> None:
    page = opened(show_steps(Value(2.0, "a") * Value(3.0, "b")).html, still=False)
    page.stop_time()
    play = page.page.locator("#play")
    page.page.locator("#speed").select_option("4")
    page.page.locator("body").press(" ")
    assert play.get_attribute("aria-label") == "Pause"
    page.wait(60_000)
    assert page.position == page.last == 4
    assert play.get_attribute("aria-label") == "Play"
    page.page.locator("#speed").select_option("0.5")
    play.click()  # from the end it starts over
    page.wait(100)
    assert page.position == 0
    assert play.get_attribute("aria-label") == "Pause"
    while page.position == 0:
        page.wait(100)
    assert page.position == 1
    play.click()
    assert play.get_attribute("aria-label") == "Play"
    page.wait(60_000)
    assert page.position == 1
    assert page.complaints == []


def test_a_click_on_a_card_goes_to_where_its_gradient_is_complete(opened: Open) -> None:
    root = GRAPHS["neuron"]()
    page = opened(show_steps(root).html)
    for place, value in enumerate(cards(root)):
        page.page.locator(".card").nth(place).click()
        said = page.cards()[place]
        assert said.endswith("complete")
        page.press("ArrowLeft")
        assert not page.cards()[place].endswith("complete")
        assert value.label in said


def test_dots_run_along_edges_unless_less_motion_is_asked_for(opened: Open) -> None:
    html = show_steps(Value(2.0, "a") * Value(3.0, "b")).html
    moving, still = opened(html, still=False), opened(html)
    moving.stop_time()
    dots = moving.page.locator(".dot")
    moving.press("ArrowRight")
    assert dots.count() == 2
    moving.wait(100)
    early = [dot.get_attribute("cx") for dot in dots.all()]
    moving.wait(200)
    late = [dot.get_attribute("cx") for dot in dots.all()]
    assert all(float(a or "nan") < float(b or "nan") for a, b in zip(early, late, strict=True))
    moving.wait(1_000)
    assert dots.count() == 0
    still.press("ArrowRight")
    assert still.page.locator(".dot").count() == 0


def test_a_large_graph_is_followed_and_can_be_zoomed_and_dragged(opened: Open) -> None:
    value = Value(0.5, "x")
    for _ in range(80):
        value = value.sin()
    page = opened(show_steps(value).html)

    def view() -> list[float]:
        return [float(x) for x in (page.page.locator("#graph").get_attribute("viewBox") or "").split()]

    for position in (1, 40, 80, 120, page.last):
        page.go(position)
        for card in page.page.locator(".card.user, .card.operand").all():
            box = card.bounding_box()
            assert box is not None
            assert -1.0 <= box["x"] <= 1281.0 - box["width"]
    readable = view()[2]
    page.page.locator("#whole").click()
    assert view()[2] > 5.0 * readable
    page.page.locator("#closer").click()
    before = view()
    page.page.mouse.move(640, 450)
    page.page.mouse.down()
    page.page.mouse.move(540, 450, steps=4)
    page.page.mouse.up()
    assert view()[0] > before[0]
    assert page.page.locator("#follow").get_attribute("aria-pressed") == "false"
    page.page.locator("#follow").click()
    assert view()[2] == readable


# -- who gets in ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "shown"), HOSTILE)
def test_hostile_labels_run_nothing_and_are_shown(opened: Open, label: str, shown: str) -> None:
    a = Value(1.0, label=label)
    out = a * a
    out.label = label
    page = opened(show_steps(out).html)
    for _ in range(page.last + 1):
        page.press("ArrowRight")
    names = page.page.locator(".name").all_text_contents()
    assert names == [shown, f"{shown}#2"]
    assert shown in page.page.locator("#sentence").inner_text()
    assert (
        page.page.evaluate("document.querySelectorAll('img, script:not([id]) ~ script, b.bad').length") == 0
    )
    assert page.page.evaluate("document.scripts.length") == 2
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("data:")] == [page.page.url]


def test_exactly_one_request_to_the_file_itself(opened: Open) -> None:
    page = opened(show_steps(GRAPHS["article B"]()).html, still=False)
    for _ in range(page.last):
        page.press("ArrowRight")
    page.page.locator("summary").click()
    page.page.locator("#theme").select_option("dark")
    assert [url for url in page.requests if not url.startswith("data:")] == [page.page.url]
    assert page.complaints == []


def test_the_policy_holds(opened: Open) -> None:
    page = opened(show_steps(Value(2.0, "a") * 3.0).html)
    blocked: dict[str, str | None] = {}
    page.page.on("requestfailed", lambda request: blocked.update({request.url: request.failure}))
    ran = page.page.evaluate(
        """async () => {
             const script = document.createElement('script');
             script.textContent = 'window.ran = true';
             const image = new Image();
             const loaded = new Promise((done) => {
               image.onload = () => done(true);
               image.onerror = () => done(false);
             });
             image.src = 'http://127.0.0.1:9/x.png';
             const fetched = await fetch('http://127.0.0.1:9/').then(() => true, () => false);
             const styled = document.createElement('p');
             styled.setAttribute('style', 'color: rgb(1, 2, 3)');
             document.body.append(script, styled);
             const coloured = getComputedStyle(styled).color === 'rgb(1, 2, 3)';
             return [window.ran === true, await loaded, fetched, coloured];
           }"""
    )
    assert ran == [False, False, False, False]
    # The browser tells of these requests and sends none of them.
    page.until(lambda: {url for url in page.requests if "127.0.0.1" in url} <= set(blocked))
    page.until(lambda: sum("Content Security Policy" in complaint for complaint in page.complaints) >= 4)
    assert set(blocked.values()) <= {"csp"}


# -- for all who look -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(opened: Open, dark: bool, width: int) -> None:
    root = (Value(0.0, "a") / Value(0.0, "b")) * GRAPHS["neuron"]() + GRAPHS["neuron"]()
    page = opened(show_steps(root).html, width=width, dark=dark)
    for position in (0, 1, page.last - 8, page.last):
        page.go(position)
        found = Axe().run(page.page)
        assert found.response["violations"] == [], found.generate_report()
        assert len(found.response["passes"]) > 20
    page.page.locator("summary").click()
    found = Axe().run(page.page)
    assert found.response["violations"] == [], found.generate_report()


def test_each_step_is_said_politely(opened: Open) -> None:
    page = opened(show_steps(Value(2.0, "a") * Value(3.0, "b")).html)
    sentence = page.page.locator("#sentence")
    assert sentence.get_attribute("aria-live") == "polite"
    said = []
    for _ in range(page.last + 1):
        said.append(sentence.inner_text())
        page.press("ArrowRight")
    assert len(set(said)) == len(said)
    assert page.page.locator("#slider").get_attribute("aria-valuetext") == "step 4 of 4"


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_sticks_out(opened: Open, name: str, width: int) -> None:
    page = opened(show_steps(GRAPHS[name]()).html, width=width)
    for position in (0, 3, page.last - 3, page.last):
        page.go(position)
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
        outside = page.page.evaluate(
            """[...document.querySelectorAll('.card')].filter((card) => {
                 const body = card.querySelector('.body').getBBox();
                 return [...card.querySelectorAll('text, .chip')].some((text) => {
                   const box = text.getBBox();
                   return box.width > 0 && (box.x < -0.5 || box.x + box.width > body.width + 0.5);
                 });
               }).map((card) => card.getAttribute('aria-label'))"""
        )
        assert outside == []


def test_themes_follow_the_screen_or_the_switch(opened: Open) -> None:
    themes: list[tuple[Literal["auto", "light", "dark"], bool, int]] = [
        ("auto", False, 255),
        ("auto", True, 13),
        ("light", True, 255),
        ("dark", False, 13),
    ]
    for theme, dark, expected in themes:
        page = opened(show_steps(Value(2.0), theme=theme).html, dark=dark)
        ground = page.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground.startswith(f"rgb({expected},")
        page.page.locator("#theme").select_option("light")
        assert page.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_notebooks_frame_runs_and_cannot_reach_out(opened: Open) -> None:
    frame = show_steps(Value(2.0, "</script>a") * Value(3.0, 'b"'))._repr_html_()
    page = opened(f"<!doctype html><meta charset=utf-8><title>notebook</title><body>{frame}")
    [inside] = page.frames()
    inside.locator("#next").click()
    assert inside.locator("#count").inner_text() == "1 / 4"
    assert inside.locator("#sentence").inner_text().startswith('Forward: L = </script>a · b" = 2 · 3 = 6.')
    assert inside.evaluate(
        "(() => { try { return parent.document.title } catch (e) { return e.name } })()"
    ) == ("SecurityError")
    assert page.complaints == []
