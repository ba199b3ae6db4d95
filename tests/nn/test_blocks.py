"""Linear, Sequential, Embedding, Dropout, sparse layers, MLPs of many activations."""

import math
import random
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value, softmax, topological_order
from chainrule.nn import (
    ACTIVATIONS,
    MLP,
    SGD,
    Dropout,
    Embedding,
    Flatten,
    Lambda,
    Layer,
    Linear,
    Neuron,
    Parameter,
    Sequential,
    SparseLayer,
    log_loss,
    relu,
    tanh,
)

# -- layers and MLPs ----------------------------------------------------------------------------------


def test_a_linear_layer_is_w_x_plus_b() -> None:
    linear = Linear(2, 2)
    linear.load_state_dict({"weight": [[1.0, 2.0], [3.0, 4.0]], "bias": [0.5, -0.5]})
    assert [out.data for out in linear([10.0, 1.0])] == [12.5, 33.5]


@pytest.mark.parametrize(
    "make",
    [
        lambda bias: Linear(2, 3, bias),
        lambda bias: Layer(2, 3, bias=bias),
        lambda bias: MLP(2, [3], bias=bias),
        lambda bias: SparseLayer([[1, 1]] * 3, bias=bias),
    ],
)
def test_without_bias_there_is_no_parameter_for_it_and_the_repr_says_so(make: Any) -> None:
    assert (len(make(True).parameters()), len(make(False).parameters())) == (9, 6)
    assert len(make(False).state_dict()) == 1
    made = make(False)
    assert ("bias=False" in repr(made)) != isinstance(made, SparseLayer)


def test_a_neuron_without_bias_has_none_and_one_node_less() -> None:
    neuron = Neuron(2, "identity", bias=False, init="ones")
    assert neuron.b is None
    assert neuron([2.0, 3.0]).data == 5.0
    assert repr(neuron) == "Neuron(2, activation=identity, bias=False)"


@pytest.mark.parametrize("bias", ["no", None, 1, 0.5])
def test_a_bias_that_is_neither_true_nor_false_is_refused(bias: Any) -> None:
    kinds: list[tuple[Any, tuple[Any, ...]]] = [
        (Neuron, (2,)),
        (Layer, (2, 1)),
        (Linear, (2, 1)),
        (MLP, (2, [1])),
    ]
    for make, sizes in kinds:
        with pytest.raises(TypeError, match=f"{make.__name__}: bias is True or False, got {bias!r}"):
            make(*sizes, bias=bias)


def test_an_mlp_takes_an_activation_for_each_layer() -> None:
    model = MLP(2, [3, 3, 1], activation=["tanh", relu, "sigmoid"], seed=0)
    assert [layer.neurons[0].activation for layer in model.layers] == [
        ACTIVATIONS[name] for name in ("tanh", "relu", "sigmoid")
    ]
    assert repr(model) == "MLP(2, [3, 3, 1], activation=[tanh, relu, sigmoid])"
    assert repr(MLP(2, [1], activation=["tanh"])) == "MLP(2, [1], output=tanh)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: MLP(2, [3, 1], activation=["tanh"]),
            "MLP has 2 layers and got 1 activations: a list",
        ),
        (
            lambda: MLP(2, [3, 1], activation=["tanh", "relu"], output="sigmoid"),
            "MLP got a list of activations and output='sigmoid': the list's last one is the output's",
        ),
        (lambda: MLP(2, [3, 1], activation=["tanh", "swish"]), "unknown activation 'swish'"),
        (lambda: Linear(0, 1), "Linear needs a whole number of inputs, at least 1, got 0"),
        (lambda: Linear(1, 1.5), r"Linear needs a whole number of neurons, at least 1, got 1\.5"),  # type: ignore[arg-type]
        (lambda: Embedding(0, 1), "Embedding needs a whole number of rows, at least 1, got 0"),
        (lambda: Embedding(1, True), "Embedding needs a whole number of numbers in each row, .* got True"),
        (lambda: Dropout(1.5), r"Dropout: p is a probability between 0 and 1, got 1\.5"),
        (lambda: Dropout(-0.1), "Dropout: p is a probability between 0 and 1, got -0"),
        (lambda: Dropout(math.nan), "Dropout: p is a probability between 0 and 1, got nan"),
        (lambda: Dropout(True), "Dropout: p is a probability between 0 and 1, got True"),
        (lambda: Dropout("0.5"), "Dropout: p is a probability between 0 and 1, got '0"),  # type: ignore[arg-type]
        (lambda: Sequential(), "Sequential needs at least one part"),
        (lambda: SparseLayer([]), "SparseLayer needs a mask with a row for each neuron, got an empty one"),
        (lambda: SparseLayer([[]]), "SparseLayer needs a mask with a row for each neuron, got an empty one"),
        (lambda: SparseLayer([[1, 0], [1]]), "needs rows of 2 entries, as the first, got 1 in row 1"),
        (lambda: SparseLayer([[1, 2]]), "SparseLayer takes a mask of 0 and 1, got 2 in row 0"),
        (lambda: SparseLayer(["10"]), "SparseLayer takes a mask of 0 and 1, got '1' in row 0"),  # type: ignore[list-item]
        (lambda: SparseLayer([[1, math.nan]]), "SparseLayer takes a mask of 0 and 1, got nan in row 0"),  # type: ignore[list-item]
        (
            lambda: SparseLayer([[1], [0]], bias=[True, False]),
            "SparseLayer: neuron 1 has neither a connection nor a bias",
        ),
        (lambda: SparseLayer([[1], [1]], bias=[True]), "has 2 neurons and got 1 entries in bias"),
        (lambda: SparseLayer([[1]], bias=["no"]), r"bias says True or False for each neuron, got \['no'\]"),  # type: ignore[list-item]
    ],
)
def test_impossible_blocks_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


