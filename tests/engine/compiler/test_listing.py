"""The tape to be read: lines, labels, and where in the program each entry was made."""

from typing import Any

import numpy as np
import pytest

from chainrule.engine import TABLE, Value
from chainrule.engine.compiler.listing import Listing, SourcedTape
from chainrule.engine.compiler.record import record
from chainrule.engine.compiler.tape import CONSTANT, INPUT


def listed(f: Any, *arguments: Any) -> Listing:
    tape = SourcedTape()
    record(f, arguments, (), set(), tape=tape)
    return Listing(tape)


def neuron(w: Any, x: Any) -> Any:
    y = w * x + 0.5
    y.label = "y"
    return y.tanh()


def test_each_line_ends_with_the_line_of_the_program() -> None:
    lines = list(listed(neuron, Value(2.0, "w"), 3.0))
    first = neuron.__code__.co_firstlineno
    assert lines == [
        "v0 = input 0  # w",
        "v1 = input 1",
        f"v2 = mul(v0, v1)  # test_listing.py:{first + 1}: w * x",
        f"v3 = 0.5  # test_listing.py:{first + 1}: w * x + 0.5",
        f"v4 = add(v2, v3)  # y  test_listing.py:{first + 1}: w * x + 0.5",
        f"v5 = tanh(v4)  # test_listing.py:{first + 3}: y.tanh()",
    ]


def test_it_is_a_sequence_of_lines() -> None:
    listing = listed(neuron, 2.0, 3.0)
    assert len(listing) == 6
    assert listing[-1] == listing[5]
    assert listing[1:3] == [listing[1], listing[2]]
    assert str(listing).splitlines() == list(listing)
    assert repr(listing) == "<tape of 6 entries>"
    with pytest.raises(IndexError):
        listing[6]


def test_the_line_is_the_user_s_also_behind_the_engine_and_numpy() -> None:
    def inner(x: Any) -> Any:
        return np.dot(np.array([x, x], dtype=object), np.array([2.0, 3.0], dtype=object))

    listing = listed(inner, 1.0)
    here = f"test_listing.py:{inner.__code__.co_firstlineno + 1}"
    assert all(here in line for line in listing[1:])


def test_comments_have_the_label_first_and_the_source_after_it() -> None:
    tape = SourcedTape()
    record(neuron, [Value(1.0, "w"), 1.0], (), set(), tape=tape)
    assert tape.comment(0) == "w"
    assert tape.comment(1) == ""
    assert tape.comment(4).startswith("y  test_listing.py:")


def test_code_without_a_file_has_a_line_and_no_text() -> None:
    names: dict[str, Any] = {}
    exec(compile("def f(x):\n    return x * x", "made up", "exec"), names)
    assert listed(names["f"], 1.0)[1] == "v1 = mul(v0, v0)  # made up:2"


def test_one_place_in_the_code_is_kept_once() -> None:
    tape = SourcedTape()

    def loop(x: Any) -> Any:
        for _ in range(50):
            x = x * 0.5
        return x

    record(loop, [1.0], (), set(), tape=tape)
    assert len(tape._known) == 1
    assert len(tape) == 52


def test_labels_and_file_names_cannot_begin_a_new_line() -> None:
    tape = SourcedTape()
    code = compile("def f(x):\n    return x * x", "bad\nname", "exec")
    names: dict[str, Any] = {}
    exec(code, names)
    record(names["f"], [Value(1.0, "one\ntwo")], (), set(), tape=tape)
    assert len(str(Listing(tape)).splitlines()) == 2


def test_entries_without_a_program_have_no_source() -> None:
    tape = SourcedTape()
    tape.append(INPUT, (0,))
    assert tape.source(0) == ""
    tape.append(TABLE["exp"], (0,))
    assert tape.source(1).startswith("test_listing.py:")
    assert tape.kind(tape.constant(1.0)) is CONSTANT
