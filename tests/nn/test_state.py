"""state_dict and load_state_dict: keys, shapes, and what is refused."""

import json
import math
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value
from chainrule.nn import (
    MLP,
    Embedding,
    Layer,
    Linear,
    Module,
    Neuron,
    Parameter,
    Sequential,
    SparseLayer,
    tanh,
)


class Held(Module):
    """A module that holds whatever it is given."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


def numbers(module: Module) -> list[float]:
    return [p.data for p in module.parameters()]


def test_a_layer_is_a_matrix_with_a_row_for_each_neuron_and_a_bias() -> None:
    model = MLP(2, [3, 1], seed=0)
    state = model.state_dict()
    assert list(state) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert state["layers.0.weight"] == [[w.data for w in neuron.w] for neuron in model.layers[0].neurons]
    assert state["layers.1.bias"] == [model.layers[1].neurons[0].b.data]


def test_a_layer_without_biases_has_no_bias_in_its_state() -> None:
    assert list(Linear(2, 1, bias=False).state_dict()) == ["weight"]


def test_other_parts_give_what_they_hold() -> None:
    module = Held(
        scale=Parameter(2.0),
        pair=(Parameter(3.0), [Parameter(4.0)]),
        mixed=[Parameter(5.0), "text", Linear(1, 1, bias=False, init="ones")],
        by_name={"a": Parameter(6.0)},
        array=np.array([[Parameter(7.0), Parameter(8.0)]]),
        table=Embedding(2, 1, init="zeros"),
        lone=Neuron(1, init="ones"),
    )
    assert module.state_dict() == {
        "scale": 2.0,
        "pair": [3.0, [4.0]],
        "mixed.0": 5.0,
        "mixed.2.weight": [[1.0]],
        "by_name.a": 6.0,
        "array": [[7.0, 8.0]],
        "table.weight": [[0.0], [0.0]],
        "lone.w": [1.0],
        "lone.b": 0.0,
    }


def test_a_state_goes_through_json_to_another_model_bit_for_bit() -> None:
    model, other = MLP(3, [4, 2], seed=0), MLP(3, [4, 2], seed=1)
    other.load_state_dict(json.loads(json.dumps(model.state_dict())))
    assert numbers(model) == numbers(other)


def test_a_state_is_a_copy() -> None:
    model = Linear(1, 1, seed=0)
    state = model.state_dict()
    before = state["weight"][0][0]
    model.neurons[0].w[0].data = 100.0
    assert state["weight"][0][0] == before


def test_arrays_and_tensors_load_as_lists_do() -> None:
    layer = Layer(2, 1, seed=0)
    layer.load_state_dict({"weight": np.array([[1.5, -2.0]], dtype=np.float32), "bias": (np.float64(0.5),)})
    assert numbers(layer) == [1.5, -2.0, 0.5]
    assert all(type(number) is float for number in numbers(layer))


def test_a_pytorch_sequential_loads_and_the_other_way_round() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    ours = Sequential(Linear(3, 4), tanh, Linear(4, 2))
    ours.load_state_dict(theirs.state_dict())
    x = [0.5, -1.0, 2.0]
    expected = theirs(torch.tensor(x, dtype=torch.float64)).tolist()
    assert [out.data for out in ours(x)] == pytest.approx(expected, rel=1e-14)
    other = Sequential(Linear(3, 4, seed=5), tanh, Linear(4, 2, seed=6))
    theirs.load_state_dict(
        {key: torch.tensor(rows, dtype=torch.float64) for key, rows in other.state_dict().items()}
    )
    expected = theirs(torch.tensor(x, dtype=torch.float64)).tolist()
    assert [out.data for out in other(x)] == pytest.approx(expected, rel=1e-14)


def test_what_is_held_in_two_places_has_two_keys_as_in_pytorch() -> None:
    shared = Linear(1, 1, bias=False, init="ones")
    module = Held(first=shared, second=shared, own=Held(w=shared.neurons[0].w))
    state = module.state_dict()
    assert state == {"first.weight": [[1.0]], "second.weight": [[1.0]], "own.w": [1.0]}
    module.load_state_dict({"first.weight": [[3.0]], "second.weight": [[2.0]], "own.w": [2.0]})
    assert numbers(module) == [2.0]


def test_nan_and_inf_are_numbers_of_a_state() -> None:
    layer = Linear(1, 2, bias=False)
    layer.load_state_dict({"weight": [[math.inf], [math.nan]]})
    assert numbers(layer)[0] == math.inf
    assert math.isnan(numbers(layer)[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers.0.bias": None}, "keys that are missing: layers.0.bias"),
        ({"head.w": 1.0}, "keys that the model does not have: head.w"),
        (
            {"layers.0.weight": [[1.0, 2.0, 3.0]]},
            r"layers.0.weight has the shape \[2, 2\] in the model, \[1, 3\] in the state",
        ),
        ({"layers.0.bias": 1.0}, r"layers.0.bias has the shape \[2\] in the model, one number in the state"),
        ({"layers.0.weight": [[1.0], [1.0, 2.0]]}, r"\[2, 2\] in the model, \[2, \(1, 2\)\] in the state"),
        ({"layers.0.bias": []}, r"\[2\] in the model, \[0\] in the state"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_changed(change: dict[str, Any], message: str) -> None:
    model = MLP(2, [2, 1], seed=0)
    state = {**MLP(2, [2, 1], seed=1).state_dict(), **change}
    state = {key: held for key, held in state.items() if held is not None}
    before = numbers(model)
    with pytest.raises(ValueError, match=f"load_state_dict: MLP differs; .*{message}"):
        model.load_state_dict(state)
    assert numbers(model) == before


@pytest.mark.parametrize(
    ("bad", "shown"),
    [("abc", "'abc'"), (None, "None"), (1j, "1j"), (True, "True"), ({"a": 1.0}, "{'a': 1.0}")],
)
def test_what_is_no_number_is_refused_with_its_key(bad: Any, shown: str) -> None:
    layer = Linear(1, 2, seed=0)
    before = numbers(layer)
    with pytest.raises(TypeError, match=f"load_state_dict: bias holds {shown}.*: a state is made of numbers"):
        layer.load_state_dict({"weight": [[9.0], [9.0]], "bias": [1.0, bad]})
    assert numbers(layer) == before


def test_a_state_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(TypeError, match=r"load_state_dict takes what state_dict returned, got 3 \(int\)"):
        Linear(1, 1).load_state_dict(3)  # type: ignore[arg-type]


def test_not_strict_leaves_missing_and_unexpected_keys_alone_but_not_shapes() -> None:
    layer = Linear(1, 1, seed=0)
    bias = layer.neurons[0].b.data
    keys = layer.load_state_dict({"weight": [[2.0]], "extra": 1.0}, strict=False)
    assert (keys.missing_keys, keys.unexpected_keys) == (["bias"], ["extra"])
    assert numbers(layer) == [2.0, bias]
    with pytest.raises(ValueError, match="weight has the shape"):
        layer.load_state_dict({"weight": [2.0]}, strict=False)


def test_two_parts_of_one_key_are_refused() -> None:
    module = Held(**{"a.b": Parameter(1.0)}, a={"b": Parameter(2.0)})
    with pytest.raises(ValueError, match=r"state_dict: two parts of Held are called 'a\.b': rename one"):
        module.state_dict()


def test_a_parameter_that_no_matrix_holds_is_refused_rather_than_lost() -> None:
    layer = Linear(1, 1, seed=0)
    layer.neurons[0].gain = Parameter(1.0)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"neurons\.0\.gain belongs to no matrix of its layer"):
        layer.state_dict()


def test_a_users_own_neurons_and_attributes_of_a_layer_are_kept() -> None:
    class Scaled(Neuron):
        def __init__(self) -> None:
            super().__init__(1, init="ones")
            self.gain = Parameter(3.0)

    layer = Layer(1, 1, seed=0)
    layer.neurons = [Scaled()]
    layer.shift = Parameter(4.0)  # type: ignore[attr-defined]
    assert layer.state_dict() == {
        "neurons.0.w": [1.0],
        "neurons.0.b": 0.0,
        "neurons.0.gain": 3.0,
        "shift": 4.0,
    }


def test_a_sparse_layer_is_a_full_matrix_with_zeros_and_takes_nothing_else_there() -> None:
    layer = SparseLayer([[1, 0], [1, 1]], bias=[True, False], init="ones")
    assert layer.state_dict() == {"weight": [[1.0, 0.0], [1.0, 1.0]], "bias": [0.0, 0.0]}
    layer.load_state_dict({"weight": [[2.0, 0], [3.0, 4.0]], "bias": [5.0, -0.0]})
    assert numbers(layer) == [2.0, 5.0, 3.0, 4.0]
    with pytest.raises(ValueError, match=r"weight\[0\]\[1\] is 0.5 in the state, where the model has no"):
        layer.load_state_dict({"weight": [[2.0, 0.5], [3.0, 4.0]], "bias": [5.0, 0.0]})
    with pytest.raises(ValueError, match=r"bias\[1\] is nan in the state"):
        layer.load_state_dict({"weight": [[9.0, 0.0], [3.0, 4.0]], "bias": [5.0, math.nan]})
    assert numbers(layer) == [2.0, 5.0, 3.0, 4.0]


def test_lists_of_any_depth_and_cycles_do_no_harm() -> None:
    nested: Any = Parameter(1.0)
    for _ in range(3000):
        nested = [nested]
    module = Held(nested=nested)
    state = module.state_dict()
    nested[0][0] = [Value(5.0)]
    module.load_state_dict({"nested": [[[2.0]]]})
    cycle: list[Any] = [Parameter(1.0)]
    cycle.append(cycle)
    assert Held(cycle=cycle).state_dict() == {"cycle.0": 1.0}
    assert list(state) == ["nested"]
