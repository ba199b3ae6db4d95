"""Passes over a program in machine code, against the same in Python."""

import random

import numpy as np
import pytest

from chainrule.engine.compiler import sweeps


def random_program(seed: int) -> tuple[sweeps.Places, sweeps.Ints, sweeps.Ints]:
    """Return where the terms of 40 nodes begin, and their factors: earlier nodes."""
    rng = random.Random(seed)
    first, a, b = [0], [], []
    for node in range(40):
        for _ in range(rng.randrange(4) if node else 0):
            a.append(rng.randrange(node))
            b.append(rng.randrange(-1, node))
        first.append(len(a))
    return np.array(first), np.array(a, np.int32), np.array(b, np.int32)


def operands(program: tuple[sweeps.Places, sweeps.Ints, sweeps.Ints], node: int) -> list[int]:
    first, a, b = program
    terms = slice(first[node], first[node + 1])
    return [x for x in [*a[terms].tolist(), *b[terms].tolist()] if x >= 0]


@pytest.mark.parametrize("seed", range(5))
def test_marks_go_from_operands_to_what_depends_on_them(seed: int) -> None:
    program = random_program(seed)
    marks = np.zeros(40, np.uint8)
    marks[[0, 5]] = 1, 2
    expected = marks.tolist()
    for node in range(40):
        for operand in operands(program, node):
            expected[node] |= expected[operand]
    sweeps.depends(*program, marks)
    assert marks.tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_marks_go_back_to_what_is_used(seed: int) -> None:
    program = random_program(seed)
    marks = np.zeros(40, np.uint8)
    marks[[39, 30]] = 1, 2
    expected = marks.tolist()
    for node in reversed(range(40)):
        for operand in operands(program, node):
            expected[operand] |= expected[node]
    sweeps.used(*program, marks)
    assert marks.tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_levels_are_the_longest_ways(seed: int) -> None:
    program = random_program(seed)
    expected: list[int] = []
    for node in range(40):
        expected.append(max([expected[operand] + 1 for operand in operands(program, node)], default=0))
    assert sweeps.levels(*program).tolist() == expected


def test_some_nodes_get_nothing_from_their_operands() -> None:
    first, a, b = np.array([0, 0, 1, 2]), np.array([0, 1], np.int32), np.array([-1, -1], np.int32)
    marks = np.array([1, 0, 0], np.uint8)
    sweeps.depends(first, a, b, marks, np.array([False, True, False]))
    assert marks.tolist() == [1, 0, 0]


def test_no_nodes_are_no_trouble() -> None:
    none = np.zeros(0, np.int32)
    assert sweeps.levels(np.zeros(1, np.int64), none, none).tolist() == []
    sweeps.used(np.zeros(1, np.int64), none, none, np.zeros(0, np.uint8))
