"""Losses for outputs of which one class is right."""

from collections.abc import Iterable, Sequence
from operator import index
from typing import Any, SupportsIndex, overload

from ...engine import Number, Value, dot, fsum, logsumexp, take
from ...engine.value import as_values
from .shared import Reduced, Whole, check_probability, check_weight, is_list, is_recorded, summed


def softmax_cross_entropy(logits: Sequence[Value], target: SupportsIndex | Iterable[Number]) -> Value:
    """Return the negative log-likelihood of `target` under softmax(logits), in nats.

    logits: at least one, any real numbers (not probabilities).
    target: the class, 0 <= target < len(logits), or a probability for each class (one-hot, say).
    Steady for large logits; the delta of logit i is softmax_i - t_i. `cross_entropy` does the same, and
    weights, smoothing and several examples at a time.
    Raises ValueError for a target outside the classes or of the wrong length.
    Source: Goodfellow et al., Deep Learning (2016), section 6.2.2.3.

    >>> round(softmax_cross_entropy([Value(0.0), Value(0.0)], 0).data, 4)
    0.6931
    """
    owner = "softmax_cross_entropy"
    return _of_logits(owner, _classes(owner, "logits", logits), target, None, 0.0)


@overload
def cross_entropy(
    input: Sequence[Any],
    target: Any,
    weight: Sequence[Number] | None = ...,
    *,
    ignore_index: int = ...,
    reduction: Whole = ...,
    label_smoothing: float = ...,
) -> Value: ...
@overload
def cross_entropy(
    input: Sequence[Any],
    target: Any,
    weight: Sequence[Number] | None = ...,
    *,
    ignore_index: int = ...,
    reduction: str,
    label_smoothing: float = ...,
) -> Reduced: ...
def cross_entropy(
    input: Sequence[Any],
    target: Any,
    weight: Sequence[Number] | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Reduced:
    """Return the mean negative log-likelihood of the targets under softmax(logits), in nats.

    input: the logits of one example, any real numbers (not probabilities), or a list of such lists.
    target: the class of the example, or a probability for each class; of several, a list of either.
    weight: of each class. The mean is then divided by the weights of the targets, as in PyTorch.
    ignore_index: a target that does not count.  reduction: "mean", "sum" or "none".
    label_smoothing: this share of the target, 0 to 1, is spread over all classes.
    Steady for large logits; the delta of logit i is softmax_i - t_i for one example.
    Raises ValueError for targets outside the classes and for lists of the wrong length.
    Source: Szegedy et al. (2016) for smoothing; PyTorch, torch.nn.functional.cross_entropy.

    >>> logits = [[Value(2.0), Value(0.0)], [Value(0.0), Value(0.0)]]
    >>> round(cross_entropy(logits, [0, 1]).data, 4)
    0.41
    """
    owner = "cross_entropy"
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"{owner}: label_smoothing must be between 0 and 1, got {label_smoothing!r}")
    rows, targets, many = _examples(owner, "logits", input, target)
    losses: list[Value | None] = []
    divisor = 0.0
    for logits, wanted in zip(rows, targets, strict=True):
        weights = _weights(owner, weight, len(logits))
        if _is_class(wanted) and index(wanted) == ignore_index:
            losses.append(None)
            continue
        losses.append(_of_logits(owner, logits, wanted, weights, label_smoothing))
        divisor += weights[index(wanted)] if weights is not None and _is_class(wanted) else 1.0
    return _reduced(owner, losses, divisor, many, reduction)


