"""Noticing that a number was changed between the forward pass and the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import graph
from ..names import own_name
from ..own import BUILT_IN
from ..primitive import TABLE
from .loop_variable import look_for_loop_variable
from .rebound import is_update, look_for_rebound
from .stale import look_for_stale
from .warn import ChangedDataWarning, warn_user

if TYPE_CHECKING:
    from ..value import Value

_MOST_OPERANDS = 64
_SMALL = 1000
_WHOLE = 5_000
"""Operations of small graphs that are looked at in all: some 4 ms in the life of a program."""
_LET_GO = 7
"""After a look at the first operation alone, so many passes are let go."""
_BINARY = {row for row in TABLE.values() if row.dunder and row.arity == 2}


_EARLY = 16
"""Passes through larger graphs that are looked at for stale gradients, one after the other."""

_looked_at = 0
_early = _EARLY
_by_hand = True
"""Whether nothing but the passes themselves tells of steps. An optimizer, or a module, knows more."""


def look(root: Value, order: list[Value]) -> int:
    """Warn where leaves have changed since the operations that use them were made.

    Returns how many passes are not to be looked at after this one.

    A small graph is looked at as a whole until that has become a habit; large graphs, and all of them after
    that, are looked at under the first operation only, at every eighth pass but for the first sixteen. An
    update changes all parameters, so that one, of leaves only, tells. A leaf that some operation still
    agrees with, as one that is given the next example's number again and again, is no mistake.
    """
    global _looked_at, _early, _by_hand
    if not order:
        return 0
    whole = len(order) <= _SMALL and _looked_at < _WHOLE
    if whole:
        _looked_at += len(order)
    if graph.listeners and _by_hand:
        _by_hand, _early = False, 0
    if _by_hand and (whole or _early):
        _early -= not whole
        look_for_stale(order)
    if is_update(order[0]):
        look_for_rebound(order)
    look_for_loop_variable(order)
    if any(map(_differs_now, order)) if whole else _differs_now(order[0]):
        _warn_of_changed(order)
    return 0 if _early or (whole and _looked_at < _WHOLE) else _LET_GO


def _differs_now(node: Value) -> bool:
    """Return whether leaves under the operation may have changed: `_differs(node)`, most often quicker."""
    operands = node.operands
    if len(operands) == 2:
        x, y = operands
        if x.primitive is not None and y.primitive is not None:
            return False
        if node.primitive in _BINARY:
            try:
                if node.primitive.evaluate(x.data, y.data) == node.data:
                    return False
            except (ArithmeticError, ValueError):
                return False
    elif len(operands) == 1 and operands[0].primitive is not None:
        return False
    return _differs(node)


def _warn_of_changed(order: list[Value]) -> None:
    agreed: set[Value] = set()
    moved: dict[Value, None] = {}
    perhaps: dict[Value, None] = {}
    differing: list[Value] = []
    for node in order:
        leaves = [
            operand for operand in node.operands if operand.primitive is None and operand.kind != "const"
        ]
        if leaves and not all(operand in agreed for operand in leaves):
            if _differs(node):
                differing.append(node)
                known = leaves if len(leaves) == len(node.operands) == 1 else _moved(node, leaves)
                (moved if known else perhaps).update(dict.fromkeys(known or leaves))
            else:
                agreed.update(leaves)
    names = [own_name(leaf) or repr(leaf) for leaf in moved if leaf not in agreed]
    joint = ", "
    if not names:
        names = [own_name(leaf) or repr(leaf) for leaf in perhaps if leaf not in agreed]
        joint = " or "
    if names:
        more = f" {'or' if joint == ' or ' else 'and'} {len(names) - 3} more" if len(names) > 3 else ""
        said = (
            f"the data of {joint.join(names[:3])}{more} changed after the loss was computed: these are the "
            "gradients at the old numbers. Compute the loss anew after an update, before backward()"
        )
        if all(is_update(node) for node in differing):
            said += (
                ". If p = p - lr * p.grad was to update it, that made a new Value, of which no optimizer "
                "knows: leave updates to optimizer.step(), or change the number, p.data -= lr * p.grad"
            )
        warn_user(said, ChangedDataWarning, about="changed data")


def _moved(node: Value, leaves: list[Value]) -> list[Value]:
    """Return those of the leaves that have another number than when the product `node` was made.

    Each factor's partial is the other factor, as it was. Of other operations this is not known: none.
    """
    operands, partials = node.operands, node.partials
    if node.primitive is None or node.primitive.name not in ("mul", "dot"):
        return []
    half = len(operands) // 2
    then = dict(zip(operands, (*partials[half:], *partials[:half]), strict=True))
    return [leaf for leaf in leaves if leaf.data != then[leaf]]


def _differs(node: Value) -> bool:
    """Return whether the operation would give another result with the numbers its operands hold now."""
    row = node.primitive
    if row is None or len(node.operands) > _MOST_OPERANDS or row.name not in BUILT_IN:
        return False
    numbers = [operand.data for operand in node.operands]
    try:
        now = row.evaluate(tuple(numbers)) if row.variadic else row.evaluate(*numbers)
    except (ArithmeticError, ValueError, TypeError):
        return False
    # What was changed and changed back, by a difference quotient, may have lost its last digits.
    return abs(now - node.data) > 1e-9 * max(abs(now), abs(node.data)) + 1e-12
