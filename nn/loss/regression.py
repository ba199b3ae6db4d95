"""Losses for outputs that are numbers or vectors."""

from collections.abc import Iterable, Sequence
from typing import Any, overload

from ...engine import Number, Value, clip, dot, maximum, norm
from ...engine.value import as_values
from .shared import Outputs, Reduced, Targets, Whole, check_positive, elementwise, is_list, reduced


@overload
def squared_error(outputs: Outputs, targets: Targets, reduction: Whole = ...) -> Value: ...
@overload
def squared_error(outputs: Outputs, targets: Targets, reduction: str) -> Reduced: ...
def squared_error(outputs: Outputs, targets: Targets, reduction: str = "sum") -> Reduced:
    """Return the sum of (o - t)**2.

    outputs, targets: one of each, or lists of the same shape.  reduction: "sum", "mean" or "none".
    Raises ValueError where the shapes differ.
    Its delta through a linear output is 2 (o - t).

    >>> squared_error([Value(1.2), Value(0.0)], [0.5, 1.0]).data
    1.49
    """
    return elementwise("squared_error", _square, outputs, targets, reduction)


@overload
def half_squared_error(outputs: Outputs, targets: Targets, reduction: Whole = ...) -> Value: ...
@overload
def half_squared_error(outputs: Outputs, targets: Targets, reduction: str) -> Reduced: ...
def half_squared_error(outputs: Outputs, targets: Targets, reduction: str = "sum") -> Reduced:
    """Return half the sum of (o - t)**2, whose delta through a linear output is o - t.

    Arguments and errors as for `squared_error`.

    >>> half_squared_error(Value(3.0), 1.0).data
    2.0
    """
    if reduction == "none":
        return elementwise(
            "half_squared_error", lambda o, t: _square(o, t) * 0.5, outputs, targets, reduction
        )
    return elementwise("half_squared_error", _square, outputs, targets, reduction) * 0.5


@overload
def mse_loss(input: Outputs, target: Targets, reduction: Whole = ...) -> Value: ...
@overload
def mse_loss(input: Outputs, target: Targets, reduction: str) -> Reduced: ...
def mse_loss(input: Outputs, target: Targets, reduction: str = "mean") -> Reduced:
    """Return the mean of (o - t)**2.

    input, target: one number of each, or lists of the same shape.  reduction: "mean", "sum" or "none".
    Raises ValueError where the shapes differ. Source: PyTorch, torch.nn.functional.mse_loss.

    >>> mse_loss([Value(1.5), Value(0.0)], [0.5, 2.0]).data
    2.5
    """
    return elementwise("mse_loss", _square, input, target, reduction)


def _square(o: Value, t: Value | Number) -> Value:
    return (o - t) ** 2


@overload
def l1_loss(input: Outputs, target: Targets, reduction: Whole = ...) -> Value: ...
@overload
def l1_loss(input: Outputs, target: Targets, reduction: str) -> Reduced: ...
def l1_loss(input: Outputs, target: Targets, reduction: str = "mean") -> Reduced:
    """Return the mean of |o - t|; its derivative where they are equal is 0.

    Arguments and errors as for `mse_loss`.

    >>> l1_loss([Value(1.5), Value(0.0)], [0.5, 2.0]).data
    1.5
    """
    return elementwise("l1_loss", lambda o, t: abs(o - t), input, target, reduction)


@overload
def huber_loss(input: Outputs, target: Targets, reduction: Whole = ..., delta: float = ...) -> Value: ...
@overload
def huber_loss(input: Outputs, target: Targets, reduction: str, delta: float = ...) -> Reduced: ...
def huber_loss(input: Outputs, target: Targets, reduction: str = "mean", delta: float = 1.0) -> Reduced:
    """Return the mean of d²/2 for |d| <= delta and delta (|d| - delta/2) beyond, d = o - t.

    A square near the target and a straight line far from it, so that outliers pull no harder than delta.
    delta: above 0; other arguments and errors as for `mse_loss`.
    Source: Huber, Robust estimation of a location parameter (1964).

    >>> huber_loss([Value(0.5), Value(3.0)], [0.0, 0.0], reduction="sum").data
    2.625
    """
    check_positive("huber_loss", "delta", delta)
    return elementwise("huber_loss", lambda o, t: _huber(o - t, delta), input, target, reduction)


def _huber(d: Value, delta: float) -> Value:
    inner = clip(d, -delta, delta)
    return inner * (d - 0.5 * inner)


