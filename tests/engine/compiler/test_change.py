"""What is different about arguments that a function had to be recorded for anew, in words."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value
from chainrule.engine.compiler.arguments import Signature
from chainrule.engine.compiler.change import OBJECT, SETTING, SHAPE, Change, change
from chainrule.engine.compiler.looks import Looks
from chainrule.engine.compiler.record import what_changed
from chainrule.nn import MLP, Module, Parameter


@dataclasses.dataclass
class Pair:
    left: Any
    right: Any


class Settings(Module):
    def __init__(self) -> None:
        self.w, self.v = Parameter(1.0), Parameter(2.0)
        self.calls, self.rate, self.name = 3, 0.5, "a"
        self.history: Any = [1.0, 2.0]
        self.deep: Any = {"k": [1, (2.0, "x")]}
        self.numbers: Any = np.array([[1.0, 2.0], [3.0, 4.0]])
        self.whole, self.scale = np.int64(1), Value(2.0) * 1.0
        self.activation: Any = sum
        self.known: Any = {1}
        self.used = [self.w, self.v]
        self.objects: Any = np.array([1.0, None], object)


def between(before: tuple[Any, ...], now: tuple[Any, ...], act: Callable[[], Any] = lambda: None) -> Change:
    """Return what changed from one call of f(x, y) to another; `act` comes in between."""
    signature, looks = Signature(lambda x, y: x, [], "float64"), Looks()
    old = signature.structures(signature.call(before, {}), looks)
    act()
    call = signature.call(now, {})
    new = signature.structures(call, looks)
    return change(old, new, signature.names(call), list(now), what_changed)


SHAPES: list[tuple[Any, Any, str]] = [
    ([1.0], [1.0, 2.0], "x was a list of 1 and is a list of 2"),
    (1.0, [1.0], "x was a number and is a list of 1"),
    (np.ones(3), np.ones((3, 1)), "x was an array of shape (3,) and is an array of shape (3, 1)"),
    ([[1.0], [2.0]], [[1.0], [2.0, 3.0]], "x[1] was a list of 1 and is a list of 2"),
    ({"a": {"b": [1.0]}}, {"a": {"b": [1.0, 2.0]}}, "x['a']['b'] was a list of 1 and is a list of 2"),
    (Pair(1.0, (1.0, 2.0)), Pair(1.0, (1.0,)), "x.right was a tuple of 2 and is a tuple of 1"),
]
OTHERS: list[tuple[Any, Any, str]] = [
    ("step 1", "step 2", "x was 'step 1' and is 'step 2'"),
    (True, False, "x was True and is False"),
    ({"a": 1.0}, {"b": 1.0}, "a key of x was 'a' and is 'b'"),
    ({"a": 1.0}, {"a": 1.0, "b": 1.0}, "x was a dict of 1 and is a dict of 2"),
    ({1, 2}, {1, 3}, "x was frozenset({1, 2}) and is frozenset({1, 3})"),
    (np.array([True]), np.array([False]), "x was an array of shape (1,) and is an array of shape (1,)"),
]


@pytest.mark.parametrize(("before", "now", "text"), SHAPES)
def test_other_lengths_and_shapes(before: Any, now: Any, text: str) -> None:
    found = between((before, 1.0), (now, 1.0))
    assert (found.kind, str(found)) == (SHAPE, text)
    assert str(between((1.0, before), (1.0, now))) == text.replace("x", "y", 1)


@pytest.mark.parametrize(("before", "now", "text"), OTHERS)
def test_other_settings(before: Any, now: Any, text: str) -> None:
    found = between((before, 1.0), (now, 1.0))
    assert (found.kind, str(found)) == (SETTING, text)


def test_another_number_of_arguments() -> None:
    assert str(between((1.0,), (1.0, 2.0))) == "the number of arguments was 1 and is 2"


def test_another_object() -> None:
    found = between((MLP(1, [1]), 1.0), (MLP(1, [1]), 1.0))
    assert (found.kind, str(found)) == (OBJECT, "x was one module and is another MLP")
    found = between((len, 1.0), (sum, 1.0))
    assert (found.kind, found.where, found.before) == (OBJECT, "x", "one object")
    assert found.now.startswith("<built-in function sum>")


INSIDE: list[tuple[Callable[[Any], Any], str]] = [
    (lambda m: setattr(m, "calls", 4), ".calls was 3 and is 4"),
    (lambda m: setattr(m, "rate", 0.25), ".rate was 0.5 and is 0.25"),
    (lambda m: setattr(m, "name", "b"), ".name was 'a' and is 'b'"),
    (lambda m: m.history.append(3.0), ".history was a list of 2 and is a list of 3"),
    (lambda m: m.deep["k"].__setitem__(1, (5.0, "x")), ".deep['k'][1][0] was 2.0 and is 5.0"),
    (lambda m: m.deep.__setitem__("l", 1), ".deep was a dict of 1 and is a dict of 2"),
    (lambda m: m.numbers.__setitem__((1, 0), 7.0), ".numbers[1, 0] was 3.0 and is 7.0"),
    (lambda m: setattr(m, "numbers", np.ones(2)), ".numbers was an array of shape (2, 2) and is an arr"),
    (lambda m: setattr(m, "whole", np.int64(2)), ".whole was 1 and is 2"),
    (lambda m: setattr(m, "activation", len), ".activation was sum and is len"),
    (lambda m: setattr(m, "activation", MLP), ".activation was sum and is MLP"),
    (lambda m: setattr(m, "activation", object()), ".activation was sum and is <object object at"),
    (lambda m: setattr(m, "scale", Value(3.0) * 1.0), ".scale was Value(mul(2, 1) = 2, grad=0) (Value) and"),
    (lambda m: setattr(m, "scale", Value(2.0) * 1.0), " and is another Value"),
    (lambda m: m.known.add(2), ".known was a set of 1 and is a set of 2"),
    (lambda m: m.used.reverse(), ".used[0] was parameter 0 and is parameter 1"),
    (lambda m: vars(m).__setitem__("more", 1), " was without more and is with it"),
    (lambda m: vars(m).pop("name"), " was with name and is without it"),
    (lambda m: m.objects.__setitem__(1, "z"), ".objects.flat[1] was None and is 'z'"),
    (lambda m: setattr(m, "deep", [1]), ".deep was a dict of 1 and is a list of 1"),
    (lambda m: setattr(m, "calls", MLP(1, [1])), ".calls was 3 and is of the class MLP"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "text"), INSIDE)
def test_what_changed_inside_an_object_is_named(act: Callable[[Any], Any], text: str) -> None:
    model = Settings()
    found = between((model, 1.0), (model, 1.0), lambda: act(model))
    assert found.kind == SETTING
    assert text in str(found)
    assert str(found).startswith("x")


def test_of_a_large_array_an_element_that_was_looked_at_is_named() -> None:
    model = Settings()
    model.numbers = np.zeros((200, 100))
    found = between((model, 1.0), (model, 1.0), lambda: model.numbers.__setitem__(slice(1, None), 4.0))
    assert str(found) == "x.numbers[1, 0] was 0.0 and is 4.0"


def test_what_a_recording_left_behind_is_named() -> None:
    from chainrule.engine.compiler import compile

    model = Settings()

    def keeping(model: Any, x: Any) -> Any:
        vars(model)["last"] = model.w * x
        return model.last

    found = between((model, 1.0), (model, 1.0), lambda: compile(keeping)(model, 1.0))
    assert str(found) == "x was without last and is with it"
    found = between((model, 1.0), (model, 1.0), lambda: vars(model).__setitem__("last", 2.0))
    assert str(found) == "x.last was a number of an earlier recording and is 2.0"
