"""Training in machine code: model, loss and optimizer compiled, the parameters in one buffer.

Needs the extra `compile`, which is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..optimizer import Optimizer

if TYPE_CHECKING:
    from ...engine import Value
    from .step import CompiledStep as CompiledStep


def compiled_step(
    model: Callable[[Any], Any], loss: Callable[[Any, Any], Value], optimizer: Optimizer
) -> CompiledStep:
    """Return a training step in machine code: `step(xs, ys)` descends a batch's mean loss, and returns it.

    model, loss: any functions that compile can record: `loss(model(x), y)` is recorded at the first call for
    one example, and replayed for all of a batch, of any size. Classes and other labels among the targets may
    be branched on; a branch on an input or on a parameter is refused, as `compile` refuses it. What a loss
    asks of targets that may be any number, such as to lie between 0 and 1, it asks of those at hand then.
    xs, ys: lists, arrays, frames, tensors. The examples of a batch have one structure, such as sequences of
    one length; the next batch may have another, and each is recorded at its first call.
    The model is recorded in the mode, of training or evaluation, that it is in then. What else is changed in
    it later, but for parameters, has no effect: make a new step.
    optimizer: any of this package but LBFGS, or one of your own that has a rule. Its settings are read at
    every step, so schedules work as ever.

    The parameters have their new numbers and gradients after every call, and the optimizer its state. That
    takes longer than a small step itself; inside `with step:` they stay in a buffer until the end of the
    block, or until `step.write_back()`. What you change meanwhile is taken over by `step.read()`.

    Raises RecordingError for what cannot be recorded, NotFiniteError, with the parameters as they were before
    the step, where the loss or its gradient is inf or nan, ValueError for an empty batch and for another
    number of targets than of inputs, ImportError without the extra `compile`.

    >>> from chainrule.nn import MLP, SGD, squared_error
    >>> model = MLP(1, [1], seed=0)
    >>> step = compiled_step(model, squared_error, SGD(model.parameters(), lr=0.3))
    >>> with step:
    ...     losses = [step([[0.0], [1.0]], [1.0, 3.0]) for _ in range(60)]
    >>> print(f"{model([2.0]):.3f}", losses[-1] < 1e-6)
    5.000 True
    """
    from ...engine import compile as _  # says what to install, where it is missing  # noqa: F401
    from .step import CompiledStep

    return CompiledStep(model, loss, optimizer)
