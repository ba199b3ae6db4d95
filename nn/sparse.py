"""A layer in which some connections do not exist."""

from collections.abc import Sequence
from typing import Any, cast

from ..engine import Number, Value, dot
from ..engine.value import as_values
from .activation import Activation, activation_named, name_of
from .init import Initializer, initializer
from .module import Module, Parameter
from .neuron import check_length
from .randomness import Seed, generator
from .state import Matrix
from .tree import Part


class SparseNeuron(Module):
    """A neuron of a `SparseLayer`: `w[j]` is the weight of input j, where that connection exists."""

    def __init__(self, w: dict[int, Parameter], b: Parameter | None, activation: Activation) -> None:
        self.w = w
        self.b = cast(Parameter, b)  # typed as if it were there, as in Neuron
        self.activation = activation

    def __call__(self, x: Sequence[Value]) -> Value:
        """Return the neuron's output for the layer's inputs."""
        return self.activation(dot(list(self.w.values()), [x[j] for j in self.w], self.b))

    def extra_repr(self) -> str:
        """Return which inputs it sees, and the activation."""
        return f"inputs={list(self.w)}, activation={name_of(self.activation)}"


class SparseLayer(Module):
    """A layer whose `mask` says which connections exist; always returns a list.

    A connection that does not exist has no parameter and is not in the graph, nor in its picture. That
    is not a weight of 0, which training would move.

    mask: a row for each neuron with 1 or True where it listens to that input, else 0 or False.
    bias: True, False, or a list that says for each neuron whether it has one.
    activation, seed, init, bias_init: as for `Neuron`. fan_in and fan_out count existing connections.
    In a state the layer is `weight` and `bias` as a full layer, with 0 where there is nothing.
    Raises ValueError for an empty mask, rows of different lengths, entries that are neither 0 nor 1,
    and a neuron with neither a connection nor a bias.

    >>> layer = SparseLayer([[1, 1, 0], [0, 0, 1]], activation="identity", bias=[True, False], init="ones")
    >>> [out.data for out in layer([1.0, 2.0, 5.0])], len(layer.parameters())
    ([3.0, 5.0], 4)
    >>> layer.neurons[1].w[2].label
    'neurons[1].w[2]'
    """

    def __init__(
        self,
        mask: Sequence[Sequence[bool | int]],
        activation: str | Activation = "relu",
        seed: Seed = None,
        *,
        bias: bool | Sequence[bool] = True,
        init: str | Initializer = "uniform",
        bias_init: str | Initializer = "zeros",
    ) -> None:
        rows = _checked(mask)
        biases = _biases(bias, len(rows))
        self.nin = len(rows[0])
        weight, offset = initializer(init), initializer(bias_init)
        function, rng = activation_named(activation), generator(seed)
        fans_out = [sum(column) for column in zip(*rows, strict=True)]
        self.neurons = []
        for i, (row, has_bias) in enumerate(zip(rows, biases, strict=True)):
            inputs = [j for j, exists in enumerate(row) if exists]
            if not inputs and not has_bias:
                raise ValueError(f"SparseLayer: neuron {i} has neither a connection nor a bias")
            w = {j: Parameter(weight(len(inputs), fans_out[j], rng)) for j in inputs}
            b = Parameter(offset(max(len(inputs), 1), 1, rng)) if has_bias else None
            self.neurons.append(SparseNeuron(w, b, function))

    def __call__(self, x: Sequence[Value | Number]) -> list[Value]:
        """Return each neuron's output for `x`; raises ValueError where its length is not the mask's."""
        check_length(x, self.nin, "SparseLayer")
        x = as_values(x, "SparseLayer")
        return [neuron(x) for neuron in self.neurons]

    def extra_repr(self) -> str:
        """Return the sizes, how many connections exist, and the activation."""
        connections = sum(len(neuron.w) for neuron in self.neurons)
        activation = name_of(self.neurons[0].activation)
        return f"{self.nin}, {len(self.neurons)}, connections={connections}, activation={activation}"

    def _shown(self) -> list[tuple[str, object]]:
        return []

    def _held_as_state(self) -> list[Part]:
        rows = [[neuron.w.get(j, 0.0) for j in range(self.nin)] for neuron in self.neurons]
        matrices: list[Part] = [(".", "weight", Matrix(rows))]
        if any(neuron.b is not None for neuron in self.neurons):
            biases = [0.0 if neuron.b is None else neuron.b for neuron in self.neurons]
            matrices.append((".", "bias", Matrix(biases)))
        return matrices + [part for part in self._held() if part[1] != "neurons"]


def _checked(mask: Any) -> list[list[bool]]:
    try:
        rows = [list(row) for row in mask]
    except TypeError:
        raise TypeError(f"SparseLayer takes a mask of rows, such as [[1, 0], [1, 1]], got {mask!r}") from None
    if not rows or not rows[0]:
        raise ValueError("SparseLayer needs a mask with a row for each neuron, got an empty one")
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(
                f"SparseLayer needs rows of {len(rows[0])} entries, as the first, got {len(row)} in row {i}"
            )
        for entry in row:
            if isinstance(entry, str) or entry not in (0, 1):
                raise ValueError(f"SparseLayer takes a mask of 0 and 1, got {entry!r} in row {i}")
    return [[bool(entry) for entry in row] for row in rows]


def _biases(bias: bool | Sequence[bool], neurons: int) -> list[bool]:
    if isinstance(bias, bool):
        return [bias] * neurons
    try:
        biases = list(bias)
    except TypeError:
        raise TypeError(f"SparseLayer: bias is True, False or a list of them, got {bias!r}") from None
    if len(biases) != neurons:
        raise ValueError(f"SparseLayer has {neurons} neurons and got {len(biases)} entries in bias")
    if any(isinstance(entry, str) or entry not in (0, 1) for entry in biases):
        raise ValueError(f"SparseLayer: bias says True or False for each neuron, got {bias!r}")
    return [bool(entry) for entry in biases]
