"""Layers of neurons."""

from collections.abc import Sequence

from ..engine import Number, Value
from ..engine.value import as_values
from .activation import Activation, name_of
from .init import Initializer, initializer
from .module import Module
from .neuron import Neuron, check_flag, check_length, check_size
from .randomness import Seed, generator
from .state import Matrix
from .tree import Part


class Layer(Module):
    """`nout` neurons that all see the same `nin` inputs; always returns a list, of one value too.

    Arguments as for `Neuron`. In a state the layer is two matrices: `weight`, a row for each neuron, and
    `bias`.

    >>> layer = Layer(3, 2, activation="tanh", seed=1)
    >>> len(layer([0.5, -1.0, 2.0])), len(layer.parameters())
    (2, 8)
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: str | Activation = "relu",
        seed: Seed = None,
        *,
        bias: bool = True,
        init: str | Initializer = "uniform",
        bias_init: str | Initializer = "zeros",
    ) -> None:
        owner = type(self).__name__
        check_size(nin, owner, "inputs")
        check_size(nout, owner, "neurons")
        check_flag(bias, owner, "bias")
        weight, offset = initializer(init), initializer(bias_init)
        rng = generator(seed)
        self.neurons = [
            Neuron(
                nin,
                activation,
                rng,
                bias=bias,
                init=lambda fan_in, _, rng: weight(fan_in, nout, rng),
                bias_init=lambda fan_in, _, rng: offset(fan_in, nout, rng),
            )
            for _ in range(nout)
        ]

    def __call__(self, x: Sequence[Value | Number]) -> list[Value]:
        """Return each neuron's output for `x`; raises ValueError where its length is not nin."""
        owner = type(self).__name__
        check_length(x, len(self.neurons[0].w), owner)
        x = as_values(x, owner)  # plain numbers become constants here once, not once in each neuron
        return [neuron(x) for neuron in self.neurons]

    def extra_repr(self) -> str:
        """Return the sizes and the activation."""
        first = self.neurons[0]
        no_bias = ", bias=False" if first.b is None else ""
        return f"{len(first.w)}, {len(self.neurons)}, activation={name_of(first.activation)}{no_bias}"

    def _shown(self) -> list[tuple[str, object]]:
        return []  # the neurons are alike

    def _held_as_state(self) -> list[Part]:
        if not all(type(neuron) is Neuron for neuron in self.neurons):  # a user's own: they may hold more
            return self._held()
        matrices: list[Part] = [(".", "weight", Matrix([neuron.w for neuron in self.neurons]))]
        if any(neuron.b is not None for neuron in self.neurons):
            biases = [0.0 if neuron.b is None else neuron.b for neuron in self.neurons]
            matrices.append((".", "bias", Matrix(biases)))
        return matrices + [part for part in self._held() if part[1] != "neurons"]


class Linear(Layer):
    """A layer without activation: w . x + b for each of `nout` neurons, as PyTorch's.

    Weights and biases start uniform between ± 1 / sqrt(nin), as PyTorch's do, unless said.

    nin, nout: the numbers of inputs and outputs.  bias: False for none.
    seed, init, bias_init, errors: as for `Neuron`.

    >>> linear = Linear(2, 3, bias=False, seed=1)
    >>> linear, len(linear([1.0, 2.0])), len(linear.parameters())
    (Linear(2, 3, bias=False), 3, 6)
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        bias: bool = True,
        seed: Seed = None,
        *,
        init: str | Initializer = "fan_in_uniform",
        bias_init: str | Initializer = "fan_in_uniform",
    ) -> None:
        super().__init__(nin, nout, "identity", seed, bias=bias, init=init, bias_init=bias_init)

    def extra_repr(self) -> str:
        """Return the sizes."""
        no_bias = ", bias=False" if self.neurons[0].b is None else ""
        return f"{len(self.neurons[0].w)}, {len(self.neurons)}{no_bias}"
