"""Which tests can run here: those in tests/browser need a Chromium, which pip cannot bring.

They are collected where playwright is installed (the extra `browser`) and a Chromium is found, or where
CHAINRULE_BROWSER names one.
"""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from chainrule.engine import graph
from chainrule.engine.debugging import changed

os.environ["CHAINRULE_CACHE"] = ""  # tests compile, and leave nothing in the user's folder

# The same random cases at every run, and none that fails because the machine is slow.
settings.register_profile(
    "chainrule", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("chainrule")


@pytest.fixture(autouse=True)
def _nothing_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test depend on how many backward passes others ran: the first are looked at more closely."""
    monkeypatch.setattr(changed, "_looked_at", 0)
    monkeypatch.setattr(graph, "unseen", 0)


# A failing assertion of a helper says as much as one of a test.
pytest.register_assert_rewrite(*[path.stem for path in (Path(__file__).parent / "helpers").glob("*.py")])

MISSING = "they need the extra `browser` and a Chromium (or CHAINRULE_BROWSER)"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def browser() -> str | None:
    """Return the path of the browser to use, or None where there is none."""
    asked = os.environ.get("CHAINRULE_BROWSER")
    if asked or importlib.util.find_spec("playwright") is None:
        return asked
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The path of the browser, for the tests that need one."""
    return browser() or pytest.fail(MISSING)


collect_ignore = [] if browser() else ["browser"]


def pytest_report_header() -> str:
    """Say at the head of a run whether the browser tests are part of it."""
    found = browser()
    if found:
        return f"browser tests: in {found}"
    return f"browser tests: not collected; {MISSING}"
