"""Pages under docs: their code runs from top to bottom and prints the text after each block.

`python tests/test_docs_pages.py` writes what it prints into the pages.
"""

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = [DOCS / name for name in ("explain.md", "training-compiled.md")]
BLOCK = re.compile(r"(^```python\n(.*?)^```\n\n```text\n)(.*?)(^```$)", flags=re.M | re.S)


def regenerated(path: Path, page: str) -> str:
    """Return the page with what its blocks print, each going on from those before."""
    names: dict[str, object] = {"__name__": "__main__"}

    def printed(block: re.Match[str]) -> str:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(block[2], str(path), "exec"), names)
        return f"{block[1]}{said.getvalue()}{block[4]}"

    return BLOCK.sub(printed, page)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_page_shows_what_its_code_prints(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert len(BLOCK.findall(page)) == page.count("```python")
    assert regenerated(path, page) == page


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(regenerated(path, path.read_text(encoding="utf-8")), encoding="utf-8")
