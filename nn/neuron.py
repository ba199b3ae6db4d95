"""One neuron."""

from collections.abc import Sequence
from operator import index
from typing import SupportsIndex

from ..engine import Number, Value, dot
from .activation import Activation, activation_named
from .module import Module, Parameter
from .randomness import Seed, generator


class Neuron(Module):
    """activation(w . x + b): a weighted sum of the inputs, a bias and an activation.

    The weights start uniform between -1 and 1 and the bias at 0, as micrograd's do.

    nin: number of inputs, at least 1.
    activation: a name (see `ACTIVATIONS`) or a function of one Value.
    seed: an int, a random.Random, or None for Python's global generator.
    Raises ValueError for a size that is no positive whole number and for an unknown activation.

    >>> neuron = Neuron(2, activation="identity", seed=1)
    >>> neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2.0, -1.0, 0.5
    >>> neuron([3.0, 4.0]).data
    2.5
    """

    def __init__(self, nin: int, activation: str | Activation = "relu", seed: Seed = None) -> None:
        check_size(nin, "Neuron", "inputs")
        rng = generator(seed)
        self.w = [Parameter(rng.uniform(-1.0, 1.0), label=f"w{i}") for i in range(nin)]
        self.b = Parameter(0.0, label="b")
        self.activation = activation_named(activation)

    def __call__(self, x: Sequence[Value | Number]) -> Value:
        """Return the neuron's output for `x`; raises ValueError where its length is not nin."""
        check_length(x, len(self.w), "Neuron")
        return self.activation(dot(self.w, x, self.b))

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}, activation={self.activation.__name__})"


def check_size(size: object, owner: str, what: str) -> None:
    """Raise ValueError unless `size` is a whole number of at least 1; NumPy's will do."""
    if not isinstance(size, SupportsIndex) or isinstance(size, bool) or index(size) < 1:
        raise ValueError(f"{owner} needs a whole number of {what}, at least 1, got {size!r}")


def check_length(x: Sequence[Value | Number], nin: int, owner: str) -> None:
    """Raise ValueError unless `x` holds `nin` numbers, TypeError unless it holds any."""
    try:
        length = len(x)
    except TypeError:
        raise TypeError(f"{owner} takes a sequence of {nin} numbers, got {x!r}") from None
    if length != nin:
        raise ValueError(f"{owner} expects {nin} inputs, got {length}")
