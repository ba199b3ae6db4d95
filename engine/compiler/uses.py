"""How long results are needed: what only the next loops read needs no memory."""

from __future__ import annotations

import numpy as np

from .groups import LANES, ONCE, Placed
from .program import Places


def read_until(placed: Placed, wanted: Places) -> Places:
    """Return for each group the last one that reads a result of it, by number.

    wanted: the nodes whose numbers are asked for; for their groups it is a number beyond the last group's.
    """
    program, count = placed.program, len(placed.starts) - 1
    group = np.zeros(len(program), np.int64)
    group[placed.ordered] = np.repeat(np.arange(count), np.diff(placed.starts))
    reader = group[program.owners()]
    found = np.zeros(max(count, 0), np.int64)
    inner = (placed.space == ONCE) | (placed.space == LANES)
    for operands in (program.a, program.b):
        read = (operands >= 0) & inner[np.maximum(operands, 0)]
        np.maximum.at(found, group[operands[read]], reader[read])
    found[group[wanted[inner[wanted]]]] = count + 1
    return found
