"""Every Python block of docs/stepping.md runs and prints what the page says."""

import contextlib
import io
import re
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "stepping.md").read_text(encoding="utf-8")
# A block, and the text block that follows it directly, if one does.
BLOCKS = re.findall(r"^```python\n(.*?)^```(?:\n\n```text\n(.*?)^```)?", PAGE, flags=re.M | re.S)


@pytest.mark.parametrize(("code", "printed"), BLOCKS)
def test_python_blocks_print_the_text_block_after_them(
    code: str, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops: list[int] = []
    monkeypatch.setattr(sys, "breakpointhook", lambda: stops.append(1))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "stepping.md", "exec"), {"__name__": "__main__"})
    assert said.getvalue() == printed or stops


def test_the_page_has_its_blocks() -> None:
    assert len(BLOCKS) == 3
    assert PAGE.count("<!-- transcript: ") == 5
    assert "```text\n```" not in PAGE
