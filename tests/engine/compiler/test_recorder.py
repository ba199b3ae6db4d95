"""What writes the tape: entries, stand-ins, constants, and what it refuses."""

from typing import Any

import pytest

from chainrule.engine import TABLE, Value, no_grad
from chainrule.engine.compiler.recorder import Recorder
from chainrule.engine.compiler.tape import DETACH, INPUT
from chainrule.engine.compiler.traced import Condition, RecordingError


def one_input(**options: Any) -> tuple[Recorder, Any]:
    recorder = Recorder(**options)
    return recorder, recorder.stand_in(recorder.input())


def test_inputs_are_numbered_and_operations_follow() -> None:
    recorder = Recorder()
    x, y = [recorder.stand_in(recorder.input()) for _ in range(2)]
    made = recorder.made(TABLE["mul"], (x.entry, y.entry))
    assert recorder.tape[1] == (INPUT, (1,))
    assert recorder.tape[made.entry] == (TABLE["mul"], (0, 1))


def test_an_entry_has_one_stand_in() -> None:
    recorder, x = one_input()
    assert recorder.stand_in(0) is x


def test_a_number_is_one_constant_however_often_it_occurs() -> None:
    recorder, _ = one_input()
    assert recorder.known(2.0) == recorder.known(2) == recorder.known(2.0)
    assert recorder.known(0.0) != recorder.known(-0.0)
    assert recorder.known(float("nan")) == recorder.known(float("nan"))


def test_a_value_from_outside_is_entered_once_but_what_it_is_alone_counts() -> None:
    recorder, _ = one_input()
    c, d = Value(1.0), Value(1.0)
    assert recorder.known(c) == recorder.known(c) != recorder.known(d)
    assert recorder.outside == [c, d]


def test_what_is_no_number_is_refused_in_the_name_of_the_operation() -> None:
    recorder, _ = one_input()
    assert recorder.known("three") is None
    with pytest.raises(TypeError, match="add takes Values and plain numbers, got 'three'"):
        recorder.entry_of("three", "add")


def test_equal_entries_are_one_only_where_they_are_shared() -> None:
    recorder, x = one_input()
    assert (x * x).entry != (x * x).entry
    with recorder.sharing():
        assert (x * x).entry == (x * x).entry
    assert (x * x).entry != (x * x).entry
    formulas, y = one_input(shared=True)
    assert (y * y).entry == (y * y).entry
    with formulas.sharing():
        pass
    assert (y * y).entry == (y * y).entry


def test_in_no_grad_what_is_made_has_no_history() -> None:
    recorder, x = one_input()
    with no_grad():
        y: Any = x * x
    assert recorder.tape[y.entry] == (DETACH, (1,))


def test_an_index_and_what_it_hits_are_entered_once() -> None:
    recorder, i = one_input()
    index = recorder.index(i, 3)
    assert recorder.index(i, 3) is index
    assert recorder.index(i, 4) is not index
    hit = recorder.hit(index.entry, 1)
    assert isinstance(hit, Condition)
    assert recorder.hit(index.entry, 1) is hit


def test_a_branch_is_an_error_unless_somebody_decides() -> None:
    recorder, x = one_input()
    with pytest.raises(RecordingError, match=r"a branch on a number that compile records: .* use where"):
        bool(x > 0.0)
    asked: list[int] = []

    def decide(condition: int) -> bool:
        asked.append(condition)
        return True

    recorder.decide = decide
    condition = x > 0.0
    assert bool(condition)
    assert asked == [condition.entry]


def test_a_condition_that_is_a_constant_decides_itself() -> None:
    recorder, _ = one_input()
    for number, expected in ((0.0, False), (1.0, True)):
        entry = recorder.known(number)
        assert entry is not None
        assert recorder.decided(recorder.stand_in(entry)) is expected


def test_when_it_is_closed_nothing_is_added() -> None:
    recorder, x = one_input()
    recorder.closed = True
    with pytest.raises(RecordingError, match="belongs to a recording that is over"):
        x * x
    assert len(recorder.tape) == 1


def test_numbers_of_another_recording_are_refused() -> None:
    _, x = one_input()
    _, y = one_input()
    with pytest.raises(RecordingError, match="a number of another recording"):
        x * y
