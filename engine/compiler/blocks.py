"""Samples in and out: rows of a batch into the lanes of a block, and results into the caller's rows."""

from __future__ import annotations

from .groups import ROW, Placed
from .text import number
from .tiles import WIDTH

_VECTOR = f"<{WIDTH} x double>"


def pack(lanes: int, rows: int) -> str:
    """Return the function that puts a block of rows of the batch into lanes.

    After a sample's numbers comes its weight, 1. Lanes without a sample repeat the last one, with weight 0.
    Where rows are long, eight samples go together, by squares of eight numbers each.
    """
    if rows >= WIDTH:
        choice = f"""  %to.last = add i64 %from, {WIDTH - 1}
  %all = icmp ult i64 %to.last, %n
  br i1 %all, label %together, label %alone
together:
{_turned(lanes, rows)}
"""
    else:
        choice = "  br label %alone\n"
    return f"""define internal void @pack(i64 %n, i64 %first, ptr noalias %B, ptr noalias %X) #0 {{
entry:
  %last = sub i64 %n, 1
  br label %eight
eight:
  %e = phi i64 [0, %entry], [%e1, %packed]
  %from = add i64 %first, %e
  %to = getelementptr double, ptr %X, i64 %e
{choice}alone:
  br label %lane
lane:
  %l = phi i64 [0, %alone], [%l1, %end]
  %wanted = add i64 %from, %l
  %there = icmp ult i64 %wanted, %n
  %sample = select i1 %there, i64 %wanted, i64 %last
  %weight = select i1 %there, double 1.0, double 0.0
  %at = mul i64 %sample, {rows}
  %row = getelementptr double, ptr %B, i64 %at
  %column = getelementptr double, ptr %to, i64 %l
{_alone(lanes, rows)}
  br label %end
end:
  %flag = getelementptr double, ptr %column, i64 {rows * lanes}
  store double %weight, ptr %flag, align 8
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


def _alone(lanes: int, rows: int) -> str:
    """Return what copies a row into its lane, number by number."""
    if rows < WIDTH:
        return "\n".join(
            f"""  %source{f} = getelementptr double, ptr %row, i64 {f}
  %loaded{f} = load double, ptr %source{f}, align 8
  %target{f} = getelementptr double, ptr %column, i64 {f * lanes}
  store double %loaded{f}, ptr %target{f}, align 8"""
            for f in range(rows)
        )
    return f"""  br label %field
field:
  %f = phi i64 [0, %lane], [%f1, %field]
  %source = getelementptr double, ptr %row, i64 %f
  %loaded = load double, ptr %source, align 8
  %shift = mul i64 %f, {lanes}
  %target = getelementptr double, ptr %column, i64 %shift
  store double %loaded, ptr %target, align 8
  %f1 = add i64 %f, 1
  %more.f = icmp ult i64 %f1, {rows}
  br i1 %more.f, label %field, label %fields
fields:"""


def _turned(lanes: int, rows: int) -> str:
    """Return what puts eight whole rows into eight lanes: numbers beside each other come out below."""
    lines = [
        f"  %start = mul i64 %from, {rows}",
        "  %square = getelementptr double, ptr %B, i64 %start",
        "  br label %turn",
        "turn:",
        "  %t = phi i64 [0, %together], [%t2, %turn]",
        # The last square reaches back into the one before it, where there are no eight numbers left.
        f"  %over = icmp ugt i64 %t, {rows - WIDTH}",
        f"  %c = select i1 %over, i64 {rows - WIDTH}, i64 %t",
        "  %corner = getelementptr double, ptr %square, i64 %c",
    ]
    held = []
    for k in range(WIDTH):
        lines.append(f"  %p{k} = getelementptr double, ptr %corner, i64 {k * rows}")
        lines.append(f"  %r0.{k} = load {_VECTOR}, ptr %p{k}, align 8")
        held.append(f"%r0.{k}")
    size = 1
    while size < WIDTH:  # swap what lies off the diagonal: of single numbers, of pairs, of fours
        made = list(held)
        for k in range(WIDTH):
            if k & size:
                continue
            upper, lower = held[k], held[k + size]
            for place, row in ((0, k), (size, k + size)):
                mask = [f"i32 {(j & ~size) + place + (WIDTH if j & size else 0)}" for j in range(WIDTH)]
                made[row] = f"%r{2 * size}.{row}"
                lines.append(
                    f"  {made[row]} = shufflevector {_VECTOR} {upper}, {_VECTOR} {lower}, "
                    f"<{WIDTH} x i32> <{', '.join(mask)}>"
                )
        held, size = made, 2 * size
    lines += [f"  %down = mul i64 %c, {lanes}", "  %into = getelementptr double, ptr %to, i64 %down"]
    for k, column in enumerate(held):
        lines.append(f"  %q{k} = getelementptr double, ptr %into, i64 {k * lanes}")
        lines.append(f"  store {_VECTOR} {column}, ptr %q{k}, align 8")
    ones = ", ".join([f"double {number(1.0)}"] * WIDTH)
    lines += [
        f"  %t2 = add i64 %t, {WIDTH}",
        f"  %more.t = icmp ult i64 %t2, {rows}",
        "  br i1 %more.t, label %turn, label %turned",
        "turned:",
        f"  %flags = getelementptr double, ptr %to, i64 {rows * lanes}",
        f"  store {_VECTOR} <{ones}>, ptr %flags, align 8",
        "  br label %packed",
    ]
    return "\n".join(lines)


def unpack(placed: Placed, nodes: list[int], lanes: int) -> str:
    """Return the function that puts the results of a block of samples into the caller's rows."""
    stores = []
    for k, node in enumerate(nodes):
        base = "%X" if placed.space[node] == ROW else "%T"
        at = int(placed.place[node]) * lanes
        stores.append(f"""  %o{k} = add i64 %l, {at}
  %s{k} = getelementptr double, ptr {base}, i64 %o{k}
  %v{k} = load double, ptr %s{k}, align 8
  %t{k} = getelementptr double, ptr %row, i64 {k}
  store double %v{k}, ptr %t{k}, align 8""")
    body = "\n".join(stores)
    return f"""define internal void @unpack(i64 %n, i64 %first, ptr %X, ptr %T, ptr noalias %R) #0 {{
entry:
  br label %lane
lane:
  %l = phi i64 [0, %entry], [%l1, %next]
  %sample = add i64 %first, %l
  %there = icmp ult i64 %sample, %n
  br i1 %there, label %copy, label %next
copy:
  %at = mul i64 %sample, {len(nodes)}
  %row = getelementptr double, ptr %R, i64 %at
{body}
  br label %next
next:
  %l1 = add i64 %l, 1
  %more = icmp ult i64 %l1, {lanes}
  br i1 %more, label %lane, label %done
done:
  ret void
}}
"""
