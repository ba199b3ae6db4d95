"""docs/learning.md says what is so: its blocks, run one after the other, print what stands below them."""

import re
from pathlib import Path

import pytest
from pages import DOCS, checked

TEXT = (DOCS / "learning.md").read_text(encoding="utf-8")


def test_the_examples_print_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checked(DOCS / "learning.md")
    size = len((tmp_path / "learning.html").read_bytes())
    told = re.search(r"The page of this example has\s+(\d+) kB", TEXT)
    assert told is not None
    assert abs(size / 1000.0 - float(told[1])) < 5.0


def test_the_picture_is_there() -> None:
    assert (DOCS / "learning.png").read_bytes().startswith(b"\x89PNG")
    assert "](learning.png)" in TEXT
