"""One layer of neurons."""

from collections.abc import Sequence

from ..engine import Number, Value
from ..engine.value import as_values
from .activation import Activation
from .module import Module
from .neuron import Neuron, check_length, check_size
from .randomness import Seed, generator


class Layer(Module):
    """`nout` neurons that all see the same `nin` inputs; always returns a list, of one value too.

    Arguments as for `Neuron`.

    >>> layer = Layer(3, 2, activation="tanh", seed=1)
    >>> len(layer([0.5, -1.0, 2.0])), len(layer.parameters())
    (2, 8)
    """

    def __init__(self, nin: int, nout: int, activation: str | Activation = "relu", seed: Seed = None) -> None:
        check_size(nin, "Layer", "inputs")
        check_size(nout, "Layer", "neurons")
        rng = generator(seed)
        self.neurons = [Neuron(nin, activation, rng) for _ in range(nout)]

    def __call__(self, x: Sequence[Value | Number]) -> list[Value]:
        """Return each neuron's output for `x`; raises ValueError where its length is not nin."""
        check_length(x, len(self.neurons[0].w), "Layer")
        x = as_values(x, "Layer")  # plain numbers become constants here once, not once in each neuron
        return [neuron(x) for neuron in self.neurons]

    def __repr__(self) -> str:
        first = self.neurons[0]
        return f"Layer({len(first.w)}, {len(self.neurons)}, activation={first.activation.__name__})"
