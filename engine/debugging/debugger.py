"""Opening a debugger where a value was made."""

from __future__ import annotations

import linecache
from types import CodeType
from typing import TYPE_CHECKING

from ..about import about
from .source import Made

if TYPE_CHECKING:
    from ..value import Value


def open_debugger(value: Value) -> None:
    """Call `breakpoint()` in a frame with the file, line, function and variables of when `value` was made."""
    known = about(value)
    made = None if known is None else known.source
    if not isinstance(made, Made) or made.variables is None:
        raise RuntimeError(
            f"{value!r} has no variables to look at: they are kept for values that operations make inside "
            "`with record_sources(frames=True):`"
        )
    code, line = made.site.code, made.site.line
    variables_of_all, variables = made.variables
    linecache.checkcache(code.co_filename)
    exec(_stop_at(code, line), variables_of_all, dict(variables))


def _stop_at(code: CodeType, line: int) -> CodeType:
    """Return code that calls `breakpoint()` and looks to debuggers like that line of that function."""
    text = "\n" * (line - 1) + "breakpoint(); None"
    return compile(text, code.co_filename, "exec").replace(co_name=code.co_name, co_qualname=code.co_qualname)
