"""What all tests of training start from."""

import signal
from collections.abc import Iterator

import pytest

from chainrule.engine import graph
from chainrule.engine.debugging import changed, loop_variable


@pytest.fixture(autouse=True)
def _ctrl_c_interrupts() -> Iterator[None]:
    """Let Ctrl-C interrupt, as in a terminal: what a shell runs in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this a program that has just begun, whatever tests came before."""
    monkeypatch.setattr(changed, "_looked_at", 0)
    monkeypatch.setattr(graph, "unseen", 0)
    monkeypatch.setattr(loop_variable, "_seen", (0, 0.0, 0, 0.0))
    monkeypatch.setattr(loop_variable, "_unchanged", 0)
