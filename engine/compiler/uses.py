"""How long results are needed: what only the next loops read needs no memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .groups import Group, Placed
from .program import Places


def read_until(placed: Placed, wanted: Places) -> Places:
    """Return for each node the last group that reads it, by number; 0 where none does.

    wanted: the nodes whose numbers are asked for; for these it is a number beyond the last group's.
    """
    program, count = placed.program, len(placed.starts) - 1
    group = np.zeros(len(program), np.int64)
    group[placed.ordered] = np.repeat(np.arange(count), np.diff(placed.starts))
    reader = group[program.owners()]
    found = np.zeros(len(program), np.int64)
    for operands in (program.a, program.b):
        read = operands >= 0
        np.maximum.at(found, operands[read], reader[read])
    found[wanted] = count + 1
    return found


def inside(until: Places, round_: Sequence[Group], rounds: slice) -> list[frozenset[int]]:
    """Return which results of each group in a loop over time, of some rounds, nobody reads after the loop.

    round_: the groups of one round.  until: see `read_until`.
    """
    end = round_[0].number + len(round_) * len(round_[0].rounds)
    return [
        frozenset(np.flatnonzero(until[one.rounds[rounds]].max(axis=0, initial=0) < end).tolist())
        for one in round_
    ]
