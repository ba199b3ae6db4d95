"""The multi-layer perceptron."""

from collections.abc import Sequence
from typing import Any

from ..engine import Number, Value
from .activation import Activation, activation_named, name_of
from .init import Initializer, initializer
from .layer import Layer
from .module import Module
from .neuron import check_flag, check_length, check_size
from .randomness import Seed, generator


class MLP(Module):
    """Layers of neurons, each fed by the one before: `MLP(2, [16, 16, 1])`.

    Returns the list of the last layer's outputs; where that is one, the Value itself and not a list of
    it, as micrograd's MLP does.

    nin: number of inputs.  nouts: number of neurons of each layer, the last one's being the outputs.
    activation: of the hidden layers; or a list with one for each layer, the last one included.
    output: the last layer's activation, linear unless said.
    seed: an int, a random.Random, or None for Python's global generator.
    bias, init, bias_init: as for `Neuron`.
    Raises ValueError for no layers, for sizes that are no positive whole numbers and for unknown
    activations.

    >>> model = MLP(2, [16, 16, 1], seed=1)
    >>> model
    MLP(2, [16, 16, 1], activation=relu, output=identity)
    >>> isinstance(model([1.0, -2.0]), Value), len(model.parameters())
    (True, 337)
    >>> MLP(2, [8, 4, 1], activation=["tanh", "relu", "sigmoid"], bias=False)
    MLP(2, [8, 4, 1], activation=[tanh, relu, sigmoid], bias=False)
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: str | Activation | Sequence[str | Activation] = "relu",
        output: str | Activation | None = None,
        seed: Seed = None,
        *,
        bias: bool = True,
        init: str | Initializer = "uniform",
        bias_init: str | Initializer = "zeros",
    ) -> None:
        check_size(nin, "MLP", "inputs")
        if not isinstance(nouts, Sequence) or isinstance(nouts, str) or len(nouts) == 0:
            raise ValueError(f"MLP needs the sizes of its layers, such as [16, 16, 1], got nouts={nouts!r}")
        for nout in nouts:
            check_size(nout, "MLP", "neurons in each layer")
        check_flag(bias, "MLP", "bias")
        activations = _activations(activation, output, len(nouts))
        weight, offset = initializer(init), initializer(bias_init)
        rng = generator(seed)
        sizes = [nin, *nouts]
        self.layers = [
            Layer(sizes[i], sizes[i + 1], function, rng, bias=bias, init=weight, bias_init=offset)
            for i, function in enumerate(activations)
        ]

    # One output is a Value and several are a list, which the type checker cannot tell from the sizes.
    def __call__(self, x: Sequence[Value | Number]) -> Any:
        """Return the outputs for `x`; raises ValueError where its length is not nin."""
        check_length(x, len(self.layers[0].neurons[0].w), "MLP")
        for layer in self.layers:
            x = layer(x)
        return x[0] if len(x) == 1 else x

    def extra_repr(self) -> str:
        """Return the sizes and the activations."""
        first = self.layers[0].neurons[0]
        sizes = [len(layer.neurons) for layer in self.layers]
        *hidden, output = [name_of(layer.neurons[0].activation) for layer in self.layers]
        if len(set(hidden)) > 1:
            activations = f"activation=[{', '.join([*hidden, output])}]"
        else:
            activations = ", ".join([f"activation={name}" for name in hidden[:1]] + [f"output={output}"])
        no_bias = ", bias=False" if first.b is None else ""
        return f"{len(first.w)}, {sizes}, {activations}{no_bias}"

    def _shown(self) -> list[tuple[str, object]]:
        return []  # the line says it all


def _activations(
    activation: str | Activation | Sequence[str | Activation], output: str | Activation | None, layers: int
) -> list[Activation]:
    """Return the activation of each layer."""
    if isinstance(activation, str) or not isinstance(activation, Sequence):
        # Refused here even where no hidden layer would use it.
        hidden = activation_named(activation)
        return [hidden] * (layers - 1) + [activation_named("identity" if output is None else output)]
    if len(activation) != layers:
        raise ValueError(
            f"MLP has {layers} layers and got {len(activation)} activations: a list names one for each, "
            "the last one included"
        )
    if output is not None:
        raise ValueError(
            f"MLP got a list of activations and output={output!r}: the list's last one is the output's"
        )
    return [activation_named(function) for function in activation]
