"""Adagrad."""

from .base import Numbers, Optimizer, Params, State, root_of
from .group import not_negative


def adagrad(
    p: Numbers,
    g: Numbers,
    state: State,
    *,
    lr: float,
    lr_decay: float,
    weight_decay: float,
    initial_accumulator_value: float,
    eps: float,
) -> tuple[Numbers, State]:
    """Return p - lr * g / (sqrt(s) + eps), s being the sum of all g² so far."""
    if weight_decay != 0.0:
        g = [d + weight_decay * x for x, d in zip(p, g, strict=True)]
    step, start = state.get("step", 0) + 1, [initial_accumulator_value] * len(p)
    s = [u + d * d for u, d in zip(state.get("sum", start), g, strict=True)]
    rate = lr / (1.0 + (step - 1) * lr_decay)
    sqrt = root_of(s)
    p = [x - rate * d / (sqrt(u) + eps) for x, d, u in zip(p, g, s, strict=True)]
    return p, {"step": step, "sum": s}


class Adagrad(Optimizer):
    """Steps scaled by the root of the sum of each parameter's squared gradients so far: they shrink.

    lr: the learning rate.  lr_decay: divides it by 1 + lr_decay * (steps taken).  weight_decay: adds this
    times the parameter to its gradient.  initial_accumulator_value: where the sums start.
    eps: added to the root.  maximize: climb.
    Raises ValueError for settings outside their ranges, ZeroDivisionError in a step with an eps of 0
    while a gradient has only ever been 0.
    Source: Duchi, Hazan and Singer, Adaptive subgradient methods (2011); PyTorch, torch.optim.Adagrad.

    >>> from chainrule.engine import Value
    >>> w = Value(1.0)
    >>> (w * 3.0).backward()
    >>> Adagrad([w], lr=0.1).step()
    >>> round(w.data, 6)
    0.9
    """

    rule = staticmethod(adagrad)
    checks = {  # noqa: RUF012  # read only
        "lr": not_negative,
        "lr_decay": not_negative,
        "weight_decay": not_negative,
        "initial_accumulator_value": not_negative,
        "eps": not_negative,
    }
    remembers = ("sum",)

    def __init__(
        self,
        params: Params,
        lr: float = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            maximize,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )
