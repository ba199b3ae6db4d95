"""What a run works in: memory on boundaries, words, and parts of another frame's run."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chainrule.engine.compiler import entry
from chainrule.engine.compiler.build import Layout
from chainrule.engine.compiler.frame import Frame, address, aligned, vectors

LAYOUT = Layout(
    parameters=3,
    rows=2,
    lanes=8,
    once=20,
    each=1,
    per_sample=np.array([False, True, False]),
    sums=(1, 3),
    numbers=np.zeros(1),
    places=np.zeros(1, np.int32),
    callbacks=(),
    work=(0, 0),
    dtype="float64",
)
TABLES: list[NDArray[Any]] = [np.zeros(1), np.zeros(1, np.int32), np.zeros(1, np.int64)]


def frame_of(outside: int = 0, layout: Layout = LAYOUT) -> Frame:
    return Frame(layout, outside, TABLES)


@pytest.mark.parametrize("count", [1, 7, 8, 100])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_memory_begins_where_a_vector_may_and_has_room_after_it(count: int, dtype: str) -> None:
    for _ in range(5):
        held = aligned(count, np.dtype(dtype))
        assert len(held) == count
        assert address(held) % 64 == 0
        assert not held.any()
        whole = held.base
        assert isinstance(whole, np.ndarray)
        assert address(whole) + whole.nbytes >= address(held) + held.nbytes + 64 - held.itemsize


def test_vectors_are_counted_up() -> None:
    assert [vectors(count) for count in (0, 1, 8, 9)] == [0, 1, 1, 2]


def test_there_is_room_for_parameters_values_from_outside_and_results() -> None:
    frame = frame_of(outside=2)
    assert len(frame.parameters) == 5
    assert len(frame.results) == 2
    assert frame.words[entry.RESULT_VECTORS] == 1
    assert frame.words[entry.PARTS] == entry.FIRST | entry.LAST
    assert frame.words[entry.PARAMETERS] == address(frame.parameters)
    assert frame_of(layout=replace(LAYOUT, dtype="float32")).results.dtype == np.float32


def test_samples_get_rows_for_their_results_which_are_looked_at_for_nan() -> None:
    frame = frame_of()
    lines = np.zeros((9, 2))
    frame.take_samples([lines])
    assert frame.rows.shape == (9, 1)
    assert frame.words[entry.SAMPLES] == 9
    assert frame.words[entry.ROWS] == frame._sources.buffer_info()[0]
    assert list(frame._sources) == [address(lines), 0]
    assert frame.words[entry.ROW_VECTORS] == 2
    mine = np.zeros((9, 1))
    frame.take_samples([lines], mine)
    assert frame.words[entry.RESULT_ROWS] == address(mine)
    assert frame.words[entry.ROW_VECTORS] == 0


def test_what_samples_have_may_go_into_columns_and_is_collected_from_there() -> None:
    frame, shard = frame_of(), frame_of()
    frame.take_samples([np.zeros((9, 2))])
    column = np.arange(9.0)
    frame.write_rows_to([column])
    assert frame.words[entry.RESULT_COLUMNS] == frame._targets.buffer_info()[0]
    assert (list(frame._targets), frame.words[entry.ROW_VECTORS]) == ([address(column)], 0)
    frame.use_first(3)
    frame.collect_rows()
    assert frame.rows.tolist() == [[0.0], [1.0], [2.0]]
    frame.use_first(9)
    shard.shard_of(frame, 8, 9)
    assert list(shard._targets) == [address(column[8:])]
    shard.let_go()
    assert shard.words[entry.RESULT_COLUMNS] == 0
    assert not shard._columns


def test_fewer_samples_are_the_first_ones() -> None:
    frame = frame_of()
    lines = np.arange(18.0).reshape(9, 2)
    frame.take_samples([lines[:, :1].copy(), lines[:, 1:].copy()])
    frame.use_first(3)
    assert (frame.lines.tolist(), frame.rows.shape) == (lines[:3].tolist(), (3, 1))
    assert (frame.words[entry.SAMPLES], frame.words[entry.ROW_VECTORS]) == (3, 1)
    frame.use_first(9)
    assert frame.lines.shape == (9, 2)


def test_copies_are_listed_for_machine_code_and_done_at_once_where_shards_need_them() -> None:
    frame = frame_of()
    first, second = np.array([1.0, 2.0]), np.array([[3.0]])
    frame.copy_first([(first, frame.parameters[1:]), (second, frame.parameters[:1])])
    assert frame.words[entry.COPIES] == 2
    assert frame.words[entry.COPY_TABLE] == frame._copies.buffer_info()[0]
    target = address(frame.parameters)
    assert list(frame._copies) == [address(first), target + 8, 16, address(second), target, 8]
    frame.collect()
    assert frame.parameters.tolist() == [3.0, 1.0, 2.0]


def test_parameters_can_be_read_where_they_are() -> None:
    frame = frame_of()
    held = np.array([1.0, 2.0, 3.0])
    frame.read_parameters_from(held)
    assert frame.words[entry.PARAMETERS] == address(held)


def test_results_that_go_elsewhere_leave_parameters_read_in_place_to_a_copy() -> None:
    frame = frame_of()
    held = np.array([1.0, 2.0, 3.0])
    frame.read_parameters_from(held)
    frame.write_results_to(held[:2])
    assert frame.words[entry.RESULTS] == address(held)
    assert frame.words[entry.RESULT_VECTORS] == 0
    assert frame.words[entry.PARAMETERS] == address(frame.parameters)
    frame.collect()
    assert frame.parameters.tolist() == [1.0, 2.0, 3.0]


def test_a_shard_runs_the_first_part_for_some_of_the_samples() -> None:
    whole, shard = frame_of(), frame_of()
    whole.take_samples([np.arange(32.0).reshape(16, 2)])
    shard.shard_of(whole, 8, 16)
    assert shard.lines.tolist() == whole.lines[8:].tolist()
    assert shard.words[entry.PARTS] == entry.FIRST
    assert shard.words[entry.PARAMETERS] == address(whole.parameters)
    assert (shard.words[entry.RESULT_VECTORS], shard.words[entry.ROW_VECTORS]) == (0, 1)
    shard.let_go()
    assert shard.words[entry.PARTS] == entry.FIRST | entry.LAST
    assert shard.words[entry.PARAMETERS] == address(shard.parameters)
    assert (shard.words[entry.SAMPLES], shard.words[entry.RESULT_VECTORS]) == (0, 1)


def test_sums_of_shards_are_added_and_the_last_part_goes_on_from_them() -> None:
    whole, shards = frame_of(), [frame_of(), frame_of()]
    whole.take_samples([np.zeros((16, 2))])
    for k, shard in enumerate(shards, start=1):
        shard._once[:4] = [k, 10.0 * k, 100.0 * k, 7.0]
    whole.go_on_from(shards)
    assert whole._once[:4].tolist() == [1.0, 30.0, 300.0, 7.0]
    assert (whole.words[entry.PARTS], whole.words[entry.ROW_VECTORS]) == (entry.LAST, 0)
    whole.whole_again()
    assert (whole.words[entry.PARTS], whole.words[entry.ROW_VECTORS]) == (entry.FIRST | entry.LAST, 2)


def test_a_reported_index_is_raised_and_forgotten() -> None:
    frame, shard = frame_of(), frame_of()
    shard._once[-16:-8] = 3.0
    shard._once[-8:] = [0.0, 1.0, 5.0, 2.0, 0.0, 0.0, 0.0, 0.0]
    frame.take_report_of(shard)
    assert not shard._once.any()
    with pytest.raises(IndexError, match="5"):
        frame.check_indices()
    assert not frame._once.any()
    with pytest.raises(AssertionError, match="no index was reported"):
        frame.check_indices()


def test_a_frame_that_is_given_back_holds_on_to_nobody_s_samples() -> None:
    frame = frame_of()
    frame.take_samples([np.zeros((9, 2))])
    frame.let_go()
    assert frame.lines.size == frame.rows.size == 0
    assert frame.words[entry.SAMPLES] == 0
