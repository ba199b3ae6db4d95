"""Walking a computation graph: the topological order and the backward pass."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .value import Value


def topological_order(root: Value) -> list[Value]:
    """Return every value that `root` depends on, operands before their users, `root` last.

    Each value stands in the list once, a leaf just before its first user. The order follows the operands
    from right to left and is the same at every call.

    >>> from chainrule.engine import Value
    >>> a, b = Value(2.0), Value(-3.0)
    >>> [value.data for value in topological_order(a * b + a)]
    [-3.0, 2.0, -6.0, -4.0]
    """
    order: list[Value] = []
    leaves: set[Value] = set()
    for node in operations(root):
        for operand in reversed(node.operands):  # as `operations` goes: from right to left
            if operand.primitive is None and operand not in leaves:
                leaves.add(operand)
                order.append(operand)
        order.append(node)
    return order or [root]


def operations(root: Value) -> list[Value]:
    """Return the values among `root` and what it depends on that an operation made, in topological order.

    Without the leaves, which are many and have nothing to pass on. Works on a stack of its own: a chain
    of a million operations is no deeper than one of three.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Value | None] = [root] if root.primitive is not None else []
    while stack:
        node = stack.pop()
        if node is None:  # everything the next entry depends on has been placed
            order.append(stack.pop())  # type: ignore[arg-type]  # None is always pushed above a node
        elif node not in seen:
            seen.add(node)
            stack += (node, None)
            for operand in node.operands:
                if operand.primitive is not None and operand not in seen:
                    stack.append(operand)
    return order


def backward(root: Value) -> None:
    """Add d root / d value to the gradient of every leaf, and set that of every inner node.

    See `Value.backward`. The chain rule is the innermost line: put a breakpoint there and `node`,
    `operand`, `upstream` (d root / d node) and `partial` (d node / d operand) are its symbols.
    """
    order = operations(root)
    if not math.isfinite(root.data):
        _warn_not_finite(root)
    for node in order:
        node.grad = 0.0
    root.grad += 1.0  # a root that is a leaf keeps, like every leaf, what earlier passes gave it
    for node in reversed(order):
        upstream = node.grad
        if upstream == 0.0:  # a zero adjoint wins over an infinite partial
            continue
        for operand, partial in zip(node.operands, node.partials):  # noqa: B905  # strict= costs time here
            operand.grad += upstream * partial


def _warn_not_finite(root: Value) -> None:
    """Warn that `root` is inf or nan and name the first value on the way to it that is."""
    first = next(node for node in topological_order(root) if not math.isfinite(node.data))
    warnings.warn(
        f"backward() from a root that is {root.data}: the first value that is not finite is {first!r}",
        RuntimeWarning,
        stacklevel=4,
    )
