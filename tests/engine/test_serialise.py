"""Copies, pickles and dictionaries of graphs: what is kept, what is shared, what is refused."""

import copy
import io
import itertools
import json
import math
import pickle
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import engine, nn
from chainrule.engine import (
    TABLE,
    Constant,
    Primitive,
    Value,
    collector_paused,
    copies,
    dot,
    exp,
    from_dict,
    to_dict,
    topological_order,
    total,
)

Way = Callable[[Value], Value]


def pickled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


def pickled_in_python(thing: Any) -> Any:
    """Return `thing` after the pickler and unpickler that are written in Python, as dill's are."""
    return pickle._loads(pickle._dumps(thing))  # type: ignore[attr-defined]


def pickled_in_text(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing, protocol=0))


def through_json(root: Value) -> Value:
    return from_dict(json.loads(json.dumps(to_dict(root), allow_nan=False)))


PICKLES = [pickled, pickled_in_python, pickled_in_text]
WAYS: list[Way] = [copy.deepcopy, *PICKLES, through_json]
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
every_pickle = pytest.mark.parametrize("way", PICKLES, ids=lambda way: way.__name__)
keeping_identity = pytest.mark.parametrize(
    "way", [copy.deepcopy, *PICKLES], ids=lambda way: getattr(way, "__name__", "")
)


def bits(number: float) -> bytes:
    """Return the eight bytes of a float; nan is one number here, since texts have but one."""
    return struct.pack("d", math.nan if math.isnan(number) else number)


def described(root: Value) -> list[tuple[Any, ...]]:
    """Return all there is to know of a graph, with the floats as bits and the operands as places."""
    order = topological_order(root)
    place = {node: i for i, node in enumerate(order)}
    return [
        (
            type(node),
            node.primitive,
            bits(node.data),
            bits(node.grad),
            tuple(place[operand] for operand in node.operands),
            tuple(map(bits, node.partials)),
            node.label,
        )
        for node in order
    ]


def assert_same_but_apart(one: Value, other: Value) -> None:
    assert described(one) == described(other)
    assert not {*map(id, topological_order(one))} & {*map(id, topological_order(other))}


def example() -> Value:
    """Return a graph with a shared operand, a diamond, labels, all kinds of leaf and odd numbers."""
    a, w = Value(2.0, label="a"), nn.Parameter(-0.0, label="w")
    b = a * a + 3
    b.label = "b\n\u2202\U0001f600"
    c = dot([a, b, w], [b, b, 0.1], Value(math.inf)) + total([b, b, a]) / w
    root = (c - c) * exp(a) + w.maximum(math.nan) ** -1.5 + total([])
    with pytest.warns(RuntimeWarning, match=r"not finite"):
        root.backward()
    return root


# -- what is kept -------------------------------------------------------------------------------------


@every_way
def test_a_copy_equals_the_graph_to_the_last_bit_and_shares_nothing_with_it(way: Way) -> None:
    root = example()
    assert_same_but_apart(root, way(root))


@every_way
def test_a_copy_can_be_differentiated(way: Way) -> None:
    x = Value(0.5, label="x")
    y = (x * x).tanh() / x
    again = way(y)
    again.backward()
    assert (x.grad, y.grad) == (0.0, 0.0)
    y.backward()
    assert described(y) == described(again)


@every_way
@pytest.mark.parametrize("leaf", [Value(2.5, "x"), Constant(-0.0), nn.Parameter(math.nan, "w")])
def test_a_leaf_is_copied_with_its_class(way: Way, leaf: Value) -> None:
    leaf.grad = -math.inf
    assert_same_but_apart(leaf, way(leaf))


