"""Small nests without loops, and loops over time: run and compared with Python."""

import math

import numpy as np
import pytest
from programs import run

from chainrule.engine import TABLE
from chainrule.engine.compiler.groups import BEFORE, CONSTANT_SPACE, EACH, LANES, ONCE, PARAMETER, ROW
from chainrule.engine.compiler.nests import Nest, Segment
from chainrule.engine.compiler.operands import Operand, Pools
from chainrule.engine.compiler.program import SUM
from chainrule.engine.compiler.straight import MOST_TOGETHER, Straight, _not_stored, _passed_on
from chainrule.engine.compiler.text import DOUBLE


def writer_of(lanes: int = 8, rows: int = 0) -> Straight:
    return Straight(Pools(), False, set(), lanes, rows, 0, DOUBLE)


def operation(name: str, out: Operand, *read: Operand, phase: int = BEFORE) -> Nest:
    return Nest(TABLE[name], phase, [], out, [], list(read))


def test_what_one_computes_the_next_ones_find_in_registers() -> None:
    writer = writer_of()
    writer.straight(
        [
            operation("exp", Operand(ONCE, 0), Operand(PARAMETER, 0)),
            operation("sqrt", Operand(ONCE, 1), Operand(ONCE, 0)),
            operation("div", Operand(ONCE, 2), Operand(ONCE, 1), Operand(PARAMETER, 0)),
        ]
    )
    assert sum("load double" in line for line in writer.lines) == 1
    out = np.zeros(3)
    run(writer, P=np.array([0.5]), U=out)
    e = math.exp(0.5)
    assert out.tolist() == [e, math.sqrt(e), math.sqrt(e) / 0.5]


def test_sums_are_written_term_by_term() -> None:
    terms = [
        Segment(1, [2], Operand(PARAMETER, 0, [2], [1]), Operand(PARAMETER, 4, [0], [1])),
        Segment(-1, [], Operand(CONSTANT_SPACE, constant=3.0), None),
    ]
    writer = writer_of()
    writer.straight([Nest(SUM, BEFORE, [2], Operand(ONCE, 0, [1]), terms, [])])
    assert "loop" not in "\n".join(writer.lines)
    out = np.zeros(2)
    run(writer, P=np.array([1.0, 2.0, 3.0, 4.0, 10.0, 20.0]), U=out)
    assert out.tolist() == [1 * 10 + 2 * 20 - 3.0, 3 * 10 + 4 * 20 - 3.0]


@pytest.mark.parametrize("lanes", [8, 16])
@pytest.mark.parametrize("count", [1, MOST_TOGETHER, MOST_TOGETHER + 3])
def test_small_nests_of_samples_share_a_loop_over_them(lanes: int, count: int) -> None:
    writer = writer_of(lanes, 1)
    nests = [operation("abs", Operand(LANES, 0), Operand(ROW, 0), phase=EACH)]
    for k in range(1, count):
        step = Segment(1, [], Operand(LANES, k - 1), None)
        one = Segment(1, [], Operand(CONSTANT_SPACE, constant=1.0), None)
        nests.append(Nest(SUM, EACH, [], Operand(LANES, k), [step, one], []))
    writer.straight(nests)
    x, out = np.linspace(-1.0, 1.0, lanes), np.zeros((count, lanes))
    run(writer, X=np.append(x, np.ones(lanes)), T=out)
    np.testing.assert_allclose(out, np.abs(x) + np.arange(count)[:, None], rtol=1e-15)


def test_a_round_reads_what_the_one_before_has_left() -> None:
    writer = writer_of()
    halved = Segment(1, [], Operand(ONCE, 0, shift=1), Operand(CONSTANT_SPACE, constant=0.5))
    plus = Segment(1, [], Operand(PARAMETER, 0), None)
    writer.over_time(50, [Nest(SUM, BEFORE, [], Operand(ONCE, 1, shift=1), [halved, plus], [])])
    out = np.zeros(51)
    run(writer, P=np.array([1.0]), U=out)
    expected = [0.0]
    for _ in range(50):
        expected.append(expected[-1] * 0.5 + 1.0)
    assert out.tolist() == expected
    assert sum(line.startswith("loop") for line in writer.lines) == 1


def test_large_and_small_nests_of_a_round_come_in_turn() -> None:
    writer = writer_of()
    wide = Nest(
        TABLE["abs"], BEFORE, [20], Operand(ONCE, 20, [1], shift=20), [], [Operand(ONCE, 0, [1], shift=20)]
    )
    small = Nest(
        SUM, BEFORE, [], Operand(ONCE, 20, shift=20), [Segment(-1, [], Operand(ONCE, 20, shift=20), None)], []
    )
    writer.over_time(4, [wide, small, wide])
    out = np.zeros(100)
    out[:20] = np.arange(20.0) - 10.0
    run(writer, U=out)
    for k in range(1, 5):
        assert out[20 * k : 20 * k + 20].tolist() == np.abs(np.arange(20.0) - 10.0).tolist()


def test_what_was_read_before_a_loop_is_read_again_in_it_and_after_it() -> None:
    writer = writer_of()
    count = Nest(
        SUM,
        BEFORE,
        [],
        Operand(ONCE, 0),
        [Segment(1, [], Operand(ONCE, 0), None), Segment(1, [], Operand(CONSTANT_SPACE, constant=1.0), None)],
        [],
    )
    copy = operation("abs", Operand(ONCE, 1), Operand(ONCE, 0))
    writer.straight([operation("abs", Operand(ONCE, 0), Operand(PARAMETER, 0)), copy])
    writer.over_time(10, [count])
    out = np.zeros(2)
    run(writer, P=np.array([-5.0]), U=out)
    assert out.tolist() == [15.0, 5.0]


def test_after_a_loop_over_time_it_is_the_beginning_again() -> None:
    writer = writer_of()
    copy = operation("abs", Operand(ONCE, 4, shift=1), Operand(PARAMETER, 0, shift=1))
    writer.over_time(4, [operation("abs", Operand(ONCE, 0, shift=1), Operand(PARAMETER, 0, shift=1))])
    writer.straight([copy])
    out = np.zeros(8)
    run(writer, P=np.array([1.0, 2.0, 3.0, 4.0]), U=out)
    assert out.tolist() == [1.0, 2.0, 3.0, 4.0, 1.0, 0.0, 0.0, 0.0]


def state(*reads: tuple[int, int], inside: bool = True) -> Nest:
    """Return a sum for samples, at place 10 and then one further. reads: places, and how far they move."""
    segments = [Segment(1, [], Operand(LANES, base, shift=shift), None) for base, shift in reads]
    found = Nest(SUM, EACH, [], Operand(LANES, 10, shift=1), segments, [])
    found.inside = frozenset([0] if inside else [])
    return found


@pytest.mark.parametrize(
    ("nest", "stored"),
    [
        (state((9, 1)), False),
        (state((9, 1), (3, 0)), False),  # what is the same in each round lies elsewhere
        (state((9, 1), inside=False), True),  # and the next group after the loop reads it
        (state((9, 1), (8, 1)), True),  # two rounds later
        (state((9, 1), (14, 0)), True),  # the fifth round's, in all that follow
        (state((9, 1), (5, 2)), True),
    ],
)
def test_a_result_is_stored_unless_only_this_round_and_the_next_read_it(nest: Nest, stored: bool) -> None:
    passed = _passed_on([nest])
    assert [(operand.base, operand.shift) for operand in passed] == [(9, 1)]
    assert _not_stored([nest], 20, passed) == (set() if stored else {(10, 1)})
