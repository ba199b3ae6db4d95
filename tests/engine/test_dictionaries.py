"""to_dict and from_dict: graphs as plain JSON, and what is refused."""

import json
import math
from typing import Any

import pytest
from copying import example
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import nn
from chainrule.engine import Value, from_dict, to_dict, topological_order


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
    for _ in range(1_000_000):
        deep = [deep]
    with pytest.raises(ValueError, match=r"nodes\[\d\]\['data'\] holds a list of 1, not a number"):
        from_dict(with_node(LEAF, data=deep))


json_things = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300)
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
