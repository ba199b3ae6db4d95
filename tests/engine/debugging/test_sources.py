"""record_sources: where a value was made and what it is called."""

import _thread
import contextvars
import copy
import functools
import gc
import linecache
import os
import pickle
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.engine import (
    Source,
    Value,
    exp,
    explain,
    grad,
    maximum,
    mean,
    no_grad,
    record_sources,
    scope,
    softmax,
    topological_order,
    total,
)
from chainrule.engine.names import Names, own_name
from chainrule.nn import MLP, Module, Parameter, squared_error
from chainrule.viz import graph_text


def source(value: Any) -> Source:
    found = value.source
    assert isinstance(found, Source)
    return found


def program(text: str, filename: str = "<string>", **variables: Any) -> dict[str, Any]:
    """Return the variables of a program after it has run inside `record_sources`."""
    exec(compile(text, filename, "exec"), names := {**vars(sys.modules[__name__]), **variables})
    return names


# -- names of what operations make --------------------------------------------------------------------


class Cell:
    h: Any = None


@record_sources()
def test_a_value_is_called_what_its_expression_is_assigned_to() -> None:
    x, cell, h = Value(2.0), Cell(), [0, 0]
    i = 1
    y = x * 3.0
    cell.h = y + 1.0
    h[i] = y - 1.0  # type: ignore[call-overload]
    a, (b, c) = x + 1.0, (x + 2.0, -x)
    d = e = y.tanh()
    annotated: Value = exp(x)
    if (walrus := x * y) > 100.0:
        raise AssertionError
    either = x + 3.0 if i else x + 4.0
    y += 1.0
    lines = (
        x
        .tanh()
        .exp()
    )  # fmt: skip
    made = [cell.h, h[i], a, b, c, d, annotated, walrus, either, y, lines]
    names = ["cell.h", "h[i]", "a", "b", "c", "d", "annotated", "walrus", "either", "y", "lines"]
    assert [source(value).name for value in made] == names
    assert d is e
    assert source(lines).text == "x .tanh() .exp()"


@record_sources()
def test_only_the_value_of_the_whole_right_hand_side_gets_the_name() -> None:
    x = Value(2.0)
    loss = (x * 3.0 - 1.0) ** 2
    inner = loss.operands[0]
    assert own_name(loss) == "loss"
    assert [own_name(value) for value in (inner, inner.operands[0])] == ["", ""]
    assert source(inner).text == "x * 3.0 - 1.0"


def test_a_line_that_runs_many_times_gives_every_value_its_name() -> None:
    with record_sources():
        x = Value(0.5)
        y = x * 1.0
        for _ in range(3):
            y = y.tanh()
        for _ in range(2):
            y = exp(y)
        for _ in range(2):
            y = y * 0.5
    names = Names(order := topological_order(y))
    assert [names[value] for value in order if value.primitive] == [
        "y", "y#2", "y#3", "y#4", "y#5", "y#6", "y#7", "y#8",
    ]  # fmt: skip
    assert names[x] == "x"


@record_sources()
def test_what_a_call_makes_on_the_way_does_not_get_the_name_of_its_result() -> None:
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    s = sum(xs)
    product = functools.reduce(lambda a, b: a * b, xs)
    error = squared_error(xs, [0.0, 0.0, 0.0])
    assert isinstance(s, Value)
    assert own_name(s) == "s"
    assert [own_name(v) for v in topological_order(s)] == ["xs[0]", "", "", "xs[1]", "", "xs[2]", "s"]
    assert own_name(product) == "product"
    assert own_name(error) == "error"
    assert {own_name(term) for term in error.operands} == {""}


def test_names_are_the_same_where_calls_have_been_made_often() -> None:
    # Python 3.11 stands at another instruction in a call that it has specialised.
    def inner(xs: list[Any]) -> Any:
        return sum(xs)

    def outer(xs: list[Any]) -> tuple[Any, Any]:
        added = sum(xs)
        passed_on = inner(xs)
        return added, passed_on

    unread: Any = program("def added_up(xs):\n    best = sum(xs)\n    return best\n", "<nowhere>")["added_up"]
    for times in (0, 50):
        for _ in range(times):
            outer([1.0, 2.0])
            unread([1.0, 2.0])
        xs = [Value(1.0), Value(2.0), Value(3.0)]
        with record_sources():
            results = [*outer(xs), unread(xs)]
        assert [source(result).name for result in results] == ["added", "passed_on", "best"]
        assert [source(result.operands[0]).name for result in results] == ["", "", ""]


