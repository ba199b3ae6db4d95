"""Whatever a program can ask a number for, asked while recording: it has its true meaning or is refused."""

import array
import bisect
import cmath
import copy
import decimal
import enum
import fractions
import functools
import itertools
import json
import logging
import math
import operator
import pickle
import random
import statistics
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.viz as viz
from chainrule.engine import Value, value_and_grad, where
from chainrule.engine.compiler import RecordingError, compile

Function = Callable[[Any], Any]


def matched(x: Any) -> Any:
    match x:
        case float():
            return 2.0 * x
        case Value():
            return 3.0 * x


def matched_data(x: Any) -> Any:
    match x:
        case Value(data=d):
            return d * x


def in_place(x: Any) -> Any:
    y = x
    y += 1.0
    y *= x
    return y


def labelled(x: Any) -> Any:
    x.label = "abc"
    return len(x.label) * x


def kind_of(x: Any) -> float:
    match x:
        case bool():
            return 2.0
        case int(n):
            return 3.0 * n
        case float():
            return 5.0
    return 7.0


def all_whole(x: Any) -> bool:
    numbers = [
        math.trunc(x),
        abs(round(x)),
        3 - math.floor(x) * 2,
        sum([x > 0.0, x > 1.0, True]),
        x.__round__(),
    ]
    return all(isinstance(number, int) for number in numbers)


