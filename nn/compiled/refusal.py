"""When training is not compiled: something wants to see every Value, and machine code makes none."""

from collections.abc import Iterable

from ...engine import RecordingError, Value, modes
from ...engine.hooks import hooks_of, watchpoints_of


def check_nothing_looks_on(caller: str, parameters: Iterable[Value]) -> None:
    """Raise RecordingError where hooks, watchpoints, `strict` or `record_sources` want to see Values."""
    if modes.is_strict():
        _refuse(caller, "strict() looks at every result")
    if modes.watcher() is not None:
        _refuse(caller, "record_sources() notes where every Value is made")
    if modes.ledger() is not None:
        _refuse(caller, "branches() notes every comparison")
    if not modes.recording():
        _refuse(caller, "nothing is recorded inside no_grad()")
    for parameter in parameters:
        hooks = hooks_of(parameter)
        if hooks is not None and hooks.functions:
            _refuse(caller, f"{parameter!r} has a hook")
        if watchpoints_of(parameter) is not None:
            _refuse(caller, f"{parameter!r} has a watchpoint")


def _refuse(caller: str, what: str) -> None:
    raise RecordingError(f"{caller} runs in machine code, and {what}: train on Values, without compiled")