# -- Sequential ---------------------------------------------------------------------------------------


def test_sequential_is_one_part_after_another() -> None:
    first, last = Linear(2, 3, seed=0), Linear(3, 1, seed=1)
    model = Sequential(first, tanh, last)
    x = [0.5, -1.0]
    assert model(x)[0].data == last([z.tanh() for z in first(x)])[0].data
    assert model.parameters() == first.parameters() + last.parameters()


def test_sequential_is_a_sequence_of_its_parts() -> None:
    model = Sequential(Linear(2, 2, seed=0), "relu", Linear(2, 1, seed=1))
    assert len(model) == 3
    assert list(model) == [model[0], relu, model[-1]]
    assert isinstance(model[:2], Sequential)
    assert list(model[:2]) == [model[0], relu]
    with pytest.raises(IndexError):
        model[3]
    assert model.append(tanh) is model
    assert model[3] is tanh
    with pytest.raises(ValueError, match="Sequential needs at least one part"):
        model[2:2]


def test_the_names_of_a_sequential_are_pytorchs_and_its_labels_pythons() -> None:
    model = Sequential(Linear(1, 1, seed=0), tanh, Sequential(Linear(1, 1, seed=1)))
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.0.weight", "2.0.bias"]
    label = "layers[2].layers[0].neurons[0].w[0]"
    assert eval(f"model.{label}", {"model": model}).label == label


def test_functions_are_applied_to_each_value_and_softmax_to_the_list() -> None:
    out = Sequential(Linear(2, 3, seed=0), lambda z: z * 2.0, softmax)([1.0, 2.0])
    assert sum(share.data for share in out) == pytest.approx(1.0, rel=1e-15)
    assert [v.data for v in Sequential(tanh)([0.0, [Value(1.0)]])[1]] == [math.tanh(1.0)]
    assert Sequential(tanh)(0.5).data == math.tanh(0.5)
    assert [v.data for v in Sequential(tanh)(np.array([0.5, 1.0]))] == [math.tanh(0.5), math.tanh(1.0)]


def test_lambda_gets_the_whole_list() -> None:
    model = Sequential(Linear(1, 3, bias=False, init="ones"), Lambda(sum))
    assert model([2.0]).data == 6.0
    assert repr(Lambda(sum)) == "Lambda(sum)"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((3,), "Sequential takes modules and functions, got 3"),
        ((Linear,), r"Sequential takes modules, not classes: make one, Linear\(...\)"),
        (([tanh],), r"Sequential takes its parts one by one, got a list: Sequential\(\*parts\)"),
        ((None,), "Sequential takes modules and functions, got None"),
    ],
)
def test_what_cannot_be_called_is_no_part(parts: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Sequential(*parts)
    with pytest.raises(TypeError, match=message):
        Sequential(tanh).append(*parts)


def test_what_no_function_can_take_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="Sequential takes Values and plain numbers, got 'a'"):
        Sequential(tanh)(["a"])
    with pytest.raises(TypeError, match="Dropout takes Values and plain numbers, got None"):
        Dropout(0.5)([None])
    with pytest.raises(ValueError, match="Linear expects 2 inputs, got 1"):
        Linear(2, 1)([1.0])
    with pytest.raises(TypeError, match="Lambda takes a function, got 3"):
        Lambda(3)  # type: ignore[arg-type]