@record_sources()
def test_a_name_given_to_what_a_function_returns_goes_to_the_value() -> None:
    def square(x: Value) -> Value:
        return x * x

    def twice(x: Value) -> Value:
        return square(square(x))

    def kept(x: Value) -> Value:
        inside = x * 2.0
        return inside  # noqa: RET504  # the name is the point

    loss = twice(Value(2.0))
    other = kept(Value(2.0))
    third = (lambda x: x + 1.0)(Value(2.0))
    pair = square(Value(2.0)), square(Value(3.0))
    assert (own_name(loss), own_name(other), own_name(third)) == ("loss", "inside", "third")
    assert own_name(loss.operands[0]) == ""
    assert [own_name(value) for value in pair] == ["", ""]
    assert source(loss).function.endswith("square")


def test_a_label_always_wins() -> None:
    with record_sources():
        x = Value(2.0, label="height")
        y = x * 2.0
    assert (own_name(x), own_name(y)) == ("height", "y")
    y.label = "double"
    assert (own_name(y), source(y).name) == ("double", "y")


# -- names of leaves ----------------------------------------------------------------------------------


@record_sources()
def test_leaves_are_called_by_where_they_are_kept() -> None:
    w = [Value(1.0), Value(2.0)]
    params: dict[str, Any] = {"bias": Value(0.5), "deep": [[Value(1.0)]]}
    cell = Cell()
    cell.h = Value(3.0)
    array = np.array([[Value(1.0), Value(2.0)]])
    plain = Value(4.0)
    both = [plain]
    loss = total([*w, params["bias"], params["deep"][0][0], cell.h, array[0, 1], both[0]])
    assert [own_name(leaf) for leaf in loss.operands] == [
        "w[0]", "w[1]", "params['bias']", "params['deep'][0][0]", "cell.h", "array[0, 1]", "plain",
    ]  # fmt: skip


@record_sources()
def test_elements_are_found_behind_the_variables_of_loops() -> None:
    w, x = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]
    products = [wi * xi for wi, xi in zip(w, x, strict=True)]
    for i, (wi, xi) in enumerate(zip(w, x, strict=True)):
        assert [own_name(v) for v in products[i].operands] == [f"w[{i}]", f"x[{i}]"]
        assert wi * xi == products[i]


@record_sources()
def test_a_leaf_nobody_keeps_is_called_as_it_is_written_at_its_first_use() -> None:
    results = []
    for start in (1.0, 2.0):
        for passing in (Value(start),):
            results.append(passing * 2.0)
    assert [own_name(result.operands[0]) for result in results] == ["passing", "passing"]
    alone = Value(1.0) * 2.0
    assert own_name(alone.operands[0]) == ""


def test_a_leaf_has_the_source_of_its_first_use() -> None:
    w = Value(2.0)
    assert w.source is None
    with record_sources():
        first = w * 3.0
        second = w * 4.0
    assert source(w).used
    assert source(w).line == source(first).line == source(second).line - 1
    assert "first used here" in str(w.source)


def test_leaves_that_come_and_go_cost_no_search_each() -> None:
    looked = 0

    class Counting(dict[str, Any]):
        def items(self) -> Any:
            nonlocal looked
            looked += 1
            return super().items()

    names = Counting(vars(sys.modules[__name__]))
    with record_sources():
        exec("t = 0.0\nfor i in range(2000): t = t + (lambda v: v)(Value(1.0)) * 2.0", names)
    assert 0 < looked < 200


# -- modules and scopes -------------------------------------------------------------------------------


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
            assert done.acquire(timeout=60)
        compute(x)
    assert [source(y).text for y in made] == ["x * 2.0"] * 6


# -- files, lines, text -------------------------------------------------------------------------------


def test_it_prints_as_tracebacks_do() -> None:
    with record_sources():
        größe, x = Value(2.0), Value(3.0)
        loss = (größe * x - 1.0) ** 2
    line = test_it_prints_as_tracebacks_do.__code__.co_firstlineno + 3
    assert str(loss.operands[0].source) == (
        f'File "{__file__}", line {line}, in test_it_prints_as_tracebacks_do\n'
        "    loss = (größe * x - 1.0) ** 2\n"
        "            ^^^^^^^^^^^^^^^"
    )
    found = source(loss.operands[0])
    assert (found.column, found.end_column, found.end_line) == (17, 32, line)


