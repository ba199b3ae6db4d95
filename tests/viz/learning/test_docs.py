"""docs/learning.md says what is so: its blocks, run one after the other, print what stands below them."""

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "learning.md").read_text(encoding="utf-8")


def test_the_examples_print_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", TEXT, flags=re.M | re.S)
    assert len(found) == TEXT.count("```python") == 2
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for code, expected in found:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(code, "learning.md", "exec"), names)
        assert said.getvalue() == expected
    size = len((tmp_path / "learning.html").read_bytes())
    told = re.search(r"The page of this example has\s+(\d+) kB", TEXT)
    assert told is not None
    assert abs(size / 1000.0 - float(told[1])) < 5.0


def test_the_picture_is_there() -> None:
    assert (DOCS / "learning.png").read_bytes().startswith(b"\x89PNG")
    assert "](learning.png)" in TEXT
