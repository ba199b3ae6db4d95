"""Opening a debugger where a value was made."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING

from ..about import about
from .source import Made
from .watchpoints import stopping_code

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
    stop = stopping_code(code, line).replace(co_name=code.co_name, co_qualname=code.co_qualname)
    exec(stop, variables_of_all, dict(variables))
