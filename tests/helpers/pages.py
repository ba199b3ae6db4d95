"""Pages under docs whose Python blocks are followed by what they print."""

import contextlib
import io
import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"(^```python\n(.*?)^```\n\n```text\n)(.*?)(^```$)", flags=re.M | re.S)


def regenerated(path: Path) -> str:
    """Return the page with what its blocks print, each going on from those before, in the working folder."""
    names: dict[str, object] = {"__name__": "__main__"}

    def printed(block: re.Match[str]) -> str:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(block[2], path.name, "exec"), names)
        return f"{block[1]}{said.getvalue()}{block[4]}"

    return BLOCK.sub(printed, path.read_text(encoding="utf-8"))


def checked(path: Path) -> str:
    """Return the page, all of whose blocks print what stands below them; raise AssertionError otherwise."""
    page = path.read_text(encoding="utf-8")
    assert len(BLOCK.findall(page)) == page.count("```python") > 0
    assert regenerated(path) == page
    return page
