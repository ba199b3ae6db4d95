"""The normal form: sums of products and single operations, and their numbers."""

import math
import random
from typing import Any

import numpy as np
import pytest
from programs import lines, normal, recorded

from chainrule.engine import Value, dot, exp, tanh, total
from chainrule.engine.compiler.program import (
    COLLECT,
    GUARDED,
    OVER_BATCH,
    SPREAD,
    SUM,
    Program,
    kept,
    normal_form,
    uses,
    without_unused,
)
from chainrule.engine.compiler.tape import INPUT, OUTSIDE


def test_a_product_and_a_sum_are_one_node() -> None:
    program, wanted = normal(lambda a, b: a * b + tanh(a), 1.0, 2.0)
    assert lines(program) == [
        "n0 = input 0",
        "n1 = input 1",
        "n2 = tanh n0",
        "n3 = sum + n0 * n1 + n2",
    ]
    assert wanted.tolist() == [3]


SUMS: list[tuple[Any, str]] = [
    (lambda a, b, c: a + b - c, "sum + n0 + n1 - n2"),
    (lambda a, b, c: a - b * c, "sum + n0 - n1 * n2"),
    (lambda a, b, c: (-(a * b)).__neg__() + c, "sum + n0 * n1 + n2"),
    (lambda a, b, c: a - (-b), "sum + n0 + n1"),
    (lambda a, b, c: ((a * b) + b * c) + a, "sum + n0 * n1 + n1 * n2 + n0"),
    (lambda a, b, c: dot([a, b], [b, c], c), "sum + n2 + n0 * n1 + n1 * n2"),
    (lambda a, b, c: total([a, b, c]), "sum + n0 + n1 + n2"),
    (lambda a, b, c: a**2 - c, "sum + n0 * n0 - n2"),
]


@pytest.mark.parametrize(("f", "expected"), SUMS)
def test_additions_become_terms_in_the_order_of_the_program(f: Any, expected: str) -> None:
    program, wanted = normal(f, 1.0, 2.0, 3.0)
    last = lines(program)[-1].partition(" = ")[2]
    names = {f"n{node}": f"n{int(program.number[node])}" for node in program.nodes_of(INPUT)}
    assert " ".join([names.get(word, word) for word in last.split()]) == expected
    assert (program.kind == 0).sum() == 1
    assert wanted.tolist() == [len(program) - 1]


def test_what_is_used_twice_or_wanted_stays_a_node() -> None:
    program, _ = normal(lambda a, b: (lambda s: s * s)(a + b) + a, 1.0, 2.0)
    assert [line.count("+") for line in lines(program) if "sum" in line] == [2, 2]
    program, wanted = normal(lambda a, b: (lambda s: [s, s + a])(a * b), 1.0, 2.0)
    assert len(wanted) == 2
    assert lines(program)[-2:] == ["n2 = sum + n0 * n1", "n3 = sum + n2 + n0"]


def test_only_the_first_term_takes_a_chain_in_so_the_order_of_additions_stays() -> None:
    program, _ = normal(lambda a, b, c: a + (b + c), 1.0, 2.0, 3.0)
    assert (program.kind == 0).sum() == 2


def test_exactly_every_entry_is_a_node_and_a_square_a_power() -> None:
    recording = recorded(lambda a, b: a + b + a**2, 1.0, 2.0)
    program, _ = normal_form(recording.tape, [5], fold=False)
    assert [line.split(" = ")[1].split()[0] for line in lines(program)] == [
        "input",
        "input",
        "sum",
        "constant",
        "pow",
        "sum",
    ]


def test_what_nobody_wants_is_gone() -> None:
    recording = recorded(lambda a, b: [exp(a), exp(b)], 1.0, 2.0)
    program, wanted = normal_form(recording.tape, recording.outputs[1:])  # type: ignore[arg-type]
    assert lines(program) == ["n0 = input 1", "n1 = exp n0"]
    assert wanted.tolist() == [1]


def test_an_empty_program_is_one_too() -> None:
    program, wanted = normal(lambda a: a, 1.0)
    assert lines(program) == ["n0 = input 0"]
    assert wanted.tolist() == [0]