@overload
def nll_loss(
    input: Sequence[Any],
    target: Any,
    weight: Sequence[Number] | None = ...,
    *,
    ignore_index: int = ...,
    reduction: Whole = ...,
) -> Value: ...
@overload
def nll_loss(
    input: Sequence[Any],
    target: Any,
    weight: Sequence[Number] | None = ...,
    *,
    ignore_index: int = ...,
    reduction: str,
) -> Reduced: ...
def nll_loss(
    input: Sequence[Any],
    target: Any,
    weight: Sequence[Number] | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Reduced:
    """Return the mean of -log p for the targets' classes, given log-probabilities.

    input: the log-probabilities of one example, as `log_softmax` gives them, or a list of such lists.
    target, weight, ignore_index, reduction, errors: as for `cross_entropy`, with classes as targets.
    `cross_entropy` does both steps at once.

    >>> nll_loss([Value(-0.5), Value(-1.0)], 1).data
    1.0
    """
    owner = "nll_loss"
    rows, targets, many = _examples(owner, "log-probabilities", input, target)
    losses: list[Value | None] = []
    divisor = 0.0
    for logs, wanted in zip(rows, targets, strict=True):
        weights = _weights(owner, weight, len(logs))
        if _is_class(wanted) and index(wanted) == ignore_index:
            losses.append(None)
            continue
        if is_recorded(wanted) and weights is None:
            losses.append(-take(logs, wanted))
            divisor += 1.0
            continue
        place = _class_in(owner, wanted, len(logs))
        factor = 1.0 if weights is None else weights[place]
        losses.append(logs[place] * -factor)
        divisor += factor
    return _reduced(owner, losses, divisor, many, reduction)


def _of_logits(
    owner: str, logits: Sequence[Value], target: Any, weights: list[float] | None, smoothing: float
) -> Value:
    """Return the loss of one example, weighted."""
    n = len(logits)
    if is_list(target):
        shares = list(target)
        for share in shares:
            check_probability(share, f"{owner} takes target probabilities", "one for each class")
        if len(shares) != n:
            raise ValueError(f"{owner} has {n} classes but {len(shares)} target probabilities")
        if smoothing:
            shares = [share * (1.0 - smoothing) + smoothing / n for share in shares]
        if weights is not None:
            shares = [share * weight for share, weight in zip(shares, weights, strict=True)]
    else:
        if is_recorded(target) and weights is None and not smoothing:
            return logsumexp(logits) - take(logits, target)
        place = _class_in(owner, target, n)
        factor = 1.0 if weights is None else weights[place]
        if not smoothing:
            loss = logsumexp(logits) - logits[place]
            return loss if factor == 1.0 else loss * factor
        shares = [smoothing / n * (1.0 if weights is None else weight) for weight in weights or [1.0] * n]
        shares[place] += (1.0 - smoothing) * factor
    # A class of no share is left out: a logit of -inf there does no harm.
    both = zip(logits, shares, strict=True)
    counted = [(z, share) for z, share in both if is_recorded(share) or share != 0.0]
    whole: Value = logsumexp(logits) * fsum(shares) - dot([z for z, _ in counted], [s for _, s in counted])
    return whole


def _reduced(owner: str, losses: list[Value | None], divisor: float, many: bool, reduction: str) -> Reduced:
    """Return the examples' losses as `reduction` says; the mean is their sum over `divisor`."""
    counted = [loss for loss in losses if loss is not None]
    if reduction == "none":
        shown = [Value(0.0) if loss is None else loss for loss in losses]
        return shown if many else shown[0]
    if reduction not in ("mean", "sum"):
        raise ValueError(f"{owner}: reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
    whole = summed(counted) if counted else Value(0.0)
    return whole if reduction == "sum" or divisor == 1.0 else whole / divisor


def _examples(
    owner: str, what: str, outputs: Any, targets: Any
) -> tuple[list[tuple[Value, ...]], list[Any], bool]:
    """Return a row of Values for each example, the targets, and whether several examples are given."""
    if is_list(outputs):
        outputs = list(outputs)
        if outputs and is_list(outputs[0]):
            wanted = list(targets) if is_list(targets) else [targets]
            if len(wanted) != len(outputs):
                raise ValueError(f"{owner} got {len(outputs)} examples and {len(wanted)} targets")
            return [_classes(owner, what, row) for row in outputs], wanted, True
    return [_classes(owner, what, outputs)], [targets], False


def _classes(owner: str, what: str, outputs: Any) -> tuple[Value, ...]:
    if not is_list(outputs):
        shown = "one Value" if isinstance(outputs, Value) else repr(outputs)
        raise TypeError(f"{owner} needs a list of {what}, one for each class, got {shown}")
    values = as_values(outputs, owner)
    if not values:
        raise ValueError(f"{owner} needs at least one class, got none")
    return values


def _weights(owner: str, weight: Any, classes: int) -> list[float] | None:
    if weight is None:
        return None
    weights = list(weight) if is_list(weight) else [weight]
    if len(weights) != classes:
        raise ValueError(f"{owner} has {classes} classes but {len(weights)} weights")
    for number in weights:
        check_weight(owner, "weight", number)
    return [float(number) for number in weights]


def _is_class(target: object) -> bool:
    if isinstance(target, bool) or not isinstance(target, SupportsIndex):
        return False
    try:
        index(target)
    except TypeError:  # an array may have the method and no single whole number
        return False
    return True


def _class_in(owner: str, target: Any, classes: int) -> int:
    if is_recorded(target):
        return index(target)  # which says that it is not known
    if not _is_class(target) or not 0 <= index(target) < classes:
        raise ValueError(
            f"{owner} has {classes} classes, 0 to {classes - 1}, got target {target!r}: "
            "pass the number of the class or a probability for each"
        )
    return index(target)
