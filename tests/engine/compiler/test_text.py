"""LLVM's language, a line at a time."""

import math
import struct

import pytest

from chainrule.engine.compiler.text import DOUBLE, REALS, SINGLE, Function


@pytest.mark.parametrize("x", [0.0, -0.0, 0.1, -1e-310, 1e308, math.inf, -math.inf])
def test_a_number_is_written_with_all_its_bits(x: float) -> None:
    assert DOUBLE.number(x) == "0x" + struct.pack(">d", x).hex().upper()
    assert DOUBLE.number(math.nan) == "0x7FF8000000000000"


def test_single_numbers_are_rounded_first() -> None:
    assert SINGLE.number(0.1) != DOUBLE.number(0.1)
    assert SINGLE.number(1e300) == DOUBLE.number(math.inf)
    assert SINGLE.number(0.5) == DOUBLE.number(0.5)
    assert (str(REALS["float64"]), str(REALS["float32"])) == ("double", "float")


def test_each_result_has_a_name_of_its_own() -> None:
    writer = Function()
    assert [writer.value("one"), writer.value("two")] == ["%v1", "%v2"]
    writer.do("three")
    assert writer.lines == ["  %v1 = one", "  %v2 = two", "  three"]


def test_what_is_asked_for_again_is_computed_once() -> None:
    writer = Function()
    first = writer.once("key", lambda: writer.value("load"))
    assert writer.once("key", lambda: writer.value("load")) == first
    assert len(writer.lines) == 1


def test_what_was_computed_in_a_loop_holds_in_it_alone_and_what_came_before_it_too() -> None:
    writer = Function()
    outer = writer.once("outer", lambda: writer.value("a"))
    inside: list[str] = []

    def body(index: tuple[str, int], carried: list[str]) -> list[str]:
        inside.append(writer.once("outer", lambda: writer.value("b")))
        inside.append(writer.once("inner", lambda: writer.value("c")))
        return []

    writer.loop(0, 5, 1, body)
    assert inside[0] == outer
    assert writer.once("inner", lambda: writer.value("d")) != inside[1]


def test_places_are_added_up_from_what_varies_and_what_does_not() -> None:
    writer = Function()
    assert writer.linear(3, [(4, ("", 2)), (0, ("%i", 1))]) == ("", 11)
    assert writer.lines == []
    name, number = writer.linear(1, [(1, ("%i", 2)), (8, ("%j", 1))])
    assert (name, number) == ("%v2", 11)
    assert writer.lines == ["  %v1 = mul nsw i64 %j, 8", "  %v2 = add nsw i64 %i, %v1"]
    assert writer.linear(0, [(1, ("%i", 0)), (8, ("%j", 0))])[0] == "%v2"
    assert writer.linear(0, [(1, ("%i", 5))]) == ("%i", 5)


def test_an_address_is_the_base_itself_where_nothing_is_added() -> None:
    writer = Function(SINGLE)
    assert writer.pointer("%P", ("", 0)) == "%P"
    assert writer.pointer("%P", ("", 3)) == "%v1"
    assert writer.pointer("%P", ("%i", 3), "i32") == "%v3"
    assert writer.lines == [
        "  %v1 = getelementptr float, ptr %P, i64 3",
        "  %v2 = getelementptr i32, ptr %P, i64 %i",
        "  %v3 = getelementptr i32, ptr %v2, i64 3",
    ]


@pytest.mark.parametrize(("start", "end", "step"), [(0, 1, 1), (4, 6, 2), (0, 3, 8)])
def test_what_runs_once_is_no_loop(start: int, end: int, step: int) -> None:
    writer = Function()
    assert writer.loop(start, end, step, lambda index, carried: [f"{index} {carried[0]}"], ["x"]) == [
        f"('', {start}) x"
    ]
    assert writer.lines == []


def test_a_loop_carries_numbers_from_round_to_round() -> None:
    writer = Function()
    (total,) = writer.loop(2, 10, 2, lambda index, carried: [writer.value(f"add {carried[0]}")], ["%start"])
    assert writer.lines == [
        "  br label %loop1",
        "loop1:",
        "  %i1 = phi i64 [2, %entry], [%v3, %loop1]\n  %c1.0 = phi double [%start, %entry], [%v2, %loop1]",
        "  %v2 = add %c1.0",
        "  %v3 = add nuw nsw i64 %i1, 2",
        "  %v4 = icmp ult i64 %v3, 10",
        "  br i1 %v4, label %loop1, label %done1",
        "done1:",
    ]
    assert total == "%v2"
    assert writer.block == "done1"


def test_a_loop_in_a_loop_comes_back_to_the_block_that_the_inner_one_ended_in() -> None:
    writer = Function()
    writer.loop(0, 9, 1, lambda i, _: writer.loop(0, 9, 1, lambda j, _: []))
    assert "[%v5, %done2]" in writer.lines[2]
