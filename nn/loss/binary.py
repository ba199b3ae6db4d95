"""Losses for outputs that say yes or no."""

from typing import Any, overload

from ...engine import Number, Value, piecewise, softplus
from .shared import (
    Outputs,
    Reduced,
    Targets,
    Whole,
    check_probability,
    elementwise,
    is_recorded,
    paired,
    reduced,
    weights_like,
)


@overload
def log_loss(probabilities: Outputs, targets: Targets, reduction: Whole = ...) -> Value: ...
@overload
def log_loss(probabilities: Outputs, targets: Targets, reduction: str) -> Reduced: ...
def log_loss(probabilities: Outputs, targets: Targets, reduction: str = "sum") -> Reduced:
    """Return the binary cross-entropy, -(t log p + (1 - t) log(1 - p)), in nats.

    probabilities, targets: between 0 and 1; one of each, or lists of the same shape.
    reduction: "sum", "mean" or "none".
    inf where the probability of what happened is 0. Through a sigmoid output the delta is p - t; take
    `log_loss_from_logits` there, which is exact where the sigmoid has saturated.
    Raises ValueError for numbers outside 0 to 1 and for shapes that differ.

    >>> round(log_loss(Value(0.8), 1).data, 4)
    0.2231
    """
    return _cross_entropy("log_loss", "log_loss_from_logits", probabilities, targets, None, reduction)


@overload
def binary_cross_entropy(
    input: Outputs, target: Targets, weight: Any = ..., *, reduction: Whole = ...
) -> Value: ...
@overload
def binary_cross_entropy(
    input: Outputs, target: Targets, weight: Any = ..., *, reduction: str
) -> Reduced: ...
def binary_cross_entropy(
    input: Outputs, target: Targets, weight: Any = None, *, reduction: str = "mean"
) -> Reduced:
    """Return the mean binary cross-entropy of probabilities, -(t log p + (1 - t) log(1 - p)), in nats.

    input, target: between 0 and 1; one of each, or lists of the same shape.
    weight: of each term: a number, a list with one for each output of an example, or of the same shape.
    inf where the probability of what happened is 0; PyTorch ends at 100 there.
    Raises ValueError for numbers outside 0 to 1 and for shapes that differ.

    >>> round(binary_cross_entropy([Value(0.8), Value(0.5)], [1, 0]).data, 4)
    0.4581
    """
    owner, from_logits = "binary_cross_entropy", "binary_cross_entropy_with_logits"
    return _cross_entropy(owner, from_logits, input, target, weight, reduction)


def _cross_entropy(
    owner: str, from_logits: str, outputs: Outputs, targets: Targets, weight: Any, reduction: str
) -> Reduced:
    (rows, depth), (wanted, _) = paired(owner, outputs, targets)
    for p, t in _both(rows, wanted):
        check_probability(p, f"{owner} takes probabilities", f"for a raw score use {from_logits}")
        check_probability(t, f"{owner} takes targets", "0 or 1, or a probability")
    return _weighted(owner, _log_loss, rows, wanted, depth, weight, reduction)


@piecewise
def _log_loss(p: Value, t: Value | Number) -> Value:
    if t == 1:  # the other term is 0 * log(1 - p), which is nan at p = 1
        return -p.log()
    if t == 0:
        return -(1.0 - p).log()
    return -(t * p.log() + (1.0 - t) * (1.0 - p).log())


@overload
def log_loss_from_logits(logits: Outputs, targets: Targets, reduction: Whole = ...) -> Value: ...
@overload
def log_loss_from_logits(logits: Outputs, targets: Targets, reduction: str) -> Reduced: ...
def log_loss_from_logits(logits: Outputs, targets: Targets, reduction: str = "sum") -> Reduced:
    """Return the binary cross-entropy of sigmoid(logit), in nats, steady for any logit.

    logits: any real numbers, the values before the sigmoid.  targets: between 0 and 1.
    reduction: "sum", "mean" or "none".
    Computed as softplus(z) - t z, and as softplus(∓z) for targets 1 and 0; its delta is sigmoid(z) - t.
    Raises ValueError for targets outside 0 to 1 and for shapes that differ.

    >>> log_loss_from_logits(Value(-1000.0), 1).data
    1000.0
    """
    return _from_logits("log_loss_from_logits", logits, targets, None, reduction, None)