TRUE: dict[str, Function] = {
    "abs": lambda x: abs(x),
    "+x": lambda x: +x * x,
    "round": lambda x: round(x) * x,
    "math.floor": lambda x: math.floor(x) * x,
    "math.ceil": lambda x: math.ceil(x) * x,
    "math.trunc": lambda x: math.trunc(x) * x,
    "math.prod": lambda x: math.prod([x, x, 2.0]),
    "divmod": lambda x: divmod(x, 2.0)[0] + divmod(5.0, x)[1],
    "pow": lambda x: pow(x, 3),
    "operator": lambda x: operator.mul(x, operator.neg(x)),
    "in place": in_place,
    "sum": lambda x: sum([x, 2.0 * x]),
    "chained arithmetic": lambda x: x**2 // 1.5 + x % 0.7,
    "by identity": lambda x: x if x is not None and [x][0] is x else -x,
    "a key": lambda x: {x: 2.0}[x] * x,
    "a key that is not there": lambda x: {1.0: 2.0}.get(x, 7.0) * x,
    "in a set": lambda x: len({x, x * 1.0, x}) * x,
    "in a list it is in": lambda x: (x in [x, 2.0]) * x,
    "== None": lambda x: (x == None) * x + (x != None) * 2.0 * x,  # noqa: E711
    "== text": lambda x: (x == "1.0") * x + x,
    "isinstance": lambda x: x if isinstance(x, Value) and not isinstance(x, float) else -x,
    "isinstance of data": lambda x: x if isinstance(x.data, float) else -x,
    "match": matched,
    "match with data": matched_data,
    "match of data": lambda x: matched(x.data) * x,
    "isinstance of a comparison": lambda x: x if isinstance(x > 1.0, bool) and isinstance(x > 1, int) else -x,
    "match of a comparison": lambda x: kind_of(x > 1.0) * x,
    "isinstance of a whole number": lambda x: x if isinstance(math.floor(x.data), int) else -x,
    "isinstance of other whole numbers": lambda x: x if all_whole(x.data) else -x,
    "match of a whole number": lambda x: kind_of(-round(x.data) % 3 + math.ceil(x.data)) * x,
    "no whole number": lambda x: kind_of(round(x.data) / 1) * kind_of(x.data // 1) * x,
    "comparisons added up": lambda x: kind_of((x > 1.0) + (x > 2.0)) * x + kind_of((x > 1.0) * x.data),
    "type as a constructor": lambda x: type(x)(2.0) * type(x.data)("1.5") * type(round(x.data))("3") * x,
    "operands": lambda x: len((x * x).operands) * (x * x).operands[0],
    "primitive": lambda x: len((x * x).primitive.name) * x,
    "label": labelled,
    "conjugate": lambda x: x.conjugate() * x,
    "copy": lambda x: x * copy.copy(x * x),
    "copy of a leaf": lambda x: x * copy.copy(x.detach()),
    "deepcopy": lambda x: x * copy.deepcopy([x * x])[0],
    "deepcopy of a leaf": lambda x: x * copy.deepcopy(x),
    "conditions": lambda x: where((x > 0.0) & ~np.False_ ^ (x > 2.0), x, 3.0 * x),
    "conditions as numbers": lambda x: ((x > 0.0) + (x > 2.0)) * x,
    "np.array": lambda x: np.array([x, 2.0]) @ np.array([x, x]),
    "np.asarray": lambda x: np.asarray(x) * x,
    "np.exp": lambda x: np.exp(np.array([x]))[0],
    "np.round": lambda x: np.round(np.array([x]))[0] * x,
    "np.mean": lambda x: np.mean([x, 3.0 * x]) + np.std([x, 2.0]),
    "np.dot": lambda x: np.dot([x, 2.0], [x, x]),
}
POINTS = [0.75, 1.0, 2.5]


@pytest.mark.parametrize("f", TRUE.values(), ids=TRUE)
def test_it_is_true_at_every_call(f: Function) -> None:
    on_values, kernel = value_and_grad(lambda x: f(x) + 0.0 * x), compile(lambda x: f(x) + 0.0 * x)
    for x in POINTS:
        value, slope = kernel.value_and_grad(x)
        expected, expected_slope = on_values(x)
        assert value == pytest.approx(Value.item(expected) if isinstance(expected, Value) else expected)
        assert slope == pytest.approx(
            Value.item(expected_slope) if isinstance(expected_slope, Value) else expected_slope
        )


BRANCH = r"a branch on a number that compile records: .* use where\(condition, x, y\), maximum"
INDEX = r"cannot choose an element: .* use take\(rows, i\)"
FLOAT = r"float\(\.\.\.\) of a number that compile records would freeze it: use the methods"
TEXT = r"the text of a number that compile records does not have the number in it"
KEY = r"looks a plain number up, .* use where\(x == y, \.\.\.\), or take"
LOOKS = r" looks at numbers, and one that compile records has none yet: call it outside"

REFUSED: dict[str, tuple[Function, str]] = {
    "bool": (lambda x: bool(x) * x, BRANCH),
    "not": (lambda x: (not x) * x, BRANCH),
    "not of a comparison": (lambda x: (not x > 1.0) * x, BRANCH),
    "a chain of comparisons": (lambda x: (0.0 < x < 2.0) * x, BRANCH),
    "any": (lambda x: any([x > 1.0]) * x, BRANCH),
    "in a list": (lambda x: (x in [1.0, 2.0]) * x, BRANCH),
    "index of": (lambda x: [5.0, x].index(x + 0.0) * x, BRANCH),
    "count": (lambda x: [x, 1.0].count(1.0) * x, BRANCH),
    "match": (lambda x: matched_number(x), BRANCH),
    "sorted by data": (lambda x: sorted([x, -x], key=lambda v: v.data)[0], BRANCH),
    "list.sort": (lambda x: [x, -x].sort() or x, BRANCH),
    "bisect": (lambda x: bisect.bisect([1.0, 2.0], x) * x, BRANCH),
    "filter": (lambda x: sum(filter(lambda v: v > 0.0, [x, -x])), BRANCH),
    "statistics.median": (lambda x: statistics.median([x, 1.0, 2.0]), BRANCH),
    "np.max": (lambda x: np.max(np.array([x, 1.0])), BRANCH),
    "np.maximum": (lambda x: np.maximum(np.array([x]), 0.0)[0], BRANCH),
    "np.argmax": (lambda x: np.argmax(np.array([x, 1.0])) * x, BRANCH),
    "np.sort": (lambda x: np.sort(np.array([x, 1.0]))[0], BRANCH),
    "np.where": (lambda x: np.where(np.array([x]) > 0.0, 1.0, 2.0)[0] * x, BRANCH),
    "np.sign": (lambda x: np.sign(np.array([x]))[0] * x, BRANCH),
    "np.clip": (lambda x: np.clip(np.array([x]), 0.0, 1.0)[0], BRANCH),
    "np.unique": (lambda x: len(np.unique(np.array([x, 1.0]))) * x, BRANCH),
    "np.allclose": (lambda x: np.allclose([x], [1.0]) * x, BRANCH),
    "np.array_equal": (lambda x: np.array_equal([x], [1.0]) * x, BRANCH),
    "np.nonzero": (lambda x: len(np.nonzero(np.array([x]))[0]) * x, BRANCH),
    "int": (lambda x: int(x) * x, INDEX),
    "operator.index": (lambda x: operator.index(x) * x, INDEX),
    "a slice": (lambda x: [1.0, 2.0][: x.data][0] * x, INDEX),
    "chr": (lambda x: len(chr(x)) * x, INDEX),
    "math.gcd": (lambda x: math.gcd(x, 2) * x, INDEX),
    "random.randint": (lambda x: random.randint(0, x) * x, INDEX),
    "int of a comparison": (lambda x: int(x > 0.0) * x, INDEX),
    "an index by a comparison": (lambda x: [1.0, 2.0][x > 0.0] * x, INDEX),
    "float": (lambda x: float(x) * x, FLOAT),
    "complex": (lambda x: complex(x).real * x, FLOAT),
    "%f": (lambda x: len(operator.mod("%.2f", x)) * x, FLOAT),
    "np.float64": (lambda x: np.float64(x) * x, FLOAT),
    "np.asarray of floats": (lambda x: np.asarray([x], dtype=float)[0] * x, FLOAT),
    "astype": (lambda x: np.array([x]).astype(float)[0] * x, FLOAT),
    "into an array of floats": (lambda x: np.zeros(1).__setitem__(0, x) or x, FLOAT),
    "array.array": (lambda x: array.array("d", [x])[0] * x, FLOAT),
    "math.exp": (lambda x: math.exp(x), FLOAT),
    "math.isnan": (lambda x: math.isnan(x.data) * x, FLOAT),
    "math.isclose": (lambda x: math.isclose(x, 1.0) * x, FLOAT),
    "math.fsum": (lambda x: math.fsum([x, x]), FLOAT),
    "math.hypot": (lambda x: math.hypot(x, 1.0), FLOAT),
    "math.dist": (lambda x: math.dist([x], [0.0]), FLOAT),
    "math.pow": (lambda x: math.pow(x, 2.0), FLOAT),
    "math.copysign": (lambda x: math.copysign(1.0, x), FLOAT),
    "cmath.exp": (lambda x: cmath.exp(x).real, FLOAT),
    "statistics.fmean": (lambda x: statistics.fmean([x, x]), FLOAT),
    "a text as a number": (lambda x: float(f"{x:.3f}") * x, TEXT),
    "json of data by text": (lambda x: float(json.loads(json.dumps(x, default=str))[:0] or str(x)), TEXT),
    "sorted by text": (lambda x: sorted([x, -x], key=repr)[0], TEXT),
    "a number as a key": (lambda x: {1.0: 2.0}.get(x.data, 5.0) * x, KEY),
    "hash of a number": (lambda x: hash(x.item()) * x, KEY),
    "a comparison as a key": (lambda x: {True: 1.0, False: 2.0}[x > 0.0] * x, "looks a comparison up"),
    "a product of a comparison as a key": (lambda x: {1.0: 2.0}.get((x > 0.0) * 1.0, 5.0) * x, KEY),
    "a whole number as a key": (lambda x: {1: 2.0}.get(round(x.data), 5.0) * x, KEY),
    "a range": (lambda x: sum(range(math.floor(x.data))) * x, INDEX),
    "how many": (
        lambda x: len([1.0] * math.floor(x.data)) * x,
        r"\[1.0\] \(list\) times .*partial\(f, n=3\)",
    ),
    "how many letters": (lambda x: len((x > 0.0) * "ab") * x, r"'ab' times .* sum\(where\(k < n, x, 0.0\)"),
    "bits": (
        lambda x: (math.floor(x.data) & 1) * x,
        r"the bits of .* k // 2\*\*n and k % 2\*\*n are recorded",
    ),
    "bit_length": (lambda x: math.floor(x.data).bit_length() * x, "the bits of"),
    "islice": (lambda x: sum(itertools.islice([1.0, 2.0], round(x.data))) * x, INDEX),
    "struct": (lambda x: struct.unpack("d", struct.pack("d", x.data))[0] * x, FLOAT),
    "a method of float": (
        lambda x: math.fsum([float.fromhex(x.data.hex())]) * x,
        "would freeze it: compare it",
    ),
    "an enum": (lambda x: Sizes(x.data).value * x, KEY + "|" + BRANCH),
    "a memo": (lambda x: functools.cache(lambda y: y * y)(x.data) * x, KEY),
    "pickle": (
        lambda x: pickle.loads(pickle.dumps(x)),
        "cannot be pickled, .* pickle what the kernel returns",
    ),
    "Value": (lambda x: Value(x.data) * x, r"Value\(\.\.\.\) would freeze .* x.detach\(\)"),
    "grad": (lambda x: x.grad, "a gradient is not known while compile records"),
    "partials": (lambda x: (x * x).partials[0] * x, "partials are not known while compile records: use grad"),
    "data += 1": (
        lambda x: setattr(x, "data", x.data + 1.0),
        "assigning to .data while compile records",
    ),
    "backward": (lambda x: (x * x).backward() or x, r"backward\(\) cannot run while compile records"),
    "backward_steps": (lambda x: list((x * x).backward_steps()), r"backward_steps\(\)" + LOOKS),
    "zero_grad": (lambda x: (x * x).zero_grad() or x, r"zero_grad\(\)" + LOOKS),
    "draw": (lambda x: viz.draw(x * x), "draw" + LOOKS),
    "graph_text": (lambda x: viz.graph_text(x * x), "graph_text" + LOOKS),
    "print_graph": (lambda x: viz.print_graph(x * x), "graph_text" + LOOKS),
    "show_graph": (lambda x: viz.show_graph(x * x), "show_graph" + LOOKS),
}


class Sizes(enum.Enum):
    SMALL = 1.0


def matched_number(x: Any) -> Any:
    match x:
        case 1.0:
            return 5.0 * x
    return x


@pytest.mark.parametrize(("f", "message"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_at_its_line_with_the_way_out(f: Function, message: str) -> None:
    with pytest.raises(RecordingError, match=f"{message}[^\n]*\n  at .*test_what_freezes.py, line "):
        compile(f)(1.0)


ALIKE: dict[str, Function] = {
    "is_integer": lambda x: x.is_integer() * x,
    "json": lambda x: len(json.dumps([x])) * x,
    "statistics.mean": lambda x: statistics.mean([x, x]),
    "Decimal": lambda x: float(decimal.Decimal(x)) * x,
    "Fraction": lambda x: float(fractions.Fraction(x)) * x,
    "struct": lambda x: len(struct.pack("d", x)) * x,
    "iterating": lambda x: sum(x),
    "len": lambda x: len(x) * x,
    "an item": lambda x: x[0],
    "calling it": lambda x: x(1.0),
    "text times": lambda x: len("a" * x) * x,
    "a list times": lambda x: len([1.0] * x) * x,
    "an attribute": lambda x: setattr(x, "more", 1.0),
    "shifting": lambda x: x << 1,
    "< None": lambda x: x < None,
    "where of a method of float": lambda x: where((1.0).__gt__(x), x, 2.0 * x),
}


@pytest.mark.parametrize("f", ALIKE.values(), ids=ALIKE)
def test_what_is_an_error_on_values_is_one_here(f: Function) -> None:
    errors = (TypeError, AttributeError, ValueError, struct.error)
    with pytest.raises(errors):
        f(Value(1.0))
    with pytest.raises(errors):
        compile(f)(1.0)


def test_messages_and_logs_show_that_there_is_no_number_yet(caplog: pytest.LogCaptureFixture) -> None:
    def f(x: Any) -> Any:
        logging.warning("x is %s", x)
        if f"{x!r}" + "":
            raise ValueError(f"bad x: {x:.2f}")
        return x

    with pytest.raises(ValueError, match=r"^bad x: <recorded v0 = input 0, no number yet>$"):
        compile(f)(1.0)
    assert caplog.messages == ["x is <recorded v0 = input 0, no number yet>"]


def test_every_attribute_of_a_value_has_a_verdict() -> None:
    """A new method of Value must be thought of: is it true of a stand-in, or refused?"""
    of_rows = {name for name in dir(Value) if hasattr(getattr(Value, name), "row")}
    own = {name for name in dir(Value) if getattr(Value, name) is not getattr(object, name, None)}
    structure = {
        "__module__",
        "__doc__",
        "__slots__",
        "__annotations__",
        "__init_subclass__",
        "__subclasshook__",
        "__static_attributes__",
        "__firstlineno__",
    }
    assert own - of_rows - structure == {
        *("__bool__", "__float__", "__int__", "__reduce__", "__init__"),  # refused
        *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__divmod__", "__rdivmod__"),
        *("__copy__", "__deepcopy__", "__pos__", "conjugate", "data", "detach", "item"),
        *("__format__", "__repr__", "label", "kind", "operands", "primitive"),
        *("about", "source"),  # nothing is known of where it was made: None
        *("backward", "backward_steps", "break_when", "debug", "grad", "partials"),  # refused
        *("register_hook", "trace", "zero_grad"),
    }
