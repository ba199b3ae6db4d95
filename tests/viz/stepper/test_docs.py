"""docs/stepper.md says what is so."""

import re
from pathlib import Path

import pytest
from pages import DOCS, checked

TEXT = (DOCS / "stepper.md").read_text(encoding="utf-8")


def test_the_example_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checked(DOCS / "stepper.md")
    size = len((tmp_path / "steps.html").read_bytes())
    told = re.search(r"A neuron's file has (\d+) kB", TEXT)
    assert told is not None
    assert abs(size / 1000.0 - float(told[1])) < 4.0


def test_the_picture_is_there() -> None:
    assert (DOCS / "stepper.png").read_bytes().startswith(b"\x89PNG")
    assert "](stepper.png)" in TEXT
