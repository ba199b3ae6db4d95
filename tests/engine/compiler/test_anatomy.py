"""Whatever is changed in a module counts at the next call: nothing is frozen in silence."""

import copy
import enum
import math
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value, relu, sin, tanh
from chainrule.engine.compiler import compile
from chainrule.engine.compiler.anatomy import MOST_NUMBERS, Anatomy
from chainrule.nn import MLP, Linear, Module, Parameter, Sequential


class Plus(Module):
    def __init__(self, number: float) -> None:
        self.w = Parameter(number)

    def __call__(self, x: Any) -> Any:
        return x + self.w


class Times(Plus):
    def __call__(self, x: Any) -> Any:
        return x * self.w


class Mode(enum.Enum):
    UP = 1
    DOWN = 2


class Settings(Module):
    """What has settings of every kind."""

    def __init__(self) -> None:
        self.a, self.b = Times(2.0), Plus(3.0)
        self.layer: Any = Times(5.0)
        self.blocks = [self.a, self.b, self.a]
        self.use = [self.a, self.a]
        self.activation: Any = tanh
        self.lst: Any = [1.0, [2.0, "x"]]
        self.t: Any = (3.0,)
        self.d: Any = {"k": 4, "deep": {"er": [1]}}
        self.numbers: Any = np.array([1.0, 2.0])
        self.whole: Any = np.int64(1)
        self.truth: Any = np.bool_(True)
        self.zero: Any = 0.0
        self.mode, self.known = Mode.UP, {1}
        self.recent: Any = deque([1.0])

    def __call__(self, x: Any) -> Any:
        for block in [*self.blocks, *self.use, self.layer]:
            x = block(x)
        x = self.activation(x * 0.01) + self.lst[0] * 1.5 + self.lst[1][0] + (self.lst[1][1] == "x")
        x = x + self.t[0] * 1.25 + self.d["k"] + self.d["deep"]["er"][0] * 16
        x = x + float(self.numbers.sum()) + int(self.whole) * 3 + (7 if self.truth else 9)
        x = x + math.copysign(0.125, self.zero) + (11 if self.mode is Mode.UP else 13)
        return x + len(self.known) * 17 + self.recent[-1] * 19


CHANGES: dict[str, Callable[[Any], Any]] = {
    "another class": lambda m: setattr(m, "layer", Plus(5.0)),
    "the class of what is there": lambda m: setattr(m.layer, "__class__", Plus),
    "one of tied blocks fewer": lambda m: m.blocks.pop(),
    "tied blocks in another order": lambda m: m.blocks.__setitem__(slice(None), [m.b, m.a, m.a]),
    "another tie": lambda m: setattr(m, "use", [m.a, m.b]),
    "another tie in place": lambda m: m.use.__setitem__(1, m.b),
    "a function": lambda m: setattr(m, "activation", relu),
    "an item of a list": lambda m: m.lst.__setitem__(0, 7.0),
    "an item of a list in a list": lambda m: m.lst[1].__setitem__(0, 7.0),
    "a text in a list in a list": lambda m: m.lst[1].__setitem__(1, "y"),
    "a tuple": lambda m: setattr(m, "t", (9.0,)),
    "an entry of a dictionary": lambda m: m.d.__setitem__("k", 7),
    "deep in a dictionary": lambda m: m.d["deep"]["er"].__setitem__(0, 2),
    "an array": lambda m: setattr(m, "numbers", np.array([5.0, 6.0])),
    "an element of an array": lambda m: m.numbers.__setitem__(0, 9.0),
    "NumPy's integer": lambda m: setattr(m, "whole", np.int64(2)),
    "NumPy's truth value": lambda m: setattr(m, "truth", np.bool_(False)),
    "the sign of zero": lambda m: setattr(m, "zero", -0.0),
    "an enum's member": lambda m: setattr(m, "mode", Mode.DOWN),
    "a set": lambda m: m.known.add(2),
    "a deque": lambda m: m.recent.append(2.0),
}


