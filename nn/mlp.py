"""The multi-layer perceptron."""

from collections.abc import Sequence
from typing import Any

from ..engine import Number, Value
from .activation import Activation, activation_named
from .layer import Layer
from .module import Module
from .neuron import check_length, check_size
from .randomness import Seed, generator


class MLP(Module):
    """Layers of neurons, each fed by the one before: `MLP(2, [16, 16, 1])`.

    Returns the list of the last layer's outputs; where that is one, the Value itself and not a list of
    it, as micrograd's MLP does.

    nin: number of inputs.  nouts: number of neurons of each layer, the last one's being the outputs.
    activation: of the hidden layers.  output: the last layer's activation, linear unless said.
    seed: an int, a random.Random, or None for Python's global generator.
    Raises ValueError for no layers, for sizes that are no positive whole numbers and for unknown
    activations.

    >>> model = MLP(2, [16, 16, 1], seed=1)
    >>> model
    MLP(2, [16, 16, 1], activation=relu, output=identity)
    >>> isinstance(model([1.0, -2.0]), Value), len(model.parameters())
    (True, 337)
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: str | Activation = "relu",
        output: str | Activation = "identity",
        seed: Seed = None,
    ) -> None:
        check_size(nin, "MLP", "inputs")
        if not isinstance(nouts, Sequence) or isinstance(nouts, str) or len(nouts) == 0:
            raise ValueError(f"MLP needs the sizes of its layers, such as [16, 16, 1], got nouts={nouts!r}")
        for nout in nouts:
            check_size(nout, "MLP", "neurons in each layer")
        activation = activation_named(activation)  # refused here even where no hidden layer would use it
        rng = generator(seed)
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [
            Layer(sizes[i], sizes[i + 1], output if i == last else activation, rng) for i in range(last + 1)
        ]

    # One output is a Value and several are a list, which the type checker cannot tell from the sizes.
    def __call__(self, x: Sequence[Value | Number]) -> Any:
        """Return the outputs for `x`; raises ValueError where its length is not nin."""
        check_length(x, len(self.layers[0].neurons[0].w), "MLP")
        for layer in self.layers:
            x = layer(x)
        return x[0] if len(x) == 1 else x

    def __repr__(self) -> str:
        sizes = [len(layer.neurons) for layer in self.layers]
        first, last = self.layers[0].neurons[0], self.layers[-1].neurons[0]
        hidden = f"activation={first.activation.__name__}, " if len(sizes) > 1 else ""
        return f"MLP({len(first.w)}, {sizes}, {hidden}output={last.activation.__name__})"
