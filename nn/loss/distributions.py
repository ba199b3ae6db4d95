"""Losses for outputs that describe a distribution."""

import math
from typing import Any, Literal, overload

from ...engine import Constant, Number, Value, exp, log, piecewise
from .shared import (
    Outputs,
    Reduced,
    Targets,
    Whole,
    check_positive,
    elementwise,
    is_recorded,
    paired,
    reduced,
    rows_of,
    weights_like,
)


@overload
def kl_div(
    input: Outputs,
    target: Targets,
    reduction: Literal["mean", "sum", "batchmean"] = ...,
    log_target: bool = ...,
) -> Value: ...
@overload
def kl_div(input: Outputs, target: Targets, reduction: str, log_target: bool = ...) -> Reduced: ...
def kl_div(input: Outputs, target: Targets, reduction: str = "mean", log_target: bool = False) -> Reduced:
    """Return the mean of t (log t - log p), the terms of the divergence of `target` from the outputs.

    input: log-probabilities, as `log_softmax` gives them.  target: probabilities of the same shape, or with
    log_target their logarithms.
    reduction: "mean" over all terms; "batchmean" is the divergence itself, the mean over the examples;
    "sum" or "none".
    Raises ValueError for negative targets and where the shapes differ.
    Source: Kullback and Leibler (1951); PyTorch, torch.nn.functional.kl_div.

    >>> from chainrule.engine import log_softmax
    >>> same = kl_div([log_softmax([Value(1.0), Value(1.0)])], [[0.5, 0.5]], reduction="batchmean")
    >>> round(same.data, 12)
    0.0
    """
    (rows, depth), (wanted, _) = paired("kl_div", input, target)
    term = _divergence_of_logs if log_target else _divergence
    terms = [[term(o, t) for o, t in zip(row, ts, strict=True)] for row, ts in zip(rows, wanted, strict=True)]
    if reduction == "batchmean":
        return reduced("kl_div", terms, depth, "sum") / (len(rows) if depth == 2 else len(rows[0]))
    return reduced("kl_div", terms, depth, reduction)


@piecewise
def _divergence(o: Value, t: Value | Number) -> Value:
    if not is_recorded(t) and not t >= 0.0:
        raise ValueError(f"kl_div takes target probabilities of zero or more, got {t!r}: see log_target")
    if t == 0.0:  # 0 log 0 is 0, whatever the outputs say
        return Constant(0.0)
    return t * (log(t) - o)


def _divergence_of_logs(o: Value, t: Value | Number) -> Value:
    return exp(t) * (t - o)


@overload
def poisson_nll_loss(
    input: Outputs,
    target: Targets,
    log_input: bool = ...,
    full: bool = ...,
    eps: float = ...,
    reduction: Whole = ...,
) -> Value: ...
@overload
def poisson_nll_loss(
    input: Outputs,
    target: Targets,
    log_input: bool = ...,
    full: bool = ...,
    eps: float = ...,
    *,
    reduction: str,
) -> Reduced: ...
def poisson_nll_loss(
    input: Outputs,
    target: Targets,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Reduced:
    """Return the mean negative log-likelihood of counts under Poisson distributions: e**o - t o.

    input: the logarithms of the expected counts; with log_input=False the counts, and o - t log(o + eps).
    target: the counts, zero or more, of the same shape.
    full: add Stirling's estimate of log t! for targets above 1, which no parameter depends on.
    Raises ValueError for negative targets and where the shapes differ.
    Source: PyTorch, torch.nn.functional.poisson_nll_loss.

    >>> poisson_nll_loss([Value(0.0)], [3]).data
    1.0
    """
    check_positive("poisson_nll_loss", "eps", eps, zero=True)

    def term(o: Value, t: Any) -> Value:
        if not is_recorded(t) and not t >= 0.0:
            raise ValueError(f"poisson_nll_loss takes counts of zero or more as targets, got {t!r}")
        loss: Value = exp(o) - t * o if log_input else o - t * log(o + eps)
        return loss + _stirling(t) if full else loss

    return elementwise("poisson_nll_loss", term, input, target, reduction)


@piecewise
def _stirling(t: Any) -> Any:
    """Return Stirling's estimate of log t! where t is above 1, else 0."""
    return t * log(t) - t + 0.5 * log(2.0 * math.pi * t) if t > 1.0 else 0.0


@overload
def gaussian_nll_loss(
    input: Outputs, target: Targets, var: Any, full: bool = ..., eps: float = ..., reduction: Whole = ...
) -> Value: ...
@overload
def gaussian_nll_loss(
    input: Outputs, target: Targets, var: Any, full: bool = ..., eps: float = ..., *, reduction: str
) -> Reduced: ...
def gaussian_nll_loss(
    input: Outputs,
    target: Targets,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Reduced:
    """Return the mean negative log-likelihood under normal distributions: (log var + (o - t)² / var) / 2.

    input: the means.  target: what was seen, of the same shape.  var: the variances, zero or more: Values
    or numbers of the same shape, or one number for all.
    full: add log(2 π) / 2.  eps: what a variance counts as at least.
    Raises ValueError for a negative variance and where the shapes differ.
    Source: Nix and Weigend (1994); PyTorch, torch.nn.functional.gaussian_nll_loss.

    >>> gaussian_nll_loss([Value(1.0)], [3.0], [Value(1.0)]).data
    2.0
    """
    owner = "gaussian_nll_loss"
    check_positive(owner, "eps", eps)
    (rows, depth), (wanted, _) = paired(owner, input, target)
    if rows_of(var)[1] == 0 and not isinstance(var, Value):
        variances = weights_like(owner, "var", var, rows, depth)
    else:
        given, _ = rows_of(var)
        same = [len(row) for row in given] == [len(row) for row in rows]
        variances = given if same else [given[0] * len(row) for row in rows] if isinstance(var, Value) else []
        if not variances:
            raise ValueError(f"{owner}: var must be one number or as many as there are outputs, got {var!r}")
    terms = []
    for row, ts, vs in zip(rows, wanted, variances, strict=True):
        terms.append([_gaussian(o, t, v, full, eps) for o, t, v in zip(row, ts, vs, strict=True)])
    return reduced(owner, terms, depth, reduction)


def _gaussian(o: Value, t: Any, v: Any, full: bool, eps: float) -> Value:
    if not is_recorded(v) and not v >= 0.0:
        raise ValueError(f"gaussian_nll_loss takes variances of zero or more, got {v!r}")
    v = _at_least(v, eps)
    loss: Value = 0.5 * (log(v) + (o - t) ** 2 / v)
    return loss + 0.5 * math.log(2.0 * math.pi) if full else loss


@piecewise
def _at_least(v: Any, eps: float) -> Any:
    """Return the variance, at least eps by its number alone: it still learns, as in PyTorch."""
    if v < eps:
        return v + (eps - v.data) if isinstance(v, Value) else eps
    return v
