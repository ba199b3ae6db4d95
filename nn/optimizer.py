"""Optimizers: what to do with a gradient. The signatures are PyTorch's."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from numbers import Real

from ..engine import Value
from . import conscience


class Optimizer(ABC):
    """What every optimizer does: hold the parameters, zero their gradients, take a step.

    maximize: climb instead of descending.
    """

    def __init__(self, params: Iterable[Value], lr: float, maximize: bool = False) -> None:
        name = type(self).__name__
        if isinstance(params, Value) or not isinstance(params, Iterable):
            raise TypeError(f"{name} takes a list of Values, got {params!r}: pass model.parameters()")
        self.params = list(params)
        if not self.params:
            raise ValueError(f"{name} got no parameters: pass model.parameters()")
        for parameter in self.params:
            if not isinstance(parameter, Value):
                raise TypeError(f"{name} takes Values, got {parameter!r}")
            if parameter.primitive is not None:
                raise ValueError(f"{name} takes leaves, Values made by you, got {parameter!r}")
        if len(set(self.params)) < len(self.params):
            raise ValueError(f"{name} got a parameter more than once: it would take several steps at a time")
        self.lr = self._checked("lr", lr)
        self.maximize = maximize

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradient of every parameter to zero; call it before each backward pass.

        set_to_none: taken for PyTorch's sake; a gradient is a float here and becomes 0.0 either way.
        """
        for parameter in self.params:
            parameter.grad = 0.0
        conscience.zeroed(self)

    def step(self, closure: Callable[[], Value] | None = None) -> Value | None:
        """Change every parameter by one step, as its gradient says.

        closure: computes the loss and its gradients first; the loss is returned.
        """
        loss = None if closure is None else closure()
        conscience.before_step(self)
        sign = -1.0 if self.maximize else 1.0
        self._move([sign * parameter.grad for parameter in self.params])
        conscience.after_step(self)
        return loss

    @abstractmethod
    def _move(self, gradients: list[float]) -> None:
        """Change every parameter by one step down `gradients`."""

    def _checked(self, name: str, number: float, below: float = math.inf) -> float:
        """Return `number`, or raise ValueError unless it is finite, zero or more, and under `below`."""
        is_number = isinstance(number, Real) and not isinstance(number, bool)
        if not (is_number and math.isfinite(number) and 0.0 <= number < below):
            limit = "" if below == math.inf else f" and less than {below:g}"
            raise ValueError(f"{type(self).__name__}: {name} must be zero or more{limit}, got {number!r}")
        return float(number)


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted: p <- p - lr * v, v <- momentum * v + gradient.

    lr: the learning rate.  momentum: how much of the last step's direction is kept, 0 to 1.
    dampening: how much of the gradient momentum leaves out.  weight_decay: adds this times the
    parameter to its gradient.  nesterov: look one step of momentum ahead.  maximize: climb.
    Raises ValueError for negative, infinite or NaN settings, and for nesterov without momentum.
    Source: PyTorch, torch.optim.SGD; Sutskever et al. (2013) for momentum.

    >>> w = Value(0.8)
    >>> loss = (w * 1.5 - 0.5) ** 2
    >>> loss.backward()
    >>> SGD([w], lr=0.1).step()
    >>> round(w.data, 4)
    0.59
    """

    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 0.001,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, maximize)
        self.momentum = self._checked("momentum", momentum)
        self.dampening = self._checked("dampening", dampening)
        self.weight_decay = self._checked("weight_decay", weight_decay)
        if nesterov and (momentum == 0.0 or dampening != 0.0):
            raise ValueError("SGD: nesterov needs a momentum and zero dampening")
        self.nesterov = nesterov
        self._velocity: list[float] | None = None

    def _move(self, gradients: list[float]) -> None:
        gradients = [g + self.weight_decay * p.data for g, p in zip(gradients, self.params, strict=True)]
        if self.momentum:
            if self._velocity is None:
                self._velocity = gradients
            else:
                kept, added = self.momentum, 1.0 - self.dampening
                self._velocity = [
                    kept * v + added * g for v, g in zip(self._velocity, gradients, strict=True)
                ]
            if self.nesterov:
                gradients = [g + self.momentum * v for g, v in zip(gradients, self._velocity, strict=True)]
            else:
                gradients = self._velocity
        for parameter, gradient in zip(self.params, gradients, strict=True):
            parameter.data -= self.lr * gradient


class Adam(Optimizer):
    """Adam: steps scaled by running means of each parameter's gradient and of its square.

    lr: the learning rate.  betas: how slowly the two means forget, each 0 <= beta < 1.
    eps: added to the root, against division by zero.  weight_decay: adds this times the parameter to
    its gradient.  amsgrad: scale by the largest running mean of squares so far (Reddi et al., 2018).
    Raises ValueError for settings outside their ranges.
    Source: Kingma and Ba, Adam (2015), algorithm 1; PyTorch, torch.optim.Adam.

    >>> w = Value(1.0)
    >>> (w * 3.0).backward()
    >>> Adam([w], lr=0.1).step()
    >>> round(w.data, 6)
    0.9
    """

    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, maximize)
        if not isinstance(betas, Sequence) or len(betas) != 2:
            raise ValueError(f"Adam: betas must be two numbers, got {betas!r}")
        self.betas = (self._checked("betas[0]", betas[0], 1.0), self._checked("betas[1]", betas[1], 1.0))
        self.eps = self._checked("eps", eps)
        self.weight_decay = self._checked("weight_decay", weight_decay)
        self.amsgrad = amsgrad
        self._steps = 0
        self._mean = [0.0] * len(self.params)
        self._square = [0.0] * len(self.params)
        self._largest_square = [0.0] * len(self.params)

    def _move(self, gradients: list[float]) -> None:
        self._steps += 1
        beta1, beta2 = self.betas
        # The means start at zero and are too small at first; these make up for it.
        rate = self.lr / (1.0 - beta1**self._steps)
        root = math.sqrt(1.0 - beta2**self._steps)
        for i, parameter in enumerate(self.params):
            gradient = gradients[i] + self.weight_decay * parameter.data
            self._mean[i] = mean = beta1 * self._mean[i] + (1.0 - beta1) * gradient
            self._square[i] = square = beta2 * self._square[i] + (1.0 - beta2) * gradient * gradient
            self._largest_square[i] = largest = (
                max(self._largest_square[i], square) if self.amsgrad else square
            )
            parameter.data -= rate * mean / (math.sqrt(largest) / root + self.eps)
