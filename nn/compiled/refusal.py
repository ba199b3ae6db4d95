"""When training is not compiled: something wants to see every Value, or cannot be recorded."""

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ...engine import RecordingError, Value, enable_grad, modes
from ...engine.compiler.refusals import place_of
from ...engine.hooks import hooks_of, watchpoints_of
from ..step import Example, in_mode
from .rows import loss_of_one
from .untouched import untouched


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


@contextmanager
def recordable(
    caller: str,
    model: Callable[[Any], Any],
    loss: Callable[[Any, Any], Value],
    parameters: Iterable[Value],
    examples: Iterable[Example],
    held_out: Iterable[Example] = (),
) -> Iterator[None]:
    """Make what stands in the way of a recording inside a RecordingError that names the user's line.

    What model and loss raise on Values as well is a mistake of theirs: that is raised as it is.
    examples, held_out: what they are tried with, in the mode of training and in that of evaluation.
    """
    try:
        yield
    except RecordingError as error:
        raise RecordingError(f"{caller}: {error}") from error
    except Exception as error:
        with untouched(model, parameters), enable_grad():
            for training, some in ((True, examples), (False, held_out)):
                with in_mode(model, training):
                    for x, target in some:
                        loss_of_one(loss, model(copy.deepcopy(x)), target)
        raise RecordingError(
            f"{caller}: on Values the model and the loss work, and while compile records they raise "
            f"{type(error).__name__}: {error}; compute with operators and functions of chainrule.engine, or "
            f"train on Values, without compiled{place_of(error)}"
        ) from error
