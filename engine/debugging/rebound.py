"""Noticing values that each step rebinds, `w = w - lr * w.grad`, where their number was to be changed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..names import own_name
from .warn import LostParameterWarning, warn_user

if TYPE_CHECKING:
    from ..value import Value

_MANY = 50
"""So many updates one upon the other are no longer those inside one step, which another method may take."""

_before: tuple[int, float, float] | None = None
"""What was seen at a pass before: the identity of the leaf, the rate, and the gradient."""


def is_update(node: Value) -> bool:
    """Return whether a value is another one less, or plus, a plain number."""
    row = node.primitive
    return row is not None and row.name in ("sub", "add") and node.operands[1].kind == "const"


def look_for_rebound(order: list[Value]) -> None:
    """Warn where a graph begins with a leaf that was updated many times, each time into a new value.

    order: the operations of a pass that is about to begin, the first one an update. That it is no other
    subtraction is told by its numbers: the last one taken off is a rate times the gradient that the pass
    before left, and was so, at the same rate and another gradient, when this was seen before.
    """
    global _before
    count = 1
    while count < len(order) and is_update(order[count]) and order[count].operands[0] is order[count - 1]:
        count += 1
    if count < _MANY:
        return
    if order[count - 1].operands[0].grad == 0.0:  # no pass has reached it: the loss is (w - 1.0) ** 2
        count -= 1
    row, (value, number) = order[count - 1].primitive, order[count - 1].operands
    grad = value.grad
    if row is None or type(grad) is not float or grad == 0.0:
        return
    rate = number.data / grad if row.name == "sub" else -number.data / grad
    leaf, before = order[0].operands[0], _before
    _before = id(leaf), rate, grad
    if before is None or before[0] != id(leaf) or math.isclose(grad, before[2], rel_tol=1e-6):
        return  # at one gradient every number is a rate times it
    if math.isclose(rate, before[1], rel_tol=1e-9):
        name = own_name(leaf) or repr(leaf)
        warn_user(
            f"{name} has been updated {count} times by w = w - lr * w.grad, which makes a new Value each "
            "time and keeps the old ones in its graph: every pass takes longer. Change the number, "
            "w.data -= lr * w.grad, and set w.grad = 0.0 before the next backward()",
            LostParameterWarning,
            about="rebound",
        )