@pytest.mark.parametrize("way", [copy.copy, *WAYS], ids=lambda way: getattr(way, "__name__", ""))
def test_every_slot_is_kept_but_what_else_is_known_about_a_value(way: Way) -> None:
    y = Value(2.0) * 3.0
    y.label, y.grad = "y", 0.25
    y.register_hook(lambda gradient: 0.0)
    again = way(y)
    given = {name for name in Value.__slots__ if hasattr(again, name)}
    assert given == {*Value.__slots__} - {"about"}  # a new slot needs a decision: here, and in copies.py


def test_a_shallow_copy_is_another_value_of_the_same_operands() -> None:
    x = Value(3.0)
    y = x * x
    y.label, y.grad = "y", 2.0
    again = copy.copy(y)
    assert again is not y
    assert again.operands is y.operands
    assert (again.data, again.grad, again.partials, again.primitive) == (9.0, 2.0, y.partials, y.primitive)
    again.label = "z"
    again.backward()
    assert (y.label, y.grad, x.grad) == ("y", 2.0, 6.0)


# The grads of leaves may be Values, after backward(create_graph=True); they lead back to the leaf.


@every_way
def test_of_a_recorded_gradient_the_number_is_kept(way: Way) -> None:
    x = Value(3.0)
    y = x * x * x
    y.backward(create_graph=True)
    assert isinstance(x.grad, Value)
    again = way(y)
    leaf = next(node for node in topological_order(again) if node.primitive is None)
    assert type(leaf.grad) is float
    assert leaf.grad == 27.0
    assert copy.copy(x).grad is x.grad
    x.grad = 0.0  # the cycle would wait for the collector


# -- subclasses ---------------------------------------------------------------------------------------


class Named(Value):
    """A user's subclass with attributes."""

    def __init__(self, data: float, **attributes: Any) -> None:
        super().__init__(data)
        vars(self).update(attributes)


class Bounded(Value):
    """A user's subclass with slots; one of them private, so that Python changes its name."""

    __slots__ = ("__secret", "low")

    def __init__(self, data: float, low: float) -> None:
        super().__init__(data)
        self.low, self.__secret = low, [low]

    @property
    def secret(self) -> list[float]:
        return self.__secret


@keeping_identity
def test_what_subclasses_hold_is_kept(way: Callable[[Any], Any]) -> None:
    named, bounded = Named(1.0, unit="mm", seen=[1, 2]), Bounded(2.0, low=0.5)
    root = way(named * bounded)
    again, other = root.operands
    assert type(again) is Named
    assert vars(again) == {"unit": "mm", "seen": [1, 2]}
    assert vars(again)["seen"] is not vars(named)["seen"]
    assert type(other) is Bounded
    assert (other.low, other.secret) == (0.5, [0.5])
    assert other.secret is not bounded.secret


@keeping_identity
def test_slots_of_a_subclass_come_along_and_hooks_do_not(way: Callable[[Any], Any]) -> None:
    bounded = Bounded(2.0, low=0.5)
    bounded.register_hook(abs)
    again = way(bounded)
    assert again.low == 0.5
    assert not hasattr(again, "about")


def test_a_shallow_copy_of_a_subclass_holds_the_same_things() -> None:
    named, bounded = Named(1.0, seen=[1, 2]), Bounded(2.0, low=0.5)
    assert vars(copy.copy(named)) == vars(named)
    assert vars(copy.copy(named)) is not vars(named)
    assert vars(copy.copy(named))["seen"] is vars(named)["seen"]
    assert copy.copy(bounded).secret is bounded.secret


@keeping_identity
def test_a_leaf_that_holds_a_graph_made_from_it_is_copied_with_it(way: Callable[[Any], Any]) -> None:
    leaf = Named(2.0)
    vars(leaf)["square"] = leaf * leaf
    again = way(leaf)
    square = vars(again)["square"]
    assert square is not vars(leaf)["square"]
    assert square.operands == (again, again)
    assert square.operands[0] is again
    root = way(vars(leaf)["square"] + 1.0)
    assert vars(root.operands[0].operands[0])["square"] is root.operands[0]
    vars(leaf).clear()  # the cycle would wait for the collector


