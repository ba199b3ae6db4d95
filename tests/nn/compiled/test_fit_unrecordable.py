"""Models and losses that work on Values and cannot be recorded: True says where, "auto" trains on Values."""

import itertools
import json
import math
import pickle
import statistics
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from compiled_fits import HEIGHTS, POINTS, numbers, scorer, trained

from chainrule.engine import RecordingError, Value
from chainrule.nn import SGD, Module, Parameter, compiled_step, squared_error

SETTINGS: dict[str, Any] = {"inputs": POINTS[:12], "targets": HEIGHTS[:12], "epochs": 2}
Function = Callable[[Any, Any], Any]


class Around(Module):
    """A model with something done around it."""

    def __init__(self, what: Function) -> None:
        self.inner, self.calls, self.seen = scorer(), 0, [0.0]
        vars(self)["what"] = what

    def __call__(self, x: Any) -> Any:
        return vars(self)["what"](self, x)


def counted(m: Any, x: Any) -> Any:
    m.calls += 1
    m.seen.append(m.calls)
    return m.inner(x) * len(m.seen)


def shrunk(m: Any, x: Any) -> Any:
    parameter = m.inner.parameters()[0]
    parameter.data = 0.99 * parameter.data
    return m.inner(x)


def doubled_in_place(m: Any, x: Any) -> Any:
    x[0] = 2.0 * x[0]
    return m.inner(x)


def passed_through_text(m: Any, x: Any) -> Any:
    return m.inner(json.loads(json.dumps(x)))


def with_generator(m: Any, x: Any) -> Any:
    return (v for v in [m.inner(x)])


MODELS: dict[str, tuple[Function, str]] = {
    "float": (lambda m, x: m.inner([float(v) for v in x]), r"float\(\.\.\.\) of a number"),
    "float of an output": (
        lambda m, x: m.inner(x) * float(m.inner(x).item()),
        r"float\(\.\.\.\) of a number",
    ),
    "math": (lambda m, x: m.inner([math.exp(v) for v in x]), r"float\(\.\.\.\) of a number"),
    "numpy of floats": (
        lambda m, x: m.inner(np.asarray(x, dtype=float).tolist()),
        r"float\(\.\.\.\) of a numb",
    ),
    "numpy's maximum": (lambda m, x: m.inner(list(np.maximum(x, 0.0))), "a branch on a number"),
    "a branch": (lambda m, x: m.inner(x) if x[0] > 0.5 else 2.0 * m.inner(x), "a branch on a number"),
    "max": (lambda m, x: m.inner(x) * max(x), "a branch on a number"),
    "an index": (lambda m, x: m.inner(x) * [1.0, 2.0][int(x[0] > 0.5)], "cannot choose an element"),
    "text": (lambda m, x: m.inner([float(f"{v:.1f}") for v in x]), "the text of a number"),
    "json": (passed_through_text, r"they raise TypeError: .*JSON"),
    "is_integer": (
        lambda m, x: m.inner(x) * (1 + x[0].is_integer()),
        "they raise AttributeError: .*is_integer",
    ),
    "round": (lambda m, x: m.inner([round(v, 1) for v in x]), r"they raise TypeError: round\(v, 1\)"),
    "statistics": (lambda m, x: m.inner(x) * statistics.mean(x), "they raise TypeError: can't convert"),
    "Fraction": (lambda m, x: m.inner(x) * float(Fraction(x[0])), "they raise TypeError: argument should be"),
    "pickle": (lambda m, x: m.inner(pickle.loads(pickle.dumps(x))), "cannot be pickled"),
    "a counter": (counted, r"the loss of an example is .* compiled and .* on Values"),
    "its own parameters": (shrunk, "assigning to .data while compile records"),
    "its input": (doubled_in_place, r"changes its input in place, .* let it compute with a copy, list\(x\)"),
    "a generator": (with_generator, "they raise ValueError: squared_error got 0 outputs and 1 targets"),
    "backward": (lambda m, x: (m.inner(x).backward(), m.inner(x))[1], r"backward\(\) cannot run while"),
    "a Value": (lambda m, x: m.inner([Value(v) for v in x]), r"Value\(\.\.\.\) would freeze"),
}
LOSSES: dict[str, tuple[Function, str]] = {
    "float": (lambda o, y: o * float(o.data), r"float\(\.\.\.\) of a number"),
    "math": (lambda o, y: o * math.log1p(o.item() ** 2), r"float\(\.\.\.\) of a number"),
    "a branch": (lambda o, y: (o - y) ** 2 if o.data > 0.1 else 2.0 * (o - y) ** 2, "a branch on a number"),
    "NumPy": (lambda o, y: np.maximum(np.array([o - y]), 0.0)[0] + o * 0.0 + 1.0, "a branch on a number"),
    "a set": (lambda o, y: (o - y) ** 2 * (1 + (round(o.data) in {0.0, 1.0})), "looks a plain number up"),
}


