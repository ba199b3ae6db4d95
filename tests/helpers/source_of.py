"""What tests of `record_sources` ask: the source of a value, and programs of their own."""

import sys
from typing import Any

from chainrule.engine import Source


def source(value: Any) -> Source:
    """Return the source of a value, which has one."""
    found = value.source
    assert isinstance(found, Source)
    return found


def program(text: str, filename: str = "<string>", **variables: Any) -> dict[str, Any]:
    """Return the variables of a program after it has run among those of the module that calls this."""
    names = {**sys._getframe(1).f_globals, **variables}
    exec(compile(text, filename, "exec"), names)
    return names
