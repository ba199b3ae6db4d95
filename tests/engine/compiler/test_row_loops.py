"""Rows chosen by an index in LLVM's language, run and compared with NumPy."""

import numpy as np
import pytest
from programs import run

from chainrule.engine.compiler.groups import BEFORE, CONSTANT_SPACE, EACH, LANES, ONCE, OVER, PARAMETER, ROW
from chainrule.engine.compiler.nests import Nest, Segment
from chainrule.engine.compiler.operands import Operand, Pools
from chainrule.engine.compiler.program import COLLECT, COLLECT_OVER, SPREAD
from chainrule.engine.compiler.row_loops import RowLoops
from chainrule.engine.compiler.tape import DETACH, INDEX, TAKE
from chainrule.engine.compiler.text import DOUBLE


def written(nest: Nest, rows: int = 0, report: int = 0) -> RowLoops:
    writer = RowLoops(Pools(), False, set(), 8, rows, report, DOUBLE)
    writer.add(nest)
    return writer


def table(columns: int, *, space: int = PARAMETER, base: int = 0) -> Operand:
    """Return a table whose rows are that long."""
    return Operand(space, base, [1] if columns > 1 else [], [columns], table_within=[0])


@pytest.mark.parametrize("columns", [1, 3, 8, 21])
@pytest.mark.parametrize("i", [0.0, 2.0, 4.0])
def test_a_row_is_read_where_the_index_says(columns: int, i: float) -> None:
    rows = np.arange(5.0 * columns)
    index = Operand(PARAMETER, 5 * columns, [0] if columns > 1 else [])
    extents = [columns] if columns > 1 else []
    nest = Nest(TAKE, BEFORE, extents, Operand(ONCE, 0, [1] if extents else []), [], [index, table(columns)])
    out = np.full(columns + 8, -1.0)
    run(written(nest), P=np.append(rows, i), U=out)
    assert out[:columns].tolist() == rows.reshape(5, columns)[int(i)].tolist()
    assert (out[columns:] == -1.0).all()


def test_an_index_that_is_a_constant_is_no_load() -> None:
    writer = written(
        Nest(TAKE, BEFORE, [], Operand(ONCE), [], [Operand(CONSTANT_SPACE, constant=2.0), table(3)])
    )
    assert not any("fptosi" in line for line in writer.lines)
    out = np.zeros(1)
    run(writer, P=np.arange(9.0), U=out)
    assert out[0] == 6.0


def test_each_sample_may_have_an_index_of_its_own_or_rows_of_its_own() -> None:
    rows, indices = np.arange(15.0), np.array([0.0, 4.0, 1.0, 3.0, 2.0, 2.0, 0.0, 4.0])
    nest = Nest(TAKE, EACH, [3], Operand(LANES, 0, [1]), [], [Operand(ROW, 0, [0]), table(3)])
    out = np.zeros((3, 8))
    run(written(nest, rows=1), P=rows, X=indices, T=out)
    assert out.tolist() == rows.reshape(5, 3)[indices.astype(int)].T.tolist()

    of_samples = np.arange(40.0).reshape(5, 8)
    nest = Nest(TAKE, EACH, [], Operand(LANES), [], [Operand(PARAMETER, 0), table(1, space=ROW)])
    out = np.zeros((1, 8))
    run(written(nest, rows=5), P=np.array([3.0]), X=of_samples, T=out)
    assert out[0].tolist() == of_samples[3].tolist()


@pytest.mark.parametrize("i", [-1.0, 3.0, 0.5, np.nan, np.inf])
def test_an_index_that_is_none_is_reported_and_0_is_read(i: float) -> None:
    nest = Nest(
        INDEX, BEFORE, [], Operand(ONCE), [], [Operand(PARAMETER), Operand(CONSTANT_SPACE, constant=3.0)]
    )
    out = np.zeros(20)
    run(written(nest, report=1), P=np.array([i]), U=out)
    assert out[0] == 0.0
    assert out[1] == 3.0
    assert out[9] == i or i != i


def test_an_index_that_is_one_is_not_reported() -> None:
    nest = Nest(
        INDEX, BEFORE, [], Operand(ONCE), [], [Operand(PARAMETER), Operand(CONSTANT_SPACE, constant=3.0)]
    )
    for i in (0.0, 1.0, 2.0, -0.0):
        out = np.zeros(20)
        run(written(nest, report=1), P=np.array([i]), U=out)
        assert out[0] == i
        assert not out[1:].any()


def test_of_a_vector_of_indices_all_are_reported_where_one_is_none() -> None:
    nest = Nest(INDEX, EACH, [], Operand(LANES), [], [Operand(ROW), Operand(CONSTANT_SPACE, constant=3.0)])
    indices = np.array([0.0, 1.0, 7.0, 2.0, 0.0, -1.0, 1.0, 1.0])
    memory, out = np.zeros(20), np.zeros(8)
    run(written(nest, rows=1, report=1), X=indices, U=memory, T=out)
    assert out.tolist() == [0.0, 1.0, 0.0, 2.0, 0.0, 0.0, 1.0, 1.0]
    assert memory[1:9].tolist() == [3.0] * 8
    assert memory[9:17].tolist() == indices.tolist()


def test_what_is_spread_is_its_first_operand() -> None:
    nest = Nest(SPREAD, EACH, [], Operand(LANES), [], [Operand(PARAMETER), Operand(ROW)])
    out = np.zeros(8)
    run(written(nest, rows=1), P=np.array([7.0]), X=np.arange(8.0), T=out)
    assert out.tolist() == [7.0] * 8


@pytest.mark.parametrize("columns", [1, 3, 9, 20])
def test_what_is_sent_to_rows_is_added_up_there(columns: int) -> None:
    indices = np.array([1.0, 1.0, 3.0, 0.0])
    sent = np.arange(4.0 * columns).reshape(4, columns)
    extents = [columns] if columns > 1 else []
    steps = [1] if extents else []
    segment = Segment(
        1, [4], Operand(PARAMETER, 0, [0] if extents else [], [1]), Operand(PARAMETER, 4, steps, [columns])
    )
    zeros = Nest(
        DETACH, BEFORE, [5 * columns], Operand(ONCE, 0, [1]), [], [Operand(CONSTANT_SPACE, constant=0.0)]
    )
    nest = Nest(COLLECT, BEFORE, extents, table(columns, space=ONCE), [segment], [], before=zeros)
    out = np.full(5 * columns + 4, 9.0)
    run(written(nest), P=np.concatenate([indices, sent.ravel()]), U=out)
    expected = np.zeros((5, columns))
    np.add.at(expected, indices.astype(int), sent)
    assert out[: 5 * columns].tolist() == expected.ravel().tolist()
    assert (out[5 * columns :] == 9.0).all()


def test_over_the_batch_only_samples_that_are_there_send_something() -> None:
    rows = np.zeros((3, 8))
    rows[0] = [0, 2, 2, 1, 0, 0, 0, 0]
    rows[1] = np.arange(1.0, 9.0)
    rows[2] = [1, 1, 1, 1, 1, 0, 0, 0]
    segment = Segment(1, [], Operand(ROW, 0), Operand(ROW, 1))
    nest = Nest(COLLECT_OVER, OVER, [], table(1, space=ONCE), [segment], [])
    out = np.array([10.0, 20.0, 30.0])
    run(written(nest, rows=2), X=rows, U=out)
    assert out.tolist() == [16.0, 24.0, 35.0]
