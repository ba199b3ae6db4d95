"""The function that Python calls: it collects the arguments, runs the program and looks for inf and nan.

A call from Python costs more than a small program does. So all that a call needs is in one frame of
words, and the function gets its address and nothing else.
"""

from __future__ import annotations

from .text import Real

SAMPLES, PARAMETERS, ROWS, LINES, ONCE, LANES = 0, 1, 2, 3, 4, 5
NUMBERS, PLACES, CALLED, RESULTS, RESULT_ROWS = 6, 7, 8, 9, 10
"""The words of a frame that the program reads: how many samples, and addresses; see module.py.

At ROWS stand the addresses of the arrays of samples, one after the other.
"""
COPIES, COPY_TABLE, RESULT_VECTORS, ROW_VECTORS = 11, 12, 13, 14
"""How many copies come first and where they are listed; how many vectors of results are looked at."""
PARTS = 15
"""Which parts of a run are wanted: FIRST, LAST or both."""
RESULT_COLUMNS = 16
"""Where the addresses of the columns stand that results of samples go to; 0 where these go to RESULT_ROWS."""
NOT_FINITE = 17
"""Whether a number that was looked at is inf or nan: 0 where none is. The program writes it."""
WORDS = 18
FIRST, LAST = 1, 2
"""Up to the sums over the samples, and what follows from these. Shards have the first part each."""
COPY_WORDS = 3
"""A copy is its source, its target and its length in bytes."""


def _scan(real: Real) -> str:
    """Return `i1 has_nan(from, vectors, factor)`: whether a number times the factor is nan.

    The factor is 1, or 0: times that inf is nan, too.
    """
    return f"""define internal i1 @has_nan(ptr %from, i64 %vectors, {real} %factor) #0 {{
entry:
  %one = insertelement <8 x {real}> poison, {real} %factor, i32 0
  %factors = shufflevector <8 x {real}> %one, <8 x {real}> poison, <8 x i32> zeroinitializer
  %empty = icmp eq i64 %vectors, 0
  br i1 %empty, label %none, label %look
look:
  %i = phi i64 [0, %entry], [%i1, %look]
  %found = phi <8 x i1> [zeroinitializer, %entry], [%found1, %look]
  %at = getelementptr <8 x {real}>, ptr %from, i64 %i
  %v = load <8 x {real}>, ptr %at, align {real.size}
  %times = fmul <8 x {real}> %v, %factors
  %nan = fcmp uno <8 x {real}> %times, zeroinitializer
  %found1 = or <8 x i1> %found, %nan
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, %vectors
  br i1 %more, label %look, label %done
done:
  %any = call i1 @llvm.vector.reduce.or.v8i1(<8 x i1> %found1)
  ret i1 %any
none:
  ret i1 false
}}
"""


def _word(name: str, place: int, kind: str) -> str:
    return f"""  %a.{name} = getelementptr i64, ptr %frame, i64 {place}
  %{name} = load {kind}, ptr %a.{name}, align 8"""


NAN, NO_ROW = 1, 2
"""What the program answers: whether a result is nan, plus whether an index was none."""


def entry(real: Real, report: int | None = None) -> str:
    """Return `i64 enter(ptr frame)`, which answers with NAN, NO_ROW, both or 0.

    It calls `run` of the same module. report: where that leaves a number other than 0 if an index was none.
    """
    return f"""declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare i1 @llvm.vector.reduce.or.v8i1(<8 x i1>)
{_scan(real)}
define i64 @enter(ptr %frame) #0 {{
entry:
{_word("copies", COPIES, "i64")}
{_word("table", COPY_TABLE, "ptr")}
  %nothing = icmp eq i64 %copies, 0
  br i1 %nothing, label %ready, label %copy
copy:
  %i = phi i64 [0, %entry], [%i1, %copy]
  %at = mul i64 %i, {COPY_WORDS}
  %source.p = getelementptr i64, ptr %table, i64 %at
  %source = load ptr, ptr %source.p, align 8
  %target.p = getelementptr i64, ptr %source.p, i64 1
  %target = load ptr, ptr %target.p, align 8
  %length.p = getelementptr i64, ptr %source.p, i64 2
  %length = load i64, ptr %length.p, align 8
  call void @llvm.memcpy.p0.p0.i64(ptr %target, ptr %source, i64 %length, i1 false)
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, %copies
  br i1 %more, label %copy, label %ready
ready:
  call void @run(ptr %frame)
{_word("results", RESULTS, "ptr")}
{_word("vectors", RESULT_VECTORS, "i64")}
{_word("rows", RESULT_ROWS, "ptr")}
{_word("row.vectors", ROW_VECTORS, "i64")}
  %odd.once = call i1 @has_nan(ptr %results, i64 %vectors, {real} 0.0)
  %odd.each = call i1 @has_nan(ptr %rows, i64 %row.vectors, {real} 0.0)
  %odd = or i1 %odd.once, %odd.each
  %odd.word = zext i1 %odd to i64
  %odd.p = getelementptr i64, ptr %frame, i64 {NOT_FINITE}
  store i64 %odd.word, ptr %odd.p, align 8
  br i1 %odd, label %inf.or.nan, label %looked
inf.or.nan:
  %once = call i1 @has_nan(ptr %results, i64 %vectors, {real} 1.0)
  %each = call i1 @has_nan(ptr %rows, i64 %row.vectors, {real} 1.0)
  %either = or i1 %once, %each
  br label %looked
looked:
  %any.nan = phi i1 [false, %ready], [%either, %inf.or.nan]
  %nan = zext i1 %any.nan to i64
{_reported(report, real)}
  ret i64 %result
}}
"""


def _reported(report: int | None, real: Real) -> str:
    if report is None:
        return "  %result = add i64 %nan, 0"
    return f"""{_word("memory", ONCE, "ptr")}
  %report.p = getelementptr {real}, ptr %memory, i64 {report}
  %report = load {real}, ptr %report.p, align {real.size}
  %reported = fcmp one {real} %report, 0.0
  %no.row = select i1 %reported, i64 {NO_ROW}, i64 0
  %result = add i64 %nan, %no.row"""
