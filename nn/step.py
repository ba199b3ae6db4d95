"""What a training step computes: the gradient of a batch's mean loss, and scores on the way.

`fit` knows a step only as the protocol `Step`: it calls it with a batch, finds the gradients in the
parameters, and does the rest (norms, clipping, the optimizer, the schedule) itself. `eager_step` makes
the one that builds every example's graph anew. Another one, such as a compiled one, takes its place by
being made from the same arguments and leaving the same numbers.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import Any, Protocol

from ..engine import NotFiniteError, Value, collector_paused, no_grad
from ..engine.graph import first_not_finite
from .history import Scores
from .module import Module
from .state import entries_alone, values

Loss = Callable[[Any, Any], Value]
Metric = Callable[[Any, Any], float]
Example = tuple[Any, Any]
Rows = list[list[float]]
"""Of each example: its loss, then its metrics."""
Groups = dict[str, list[Value]]
"""Parameters by the layer they belong to."""


class Step(Protocol):
    """Computes the gradient of the mean loss of a batch."""

    def __call__(self, batch: Sequence[Example]) -> Rows:
        """Add the gradient of the batch's mean loss to the parameters; return every example's scores.

        The gradients are zero when it is called. Raises NotFiniteLoss where a loss is inf or nan.
        """


class NotFiniteLoss(NotFiniteError):
    """The loss of an example is inf or nan.  place: which one of the batch, from 0."""

    def __init__(self, place: int, loss: float, cause: str = "") -> None:
        super().__init__(f"the loss is {loss}{cause}")
        self.place = place


def eager_step(
    model: Callable[[Any], Any],
    loss: Loss,
    metrics: Mapping[str, Metric],
    between: Callable[[], None],
) -> Step:
    """Return the step that computes with Values, recording each example's graph anew.

    The examples are taken one after the other, their gradients adding up in the parameters, so that
    only one example's graph is alive at a time.
    between: called before each example; what it raises leaves the batch.
    """
    measures = list(metrics.values())

    def step(batch: Sequence[Example]) -> Rows:
        rows: Rows = []
        share = 1.0 / len(batch)
        with collector_paused():
            for x, target in batch:
                between()
                output = model(x)
                example_loss = loss(output, target)
                check_loss(example_loss)
                if not math.isfinite(example_loss.data):
                    first = first_not_finite(example_loss)
                    cause = f"; the first value on the way to it that is not finite is {first!r}"
                    raise NotFiniteLoss(len(rows), example_loss.data, cause)
                (example_loss * share).backward()
                rows.append([example_loss.data, *[metric(output, target) for metric in measures]])
        return rows

    return step


def check_loss(loss: Any) -> None:
    """Raise ValueError for a loss in which nothing is recorded."""
    if getattr(loss, "primitive", None) is None:
        raise ValueError(
            f"fit cannot learn from the loss {loss!r}: nothing is recorded in it; "
            "it must be a Value made from the model's output, outside no_grad"
        )


def score(
    model: Callable[[Any], Any],
    examples: Iterable[Example],
    loss: Loss,
    metrics: Mapping[str, Metric],
    between: Callable[[], None] = lambda: None,
) -> Scores:
    """Return the mean loss and metrics over the examples, in evaluation mode and without recording."""
    rows = []
    with no_grad(), in_mode(model, training=False):
        for x, target in examples:
            between()
            output = model(x)
            rows.append([loss(output, target).data, *[metric(output, target) for metric in metrics.values()]])
    return mean(rows, metrics)


def mean(rows: Rows, metrics: Mapping[str, Metric]) -> Scores:
    """Return the scores of some examples; nan for none."""
    rows = rows or [[math.nan] * (1 + len(metrics))]
    loss, *rest = [float(sum(column) / len(rows)) for column in zip(*rows, strict=True)]
    return Scores(loss, dict(zip(metrics, rest, strict=True)))


@contextmanager
def in_mode(model: object, training: bool) -> Iterator[None]:
    """Put every module of `model` into training or evaluation mode; each is as it was afterwards."""
    modules = model.modules() if isinstance(model, Module) else []
    before = [module.training for module in modules]
    if isinstance(model, Module) and type(model).train is not Module.train:  # it may do more
        model.train(training)
    else:  # as that would do, which would look for them once more
        for module, mode in zip(modules, before, strict=True):
            if mode is not training:
                vars(module)["training"] = training
    try:
        yield
    finally:
        for module, mode in zip(modules, before, strict=True):
            if module.training is not mode:
                vars(module)["training"] = mode


def layers_of(model: object, parameters: Iterable[Value]) -> Groups:
    """Return `parameters` by the layer they belong to, named as in `state_dict` without the last word.

    What the model itself holds goes by its own name. What is no part of it is "parameters", and so is
    everything where the model has no `state_dict` because names clash: that is no reason not to train.
    """
    layer: dict[Value, str] = {}
    if isinstance(model, Module):
        with suppress(ValueError):
            for entry in reversed(entries_alone(model)):  # of several names the first stays
                name = entry.key.rpartition(".")[0] or entry.key
                layer |= dict.fromkeys(values(entry.cells), name)
    groups: Groups = {}
    for known, neighbours in groupby(parameters, layer.get):
        groups.setdefault(known or "parameters", []).extend(neighbours)
    return groups


def gradient_norms(groups: Groups) -> dict[str, float]:
    """Return the length of each layer's gradient; raises NotFiniteError where one is inf or nan."""
    norms = {name: math.hypot(*[p.grad for p in parameters]) for name, parameters in groups.items()}
    if not math.isfinite(sum(norms.values())):
        for name, norm in norms.items():
            if not math.isfinite(norm):
                raise NotFiniteError(f"the loss is finite, but the gradient of {name} is not")
    return norms