# -- Embedding ----------------------------------------------------------------------------------------


def test_an_embedding_gives_its_own_parameters_so_that_they_learn() -> None:
    embedding = Embedding(3, 2, seed=0)
    row = embedding(2)
    assert [a is b for a, b in zip(row, embedding.weight[2], strict=True)] == [True, True]
    (row[0] * 3.0).backward()
    assert [[p.grad for p in row] for row in embedding.weight] == [[0.0, 0.0], [0.0, 0.0], [3.0, 0.0]]


@pytest.mark.parametrize("one", [1, np.int64(1), np.array(1)])
def test_one_number_chooses_a_row(one: Any) -> None:
    embedding = Embedding(3, 2, seed=0)
    assert embedding(one) == embedding.weight[1]


@pytest.mark.parametrize("some", [[2, 0, 2], (2, 0, 2), np.array([2, 0, 2]), iter([2, 0, 2])])
def test_several_numbers_choose_a_list_of_rows(some: Any) -> None:
    embedding = Embedding(3, 2, seed=0)
    assert embedding(some) == [embedding.weight[2], embedding.weight[0], embedding.weight[2]]


def test_changing_what_an_embedding_returned_leaves_it_alone() -> None:
    embedding = Embedding(2, 1, seed=0)
    embedding(0).clear()
    assert len(embedding(0)) == 1


@pytest.mark.parametrize("row", [3, -1, np.int64(7), 10**30])
def test_rows_that_are_not_there_are_refused(row: Any) -> None:
    for rows in (row, [0, row]):
        with pytest.raises(IndexError, match=f"Embedding has 3 rows, 0 to 2, got {row}"):
            Embedding(3, 2, seed=0)(rows)


@pytest.mark.parametrize("row", [1.0, "1", None, True, Value(1.0), np.float64(1.0)])
def test_what_is_no_whole_number_is_refused(row: Any) -> None:
    for rows in (row, [row]):
        with pytest.raises(TypeError, match="Embedding takes whole numbers, the rows to choose, got"):
            Embedding(3, 2, seed=0)(rows)


def test_a_character_model_is_an_embedding_flattened_into_a_network() -> None:
    model = Sequential(Embedding(27, 2, seed=0), Flatten(), Linear(6, 4, seed=1), tanh, Linear(4, 27, seed=2))
    assert len(model([0, 5, 13])) == 27
    assert repr(model).splitlines()[1:3] == ["  (0): Embedding(27, 2)", "  (1): Flatten()"]


# -- Dropout ------------------------------------------------------------------------------------------


def test_dropout_scales_what_it_keeps_and_stops_the_gradient_of_what_it_drops() -> None:
    dropout = Dropout(0.25, seed=0)
    xs = [Value(3.0) for _ in range(4000)]
    outs = dropout(xs)
    kept = [out.data != 0.0 for out in outs]
    assert {out.data for out in outs} == {0.0, 4.0}
    assert sum(kept) / len(kept) == pytest.approx(0.75, abs=0.02)
    for out in outs[:50]:
        out.backward()
    assert [x.grad for x in xs[:50]] == [1.0 / 0.75 if k else 0.0 for k in kept[:50]]


def test_dropout_does_nothing_in_evaluation_mode_or_with_p_zero() -> None:
    xs = [Value(1.0), Value(2.0)]
    assert Dropout(0.9, seed=0).eval()(xs) is xs
    assert Dropout(0.0)(xs) is xs
    model = Sequential(Dropout(0.9, seed=0), Linear(2, 1, seed=0))
    assert model.eval()(xs)[0].data == model(xs)[0].data == model[1](xs)[0].data
    assert not model[0].training


def test_dropout_with_p_one_drops_everything() -> None:
    x = Value(5.0)
    out = Dropout(1.0)([x, 2.0])
    assert [v.data for v in out] == [0.0, 0.0]
    out[0].backward()
    assert x.grad == 0.0


def test_dropout_takes_one_value_lists_of_lists_and_numbers() -> None:
    dropout = Dropout(0.5, seed=0)
    assert dropout(Value(1.0)).data in (0.0, 2.0)
    assert [len(row) for row in dropout([[1.0, 1.0], [1.0]])] == [2, 1]


