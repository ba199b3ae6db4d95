"""One neuron."""

from collections.abc import Sequence
from operator import index
from typing import SupportsIndex, cast

from ..engine import Number, Value, dot
from .activation import Activation, activation_named, name_of
from .init import Initializer, initializer
from .module import Module, Parameter
from .randomness import Seed, generator


class Neuron(Module):
    """activation(w . x + b): a weighted sum of the inputs, a bias and an activation.

    The weights start uniform between -1 and 1 and the bias at 0, as micrograd's do, unless said.

    nin: number of inputs, at least 1.
    activation: a name (see `ACTIVATIONS`) or a function of one Value.
    seed: an int, a random.Random, or None for Python's global generator.
    bias: False for none; `b` is None then.
    init, bias_init: how the weights and the bias start, a name or a function: see `init`.
    Raises ValueError for a size that is no positive whole number and for unknown names.

    >>> neuron = Neuron(2, activation="identity", seed=1)
    >>> neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2.0, -1.0, 0.5
    >>> neuron([3.0, 4.0]).data
    2.5
    """

    def __init__(
        self,
        nin: int,
        activation: str | Activation = "relu",
        seed: Seed = None,
        *,
        bias: bool = True,
        init: str | Initializer = "uniform",
        bias_init: str | Initializer = "zeros",
    ) -> None:
        check_size(nin, "Neuron", "inputs")
        rng = generator(seed)
        weight, offset = initializer(init), initializer(bias_init)
        nin = index(nin)
        self.w = [Parameter(weight(nin, 1, rng)) for _ in range(nin)]
        has_bias = check_flag(bias, "Neuron", "bias")
        self.b = Parameter(offset(nin, 1, rng)) if has_bias else cast(Parameter, None)  # who said so knows
        self.activation = activation_named(activation)

    def __call__(self, x: Sequence[Value | Number]) -> Value:
        """Return the neuron's output for `x`; raises ValueError where its length is not nin."""
        check_length(x, len(self.w), "Neuron")
        return self.activation(dot(self.w, x, self.b))

    def extra_repr(self) -> str:
        """Return the sizes and the activation."""
        no_bias = ", bias=False" if self.b is None else ""
        return f"{len(self.w)}, activation={name_of(self.activation)}{no_bias}"


def check_size(size: object, owner: str, what: str) -> None:
    """Raise ValueError unless `size` is a whole number of at least 1; NumPy's will do."""
    if not isinstance(size, SupportsIndex) or isinstance(size, bool) or index(size) < 1:
        raise ValueError(f"{owner} needs a whole number of {what}, at least 1, got {size!r}")


def check_flag(flag: bool, owner: str, name: str) -> bool:
    """Return `flag`; raise TypeError unless it is True or False, which a misplaced argument is not."""
    if not isinstance(flag, bool):
        raise TypeError(f"{owner}: {name} is True or False, got {flag!r}")
    return flag


def check_length(x: Sequence[Value | Number], nin: int, owner: str) -> None:
    """Raise ValueError unless `x` holds `nin` numbers, TypeError unless it holds any."""
    try:
        length = len(x)
    except TypeError:
        raise TypeError(f"{owner} takes a sequence of {nin} numbers, got {x!r}") from None
    if length != nin:
        raise ValueError(f"{owner} expects {nin} inputs, got {length}")
