"""One run of a function on stand-ins: what a recording holds, and what tells arguments apart."""

import array
from collections import deque
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value
from chainrule.engine.compiler.record import is_row, parameters_of, record, structure
from chainrule.engine.compiler.traced import Traced
from chainrule.nn import MLP, Module, Parameter


def test_inputs_are_numbered_argument_by_argument_and_outputs_are_entries() -> None:
    recording = record(lambda w, x: [w["a"] * x, w["b"]], [{"a": 1.0, "b": 2.0}, 3.0], (), set())
    assert recording.inputs == [[0, 1], [2]]
    assert recording.outputs == [3, 1]
    assert recording.of_outputs(["first", "second"]) == ["first", "second"]


def test_a_result_that_depends_on_nothing_is_a_number() -> None:
    recording = record(lambda x: (x, 7), [1.0], (), set())
    assert recording.outputs == [0, 7.0]
    assert isinstance(recording.outputs[1], float)
    assert recording.of_outputs([1.0, 2.0]) == (1.0, 2.0)


def test_the_last_arguments_are_those_given_by_name() -> None:
    recording = record(lambda x, *, y: x - y, [1.0, 2.0], ("y",), set())
    assert recording.tape.operands_of(2) == (0, 1)


def test_values_from_around_are_entered_once_and_labels_go_along() -> None:
    c = Value(3.0, "c")
    recording = record(lambda x: c * x + c, [Value(1.0, "x")], (), set())
    assert recording.outside == [c]
    assert recording.tape.labels == {0: "x", 1: "c"}


class Sum(Module):
    def __init__(self) -> None:
        self.w = Parameter(2.0, "w")

    def __call__(self, x: Any) -> Any:
        assert isinstance(self.w, Traced)
        if x is None:
            raise ValueError("no x")
        return self.w + x


def test_a_module_s_parameters_are_stand_ins_while_it_runs_and_then_what_they_were() -> None:
    model = Sum()
    held = model.w
    recording = record(lambda m, x: m(x), [model, 1.0], (), set())
    assert recording.inputs == [[0], [1]]
    assert recording.tape.labels[0] == "w"
    assert type(held) is Parameter
    assert (held.data, held.operands, held.partials) == (2.0, (), ())


def test_they_are_what_they_were_after_an_error_too() -> None:
    model = Sum()
    with pytest.raises(ValueError, match="no x"):
        record(lambda m: m(None), [model], (), set())
    assert type(model.w) is Parameter
    assert model.w.data == 2.0


def test_a_batched_argument_is_never_a_module() -> None:
    recording = record(lambda x: x[0], [[1.0, 2.0]], (), {0})
    assert recording.inputs == [[0, 1]]


@pytest.mark.parametrize("returned", [None, [], {"a": []}])
def test_a_function_that_returns_no_number_is_refused(returned: Any) -> None:
    with pytest.raises(TypeError, match="compile needs a function that returns numbers, got"):
        record(lambda x: returned, [1.0], (), set())


def test_only_modules_have_parameters() -> None:
    assert len(parameters_of(MLP(2, [1])) or []) == 3
    assert parameters_of([1.0]) is None
    assert parameters_of(MLP) is None
    assert parameters_of(Value(1.0)) is None


def test_rows_are_lists_of_nothing_but_floats() -> None:
    assert is_row([1.0, np.float64(2.0)])
    assert is_row([])
    assert not is_row([1.0, 2])
    assert not is_row((1.0,))
    assert not is_row([Value(1.0)])


ALIKE: list[tuple[Any, Any]] = [
    (1.0, 2),
    (1.0, Value(5.0)),
    ([1.0, 2.0], [3, Value(4.0)]),
    (np.zeros((2, 3)), np.ones((2, 3), int)),
    ({"a": 1.0}, {"a": 2.0}),
]
UNLIKE: list[tuple[Any, Any]] = [
    (1.0, [1.0]),
    ([1.0], [1.0, 2.0]),
    ([1.0], (1.0,)),
    (np.zeros((2, 3)), np.zeros((3, 2))),
    ({"a": 1.0}, {"b": 1.0}),
    (True, False),
    (True, 1.0),
    ("left", "right"),
    (None, 1.0),
    ({1, 2}, {1, 3}),
]


@pytest.mark.parametrize(("x", "y"), ALIKE)
def test_arguments_of_one_structure_replay_one_recording(x: Any, y: Any) -> None:
    assert structure(x) == structure(y)


@pytest.mark.parametrize(("x", "y"), UNLIKE)
def test_arguments_of_different_structure_do_not(x: Any, y: Any) -> None:
    assert structure(x) != structure(y)


def test_two_modules_are_different_arguments_and_so_is_one_whose_settings_changed() -> None:
    model = MLP(2, [1])
    before = structure(model)
    assert before != structure(MLP(2, [1]))
    model.training = not model.training
    assert structure(model) != before


@pytest.mark.parametrize("held", [deque([1.0]), array.array("d", [1.0])])
def test_what_is_not_looked_into_is_refused(held: Any) -> None:
    with pytest.raises(TypeError, match="give it as a list or a NumPy array"):
        structure(held)