def changed_by(change: Callable[[Any], Any], model: Any, x: Any) -> None:
    """Check that a kernel says what Values say before and after a change, and sees the change back again."""
    kernel = compile(lambda model, x: model(x), argnums=1, exact=True)
    before = model(x).data
    for _ in range(2):
        assert kernel(model, x) == before
    change(model)
    assert model(x).data != before
    for _ in range(2):
        assert kernel(model, x) == model(x).data
    assert len(kernel.variants) == 2


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_counts_at_the_next_call(change: Callable[[Any], Any]) -> None:
    model = Settings()
    assert model._containers() is not None  # so it is the quick look that sees the change
    changed_by(change, model, 0.5)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_counts_where_every_call_walks_through_the_module(change: Callable[[Any], Any]) -> None:
    model = Settings()
    vars(model)["objects"] = np.array([Parameter(1.0)], object)
    assert model._containers() is None
    changed_by(change, model, 0.5)


def test_a_layer_with_another_activation_counts() -> None:
    model, other = MLP(2, [3, 1], "tanh", seed=1), MLP(2, [3, 1], "sigmoid", seed=1)
    changed_by(lambda m: m.layers.__setitem__(0, other.layers[0]), model, [0.5, -1.0])


def test_the_activation_of_one_neuron_counts() -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    changed_by(lambda m: setattr(m.layers[0].neurons[1], "activation", sin), model, [0.5, -1.0])


def test_a_function_in_a_sequence_counts() -> None:
    def first(model: Any, x: Any) -> Any:
        return model(x)[0]

    model = Sequential(Linear(2, 1, seed=1), tanh)
    kernel = compile(first)
    assert kernel(model, [0.5, 1.0]) == pytest.approx(first(model, [0.5, 1.0]).data, rel=1e-15)
    model.layers[1] = sin
    assert kernel(model, [0.5, 1.0]) == pytest.approx(first(model, [0.5, 1.0]).data, rel=1e-15)


def test_settings_of_an_object_that_is_no_module_count_too() -> None:
    class Scaled:
        def __init__(self) -> None:
            self.factors: Any = [2.0]
            self.zero = 0.0

        def __call__(self, x: Any) -> Any:
            return x * self.factors[0] + math.copysign(1.0, self.zero)

    scaled = Scaled()
    kernel = compile(lambda scaled, x: scaled(x))
    assert kernel(scaled, 3.0) == 7.0
    scaled.factors[0] = 5.0
    assert kernel(scaled, 3.0) == 16.0
    scaled.zero = -0.0
    assert kernel(scaled, 3.0) == 14.0


def test_another_value_that_is_no_parameter_counts() -> None:
    model = Plus(1.0)
    vars(model)["scale"] = Value(2.0) * 1.0
    kernel = compile(lambda model, x: model(x) * model.scale)
    assert kernel(model, 3.0) == 8.0
    vars(model)["scale"] = Value(3.0) * 1.0
    assert kernel(model, 3.0) == 12.0


def test_a_module_that_keeps_what_it_computed_is_not_recorded_at_every_call() -> None:
    class Keeping(Plus):
        last: Any = None

        def __call__(self, x: Any) -> Any:
            self.last = super().__call__(x)
            return self.last

    model = Keeping(1.0)
    kernel = compile(lambda model, x: model(x))
    assert [kernel(model, x) for x in (1.0, 2.0, 3.0, 4.0)] == [2.0, 3.0, 4.0, 5.0]
    assert len(kernel.variants) == 2


# -- what is the same ----------------------------------------------------------------------------------------


