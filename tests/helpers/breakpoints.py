"""What breakpoint() shows, without a debugger that waits for somebody to type."""

import sys
from types import FrameType
from typing import Any, NamedTuple

import pytest

from chainrule.engine import Step


class Stop(NamedTuple):
    """What a debugger would show where breakpoint() was called."""

    step: Step
    name: str
    file: str
    line: int
    variables: dict[str, Any]
    above: list[FrameType]

    @property
    def rule(self) -> str:
        return str(self.step)


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> list[Stop]:
    """Return a list to which each call of breakpoint() adds what it could see."""
    seen: list[Stop] = []

    def debugger() -> None:
        frame: FrameType | None = sys._getframe(1)
        assert frame is not None
        code, variables = frame.f_code, dict(frame.f_locals)
        lines = [line for _, _, line in code.co_lines() if line]
        above = []
        while frame := frame.f_back:
            above.append(frame)
        seen.append(Stop(variables["step"], code.co_name, code.co_filename, lines[-1], variables, above))

    monkeypatch.setattr(sys, "breakpointhook", debugger)
    return seen


def line_here() -> int:
    """Return the number of the line that calls this."""
    return sys._getframe(1).f_lineno
