"""The page on the compiler prints what it says, and has a line for each module."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "compiler.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_page_says(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, flags=re.DOTALL)
    assert found
    (tmp_path / "main.py").write_text(found[1], encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "main.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout == found[2]


def test_every_module_of_the_compiler_has_its_line() -> None:
    modules = {path.stem for path in (ROOT / "engine" / "compiler").glob("*.py")} - {"__init__"}
    lines = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", " ".join(lines))) == modules
