"""L-BFGS, by SciPy."""

from collections.abc import Callable, Mapping
from numbers import Real
from operator import index
from typing import Any, SupportsIndex

from ...engine import Value, enable_grad
from .base import Optimizer, Params, gradients_of
from .group import not_negative


class LBFGS(Optimizer):
    """Quasi-Newton steps for small problems whose loss is computed on all examples: SciPy's L-BFGS-B.

    Each `step(closure)` is a minimisation of its own, of up to `max_iter` iterations with as many
    evaluations of the closure as the line search needs; the next one learns the curvature anew. It ends
    at the best point it has seen, also when the closure raises an exception or Ctrl-C is pressed. SciPy's
    own report is in `result`.

    lr: 1, as the line search finds the length of a step; there for PyTorch's sake, as line_search_fn.
    max_iter: at most so many iterations a step.  max_eval: at most so many evaluations; None for no limit.
    tolerance_grad: ends when no gradient is larger.  tolerance_change: ends when an iteration lowers the
    loss by less than this, relative to the loss where that is above 1.
    history_size: how many past steps make up the curvature.
    Needs SciPy: pip install "chainrule[scipy]".
    Raises ValueError for settings outside their ranges and for more than one group.
    Source: Zhu, Byrd, Lu and Nocedal, Algorithm 778: L-BFGS-B (1997); the signature is torch.optim.LBFGS's.

    >>> x, y = Value(-1.0), Value(2.0)
    >>> optimizer = LBFGS([x, y], max_iter=100)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).data, round(x.data, 3), round(y.data, 3)
    (104.0, 1.0, 1.0)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = "strong_wolfe",
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            max_iter=max_iter,
            max_eval=max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
            line_search_fn=line_search_fn,
        )
        self.result: Any = None
        """What SciPy returned last, an OptimizeResult; None before the first step."""

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Take the parameters; raises ValueError for a second group."""
        if self.param_groups:
            raise ValueError("LBFGS moves all parameters together: pass them as one list, without groups")
        super().add_param_group(param_group)

    def step(self, closure: Callable[[], Value] | None = None) -> Value | None:
        """Minimise by up to max_iter iterations; return the loss from before, as other optimizers do.

        closure: computes the loss and its gradients, `loss.backward()`, and returns the loss.
        """
        if closure is None:
            raise TypeError(
                "LBFGS evaluates the loss several times in a step: pass step a closure that computes it, "
                "calls backward() and returns it"
            )
        minimize = _scipy_minimize()
        group = self.param_groups[0]
        losses: list[Value] = []
        start = [parameter.data for parameter in group.params]
        best, best_loss = start, float("inf")

        def evaluate(x: Any) -> tuple[float, list[float]]:
            nonlocal best, best_loss
            point = x.tolist()
            self._move_to(point)
            self.zero_grad()
            with enable_grad():
                loss = closure()
            number = loss.data if isinstance(loss, Value) else loss
            if not isinstance(number, Real):
                raise TypeError(f"LBFGS: the closure must return the loss, got {loss!r}")
            if not losses:
                losses.append(loss)
            if number < best_loss:
                best, best_loss = point, float(number)
            return float(number), gradients_of(group.params)

        limits = {"maxiter": group["max_iter"], "maxcor": group["history_size"]}
        if group["max_eval"] is not None:
            limits["maxfun"] = group["max_eval"]
        tolerances = {"gtol": group["tolerance_grad"], "ftol": group["tolerance_change"]}
        try:
            self.result = minimize(evaluate, start, jac=True, method="L-BFGS-B", options=limits | tolerances)
        finally:
            self._move_to(best)
        return losses[0]

    def _move_to(self, point: list[float]) -> None:
        for parameter, number in zip(self.param_groups[0].params, point, strict=True):
            parameter.data = number


def _scipy_minimize() -> Any:
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise ImportError('LBFGS needs SciPy: pip install "chainrule[scipy]"') from None
    return minimize


def _one(owner: str, name: str, number: Any) -> float:
    if isinstance(number, bool) or number != 1:
        raise ValueError(
            f"{owner}: {name} is 1, got {number!r}: the line search finds how long each step is; leave it out"
        )
    return 1.0


def _count(owner: str, name: str, number: Any) -> int:
    if not isinstance(number, SupportsIndex) or isinstance(number, bool) or index(number) < 1:
        raise ValueError(f"{owner}: {name} must be a whole number of at least 1, got {number!r}")
    return index(number)


def _count_or_none(owner: str, name: str, number: Any) -> int | None:
    return None if number is None else _count(owner, name, number)


def _line_search(owner: str, name: str, kind: Any) -> str | None:
    if kind not in (None, "strong_wolfe"):
        raise ValueError(f"{owner}: {name} is 'strong_wolfe', which SciPy's is, or None; got {kind!r}")
    return "strong_wolfe"


LBFGS.checks = {
    "lr": _one,
    "max_iter": _count,
    "max_eval": _count_or_none,
    "tolerance_grad": not_negative,
    "tolerance_change": not_negative,
    "history_size": _count,
    "line_search_fn": _line_search,
}
