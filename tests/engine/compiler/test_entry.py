"""The function that Python calls: copies, the run, and what it answers."""

import ctypes
import math
from array import array
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from programs import ATTRIBUTES

from chainrule.engine.compiler import entry
from chainrule.engine.compiler.entry import (
    COPIES,
    COPY_TABLE,
    NAN,
    NO_ROW,
    NOT_FINITE,
    ONCE,
    RESULT_VECTORS,
    RESULTS,
    WORDS,
)
from chainrule.engine.compiler.machine import Code, object_code
from chainrule.engine.compiler.text import DOUBLE, SINGLE, Real


class Program:
    """A module whose `run` does nothing, and a frame for it."""

    def __init__(self, real: Real = DOUBLE, report: int | None = None) -> None:
        text = (
            f"define void @run(ptr %frame) #0 {{\n  ret void\n}}\n{entry.entry(real, report)}\n{ATTRIBUTES}"
        )
        self.code = Code(object_code(text))
        self.words = array("q", [0]) * WORDS
        self.held: list[object] = []

    def results(self, numbers: NDArray[Any], rows: bool = False) -> None:
        self.held.append(numbers)
        at, count = (entry.RESULT_ROWS, entry.ROW_VECTORS) if rows else (RESULTS, RESULT_VECTORS)
        self.words[at], self.words[count] = numbers.ctypes.data, len(numbers) // 8

    def __call__(self) -> int:
        enter = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(self.code.address("enter"))
        answer: int = enter(self.words.buffer_info()[0])
        return answer


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("real", [DOUBLE, SINGLE], ids=str)
def test_it_answers_whether_a_result_is_nan(rows: bool, real: Real) -> None:
    program = Program(real)
    numbers = np.zeros(24, np.float64 if real is DOUBLE else np.float32)
    program.results(numbers, rows)
    assert program() == 0
    for at in (0, 7, 8, 23):
        numbers[at] = math.nan
        assert program() == NAN
        numbers[at] = math.inf
        assert program() == 0


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("real", [DOUBLE, SINGLE], ids=str)
def test_it_leaves_word_of_a_result_that_is_not_finite(rows: bool, real: Real) -> None:
    program = Program(real)
    dtype = np.float64 if real is DOUBLE else np.float32
    numbers = np.full(24, np.finfo(dtype).max, dtype)
    program.results(numbers, rows)
    for at in (0, 7, 8, 23):
        for odd in (math.inf, -math.inf, math.nan):
            numbers[at], kept = odd, numbers[at]
            program()
            assert program.words[NOT_FINITE] != 0
            numbers[at] = kept
            program()
            assert program.words[NOT_FINITE] == 0


def test_what_nobody_looks_at_may_be_nan() -> None:
    program = Program()
    program.results(np.full(8, math.nan))
    program.words[RESULT_VECTORS] = 0
    assert program() == 0
    assert program.words[NOT_FINITE] == 0


def test_arguments_are_copied_first() -> None:
    program = Program()
    sources = [np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])]
    target = np.zeros(6)
    table = array("q")
    for source, at in zip(sources, (0, 3), strict=True):
        table.extend([source.ctypes.data, target[at:].ctypes.data, source.nbytes])
    program.words[COPIES], program.words[COPY_TABLE] = 2, table.buffer_info()[0]
    assert program() == 0
    assert target.tolist() == [1.0, 2.0, 0.0, 3.0, 4.0, 5.0]


def test_a_reported_index_is_part_of_the_answer() -> None:
    program = Program(report=2)
    memory, numbers = np.zeros(4), np.zeros(8)
    program.words[ONCE] = memory.ctypes.data
    program.results(numbers)
    assert program() == 0
    memory[2] = 5.0
    assert program() == NO_ROW
    numbers[3] = math.nan
    assert program() == NO_ROW | NAN


def test_the_words_are_numbered_once_each() -> None:
    names = "SAMPLES PARAMETERS ROWS LINES ONCE LANES NUMBERS PLACES CALLED RESULTS RESULT_ROWS"
    names += " COPIES COPY_TABLE RESULT_VECTORS ROW_VECTORS PARTS RESULT_COLUMNS NOT_FINITE"
    assert [getattr(entry, name) for name in names.split()] == list(range(WORDS))
