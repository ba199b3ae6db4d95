"""Noticing updates of a loop's variable, `for p in params: p = p - lr * p.grad`, which change nothing."""

from __future__ import annotations

import dis
import gc
import sys
from itertools import pairwise
from types import CodeType, FrameType
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..about import about
from ..names import own_name
from .places import loop_names
from .warn import OWN_FOLDERS, LostParameterWarning, warn_at

if TYPE_CHECKING:
    from ..value import Value

_FRAMES = 4
"""Functions of the user's whose variables are looked at, from the one that calls `backward()` on."""

_CLEARED = ("grad", "zero_grad")
"""What is asked of a variable to set its gradient back."""

_TERMS = 4
"""How many an update may have at most: a gradient's, momentum's, decay's."""

_seen = (0, 0.0, 0, 0.0)
"""The first operation's first and last operand at the look before: identities and numbers."""
_unchanged = 0
"""How often some of them were as they had been, one time after the other."""
_known: WeakKeyDictionary[CodeType, dict[str, int]] = WeakKeyDictionary()
"""What `_updates` found in the functions that have been looked at."""


def look_for_loop_variable(order: list[Value]) -> None:
    """Warn where numbers stay as they are and the user's code updates the variable of a loop instead.

    order: the operations of a pass that is about to begin, by which the numbers are known: the first
    one's operands, of which one may be an example's. After 2, 4, 8, ... looks at which they were unchanged
    the variables of the callers are looked at: one that a loop gives its values, and a statement in it
    computes anew from itself and its gradient, holds the last update, which nobody else holds and no pass
    has run through.
    """
    global _seen, _unchanged
    operands = order[0].operands
    first, last = operands[0], operands[-1]
    before, _seen = _seen, (id(first), first.data, id(last), last.data)
    if not (_is_as_it_was(first, *before[:2]) or _is_as_it_was(last, *before[2:])):
        _unchanged = 0
        return
    _unchanged += 1
    if _unchanged < 2 or _unchanged & (_unchanged - 1):
        return
    frame: FrameType | None = sys._getframe(1)
    looked = 0
    while frame is not None and looked < _FRAMES:
        code = frame.f_code
        if not code.co_filename.startswith(OWN_FOLDERS):
            looked += 1
            for name, line in _updates(code).items():
                lost = _lost(frame, name, order)
                if lost is not None:
                    _warn(frame, name, line, *lost)
        frame = frame.f_back


def _is_as_it_was(operand: Value, identity: int, number: float) -> bool:
    """Return whether a leaf has the number it had; constants are made anew, at times in the same place."""
    return id(operand) == identity and operand.data == number and operand.kind != "const"


def _updates(code: CodeType) -> dict[str, int]:
    """Return the loop variables that a statement computes from themselves and a `grad`, with its line."""
    known = _known.get(code)
    if known is None:
        known = _known[code] = _updates_in(code)
    return known


def _updates_in(code: CodeType) -> dict[str, int]:
    names = loop_names(code) if "grad" in code.co_names else ()
    if not names:
        return {}
    instructions = list(dis.get_instructions(code))
    gradients = {"grad"}.union(
        *[_named(stored) for read, stored in pairwise(instructions) if _is_grad(read) and _stores(stored)]
    )
    found: dict[str, int] = {}
    for at, (computed, stored) in enumerate(pairwise(instructions)):
        where = computed.positions
        if computed.opname == "BINARY_OP" and _stores(stored) and where is not None:
            name = _named(stored)[0]
            first, last = where.lineno or 0, where.end_lineno or where.lineno or 0
            read: set[str] = set()
            for each in instructions:
                line = each.positions.lineno if each.positions is not None else None
                if each.opname.startswith("LOAD") and first <= (line or 0) <= last:
                    read.update(_named(each))
            if (
                name in names
                and name in read
                and gradients & read
                and not _is_read(name, instructions, at + 2)
            ):
                found[name] = first
    return found


def _is_grad(instruction: dis.Instruction) -> bool:
    return instruction.opname.startswith("LOAD_ATTR") and "grad" in _named(instruction)


def _stores(instruction: dis.Instruction) -> bool:
    return instruction.opname.startswith("STORE")


def _is_read(name: str, instructions: list[dis.Instruction], start: int) -> bool:
    """Return whether the rest of the loop's body reads the variable for more than `p.grad = 0.0`."""
    for read, use in pairwise(instructions[start:]):
        if read.opname.startswith("JUMP_BACKWARD"):
            return False
        if read.opname.startswith("LOAD") and name in _named(read) and _named(use)[0] not in _CLEARED:
            return True
    return False


def _named(instruction: dis.Instruction) -> tuple[str, ...]:
    """Return the variables or the attribute that an instruction is about; some are about two."""
    named = instruction.argval
    return tuple(map(str, named)) if isinstance(named, tuple) else (str(named),)


def _lost(frame: FrameType, name: str, order: list[Value]) -> tuple[Value | None] | None:
    """Return the leaf that a variable holds an update of, one that nobody uses, if the leaf is as it was.

    Of an update in `no_grad` the leaf is not known: None in its place, unless one has that very number,
    which a gradient of zero left as it was.
    """
    from ..value import Value  # which needs this module

    value = frame.f_locals.get(name)
    if not isinstance(value, Value) or value.grad:
        return None
    leaf: Value | None = None
    known, number = about(value), value.data
    if value.primitive is not None or known is None or known.origin != "no_grad":
        leaf = _updated(value)
        if leaf is None or leaf.data == number:
            return None
    elif any(operand.data == number for node in order for operand in node.operands):
        return None
    variables = (frame.f_locals, frame.f_globals)
    if all(any(holder is each for each in variables) for holder in gc.get_referrers(value)):
        return (leaf,)
    return None


def _updated(value: Value) -> Value | None:
    """Return the leaf that sums and differences lead to from `value`, if all are still right; else None."""
    for _ in range(_TERMS):
        row = value.primitive
        if row is None or row.name not in ("sub", "add"):
            return None
        if row.evaluate(*[operand.data for operand in value.operands]) != value.data:
            return None
        for operand in value.operands:
            if operand.primitive is None and operand.kind != "const":
                return operand
        value = value.operands[0]
    return None


def _warn(frame: FrameType, name: str, line: int, leaf: Value | None) -> None:
    last = "" if leaf is None else f", the last of which is {own_name(leaf) or repr(leaf)},"
    warn_at(
        frame,
        line,
        f"the loop's variable {name} gets a new Value here, which nothing uses: the parameters{last} "
        f"stay as they were. Change the number, {name}.data -= lr * {name}.grad, or "
        "leave it to an optimizer's step()",
        LostParameterWarning,
        about="loop variable",
    )
