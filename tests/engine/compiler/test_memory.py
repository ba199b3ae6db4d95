"""What a nest reads and writes, as instructions."""

import pytest

from chainrule.engine.compiler.groups import CONSTANT_SPACE, LANES, ONCE, PARAMETER, ROW
from chainrule.engine.compiler.memory import BASES, Memory, Point
from chainrule.engine.compiler.operands import Operand, Pools
from chainrule.engine.compiler.text import DOUBLE
from chainrule.engine.compiler.tiles import LANES as SAMPLES
from chainrule.engine.compiler.tiles import NODES, Tiling


def memory(width: int = 8, lanes: int = 32) -> Memory:
    made = Memory(Pools(), False, set(), lanes, 0, DOUBLE)
    made.width, made.cut = width, Tiling(NODES, 0, {0: 1})
    return made


HERE = Point([("%i", 0)], ("", 0), 8)


def test_each_kind_of_memory_has_a_name_of_its_own() -> None:
    assert sorted(BASES) == sorted([PARAMETER, ROW, ONCE, LANES, CONSTANT_SPACE])
    assert len(set(BASES.values())) == len(BASES)


def test_neighbours_are_read_as_a_vector_and_one_number_is_spread() -> None:
    writer = memory()
    writer._load(Operand(PARAMETER, 5, [1]), HERE, [])
    assert "load <8 x double>" in writer.lines[-1]
    writer._load(Operand(PARAMETER, 5, [0]), HERE, [])
    assert any("load double" in line for line in writer.lines)
    assert "shufflevector" in writer.lines[-1]


def test_what_a_tile_has_read_is_not_read_again() -> None:
    writer = memory()
    first = writer._load(Operand(ONCE, 5, [1]), HERE, [])
    count = len(writer.lines)
    assert writer._load(Operand(ONCE, 5, [1]), HERE, []) == first
    assert len(writer.lines) == count


def test_where_fewer_are_wanted_none_beyond_them_is_touched() -> None:
    writer = memory()
    point = Point([("", 0)], ("", 0), 3)
    writer._read("%p", 3)
    assert "masked.load" in writer.lines[-1]
    writer.nest = type("OfANest", (), {"out": Operand(ONCE, 0, [1])})()
    writer._store(point, "%r")
    assert "masked.store" in writer.lines[-1]
    assert "i1 1, i1 1, i1 1, i1 0" in writer.lines[-1]


@pytest.mark.parametrize("space", [PARAMETER, ROW, ONCE, LANES])
def test_numbers_of_samples_stand_as_many_places_apart_as_there_are_lanes(space: int) -> None:
    _, place = memory()._place(Operand(space, 7), Point([], ("", 2), 8), [])
    assert place == (7 * 32 + 2 if space in (ROW, LANES) else 7)


def test_places_that_follow_no_rule_are_looked_up() -> None:
    writer = memory(width=1)
    writer._load(Operand(ONCE, 0, [0], table=4, table_strides=[1]), HERE, [])
    assert any("ptr %I" in line for line in writer.lines)
    assert any("sext i32" in line for line in writer.lines)


def test_who_reads_ahead_asks_for_the_next_block_too() -> None:
    writer = memory()
    writer.cut = Tiling(SAMPLES)
    point = Point([("%i", 1)], ("%lane", 8), 8)
    writer._load(Operand(ROW, 5, [2]), point, [])
    assert not any("prefetch" in line for line in writer.lines)
    writer._load(Operand(ROW, 6, [2], ahead=True), point, [])
    row, at, lane, base, pointer, asked = writer.lines[-6:]
    assert "add nsw i64" in row
    assert row.endswith(", 8")  # 6 + 2 * 1
    assert f"mul i64 {row.split()[0]}, %S" in at
    assert f"add i64 {at.split()[0]}, %lane" in lane
    assert f"getelementptr double, ptr %A, i64 {lane.split()[0]}" in base
    assert pointer.endswith(", i64 8")
    assert f"prefetch.p0(ptr {pointer.split()[0]}, i32 0, i32 2, i32 1)" in asked
