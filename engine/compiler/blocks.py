"""Samples in: rows of a batch into the lanes of a block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .text import Real
from .tiles import WIDTH

FETCH = "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)"
"""What `pack` needs of LLVM, and who fetches in its place."""
WORDS = 2
"""How many words say where an array of samples is: its address, and how far apart a sample's numbers are."""


def pack(lanes: int, widths: Sequence[int], real: Real, fetched: int = -1) -> str:
    """Return the function that puts a block of rows of the batch into lanes.

    widths: how many numbers a sample has in each of the arrays. At B stand two words for each: its address,
    and 0 where a sample's numbers are neighbours, else how far it is from one of them to the next; the
    samples are neighbours then. Their rows come one below the other, and below these a sample's weight, 1.
    Lanes without a sample repeat the last one, with weight 0. Eight samples go together where there are as
    many.
    fetched: which of the arrays others fetch before they are needed; see `ahead`.
    """
    starts = [sum(widths[:k]) for k in range(len(widths))]
    arrays = [
        _Array(k, start, width, lanes, real, k != fetched)
        for k, (start, width) in enumerate(zip(starts, widths, strict=True))
    ]
    arrays = [one for one in arrays if one.width]
    loads = "\n".join([one.found() for one in arrays])
    together = "\n".join([one.eight_rows() for one in arrays])
    alone = "\n".join([one.one_row() for one in arrays])
    vector = f"<{WIDTH} x {real}>"
    ones = ", ".join([f"{real} {real.number(1.0)}"] * WIDTH)
    return f"""define internal void @pack(i64 %n, i64 %first, ptr noalias %B, ptr noalias %X) #0 {{
entry:
{loads}
  %last = sub i64 %n, 1
  br label %eight
eight:
  %e = phi i64 [0, %entry], [%e1, %packed]
  %from = add i64 %first, %e
  %to = getelementptr {real}, ptr %X, i64 %e
  %flags = getelementptr {real}, ptr %to, i64 {sum(widths) * lanes}
  %to.last = add i64 %from, {WIDTH - 1}
  %all = icmp ult i64 %to.last, %n
  br i1 %all, label %together, label %not.all
not.all:
  %any = icmp ult i64 %from, %n
  br i1 %any, label %alone, label %none
none:
  br label %again
again:
  %r = phi i64 [0, %none], [%r1, %again]
  %r.lanes = mul i64 %r, {lanes}
  %r.to = getelementptr {real}, ptr %to, i64 %r.lanes
  %r.before = getelementptr {real}, ptr %r.to, i64 -1
  %r.last = load {real}, ptr %r.before, align {real.size}
  %r.one = insertelement {vector} poison, {real} %r.last, i32 0
  %r.eight = shufflevector {vector} %r.one, {vector} poison, <{WIDTH} x i32> zeroinitializer
  store {vector} %r.eight, ptr %r.to, align {real.size}
  %r1 = add i64 %r, 1
  %more.r = icmp ult i64 %r1, {sum(widths)}
  br i1 %more.r, label %again, label %weightless
weightless:
  store {vector} zeroinitializer, ptr %flags, align {real.size}
  br label %packed
together:
{together}
  store {vector} <{ones}>, ptr %flags, align {real.size}
  br label %packed
alone:
  br label %lane
lane:
  %l = phi i64 [0, %alone], [%l1, %end]
  %wanted = add i64 %from, %l
  %there = icmp ult i64 %wanted, %n
  %sample = select i1 %there, i64 %wanted, i64 %last
  %weight = select i1 %there, {real} 1.0, {real} 0.0
  %column = getelementptr {real}, ptr %to, i64 %l
{alone}
  br label %end
end:
  %flag = getelementptr {real}, ptr %flags, i64 %l
  store {real} %weight, ptr %flag, align {real.size}
  %l1 = add i64 %l, 1
  %more = icmp ult i64 %l1, {WIDTH}
  br i1 %more, label %lane, label %packed
packed:
  %e1 = add i64 %e, {WIDTH}
  %more.e = icmp ult i64 %e1, {lanes}
  br i1 %more.e, label %eight, label %done
done:
  ret void
}}
"""