def test_the_underline_is_as_wide_as_a_terminal_shows_the_text() -> None:
    text = "with record_sources():\n    大 = Value(2.0); loss = 大 * 3.0 + 1.0\n"
    linecache.cache["<wide>"] = (len(text), None, text.splitlines(True), "<wide>")
    loss = program(text, "<wide>")["loss"]
    *_, shown, marks = str(loss.operands[0].source).splitlines()
    assert shown == "    大 = Value(2.0); loss = 大 * 3.0 + 1.0"
    assert marks == " " * 4 + " " * len("大大= Value(2.0); loss = ") + " " + "^" * 8


def test_an_expression_over_several_lines_is_underlined_to_the_end_of_the_first() -> None:
    with record_sources():
        loss = maximum(
            Value(2.0),
            Value(3.0),
        )
    assert str(loss.source).endswith("    loss = maximum(\n           ^^^^^^^^...")
    assert source(loss).text == "maximum( Value(2.0), Value(3.0), )"


def test_without_a_source_the_line_and_plain_names_remain() -> None:
    names = program("with record_sources():\n    x = Value(2.0)\n    loss = x * 2.0\n")
    assert own_name(names["loss"]) == "loss"
    assert str(names["loss"].source) == (
        'File "<string>", line 3, in <module>\n    (the source is not available)'
    )


def test_a_notebook_cell_is_read_where_the_notebook_put_it() -> None:
    text = "with record_sources():\n    x = Value(2.0)\n    self.h = x * 2.0\n"
    linecache.cache["<ipython-input-1>"] = (len(text), None, text.splitlines(True), "<ipython-input-1>")
    cell = Cell()
    program(text, "<ipython-input-1>", self=cell)
    assert own_name(cell.h) == "self.h"


def test_a_file_edited_since_is_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / "edited.py"
    text = "def f():\n    x = Value(2.0)\n    loss = x * 2.0\n    return loss\n"
    file.write_text(text)
    names = program(text + "with record_sources():\n    loss = f()\n", str(file))
    file.write_text("# a line more\n" + text)
    os.utime(file, (1.0, 1.0))  # however old it claims to be
    assert source(names["loss"]).text == ""
    assert own_name(names["loss"]) == "loss"
    assert str(names["loss"].source) == (
        f'File "{file}", line 3, in f\n    (the file has been edited since: this is the line it was then)'
    )
    later = program(text + "with record_sources():\n    loss = f()\n", str(file))
    file.write_text(text)
    os.utime(file, (4e9, 4e9))
    assert "edited since" in str(later["loss"].source)


def test_a_file_that_is_not_python_any_more_or_gone_is_no_error(tmp_path: Path) -> None:
    text = "with record_sources():\n    loss = Value(2.0) * 2.0\n"
    broken = tmp_path / "broken.py"
    broken.write_text("def (:\n")
    for file in (broken, tmp_path / "gone.py"):
        assert "not available" in str(program(text, str(file))["loss"].source)


def test_a_script_read_from_standard_input() -> None:
    script = (
        "from chainrule.engine import Value, record_sources\n"
        "with record_sources():\n    loss = Value(2.0) * 3.0\nprint(loss.source)\n"
    )
    shown = subprocess.run([sys.executable, "-"], input=script, capture_output=True, text=True, check=True)
    assert shown.stdout == 'File "<stdin>", line 3, in <module>\n    (the source is not available)\n'


def test_values_of_numpy_arrays_are_found_in_the_line_that_asked_numpy() -> None:
    with record_sources():
        w = np.array([Value(1.0), Value(2.0)])
        product = w.dot(w)
        average = np.mean(w)
    assert source(product).text == "w.dot(w)"
    assert source(average).text == "np.mean(w)"
    assert own_name(product) == "product"


def test_derivatives_of_functions_are_made_where_the_functions_are_written() -> None:
    seen = []

    def cube(x: Value) -> Value:
        y = x**3
        seen.append(y)
        return y

    with record_sources():
        assert grad(cube)(2.0) == 12.0
    assert source(seen[0]).text == "x**3"
    assert own_name(seen[0]) == "y"


