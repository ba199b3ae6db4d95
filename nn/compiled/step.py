"""A training step in machine code, to be called with one batch after the other."""

import math
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from ...engine import NotFiniteError, Value
from ...engine.value import described
from ..data import as_rows
from ..optimizer import LBFGS, Optimizer
from ..step import Example
from .buffers import Buffers
from .refusal import check_nothing_looks_on, recordable
from .rows import Examples, check_alike, key_of, shape_of

MOST_KEPT = 1000
"""How many examples with different targets are kept, so that what was recorded for them is again."""


class CompiledStep:
    """What `compiled_step` returns; see there."""

    def __init__(
        self, model: Callable[[Any], Any], loss: Callable[[Any, Any], Value], optimizer: Optimizer
    ) -> None:
        for what, given in (("model", model), ("loss", loss)):
            if not callable(given):
                raise TypeError(f"compiled_step takes a {what} that can be called, got {described(given)}")
        if not isinstance(optimizer, Optimizer) or isinstance(optimizer, LBFGS):
            raise TypeError(
                "compiled_step takes an optimizer that steps by a rule, such as Adam(model.parameters()), "
                f"got {described(optimizer)}"
            )
        self._model, self._loss, self._optimizer = model, loss, optimizer
        self._buffers: Buffers | None = None
        """Those of the last step."""
        self._of: dict[Any, Buffers] = {}
        """The buffers for examples of each structure; all share the parameters."""
        self._seen: dict[Any, dict[Any, Example]] = {}
        self._open = 0

    def __call__(self, xs: Examples, ys: Examples) -> float:
        """Take a step down the mean loss of a batch; return that loss, as it was before the step."""
        xs, ys = _in_order(xs), _in_order(ys)
        n = len(xs)
        if len(ys) != n or n == 0:
            raise ValueError(f"compiled_step got {n} inputs and {len(ys)} targets: it needs a pair or more")
        self._buffers = buffers = self._filled(xs, ys, n)
        if not self._open:
            buffers.read()
        loss = buffers.gradient(n)
        if not buffers.finite:
            what = f"the loss is {loss}" if not math.isfinite(loss) else "a gradient is not finite"
            raise NotFiniteError(
                f"compiled_step: {what}; the parameters are those before this step. diagnose(loss), of a "
                "loss on Values, says where it began"
            )
        try:
            buffers.update()
        finally:  # a rule may refuse the second group; the first has stepped then, as on Values
            if not self._open:
                buffers.write_back()
        return loss

    def read(self) -> None:
        """Inside `with step:`, take over what was changed in the parameters and in the optimizer."""
        if self._buffers is not None:
            self._buffers.read()

    def write_back(self) -> None:
        """Inside `with step:`, give parameters and optimizer what they would have after as many steps."""
        if self._buffers is not None:
            self._buffers.write_back()

    def __enter__(self) -> Self:
        if not self._open:
            self.read()
        self._open += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._open -= 1
        if not self._open:
            self.write_back()

    def _filled(self, xs: Examples, ys: Examples, n: int) -> Buffers:
        """Return the buffers with a batch in their rows; made where there are none, or none that will do."""
        ys = ys.tolist() if isinstance(ys, np.ndarray) and ys.ndim == 1 else ys
        key, plain = shape_of(xs[0], ys[0])
        buffers = self._of.get(key)
        if buffers is None or not buffers.fits or n > len(buffers.rows):
            buffers = self._made(key, xs, ys, n)
        try:
            buffers.fill(xs, ys, plain)
        except KeyError:  # a class that was not there so far
            buffers = self._made(key, xs, ys, n)
            buffers.fill(xs, ys, plain)
        return buffers

    def _made(self, key: Any, xs: Examples, ys: Examples, n: int) -> Buffers:
        """Return new buffers, for these examples and for every kind of target there was before."""
        if self._open:
            self.write_back()
        check_nothing_looks_on("compiled_step", self._optimizer.params)
        examples = list(zip(as_rows(xs, "compiled_step"), as_rows(ys, "compiled_step"), strict=True))
        check_alike(examples)
        seen = dict(self._seen.get(key, {}))
        known = list(seen.values())
        for x, y in examples[: MOST_KEPT - len(known)]:
            seen.setdefault(key_of(y), (x, y))
        before = len(self._of[key].rows) if key in self._of else 0
        most = before if n <= before else max(n, 2 * before)
        training = bool(getattr(self._model, "training", True))
        beside = self._buffers if self._buffers is not None and self._buffers.fits else None
        used = [*known, *examples]
        with recordable("compiled_step", self._model, self._loss, self._optimizer.params, used):
            buffers = Buffers(self._model, self._loss, self._optimizer, used, most, training, beside)
        if beside is None:  # the first, or the optimizer holds other parameters than it did
            self._of.clear()
            self._buffers = buffers
        self._of[key] = buffers
        self._seen[key] = seen  # only now: a target that the loss refuses would be refused ever after
        return buffers


def _in_order(examples: Any) -> Examples:
    """Return the inputs or targets of a batch as a list or an array, whatever table or tensor they are."""
    if isinstance(examples, list | tuple | np.ndarray):
        return examples
    if hasattr(examples, "__array__") and not hasattr(examples, "to_numpy"):
        return np.asarray(examples)
    return as_rows(examples, "compiled_step")
