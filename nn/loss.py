"""Losses: how far an output is from its target, for one example.

Outputs are Values (or lists of them), targets plain numbers. All return one Value, the sum over the
outputs; `fit` takes the mean over the examples.
"""

import math
from collections.abc import Iterable, Sequence
from operator import index
from typing import SupportsIndex

from ..engine import Number, Value, dot, logsumexp, softplus, total
from ..engine.value import as_values

Outputs = Value | Iterable[Value]
Targets = Value | Number | Iterable[Value | Number]


def squared_error(outputs: Outputs, targets: Targets) -> Value:
    """Return the sum of (o - t)**2.

    outputs, targets: one of each, or two sequences of the same length, at least 1.
    Raises ValueError where the lengths differ.
    Its delta through a linear output is 2 (o - t).

    >>> squared_error([Value(1.2), Value(0.0)], [0.5, 1.0]).data
    1.49
    """
    return _sum([(o - t) ** 2 for o, t in _pairs(outputs, targets, "squared_error")])


def half_squared_error(outputs: Outputs, targets: Targets) -> Value:
    """Return half the sum of (o - t)**2, whose delta through a linear output is o - t.

    Arguments and errors as for `squared_error`.

    >>> half_squared_error(Value(3.0), 1.0).data
    2.0
    """
    return squared_error(outputs, targets) * 0.5


def log_loss(probabilities: Outputs, targets: Targets) -> Value:
    """Return the binary cross-entropy, -(t log p + (1 - t) log(1 - p)), in nats.

    probabilities, targets: between 0 and 1; one of each, or two sequences of the same length.
    inf where the probability of what happened is 0. Through a sigmoid output the delta is p - t; take
    `log_loss_from_logits` there, which is exact where the sigmoid has saturated.
    Raises ValueError for numbers outside 0 to 1 and for lengths that differ.

    >>> round(log_loss(Value(0.8), 1).data, 4)
    0.2231
    """
    pairs = _pairs(probabilities, targets, "log_loss")
    for p, t in pairs:
        _check_probability(p, "log_loss takes probabilities", "for a raw score use log_loss_from_logits")
        _check_probability(t, "log_loss takes targets", "0 or 1, or a probability")
    return _sum([_log_loss(p, t) for p, t in pairs])


def _log_loss(p: Value, t: Value | Number) -> Value:
    if t == 1:  # the other term is 0 * log(1 - p), which is nan at p = 1
        return -p.log()
    if t == 0:
        return -(1.0 - p).log()
    return -(t * p.log() + (1.0 - t) * (1.0 - p).log())


def log_loss_from_logits(logits: Outputs, targets: Targets) -> Value:
    """Return the binary cross-entropy of sigmoid(logit), in nats, steady for any logit.

    logits: any real numbers, the values before the sigmoid.  targets: between 0 and 1.
    Computed as softplus(z) - t z; its delta is sigmoid(z) - t.
    Raises ValueError for targets outside 0 to 1 and for lengths that differ.

    >>> log_loss_from_logits(Value(-1000.0), 1).data
    1000.0
    """
    pairs = _pairs(logits, targets, "log_loss_from_logits")
    for _, t in pairs:
        _check_probability(t, "log_loss_from_logits takes targets", "0 or 1, or a probability")
    return _sum([softplus(z) - t * z for z, t in pairs])


def softmax_cross_entropy(logits: Sequence[Value], target: SupportsIndex | Iterable[Number]) -> Value:
    """Return the negative log-likelihood of `target` under softmax(logits), in nats.

    logits: at least one, any real numbers (not probabilities).
    target: the class, 0 <= target < len(logits), or a probability for each class (one-hot, say).
    Steady for large logits; the delta of logit i is softmax_i - t_i.
    Raises ValueError for a target outside the classes or of the wrong length.
    Source: Goodfellow et al., Deep Learning (2016), section 6.2.2.3.

    >>> round(softmax_cross_entropy([Value(0.0), Value(0.0)], 0).data, 4)
    0.6931
    """
    if isinstance(logits, Value):
        raise TypeError("softmax_cross_entropy needs a list of logits, one for each class, got one Value")
    n = len(logits)
    if isinstance(target, Iterable) and not isinstance(target, str) and getattr(target, "ndim", 1) == 1:
        probabilities = list(target)
        for probability in probabilities:
            _check_probability(
                probability, "softmax_cross_entropy takes target probabilities", "one for each class"
            )
        if len(probabilities) != n:
            raise ValueError(
                f"softmax_cross_entropy has {n} classes but {len(probabilities)} target probabilities"
            )
        return logsumexp(logits) * math.fsum(probabilities) - dot(logits, probabilities)
    if not isinstance(target, SupportsIndex) or isinstance(target, bool) or not 0 <= index(target) < n:
        raise ValueError(
            f"softmax_cross_entropy has {n} classes, 0 to {n - 1}, got target {target!r}: "
            "pass the number of the class or a probability for each"
        )
    return logsumexp(logits) - logits[index(target)]


def hinge(scores: Outputs, targets: Targets) -> Value:
    """Return the sum of max(0, 1 - t * score).

    scores: any real numbers.  targets: -1 or 1; one of each, or two sequences of the same length.
    Raises ValueError for other targets and for lengths that differ.
    Source: Cortes and Vapnik, Support-Vector Networks (1995).

    >>> hinge(Value(0.25), -1).data
    1.25
    """
    pairs = _pairs(scores, targets, "hinge")
    for _, t in pairs:
        if t not in (-1, 1):
            raise ValueError(f"hinge takes targets -1 and 1, got {t!r}")
    return _sum([(1.0 - t * score).relu() for score, t in pairs])


def l2(parameters: Iterable[Value]) -> Value:
    """Return the sum of the squares of `parameters`: a penalty on large weights, as one value.

    >>> l2([Value(3.0), Value(4.0)]).data
    25.0
    """
    held = tuple(parameters)
    return dot(held, held)


def _pairs(outputs: Outputs, targets: Targets, loss: str) -> list[tuple[Value, Value | Number]]:
    """Return (output, target) for each output, whether one or several of them are given."""
    many = as_values(outputs if isinstance(outputs, Iterable) else [outputs], loss)
    wanted = list(targets) if isinstance(targets, Iterable) else [targets]
    if len(many) != len(wanted):
        raise ValueError(f"{loss} got {len(many)} outputs and {len(wanted)} targets")
    if not many:
        raise ValueError(f"{loss} needs at least one output, got none")
    return list(zip(many, wanted, strict=True))


def _sum(terms: list[Value]) -> Value:
    """Return the sum of one or more terms; of one, the term itself and no node that adds nothing."""
    return terms[0] if len(terms) == 1 else total(terms)


def _check_probability(number: Value | Number, takes: str, way_out: str) -> None:
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{takes} between 0 and 1, got {number!r}: {way_out}")