def test_functions_that_give_several_values_and_those_of_the_table() -> None:
    with record_sources():
        xs = [Value(1.0), Value(2.0)]
        middle = mean(xs)
        shares = softmax(xs)
    assert own_name(middle) == "middle"
    assert source(shares[0]).text == "softmax(xs)"


# -- the block ----------------------------------------------------------------------------------------


def test_nothing_is_kept_outside() -> None:
    assert (Value(1.0) * 2.0).source is None
    with record_sources():
        pass
    y = Value(1.0) * 2.0
    assert y.source is None
    assert not hasattr(y, "about")


@pytest.mark.parametrize("decorate", [record_sources, record_sources(), record_sources(frames=False)])
def test_it_decorates_with_brackets_and_without(decorate: Callable[..., Any]) -> None:
    @decorate
    def compute(x: float) -> Value:
        y = Value(x) * 2.0
        return y  # noqa: RET504  # the name is the point

    for x in (1.0, 2.0):
        assert own_name(compute(x)) == "y"
    assert (Value(1.0) * 2.0).source is None


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="record_sources decorates functions, got True: frames=True by keyw"):
        record_sources(True)  # type: ignore[call-overload]


def test_generators_and_coroutines_are_refused_where_they_are_decorated() -> None:
    def generator() -> Iterator[Value]:
        yield Value(1.0) * 2.0

    async def coroutine() -> Value:
        return Value(1.0) * 2.0

    for decorate, name in ((record_sources, "record_sources"), (no_grad, "no_grad"), (no_grad(), "no_grad")):
        for function in (generator, coroutine):
            with pytest.raises(TypeError) as caught:
                decorate(function)
            assert str(caught.value).startswith(f"@{name} around <function test_generators")
            assert str(caught.value).endswith(
                "would end before its body runs, as that is a generator or a coroutine: write "
                f"`with {name}():` inside it"
            )
    with pytest.raises(TypeError, match="@record_sources around"):
        record_sources(frames=True)(generator)


def test_it_holds_for_its_own_thread_only() -> None:
    made: list[Value] = []
    with record_sources():
        thread = threading.Thread(target=lambda: made.append(Value(1.0) * 2.0))
        thread.start()
        thread.join()
    assert made[0].source is None


def test_values_that_are_cut_off_are_called_what_they_were_assigned_to() -> None:
    with record_sources():
        w = Value(2.0)
        target = (w * 3.0).detach()
        with no_grad():
            frozen = w * 2.0
            both = exp(frozen).detach()
        loss = w * target + frozen + both
    assert [source(v).text for v in (target, frozen)] == ["(w * 3.0).detach()", "w * 2.0"]
    assert [own_name(v) for v in (target, frozen, both)] == ["target", "frozen", "both"]
    order = topological_order(loss)
    assert [Names(order)[v] for v in (target, frozen, both)] == ["target", "frozen", "both"]
    assert "dv2/dw = target = 6    v2 = w × target = 12" in str(explain(loss, w))
    assert r"{w} \cdot {\text{target}} = 12" in explain(loss, w).latex()
    tree = graph_text(loss)
    assert all(text in tree for text in ("w × target", "target = 6", "v4 + both"))


def test_outside_cut_off_values_know_no_source_as_all_others() -> None:
    with no_grad():
        assert (Value(1.0) * 2.0).source is None
    assert Value(1.0).detach().source is None


@pytest.mark.parametrize("name", [3, None, "", ["encoder"]])
def test_a_scope_without_a_name_is_refused_where_it_is_written(name: Any) -> None:
    with pytest.raises(TypeError, match=r'^scope takes the name of what is computed inside, "encoder", got'):
        scope(name)


def test_copies_and_pickles_leave_the_source_behind() -> None:
    with record_sources(frames=True):
        y = Value(1.0) * 2.0
    assert source(y).name == "y"
    assert copy.deepcopy(y).source is None
    assert pickle.loads(pickle.dumps(y)).source is None


def test_hooks_and_sources_go_together() -> None:
    with record_sources():
        x = Value(2.0)
        y = x * x
        seen: list[float] = []
        x.register_hook(seen.append)
        y.register_hook(seen.append)
        z = y + x
    z.backward()
    assert seen == [1.0, 5.0]
    assert [own_name(value) for value in (x, y, z)] == ["x", "y", "z"]


