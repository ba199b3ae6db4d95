"""Leaving values out at random while training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Real
from typing import Any

from ..engine import Value
from .module import Module
from .randomness import Seed, generator
from .sequential import each

_factor: ContextVar[Callable[["Dropout"], Any] | None] = ContextVar("factor", default=None)


@contextmanager
def factors_from(factor: Callable[["Dropout"], Any]) -> Iterator[None]:
    """Let `factor(dropout)` say inside what each value is multiplied by, in place of what would be drawn.

    A recording takes a number here that is drawn at each run, since it would keep the one it is given.
    """
    token = _factor.set(factor)
    try:
        yield
    finally:
        _factor.reset(token)


class Dropout(Module):
    """In training mode, sets each value to 0 with probability p and divides the others by 1 - p.

    In evaluation mode it returns what it is given. The mean is the same in both.

    p: between 0 and 1, both included; 1 sets everything to 0.
    seed: an int, a random.Random, or None for Python's global generator.
    Raises ValueError for other probabilities.
    Source: Srivastava et al., Dropout (2014); PyTorch, torch.nn.Dropout.

    >>> dropout = Dropout(0.5, seed=1)
    >>> [out.data for out in dropout([1.0, 1.0, 1.0, 1.0])]
    [0.0, 2.0, 2.0, 0.0]
    >>> dropout.eval()([1.0, 1.0])
    [1.0, 1.0]
    """

    def __init__(self, p: float = 0.5, seed: Seed = None) -> None:
        is_number = isinstance(p, Real) and not isinstance(p, bool)
        if not (is_number and 0.0 <= p <= 1.0):
            raise ValueError(f"Dropout: p is a probability between 0 and 1, got {p!r}")
        self.p = float(p)
        self.rng = generator(seed)

    def __call__(self, x: Any) -> Any:
        """Return `x` with some of its values left out: a value, a list, or lists of lists, as given."""
        if not self.training or self.p == 0.0:
            return x
        return each(self._kept_or_not, x, "Dropout")

    def drawn(self) -> float:
        """Return what the next value is multiplied by: 0 where it is left out, else 1 / (1 - p)."""
        return 0.0 if self.rng.random() < self.p else 1.0 / (1.0 - self.p)

    def _kept_or_not(self, value: Value) -> Value:
        factor = _factor.get()
        return value * (self.drawn() if factor is None else factor(self))

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p:g}"
