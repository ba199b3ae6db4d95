"""Samples in and out: rows of a batch into the lanes of a block, and results into the caller's rows."""

from __future__ import annotations

from .groups import ROW, Placed
from .text import Real
from .tiles import WIDTH


def pack(lanes: int, rows: int, real: Real) -> str:
    """Return the function that puts a block of rows of the batch into lanes.

    After a sample's numbers comes its weight, 1. Lanes without a sample repeat the last one, with weight 0.
    Where rows are long, eight samples go together, by squares of eight numbers each.
    """
    if rows >= WIDTH:
        choice = f"""  %to.last = add i64 %from, {WIDTH - 1}
  %all = icmp ult i64 %to.last, %n
  br i1 %all, label %together, label %alone
together:
{_turned(lanes, rows, real)}
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
  %to = getelementptr {real}, ptr %X, i64 %e
{choice}alone:
  br label %lane
lane:
  %l = phi i64 [0, %alone], [%l1, %end]
  %wanted = add i64 %from, %l
  %there = icmp ult i64 %wanted, %n
  %sample = select i1 %there, i64 %wanted, i64 %last
  %weight = select i1 %there, {real} 1.0, {real} 0.0
  %at = mul i64 %sample, {rows}
  %row = getelementptr {real}, ptr %B, i64 %at
  %column = getelementptr {real}, ptr %to, i64 %l
{_alone(lanes, rows, real)}
  br label %end
end:
  %flag = getelementptr {real}, ptr %column, i64 {rows * lanes}
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


def _alone(lanes: int, rows: int, real: Real) -> str:
    """Return what copies a row into its lane, number by number."""
    if rows < WIDTH:
        return "\n".join(
            f"""  %source{f} = getelementptr {real}, ptr %row, i64 {f}
  %loaded{f} = load {real}, ptr %source{f}, align {real.size}
  %target{f} = getelementptr {real}, ptr %column, i64 {f * lanes}
  store {real} %loaded{f}, ptr %target{f}, align {real.size}"""
            for f in range(rows)
        )
    return f"""  br label %field
field:
  %f = phi i64 [0, %lane], [%f1, %field]
  %source = getelementptr {real}, ptr %row, i64 %f
  %loaded = load {real}, ptr %source, align {real.size}
  %shift = mul i64 %f, {lanes}
  %target = getelementptr {real}, ptr %column, i64 %shift
  store {real} %loaded, ptr %target, align {real.size}
  %f1 = add i64 %f, 1
  %more.f = icmp ult i64 %f1, {rows}
  br i1 %more.f, label %field, label %fields
fields:"""


def _turned(lanes: int, rows: int, real: Real) -> str:
    """Return what puts eight whole rows into eight lanes: numbers beside each other come out below."""
    vector = f"<{WIDTH} x {real}>"
    lines = [
        f"  %start = mul i64 %from, {rows}",
        f"  %square = getelementptr {real}, ptr %B, i64 %start",
        "  br label %turn",
        "turn:",
        "  %t = phi i64 [0, %together], [%t2, %turn]",
        # The last square reaches back into the one before it, where there are no eight numbers left.
        f"  %over = icmp ugt i64 %t, {rows - WIDTH}",
        f"  %c = select i1 %over, i64 {rows - WIDTH}, i64 %t",
        f"  %corner = getelementptr {real}, ptr %square, i64 %c",
    ]
    held = []
    for k in range(WIDTH):
        lines.append(f"  %p{k} = getelementptr {real}, ptr %corner, i64 {k * rows}")
        lines.append(f"  %r0.{k} = load {vector}, ptr %p{k}, align {real.size}")
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
                    f"  {made[row]} = shufflevector {vector} {upper}, {vector} {lower}, "
                    f"<{WIDTH} x i32> <{', '.join(mask)}>"
                )
        held, size = made, 2 * size
    lines += [f"  %down = mul i64 %c, {lanes}", f"  %into = getelementptr {real}, ptr %to, i64 %down"]
    for k, column in enumerate(held):
        lines.append(f"  %q{k} = getelementptr {real}, ptr %into, i64 {k * lanes}")
        lines.append(f"  store {vector} {column}, ptr %q{k}, align {real.size}")
    ones = ", ".join([f"{real} {real.number(1.0)}"] * WIDTH)
    lines += [
        f"  %t2 = add i64 %t, {WIDTH}",
        f"  %more.t = icmp ult i64 %t2, {rows}",
        "  br i1 %more.t, label %turn, label %turned",
        "turned:",
        f"  %flags = getelementptr {real}, ptr %to, i64 {rows * lanes}",
        f"  store {vector} <{ones}>, ptr %flags, align {real.size}",
        "  br label %packed",
    ]
    return "\n".join(lines)


def unpack(placed: Placed, nodes: list[int], lanes: int, real: Real) -> str:
    """Return the function that puts the results of a block of samples into the caller's rows."""
    stores = []
    for k, node in enumerate(nodes):
        base = "%X" if placed.space[node] == ROW else "%T"
        at = int(placed.place[node]) * lanes
        stores.append(f"""  %o{k} = add i64 %l, {at}
  %s{k} = getelementptr {real}, ptr {base}, i64 %o{k}
  %v{k} = load {real}, ptr %s{k}, align {real.size}
  %t{k} = getelementptr {real}, ptr %row, i64 {k}
  store {real} %v{k}, ptr %t{k}, align {real.size}""")
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
  %row = getelementptr {real}, ptr %R, i64 %at
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
