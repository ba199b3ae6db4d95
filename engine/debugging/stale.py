"""Noticing gradients that are never set back to zero, where numbers are updated by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..names import own_name
from .warn import StaleGradientWarning, warn_user

if TYPE_CHECKING:
    from ..value import Value

_MOST = 16
"""Leaves that are looked at: those of the first operations."""

_before: dict[int, float] = {}
"""The numbers of those leaves at the last pass, by their identities: they are not kept alive."""
_rates: dict[int, float] = {}
"""The rates at which those that followed their gradients had moved at the last pass."""


def look_for_stale(order: list[Value]) -> None:
    """Warn where leaves follow their gradients from pass to pass and the gradients stay what they were.

    A leaf that has moved by `rate * grad` since the last pass, `grad` being what it holds still, was updated
    with that gradient, which is now added to. To be sure that it is a step, and no other change, two leaves
    must have moved at the same rate, or one at the rate of the step before; and to be sure that the
    gradients are not about to be set to zero, as those of a network that another one's pass runs through,
    the same leaf must have done so twice in a row.
    """
    leaves = _first_leaves(order)
    found = {
        leaf: (leaf.data - _before[id(leaf)]) / leaf.grad
        for leaf in leaves
        if type(leaf.grad) is float and leaf.grad != 0.0 and leaf.data != _before.get(id(leaf), leaf.data)
    }
    followed = {
        leaf: rate
        for leaf, rate in found.items()
        if _close(rate, _rates.get(id(leaf)))
        or any(_close(rate, other) for it, other in found.items() if it is not leaf)
    }
    stale = [leaf for leaf in followed if id(leaf) in _rates]
    forget()
    _before.update((id(leaf), leaf.data) for leaf in leaves)
    _rates.update((id(leaf), rate) for leaf, rate in found.items())
    if stale:
        names = [own_name(leaf) or repr(leaf) for leaf in stale[:3]]
        more = f" and {len(stale) - 3} more" if len(stale) > 3 else ""
        warn_user(
            f"the gradients of {', '.join(names)}{more} were not set back to zero after the last steps, and "
            "backward() adds to them. Before each backward() call model.zero_grad(), or set p.grad = 0.0",
            StaleGradientWarning,
            about="stale gradients",
        )


def forget() -> None:
    """Let go what is remembered of the last pass."""
    _before.clear()
    _rates.clear()


def _first_leaves(order: list[Value]) -> list[Value]:
    leaves: dict[Value, None] = {}
    for node in order:
        leaves.update(
            (operand, None)
            for operand in node.operands
            if operand.primitive is None and operand.kind != "const"
        )
        if len(leaves) >= _MOST:
            break
    return list(leaves)[:_MOST]


def _close(rate: float, other: float | None) -> bool:
    """Return whether two rates are the same; small steps of large numbers leave few digits of them."""
    return other is not None and math.isclose(rate, other, rel_tol=1e-4)
