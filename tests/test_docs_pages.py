"""Pages under docs: their code runs from top to bottom and prints the text after each block.

`PYTHONPATH=tests/helpers python tests/test_docs_pages.py` writes what it prints into the pages.
"""

from pathlib import Path

import pytest
from pages import DOCS, checked, regenerated

PAGES = [DOCS / name for name in ("explain.md", "training-compiled.md")]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_page_shows_what_its_code_prints(path: Path) -> None:
    checked(path)


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(regenerated(path), encoding="utf-8")
