"""record_sources: the modules and scopes that values are made in."""

import _thread
import contextvars
import threading

from source_of import source
from waiting import SECONDS

from chainrule.engine import (
    Value,
    record_sources,
    scope,
)
from chainrule.engine.names import own_name
from chainrule.nn import MLP, Module, Parameter


class Net(Module):
    def __init__(self) -> None:
        self.encoder = MLP(2, [2], seed=1)
        self.scale = Parameter(2.0)

    def __call__(self, x: list[float]) -> Value:
        h = self.encoder(x)
        return helper(self.scale, h)


def helper(scale: Value, h: list[Value]) -> Value:
    return scale * h[0]


@record_sources
def test_a_value_knows_the_module_it_was_made_in() -> None:
    net = Net()
    out = net([1.0, 2.0])
    hidden = out.operands[1]
    assert source(out).module == "Net"
    assert source(hidden).module == "Net.encoder.layers[0].neurons[0]"
    loss = out * 2.0
    assert source(loss).module == ""
    assert "in module Net.encoder.layers[0].neurons[0]" in str(hidden.source)


@record_sources()
def test_scopes_come_before_modules_and_nest() -> None:
    with scope("model"):
        x = Value(1.0) * 2.0
        with scope("attention"):
            y = x * 2.0
        hidden = MLP(1, [1], seed=1)([y])
    assert [source(v).module for v in (x, y, hidden)] == [
        "model", "model.attention", "model.MLP.layers[0].neurons[0]",
    ]  # fmt: skip

    @scope("decorated")
    def double(x: Value) -> Value:
        return x * 2.0

    assert source(double(x)).module == "decorated"
    assert source(x * 1.0).module == ""


def scaled(x: Value) -> Value:
    y = x * 2.0
    return y  # noqa: RET504  # the name is the point


class Scaling(Module):
    def __call__(self, x: Value) -> Value:
        return scaled(x)


def test_a_line_reached_from_a_module_and_from_elsewhere_tells_them_apart_each_time() -> None:
    x, module = Value(1.0), Scaling()
    with record_sources():
        made = [scaled(x), scaled(x), module(x), scaled(x), scaled(x), module(x)]
        with scope("here"):
            made.append(scaled(x))
        made.append(scaled(x))
    assert [source(y).module for y in made] == ["", "", "Scaling", "", "", "Scaling", "here", ""]
    assert {own_name(y) for y in made} == {"y"}


def test_a_helper_used_in_several_lines_gives_each_result_the_name_of_its_line() -> None:
    def times(x: Value, y: Value) -> Value:
        return x * y

    x, y = Value(2.0), Value(3.0)
    with record_sources():
        for _ in range(3):
            area = times(x, y)
            square = times(x, x)
            assert (own_name(area), own_name(square), own_name(times(area, y))) == ("area", "square", "")


def test_a_line_that_a_thread_reaches_without_callers_is_noted_as_well() -> None:
    made: list[Value] = []
    x, done = Value(1.0), threading.Semaphore(0)

    def compute(x: Value) -> None:
        made.append(x * 2.0)
        done.release()

    with record_sources():
        for _ in range(3):
            compute(x)
        for _ in range(2):  # a bare thread: nobody calls `compute`
            _thread.start_new_thread(contextvars.copy_context().run, (compute, x))
        for _ in range(5):
            assert done.acquire(timeout=SECONDS)
        compute(x)
    assert [source(y).text for y in made] == ["x * 2.0"] * 6
