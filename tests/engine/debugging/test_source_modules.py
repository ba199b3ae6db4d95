"""record_sources: the modules and scopes that values are made in."""

import _thread
import contextlib
import contextvars
import functools
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


class Line(Module):
    def __init__(self, slope: float) -> None:
        self.slope = Parameter(slope)

    def forward(self, x: Value) -> Value:
        return self.slope * x


class Twice(Module):
    def __init__(self, inner: Module, *others: Module) -> None:
        self.inner, self.others = inner, others

    def __call__(self, x: Value) -> Value:
        y: Value = self.inner(x)
        result: Value = self.inner(y)
        return result


def test_only_the_result_of_a_model_has_the_name_of_its_call() -> None:
    model, x = MLP(2, [2, 1], seed=1), Value(1.0)
    with record_sources():
        for _ in range(3):
            y = model([x, x])
            assert isinstance(y, Value)
            hidden = [operand for operand in y.operands if operand.primitive is not None]
            assert (own_name(y), {own_name(value) for value in hidden}) == ("y", {""})


class Bank(Module):
    def __init__(self, *lines: Module) -> None:
        self.lines = lines

    def __call__(self, x: Value) -> list[Value]:
        return [line(x) for line in self.lines]


def test_one_line_of_several_modules_tells_them_apart_in_turns() -> None:
    x, lines = Value(1.0), [Line(2.0), Line(3.0), Line(4.0)]
    bank, other = Bank(*lines), Bank(lines[2], lines[0])
    places = ["Bank.lines[0]", "Bank.lines[1]", "Bank.lines[2]"]
    with record_sources():
        for _ in range(3):
            assert [source(y).module for y in bank(x)] == places
            assert [source(y).module for y in other(x)] == places[:2]
        for name in ("", "here", "", "there"):
            with scope(name) if name else contextlib.nullcontext():
                made = [source(y).module for y in bank(x)]
            assert made == [f"{name}.{place}" if name else place for place in places]


def test_a_call_that_forwards_to_another_module_is_told_by_that_one() -> None:
    x, other, replaced, passed_on = Value(1.0), Line(2.0), Line(3.0), Line(4.0)
    replaced.forward = other.forward  # type: ignore[method-assign]
    passed_on.forward = functools.partial(Line.forward, other)  # type: ignore[method-assign]
    for lines in ((other, replaced, passed_on), (passed_on, other, replaced)):
        bank = Bank(*lines)
        with record_sources():
            for _ in range(2):
                expected = [f"Bank.lines[{lines.index(other)}]"] * 3
                assert [source(y).module for y in bank(x)] == expected


class Wrapped(Module):
    def __init__(self, inner: Module) -> None:
        self.inner = inner

    def __call__(self, x: Value) -> Value:
        y: Value = self.inner(x)
        z: Value = self.inner(y)
        return z


def test_modules_inside_modules_are_told_by_their_places() -> None:
    x, line = Value(1.0), Line(2.0)
    model = Wrapped(Wrapped(line))
    with record_sources():
        for _ in range(2):
            assert source(line(x)).module == "Line"
            assert source(model(x)).module == "Wrapped.inner.inner"
            assert source(Wrapped(line)(x)).module == "Wrapped.inner"


def test_a_helper_of_several_functions_gives_each_result_its_name_and_its_module() -> None:
    def product(x: Value, y: Value) -> Value:
        return x * y

    def one(x: Value) -> Value:
        return product(x, x)

    def two(x: Value) -> Value:
        if x > 1.0:
            return one(x)
        return product(x, x)

    class Helped(Module):
        def __call__(self, x: Value) -> Value:
            h = one(x)
            return one(h)

    small, large, module = Value(1.0), Value(2.0), Helped()
    with record_sources():
        for _ in range(3):
            a, b, c = one(small), two(small), two(large)
            d = two(large)
            e = module(large)
            names = [(own_name(v), source(v).module) for v in (a, b, c, d, e, e.operands[0])]
            assert names == [("a", ""), ("b", ""), ("c", ""), ("d", ""), ("e", "Helped"), ("h", "Helped")]


def test_a_function_that_returns_its_own_call_is_passed_through() -> None:
    def deep(x: Value, n: int) -> Value:
        if n == 0:
            return x * 2.0
        return deep(x, n - 1)

    x = Value(1.0)
    with record_sources():
        for n in (0, 3, 1, 50, 0):
            result = deep(x, n)
            other = deep(x, n)
            assert (own_name(result), own_name(other)) == ("result", "other")


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


class Slot(Module):
    def forward(self, x: Value) -> Value:
        (inner,) = vars(self).values()
        y: Value = inner(x)
        return y


def test_layers_that_take_the_place_of_others_are_told_by_their_own_names() -> None:
    slot, x = Slot(), Value(1.0)
    with record_sources():
        for i in range(400):  # where earlier ones are gone, later ones get their identities
            vars(slot).clear()
            setattr(slot, f"layer{i}", Line(2.0))
            assert source(slot(x)).module == f"Slot.layer{i}"


class Halving:
    def halved(self, x: Value) -> Value:
        y = x * 0.5
        return y  # noqa: RET504  # the name is the point


class HalvingModule(Module, Halving):
    def forward(self, x: Value) -> Value:
        return self.halved(x)


def test_a_method_that_others_than_modules_have_too_is_a_modules_only_there() -> None:
    x, module, other = Value(1.0), HalvingModule(), Halving()
    for order in ((module, other, module), (other, module, other)):
        with record_sources():
            made = [each(x) if isinstance(each, Module) else each.halved(x) for each in order]
        expected = ["HalvingModule" if each is module else "" for each in order]
        assert [source(y).module for y in made] == expected


class Handing(Module):
    def forward(self, x: Value) -> Value:
        return Halving().halved(x)


def test_a_method_of_no_module_inside_a_module_is_told_by_that_one() -> None:
    x = Value(1.0)
    with record_sources():
        made = [HalvingModule()(x), Handing()(x), Handing()(x)]
    assert [source(y).module for y in made] == ["HalvingModule", "Handing", "Handing"]


class OtherLine(Line):
    pass


def test_modules_whose_forwards_are_exchanged_are_told_by_the_forward() -> None:
    x, line, other = Value(1.0), Line(2.0), OtherLine(3.0)
    line.forward, other.forward = other.forward, line.forward  # type: ignore[method-assign]
    with record_sources():
        made = [each(x) for _ in range(2) for each in (line, other)]
    assert [source(y).module for y in made] == ["OtherLine", "Line"] * 2
