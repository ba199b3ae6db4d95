"""docs/explain.md: its code runs from top to bottom and prints the text after each block.

`python tests/test_docs_explain.py` writes what it prints into the page.
"""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "explain.md"
BLOCK = re.compile(r"(^```python\n(.*?)^```\n\n```text\n)(.*?)(^```$)", flags=re.M | re.S)


def regenerated(page: str) -> str:
    """Return the page with what its blocks print, each going on from those before."""
    names: dict[str, object] = {"__name__": "__main__"}

    def printed(block: re.Match[str]) -> str:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(block[2], str(PAGE), "exec"), names)
        return f"{block[1]}{said.getvalue()}{block[4]}"

    return BLOCK.sub(printed, page)


def test_the_page_shows_what_its_code_prints() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(BLOCK.findall(page)) == page.count("```python")
    assert regenerated(page) == page


if __name__ == "__main__":
    PAGE.write_text(regenerated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
