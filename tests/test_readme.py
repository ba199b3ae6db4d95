"""Every code block of the README runs and prints what it says."""

import contextlib
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
# A block's language, its text, and the text block that follows it directly, if one does.
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```(?:\n\n```text\n(.*?)^```)?", README, flags=re.M | re.S)
PYTHON = [(code, printed) for language, code, printed in BLOCKS if language == "python"]
BASH = [code for language, code, _ in BLOCKS if language == "bash"]


@pytest.mark.parametrize(("code", "printed"), PYTHON)
def test_python_blocks_print_the_text_block_after_them(
    code: str, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    assert said.getvalue() == printed


def commands(block: str) -> list[str]:
    """Return the commands that a block joins with &&."""
    return [command.strip() for command in block.split("&&")]


def test_the_first_two_bash_blocks_are_one_command_each_with_an_environment_of_its_own() -> None:
    for block in BASH[:2]:
        first, *others = commands(block)
        environment = first.removeprefix("python3 -m venv ")
        assert environment.startswith(".venv")
        assert [command.startswith(f"{environment}/bin/") for command in others] == [True, True]
    assert commands(BASH[1])[-1].endswith("python -m pytest")  # the command this test is part of


def programs() -> list[str]:
    """Return what the bash blocks run besides setting up and the tests themselves."""
    found = [command for block in BASH for command in commands(block)]
    return [command for command in found if "/bin/python " in command and "-m pytest" not in command]


@pytest.mark.parametrize("line", programs())
def test_the_programs_of_the_bash_blocks_run(line: str, tmp_path: Path) -> None:
    _, script, *options = shlex.split(line)
    done = subprocess.run(
        [sys.executable, str(ROOT / script), *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