def without_and_auto(model: Callable[[], Any], **settings: Any) -> None:
    """Check that "auto" trains on Values what is trained without it, with the same history and parameters."""
    eager, expected = trained(model(), **{**SETTINGS, **settings}, compiled=False)
    for parameter in eager.parameters():
        assert type(parameter) is Parameter
    if "inputs" in settings:
        settings["inputs"] = [list(x) for x in POINTS[:12]]
    auto, history = trained(model(), **{**SETTINGS, **settings}, compiled="auto")
    assert not history.compiled
    assert (history.loss, numbers(auto)) == (expected.loss, numbers(eager))


@pytest.mark.parametrize(("what", "message"), MODELS.values(), ids=MODELS)
def test_a_model_that_cannot_be_recorded(what: Function, message: str) -> None:
    optimizer_free = {**SETTINGS, "inputs": [list(x) for x in POINTS[:12]]}
    with pytest.raises(RecordingError, match=rf"(?s)^fit\(compiled=True\): .*{message}"):
        trained(Around(what), **optimizer_free)
    without_and_auto(lambda: Around(what), inputs=[list(x) for x in POINTS[:12]])


@pytest.mark.parametrize(("loss", "message"), LOSSES.values(), ids=LOSSES)
def test_a_loss_that_cannot_be_recorded(loss: Function, message: str) -> None:
    with pytest.raises(
        RecordingError, match=rf"(?s)^fit\(compiled=True\): .*{message}.*test_fit_unrec.*, line \d"
    ):
        trained(**SETTINGS, loss=loss)
    without_and_auto(scorer, loss=loss)


def test_what_another_error_stood_in_the_way_of_names_the_line_and_the_way_out() -> None:
    with pytest.raises(RecordingError) as caught:
        trained(Around(passed_through_text), **SETTINGS)
    text, place = str(caught.value).splitlines()
    assert text.startswith(
        "fit(compiled=True): on Values the model and the loss work, and while compile records"
    )
    assert "compute with operators and functions of chainrule.engine, or train on Values" in text
    assert place.endswith("return m.inner(json.loads(json.dumps(x)))")
    assert f"{__file__}, line {passed_through_text.__code__.co_firstlineno + 1}" in place


def test_trying_a_model_out_leaves_no_trace() -> None:
    model = Around(counted)
    with pytest.raises(RecordingError):
        trained(model, **SETTINGS)
    assert (model.calls, model.seen, numbers(model)) == (0, [0.0], numbers(Around(counted)))
    inputs = [list(x) for x in POINTS[:12]]
    with pytest.raises(RecordingError):
        trained(Around(doubled_in_place), **{**SETTINGS, "inputs": inputs})
    assert inputs == [list(x) for x in POINTS[:12]]


@pytest.mark.parametrize("compiled", [True, False, "auto"])
def test_what_fails_on_values_too_is_raised_as_it_is(compiled: Any) -> None:
    def no_such(output: Any, target: Any) -> Any:
        raise KeyError("no such loss")

    with pytest.raises(KeyError, match="no such loss"):
        trained(**SETTINGS, loss=no_such, compiled=compiled)
    with pytest.raises(ValueError, match="fit cannot learn from the loss None"):
        trained(**SETTINGS, loss=lambda o, t: None, compiled=compiled)


def test_a_later_example_that_fails_on_values_is_found() -> None:
    rows = itertools.count()

    def failing(m: Any, x: Any) -> Any:
        text = json.dumps(x)
        return m.inner(x) if next(rows) < 7 and text else next(rows) / 0

    with pytest.raises(ZeroDivisionError):
        trained(Around(failing), **SETTINGS)


def test_a_compiled_step_says_it_too() -> None:
    model = Around(passed_through_text)
    step = compiled_step(model, squared_error, SGD(model.parameters(), lr=0.1))
    with pytest.raises(RecordingError, match=r"^compiled_step: on Values the model and the loss work"):
        step(POINTS[:4], HEIGHTS[:4])
    model = Around(MODELS["math"][0])
    step = compiled_step(model, squared_error, SGD(model.parameters(), lr=0.1))
    with pytest.raises(
        RecordingError, match=r"(?s)^compiled_step: float\(\.\.\.\) of .*test_fit_unrecordable"
    ):
        step(POINTS[:4], HEIGHTS[:4])
