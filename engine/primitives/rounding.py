"""Rows that round to whole numbers. Their derivative is 0, at the jumps too, as PyTorch has it."""

import builtins
import math
from math import fabs, inf

from ..ieee import itself
from ..methods import give_method
from ..primitive import Primitive
from ..value import Value
from .sides import sign_side

# Python's own functions return ints, which have no -0.0: copysign gives it back.


def _to_whole(x: float) -> float:
    """Return how far the nearest whole number is."""
    return fabs(x - builtins.round(x))


floor = Primitive(
    name="floor",
    formula="largest whole number up to x",
    symbol="⌊ ⌋",
    evaluate=lambda x: math.copysign(math.floor(x), x),
    partials=lambda x, out: (0.0,),
    remark=lambda *_: "rounding, whose derivative is 0 by rule",
    points=((2.5,), (-0.5,)),
    ieee=itself,
    kinks=(((2.0,), (0.0,)),),
    side=lambda x: (f"{math.floor(x)}", _to_whole(x)) if math.isfinite(x) else (f"{x}", inf),
    edges=(
        ((-0.0,), -0.0),
        ((inf,), inf),
    ),
)

ceil = Primitive(
    name="ceil",
    formula="smallest whole number from x on",
    symbol="⌈ ⌉",
    evaluate=lambda x: math.copysign(math.ceil(x), x),
    partials=lambda x, out: (0.0,),
    remark=lambda *_: "rounding, whose derivative is 0 by rule",
    points=((2.5,), (-0.5,)),
    ieee=itself,
    kinks=(((2.0,), (0.0,)),),
    side=lambda x: (f"{math.ceil(x)}", _to_whole(x)) if math.isfinite(x) else (f"{x}", inf),
    edges=(
        ((-0.5,), -0.0),
        ((inf,), inf),
    ),
)


def _trunc_side(x: float) -> tuple[str, float]:
    if not math.isfinite(x):
        return f"{x}", inf
    return f"{math.trunc(x)}", _to_whole(x) if fabs(x) >= 1.0 else 1.0 - fabs(x)  # 0 is no jump


trunc = Primitive(
    name="trunc",
    formula="x without its decimals",
    evaluate=lambda x: math.copysign(math.trunc(x), x),
    partials=lambda x, out: (0.0,),
    remark=lambda *_: "rounding, whose derivative is 0 by rule",
    points=((2.5,), (-0.5,)),
    ieee=itself,
    kinks=(((2.0,), (0.0,)),),
    side=lambda x: (
        (f"{math.trunc(x)}", _to_whole(x) if fabs(x) >= 1.0 else 1.0 - fabs(x))
        if math.isfinite(x)
        else (f"{x}", inf)
    ),
    edges=(
        ((-2.5,), -2.0),
        ((inf,), inf),
    ),
)


for _row in (floor, ceil, trunc):  # what math.floor(v) and its like ask for
    give_method(f"__{_row.name}__", _row, getattr(Value, _row.name))


def _nearest(x: float) -> float:
    return math.copysign(builtins.round(x), x)


round: Primitive = Primitive(  # shadows the builtin in this file; the type is said because it is used below
    name="round",
    formula="whole number nearest to x, an even one for a tie",
    evaluate=_nearest,
    partials=lambda x, out: (0.0,),
    remark=lambda *_: "rounding, whose derivative is 0 by rule",
    points=((2.4,), (-0.7,)),
    ieee=itself,
    kinks=(((2.5,), (0.0,)),),
    side=lambda x: (f"{builtins.round(x)}", _to_whole(x + 0.5)) if math.isfinite(x) else (f"{x}", inf),
    edges=(
        ((2.5,), 2.0),
        ((3.5,), 4.0),
        ((-0.5,), -0.0),
        ((inf,), inf),
    ),
    aliases=("rint",),
)

rint = round


def _round_with_digits(self: Value, ndigits: int | None = None) -> Value:
    """Return `round(self)`; raises TypeError where digits are asked for."""
    if ndigits is None:
        return round(self)
    raise TypeError(
        f"round(v, {ndigits!r}) is not offered: its derivative would be 0; to show a Value with fewer "
        f'decimals write f"{{v:.{ndigits!r}f}}", for the plain number round(v.item(), {ndigits!r})'
    )


give_method("__round__", round, _round_with_digits)

sign = Primitive(
    name="sign",
    formula="1 where x > 0, -1 where x < 0, 0 at 0",
    evaluate=lambda x: 1.0 if x > 0.0 else -1.0 if x < 0.0 else x + 0.0,
    partials=lambda x, out: (0.0,),
    remark=lambda *_: "made of steps, whose derivative is 0 by rule",
    points=((2.5,), (-0.5,)),
    kinks=(((0.0,), (0.0,)),),
    side=sign_side,
    edges=(
        ((0.0,), 0.0),
        ((-inf,), -1.0),
    ),
)
