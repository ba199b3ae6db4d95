"""Activations called by hand: on Values, on plain numbers, and on what a layer returns."""

from typing import Any

import pytest

from chainrule import engine, nn
from chainrule.engine import Value
from chainrule.nn import ACTIVATIONS, Layer

OF_THE_TABLE = sorted(set(ACTIVATIONS) - {"identity"})


@pytest.mark.parametrize("name", OF_THE_TABLE)
@pytest.mark.parametrize("x", [-1.5, 0.0, 2, float("inf")])
def test_a_plain_number_gives_the_number_that_a_value_holds(name: str, x: float) -> None:
    activation: Any = ACTIVATIONS[name]
    assert type(activation(x)) is float
    assert activation(x) == activation(Value(x)).data


def test_settings_are_those_of_values_too() -> None:
    of_numbers: Any = nn
    assert of_numbers.leaky_relu(-2.0, slope=0.5) == -1.0
    assert of_numbers.elu(-2.0, alpha=0.0) == 0.0


def test_after_star_imports_of_engine_and_nn_the_functions_take_numbers_still() -> None:
    names: dict[str, Any] = {}
    exec("from chainrule.engine import *; from chainrule.nn import *", names)
    assert names["tanh"](0.5) == engine.tanh(0.5)


@pytest.mark.parametrize("name", OF_THE_TABLE)
def test_a_layers_outputs_are_refused_with_the_ways_out(name: str) -> None:
    outputs: Any = Layer(2, 3, seed=0)([1.0, 2.0])
    with pytest.raises(
        TypeError,
        match=rf"^{name} takes one Value, got 3 in a list: write \[{name}\(z\) for z in zs\], or put "
        rf"nn.{name} into a Sequential between its layers$",
    ):
        ACTIVATIONS[name](outputs)


@pytest.mark.parametrize("thing", ["text", None, {}], ids=repr)
def test_what_is_no_number_is_named(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"^relu takes Values and plain numbers, got "):
        nn.relu(thing)