class Forgetful(Value):
    """A user's subclass with ideas of its own about copies."""

    __slots__ = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Forgetful":
        made = memo[id(self)] = Forgetful(0.0)
        return made


def test_a_subclass_may_have_its_own_way_of_being_copied() -> None:
    leaf = Forgetful(2.0)
    again = copy.deepcopy(leaf * leaf + leaf)
    first, second = again.operands
    assert second.data == 0.0
    assert first.operands[0] is first.operands[1] is second


# -- what is shared -----------------------------------------------------------------------------------


@keeping_identity
def test_roots_copied_together_share_what_they_shared(way: Callable[[Any], Any]) -> None:
    x = Value(2.0, label="x")
    hidden = (x * x).tanh()
    first, second = hidden + 1.0, hidden * x
    again = way({"leaf": x, "roots": [first, second, first], "hidden": hidden, "square": hidden.operands[0]})
    one, two, three = again["roots"]
    assert one is three
    assert one.operands[0] is two.operands[0] is again["hidden"]
    assert again["hidden"].operands[0] is again["square"]
    assert two.operands[1] is again["square"].operands[0] is again["square"].operands[1] is again["leaf"]
    assert again["leaf"] is not x
    assert_same_but_apart(second, two)


@keeping_identity
def test_the_order_in_which_shared_things_come_does_not_matter(way: Callable[[Any], Any]) -> None:
    x = Value(2.0)
    nodes = [x]
    for _ in range(20):
        nodes.append(nodes[-1].sin() + x)
    for order in (nodes, nodes[::-1], nodes[::3] + nodes[1::3] + nodes[2::3]):
        places = [nodes.index(node) for node in order]
        again = dict(zip(places, way(order), strict=True))
        for i in range(20):
            assert again[i + 1].operands[0].operands[0] is again[i]
            assert again[i + 1].operands[1] is again[0]


@keeping_identity
def test_a_model_and_a_loss_of_it_stay_together(way: Callable[[Any], Any]) -> None:
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    loss = (model([1.0, -2.0]) - 0.5) ** 2
    again, its_loss = way((model, loss))
    its_loss.backward()
    assert {parameter.grad for parameter in model.parameters()} == {0.0}
    loss.backward()
    for old, new in zip(model.parameters(), again.parameters(), strict=True):
        assert type(new) is nn.Parameter
        assert (old.data, old.grad, old.label) == (new.data, new.grad, new.label)
    assert again([0.5, 0.25]).data == model([0.5, 0.25]).data


def test_a_model_whose_activation_is_a_row_is_copied_and_pickled() -> None:
    model = nn.MLP(2, [3, 1], activation=engine.sin, seed=1)
    for again in (copy.deepcopy(model), pickled(model)):
        assert again([0.5, 0.25]).data == model([0.5, 0.25]).data


def test_a_lambda_in_a_model_cannot_be_pickled() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError), match=r"lambda"):
        pickle.dumps(nn.MLP(2, [1], output=lambda z: z * 2.0))


