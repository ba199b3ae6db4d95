"""Walking a computation graph: the topological order, and the chain rule in both directions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import modes
from .hooks import attentive, hooked, hooks_of, live, watched, watchpoints_in

if TYPE_CHECKING:
    from .value import Value


def topological_order(root: Value) -> list[Value]:
    """Return every value that `root` depends on, operands before their users, `root` last.

    Each value stands in the list once, a leaf just before its first user. The order follows the operands
    from right to left and is the same at every call. Raises TypeError for what is no Value.

    >>> from chainrule.engine import Value
    >>> a, b = Value(2.0), Value(-3.0)
    >>> [value.data for value in topological_order(a * b + a)]
    [-3.0, 2.0, -6.0, -4.0]
    """
    if not hasattr(root, "primitive"):
        from .value import described  # which needs this module

        raise TypeError(f"topological_order takes a Value, the root of a graph, got {described(root)}")
    order: list[Value] = []
    leaves: set[Value] = set()
    for node in operations(root):
        for operand in reversed(node.operands):  # as `operations` goes: from right to left
            if operand.primitive is None and operand not in leaves:
                leaves.add(operand)
                order.append(operand)
        order.append(node)
    return order or [root]


def operations(
    *roots: Value, above: Iterable[Value] = (), placed: Callable[[Value], object] | None = None
) -> list[Value]:
    """Return the values among `roots` and what they depend on that an operation made, in topological order.

    Without the leaves, which are many and have nothing to pass on, and without the values in `above`, those
    of which `placed` says so, and what only they depend on. Works on a stack of its own: a chain of a
    million operations is no deeper than one of three.
    """
    order: list[Value] = []
    seen: set[Value] = set(above)
    done = seen if placed is None else _SeenOrPlaced(seen, placed)
    stack: list[Value | None] = []
    for root in roots:  # quicker than a comprehension and, below, than putting two on the stack at once
        if root.primitive is not None and root not in done:
            stack.append(root)
    while stack:
        node = stack.pop()
        if node is None:  # everything the next entry depends on is in the list
            order.append(stack.pop())  # type: ignore[arg-type]  # None is always pushed above a node
        elif node not in seen:
            seen.add(node)
            stack.append(node)
            stack.append(None)
            for operand in node.operands:
                if operand.primitive is not None and operand not in done:
                    stack.append(operand)
    return order


class _SeenOrPlaced:
    """What `operations` asks in the place of the set of values it has seen: that set, then `placed`."""

    __slots__ = ("placed", "seen")

    def __init__(self, seen: set[Value], placed: Callable[[Value], object]) -> None:
        self.seen, self.placed = seen, placed

    def __contains__(self, value: Value) -> bool:
        return value in self.seen or bool(self.placed(value))


listeners: tuple[Callable[[Value, list[Value]], None], ...] = ()
"""Called with the root and its operations before a backward pass; they must cost next to nothing."""


def look(root: Value, order: list[Value]) -> int:
    """Return how many passes to let go before looking at one again; debugging/changed.py takes its place."""
    return 0


unseen = 0
"""How many passes are still let go."""


def backward(root: Value, create_graph: bool = False) -> None:
    """Add d root / d value to the gradient of every leaf, and set that of every inner node.

    See `Value.backward`. The chain rule is the innermost line: put a breakpoint there and `node`,
    `operand`, `upstream` (d root / d node), `partial` (d node / d operand) and `contribution` are its
    symbols. Where hooks or watchpoints want to see it, the same is done more slowly elsewhere.
    """
    global unseen
    order = operations(root)
    if not math.isfinite(root.data):
        warn_if_not_finite(root)
    if unseen:
        unseen -= 1
    else:
        unseen = look(root, order)
    for listen in listeners:
        listen(root, order)
    if create_graph or attentive:
        if watched and watchpoints_in(order):
            from .debugging import steps  # needed by nobody else here, and in need of this module itself

            if not create_graph:
                for _ in steps.walk(root, order):
                    pass
                return
            steps.rehearse(root, order)
        if create_graph or (live and hooked_leaves(root, order) is not None):
            _backward_by_adjoints(root, order, create_graph)
            return
    for node in order:
        node.grad = 0.0
    root.grad += 1.0  # a root that is a leaf keeps, like every leaf, what earlier passes gave it
    try:
        for node in reversed(order):
            upstream = node.grad
            if upstream == 0.0:  # a zero adjoint wins over an infinite partial
                continue
            for operand, partial in zip(node.operands, node.partials):  # noqa: B905  # strict= costs time
                contribution = upstream * partial
                operand.grad += contribution
    except TypeError as error:
        if operand.grad is None:
            raise gradient_is_none(operand) from error
        raise


def gradient_is_none(value: Value) -> TypeError:
    """Return the error to raise where the gradient of `value` is to grow and somebody has set it to None."""
    return TypeError(f"the gradient of {value!r} is None: set it to 0.0, or call zero_grad()")


def nothing_recorded(method: str, root: Value) -> RuntimeError:
    """Return the error to raise where a backward pass is to start from a constant."""
    return RuntimeError(
        f"{method}() from {root!r}, which remembers no operations: it is a plain number, detached, "
        "or computed inside no_grad"
    )


def hooked_leaves(root: Value, order: Sequence[Value]) -> list[Value] | None:
    """Return the leaves that have hooks, or None where no value of the graph has any."""
    found = {value for node in order for value in (node, *node.operands) if hooks_of(value) is not None}
    if hooks_of(root) is not None:
        found.add(root)
    return [value for value in found if value.primitive is None] if found else None


def _backward_by_adjoints(root: Value, order: list[Value], create_graph: bool) -> None:
    """Do the same where the pass is recorded or hooks want to see complete gradients."""
    from .value import Constant, Value  # here, because that module needs this one

    adjoint = adjoints({root: 1.0}, order, record=create_graph, hooks=bool(live))
    for node in order:
        gradient = adjoint.pop(node, 0.0)
        node.grad = gradient_number(gradient)
    for leaf in hooked_leaves(root, order) or ():
        adjoint.setdefault(leaf, 0.0)  # hooks see a gradient of zero too
    for leaf, gradient in adjoint.items():
        gradient = hooked(leaf, gradient)
        if create_graph and isinstance(gradient, float | Constant):  # it depends on nothing
            gradient = Value(gradient.data if isinstance(gradient, Constant) else gradient)
        leaf.grad = added_to(leaf.grad, gradient)


def gradient_number(gradient: Any) -> float:
    """Return what an inner node keeps: with a recorded gradient it would be part of a reference cycle."""
    number: float = gradient.data if hasattr(gradient, "primitive") else float(gradient)
    return number


def added_to(held: Any, gradient: Any) -> Any:
    """Return what a leaf keeps: what it held, and the gradient of this pass."""
    return gradient if type(held) is float and held == 0.0 else held + gradient


def adjoints(
    seeds: Mapping[Value, Any], order: list[Value], record: bool = False, hooks: bool = False
) -> dict[Value, Any]:
    """Return sum of seed * d root / d value, for the roots in `seeds` and every value they depend on.

    order: the operations of all roots. Touches no `grad`. A value without an entry has the adjoint 0.
    record: make the adjoints Values that can be differentiated again: the partials are then computed
    from the operands by the formulas of the table, not taken from the nodes.
    """
    times = recorded_product if record else product
    adjoint: dict[Value, Any] = dict(seeds)
    for node in reversed(order):
        upstream = adjoint.get(node)
        if hooks:
            adjoint[node] = upstream = hooked(node, 0.0 if upstream is None else upstream)
        if upstream is None:
            continue
        partials = formulas(node) if record else node.partials
        for operand, partial in zip(node.operands, partials, strict=True):
            contribution = times(upstream, partial)
            if contribution is not None:
                known = adjoint.get(operand)
                adjoint[operand] = contribution if known is None else known + contribution
    return adjoint


def tangents(seeds: Mapping[Value, Any], order: list[Value], record: bool = False) -> dict[Value, Any]:
    """Return sum of d value / d leaf * seed, for the leaves in `seeds` and every value made from them.

    The same as `adjoints` in the other direction: forward mode. What is zero there is zero here: a partial
    of zero wins over an infinite tangent, as an adjoint of zero over an infinite partial, and a tangent
    that has become zero wins over nothing. A seed of zero says that a leaf does not move.
    """
    times = _recorded_tangent if record else _tangent
    tangent: dict[Value, Any] = {
        leaf: seed for leaf, seed in seeds.items() if not (type(seed) is float and seed == 0.0)
    }
    for node in order:
        found = None
        for operand, partial in zip(node.operands, formulas(node) if record else node.partials, strict=True):
            moved = tangent.get(operand)
            if moved is not None:
                contribution = times(moved, partial)
                found = contribution if found is None else found + contribution
        if found is not None:
            tangent[node] = found
    return tangent


def _tangent(moved: float, partial: float) -> float:
    return 0.0 if partial == 0.0 else moved * partial


def _recorded_tangent(moved: Any, partial: Any) -> Any:
    """Return moved * partial where either may be a Value; see `recorded_product` for what wins."""
    unknown = getattr(partial, "recorded_product", None) or getattr(moved, "recorded_product", None)
    if unknown is not None and type(partial) is not float:  # the compiler's stand-ins
        if type(moved) is float and math.isfinite(moved):
            return partial if moved == 1.0 else moved * partial
        found = unknown(partial, moved, turned=True)  # here it is the partial whose zero wins
        return 0.0 if found is None else found
    if type(partial) is float:
        return 0.0 if partial == 0.0 else moved if partial == 1.0 else moved * partial
    number = moved if type(moved) is float else moved.data
    if partial == 0.0 and not math.isfinite(number):
        return 0.0
    return partial if type(moved) is float and moved == 1.0 else moved * partial


def formulas(node: Value) -> tuple[Any, ...]:
    """Return the partials of `node` as Values, made from its operands by the formulas of its row."""
    by_rule: tuple[Any, ...] | None = getattr(node, "recorded_partials", None)
    if by_rule is not None:  # the compiler's stand-in for a value: its branches are recorded both ways
        return by_rule
    assert node.primitive is not None
    return node.primitive.partials_at(node.operands, node)


def product(factor: float, partial: float) -> float | None:
    """Return factor * partial, or None, which is zero, for a factor of zero: it wins over an inf."""
    return None if factor == 0.0 else factor * partial


def recorded_product(factor: Any, partial: Any) -> Any:
    """Return factor * partial where either may be a Value, or None for what is zero for good.

    A plain 0.0 says that nothing flows, also when the pass is differentiated in turn; of an adjoint that is
    inf or nan it makes nan, as in a pass that is not recorded. A Value that happens to be 0 may have a
    derivative that is not; it only wins over a partial that is not finite.
    """
    if type(partial) is float:
        if partial == 0.0:
            nothing = getattr(factor, "recorded_nothing", None)
            if nothing is not None:
                return nothing()
            number = factor if type(factor) is float else factor.data
            return None if math.isfinite(number) else factor * partial
        if math.isfinite(partial):
            return factor if partial == 1.0 else factor * partial
    unknown = getattr(partial, "recorded_product", None) or getattr(factor, "recorded_product", None)
    if unknown is not None:  # the compiler's stand-ins: whether one is zero is not known yet
        return unknown(factor, partial)
    if factor == 0.0:
        number = partial if type(partial) is float else partial.data
        if type(factor) is float or not math.isfinite(number):
            return None
    return partial if type(factor) is float and factor == 1.0 else factor * partial


def warn_if_not_finite(root: Value) -> None:
    """Warn, at the user's line, where `root` is inf or nan, and say where that started; in `strict` raise."""
    if math.isfinite(root.data):
        return
    from .debugging.diagnose import one_line  # it stands on this module
    from .debugging.warn import warn_user

    if modes.is_strict():
        raise modes.NotFiniteError(one_line(root))
    text = f"backward() from a root that is {root.data}: {one_line(root)}. diagnose(...) says more"
    warn_user(text, RuntimeWarning, about=re.sub(r"\([^()]*\)|[-+.\d]+", "", text))


def first_not_finite(root: Value) -> Value:
    """Return the first value on the way to `root`, which is inf or nan, that is."""
    return next(node for node in topological_order(root) if not math.isfinite(node.data))
