"""The ways to copy a graph, and what two graphs are compared by."""

import copy
import json
import math
import pickle
import struct
from collections.abc import Callable
from typing import Any

import pytest

from chainrule import nn
from chainrule.engine import Value, dot, exp, from_dict, to_dict, topological_order, total

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
    with pytest.warns(RuntimeWarning, match=r"inf - inf"):
        root.backward()
    return root
