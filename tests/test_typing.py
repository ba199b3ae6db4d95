"""What type checkers know of an installed chainrule: every method of the table, and no others."""

import shutil
from pathlib import Path

import pytest
from mypy import api

import chainrule.engine
from chainrule.engine.stub import stub

PROGRAM = """
from chainrule.engine import Value, exp, maximum
x = Value(2.0)
reveal_type(x.tanh())
reveal_type(2 + x * 3 - x ** 0.5)
reveal_type(exp(x))
reveal_type(exp(1.0))
reveal_type(maximum(1.0, x))
x.tnah()
x.tanh(1.0)
x.bakward()
"""
SAID = [
    'Revealed type is "chainrule.engine.value.Value"',
    'Revealed type is "chainrule.engine.value.Value"',
    'Revealed type is "chainrule.engine.value.Value"',
    'Revealed type is "float"',
    'Revealed type is "chainrule.engine.value.Value"',
    '"Value" has no attribute "tnah"',
    'Too many arguments for "tanh" of "Operations"',
    '"Value" has no attribute "bakward"',
]


def test_methods_of_the_table_are_known_to_type_checkers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "chainrule" / "engine"
    shutil.copytree(Path(chainrule.engine.__file__).parent, package)
    (package / "operations.pyi").write_text(stub(), encoding="utf-8")  # as building the package does
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYPYPATH", str(tmp_path))
    said, errors, _ = api.run(
        ["--config-file=", "--strict", "--no-site-packages", "--explicit-package-bases", "program.py"]
    )
    assert errors == ""
    lines = [line for line in said.splitlines() if line.startswith("program.py:")]
    assert len(lines) == len(SAID), said
    for line, expected in zip(lines, SAID, strict=True):
        assert expected in line
