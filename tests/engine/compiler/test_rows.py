"""Rows taken by an index: how they are recorded, and that each choice's rows are in one kind of memory."""

from typing import Any

import numpy as np
import pytest
from programs import lines, normal, recorded

from chainrule.engine import Value, exp, take
from chainrule.engine.compiler.groups import placed
from chainrule.engine.compiler.program import Program
from chainrule.engine.compiler.rows import kept_together
from chainrule.engine.compiler.tape import INDEX, INPUT, TAKE
from chainrule.engine.compiler.traced import RecordingError


def test_a_row_of_stand_ins_comes_out_an_entry_for_each_column() -> None:
    recording = recorded(lambda t, i: take(t, i), [[1.0, 5.0], [2.0, 6.0]], 1)
    assert recording.outputs == [7, 8]
    assert recording.tape[6] == (INDEX, (4, 5))
    assert recording.tape[7] == (TAKE, (6, 0, 2))
    assert recording.of_outputs([2.0, 6.0]) == [2.0, 6.0]


def test_the_row_has_the_structure_of_the_first_one() -> None:
    recording = recorded(lambda i: take([{"a": 1.0, "b": [2.0]}, {"a": 3.0, "b": [4.0]}], i), 0)
    assert recording.of_outputs([7.0, 8.0]) == {"a": 7.0, "b": [8.0]}


def test_lists_tuples_and_arrays_of_so_many_numbers_are_rows_alike() -> None:
    recording = recorded(lambda i: take([[1.0, 2.0], (3.0, 4.0), np.array([5.0, 6.0])], i), 0)
    assert [recording.tape.replay([2.0])[int(entry)] for entry in recording.outputs] == [5.0, 6.0]


REFUSED: list[tuple[Any, type[Exception], str]] = [
    ([[1.0], [1.0, 2.0]], ValueError, "needs rows of one structure, but row 1 is"),
    ([{"a": 1.0}, {"b": 1.0}], ValueError, "needs rows of one structure, but row 1 is"),
    ([[], []], RecordingError, "takes rows of numbers, got"),
    ([], IndexError, "there are no rows to take from"),
]


@pytest.mark.parametrize(("rows", "error", "message"), REFUSED)
def test_what_is_no_table_is_refused(rows: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        recorded(lambda i: take(rows, i), 0)


def together(f: Any, *point: Any, batched: tuple[int, ...] = ()) -> tuple[Program, Program, Any]:
    """Return a program before and after its rows are brought together, and its wanted nodes."""
    program, wanted = normal(f, *point)
    per_sample = np.array([k in batched for k in range(len(point))], bool)
    varies = np.zeros(len(program), bool)
    inputs = program.nodes_of(INPUT)
    varies[inputs] = per_sample[program.number[inputs].astype(int)]
    for node, owner in zip(program.a, program.owners(), strict=True):
        varies[owner] |= varies[node]
    made, places = kept_together(program, wanted, varies, per_sample)
    return program, made, places


def spaces_of_rows(program: Program, batched: list[bool]) -> set[int]:
    found = placed(program, np.array(batched), batched.count(False))
    (node,) = program.nodes_of(TAKE)
    return set(found.space[program.a[program.first[node] + 1 : program.first[node + 1]]].tolist())


def test_rows_that_are_together_stay_as_they_are() -> None:
    program, made, _ = together(lambda x, y, i: take([x, y], i), 1.0, 2.0, 0)
    assert made is program


def test_arguments_and_computed_rows_are_copied_beside_each_other() -> None:
    program, made, (out,) = together(lambda x, y, i: take([x, exp(y), 3.0], i), 1.0, 2.0, 0)
    assert len(spaces_of_rows(program, [False] * 3)) == 3
    assert len(spaces_of_rows(made, [False] * 3)) == 1
    for i, expected in enumerate([1.0, np.exp(2.0), 3.0]):
        assert made.evaluate({INPUT: [1.0, 2.0, float(i)]})[out] == expected


def test_numbers_alone_are_copied_too() -> None:
    _, made, (out,) = together(lambda i: take([10.0, 20.0], i), 0)
    assert made.evaluate({INPUT: [1.0]})[out] == 20.0
    assert sum("detach" in line for line in lines(made)) == 2


def test_where_a_row_differs_from_sample_to_sample_the_others_are_spread() -> None:
    program, made, (out,) = together(lambda w, x, i: take([w, x * w], i), 1.0, 2.0, 0, batched=(1,))
    assert len(spaces_of_rows(program, [False, True, False])) == 2
    assert len(spaces_of_rows(made, [False, True, False])) == 1
    assert sum("spread" in line for line in lines(made)) == 1
    assert made.evaluate({INPUT: [3.0, 2.0, 0.0]})[out] == 3.0
    assert bool((made.a < made.owners()).all())


def test_a_sample_s_arguments_and_what_is_computed_of_them_are_in_different_memory_too() -> None:
    f = lambda w, x, i: take([x, x * w], i)  # noqa: E731
    program, made, (out,) = together(f, 1.0, 2.0, 0, batched=(1,))
    assert len(spaces_of_rows(program, [False, True, False])) == 2
    assert len(spaces_of_rows(made, [False, True, False])) == 1
    assert made.evaluate({INPUT: [3.0, 2.0, 1.0]})[out] == 6.0


def test_a_program_without_choices_is_the_same() -> None:
    program, made, _ = together(lambda x: exp(x), 1.0)
    assert made is program


def test_an_index_that_is_another_value_is_a_number_then() -> None:
    assert take([1.0, 2.0], Value(1.0)) == 2.0
