"""How modules find their parameters."""

from typing import Any

import numpy as np
import pytest

from chainrule.engine import Constant, Value
from chainrule.nn import MLP, Layer, Module, Neuron, Parameter


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
    (model([1.0, 2.0]) ** 2).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


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
    assert [name for name, _ in module.named_parameters()] == ["slotted.w", "array.0", "array.1"]


def test_cycles_and_deep_nesting_do_no_harm() -> None:
    child = Held(w=Parameter(1.0))
    parent = Held(child=child)
    child.parent = parent  # type: ignore[attr-defined]
    assert [name for name, _ in parent.named_parameters()] == ["child.w"]
    nested: Any = Parameter(1.0)
    for _ in range(5000):
        nested = [nested]
    assert len(Held(nested=nested).parameters()) == 1
