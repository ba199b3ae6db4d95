"""The page of a training run in a browser: every epoch, by keys alone, and for all who look at it."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from chainrule.engine.words import number
from chainrule.nn import MLP, SGD, Module, Sequential, SparseLayer, fit, squared_error
from chainrule.viz import LearningRecorder, show_learning

pytestmark = pytest.mark.browser

Open = Callable[..., Any]
HOSTILE = "</script><img src=x onerror=alert(1)>"


def run(model: MLP | Sequential, inputs: int, outputs: int, epochs: int = 6) -> LearningRecorder:
    recorder = LearningRecorder()
    data = [[((i * 7 + j * 3) % 5) / 5.0 for j in range(inputs)] for i in range(4)]

    def loss(out: Any, target: float) -> Any:
        outs = out if isinstance(out, list) else [out]
        return sum([squared_error(one, target) for one in outs]) / len(outs)

    fit(model, data, [0.5, -0.5, 0.25, 0.0], loss=loss, epochs=epochs, validation=(data[:1], [0.5]),
        optimizer=SGD(model.parameters(), lr=0.02), callbacks=[recorder], progress=False)  # fmt: skip
    return recorder


@pytest.fixture(scope="module")
def small() -> LearningRecorder:
    return run(MLP(2, [4, 3, 1], activation="tanh", seed=1), 2, 1)


@pytest.fixture(scope="module")
def large() -> LearningRecorder:
    return run(MLP(64, [32, 10], activation="tanh", seed=1), 64, 10, epochs=2)


def said(page: Any) -> str:
    return str(page.page.locator("#sentence").inner_text())


def test_lines_follow_the_weights_of_every_epoch(opened: Open, small: LearningRecorder) -> None:
    page = opened(show_learning(small).html)
    most = max(abs(w) for record in small.records for w in record.weights)
    places = [*range(8), *range(12, 24), *range(27, 30)]  # the weights, without the biases
    for position, record in enumerate(small.records):
        assert page.position == position
        found = page.page.evaluate(
            """[...document.querySelectorAll('.picture .link')].map((line) =>
                 [parseFloat(line.style.strokeWidth), line.classList.contains('negative'),
                  getComputedStyle(line).strokeDasharray])"""
        )
        for (width, negative, dashes), place in zip(found, places, strict=True):
            w = record.weights[place]
            assert math.isclose(width, 0.5 + 5.5 * abs(w) / most, abs_tol=1e-3)
            assert negative == (w < 0.0)
            assert dashes == ("8px, 5px" if negative else "none")
        page.press("ArrowRight")
    assert page.complaints == []


def test_gradients_are_shown_instead_when_asked_for(opened: Open, small: LearningRecorder) -> None:
    page = opened(show_learning(small).html)
    page.page.locator("#what").select_option("gradients")
    assert page.page.locator("#scale").inner_text() == "No gradients yet: nothing has been learned from."
    page.page.locator("body").press("End")
    gradients = small.records[-1].gradients
    assert gradients is not None
    most = number(max(map(abs, gradients)))
    assert page.page.locator("#scale").inner_text() == (
        f"Gradients; widest line: {most}, the largest of this epoch."
    )


def test_each_epoch_is_said_and_counted(opened: Open, small: LearningRecorder) -> None:
    page = opened(show_learning(small).html)
    assert page.page.locator("#sentence").get_attribute("aria-live") == "polite"
    assert said(page).startswith("Before training: the model as it was made. Weights, root mean square: ")
    page.press("ArrowRight")
    assert said(page).startswith(f"Epoch 1 of 6. Mean loss {number(small.losses[0])}; held out ")
    assert page.page.locator("#slider").get_attribute("aria-valuetext") == "epoch 1 of 6"
    assert page.page.locator("#count").inner_text() == "1 / 6"
    page.press("End")
    percent = f"{100 * abs(small.losses[-1] / small.losses[0] - 1):.0f}% below epoch 1"
    assert percent in said(page)
    legend = page.page.locator("#loss-legend").inner_text().split()
    assert legend == [
        "training",
        number(small.losses[-1]),
        "held",
        "out",
        number(small.validation_losses[-1]),
    ]


def test_everything_works_by_keys_alone(opened: Open, small: LearningRecorder) -> None:
    page = opened(show_learning(small, inputs=["a", "b"], outputs=["out"]).html)
    reached = []
    for _ in range(12):
        page.press("Tab")
        reached.append(page.page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert reached == ["SUMMARY", "theme", "g", "first", "back", "play", "next", "end", "slider", "speed",
                       "what", "BODY"]  # fmt: skip
    page.page.locator(".node[tabindex='0']").focus()
    readout = page.page.locator("#readout")
    assert readout.inner_text() == "a, an input."
    page.press("ArrowRight")
    first = small.records[0].weights
    assert readout.inner_text() == (
        f"h1.2: bias 0; from a {number(first[2])}; from b {number(first[3])}."
        if "h1.2" in readout.inner_text()
        else f"h1.1: bias 0; from a {number(first[0])}; from b {number(first[1])}."
    )
    page.press("ArrowRight", 2)
    assert readout.inner_text().startswith("out: bias 0; from h2.")
    assert page.position == 0  # the arrows were the network's
    page.press("End")
    assert page.position == 6
    assert " at first), gradient " in readout.inner_text()


def test_play_runs_to_the_end_and_pauses(opened: Open, small: LearningRecorder) -> None:
    page = opened(show_learning(small).html, still=False)
    page.stop_time()
    page.page.locator("#speed").select_option("4")
    page.page.locator("body").press(" ")
    assert page.page.locator("#play").get_attribute("aria-label") == "Pause"
    page.wait(60_000)
    assert page.position == page.last == 6
    assert page.page.locator("#play").get_attribute("aria-label") == "Play"
    assert page.complaints == []


def test_a_click_on_a_curve_goes_to_its_epoch(opened: Open, small: LearningRecorder) -> None:
    page = opened(show_learning(small).html)
    box = page.page.locator("#loss").bounding_box()
    assert box is not None
    left, right = (box["x"] + box["width"] * at / 460 for at in (58, 448))
    page.page.mouse.click(left + (right - left) * 4 / 6, box["y"] + 60)
    assert page.position == 4
    assert float(page.page.locator("#loss .cursor").get_attribute("x1")) == 58 + 390 * 4 / 6


def test_a_large_model_is_mapped_and_cells_are_told(opened: Open, large: LearningRecorder) -> None:
    page = opened(show_learning(large).html)
    assert page.page.locator("figcaption").all_text_contents() == [
        "layers.0.weight, 32 × 64", "layers.0.bias, 1 × 32", "layers.1.weight, 10 × 32",
        "layers.1.bias, 1 × 10"]  # fmt: skip
    page.page.locator("canvas").first.focus()
    page.press("ArrowDown", 3)
    page.press("ArrowRight", 5)
    weight = large.records[0].weights[3 * 64 + 5]
    assert page.page.locator("#readout").inner_text() == f"layers.0.weight[3][5]: {number(weight)}."
    page.page.locator("#next").click()
    assert page.position == 1
    assert f"({number(weight)} at first), gradient " in page.page.locator("#readout").inner_text()
    assert page.complaints == []


def test_cells_have_the_colour_of_their_sign_and_negative_ones_a_bar(
    opened: Open, large: LearningRecorder
) -> None:
    for dark in (False, True):
        page = opened(show_learning(large).html, dark=dark)
        weights = large.records[0].weights
        found = page.page.evaluate(
            """(() => {
                 const canvas = document.querySelector('canvas');
                 const pen = canvas.getContext('2d');
                 const size = canvas.width / 64;
                 const at = (x, y) => [...pen.getImageData(x, y, 1, 1).data].slice(0, 3);
                 return Array.from({ length: 64 }, (_, i) =>
                   [at(i * size + 1, 1), at(i * size + size / 2, Math.floor(size / 2))]);
               })()"""
        )
        for (corner, middle), w in zip(found, weights[:64], strict=True):
            assert (corner[0] > corner[2]) == (w > 0.0)  # orange has more red than blue
            assert (corner != middle) == (w < 0.0)


def test_missing_connections_are_no_lines(opened: Open) -> None:
    model = Sequential(SparseLayer([[1, 0], [1, 1]], seed=0))
    page = opened(show_learning(run(model, 2, 2)).html)
    assert page.page.locator(".picture .link").count() == 3
    assert page.complaints == []


def test_nan_is_shown_as_such(opened: Open) -> None:
    model, recorder = MLP(2, [2, 1], seed=0), LearningRecorder()
    recorder.record(model, 1.0)
    model.parameters()[0].data = math.nan
    recorder.record(model, math.nan)
    page = opened(show_learning(recorder).html)
    page.press("End")
    assert page.page.locator(".link.bad").count() == 1
    assert "Mean loss NaN." in said(page)
    assert page.complaints == []


def test_hostile_names_run_nothing(opened: Open, small: LearningRecorder) -> None:
    class Named(Module):
        def __init__(self) -> None:
            setattr(self, HOSTILE, MLP(1, [1], seed=0))

        def extra_repr(self) -> str:
            return HOSTILE

    odd = LearningRecorder()
    odd.record(Named(), 1.0)
    for learning in (show_learning(small, inputs=[HOSTILE, "<b>"], outputs=[HOSTILE]), show_learning(odd)):
        page = opened(learning.html)
        page.press("ArrowRight", 3)
        assert page.page.evaluate("document.querySelectorAll('img, script').length") == 2
        assert page.complaints == []
        assert [url for url in page.requests if not url.startswith("data:")] == [page.page.url]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("which", ["small", "large"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    opened: Open, request: Any, which: str, width: int, dark: bool
) -> None:
    page = opened(show_learning(request.getfixturevalue(which)).html, width=width, height=560, dark=dark)
    for position in (0, page.last):
        page.go(position)
        found = Axe().run(page.page)
        assert found.response["violations"] == [], found.generate_report()
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    page.page.locator("summary").click()
    found = Axe().run(page.page)
    assert found.response["violations"] == [], found.generate_report()


def test_themes_follow_the_switch_in_maps_too(opened: Open, large: LearningRecorder) -> None:
    page = opened(show_learning(large, theme="light").html, dark=True)

    light = page.page.evaluate("document.querySelector('canvas').toDataURL()")
    page.page.locator("#theme").select_option("dark")
    page.page.wait_for_function("(old) => document.querySelector('canvas').toDataURL() !== old", arg=light)
