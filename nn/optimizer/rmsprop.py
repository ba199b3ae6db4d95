"""RMSprop."""

from ...engine import maximum
from .base import Numbers, Optimizer, Params, State, root_of
from .group import below_one, flag, not_negative


def rmsprop(
    p: Numbers,
    g: Numbers,
    state: State,
    *,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
) -> tuple[Numbers, State]:
    """Return p - lr * g / (sqrt(v) + eps), v being a running mean of g²; with momentum, of their sum."""
    zeros = [0.0] * len(p)
    if weight_decay != 0.0:
        g = [d + weight_decay * x for x, d in zip(p, g, strict=True)]
    new = 1.0 - alpha
    v = [alpha * u + new * d * d for u, d in zip(state.get("square_avg", zeros), g, strict=True)]
    state = {**state, "step": state.get("step", 0) + 1, "square_avg": v}
    if centered:  # the variance in place of the mean square; rounding may take it a little below zero
        m = [alpha * u + new * d for u, d in zip(state.get("grad_avg", zeros), g, strict=True)]
        state["grad_avg"] = m
        v = [maximum(u - a * a, 0.0) for u, a in zip(v, m, strict=True)]
    sqrt = root_of(v)
    g = [d / (sqrt(u) + eps) for d, u in zip(g, v, strict=True)]
    if momentum > 0.0:
        g = [momentum * u + d for u, d in zip(state.get("momentum_buffer", zeros), g, strict=True)]
        state["momentum_buffer"] = g
    return [x - lr * d for x, d in zip(p, g, strict=True)], state


class RMSprop(Optimizer):
    """Steps scaled by the root of a running mean of each parameter's squared gradient.

    lr: the learning rate.  alpha: how slowly the mean forgets, 0 <= alpha < 1.  eps: added to the root.
    weight_decay: adds this times the parameter to its gradient.  momentum: how much of the last step's
    direction is kept.  centered: scale by the variance of the gradient.  maximize: climb.
    Raises ValueError for settings outside their ranges, ZeroDivisionError in a step with an eps of 0
    while a gradient has only ever been 0.
    Source: Hinton, Neural networks for machine learning (2012), lecture 6; Graves (2013) for centered;
    PyTorch, torch.optim.RMSprop.

    >>> from chainrule.engine import Value
    >>> w = Value(1.0)
    >>> (w * 3.0).backward()
    >>> RMSprop([w], lr=0.1, alpha=0.75).step()
    >>> round(w.data, 6)
    0.8
    """

    rule = staticmethod(rmsprop)
    checks = {  # noqa: RUF012  # read only
        "lr": not_negative,
        "alpha": below_one,
        "eps": not_negative,
        "weight_decay": not_negative,
        "momentum": not_negative,
        "centered": flag,
    }
    remembers = ("square_avg", "grad_avg", "momentum_buffer")

    def __init__(
        self,
        params: Params,
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            maximize,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )
