"""The tape: entries in flat arrays, and replaying them."""

import math

import pytest

from chainrule.engine import TABLE
from chainrule.engine.compiler.tape import (
    CONSTANT,
    DETACH,
    EQUAL,
    INDEX,
    INPUT,
    LESS,
    LESS_EQUAL,
    OUTSIDE,
    TAKE,
    Tape,
)


def small() -> Tape:
    """Return the tape of a * b + tanh(a)."""
    tape = Tape()
    a, b = tape.append(INPUT, (0,)), tape.append(INPUT, (1,))
    product = tape.append(TABLE["mul"], (a, b))
    tape.append(TABLE["add"], (product, tape.append(TABLE["tanh"], (a,))))
    return tape


def test_an_entry_is_a_kind_and_the_entries_it_is_made_from() -> None:
    tape = small()
    assert len(tape) == 5
    assert tape[2] == (TABLE["mul"], (0, 1))
    assert list(tape) == [(entry, tape.kind(entry), tape.operands_of(entry)) for entry in range(5)]


def test_the_first_entry_s_operands_begin_where_the_tape_does() -> None:
    assert small().operands_of(0) == (0,)


def test_a_kind_is_entered_once() -> None:
    tape = small()
    tape.append(TABLE["mul"], (3, 3))
    assert tape.kinds == [INPUT, TABLE["mul"], TABLE["tanh"], TABLE["add"]]


def test_an_entry_of_two_operands_takes_18_bytes() -> None:
    tape = small()
    assert tape.codes.itemsize + 2 * tape.operands.itemsize + tape.ends.itemsize == 18


def test_replaying_gives_the_number_of_every_entry() -> None:
    assert small().replay([0.5, 3.0]) == [0.5, 3.0, 1.5, math.tanh(0.5), 1.5 + math.tanh(0.5)]


def test_constants_and_values_from_outside_are_replayed_too() -> None:
    tape = Tape()
    tape.append(TABLE["sub"], (tape.constant(7.0), tape.append(OUTSIDE, (1,))))
    assert tape.kind(0) is CONSTANT
    assert tape.operands_of(0) == ()
    assert tape.replay([], [0.0, 2.0]) == [7.0, 2.0, 5.0]


def test_comparisons_are_one_where_they_hold_and_never_for_nan() -> None:
    tape = Tape()
    x, y = tape.append(INPUT, (0,)), tape.append(INPUT, (1,))
    for kind in (LESS, LESS_EQUAL, EQUAL):
        tape.append(kind, (x, y))
    tape.append(DETACH, (x,))
    assert tape.replay([1.0, 2.0])[2:] == [1.0, 1.0, 0.0, 1.0]
    assert tape.replay([2.0, 2.0])[2:] == [0.0, 1.0, 1.0, 2.0]
    assert tape.replay([math.nan, 2.0])[2:5] == [0.0, 0.0, 0.0]


def test_a_choice_is_the_operand_whose_number_the_index_is() -> None:
    tape = Tape()
    i, count = tape.append(INPUT, (0,)), tape.constant(2.0)
    index = tape.append(INDEX, (i, count))
    tape.append(TAKE, (index, tape.constant(10.0), tape.constant(20.0)))
    assert tape.replay([1.0])[-1] == 20.0
    assert tape.replay([0.0])[-1] == 10.0
    with pytest.raises(IndexError, match="2"):
        tape.replay([2.0])
    with pytest.raises(IndexError):
        tape.replay([-1.0])


def test_it_prints_an_entry_a_line_with_labels() -> None:
    tape = small()
    tape.labels[4] = "out"
    assert str(tape).splitlines() == [
        "v0 = input 0",
        "v1 = input 1",
        "v2 = mul(v0, v1)",
        "v3 = tanh(v0)",
        "v4 = add(v2, v3)  # out",
    ]


def test_of_many_operands_eight_are_shown_and_labels_stay_on_their_line() -> None:
    tape = Tape()
    x = tape.append(INPUT, (0,))
    tape.append(TABLE["total"], (x,) * 9)
    tape.labels[0] = "first\nsecond"
    assert tape.line(1) == "v1 = total(v0, v0, v0, v0, v0, v0, v0, v0, ...)"
    assert "\n" not in tape.line(0)
    assert Tape().replay([]) == []