def test_a_graph_with_sources_is_freed_without_the_collector() -> None:
    freed = []

    class Noted(Value):
        def __del__(self) -> None:
            freed.append(self.data)

    def compute() -> float:
        leaf = Noted(2.0)
        return (leaf * 3.0).data

    gc.disable()
    try:
        with record_sources():
            compute()
            assert freed == [2.0]
    finally:
        gc.enable()
    assert freed == [2.0]


def test_many_nodes_made_at_one_line_share_its_site() -> None:
    with record_sources():
        y = Value(1.0)
        for _ in range(20_000):
            y = y + 1.0
    assert own_name(y) == "y"
    assert len({id(v.about) for v in topological_order(y) if v.primitive}) <= 2


def test_objects_that_misbehave_do_no_harm() -> None:
    class Hostile:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError("no")

        def __len__(self) -> int:
            raise RuntimeError("no")

    with record_sources():
        hostile, x = [Hostile()], Value(1.0)
        own = Hostile()
        y = (lambda: x)() * 2.0
    assert own_name(y) == "y"
    assert own_name(y.operands[0]) == "x"
    assert hostile
    assert own is not None


# -- the debugger -------------------------------------------------------------------------------------


def test_debug_stops_where_the_value_was_made_with_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def stop() -> None:
        frame = sys._getframe(1)
        seen.update(frame.f_locals, lines=list(frame.f_code.co_lines()), file=frame.f_code.co_filename)
        seen["function"] = frame.f_code.co_name

    def compute(x: Value) -> Value:
        scale = 3.0
        y = x * scale
        scale = 4.0
        return y

    with record_sources(frames=True):
        made = compute(Value(2.0))
    monkeypatch.setattr(sys, "breakpointhook", stop)
    made.debug()
    assert (seen["scale"], seen["x"].data) == (3.0, 2.0)
    assert "y" not in seen
    line = compute.__code__.co_firstlineno + 2
    assert (seen["file"], seen["lines"][-1][2], seen["function"]) == (__file__, line, "compute")


def test_debug_in_a_real_pdb() -> None:
    script = (
        "from chainrule.engine import Value, record_sources\n"
        "def f(x):\n    secret = 42\n    return x * secret\n"
        "with record_sources(frames=True):\n    y = f(Value(2.0))\n"
        "y.debug()\nprint('went on')\n"
    )
    folder = Path(__file__).parent
    shown = subprocess.run(
        [sys.executable, "-c", script], input="p secret + 1\np x\nw\nc\n", capture_output=True, text=True,
        check=True, cwd=folder, env={**os.environ, "PYTHONBREAKPOINT": "pdb.set_trace"},
    )  # fmt: skip
    assert "> <string>(4)f()\n" in shown.stdout
    assert "--Return--" not in shown.stdout
    assert "43" in shown.stdout
    assert "Value(2, grad=0)" in shown.stdout
    assert shown.stdout.endswith("went on\n")


@pytest.mark.parametrize("frames", [None, False])
def test_debug_says_how_to_keep_the_variables(frames: bool | None) -> None:
    y = Value(2.0) * 3.0
    if frames is not None:
        with record_sources(frames=frames):
            y = Value(2.0) * 3.0
    with pytest.raises(RuntimeError) as caught:
        y.debug()
    assert str(caught.value) == (
        "Value(mul(2, 3) = 6, grad=0) has no variables to look at: they are kept for values that operations "
        "make inside `with record_sources(frames=True):`"
    )


def test_every_attribute_of_a_source_is_documented() -> None:
    lines = Path(types.ModuleType.__getattribute__(sys.modules[Source.__module__], "__file__")).read_text()
    for name in Source.__dataclass_fields__:
        assert f"    {name}: " in lines


def test_a_function_of_one_operation_called_from_several_by_turns() -> None:
    def product(x: Value, y: Value) -> Value:
        return x * y

    def added(x: Value, y: Value) -> Value:
        return x + y

    def here(x: Value) -> Value:  # its second call stands where that of `there` does
        side = added(x, x)
        area = product(side, x)
        return area + 0.0

    def there(x: Value) -> Value:
        power = product(x, x)
        energy = product(power, x)
        return energy + 0.0

    x = Value(3.0)
    with record_sources():
        made = [function(x) for _ in range(3) for function in (here, there)]
    assert [source(value.operands[0]).name for value in made] == ["area", "energy"] * 3
    assert source(made[1].operands[0].operands[0]).name == "power"