def test_dropout_is_the_same_with_the_same_seed_and_leaves_the_global_generator_alone() -> None:
    before = random.getstate()
    first, second = (
        [out.data for _ in range(3) for out in dropout([1.0] * 5)]
        for dropout in (Dropout(0.5, seed=7), Dropout(0.5, seed=random.Random(7)))
    )
    assert first == second
    assert random.getstate() == before


# -- sparse layers ------------------------------------------------------------------------------------


def article_b() -> Sequential:
    """Article B's network: 2-3-2-1, unit 3 not connected to unit 4, biases for units 1 and 2 only."""
    model = Sequential(
        SparseLayer([[1, 0], [1, 0], [1, 0]], "sigmoid", bias=[True, True, False]),
        SparseLayer([[1, 1, 0], [1, 1, 1]], "sigmoid", bias=False),
        SparseLayer([[1, 1]], "sigmoid", bias=False),
    )
    model.load_state_dict(
        {
            "0.weight": [[0.3, 0.0], [0.7, 0.0], [-0.1, 0.0]],
            "0.bias": [0.5, -0.2, 0.0],
            "1.weight": [[-0.5, 0.4, 0.0], [0.3, 0.6, 0.4]],
            "2.weight": [[0.5, 0.7]],
        }
    )
    return model


def test_article_bs_network_takes_its_published_step() -> None:
    model = article_b()
    [before] = model([1.0, 0.0])
    log_loss(before, 1.0).backward()
    SGD(model.parameters(), lr=0.5).step()
    [after] = model([1.0, 0.0])
    assert (round(before.data, 6), round(after.data, 6)) == (0.671846, 0.698076)
    moved = model.state_dict()
    assert moved["1.weight"][0] == pytest.approx([-0.485881, 0.412737, 0.0], abs=5e-7)
    assert moved["1.weight"][1] == pytest.approx([0.317140, 0.615462, 0.411800], abs=5e-7)
    assert moved["2.weight"][0] == pytest.approx([0.578104, 0.812167], abs=5e-7)
    assert moved["0.bias"] == pytest.approx([0.499406, -0.194574, 0.0], abs=5e-7)


def test_connections_that_do_not_exist_are_in_no_graph() -> None:
    model = article_b()
    assert len(model.parameters()) == 12
    [out] = model([1.0, 0.0])
    in_graph = {node.label for node in topological_order(out) if isinstance(node, Parameter)}
    assert in_graph == {p.label for p in model.parameters()}
    assert "layers[1].neurons[0].w[1]" in in_graph
    assert "layers[1].neurons[0].w[2]" not in in_graph
    assert repr(model[1]) == "SparseLayer(3, 2, connections=5, activation=sigmoid)"
    assert repr(model[1].neurons[0]) == "SparseNeuron(inputs=[0, 1], activation=sigmoid)"
    assert model.summary().parameters == 12


def test_a_full_mask_is_a_layer() -> None:
    full, sparse = Layer(3, 2, "tanh", seed=0), SparseLayer(np.ones((2, 3)), "tanh", seed=1)  # type: ignore[arg-type]
    sparse.load_state_dict(full.state_dict())
    x = [0.5, -1.0, 2.0]
    assert [a.data for a in full(x)] == [a.data for a in sparse(x)]


def test_a_neuron_with_nothing_but_a_bias_is_its_bias() -> None:
    layer = SparseLayer([[0], [1]], "identity", bias_init="ones")
    assert [out.data for out in layer([0.0])] == [1.0, 1.0]


def test_sparse_layers_refuse_what_layers_refuse() -> None:
    layer = SparseLayer([[1, 0, 1]], seed=0)
    with pytest.raises(ValueError, match="SparseLayer expects 3 inputs, got 2"):
        layer([1.0, 2.0])
    with pytest.raises(TypeError, match="SparseLayer takes Values and plain numbers, got 'b'"):
        layer([1.0, "b", 2.0])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"SparseLayer takes a mask of rows, such as .*, got 3"):
        SparseLayer(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="SparseLayer: bias is True, False or a list of them, got 3"):
        SparseLayer([[1]], bias=3)  # type: ignore[arg-type]


def test_a_star_import_gives_classes_and_functions_and_leaves_the_engines_clip() -> None:
    names: dict[str, Any] = {}
    exec("from chainrule.engine import *; from chainrule.nn import *; from chainrule.viz import *", names)
    assert names["clip"](Value(3.0), -1.0, 1.0).data == 1.0
    assert {"MLP", "SGD", "LBFGS", "fit", "init", "draw"} <= set(names)
    assert not {"sys", "TYPE_CHECKING", "loop", "tree", "graph"} & set(names)
