"""docs/stepper.md says what is so."""

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "stepper.md").read_text(encoding="utf-8")


def test_the_example_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", TEXT, flags=re.M | re.S)
    assert found is not None
    monkeypatch.chdir(tmp_path)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(found[1], "stepper.md", "exec"), {"__name__": "__main__"})
    assert said.getvalue() == found[2]
    size = len((tmp_path / "steps.html").read_bytes())
    told = re.search(r"A neuron's file has (\d+) kB", TEXT)
    assert told is not None
    assert abs(size / 1000.0 - float(told[1])) < 4.0


def test_the_picture_is_there() -> None:
    assert (DOCS / "stepper.png").read_bytes().startswith(b"\x89PNG")
    assert "](stepper.png)" in TEXT
