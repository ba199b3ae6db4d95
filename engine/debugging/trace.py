"""A backward pass to walk through in both directions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, overload

from .. import graph
from .. import value as values  # still loading at this moment: Value itself needs this module
from .steps import LateNames, Step, gradients_kept, walk

if TYPE_CHECKING:
    from ..value import Value


class Trace:
    """All steps of one backward pass, and a place among them that moves forwards and backwards.

    Made by `Value.trace()`. `trace[i]`, `len(trace)` and `for step in trace` give the steps, whatever
    the place. `trace.done` of them have been taken, at first none; `next()` and `back()` go one step,
    `goto()` and `until()` many, and each of these returns the step it has come to. `grad(value)` is the
    gradient at that moment. The values' own `grad` plays no part in any of this.

    >>> from chainrule.engine import Value
    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> trace = (a * a * b).trace()
    >>> trace.goto(a)
    <Step 3: dL/da += dL/dv1 * dv1/da = -3 * 2 = -6>
    >>> trace.grad(a), trace.back().index, trace.grad(a)
    (-12.0, 2, -6.0)
    >>> trace.until(lambda step: step.operand is b) is None  # b had its turn before
    True
    >>> trace
    <Trace of L: 4 of 4 steps done, the last one dL/da += dL/dv1 * dv1/da = -3 * 2 = -6>
    """

    def __init__(self, root: Value) -> None:
        self.root = root
        self.done = 0
        self._names = LateNames(root)
        self._steps: list[Step] = []
        # What hooks did: before step i, or at the end, they took the gradient of a value from a to b.
        self._replaced: dict[int, list[tuple[Value, float, float]]] = {}
        self._grads: dict[Value, float] = {}
        self._run()

    def _run(self) -> None:
        """Make the steps: run the pass with every gradient at zero, and leave the gradients as they were."""
        with gradients_kept(self.root) as order:
            for value in order:
                value.grad = 0.0
            grads = {value: 0.0 for value in order if not isinstance(value, values.Constant)}
            grads[self.root] = 1.0
            self._grads = grads.copy()
            for step in walk(self.root, graph.operations(self.root), watch=False):
                if not _same(grads[step.node], step.upstream):
                    self._replaced[step.index] = [(step.node, grads[step.node], step.upstream)]
                    grads[step.node] = step.upstream
                grads[step.operand] = step.grad_after
                self._steps.append(step)
            ends = [(value, grad, value.grad) for value, grad in grads.items() if not _same(grad, value.grad)]
        if ends:
            self._replaced[len(self)] = ends
        if not self._steps:
            self._replace(0)

    @property
    def current(self) -> Step | None:
        """The step that was taken last; None at the start."""
        return self._steps[self.done - 1] if self.done else None

    def next(self) -> Step | None:
        """Take one more step and return it; None where all have been taken."""
        if self.done == len(self._steps):
            return None
        self._move(self.done + 1)
        return self.current

    def back(self) -> Step | None:
        """Take the last step back and return the one before it; None at the start."""
        self._move(max(0, self.done - 1))
        return self.current

    def goto(self, target: Value | Step | int) -> Step | None:
        """Go to the moment at which a value's gradient is complete, or a step has just been taken.

        target: a value of the graph, a step of this trace, or the index of one. The root's gradient is
        complete at the start, where there is no step to return.
        Raises ValueError for a value that gets no gradient in this pass, IndexError for an index
        beyond the steps, TypeError for anything else.
        """
        if isinstance(target, values.Value):
            self.grad(target)  # raises what there is to raise
            ends = (i for i, step in enumerate(self._steps) if step.operand is target and not step.pending)
            self._move(next(ends, -1) + 1)
        else:
            self._move(self._index(target) + 1)
        return self.current

    def until(self, predicate: Callable[[Step], object]) -> Step | None:
        """Go on to the next step for which `predicate` holds and return it.

        Where there is none, go to the end and return None.
        """
        if not callable(predicate):
            raise TypeError(f"until takes a function of the step, got {values.described(predicate)}")
        for i in range(self.done, len(self._steps)):
            if predicate(self._steps[i]):
                self._move(i + 1)
                return self.current
        self._move(len(self._steps))
        return None

    def grad(self, value: Value) -> float:
        """Return d root / d value as far as it has been added up at this place.

        In this pass alone: what earlier passes left in `value.grad` is not in it.
        Raises ValueError for a constant and for what is not part of the graph.
        """
        if value not in self._grads:
            reason = (
                "it is a constant" if isinstance(value, values.Constant) else "the root does not depend on it"
            )
            raise ValueError(f"{values.described(value)} has no gradient in this pass: {reason}")
        return self._grads[value]

    def _index(self, target: object) -> int:
        if isinstance(target, Step):
            if target.index < len(self._steps) and self._steps[target.index] is target:
                return target.index
            raise ValueError(f"{target!r} is a step of another pass")
        if not isinstance(target, int) or isinstance(target, bool):
            raise TypeError(f"goto takes a Value, a Step or an index, got {values.described(target)}")
        if not -len(self._steps) <= target < len(self._steps):
            raise IndexError(f"there is no step {target}: this pass has {len(self._steps)}")
        return range(len(self._steps))[target]

    def _move(self, done: int) -> None:
        """Go to the place where so many steps have been taken, one by one."""
        last = len(self._steps)
        while self.done < done:
            self._replace(self.done)
            step = self._steps[self.done]
            self._grads[step.operand] = step.grad_after
            self.done += 1
            if self.done == last:
                self._replace(last)
        while self.done > done:
            if self.done == last:
                self._put_back(last)
            self.done -= 1
            step = self._steps[self.done]
            self._grads[step.operand] = step.grad_before
            self._put_back(self.done)

    def _replace(self, place: int) -> None:
        for value, _, after in self._replaced.get(place, ()):
            self._grads[value] = after

    def _put_back(self, place: int) -> None:
        for value, before, _ in self._replaced.get(place, ()):
            self._grads[value] = before

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        return self._steps[index] if isinstance(index, slice) else self._steps[self._index(index)]

    def __len__(self) -> int:
        return len(self._steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    def __repr__(self) -> str:
        last = "" if self.current is None else f", the last one {self.current}"
        return f"<Trace of {self._names.root_name}: {self.done} of {len(self)} steps done{last}>"


def trace(root: Value) -> Trace:
    """Return the whole backward pass from here, to walk through in both directions.

    It is computed at once, as if every gradient were zero, and leaves every `grad` as it was; hooks run,
    watchpoints rest. See `Trace`. A step takes some 230 bytes. A root that is not finite gets the warning
    of `backward()`, or in `strict` its error; one that is a constant raises RuntimeError, as there.

    >>> from chainrule.engine import Value
    >>> w = Value(3.0, "w")
    >>> steps = (w * w).trace()
    >>> steps.next()
    <Step 0: dL/dw += dL/dL * dL/dw = 1 * 3 = 3>
    >>> len(steps), steps.grad(w), w.grad
    (2, 3.0, 0.0)
    """
    if isinstance(root, values.Constant):
        raise graph.nothing_recorded("trace", root)
    graph.warn_if_not_finite(root)
    return Trace(root)


def _same(a: float, b: float) -> bool:
    """Return whether two gradients are the same number, down to the sign of zero."""
    return a is b or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))