@overload
def binary_cross_entropy_with_logits(
    input: Outputs, target: Targets, weight: Any = ..., *, reduction: Whole = ..., pos_weight: Any = ...
) -> Value: ...
@overload
def binary_cross_entropy_with_logits(
    input: Outputs, target: Targets, weight: Any = ..., *, reduction: str, pos_weight: Any = ...
) -> Reduced: ...
def binary_cross_entropy_with_logits(
    input: Outputs, target: Targets, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
) -> Reduced:
    """Return the mean binary cross-entropy of sigmoid(logit), in nats, steady for any logit.

    input: any real numbers, the values before the sigmoid.  target: between 0 and 1, of the same shape.
    weight: of each term: a number, a list with one for each output of an example, or of the same shape.
    pos_weight: how much more a yes counts than a no, in the same forms; above 1 finds more of them.
    Its delta is sigmoid(z) - t.
    Raises ValueError for targets outside 0 to 1, for negative weights and for shapes that differ.

    >>> binary_cross_entropy_with_logits([Value(-1000.0)], [1], pos_weight=3.0).data
    3000.0
    """
    return _from_logits("binary_cross_entropy_with_logits", input, target, weight, reduction, pos_weight)


def _from_logits(
    owner: str, logits: Outputs, targets: Targets, weight: Any, reduction: str, pos_weight: Any
) -> Reduced:
    (rows, depth), (wanted, _) = paired(owner, logits, targets)
    for _, t in _both(rows, wanted):
        check_probability(t, f"{owner} takes targets", "0 or 1, or a probability")
    if pos_weight is None:
        return _weighted(owner, _logit_loss, rows, wanted, depth, weight, reduction)
    yes = weights_like(owner, "pos_weight", pos_weight, rows, depth)
    both = [list(zip(*pair, strict=True)) for pair in zip(wanted, yes, strict=True)]
    return _weighted(owner, _logit_loss_of_pair, rows, both, depth, weight, reduction)


@piecewise
def _logit_loss(z: Value, t: Value | Number) -> Value:
    if (is_recorded(t) or not isinstance(t, Value)) and t in (0, 1):  # exact also where the loss is tiny
        return softplus(-z) if t == 1 else softplus(z)
    return softplus(z) - t * z


def _logit_loss_of_pair(z: Value, target_and_weight: tuple[Value | Number, Number]) -> Value:
    return _weighted_logit_loss(z, *target_and_weight)


@piecewise
def _weighted_logit_loss(z: Value, t: Value | Number, yes: Number) -> Value:
    if (is_recorded(t) or not isinstance(t, Value)) and t in (0, 1):
        return yes * softplus(-z) if t == 1 else softplus(z)
    return yes * t * softplus(-z) + (1.0 - t) * softplus(z)


def _both(rows: list[list[Any]], wanted: list[list[Any]]) -> list[tuple[Any, Any]]:
    return [pair for row, other in zip(rows, wanted, strict=True) for pair in zip(row, other, strict=True)]


def _weighted(
    owner: str, term: Any, rows: Any, wanted: Any, depth: int, weight: Any, reduction: str
) -> Reduced:
    terms = [[term(o, t) for o, t in zip(row, ts, strict=True)] for row, ts in zip(rows, wanted, strict=True)]
    if weight is not None:
        weights = weights_like(owner, "weight", weight, rows, depth)
        terms = [
            [x * w for x, w in zip(row, ws, strict=True)] for row, ws in zip(terms, weights, strict=True)
        ]
    return reduced(owner, terms, depth, reduction)


@overload
def hinge(scores: Outputs, targets: Targets, reduction: Whole = ...) -> Value: ...
@overload
def hinge(scores: Outputs, targets: Targets, reduction: str) -> Reduced: ...
def hinge(scores: Outputs, targets: Targets, reduction: str = "sum") -> Reduced:
    """Return the sum of max(0, 1 - t * score).

    scores: any real numbers, their sign is the class.  targets: -1 and 1, of the same shape.
    reduction: "sum", "mean" or "none".
    The derivative at a margin of exactly 1 is 0.
    Raises ValueError for other targets and for shapes that differ.

    >>> hinge(Value(0.25), -1).data
    1.25
    """
    return elementwise("hinge", lambda s, t: (1.0 - _side("hinge", t) * s).relu(), scores, targets, reduction)


@overload
def squared_hinge(scores: Outputs, targets: Targets, reduction: Whole = ...) -> Value: ...
@overload
def squared_hinge(scores: Outputs, targets: Targets, reduction: str) -> Reduced: ...
def squared_hinge(scores: Outputs, targets: Targets, reduction: str = "sum") -> Reduced:
    """Return the sum of max(0, 1 - t * score)**2: a hinge without a corner.

    Arguments and errors as for `hinge`.

    >>> squared_hinge(Value(0.5), -1).data
    2.25
    """
    return elementwise(
        "squared_hinge",
        lambda s, t: (1.0 - _side("squared_hinge", t) * s).relu() ** 2,
        scores,
        targets,
        reduction,
    )


def _side(owner: str, t: Any) -> Any:
    if not is_recorded(t) and t not in (-1, 1):
        raise ValueError(f"{owner} takes targets -1 and 1, got {t!r}")
    return t
