"""Operators and methods of stand-ins follow from the table."""

from typing import Any

import pytest

from chainrule.engine import TABLE, declare, forget
from chainrule.engine.compiler.operators import learn
from chainrule.engine.compiler.recorder import Recorder
from chainrule.engine.compiler.traced import Traced


def stand_in() -> tuple[Recorder, Any]:
    recorder = Recorder()
    return recorder, recorder.stand_in(recorder.input())


OPERATORS = [row for row in TABLE.values() if row.dunder and row.arity == 2]


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
def test_an_operator_enters_its_row_with_operands_in_order(row: Any) -> None:
    recorder, x = stand_in()
    forward = getattr(x, f"__{row.dunder}__")(2.0)
    reflected = getattr(x, f"__r{row.dunder}__")(2.0)
    assert recorder.tape[forward.entry] == (row, (0, 1))
    assert recorder.tape[reflected.entry] == (row, (1, 0))


def test_a_row_of_one_operand_is_a_method_and_minus_an_operator() -> None:
    recorder, x = stand_in()
    assert recorder.tape[x.exp().entry] == (TABLE["exp"], (0,))
    assert recorder.tape[(-x).entry] == (TABLE["neg"], (0,))


def test_what_is_no_number_is_refused() -> None:
    _, x = stand_in()
    refused = r"unsupported operand|takes Values and plain numbers"
    with pytest.raises(TypeError, match=refused):
        _ = x - "text"
    with pytest.raises(TypeError, match=refused):
        _ = "text" - x


def test_the_zero_that_sum_begins_with_is_not_entered() -> None:
    recorder, x = stand_in()
    assert sum([x]) is x
    assert len(recorder.tape) == 1
    assert (0.0 + x).entry == 2  # a zero that the program wrote


def test_a_row_that_is_declared_is_learnt_and_one_that_is_forgotten_goes_each_time() -> None:
    for _ in range(2):

        @declare(partials=lambda x, out: (2.0,))
        def doubled(x: float) -> float:
            return 2.0 * x

        try:
            recorder, x = stand_in()
            assert "doubled" in vars(Traced)
            assert recorder.tape[doubled(x).entry] == recorder.tape[x.doubled().entry] == (doubled, (0,))
        finally:
            forget("doubled")
        learn()
        assert "doubled" not in vars(Traced)
    assert "exp" in vars(Traced)
