"""How sums are added up: how often something is added at the same time, and across which numbers."""

import pytest

from chainrule.engine.compiler.groups import BEFORE, LANES, ONCE, OVER, PARAMETER, ROW
from chainrule.engine.compiler.loops import Nests
from chainrule.engine.compiler.nests import Nest, Segment
from chainrule.engine.compiler.operands import Operand, Pools
from chainrule.engine.compiler.program import OVER_BATCH, SUM
from chainrule.engine.compiler.sums import FEW
from chainrule.engine.compiler.text import DOUBLE


def text(terms: int, exact: bool = False, sign: int = 1) -> str:
    segment = Segment(sign, [terms], Operand(PARAMETER, 0, [], [1]), Operand(PARAMETER, terms, [], [1]))
    writer = Nests(Pools(), exact, set(), 8, 0, DOUBLE)
    writer.add(Nest(SUM, BEFORE, [], Operand(ONCE, 0), [segment], []))
    return "\n".join(writer.lines)


def test_a_long_sum_of_neighbours_is_four_sums_of_vectors() -> None:
    found = text(320)
    assert found.count("call <8 x double> @llvm.fmuladd") == 4
    assert found.count("vector.reduce.fadd") == 1


def test_exactly_it_is_one_term_after_the_other() -> None:
    found = text(320, exact=True)
    assert "<8 x double>" not in found
    assert found.count("fmul") == found.count("fadd double") == 1
    assert "loop" in found


@pytest.mark.parametrize(("terms", "loops"), [(FEW, False), (FEW + 1, True)])
def test_few_terms_are_written_out(terms: int, loops: bool) -> None:
    assert ("loop" in text(terms, exact=True)) == loops


def test_over_samples_the_sums_of_eight_neighbours_are_added_at_once() -> None:
    segment = Segment(1, [], Operand(LANES, 0, [1]), Operand(ROW, 0, [0]))
    writer = Nests(Pools(), False, set(), 32, 1, DOUBLE)
    writer.add(Nest(OVER_BATCH, OVER, [8], Operand(ONCE, 0, [1]), [segment], []))
    found = "\n".join(writer.lines)
    assert "shufflevector" in found
    assert "fcmp one" in found  # whether there is such a sample
