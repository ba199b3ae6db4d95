"""docs/training-pictures.md: its programs print the text after them and draw the pictures it shows.

`PYTHONPATH=tests/helpers python tests/test_docs_training_pictures.py` writes what they print into the page,
and the pictures beside it.
Pictures are compared byte for byte where matplotlib is the one that they name, by their size elsewhere.
"""

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import matplotlib
import pytest
from pages import DOCS, checked, regenerated

PAGE = DOCS / "training-pictures.md"


def size(picture: Path) -> list[float]:
    """Return width and height in points."""
    root = ElementTree.parse(picture).getroot()
    return [float(root.attrib[side].removesuffix("pt")) for side in ("width", "height")]


def test_the_page_shows_what_its_programs_print_and_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = checked(PAGE)
    shown = re.findall(r"\]\(training/(.*?)\)", page)
    assert sorted(shown) == sorted(path.name for path in tmp_path.iterdir())
    assert sorted(shown) == sorted(path.name for path in (DOCS / "training").iterdir())
    for name in shown:
        drawn, kept = tmp_path / name, DOCS / "training" / name
        assert size(drawn) == pytest.approx(size(kept), rel=0.02)
        if f"Matplotlib v{matplotlib.__version__}," in kept.read_text(encoding="utf-8"):
            assert drawn.read_bytes() == kept.read_bytes(), f"{name} is not as it is drawn now"


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        os.chdir(made)
        text = regenerated(PAGE)
        for drawn in Path(made).iterdir():
            (DOCS / "training" / drawn.name).write_bytes(drawn.read_bytes())
        os.chdir(DOCS)
    PAGE.write_text(text, encoding="utf-8")
