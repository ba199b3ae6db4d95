"""A headless Chromium for the tests in this folder."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, sync_playwright
from waiting import SECONDS

MILLISECONDS = 1000.0 * SECONDS


@pytest.fixture(scope="module")
def chromium(browser_path: str) -> Iterator[Browser]:
    """Start the browser that tests/conftest.py has found."""
    with sync_playwright() as playwright:
        # Root has no sandbox; the rest keeps Chromium from calling home.
        quiet = [
            "--no-sandbox",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        browser = playwright.chromium.launch(executable_path=browser_path, args=quiet, timeout=MILLISECONDS)
        yield browser
        browser.close()


class Opened:
    """A page of the stepper with what it complained about and asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.requests.append(request.url))

    def _dismiss(self, dialog: Any) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def seen(self) -> None:
        """Wait until the page knows that it is in sight, which comes some time after it is loaded."""
        # Observers hear of it in the order in which they were made: what the page does then is done.
        self.page.evaluate(
            "() => new Promise((heard) => new IntersectionObserver(heard).observe(document.body))"
        )

    def until(self, what: Callable[[], bool]) -> None:
        """Wait until something holds of what the browser tells: it tells some of it late."""
        give_up = time.monotonic() + SECONDS
        while not what():
            assert time.monotonic() < give_up, (self.complaints, self.requests)
            self.page.wait_for_timeout(20)

    def frames(self) -> list[Frame]:
        """Return the frames in the page, loaded, in the order in which they stand there."""
        found = [element.content_frame() for element in self.page.query_selector_all("iframe")]
        for frame in found:
            assert frame is not None
            frame.wait_for_load_state("load")
        return [frame for frame in found if frame is not None]

    @property
    def last(self) -> int:
        """The number of the last step."""
        return int(self.page.locator("#slider").get_attribute("max") or 0)

    @property
    def position(self) -> int:
        return int(self.page.locator("#slider").input_value())

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)

    def stop_time(self) -> None:
        """From here on the page's clock stands still: it moves by wait alone, however slow the machine is."""
        self.page.clock.pause_at(SECONDS)  # later than it can have become since

    def wait(self, milliseconds: int) -> None:
        """Let so much time go by on a clock that stands still; timers fire and frames are drawn."""
        self.page.clock.run_for(milliseconds)

    def go(self, position: int) -> None:
        """Move the slider, as a hand would."""
        self.page.evaluate(
            """(to) => {
                 const slider = document.getElementById('slider');
                 slider.value = to;
                 slider.dispatchEvent(new Event('input'));
               }""",
            position,
        )

    def cards(self) -> list[str]:
        """Return what each card says to screen readers, in topological order."""
        found: list[str] = self.page.evaluate(
            "[...document.querySelectorAll('.card')].map((card) => card.getAttribute('aria-label'))"
        )
        return found

    def shown(self) -> str:
        """Return everything that a step changes, as one text."""
        found: str = self.page.evaluate(
            """[...document.querySelectorAll('#equation, #sentence, #count, #graph')]
               .map((e) => e.textContent)
               .concat([...document.querySelectorAll('#graph g, #graph .line, #graph .chip, #graph .head')]
                 .map((e) => `${[...e.classList].sort().join(' ')} ${e.style.strokeWidth}`))
               .join('\\n')"""
        )
        return found


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Return a function that opens a page from its HTML, as a file, in a window of its own."""
    contexts: list[BrowserContext] = []

    def open_page(
        html: str, *, width: int = 1280, height: int = 760, dark: bool = False, still: bool = True
    ) -> Opened:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
        )
        contexts.append(context)
        context.set_default_timeout(MILLISECONDS)
        target = tmp_path / f"{len(contexts)}.html"
        target.write_text(html, encoding="utf-8")
        found = Opened(context.new_page())
        if not still:
            found.page.clock.install(time=0)
        found.page.goto(target.as_uri())
        found.seen()
        return found

    yield open_page
    for context in contexts:
        context.close()
