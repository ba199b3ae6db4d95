"""Noticing that a number was changed between the forward pass and the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..names import own_name
from ..own import BUILT_IN
from ..primitive import TABLE
from .warn import ChangedDataWarning, warn_user

if TYPE_CHECKING:
    from ..value import Value

_MOST_OPERANDS = 64
_SMALL = 1000
_WHOLE = 5_000
"""Operations of small graphs that are looked at in all: some 5 ms in the life of a program."""
_LET_GO = 7
"""After a look at the first operation alone, so many passes are let go."""
_BINARY = {row for row in TABLE.values() if row.dunder and row.arity == 2}


_looked_at = 0


def look(root: Value, order: list[Value]) -> int:
    """Warn where leaves have changed since the operations that use them were made.

    Returns how many passes are not to be looked at after this one.

    A small graph is looked at as a whole until that has become a habit; large graphs, and all of them after
    that, are looked at under the first operation only, at every eighth pass. An update changes all
    parameters, so that one, of leaves only, tells. A leaf that some operation still agrees with, as one
    that is given the next example's number again and again, is no mistake.
    """
    global _looked_at
    if not order:
        return 0
    if len(order) <= _SMALL and _looked_at < _WHOLE:
        _looked_at += len(order)
    elif not _first_differs(order[0]):
        return _LET_GO
    _warn_of_changed(order)
    return 0 if _looked_at < _WHOLE else _LET_GO


def _first_differs(node: Value) -> bool:
    """Return `_differs(node)`, most often more quickly."""
    if len(node.operands) == 2 and node.primitive in _BINARY:  # most often so, and then quickly said
        x, y = node.operands
        try:
            if node.primitive.evaluate(x.data, y.data) == node.data:
                return False
        except (ArithmeticError, ValueError):
            return False
    return _differs(node)


def _warn_of_changed(order: list[Value]) -> None:
    agreed: set[Value] = set()
    changed: dict[Value, None] = {}
    for node in order:
        leaves = [
            operand for operand in node.operands if operand.primitive is None and operand.kind != "const"
        ]
        if leaves and not all(operand in agreed for operand in leaves):
            if _differs(node):
                changed.update(dict.fromkeys(leaves))
            else:
                agreed.update(leaves)
    names = [own_name(leaf) or repr(leaf) for leaf in changed if leaf not in agreed]
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        warn_user(
            f"the data of {', '.join(names[:3])}{more} changed after the loss was computed: these are the "
            "gradients at the old numbers. Compute the loss anew after an update, before backward()",
            ChangedDataWarning,
            about="changed data",
        )


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
