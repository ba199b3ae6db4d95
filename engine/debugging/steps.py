"""The backward pass edge by edge, for a loop of your own that any debugger can stop in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import graph, modes
from .. import value as values  # still loading at this moment: Value itself needs this module
from ..hooks import hooked, live, watchpoints_of
from ..names import Names, differential
from .watchpoints import stopping_place

if TYPE_CHECKING:
    from ..value import Value


@dataclass(slots=True, eq=False, repr=False)
class Step:
    """The chain rule along one edge of the graph, at the moment it has been applied.

    `str(step)` is the rule with its numbers, "dL/da += dL/dc * dc/da = -1.5 * 2 = -3". Values are called
    by their labels, a root without one L, and others v0, v1, ... by their place in the topological
    order. A step holds on to the graph.

    >>> from chainrule.engine import Value
    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> for step in (a * a * b).backward_steps():
    ...     print(step)
    dL/dv1 += dL/dL * dL/dv1 = 1 * -3 = -3
    dL/db += dL/dL * dL/db = 1 * 4 = 4
    dL/da += dL/dv1 * dv1/da = -3 * 2 = -6
    dL/da += dL/dv1 * dv1/da = -3 * 2 = -6
    """

    index: int
    """How many steps came before this one."""
    node: Value
    """The value that passes its gradient on."""
    operand: Value
    """The value that gets a part of it: one of `node.operands`."""
    place: int
    """Which of them: `node.operands[place]`. It tells the two edges of `a * a` apart."""
    upstream: float
    """d root / d node, complete."""
    partial: float
    """d node / d operand, along this edge."""
    contribution: float
    """upstream * partial; 0 where upstream is 0, also beside a partial that is inf or nan."""
    grad_before: float
    """`operand.grad` before this step."""
    grad_after: float
    """`operand.grad` after this step."""
    pending: int
    """How many more steps of this pass lead to the operand; at 0 its gradient is complete."""
    names: LateNames
    """What to call the values of this pass, by value."""

    def __str__(self) -> str:
        root, node, operand = map(
            differential, (self.names.root_name, self.names[self.node], self.names[self.operand])
        )
        rule = f"{root}/{operand} += {root}/{node} * {node}/{operand}"
        return f"{rule} = {self.upstream:.6g} * {self.partial:.6g} = {self.contribution:.6g}"

    def __repr__(self) -> str:
        return f"<Step {self.index}: {self}>"


class LateNames:
    """The `Names` of a pass, made when the first of them is asked for: most steps are never shown."""

    __slots__ = ("_names", "_root")

    def __init__(self, root: Value) -> None:
        self._root = root
        self._names: Names | None = None

    def __getitem__(self, value: Value) -> str:
        if self._names is None:
            self._names = Names(graph.topological_order(self._root))
        return self._names[value]

    @property
    def root_name(self) -> str:
        """What the root is called."""
        return self[self._root]


def backward_steps(root: Value) -> Iterator[Step]:
    """Return an iterator that runs the backward pass, one `Step` for each edge of the graph.

    The order is that of `backward()`: users before their operands. Each step comes when it has just been
    applied: `operand.grad` is then `step.grad_after`. Running through all of them is the same as
    `backward()`, to the last bit: leaves add to what they hold, inner values start from zero, hooks and
    watchpoints see the same, and a root that is not finite gets the same warning, or in `strict` error,
    when this is called.
    Edges along which nothing flows are steps too, with a contribution of 0. Edges to constants are
    not: nobody asks for their gradient.

    In a loop left half way the gradients stay as they are at that moment. The next pass
    starts the inner values from zero by itself; leaves keep what they got until `zero_grad()`. One pass
    at a time: another one over the same values in the midst of this one takes its numbers away
    (`trace()` does not). Raises TypeError for what is not a Value, and RuntimeError for a constant, as
    `backward()` does.

    >>> from chainrule.engine import Value
    >>> w, x = Value(3.0, "w"), Value(2.0, "x")
    >>> for step in (w * x).backward_steps():
    ...     print(step.operand.label, step.grad_before, step.grad_after, step.pending)
    w 0.0 2.0 0
    x 0.0 3.0 0
    """
    from ..known import check_known  # which needs Value

    check_known("backward_steps", root)
    if not isinstance(root, values.Value):
        raise TypeError(f"backward_steps takes the Value to start from, got {values.described(root)}")
    if isinstance(root, values.Constant):
        raise graph.nothing_recorded("backward_steps", root)
    graph.warn_if_not_finite(root)
    return _strict_walk(root, graph.operations(root))


def _strict_walk(root: Value, order: Sequence[Value]) -> Iterator[Step]:
    yield from walk(root, order)
    if modes.is_strict():
        from .diagnose import check_gradients  # seldom needed

        check_gradients(root)


def walk(root: Value, order: Sequence[Value], hooks: bool = True, watch: bool = True) -> Iterator[Step]:
    """Run the pass over `order`, the operations of `root`, and stop for a look after each edge.

    hooks, watch: whether the hooks and watchpoints of the values are asked.
    """
    names, constant = LateNames(root), values.Constant
    pending: dict[Value, int] = {}
    for node in order:
        node.grad = 0.0
        for operand in node.operands:
            pending[operand] = pending.get(operand, 0) + 1
    leaves = graph.hooked_leaves(root, order) if hooks and live else None
    gradients = _Gradients() if leaves is None else _HookedGradients(leaves)
    gradients.add(root, 1.0)
    index = 0
    for node in reversed(order):
        upstream = gradients.complete(node)
        for place, (operand, partial) in enumerate(zip(node.operands, node.partials, strict=True)):
            before = operand.grad
            contribution = 0.0
            if upstream != 0.0:  # a zero adjoint wins over an infinite partial
                contribution = upstream * partial
                gradients.add(operand, contribution)
            pending[operand] = to_come = pending[operand] - 1
            if isinstance(operand, constant):
                continue
            after = operand.grad
            step = Step(
                index, node, operand, place, upstream, partial, contribution, before, after, to_come, names
            )
            index += 1
            if watch and (watchpoints := watchpoints_of(operand)) is not None and watchpoints.wait_for(step):
                exec(*stopping_place(step))  # opens the debugger
            yield step
    gradients.finish()


class _Gradients:
    """The gradients of a pass without hooks: they are what `grad` says."""

    def add(self, value: Value, contribution: Any) -> None:
        """Add to the gradient of a value."""
        if value.grad is None:
            raise graph.gradient_is_none(value)
        value.grad += contribution

    def complete(self, node: Value) -> Any:
        """Return the gradient of a value that all its users have added to."""
        return node.grad

    def finish(self) -> None:
        """Do what is left to do when every edge has been walked."""


class _HookedGradients(_Gradients):
    """The same where there are hooks: those of leaves see the sum of this pass, without what was there."""

    def __init__(self, leaves: Sequence[Value]) -> None:
        self._leaves = leaves
        self._sums: dict[Value, Any] = {}
        self._held: dict[Value, Any] = {}

    def add(self, value: Value, contribution: Any) -> None:
        known = self._sums.get(value)
        self._put(value, contribution if known is None else known + contribution)

    def complete(self, node: Value) -> Any:
        return self._put(node, hooked(node, self._sums.get(node, 0.0)))

    def finish(self) -> None:
        for leaf in self._leaves:
            self._sums.setdefault(leaf, 0.0)  # hooks see a gradient of zero too
        for value, gradient in list(self._sums.items()):
            if value.primitive is None:
                self._put(value, hooked(value, gradient))

    def _put(self, value: Value, gradient: Any) -> Any:
        self._sums[value] = gradient
        if value.primitive is not None:
            value.grad = graph.gradient_number(gradient)
        else:
            held = self._held.setdefault(value, value.grad)
            if held is None:
                raise graph.gradient_is_none(value)
            value.grad = graph.added_to(held, gradient)
        return gradient


@contextmanager
def gradients_kept(root: Value) -> Iterator[Sequence[Value]]:
    """Give every value of the graph its gradient back at the end of the block, whatever happens inside."""
    order = graph.topological_order(root)
    kept = [value.grad for value in order]
    try:
        yield order
    finally:
        for value, grad in zip(order, kept, strict=True):
            value.grad = grad


def rehearse(root: Value, order: Sequence[Value]) -> None:
    """Let the watchpoints look at a pass that is about to be recorded; it leaves nothing behind."""
    with gradients_kept(root):
        for _ in walk(root, order, hooks=False):
            pass
