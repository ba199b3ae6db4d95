"""What a function may return: numbers where a call puts its own, and no stand-in anywhere else."""

from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from chainrule import nn
from chainrule.engine import value_and_grad
from chainrule.engine.compiler import RecordingError, compile
from chainrule.engine.compiler.recorder import Recorder
from chainrule.engine.compiler.returned import check_results

LEFT: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a text": (lambda x: (x, str(x)), "the text '<recorded v0 = input 0, no number yet>' among the results"),
    "a text put together": (lambda x: {"loss": x, "said": [f"x is {x}"]}, "the text 'x is <recorded"),
    "a text as a key": (lambda x: {f"x = {x}": x}, "the text 'x = <recorded"),
    "what another function says": (
        lambda x: value_and_grad(lambda y: (y * y, f"y is {y}"), has_aux=True)(x),
        "the text 'y is <recorded",
    ),
    "a set": (lambda x: (x, {x}), r"\(set\) among the results holds a number"),
    "a deque": (lambda x: (x, deque([[x]])), r"\(deque\) among the results holds a number"),
    "a key": (lambda x: {(x, 1): x}, r"\(dict\) among the results holds a number"),
    "an object": (lambda x: (x, SimpleNamespace(y=[x])), r"\(SimpleNamespace\) among the results holds"),
    "an iterator": (lambda x: (x, map(abs, [x])), r"\(map\) among the results .*: return a list"),
    "a generator": (lambda x: (y for y in [x]), r"\(generator\) among the results .*: return a list"),
}


@pytest.mark.parametrize(("f", "message"), LEFT.values(), ids=LEFT)
def test_stand_ins_that_are_left_in_the_results_are_refused(f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        compile(f)(1.0)


def test_long_chains_of_lists_are_looked_through_and_objects_that_hold_themselves() -> None:
    recorder = Recorder()
    chain: list[Any] = [{recorder.stand_in(recorder.input())}]
    for _ in range(100_000):
        chain = [chain]
    with pytest.raises(RecordingError, match=r"\(set\) among the results holds"):
        check_results(chain)
    itself = SimpleNamespace()
    itself.other = {"itself": itself}
    check_results([itself, 1.0, recorder.stand_in(0), SimpleNamespace])


def test_what_numbers_are_put_into_may_be_among_the_results_and_so_may_the_module() -> None:
    model = nn.Linear(1, 1)
    shared: list[Any] = []
    shared.append(shared)

    def f(model: Any, x: Any) -> Any:
        return {"y": [model([x])], "x": (x, None, "text", {"a"}, shared and model)}

    assert compile(f)(model, 2.0)["x"] == (2.0, None, "text", {"a"}, model)


def test_a_complex_number_among_the_results_is_refused() -> None:
    with pytest.raises(TypeError, match=r"compile needs a function that returns real numbers, got \(1\+2j\)"):
        compile(lambda x: [x, 1 + 2j])(1.0)
