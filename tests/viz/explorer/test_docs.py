"""docs/explorer.md says what is so."""

import re
from pathlib import Path

import pytest
from pages import DOCS, checked

TEXT = (DOCS / "explorer.md").read_text(encoding="utf-8")


def test_the_example_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checked(DOCS / "explorer.md")
    found = re.search(r"a graph of ([\d,]+) values>", TEXT)
    assert found is not None
    each = len((tmp_path / "graph.html").read_bytes()) / int(found[1].replace(",", ""))
    told = re.search(r"about (\d+) bytes a value", TEXT)
    assert told is not None
    assert abs(each - float(told[1])) < 40.0


def test_the_picture_is_there() -> None:
    assert (DOCS / "explorer.png").read_bytes().startswith(b"\x89PNG")
    assert "](explorer.png)" in TEXT