def test_numbers_of_parameters_do_not_count_and_neither_does_which_object_a_setting_is() -> None:
    model = Settings()
    before = Anatomy(model, model.parameters())
    model.a.w.data = 9.0
    model.lst, model.numbers, model.d = copy.deepcopy((model.lst, model.numbers, model.d))
    vars(model)["nan"] = float("nan")
    model.layer = Times(8.0)
    after = Anatomy(model, model.parameters())
    assert before != after
    del vars(model)["nan"]
    assert before == Anatomy(model, model.parameters())
    assert hash(before) == hash(Anatomy(model, model.parameters()))
    vars(model)["nan"] = float("nan")
    assert after == Anatomy(model, model.parameters())
    assert before != "an anatomy"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (1.0, np.float64(1.0)),
        (np.int32(1), np.int64(1)),
        ([1], (1,)),
        ([[1], 2], [[1, 2]]),
        ([1, 2], [1, [2]]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1: 2}, {True: 2}),
        (np.zeros(2), np.zeros((1, 2))),
        (np.zeros(1), np.zeros(1, np.int64)),
        (np.full((2, 3), 1, object), np.full((3, 2), 1, object)),
        ("1", b"1"),
        (int, float),
        (Value(1.0), Value(1.0)),
    ],
)
def test_settings_of_other_types_and_shapes_are_told_apart(one: Any, other: Any) -> None:
    model = Plus(1.0)
    found = []
    for setting in (one, other):
        vars(model)["setting"] = [setting]
        found.append(Anatomy(model, [model.w]))
    assert found[0] != found[1]


def test_it_counts_with_which_parameter_another_is_tied() -> None:
    model = Plus(1.0)
    a, b = model.w, Parameter(2.0)
    found = []
    for tied in (a, b):
        vars(model)["others"] = [b, tied]
        found.append(Anatomy(model, [a, b]))
    assert found[0] != found[1]


def test_sets_are_the_same_whatever_was_put_in_first() -> None:
    model = Plus(1.0)
    found = []
    for numbers in ((0, 8), (8, 0)):  # which have the same place in a small set, so the order shows
        vars(model)["known"] = set(numbers)
        found.append(Anatomy(model))
    assert found[0] == found[1]


def test_large_arrays_are_told_apart_by_which_one_they_are_and_by_some_elements() -> None:
    model = Plus(1.0)
    table = vars(model)["table"] = np.zeros(3 * MOST_NUMBERS)
    before = Anatomy(model)
    table[1] = 1.0  # none of those that are looked at
    assert Anatomy(model) == before
    table[:] = 2.0
    assert Anatomy(model) != before
    table[:] = 0.0
    assert Anatomy(model) == before
    vars(model)["table"] = table.copy()
    assert Anatomy(model) != before


def test_every_element_counts_up_to_a_limit() -> None:
    model = Plus(1.0)
    table = vars(model)["table"] = np.zeros((MOST_NUMBERS // 10, 10))
    kernel = compile(lambda model, x: model(x) + float(model.table[7, 7]))
    assert kernel(model, 1.0) == 2.0
    table[7, 7] = 5.0
    assert kernel(model, 1.0) == 7.0


@pytest.mark.parametrize("transposed", [False, True])
def test_a_large_array_that_is_filled_anew_counts(transposed: bool) -> None:
    model = Plus(1.0)
    rng = np.random.default_rng(0)
    table = rng.normal(size=(MOST_NUMBERS // 50, 100))
    table = vars(model)["table"] = table.T if transposed else table
    kernel = compile(lambda model, x: model(x) * float(model.table[0, 1]))
    changes: list[Callable[[], Any]] = [
        lambda: np.multiply(table, 2.0, out=table),
        lambda: rng.shuffle(table),
        lambda: table.fill(3.0),
    ]
    for change in (lambda: None, *changes):
        change()
        assert kernel(model, 1.0) == 2.0 * table[0, 1]
    assert len(kernel.variants) == 4


def test_what_holds_itself_and_deep_nesting_do_no_harm() -> None:
    model = Plus(1.0)
    deep: Any = [1.0]
    for _ in range(50_000):
        deep = [deep]
    loop: Any = [model]
    loop.append(loop)
    vars(model)["deep"], vars(model)["loop"] = deep, loop
    assert Anatomy(model) == Anatomy(model)
    assert compile(lambda model, x: model(x))(model, 2.0) == 3.0
