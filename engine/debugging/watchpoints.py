"""Watchpoints: the debugger opens when a gradient does what you wait for."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from .. import value as values  # still loading at this moment: Value itself needs this module
from ..about import about_made
from ..hooks import Handle, Watchpoints, added, watched

if TYPE_CHECKING:
    from ..value import Value
    from .steps import Step

Condition = Callable[["Step"], object]


def _becomes_nan(step: Step) -> bool:
    return math.isnan(step.grad_after) and not math.isnan(step.grad_before)


def _becomes_inf(step: Step) -> bool:
    return math.isinf(step.grad_after) and not math.isinf(step.grad_before)


def _ends_at_zero(step: Step) -> bool:
    return step.pending == 0 and step.grad_after == 0.0


def _changes_sign(step: Step) -> bool:
    return step.grad_before < 0.0 < step.grad_after or step.grad_after < 0.0 < step.grad_before


CONDITIONS: dict[str, Condition] = {
    "nan": _becomes_nan,
    "inf": _becomes_inf,
    "zero": _ends_at_zero,
    "sign_change": _changes_sign,
}
"""What `when` may be."""


def look(watchpoints: Watchpoints, step: Step) -> None:
    """Open the debugger if any of these watchpoints waits for this step."""
    if any(condition(step) for condition in list(watchpoints.functions.values())):
        stop_at(step)


def break_when(value: Value, condition: Condition | None = None, *, when: str | None = None) -> Handle:
    """Open the debugger in every backward pass, at each step into this value that you wait for.

    condition: a function of the `Step`, as in `lambda step: abs(step.contribution) > 10`.
    when: in place of it "nan" or "inf" (the step makes the gradient so), "sign_change" (it takes the
    gradient from one side of zero to the other) or "zero" (the last step has come, and the gradient is
    zero). What is judged is `grad` as it is: that of a leaf holds what earlier passes have left.

    The debugger is whatever `breakpoint()` opens: PYTHONBREAKPOINT chooses it, and at 0 nothing stops.
    It stops at the line of your own code that runs the pass, with `step` among its variables; the
    step has just been applied. `up` leads into the pass itself. Returns a handle whose `remove()` takes
    the watchpoint away; it is also gone with the value. The root of a pass has no step: its gradient is 1.
    `backward(create_graph=True)` shows the steps of a pass without hooks before it records its own.
    Raises TypeError or ValueError for a condition that is none, TypeError on a constant.

    >>> from chainrule.engine import Value
    >>> def debugger():  # what pdb, IPython or debugpy would show
    ...     print("stopped:", sys._getframe(1).f_locals["step"])
    >>> sys.breakpointhook = debugger
    >>> w = Value(3.0, "w")
    >>> handle = w.break_when(lambda step: abs(step.contribution) > 10)
    >>> (w * 2.0 + w * -20.0).backward()
    stopped: dL/dw += dL/dv2 * dv2/dw = 1 * -20 = -20
    >>> sys.breakpointhook = sys.__breakpointhook__
    """
    if isinstance(value, values.Constant):
        raise TypeError(f"{value!r} has no gradient to watch: it is a constant")
    judge = _condition(condition, when)
    known = about_made(value)
    if known.watchpoints is None:
        known.watchpoints = Watchpoints()
    return added(known.watchpoints, judge, watched)


def _condition(condition: Any, when: Any) -> Condition:
    """Return the function that judges steps, or raise an error that says what to pass."""
    names = ", ".join(f"when={name!r}" for name in CONDITIONS)
    wanted = f"pass a function of the step, as in lambda step: abs(step.contribution) > 10, or one of {names}"
    if condition is not None and when is not None:
        raise TypeError("break_when takes a function of the step or when=, not both: call it twice")
    if callable(condition):
        return condition  # type: ignore[no-any-return]  # what it takes and gives shows when it is called
    if condition is not None:
        raise TypeError(f"break_when cannot wait for {values.described(condition)}: {wanted}")
    if when is None:
        raise TypeError(f"break_when has nothing to wait for: {wanted}")
    if not isinstance(when, str) or when not in CONDITIONS:
        raise ValueError(f"break_when does not know when={when!r}: {wanted}")
    return CONDITIONS[when]


# -- where the debugger stops ---------------------------------------------------------------------------
#
# Every debugger stops in the frame that calls breakpoint(). Were that a frame of this file, VS Code with
# its setting "just my code" would pass it by, and the user would have to climb to see what was going on.
# So the call is made by a line of code that bears the file name and line of the user's own call, and
# whose variables are the user's, with `step` added.


def stop_at(step: Step) -> None:
    """Open the debugger at the user's line, with the step in reach."""
    frame = users_frame()
    code = _stopping_code(frame, f"watchpoint on {step.names[step.operand]}")
    exec(code, frame.f_globals, {**frame.f_locals, "step": step})


def users_frame() -> FrameType:
    """Return the innermost running frame that is not chainrule's own; the outermost where all are."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("chainrule."):
        frame = frame.f_back
    return frame


def _stopping_code(frame: FrameType, name: str) -> CodeType:
    """Return code that calls breakpoint() at the line where `frame` is, in its file, under a name of ours."""
    # A loop of one round: debuggers stop at the next line that begins, and going back to its head is that.
    line = ast.parse("for step in (step,): breakpoint()")
    ast.increment_lineno(line, (frame.f_lineno or 1) - 1)
    return compile(line, frame.f_code.co_filename, "exec").replace(co_name=name, co_qualname=name)
