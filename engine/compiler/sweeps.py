"""Passes over a program that take its nodes one after the other, in machine code.

Whether a node depends on something, whether something depends on it, how long the longest path to it is:
each is a loop over all operands in order, which Python would need a second for where this takes a
millisecond.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .machine import Code, object_code, once

Ints = NDArray[np.int32]
Places = NDArray[np.int64]
Marks = NDArray[np.uint8]

# Each function visits node i = 0, 1, ... (or from the last to the first) and for each of its terms t, from
# starts[i] up to ends[i], the operands a[t] and, where it is not negative, b[t].

_LOOP = """
define void @{name}(i64 %n, ptr %starts, ptr %ends, ptr %a, ptr %b, ptr %marks) {{
entry:
  %empty = icmp eq i64 %n, 0
  br i1 %empty, label %done, label %node
node:
  %k = phi i64 [0, %entry], [%k1, %next]
  {index}
  %mark.p = getelementptr {type}, ptr %marks, i64 %i
  %mark = load {type}, ptr %mark.p
  %lo.p = getelementptr i64, ptr %starts, i64 %i
  %lo = load i64, ptr %lo.p
  %hi.p = getelementptr i64, ptr %ends, i64 %i
  %hi = load i64, ptr %hi.p
  %none = icmp eq i64 %lo, %hi
  br i1 %none, label %next, label %term
term:
  %t = phi i64 [%lo, %node], [%t1, %more]
  %best = phi {type} [{start}, %node], [%best2, %more]
  %a.p = getelementptr i32, ptr %a, i64 %t
  %a.i = load i32, ptr %a.p
  %a.l = sext i32 %a.i to i64
  %a.m = getelementptr {type}, ptr %marks, i64 %a.l
  %a.v = load {type}, ptr %a.m
  {first_operand}
  %b.p = getelementptr i32, ptr %b, i64 %t
  %b.i = load i32, ptr %b.p
  %single = icmp slt i32 %b.i, 0
  br i1 %single, label %more, label %both
both:
  %b.l = sext i32 %b.i to i64
  %b.m = getelementptr {type}, ptr %marks, i64 %b.l
  %b.v = load {type}, ptr %b.m
  {second_operand}
  br label %more
more:
  %best2 = phi {type} [%best.a, %term], [%best.b, %both]
  %t1 = add i64 %t, 1
  %left = icmp slt i64 %t1, %hi
  br i1 %left, label %term, label %end
end:
  {store}
  br label %next
next:
  %k1 = add i64 %k, 1
  %again = icmp slt i64 %k1, %n
  br i1 %again, label %node, label %done
done:
  ret void
}}
"""

_FORWARD = "%i = add i64 %k, 0"
_BACKWARD = "%n1 = sub i64 %n, 1\n  %i = sub i64 %n1, %k"


def _text() -> str:
    depends = _LOOP.format(
        name="depends",
        index=_FORWARD,
        type="i8",
        start="%mark",
        first_operand="%best.a = or i8 %best, %a.v",
        second_operand="%best.b = or i8 %best.a, %b.v",
        store="store i8 %best2, ptr %mark.p",
    )
    levels = _LOOP.format(
        name="levels",
        index=_FORWARD,
        type="i32",
        start="0",
        first_operand="%a.gt = icmp sgt i32 %a.v, %best\n  %best.a = select i1 %a.gt, i32 %a.v, i32 %best",
        second_operand="%b.gt = icmp sgt i32 %b.v, %best.a\n"
        "  %best.b = select i1 %b.gt, i32 %b.v, i32 %best.a",
        store="%level = add i32 %best2, 1\n  store i32 %level, ptr %mark.p",
    )
    used = _LOOP.format(
        name="used",
        index=_BACKWARD,
        type="i8",
        start="%mark",
        first_operand="%best.a = or i8 %best, 0\n  %a.o = or i8 %a.v, %mark\n  store i8 %a.o, ptr %a.m",
        second_operand="%best.b = or i8 %best.a, 0\n  %b.o = or i8 %b.v, %mark\n  store i8 %b.o, ptr %b.m",
        store="",
    )
    return depends + levels + used


@once
def _code() -> Code:
    return Code(object_code(_text()))


def _run(name: str, first: Places, a: Ints, b: Ints, marks: NDArray[Any], ends: Places | None = None) -> None:
    arrays = (first[:-1], first[1:] if ends is None else ends, a, b, marks)
    function = _code().function(name, ctypes.c_int64, *[ctypes.c_void_p] * len(arrays))
    function(len(first) - 1, *[array.ctypes.data for array in arrays])


def depends(
    first: Places, a: Ints, b: Ints, marks: Marks, except_through: NDArray[np.bool_] | None = None
) -> None:
    """Add to each node's marks those of its operands: what it depends on.

    except_through: nodes that get nothing from their operands.
    """
    ends = None if except_through is None else np.where(except_through, first[:-1], first[1:])
    _run("depends", first, a, b, marks, ends)


def used(first: Places, a: Ints, b: Ints, marks: Marks) -> None:
    """Add to the marks of operands those of their users: what depends on them."""
    _run("used", first, a, b, marks)


def levels(first: Places, a: Ints, b: Ints) -> Ints:
    """Return the length of the longest path to each node; 0 for those without operands."""
    found = np.zeros(len(first) - 1, np.int32)
    _run("levels", first, a, b, found)
    return found
