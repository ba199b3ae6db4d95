"""Where a function bends or jumps, and how close it was to going the other way: `kinks`."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..graph import topological_order
from ..known import check_known
from ..trouble import call_text
from ..value import Value, described
from .ledger import Branch, ledger_of

_MOST_SHOWN = 20


class Kinks(tuple[Branch, ...]):
    """What `kinks` found, the closest first; `print` it for a table of the closest twenty."""

    __slots__ = ()

    def __str__(self) -> str:
        if not self:
            return "no kinks, jumps or comparisons"
        lines = [f"{'margin':>10}  what was decided, and which way it went", *map(str, self[:_MOST_SHOWN])]
        if len(self) > _MOST_SHOWN:
            lines.append(f"... and {len(self) - _MOST_SHOWN:,} more, further away")
        return "\n".join(lines)


def kinks(loss: Value, ledger: Iterable[Branch] | None = None) -> Kinks:
    """Return every place where the computation of `loss` took one side of a kink or jump, the closest first.

    Each says which side was taken, how far the numbers were from the other (its margin), and where in the
    source, if that is known. Looked at are the operations of the graph that have kinks or jumps
    (relu, abs, maximum, minimum, clip, where, floor and so on), and the comparisons that were kept.

    What this explains: a margin of 0 is a tie or a point without a derivative; a relu with x <= 0 passes
    no gradient on, a unit that does so for all inputs is dead; a comparison moves with no gradient at all,
    so a digital payoff has derivative zero; and a second derivative knows nothing of any of them.

    ledger: the comparisons, as `with branches() as ledger` keeps them; unless given, those of the block that
    is open, or those of the `record_sources()` in which the values were made, as long as it is the last:
    the outermost where such blocks nest.
    Raises TypeError for what is no Value, and for another ledger.

    >>> from chainrule.engine import Value, relu
    >>> x = Value(-0.5, label="x")
    >>> print(kinks(relu(x) + abs(x + 2.0)))
        margin  what was decided, and which way it went
           0.5  relu(x=-0.5): x <= 0: 0
           1.5  abs(x=1.5): x > 0
    """
    check_known("kinks", loss)
    kept = None if ledger is None else list(ledger)
    if kept is not None and not all(isinstance(branch, Branch) for branch in kept):
        raise TypeError(f"kinks(loss, ledger) takes what `branches()` gives, got {described(ledger)}")
    if not isinstance(loss, Value):
        raise TypeError(f"kinks takes the Value to look at, a loss, got {described(loss)}")
    found: list[Branch] = []
    order = topological_order(loss)
    for value in order:
        row = value.primitive
        if row is not None and row.side is not None:
            numbers = tuple([operand.data for operand in value.operands])
            taken, margin = row.side(numbers) if row.variadic else row.side(*numbers)
            if margin < math.inf or math.isnan(margin):
                text = call_text(row, value.operands)
                found.append(Branch(row.name, text, taken, margin, 1, value.source, value))
    found += (ledger_of(order) or ()) if kept is None else kept
    return Kinks(sorted(found, key=lambda branch: (math.isnan(branch.margin), branch.margin)))
