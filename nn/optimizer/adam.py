"""Adam and AdamW."""

from functools import partial
from typing import ClassVar

from ...engine import maximum, sqrt
from .base import Numbers, Optimizer, Params, Rule, State, root_of
from .group import Check, flag, not_negative, two_below_one


def adam(
    p: Numbers,
    g: Numbers,
    state: State,
    *,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    amsgrad: bool,
    decoupled: bool = False,
) -> tuple[Numbers, State]:
    """Return p - lr * m / (sqrt(v) + eps), m and v being running means of g and g², made up for their start.

    decoupled: take the weight decay off the parameter itself, as AdamW does.
    """
    step, (beta1, beta2), zeros = state.get("step", 0) + 1, betas, [0.0] * len(p)
    if weight_decay != 0.0 and decoupled:
        kept = 1.0 - lr * weight_decay
        p = [kept * x for x in p]
    elif weight_decay != 0.0:
        g = [d + weight_decay * x for x, d in zip(p, g, strict=True)]
    new1, new2 = 1.0 - beta1, 1.0 - beta2
    m = [beta1 * u + new1 * d for u, d in zip(state.get("exp_avg", zeros), g, strict=True)]
    v = [beta2 * u + new2 * d * d for u, d in zip(state.get("exp_avg_sq", zeros), g, strict=True)]
    state = {"step": step, "exp_avg": m, "exp_avg_sq": v} | {
        name: state[name] for name in ("max_exp_avg_sq",) if name in state
    }
    if amsgrad:
        largest = state.get("max_exp_avg_sq", zeros)
        v = state["max_exp_avg_sq"] = [maximum(u, s) for u, s in zip(largest, v, strict=True)]
    # The means start at zero and are too small at first; these make up for it.
    rate, root, root_v = lr / (1.0 - beta1**step), sqrt(1.0 - beta2**step), root_of(v)
    return [x - rate * u / (root_v(s) / root + eps) for x, u, s in zip(p, m, v, strict=True)], state


_CHECKS: dict[str, Check] = {
    "lr": not_negative,
    "betas": two_below_one,
    "eps": not_negative,
    "weight_decay": not_negative,
    "amsgrad": flag,
}


class Adam(Optimizer):
    """Adam: steps scaled by running means of each parameter's gradient and of its square.

    lr: the learning rate.  betas: how slowly the two means forget, each 0 <= beta < 1.
    eps: added to the root, against division by zero.  weight_decay: adds this times the parameter to
    its gradient.  amsgrad: scale by the largest running mean of squares so far (Reddi et al., 2018).
    maximize: climb.
    Raises ValueError for settings outside their ranges, ZeroDivisionError in a step with an eps of 0
    while a gradient has only ever been 0.
    Source: Kingma and Ba, Adam (2015), algorithm 1; PyTorch, torch.optim.Adam.

    >>> from chainrule.engine import Value
    >>> w = Value(1.0)
    >>> (w * 3.0).backward()
    >>> Adam([w], lr=0.1).step()
    >>> round(w.data, 6)
    0.9
    """

    rule: ClassVar[Rule] = staticmethod(adam)
    checks = _CHECKS
    remembers = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")

    def __init__(
        self,
        params: Params,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, maximize, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad
        )


class AdamW(Adam):
    """Adam with the weight decay taken off the parameters themselves: p <- p - lr * weight_decay * p.

    So the decay is the same for all, where Adam's own is scaled down with large gradients.
    Arguments and errors as for `Adam`, with a weight_decay of 0.01.
    Source: Loshchilov and Hutter, Decoupled weight decay regularization (2019), algorithm 2; PyTorch,
    torch.optim.AdamW.

    >>> from chainrule.engine import Value
    >>> w = Value(1.0)
    >>> AdamW([w], lr=0.1, weight_decay=0.5).step()
    >>> w.data
    0.95
    """

    rule = partial(adam, decoupled=True)

    def __init__(
        self,
        params: Params,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
