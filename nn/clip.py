"""Keeping gradients from growing too large, between `backward()` and `step()`."""

import math
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

from ..engine import NotFiniteError, Value
from .optimizer.base import gradients_of
from .optimizer.group import not_negative


def clip_grad_norm(
    parameters: Value | Iterable[Value],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> float:
    """Scale the gradients of `parameters` down to a norm of `max_norm` at most; return the norm they had.

    parameters: one Value or several; all their gradients together make one vector.
    norm_type: 2 for the Euclidean norm, inf for the largest size, or another number above 0.
    error_if_nonfinite: raise NotFiniteError, with nothing changed, where the norm is inf or nan. Else
    gradients are scaled by it all the same, as in PyTorch: what was inf becomes nan.
    Raises ValueError for a negative or infinite max_norm and for norm_type of 0 or less.
    Source: Pascanu, Mikolov and Bengio (2013); PyTorch, torch.nn.utils.clip_grad_norm_.

    >>> a, b = Value(1.0), Value(1.0)
    >>> (3.0 * a + 4.0 * b).backward()
    >>> clip_grad_norm([a, b], max_norm=1.0), round(a.grad, 4), round(b.grad, 4)
    (5.0, 0.6, 0.8)
    """
    max_norm = not_negative("clip_grad_norm", "max_norm", max_norm)
    held = _held(parameters, "clip_grad_norm")
    gradients = gradients_of(held)
    norm = _norm(gradients, norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        raise NotFiniteError(
            f"clip_grad_norm: the norm of the gradients is {norm}, which cannot be scaled to {max_norm:g}; "
            "error_if_nonfinite=False scales them by it all the same"
        )
    factor = clip_factor(norm, max_norm)
    if not factor >= 1.0:  # nan too
        for parameter, gradient in zip(held, gradients, strict=True):
            parameter.grad = gradient * factor
    return norm


def clip_factor(norm: float, max_norm: float) -> float:
    """Return what takes gradients of this norm to `max_norm`; 1 or more where they are shorter already."""
    return max_norm / (norm + 1e-6)


def clip_grad_value(parameters: Value | Iterable[Value], clip_value: float) -> None:
    """Bring each gradient of `parameters` between -clip_value and clip_value; nan stays nan.

    Raises ValueError for a negative or infinite clip_value.
    Source: PyTorch, torch.nn.utils.clip_grad_value_.

    >>> a = Value(1.0)
    >>> (3.0 * a).backward()
    >>> clip_grad_value([a], 0.5)
    >>> a.grad
    0.5
    """
    limit = not_negative("clip_grad_value", "clip_value", clip_value)
    held = _held(parameters, "clip_grad_value")
    for parameter, gradient in zip(held, gradients_of(held), strict=True):
        if abs(gradient) > limit:
            parameter.grad = math.copysign(limit, gradient)


clip_grad_norm_ = clip_grad_norm
"""PyTorch's name."""
clip_grad_value_ = clip_grad_value
"""PyTorch's name."""


def _held(parameters: Value | Iterable[Value], what: str) -> list[Value]:
    held: Any = [parameters] if isinstance(parameters, Value) else parameters
    if not isinstance(held, Iterable) or isinstance(held, str):
        raise TypeError(f"{what} takes a list of Values, got {parameters!r}: pass model.parameters()")
    values: list[Value] = list(held)
    for value in values:
        if not isinstance(value, Value):
            raise TypeError(f"{what} takes Values, got {value!r}")
    return values


def _norm(gradients: Sequence[float], norm_type: float) -> float:
    """Return the norm of `gradients`, 0 for none; steady for huge and for tiny ones."""
    is_number = isinstance(norm_type, Real) and not isinstance(norm_type, bool)
    if not (is_number and norm_type > 0.0):
        raise ValueError(f"clip_grad_norm: norm_type must be a number above 0 or inf, got {norm_type!r}")
    if norm_type == 2.0:
        return math.hypot(*gradients)
    sizes = [abs(gradient) for gradient in gradients]
    if any(size != size for size in sizes):
        return math.nan
    largest = max(sizes, default=0.0)
    if norm_type == math.inf or largest in (0.0, math.inf):
        return largest
    whole: float = math.fsum([(size / largest) ** norm_type for size in sizes]) ** (1.0 / norm_type)
    return largest * whole
