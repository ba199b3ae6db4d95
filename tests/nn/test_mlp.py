"""Neurons, layers and MLPs: what they compute and what they refuse."""

import math
import random
from typing import Any, cast

import numpy as np
import pytest

from chainrule.engine import Value
from chainrule.nn import ACTIVATIONS, MLP, Layer, Neuron


def test_a_neuron_is_the_activation_of_the_weighted_sum_plus_bias() -> None:
    neuron = Neuron(2, activation="tanh", seed=0)
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = 0.5, -2.0, 0.25
    assert neuron([3.0, 1.0]).data == math.tanh(0.5 * 3.0 - 2.0 * 1.0 + 0.25)


def test_the_gradient_of_a_neuron_by_hand() -> None:
    neuron = Neuron(2, activation="sigmoid", seed=3)
    x = [Value(0.5), Value(-1.5)]
    out = neuron(x)
    out.backward()
    slope = out.data * (1.0 - out.data)
    assert [w.grad for w in neuron.w] == pytest.approx([slope * 0.5, slope * -1.5], rel=1e-15)
    assert neuron.b.grad == pytest.approx(slope, rel=1e-15)
    assert [v.grad for v in x] == pytest.approx([slope * w.data for w in neuron.w], rel=1e-15)


def test_a_layer_of_one_neuron_returns_a_list() -> None:
    assert [type(out) for out in Layer(2, 1, seed=0)([1.0, 2.0])] == [Value]


def test_an_mlp_of_one_output_returns_the_value_and_of_several_a_list() -> None:
    assert isinstance(MLP(2, [3, 1], seed=0)([1.0, 2.0]), Value)
    assert len(MLP(2, [3, 2], seed=0)([1.0, 2.0])) == 2


def test_hidden_layers_get_the_activation_and_the_last_is_linear() -> None:
    model = MLP(2, [3, 3, 1], activation="tanh", seed=0)
    assert [layer.neurons[0].activation.__name__ for layer in model.layers] == ["tanh", "tanh", "identity"]
    assert MLP(2, [1], output="sigmoid", seed=0).layers[0].neurons[0].activation is ACTIVATIONS["sigmoid"]


def test_an_activation_can_be_any_function_of_a_value() -> None:
    neuron = Neuron(1, activation=lambda z: z.sin(), seed=0)
    neuron.w[0].data = 2.0
    assert neuron([0.5]).data == math.sin(1.0)


@pytest.mark.parametrize(
    ("name", "at", "value", "slope"),
    [
        ("identity", -2.0, -2.0, 1.0),
        ("sigmoid", 0.0, 0.5, 0.25),
        ("tanh", 0.0, 0.0, 1.0),
        ("relu", -2.0, 0.0, 0.0),
        ("relu", 2.0, 2.0, 1.0),
        ("relu", 0.0, 0.0, 0.0),
        ("leaky_relu", -2.0, -0.02, 0.01),
        ("leaky_relu", 2.0, 2.0, 1.0),
    ],
)
def test_activations_and_their_slopes(name: str, at: float, value: float, slope: float) -> None:
    z = Value(at)
    out = ACTIVATIONS[name](z)
    out.backward()
    assert (out.data, z.grad) == (value, slope)


def test_the_same_seed_gives_the_same_weights_and_another_gives_others() -> None:
    def weights(seed: Any) -> list[float]:
        return [p.data for p in MLP(2, [3, 1], seed=seed).parameters()]

    assert weights(1) == weights(1) == weights(random.Random(1))
    assert weights(1) != weights(2)


def test_without_a_seed_pythons_own_generator_decides() -> None:
    random.seed(5)
    first = [p.data for p in MLP(2, [1]).parameters()]
    random.seed(5)
    assert first == [random.uniform(-1, 1), random.uniform(-1, 1), 0.0]


def test_a_passed_generator_leaves_the_global_one_alone() -> None:
    random.seed(5)
    before = random.getstate()
    MLP(2, [3, 1], seed=random.Random(0))
    assert random.getstate() == before


def test_sizes_and_inputs_may_be_numpys() -> None:
    model = MLP(np.int64(2), [np.int32(3), 1], activation="tanh", seed=0)  # type: ignore[arg-type, list-item]
    array: Any = np.array([0.5, 2.0])
    assert model(array).data == model([0.5, 2.0]).data


def test_plain_numbers_and_values_may_be_mixed_as_inputs() -> None:
    model = MLP(2, [2, 1], activation="tanh", seed=0)
    x = Value(0.5)
    out = model([x, 2])
    out.backward()
    assert x.grad != 0.0
    assert out.data == model([0.5, 2.0]).data


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP(0, []), "MLP needs a whole number of inputs, at least 1, got 0"),
        (lambda: MLP(2, []), r"MLP needs the sizes of its layers, such as \[16, 16, 1\], got nouts=\[\]"),
        (
            lambda: MLP(2, cast(Any, 3)),
            r"MLP needs the sizes of its layers, such as \[16, 16, 1\], got nouts=3",
        ),
        (lambda: MLP(2, [3, 0]), "MLP needs a whole number of neurons in each layer, at least 1, got 0"),
        (lambda: MLP(-1, [3]), "MLP needs a whole number of inputs, at least 1, got -1"),
        (lambda: MLP(2, [-3]), "MLP needs a whole number of neurons in each layer, at least 1, got -3"),
        (lambda: MLP(cast(Any, 2.0), [3]), "MLP needs a whole number of inputs, at least 1, got 2.0"),
        (lambda: MLP(True, [3]), "MLP needs a whole number of inputs, at least 1, got True"),
        (lambda: Layer(2, 0), "Layer needs a whole number of neurons, at least 1, got 0"),
        (lambda: Neuron(0), "Neuron needs a whole number of inputs, at least 1, got 0"),
        (lambda: MLP(2, [1], activation="swish"), "unknown activation 'swish': choose one of identity,"),
    ],
)
def test_impossible_networks_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_an_activation_that_is_neither_name_nor_function_is_refused() -> None:
    with pytest.raises(TypeError, match="an activation is a name or a function of one Value, got 3"):
        MLP(2, [1], activation=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("module", "name"),
    [(Neuron(3, seed=0), "Neuron"), (Layer(3, 2, seed=0), "Layer"), (MLP(3, [2, 1], seed=0), "MLP")],
)
def test_inputs_of_the_wrong_length_or_type_are_refused_by_name(module: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} expects 3 inputs, got 2"):
        module([1.0, 2.0])
    with pytest.raises(TypeError, match=f"{name} takes a sequence of 3 numbers, got 1.0"):
        module(1.0)
    with pytest.raises(TypeError, match="takes Values and plain numbers, got 'b'"):
        module([1.0, "b", 2.0])
