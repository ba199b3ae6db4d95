"""Chains of maxima and minima as one node."""

from functools import reduce
from typing import Any

import pytest
from programs import lines, normal

from chainrule.engine import maximum, minimum
from chainrule.engine.compiler.chains import joined
from chainrule.engine.compiler.tape import INPUT


def kinds(program: Any) -> list[str]:
    return [line.split(" = ")[1].split()[0] for line in lines(program)]


@pytest.mark.parametrize(("row", "name", "expected"), [(maximum, "largest", 4.0), (minimum, "smallest", 1.0)])
def test_a_chain_is_one_node_with_all_operands_in_order(row: Any, name: str, expected: float) -> None:
    program, wanted = joined(*normal(lambda *xs: reduce(row, xs), 1.0, 4.0, 2.0, 3.0))
    assert lines(program)[-1] == f"n4 = {name} n0 n1 n2 n3"
    assert program.evaluate({INPUT: [1.0, 4.0, 2.0, 3.0]})[wanted[0]] == expected


def test_one_maximum_stays_what_it_is() -> None:
    program, _ = joined(*normal(lambda x, y: maximum(x, y), 1.0, 2.0))
    assert kinds(program) == ["input", "input", "maximum"]


def test_a_step_that_somebody_else_uses_stays() -> None:
    def f(x: Any, y: Any, z: Any) -> Any:
        step = maximum(x, y)
        return [maximum(step, z), step]

    program, wanted = joined(*normal(f, 1.0, 2.0, 3.0))
    assert kinds(program)[3:] == ["maximum", "maximum"]
    assert [program.evaluate({INPUT: [1.0, 2.0, 3.0]})[node] for node in wanted] == [3.0, 2.0]


def test_chains_of_both_kinds_do_not_mix() -> None:
    f = lambda *xs: maximum(maximum(minimum(minimum(xs[0], xs[1]), xs[2]), xs[3]), xs[4])  # noqa: E731
    point = [5.0, 4.0, 6.0, 3.0, 2.0]
    program, wanted = joined(*normal(f, *point))
    assert kinds(program)[5:] == ["smallest", "largest"]
    assert program.evaluate({INPUT: point})[wanted[0]] == 4.0


def test_only_the_first_operand_takes_a_chain_in() -> None:
    program, _ = joined(*normal(lambda x, y, z: maximum(x, maximum(y, z)), 1.0, 2.0, 3.0))
    assert kinds(program)[3:] == ["maximum", "maximum"]


def test_a_program_without_them_is_the_same() -> None:
    program, wanted = normal(lambda x, y: x * y, 1.0, 2.0)
    assert joined(program, wanted)[0] is program