@dataclass(frozen=True)
class _Array:
    """One array of samples, and which rows of the lanes its numbers become.

    number: which of the arrays.  start: the first row.  width: how many numbers a sample has.
    fetches: whether the next block's numbers are on their way while this one is computed; beyond the array
    none are.
    """

    number: int
    start: int
    width: int
    lanes: int
    real: Real
    fetches: bool

    def found(self) -> str:
        """Return what reads its address."""
        k = self.number
        found = f"""  %b.at{k} = getelementptr i64, ptr %B, i64 {WORDS * k}
  %b{k} = load ptr, ptr %b.at{k}, align 8"""
        if self.width == 1:  # its samples are neighbours either way
            return found
        return f"""{found}
  %far.at{k} = getelementptr i64, ptr %b.at{k}, i64 1
  %far{k} = load i64, ptr %far.at{k}, align 8
  %in.lines{k} = icmp eq i64 %far{k}, 0
  %sample.step{k} = select i1 %in.lines{k}, i64 {self.width}, i64 1
  %step{k} = select i1 %in.lines{k}, i64 1, i64 %far{k}"""

    @property
    def _sample_step(self) -> str:
        """How far it is from one sample to the next."""
        return "1" if self.width == 1 else f"%sample.step{self.number}"

    def one_row(self) -> str:
        """Return what copies a row into its lane, number by number."""
        k, real, width = self.number, self.real, self.width
        lines = [
            f"  %at{k} = mul i64 %sample, {self._sample_step}",
            f"  %row{k} = getelementptr {real}, ptr %b{k}, i64 %at{k}",
            f"  %column{k} = getelementptr {real}, ptr %column, i64 {self.start * self.lanes}",
        ]
        if width < WIDTH:
            for f in range(width):
                name = f"{k}.{f}"
                lines.append(f"""  %from{name} = mul i64 {f"%step{k}" if f else 0}, {f}
  %source{name} = getelementptr {real}, ptr %row{k}, i64 %from{name}
  %loaded{name} = load {real}, ptr %source{name}, align {real.size}
  %target{name} = getelementptr {real}, ptr %column{k}, i64 {f * self.lanes}
  store {real} %loaded{name}, ptr %target{name}, align {real.size}""")
            return "\n".join(lines)
        lines.append(f"""  br label %fields{k}
fields{k}:
  br label %field{k}
field{k}:
  %f{k} = phi i64 [0, %fields{k}], [%g{k}, %field{k}]
  %from{k} = mul i64 %f{k}, %step{k}
  %source{k} = getelementptr {real}, ptr %row{k}, i64 %from{k}
  %loaded{k} = load {real}, ptr %source{k}, align {real.size}
  %shift{k} = mul i64 %f{k}, {self.lanes}
  %target{k} = getelementptr {real}, ptr %column{k}, i64 %shift{k}
  store {real} %loaded{k}, ptr %target{k}, align {real.size}
  %g{k} = add i64 %f{k}, 1
  %more{k} = icmp ult i64 %g{k}, {width}
  br i1 %more{k}, label %field{k}, label %copied{k}
copied{k}:""")
        return "\n".join(lines)

    def eight_rows(self) -> str:
        """Return what puts eight rows into eight lanes: numbers beside each other come out below."""
        k, real = self.number, self.real
        lines = [
            f"  %start{k} = mul i64 %from, {self._sample_step}",
            f"  %rows{k} = getelementptr {real}, ptr %b{k}, i64 %start{k}",
            f"  %into{k} = getelementptr {real}, ptr %to, i64 {self.start * self.lanes}",
        ]
        if self.width == 1:
            return "\n".join(lines + self._short_rows())
        lines += [
            f"  br i1 %in.lines{k}, label %lines{k}, label %columns{k}",
            f"columns{k}:",
            *self._columns(),
            f"  br label %both{k}",
            f"lines{k}:",
            *(self._short_rows() if self.width < WIDTH else self._squares()),
            f"  br label %both{k}",
            f"both{k}:",
        ]
        return "\n".join(lines)

    def _columns(self) -> list[str]:
        """Return what copies eight samples where these are neighbours, number by number."""
        k, real = self.number, self.real
        vector = f"<{WIDTH} x {real}>"
        lines = [
            f"  br label %next.column{k}",
            f"next.column{k}:",
            f"  %d{k} = phi i64 [0, %columns{k}], [%d{k}.next, %next.column{k}]",
            f"  %far.on{k} = mul i64 %d{k}, %far{k}",
            f"  %eight.p{k} = getelementptr {real}, ptr %rows{k}, i64 %far.on{k}",
            f"  %eight{k} = load {vector}, ptr %eight.p{k}, align {real.size}",
            f"  %line{k} = mul i64 %d{k}, {self.lanes}",
            f"  %line.p{k} = getelementptr {real}, ptr %into{k}, i64 %line{k}",
            f"  store {vector} %eight{k}, ptr %line.p{k}, align {real.size}",
        ]
        if self.fetches:
            lines.append(f"  %eight.h{k} = getelementptr {real}, ptr %eight.p{k}, i64 {self.lanes}")
            lines.append(f"  call void @llvm.prefetch.p0(ptr %eight.h{k}, i32 0, i32 3, i32 1)")
        return [
            *lines,
            f"  %d{k}.next = add i64 %d{k}, 1",
            f"  %more.d{k} = icmp ult i64 %d{k}.next, {self.width}",
            f"  br i1 %more.d{k}, label %next.column{k}, label %copied.columns{k}",
            f"copied.columns{k}:",
        ]

    def _short_rows(self) -> list[str]:
        """Return what reads eight short rows at once: of each number the eight come together."""
        k, real, width = self.number, self.real, self.width
        whole, vector = f"<{WIDTH * width} x {real}>", f"<{WIDTH} x {real}>"
        lines = [f"  %whole{k} = load {whole}, ptr %rows{k}, align {real.size}"]
        for f in range(width):
            places = ", ".join([f"i32 {f + width * j}" for j in range(WIDTH)])
            lines += [
                f"  %q{k}.{f} = getelementptr {real}, ptr %into{k}, i64 {f * self.lanes}",
                f"  %c{k}.{f} = shufflevector {whole} %whole{k}, {whole} poison, <{WIDTH} x i32> <{places}>",
                f"  store {vector} %c{k}.{f}, ptr %q{k}.{f}, align {real.size}",
            ]
        return lines

    def _squares(self) -> list[str]:
        """Return what turns eight long rows, by squares of eight numbers each."""
        k, real, width = self.number, self.real, self.width
        vector = f"<{WIDTH} x {real}>"
        lines = [
            f"  br label %turn{k}",
            f"turn{k}:",
            f"  %t{k} = phi i64 [0, %lines{k}], [%u{k}, %turn{k}]",
            # The last square reaches back into the one before it, where there are no eight numbers left.
            f"  %over{k} = icmp ugt i64 %t{k}, {width - WIDTH}",
            f"  %c{k} = select i1 %over{k}, i64 {width - WIDTH}, i64 %t{k}",
            f"  %corner{k} = getelementptr {real}, ptr %rows{k}, i64 %c{k}",
        ]
        held = []
        for j in range(WIDTH):
            lines.append(f"  %p{k}.{j} = getelementptr {real}, ptr %corner{k}, i64 {j * width}")
            lines.append(f"  %q{k}.{j}.held = load {vector}, ptr %p{k}.{j}, align {real.size}")
            held.append(f"%q{k}.{j}.held")
            if self.fetches:
                lines.append(f"  %h{k}.{j} = getelementptr {real}, ptr %p{k}.{j}, i64 {self.lanes * width}")
                lines.append(f"  call void @llvm.prefetch.p0(ptr %h{k}.{j}, i32 0, i32 3, i32 1)")

        def value(text: str) -> str:
            name = f"%r{k}.{len(lines)}"
            lines.append(f"  {name} = {text}")
            return name

        held = turned(value, held, vector)
        lines += [
            f"  %down{k} = mul i64 %c{k}, {self.lanes}",
            f"  %below{k} = getelementptr {real}, ptr %into{k}, i64 %down{k}",
        ]
        for j, column in enumerate(held):
            lines.append(f"  %q{k}.{j} = getelementptr {real}, ptr %below{k}, i64 {j * self.lanes}")
            lines.append(f"  store {vector} {column}, ptr %q{k}.{j}, align {real.size}")
        lines += [
            f"  %u{k} = add i64 %t{k}, {WIDTH}",
            f"  %more.t{k} = icmp ult i64 %u{k}, {width}",
            f"  br i1 %more.t{k}, label %turn{k}, label %turned{k}",
            f"turned{k}:",
        ]
        return lines


def turned(value: Callable[[str], str], held: Sequence[str], vector: str) -> list[str]:
    """Return eight vectors that hold of each of these eight one number: a square turned on its side.

    value: adds an instruction and returns the name of its result.  vector: the type of the vectors.
    """
    found, size = list(held), 1
    while size < WIDTH:  # swap what lies off the diagonal: of single numbers, of pairs, of fours
        made = list(found)
        for j in range(WIDTH):
            if j & size:
                continue
            for place, row in ((0, j), (size, j + size)):
                mask = [f"i32 {(i & ~size) + place + (WIDTH if i & size else 0)}" for i in range(WIDTH)]
                made[row] = value(
                    f"shufflevector {vector} {found[j]}, {vector} {found[j + size]}, "
                    f"<{WIDTH} x i32> <{', '.join(mask)}>"
                )
        found, size = made, 2 * size
    return found
