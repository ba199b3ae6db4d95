"""The losses that are made of terms, one for each output."""

from functools import partial
from typing import Any

from chainrule.nn import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    gaussian_nll_loss,
    half_squared_error,
    huber_loss,
    kl_div,
    l1_loss,
    log_loss,
    log_loss_from_logits,
    mse_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    squared_error,
)

ELEMENTWISE: list[Any] = [
    squared_error,
    half_squared_error,
    mse_loss,
    l1_loss,
    huber_loss,
    smooth_l1_loss,
    log_loss,
    binary_cross_entropy,
    log_loss_from_logits,
    binary_cross_entropy_with_logits,
    poisson_nll_loss,
    kl_div,
    partial(gaussian_nll_loss, var=1.0),
]


def name_of(loss: Any) -> str:
    """Return what a loss is called, as its errors call it."""
    return str(getattr(loss, "func", loss).__name__)
