"""record_sources: files, lines and expressions, and the debugger there."""

import linecache
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from source_of import program, source

from chainrule.engine import (
    Source,
    Value,
    grad,
    maximum,
    mean,
    record_sources,
    softmax,
)
from chainrule.engine.names import own_name


def test_it_prints_as_tracebacks_do() -> None:
    with record_sources():
        größe, x = Value(2.0), Value(3.0)
        loss = (größe * x - 1.0) ** 2
    line = test_it_prints_as_tracebacks_do.__code__.co_firstlineno + 3
    assert str(loss.operands[0].source) == (
        f'File "{__file__}", line {line}, in test_it_prints_as_tracebacks_do\n'
        "    loss = (größe * x - 1.0) ** 2\n"
        "            ^^^^^^^^^^^^^^^"
    )
    found = source(loss.operands[0])
    assert (found.column, found.end_column, found.end_line) == (17, 32, line)


def test_the_underline_is_as_wide_as_a_terminal_shows_the_text() -> None:
    text = "with record_sources():\n    大 = Value(2.0); loss = 大 * 3.0 + 1.0\n"
    linecache.cache["<wide>"] = (len(text), None, text.splitlines(True), "<wide>")
    loss = program(text, "<wide>")["loss"]
    *_, shown, marks = str(loss.operands[0].source).splitlines()
    assert shown == "    大 = Value(2.0); loss = 大 * 3.0 + 1.0"
    assert marks == " " * 4 + " " * len("大大= Value(2.0); loss = ") + " " + "^" * 8


def test_an_expression_over_several_lines_is_underlined_to_the_end_of_the_first() -> None:
    with record_sources():
        loss = maximum(
            Value(2.0),
            Value(3.0),
        )
    assert str(loss.source).endswith("    loss = maximum(\n           ^^^^^^^^...")
    assert source(loss).text == "maximum( Value(2.0), Value(3.0), )"


def test_without_a_source_the_line_and_plain_names_remain() -> None:
    names = program("with record_sources():\n    x = Value(2.0)\n    loss = x * 2.0\n")
    assert own_name(names["loss"]) == "loss"
    assert str(names["loss"].source) == (
        'File "<string>", line 3, in <module>\n    (the source is not available)'
    )


def test_a_notebook_cell_is_read_where_the_notebook_put_it() -> None:
    text = "with record_sources():\n    x = Value(2.0)\n    self.h = x * 2.0\n"
    linecache.cache["<ipython-input-1>"] = (len(text), None, text.splitlines(True), "<ipython-input-1>")
    cell: Any = types.SimpleNamespace()
    program(text, "<ipython-input-1>", self=cell)
    assert own_name(cell.h) == "self.h"


def test_a_file_edited_since_is_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / "edited.py"
    text = "def f():\n    x = Value(2.0)\n    loss = x * 2.0\n    return loss\n"
    file.write_text(text)
    names = program(text + "with record_sources():\n    loss = f()\n", str(file))
    file.write_text("# a line more\n" + text)
    os.utime(file, (1.0, 1.0))  # however old it claims to be
    assert source(names["loss"]).text == ""
    assert own_name(names["loss"]) == "loss"
    assert str(names["loss"].source) == (
        f'File "{file}", line 3, in f\n    (the file has been edited since: this is the line it was then)'
    )
    later = program(text + "with record_sources():\n    loss = f()\n", str(file))
    file.write_text(text)
    os.utime(file, (4e9, 4e9))
    assert "edited since" in str(later["loss"].source)


def test_a_file_that_is_not_python_any_more_or_gone_is_no_error(tmp_path: Path) -> None:
    text = "with record_sources():\n    loss = Value(2.0) * 2.0\n"
    broken = tmp_path / "broken.py"
    broken.write_text("def (:\n")
    for file in (broken, tmp_path / "gone.py"):
        assert "not available" in str(program(text, str(file))["loss"].source)


