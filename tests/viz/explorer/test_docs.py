"""docs/explorer.md says what is so."""

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "explorer.md").read_text(encoding="utf-8")


def test_the_example_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", TEXT, flags=re.M | re.S)
    assert found is not None
    monkeypatch.chdir(tmp_path)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(found[1], "explorer.md", "exec"), {"__name__": "__main__"})
    assert said.getvalue() == found[2]
    each = len((tmp_path / "graph.html").read_bytes()) / int(re.sub(r"\D", "", found[2].rpartition("of")[2]))
    told = re.search(r"about (\d+) bytes a value", TEXT)
    assert told is not None
    assert abs(each - float(told[1])) < 40.0


def test_the_picture_is_there() -> None:
    assert (DOCS / "explorer.png").read_bytes().startswith(b"\x89PNG")
    assert "](explorer.png)" in TEXT
