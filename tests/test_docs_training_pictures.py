"""docs/training-pictures.md: its programs print the text after them and draw the pictures it shows.

`python tests/test_docs_training_pictures.py` writes what they print into the page and the pictures beside it.
Pictures are compared byte for byte where matplotlib is the one that they name, by their size elsewhere.
"""

import contextlib
import io
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import matplotlib
import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "training-pictures.md"
BLOCK = re.compile(r"(^```python\n(.*?)^```\n\n```text\n)(.*?)(^```$)", flags=re.M | re.S)


def regenerated(page: str) -> str:
    """Return the page with what its programs print; they draw into the working folder."""
    names: dict[str, object] = {"__name__": "__main__"}

    def printed(block: re.Match[str]) -> str:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(block[2], PAGE.name, "exec"), names)
        return f"{block[1]}{said.getvalue()}{block[4]}"

    return BLOCK.sub(printed, page)


def size(picture: Path) -> list[float]:
    """Return width and height in points."""
    root = ElementTree.parse(picture).getroot()
    return [float(root.attrib[side].removesuffix("pt")) for side in ("width", "height")]


def test_the_page_shows_what_its_programs_print_and_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(BLOCK.findall(page)) == page.count("```python") == 6
    monkeypatch.chdir(tmp_path)
    assert regenerated(page) == page
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
        text = regenerated(PAGE.read_text(encoding="utf-8"))
        for drawn in Path(made).iterdir():
            (DOCS / "training" / drawn.name).write_bytes(drawn.read_bytes())
        os.chdir(DOCS)
    PAGE.write_text(text, encoding="utf-8")