def test_a_script_read_from_standard_input() -> None:
    script = (
        "from chainrule.engine import Value, record_sources\n"
        "with record_sources():\n    loss = Value(2.0) * 3.0\nprint(loss.source)\n"
    )
    shown = subprocess.run([sys.executable, "-"], input=script, capture_output=True, text=True, check=True)
    assert shown.stdout == 'File "<stdin>", line 3, in <module>\n    (the source is not available)\n'


def test_values_of_numpy_arrays_are_found_in_the_line_that_asked_numpy() -> None:
    with record_sources():
        w = np.array([Value(1.0), Value(2.0)])
        product = w.dot(w)
        average = np.mean(w)
    assert source(product).text == "w.dot(w)"
    assert source(average).text == "np.mean(w)"
    assert own_name(product) == "product"


def test_derivatives_of_functions_are_made_where_the_functions_are_written() -> None:
    seen = []

    def cube(x: Value) -> Value:
        y = x**3
        seen.append(y)
        return y

    with record_sources():
        assert grad(cube)(2.0) == 12.0
    assert source(seen[0]).text == "x**3"
    assert own_name(seen[0]) == "y"


def test_functions_that_give_several_values_and_those_of_the_table() -> None:
    with record_sources():
        xs = [Value(1.0), Value(2.0)]
        middle = mean(xs)
        shares = softmax(xs)
    assert own_name(middle) == "middle"
    assert source(shares[0]).text == "softmax(xs)"


def test_debug_stops_where_the_value_was_made_with_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def stop() -> None:
        frame = sys._getframe(1)
        seen.update(frame.f_locals, lines=list(frame.f_code.co_lines()), file=frame.f_code.co_filename)
        seen["function"] = frame.f_code.co_name

    def compute(x: Value) -> Value:
        scale = 3.0
        y = x * scale
        scale = 4.0
        return y

    with record_sources(frames=True):
        made = compute(Value(2.0))
    monkeypatch.setattr(sys, "breakpointhook", stop)
    made.debug()
    assert (seen["scale"], seen["x"].data) == (3.0, 2.0)
    assert "y" not in seen
    line = compute.__code__.co_firstlineno + 2
    assert (seen["file"], seen["lines"][-1][2], seen["function"]) == (__file__, line, "compute")


def test_debug_in_a_real_pdb() -> None:
    script = (
        "from chainrule.engine import Value, record_sources\n"
        "def f(x):\n    secret = 42\n    return x * secret\n"
        "with record_sources(frames=True):\n    y = f(Value(2.0))\n"
        "y.debug()\nprint('went on')\n"
    )
    folder = Path(__file__).parent
    shown = subprocess.run(
        [sys.executable, "-c", script], input="p secret + 1\np x\nw\nc\n", capture_output=True, text=True,
        check=True, cwd=folder, env={**os.environ, "PYTHONBREAKPOINT": "pdb.set_trace"},
    )  # fmt: skip
    assert "> <string>(4)f()\n" in shown.stdout
    assert "--Return--" not in shown.stdout
    assert "43" in shown.stdout
    assert "Value(2, grad=0)" in shown.stdout
    assert shown.stdout.endswith("went on\n")


@pytest.mark.parametrize("frames", [None, False])
def test_debug_says_how_to_keep_the_variables(frames: bool | None) -> None:
    y = Value(2.0) * 3.0
    if frames is not None:
        with record_sources(frames=frames):
            y = Value(2.0) * 3.0
    with pytest.raises(RuntimeError) as caught:
        y.debug()
    assert str(caught.value) == (
        "Value(mul(2, 3) = 6, grad=0) has no variables to look at: they are kept for values that operations "
        "make inside `with record_sources(frames=True):`"
    )


def test_every_attribute_of_a_source_is_documented() -> None:
    lines = Path(types.ModuleType.__getattribute__(sys.modules[Source.__module__], "__file__")).read_text()
    for name in Source.__dataclass_fields__:
        assert f"    {name}: " in lines
