"""Stochastic gradient descent."""

from .base import Numbers, Optimizer, Params, State
from .group import ParameterGroup, flag, not_negative


def sgd(
    p: Numbers,
    g: Numbers,
    state: State,
    *,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
) -> tuple[Numbers, State]:
    """Return p - lr * v, v being the gradient or, with momentum, its running sum."""
    if weight_decay != 0.0:
        g = [d + weight_decay * x for x, d in zip(p, g, strict=True)]
    if momentum != 0.0:
        v = state.get("momentum_buffer")
        added = 1.0 - dampening
        v = g if v is None else [momentum * u + added * d for u, d in zip(v, g, strict=True)]
        state = {"momentum_buffer": v}
        g = [d + momentum * u for u, d in zip(v, g, strict=True)] if nesterov else v
    return [x - lr * d for x, d in zip(p, g, strict=True)], state


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted: p <- p - lr * v, v <- momentum * v + gradient.

    lr: the learning rate.  momentum: how much of the last step's direction is kept, 0 to 1.
    dampening: how much of the gradient momentum leaves out.  weight_decay: adds this times the
    parameter to its gradient.  nesterov: look one step of momentum ahead.  maximize: climb.
    Raises ValueError for negative, infinite or NaN settings, and for nesterov without momentum.
    Source: PyTorch, torch.optim.SGD; Sutskever et al. (2013) for momentum.

    >>> from chainrule.engine import Value
    >>> w = Value(0.8)
    >>> loss = (w * 1.5 - 0.5) ** 2
    >>> loss.backward()
    >>> SGD([w], lr=0.1).step()
    >>> round(w.data, 4)
    0.59
    """

    rule = staticmethod(sgd)
    checks = {  # noqa: RUF012  # read only
        "lr": not_negative,
        "momentum": not_negative,
        "dampening": not_negative,
        "weight_decay": not_negative,
        "nesterov": flag,
    }
    remembers = ("momentum_buffer",)

    def __init__(
        self,
        params: Params,
        lr: float = 0.001,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            maximize,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )

    def _check_together(self, group: ParameterGroup) -> None:
        if group["nesterov"] and (group["momentum"] == 0.0 or group["dampening"] != 0.0):
            raise ValueError("SGD: nesterov needs a momentum and zero dampening")