@overload
def smooth_l1_loss(input: Outputs, target: Targets, reduction: Whole = ..., beta: float = ...) -> Value: ...
@overload
def smooth_l1_loss(input: Outputs, target: Targets, reduction: str, beta: float = ...) -> Reduced: ...
def smooth_l1_loss(input: Outputs, target: Targets, reduction: str = "mean", beta: float = 1.0) -> Reduced:
    """Return the mean of d²/(2 beta) for |d| <= beta and |d| - beta/2 beyond, d = o - t.

    It is huber_loss / beta, and l1_loss for a beta of 0. beta: zero or more; other arguments and errors
    as for `mse_loss`. Source: Girshick, Fast R-CNN (2015), equation 3.

    >>> smooth_l1_loss([Value(0.5), Value(3.0)], [0.0, 0.0], reduction="sum").data
    2.625
    """
    check_positive("smooth_l1_loss", "beta", beta, zero=True)
    if beta == 0.0:
        return elementwise("smooth_l1_loss", lambda o, t: abs(o - t), input, target, reduction)
    return elementwise("smooth_l1_loss", lambda o, t: _huber(o - t, beta) / beta, input, target, reduction)


def cosine_similarity(x1: Sequence[Value], x2: Sequence[Value | Number], eps: float = 1e-8) -> Value:
    """Return the cosine of the angle between two vectors: x1 · x2 / (|x1| |x2|).

    x1, x2: of the same length, at least 1.  eps: what a length counts as at least.
    Raises ValueError where the lengths differ. Source: PyTorch, torch.nn.functional.cosine_similarity.

    >>> round(cosine_similarity([Value(1.0), Value(0.0)], [1.0, 1.0]).data, 4)
    0.7071
    """
    first, second = _vectors("cosine_similarity", x1, x2)
    return dot(first, second) / (maximum(norm(first), eps) * maximum(norm(second), eps))


@overload
def cosine_embedding_loss(
    input1: Sequence[Any], input2: Sequence[Any], target: Any, margin: float = ..., reduction: Whole = ...
) -> Value: ...
@overload
def cosine_embedding_loss(
    input1: Sequence[Any], input2: Sequence[Any], target: Any, margin: float = ..., *, reduction: str
) -> Reduced: ...
def cosine_embedding_loss(
    input1: Sequence[Any], input2: Sequence[Any], target: Any, margin: float = 0.0, reduction: str = "mean"
) -> Reduced:
    """Return 1 - cos for pairs that belong together (target 1), max(0, cos - margin) for others (-1).

    input1, input2: two vectors of the same length, or two lists of such vectors.  target: 1 or -1, or a
    list with one for each pair.  margin: -1 to 1.  reduction: "mean", "sum" or "none".
    Raises ValueError for other targets and where lengths differ.
    Source: PyTorch, torch.nn.functional.cosine_embedding_loss.

    >>> round(cosine_embedding_loss([Value(1.0), Value(0.0)], [1.0, 1.0], 1).data, 4)
    0.2929
    """
    owner = "cosine_embedding_loss"
    many = is_list(target)
    firsts, seconds, targets = (input1, input2, target) if many else ([input1], [input2], [target])
    if not len(firsts) == len(seconds) == len(targets) or len(targets) == 0:
        raise ValueError(f"{owner} got {len(firsts)} and {len(seconds)} vectors and {len(targets)} targets")
    if not -1.0 <= margin <= 1.0:
        raise ValueError(f"{owner}: margin must be between -1 and 1, got {margin!r}")
    terms = []
    for x, y, t in zip(firsts, seconds, targets, strict=True):
        if t not in (-1, 1):
            raise ValueError(f"{owner} takes targets -1 and 1, got {t!r}")
        a, b = _vectors(owner, x, y)
        cosine = dot(a, b) / ((dot(a, a) + 1e-12) * (dot(b, b) + 1e-12)).sqrt()
        terms.append(1.0 - cosine if t == 1 else (cosine - margin).relu())
    return reduced(owner, [terms], int(many), reduction)


def _vectors(owner: str, x1: Any, x2: Any) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    if not is_list(x1) or not is_list(x2):
        raise TypeError(f"{owner} takes two vectors, lists of Values, got {x1!r} and {x2!r}")
    first, second = as_values(x1, owner), as_values(x2, owner)
    if len(first) != len(second) or not first:
        raise ValueError(f"{owner} needs two vectors of the same length, got {len(first)} and {len(second)}")
    return first, second


def l2(parameters: Iterable[Value]) -> Value:
    """Return the sum of the squares of `parameters`: a penalty on large weights, as one value.

    Raises TypeError for what is not several numbers, a model say: pass its `parameters()`.

    >>> l2([Value(3.0), Value(4.0)]).data
    25.0
    """
    if not isinstance(parameters, Iterable):
        raise TypeError(f"l2 takes a list of Values, got {parameters!r}: pass model.parameters()")
    held = tuple(parameters)
    return dot(held, held)
