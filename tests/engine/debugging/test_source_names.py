"""record_sources: what values are called."""

import functools
import sys
from typing import Any

import numpy as np
from source_of import program, source

from chainrule.engine import (
    Value,
    exp,
    record_sources,
    topological_order,
    total,
)
from chainrule.engine.names import Names, own_name
from chainrule.nn import squared_error


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


@record_sources()
def test_what_pythons_functions_call_has_not_the_name_of_their_result() -> None:
    xs = [Value(1.0), Value(2.0), Value(3.0)]

    def square(x: Value) -> Value:
        return x * x

    added = sum(map(square, xs), Value(0.0))
    product = functools.reduce(lambda a, b: a * b, xs)
    assert [own_name(v) for v in (added, *added.operands)] == ["added", "", ""]
    assert [own_name(v) for v in (product, *product.operands)] == ["product", "", "xs[2]"]

    def hooked(x: Value, y: Value) -> Value:
        x.register_hook(lambda gradient: None)
        return x * y

    watched = functools.reduce(hooked, xs)
    assert [own_name(v) for v in (watched, *watched.operands)] == ["watched", "", "xs[2]"]
    keys = []

    def key(x: Value) -> Value:
        keys.append(-x)
        return keys[-1] * 2.0

    ordered, largest = sorted(xs, key=key), max(xs, key=lambda x: key(x))
    assert {own_name(k) for k in keys} == {""}
    assert (ordered[0], largest) == (xs[2], xs[0])

    def min(f: Any, x: Value) -> Value:  # not Python's
        return f(x)  # type: ignore[no-any-return]

    mine = min(square, xs[0])
    squares = list(map(square, xs))
    assert [own_name(v) for v in (mine, *squares)] == ["mine", *["squares"] * 3]


@record_sources()
def test_products_inside_a_product_of_arrays_have_not_its_name() -> None:
    a: Any = np.array([Value(1.0), Value(2.0)])
    product = a @ a
    assert own_name(product) == "product"
    assert [own_name(v) for v in product.operands] == ["", ""]


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
