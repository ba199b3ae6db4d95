"""Rows that round to whole numbers. Their derivative is 0, at the jumps too, as PyTorch has it."""

import builtins
import math
from math import inf

from ..ieee import itself
from ..primitive import Primitive, give_method
from ..value import Value

# Python's own functions return ints, which have no -0.0: copysign gives it back.

floor = Primitive(
    name="floor",
    formula="largest whole number up to x",
    symbol="⌊ ⌋",
    evaluate=lambda x: math.copysign(math.floor(x), x),
    partials=lambda x, out: (0.0,),
    points=((2.5,), (-0.5,)),
    ieee=itself,
    kinks=(((2.0,), (0.0,)),),
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
    points=((2.5,), (-0.5,)),
    ieee=itself,
    kinks=(((2.0,), (0.0,)),),
    edges=(
        ((-0.5,), -0.0),
        ((inf,), inf),
    ),
)

trunc = Primitive(
    name="trunc",
    formula="x without its decimals",
    evaluate=lambda x: math.copysign(math.trunc(x), x),
    partials=lambda x, out: (0.0,),
    points=((2.5,), (-0.5,)),
    ieee=itself,
    kinks=(((2.0,), (0.0,)),),
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
    points=((2.4,), (-0.7,)),
    ieee=itself,
    kinks=(((2.5,), (0.0,)),),
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
    points=((2.5,), (-0.5,)),
    kinks=(((0.0,), (0.0,)),),
    edges=(
        ((0.0,), 0.0),
        ((-inf,), -1.0),
    ),
)
