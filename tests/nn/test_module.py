"""How modules find their parameters."""

import abc
import copy
import pickle
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
import pytest

from chainrule.engine import Constant, Value
from chainrule.nn import (
    MLP,
    SGD,
    Dropout,
    Layer,
    Linear,
    Module,
    Neuron,
    Parameter,
    Sequential,
    fit,
    leaky_relu,
    squared_error,
    tanh,
)

T = TypeVar("T")


class Held(Module):
    """A module that holds whatever it is given."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


def test_parameters_are_found_in_nested_containers_in_the_order_of_the_attributes() -> None:
    a, b, c, d = (Parameter(float(i)) for i in range(4))
    module = Held(first=[a, (b,)], second={"left": Held(inner=c)}, third=d)
    assert [name for name, _ in module.named_parameters()] == [
        "first.0",
        "first.1.0",
        "second.left.inner",
        "third",
    ]
    assert all(found is made for found, made in zip(module.parameters(), [a, b, c, d], strict=True))


def test_a_plain_leaf_value_is_a_parameter_too() -> None:
    w = Value(1.0)
    assert Held(w=w).parameters()[0] is w


def test_results_constants_and_other_things_are_not_parameters() -> None:
    w = Parameter(2.0)
    module = Held(
        w=w, result=w * w, constant=Constant(3.0), detached=w.detach(), text="w", number=3, none=None
    )
    assert [name for name, _ in module.named_parameters()] == ["w"]


def test_a_shared_parameter_is_found_once() -> None:
    w = Parameter(2.0)
    assert len(Held(encoder=[w], decoder=[w]).parameters()) == 1


def test_two_parameters_of_the_same_number_are_both_found() -> None:
    assert len(Held(w=[Parameter(0.0), Parameter(0.0)]).parameters()) == 2


def test_names_are_dotted_paths() -> None:
    names = [name for name, _ in MLP(2, [2, 1], seed=0).named_parameters()]
    assert names[:3] == ["layers.0.neurons.0.w.0", "layers.0.neurons.0.w.1", "layers.0.neurons.0.b"]
    assert names[-1] == "layers.1.neurons.0.b"


def test_zero_grad_reaches_every_parameter() -> None:
    model = MLP(2, [3, 1], seed=0)
    for settings in ({}, {"set_to_none": True}, {"set_to_none": False}):  # as PyTorch's may be written
        (model([1.0, 2.0]) ** 2).backward()
        assert any(p.grad for p in model.parameters())
        model.zero_grad(**settings)
        assert all(p.grad == 0.0 for p in model.parameters())


@pytest.mark.parametrize("module", [Neuron(3, seed=0), Layer(3, 2, seed=0), MLP(3, [2, 2], seed=0)])
def test_a_repr_is_one_line_that_says_the_sizes(module: Module) -> None:
    assert "\n" not in repr(module)
    assert "3" in repr(module)


def test_object_arrays_and_slots_are_looked_into() -> None:
    class Slotted(Module):
        __slots__ = ("w",)

    slotted: Any = Slotted()
    slotted.w = Parameter(1.0)
    array = np.array([[Parameter(2.0), Parameter(3.0)]])
    module = Held(slotted=slotted, array=array, plain=np.array([1.0]))
    assert [name for name, _ in module.named_parameters()] == ["slotted.w", "array.0.0", "array.0.1"]


def test_every_parameter_of_several_arrays_is_found() -> None:
    # The rows of an array are made as they are asked for: one may get the identity of another that has gone.
    def array(rows: int) -> Any:
        return np.array([[Parameter(float(10 * i + j)) for j in range(3)] for i in range(rows)])

    module = Held(a=array(4), b=array(4), deep=np.array([array(2), array(2)]), c={"x": array(2)})
    assert len(list(module.named_parameters())) == len(module.parameters()) == 12 + 12 + 12 + 6
    assert [*module.state_dict()] == ["a", "b", "deep", "c.x"]


def test_parameters_and_modules_come_in_the_order_of_their_names() -> None:
    shared = Parameter(0.5)
    inner = Sequential(Linear(2, 2, seed=1), tanh, Dropout(0.1), Held(s=shared))
    module = Held(first=shared, parts=(inner, {"m": MLP(2, [2, 1], seed=2)}, [inner]), last=Parameter(1.0))
    assert module.parameters() == [parameter for _, parameter in module.named_parameters()]
    assert module.modules() == [part for _, part in module.named_modules()]


def test_cycles_and_deep_nesting_do_no_harm() -> None:
    child = Held(w=Parameter(1.0))
    parent = Held(child=child)
    child.parent = parent  # type: ignore[attr-defined]
    assert [name for name, _ in parent.named_parameters()] == ["child.w"]
    nested: Any = Parameter(1.0)
    for _ in range(5000):
        nested = [nested]
    assert len(Held(nested=nested).parameters()) == 1


@dataclass
class Pair:
    """A dataclass that is no module."""

    left: Parameter
    right: list[Parameter]
    name: str = "pair"


def test_dataclasses_are_looked_into_modules_or_not() -> None:
    @dataclass(frozen=True)
    class Frozen(Module):
        pair: Pair
        scale: Parameter

    module = Frozen(Pair(Parameter(1.0), [Parameter(2.0)]), Parameter(3.0))
    assert [name for name, _ in module.named_parameters()] == ["pair.left", "pair.right.0", "scale"]
    assert not module.eval().training


def test_modules_are_named_by_their_paths_each_once() -> None:
    shared = Linear(2, 2, seed=0)
    module = Held(first=[shared], second={"again": shared, "own": Held(deep=Linear(2, 1, seed=1))})
    named = dict(module.named_modules())
    assert [name for name in named if "neurons" not in name] == [
        "",
        "first.0",
        "second.own",
        "second.own.deep",
    ]
    assert named[""] is module
    assert [name for name, _ in module.named_children()] == ["first.0", "second.own"]
    assert module.children() == [shared, module.second["own"]]  # type: ignore[attr-defined]
    assert len(module.modules()) == len(named)


def test_train_and_eval_reach_every_module_inside() -> None:
    module = Held(inner={"deep": [Dropout(0.5)]})
    assert module.training
    assert module.eval() is module
    assert not any(part.training for part in module.modules())
    assert all(part.training for part in module.train().modules())
    with pytest.raises(TypeError, match="train takes True or False, got 3; to train a model, see fit"):
        module.train(3)  # type: ignore[arg-type]


def test_a_parameter_is_labelled_by_its_place_as_python_writes_it() -> None:
    model = MLP(2, [3, 1], seed=0)
    for label in ("layers[0].neurons[2].w[1]", "layers[1].neurons[0].b"):
        assert eval(f"model.{label}", {"model": model}).label == label
    assert len({p.label for p in model.parameters()}) == len(model.parameters())


def test_a_module_around_another_names_its_parameters_anew() -> None:
    model = Linear(1, 1, seed=0)
    assert model.neurons[0].w[0].label == "neurons[0].w[0]"
    Held(body={"a": model})
    assert model.neurons[0].w[0].label == "body['a'].neurons[0].w[0]"


def test_a_label_of_the_users_own_stays() -> None:
    mine, other = Parameter(1.0, label="mine"), Parameter(2.0)
    module = Held(parts=[mine, other])
    other.label = "yours"
    Held(inner=module)
    assert (mine.label, other.label) == ("mine", "yours")


def test_parameters_added_later_are_labelled_when_asked() -> None:
    module = Held()
    module.late = Parameter(1.0)  # type: ignore[attr-defined]
    module.label_parameters()
    assert module.late.label == "late"  # type: ignore[attr-defined]


def test_labels_survive_copies_and_pickles() -> None:
    model = Linear(1, 1, seed=0)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert [p.label for p in copied.parameters()] == ["neurons[0].w[0]", "neurons[0].b"]


def test_a_module_may_be_abstract_generic_or_a_protocol() -> None:
    class Base(Module, abc.ABC):
        @abc.abstractmethod
        def __call__(self, x: float) -> Value: ...

    class Scale(Base, Generic[T]):
        def __init__(self) -> None:
            self.w = Parameter(2.0)

        def __call__(self, x: float) -> Value:
            return self.w * x

    with pytest.raises(TypeError, match="abstract"):
        Base()  # type: ignore[abstract]
    assert Scale[int]()(3.0).data == 6.0


def test_a_repr_nests_as_pytorchs_does() -> None:
    class Net(Module):
        def __init__(self) -> None:
            self.body = Sequential(Linear(2, 3), tanh, Dropout(0.1))
            self.head = Linear(3, 1)
            self.scale = Parameter(1.0)

        def extra_repr(self) -> str:
            return "for tests"

    assert repr(Net()).splitlines() == [
        "Net(for tests",
        "  (body): Sequential(",
        "    (0): Linear(2, 3)",
        "    (1): tanh",
        "    (2): Dropout(p=0.1)",
        "  )",
        "  (head): Linear(3, 1)",
        ")",
    ]


def test_a_repr_copes_with_cycles_own_texts_and_deep_nesting() -> None:
    class Own(Module):
        def __repr__(self) -> str:
            return "two\nlines"

    child = Held(own=Own())
    child.parent = Held(child=child)  # type: ignore[attr-defined]
    assert repr(child) == ("Held(\n  (own): two\n  lines\n  (parent): Held(\n    (child): Held(...)\n  )\n)")
    for _ in range(200):
        child = Held(inner=child)
    assert repr(child).count("\n") > 400


def test_a_functions_name_in_a_repr_is_itself_where_it_has_none() -> None:
    steep = partial(leaky_relu, slope=0.2)
    assert "functools.partial" in repr(Neuron(1, activation=steep, seed=0))


def test_a_summary_counts_each_parameter_once_and_has_the_numbers_as_data() -> None:
    shared = [Parameter(1.0), Parameter(2.0)]
    module = Held(a=Held(w=shared), b=Held(w=list(shared)), c=Dropout(0.1), own=Parameter(3.0))
    summary = module.summary()
    assert [(row.name, row.parameters) for row in summary.rows] == [
        ("(model)", 1),
        ("a", 2),
        ("b", 0),
        ("c", 0),
    ]
    assert summary.parameters == len(module.parameters()) == 3
    assert summary.rows[1].shapes == {"w": (2,)}
    assert str(summary) == repr(summary)


def test_forward_will_do_in_the_place_of_call() -> None:
    class Scaled(Module):
        def __init__(self) -> None:
            super().__init__()
            self.line = Linear(2, 1, seed=0)

        def forward(self, x: Any, scale: float = 1.0) -> Value:
            return self.line(x)[0] * scale

    model = Scaled()
    line = Linear(2, 1, seed=0)
    assert model([1.0, 2.0]).data == line([1.0, 2.0])[0].data
    assert model([1.0, 2.0], scale=3.0).data == 3.0 * line([1.0, 2.0])[0].data
    for compiled in (False, True):
        model = Scaled()
        history = fit(
            model, [[1.0, 2.0], [0.0, 1.0]], [1.0, -1.0], loss=squared_error, epochs=5, compiled=compiled,
            optimizer=SGD(model.parameters(), lr=0.1),
        )  # fmt: skip
        assert history.loss[-1] < history.loss[0]


def test_a_module_that_cannot_be_called_says_what_to_define() -> None:
    class Holder(Module):
        pass

    with pytest.raises(TypeError, match=r"Holder cannot be called: define __call__\(self, x\) in it, or f"):
        Holder()([1.0])