@keeping_identity
def test_of_many_values_made_from_one_another_each_is_looked_at_once(
    way: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[Value] = []
    look = copies.operations

    def counted(*roots: Value, **options: Any) -> list[Value]:
        found = look(*roots, **options)
        looked_at.extend(found)
        return found

    monkeypatch.setattr(copies, "operations", counted)
    states = [Value(0.5)]
    for _ in range(2000):
        states.append(states[-1].sin())
    again = way([states[1000], *states])
    assert all(new.operands[0] is old for old, new in itertools.pairwise(again[1:]))
    assert len(looked_at) == 999  # those below the first one; of the others, each is all that is missing


def test_each_pickle_is_whole_while_another_pickler_still_lives() -> None:
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    states = [Value(0.5)]
    for _ in range(3000):  # far deeper than recursion could go
        states.append(states[-1].sin())
        pickler.dump(states[-1])
    root = states[-1] * 2.0
    assert_same_but_apart(root, pickled(root))
    file.seek(0)
    unpickler = pickle.Unpickler(file)
    again = [unpickler.load() for _ in range(3000)]
    assert all(new.operands[0] is old for old, new in itertools.pairwise(again))


class Refusing(Value):
    """A leaf that cannot be pickled, until it can."""

    __slots__ = ()
    refuses = True

    def __reduce__(self) -> tuple[Any, ...]:
        if self.refuses:
            raise pickle.PicklingError("not today")
        return super().__reduce__()


@pytest.mark.parametrize("dumps", [pickle.dumps, pickle._dumps])  # type: ignore[attr-defined]
def test_a_pickle_that_fails_does_not_spoil_the_next(
    dumps: Callable[[Any], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = Value(0.5), Refusing(1.0)
    nodes = [x * y]
    for _ in range(5000):
        nodes.append(nodes[-1].sin() + x)
    for node in nodes[::1000]:
        with pytest.raises(pickle.PicklingError, match="not today"):
            dumps([node, y])
    monkeypatch.setattr(Refusing, "refuses", False)
    for node in (nodes[-1], nodes[2000], nodes[4000]):
        assert_same_but_apart(node, pickle.loads(dumps(node)))


# -- rows go by name ----------------------------------------------------------------------------------


@pytest.fixture
def cube() -> Iterator[Primitive]:
    """A row of the user's own, taken out of the table afterwards."""
    yield Primitive(
        name="cube_for_pickles",
        formula="x ** 3",
        evaluate=lambda x: x * x * x,
        partials=lambda x, out: (3.0 * x * x,),
        points=((2.0,),),
    )
    TABLE.pop("cube_for_pickles", None)
    for owner in Value.__mro__:
        if "cube_for_pickles" in vars(owner):
            type.__delattr__(owner, "cube_for_pickles")


@every_way
def test_rows_are_never_copied(way: Way, cube: Primitive) -> None:
    y = way(cube(Value(2.0)))
    assert y.primitive is cube
    assert way is through_json or way(cube) is cube  # type: ignore[arg-type, comparison-overlap]


def test_a_pickle_with_a_row_that_is_not_there_says_which(cube: Primitive) -> None:
    kept = pickle.dumps(cube(Value(2.0)))
    assert b"3.0 * x" not in kept
    del TABLE["cube_for_pickles"]
    with pytest.raises(LookupError) as error:
        pickle.loads(kept)
    assert str(error.value) == (
        "the table has no row 'cube_for_pickles': define it, or import the module that does, "
        "before you load this"
    )


# -- size ---------------------------------------------------------------------------------------------

MILLION = 1_000_000


def in_a_small_thread(work: Callable[[], None]) -> None:
    """Run `work` in a thread with little stack, few frames allowed, and raise what it raised."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # handed to the caller's thread
            errors.append(error)

    size, limit = threading.stack_size(512 * 1024), sys.getrecursionlimit()
    try:
        thread = threading.Thread(target=run)
        thread.start()
        sys.setrecursionlimit(150)
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    if errors:
        raise errors[0]


def test_a_chain_of_a_million_additions_is_copied_flat() -> None:
    @collector_paused()
    def work() -> None:
        x = Value(1.0)
        y = x
        for _ in range(MILLION):
            y = y + x
        for way in (copy.deepcopy, pickled, through_json):
            again = way(y)
            again.backward()
            (leaf,) = (operand for operand in topological_order(again)[:1] if operand.primitive is None)
            assert (again.data, leaf.grad, x.grad) == (MILLION + 1.0, MILLION + 1.0, 0.0)
            del again, leaf

    in_a_small_thread(work)


def test_the_pickler_in_python_is_flat_too() -> None:
    def work() -> None:
        y = Value(1.0)
        for _ in range(20_000):
            y = y.sin()
        assert pickled_in_python(y).data == y.data

    in_a_small_thread(work)


def test_pickles_are_made_in_several_threads_at_once() -> None:
    x = Value(0.5)
    nodes = [x]
    for _ in range(2000):
        nodes.append(nodes[-1].sin() + x)
    wrong: list[int] = []

    def work(place: int) -> None:
        for node in nodes[place::-1][:5]:
            if described(pickled([x, node])[1]) != described(node):
                wrong.append(place)

    threads = [threading.Thread(target=work, args=(250 * i + 1,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# -- random graphs ------------------------------------------------------------------------------------

any_float = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def graphs(draw: Callable[..., Any]) -> Value:
    """Draw any graph, of any numbers whatever, with gradients and labels."""
    leaf = st.sampled_from([Value, Constant, nn.Parameter])
    nodes = [draw(leaf)(draw(any_float)) for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(0, 30))):
        row = draw(st.sampled_from([row for row in TABLE.values() if row.name != "logsumexp"]))
        size = draw(st.integers(0, 5)) if row.variadic else row.arity
        nodes.append(row.apply(tuple(draw(st.sampled_from(nodes)) for _ in range(size))))
    for node in nodes:
        node.grad, node.label = draw(any_float), draw(st.text(max_size=3))
    root: Value = draw(st.sampled_from(nodes))
    return root


@settings(derandomize=True, deadline=None, max_examples=150)
@given(graphs())
def test_random_graphs_come_back_to_the_last_bit(root: Value) -> None:
    for way in WAYS:
        assert_same_but_apart(root, way(root))


# -- dictionaries -------------------------------------------------------------------------------------


def test_a_dictionary_holds_the_nodes_in_topological_order() -> None:
    a = Value(2.0, label="a")
    root = a * 3.0
    root.backward()
    leaf: dict[str, Any] = {"op": None, "operands": [], "partials": []}
    assert to_dict(root) == {
        "format": "chainrule graph",
        "version": 1,
        "root": 2,
        "nodes": [
            {**leaf, "data": 3.0, "grad": 2.0, "label": "", "kind": "const"},
            {**leaf, "data": 2.0, "grad": 3.0, "label": "a", "kind": "input"},
            {
                "op": "mul",
                "operands": [1, 0],
                "data": 6.0,
                "grad": 1.0,
                "partials": [3.0, 2.0],
                "label": "",
                "kind": None,
            },
        ],
    }


def test_a_dictionary_is_nothing_but_plain_json() -> None:
    graph = to_dict(example())
    assert json.loads(json.dumps(graph, allow_nan=False)) == graph
    assert {"nan", "inf"} <= {node["data"] for node in graph["nodes"] if isinstance(node["data"], str)}


def test_only_values_become_dictionaries() -> None:
    with pytest.raises(TypeError) as error:
        to_dict(3.0)  # type: ignore[arg-type]
    assert str(error.value) == "to_dict takes a Value, the root of a graph, got 3.0 (float)"


def test_numbers_that_somebody_put_into_data_become_floats() -> None:
    x = Value(1.0)
    x.data = 3
    (node,) = to_dict(x)["nodes"]
    assert type(node["data"]) is float
    again = json.loads(json.dumps(to_dict(x)).replace("3.0", "3"))  # as JavaScript writes it
    assert type(from_dict(again).data) is float


def graph() -> dict[str, Any]:
    """Return a good dictionary: of (a * 2).exp() + a, a at place 1 and the product at place 2."""
    a = Value(3.0, label="a")
    return to_dict((a * 2.0).exp() + a)


def with_node(place: int, **changes: Any) -> dict[str, Any]:
    changed = graph()
    changed["nodes"][place].update(changes)
    return changed


def without(key: str, place: int | None = None) -> dict[str, Any]:
    changed = graph()
    del (changed if place is None else changed["nodes"][place])[key]
    return changed


def cut() -> dict[str, Any]:
    changed = graph()
    del changed["nodes"][-1]
    return changed


PRODUCT = next(i for i, node in enumerate(graph()["nodes"]) if node["op"] == "mul")
LEAF = next(i for i, node in enumerate(graph()["nodes"]) if node["label"] == "a")

TAKES = "takes the dictionary that to_dict returns (of JSON text, json.loads(text)), got"
WRITTEN = "which a graph written by to_dict has"
COUNT = "the last of the nodes: some are missing, or too many"
NO_ROW = "no row of the table here; rows of your own come first"
NO_NUMBER = "not a number, 'nan', 'inf' or '-inf'"
NOT_BEFORE = "not the place of a node before this one"

REFUSED_WHOLE: list[tuple[Any, str]] = [
    ('{"format"', f" {TAKES} '{{\"format\"'"),
    ([1], f" {TAKES} a list of 1"),
    ({}, f": no key 'format', {WRITTEN}"),
    (without("version"), f": no key 'version', {WRITTEN}"),
    (without("root"), f": no key 'root', {WRITTEN}"),
    (without("nodes"), f": no key 'nodes', {WRITTEN}"),
    ({**graph(), "format": "onnx"}, ": format is 'onnx', not 'chainrule graph'"),
    ({**graph(), "version": 2}, ": version is 2 (int); this chainrule reads version 1"),
    ({**graph(), "version": True}, ": version is True (bool); this chainrule reads version 1"),
    ({**graph(), "nodes": {}}, ": nodes is a dict of 0, not a list of at least one node"),
    ({**graph(), "nodes": []}, ": nodes is a list of 0, not a list of at least one node"),
    (cut(), f": root is 4 (int), not 3, {COUNT}"),
    ({**graph(), "root": "4"}, f": root is '4', not 4, {COUNT}"),
    ({**graph(), "root": 0, "nodes": [None]}, ": nodes[0] is None, not a dictionary"),
    (without("grad", 2), ": nodes[2] has no key 'grad'"),
]

REFUSED_OPERATION: list[tuple[dict[str, Any], str]] = [
    ({"shape": [2]}, " has an unknown key 'shape'"),
    ({"op": "__import__"}, f"['op'] is '__import__', {NO_ROW}"),
    ({"op": ["mul"]}, f"['op'] is a list of 1, {NO_ROW}"),
    ({"op": None}, " has operands but no op"),
    ({"operands": "01"}, "['operands'] is '01', not a list"),
    ({"operands": [0, 3]}, f"['operands'] holds 3 (int), {NOT_BEFORE}"),
    ({"operands": [0, PRODUCT]}, f"['operands'] holds {PRODUCT} (int), {NOT_BEFORE}"),
    ({"operands": [0, 99]}, f"['operands'] holds 99 (int), {NOT_BEFORE}"),
    ({"operands": [0, -1]}, f"['operands'] holds -1 (int), {NOT_BEFORE}"),
    ({"operands": [0, True]}, f"['operands'] holds True (bool), {NOT_BEFORE}"),
    ({"operands": [0, 1.0]}, f"['operands'] holds 1.0 (float), {NOT_BEFORE}"),
    ({"operands": [0, 10**5000]}, f"['operands'] holds an int of 16610 bits, {NOT_BEFORE}"),
    ({"partials": [1.0]}, " has 2 operands and 1 partials: each operand has one"),
    ({"partials": [1.0] * 3}, " has 2 operands and 3 partials: each operand has one"),
    ({"partials": None}, "['partials'] is None, not a list"),
    ({"partials": [1.0, "1.0"]}, f"['partials'] holds '1.0', {NO_NUMBER}"),
    ({"operands": [0], "partials": [1.0]}, " has 1 operands, and mul takes 2"),
    ({"kind": "input"}, "['kind'] is 'input', and only a leaf has one"),
]

REFUSED_LEAF: list[tuple[dict[str, Any], str]] = [
    ({"data": True}, f"['data'] holds True (bool), {NO_NUMBER}"),
    ({"data": None}, f"['data'] holds None, {NO_NUMBER}"),
    ({"data": math.nan}, f"['data'] holds nan (float), {NO_NUMBER}"),
    ({"data": "Infinity"}, f"['data'] holds 'Infinity', {NO_NUMBER}"),
    ({"data": 10**400}, "['data'] is an int beyond the floats"),
    ({"grad": [0.0]}, f"['grad'] holds a list of 1, {NO_NUMBER}"),
    ({"label": None}, "['label'] is None, not a string"),
    ({"kind": None}, "['kind'] of a leaf is None, not a string"),
    (
        {"kind": "weight"},
        "['kind'] is 'weight', the kind of no subclass of Value here: import the module it is in "
        "('param': chainrule.nn), or say what to make, from_dict(graph, kinds={'weight': ...})",
    ),
]

REFUSED = [
    *REFUSED_WHOLE,
    *[(with_node(PRODUCT, **changes), f": nodes[{PRODUCT}]{text}") for changes, text in REFUSED_OPERATION],
    *[(with_node(LEAF, **changes), f": nodes[{LEAF}]{text}") for changes, text in REFUSED_LEAF],
]


@pytest.mark.parametrize(("wrong", "text"), REFUSED, ids=lambda case: case if isinstance(case, str) else "")
def test_a_wrong_dictionary_is_refused_with_the_place(wrong: Any, text: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011  # the whole text is compared
        from_dict(wrong)
    assert str(error.value) == f"from_dict{text}"


def test_a_million_levels_of_wrong_nesting_are_refused_too() -> None:
    deep: list[Any] = []
    for _ in range(MILLION):
        deep = [deep]
    with pytest.raises(ValueError, match=r"nodes\[\d\]\['data'\] holds a list of 1, not a number"):
        from_dict(with_node(LEAF, data=deep))


json_things = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    st.integers(0, 4),
    st.sampled_from(["op", "operands", "data", "grad", "partials", "label", "kind"]),
    json_things,
)
def test_anything_in_any_place_is_taken_or_refused(place: int, key: str, thing: Any) -> None:
    changed = with_node(place, **{key: thing})
    try:
        root = from_dict(changed)
    except ValueError as refusal:
        said = str(refusal)
    else:
        assert len(topological_order(root)) <= 5
        return
    assert said.startswith(f"from_dict: nodes[{place}]")


def test_nothing_is_evaluated() -> None:
    wrong = with_node(PRODUCT, data=-1.0, partials=["nan", 7])
    product = from_dict(wrong).operands[0].operands[0]
    assert product.data == -1.0
    assert math.isnan(product.partials[0])
    assert product.partials[1] == 7.0


class Knob(Value):
    """A user's leaf with a kind of its own."""

    __slots__ = ()
    kind = "knob"


def test_a_users_kind_is_found_among_the_subclasses_of_value() -> None:
    again = from_dict(to_dict(Knob(2.0) * nn.Parameter(3.0)))
    assert [type(operand) for operand in again.operands] == [Knob, nn.Parameter]


def test_a_kind_of_the_packages_own_is_not_taken_over_by_a_user() -> None:
    class Early(Value):
        kind = "param"

    class Late(nn.Parameter):
        kind = "param"

    assert type(from_dict(to_dict(Early(2.0)))) is type(from_dict(to_dict(Late(2.0)))) is nn.Parameter


def test_two_classes_of_one_kind_are_told_apart_by_the_caller() -> None:
    class Other(Value):
        kind = "knob"

    with pytest.raises(
        ValueError, match=r"the kind of \S+Knob and \S+Other: say which, from_dict\(graph, kinds="
    ):
        from_dict(to_dict(Knob(2.0)))
    assert type(from_dict(to_dict(Knob(2.0)), kinds={"knob": Other})) is Other
    assert type(from_dict(to_dict(Knob(2.0)), kinds={"knob": Value})) is Value
