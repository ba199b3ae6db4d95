"""docs/sources.md: each of its programs, as a file of its own, prints the text after it.

`python tests/test_docs_sources.py` writes what they print into the page.
"""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PAGE = Path(__file__).parent.parent / "docs" / "sources.md"
BLOCK = re.compile(r"(^```python\n(.*?)^```\n\n```text\n)(.*?)(^```$)", flags=re.M | re.S)


def regenerated(page: str, folder: Path) -> str:
    """Return the page with what its programs print when they are run as main.py in this folder."""

    def printed(block: re.Match[str]) -> str:
        (folder / "main.py").write_text(block[2], encoding="utf-8")
        run = [sys.executable, "-X", "utf8", "-W", "error", "main.py"]
        said = subprocess.run(run, cwd=folder, capture_output=True, check=True, encoding="utf-8").stdout
        return f"{block[1]}{said.replace(str(folder / 'main.py'), 'main.py')}{block[4]}"

    return BLOCK.sub(printed, page)


def test_the_page_shows_what_its_programs_print(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(BLOCK.findall(page)) == page.count("```python") == 2
    assert regenerated(page, tmp_path) == page


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        PAGE.write_text(regenerated(PAGE.read_text(encoding="utf-8"), Path(made).resolve()), encoding="utf-8")
