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


def break_when(value: Value, condition: Condition | None = None, *, when: str | None = None) -> Handle:
    """Open the debugger in every backward pass, at each step into this value that you wait for.

    condition: a function of the `Step`, as in `lambda step: abs(step.contribution) > 10`.
    when: in place of it "nan" or "inf" (the step makes the gradient so), "sign_change" (it takes the
    gradient from one side of zero to the other) or "zero" (the last step has come, and the gradient is
    zero). What is judged is `grad` as it is: that of a leaf holds what earlier passes have left.

    The debugger is whatever `breakpoint()` opens: PYTHONBREAKPOINT chooses it, and at 0 nothing stops.
    It stops at the line of your own code that runs the pass, with `step` among your variables there; the
    step has just been applied. `up` leads into the pass itself, to `node`, `operand`, `upstream`,
    `partial` and `contribution`. Returns a handle whose `remove()` takes
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
# Debuggers stop in the frame that calls breakpoint(). Were that a frame of this package, VS Code with its
# setting "just my code" would not stop at all, and others would show a line of ours. So the call is made
# by a few instructions of their own, which bear the file name and the line of the user's own call, and
# whose variables are the user's with `step` added.


def stopping_place(step: Step) -> tuple[CodeType, dict[str, Any], dict[str, Any]]:
    """Return what `exec` takes to open the debugger at the user's line, with the step in reach."""
    frame = _users_frame()
    name = f"watchpoint on {step.names[step.operand]}"
    code = stopping_code(frame.f_code, frame.f_lineno or 1).replace(co_name=name, co_qualname=name)
    return code, frame.f_globals, {**frame.f_locals, "step": step}


def _users_frame() -> FrameType:
    """Return the innermost running frame that is not chainrule's own; the outermost where all are."""
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith("chainrule."):
        frame = frame.f_back
    return frame


def stopping_code(users: CodeType, line: int) -> CodeType:
    """Return code that calls breakpoint() so that debuggers stop at this line of the user's code.

    They stop there before it ends: what is left to do is nothing, but a line of its own.
    """
    if _stops_at_the_call():
        tree, lines = ast.parse("breakpoint()"), [line]
    else:
        # Others stop at the next line that is not the same. The call should not stand where the user may
        # have a breakpoint, so it stands at the head of the user's function.
        head = users.co_firstlineno if users.co_firstlineno < line else 0
        tree, lines = ast.parse("breakpoint(); breakpoint"), [head, line]
    for statement, number in zip(tree.body, lines, strict=True):
        for node in ast.walk(statement):
            if isinstance(node, ast.stmt | ast.expr):
                node.lineno = node.end_lineno = number
    return compile(tree, users.co_filename, "exec")


def _stops_at_the_call() -> bool:
    """Return whether the debugger stops at the breakpoint() itself: pdb and IPython do, since Python 3.13."""
    hook = str(getattr(sys.breakpointhook, "__module__", ""))
    pydevd = "pydevd" in sys.modules and not hook.startswith(("pdb", "IPython"))  # VS Code, PyCharm
    return sys.version_info >= (3, 13) and not pydevd