def test_a_program_computes_what_its_tape_does() -> None:
    def random_function(seed: int) -> Any:
        def f(*inputs: Any) -> Any:
            rng = random.Random(seed)
            known = list(inputs)
            for _ in range(40):
                x, y = rng.choice(known), rng.choice(known)
                known.append(
                    rng.choice(
                        [
                            x + y,
                            x - y,
                            x * y,
                            -x,
                            x**2,
                            tanh(x),
                            x * 0.5,
                            total([x, y, x]),
                            dot([x, y], [y, x]),
                        ]
                    )
                )
            return known[-5:]

        return f

    for seed in range(20):
        point = [0.3, -0.7, 1.1]
        f = random_function(seed)
        recording = recorded(f, *point)
        for fold in (True, False):
            entries = [entry for entry in recording.outputs if isinstance(entry, int)]
            program, wanted = normal_form(recording.tape, entries, fold)
            numbers = program.evaluate({INPUT: point})
            expected = recording.tape.replay(point)
            assert [numbers[node] for node in wanted] == pytest.approx([expected[e] for e in entries])


def test_values_from_outside_have_numbers_of_their_own() -> None:
    c, d = Value(5.0), Value(7.0)
    program, wanted = normal(lambda a: a * d + c, 2.0)
    assert program.evaluate({INPUT: [2.0], OUTSIDE: [7.0, 5.0]})[wanted[0]] == 19.0


def made_of(*terms: tuple[int, int, int], kind: Any = SUM) -> Program:
    """Return a program of two inputs and one more node with these terms."""
    sign, a, b = (list(part) for part in zip(*terms, strict=True))
    return Program(
        [SUM, INPUT, kind],
        np.array([1, 1, 0 if kind is SUM else 2], np.int16),
        np.array([0, 0, 0, len(terms)]),
        np.array(sign, np.int8),
        np.array(a, np.int32),
        np.array(b, np.int32),
        np.array([0.0, 1.0, 3.0]),
        np.arange(3),
    )


def test_a_guarded_product_is_0_where_its_first_factor_is() -> None:
    inf = math.inf
    assert made_of((GUARDED, 0, 1)).evaluate({INPUT: [0.0, inf]})[2] == 0.0
    assert made_of((-GUARDED, 0, 1)).evaluate({INPUT: [2.0, 3.0]})[2] == -6.0
    unguarded = made_of((1, 0, 1)).evaluate({INPUT: [0.0, inf]})[2]
    assert unguarded != unguarded


def test_what_collects_takes_the_terms_whose_index_is_its_number() -> None:
    program = made_of((1, 0, 1), (1, 1, 1), kind=COLLECT)  # its number is 3
    assert program.evaluate({INPUT: [3.0, 5.0]})[2] == 5.0
    assert program.evaluate({INPUT: [2.0, 5.0]})[2] == 0.0
    assert made_of((1, 0, -1), (1, 1, -1), kind=SPREAD).evaluate({INPUT: [4.0, 5.0]})[2] == 4.0


def test_being_wanted_counts_as_two_uses() -> None:
    program = made_of((1, 0, 1), (1, 0, -1))
    assert uses(program, np.array([1])).tolist() == [2, 3, 0]


def test_a_kind_has_one_place() -> None:
    program = made_of((1, 0, 1))
    assert program.place(INPUT) == 1
    assert program.place(OVER_BATCH) == program.place(OVER_BATCH) == 3
    assert program.nodes_of(INPUT).tolist() == [0, 1]
    assert not program.over().any()


def test_nodes_that_are_left_out_leave_the_others_their_operands() -> None:
    program, wanted = normal(lambda a, b, c: [exp(c), exp(b)], 1.0, 2.0, 3.0)
    rest, places = without_unused(program, wanted[:1])
    assert lines(rest) == ["n0 = input 2", "n1 = exp n0"]
    assert places.tolist() == [1]
    everything, same = kept(program, np.ones(len(program), bool), wanted)
    assert everything is program
    assert same is wanted


def test_a_sum_that_is_a_factor_of_the_first_node_stays_a_factor() -> None:
    program, wanted = normal(lambda a, b, c: (b + c) * a + c, 2.0, 3.0, 5.0)
    assert program.evaluate({INPUT: [2.0, 3.0, 5.0]})[wanted[0]] == 21.0
    assert (program.kind == 0).sum() == 2
    single, places = normal(lambda a, b, c: (-b) * a - (-c), 2.0, 3.0, 5.0)
    assert single.evaluate({INPUT: [2.0, 3.0, 5.0]})[places[0]] == -1.0
