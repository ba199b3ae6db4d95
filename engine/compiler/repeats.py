"""Runs of groups that repeat: what a loop over time steps becomes when all its rounds are recorded.

A chain of 100,000 links is 500,000 groups of one node. Group g and group g + period do the same on
operands that moved on by a constant, so one loop computes them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .program import Ints, Places, bounds

FEWEST_ROUNDS = 4
"""From how many rounds on a run becomes a loop."""
FEWEST_BY_TABLE = 16
"""The same for a run whose operands follow no rule, and are looked up."""
FEWEST_SAVED = 8
"""How many groups a loop must save."""
MOST_PERIODS = 24
"""How many periods are tried."""
WINDOWS, WINDOW = 4, 1 << 15
"""In how many parts of a long program periods are looked for first, and how many groups each has."""
MOST_RUNS = 1000
"""How many runs are looked at, the longest first."""


@dataclass(frozen=True)
class Run:
    """Groups start, start + 1, ...: `rounds` times `period` of them."""

    start: int
    period: int
    rounds: int

    @property
    def end(self) -> int:
        """The first group after it."""
        return self.start + self.period * self.rounds

    @property
    def saved(self) -> int:
        """How many groups need no code of their own."""
        return self.period * (self.rounds - 1)


def repeats(tags: Places, first_terms: Places, operands: Ints, fixed: Places) -> list[Run]:
    """Return runs of groups that repeat, in order, none overlapping another.

    tags: for each group a number that is the same for groups which do the same, but for where they read.
    first_terms: where the operands of each group begin among all operands; one more than there are groups.
    operands: the place of each operand (a line for each, where operands come in pairs).
    fixed: tags that also tell apart what is read from places that do not move.

    >>> tags = np.zeros(12, int)  # x = f(x, p), with p at place 100
    >>> repeats(tags, np.arange(13), np.stack([np.arange(12), np.full(12, 100)], axis=1), tags)
    [Run(start=0, period=1, rounds=12)]
    """
    n = len(tags)
    if n < FEWEST_SAVED:
        return []
    found: list[Run] = []
    if n > WINDOWS * WINDOW:  # a few parts of it nearly always show all periods there are
        found = _of_periods(_periods_in_windows(tags, fixed), tags, first_terms, operands)
    if sum(run.saved for run in found) < 0.5 * n:
        found = _of_periods(_periods(tags, fixed), tags, first_terms, operands)
    return found


def _of_periods(periods: list[int], tags: Places, first_terms: Places, operands: Ints) -> list[Run]:
    """Return runs of these periods, in order, none overlapping another."""
    n = len(tags)
    found: list[Run] = []
    for by_rule in (True, False):
        free = _free(found, n)
        runs: list[Run] = []
        for period in periods:
            for low, high in free:
                if by_rule:
                    runs += _moving(tags, first_terms, operands, low, high, period)
                else:
                    runs += _alike(tags, low, high, period)
            if sum(run.saved for run in runs if run.period == period) > 0.9 * n:
                break
        found += _chosen(runs, FEWEST_ROUNDS if by_rule else FEWEST_BY_TABLE)
    return sorted(found, key=lambda run: run.start)


def _periods_in_windows(tags: Places, fixed: Places) -> list[int]:
    """Return distances at which groups often recur in some parts of a long program."""
    found: set[int] = set()
    for low in np.linspace(0, len(tags) - WINDOW, WINDOWS).astype(int).tolist():
        found.update(_periods(tags[low : low + WINDOW], fixed[low : low + WINDOW]))
    return sorted(found)


def _periods(tags: Places, fixed: Places) -> list[int]:
    """Return distances at which groups often recur, the shortest first."""
    counts: dict[int, int] = {}
    for kinds in (tags, fixed):
        grams, length = kinds.astype(np.uint64), 1
        while length <= 64 and len(grams) > FEWEST_ROUNDS:
            by_gram = np.argsort(grams, kind="stable")
            same = grams[by_gram[1:]] == grams[by_gram[:-1]]
            distances = (by_gram[1:] - by_gram[:-1])[same]
            if not len(distances):
                break
            some, how_often = np.unique(distances, return_counts=True)
            for place in np.argsort(how_often)[::-1][:6].tolist():
                counts[int(some[place])] = max(counts.get(int(some[place]), 0), int(how_often[place]))
            with np.errstate(over="ignore"):
                for _ in range(2):
                    mixed = grams[:-length] * np.uint64(0x9E3779B97F4A7C15) + grams[length:]
                    grams = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xFF51AFD7ED558CCD)
                    length *= 2
                    if len(grams) <= length:
                        break
            if len(grams) <= length:
                break
    often = sorted(counts, key=lambda period: -counts[period])[:MOST_PERIODS]
    multiples = {period * times for period in often[:6] for times in (1, 2, 3, 4)}
    return sorted(period for period in multiples.union(often) if period * FEWEST_ROUNDS <= len(tags))


def _stretches(holds: NDArray[np.bool_], shortest: int) -> Iterator[tuple[int, int]]:
    """Yield where stretches of at least `shortest` elements begin and end in which all hold."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]])))
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= shortest
    yield from zip(starts[long].tolist(), ends[long].tolist(), strict=True)


def _alike(tags: Places, low: int, high: int, period: int) -> list[Run]:
    """Return the runs of `period` between two groups, wherever their operands stand."""
    if high - low < FEWEST_ROUNDS * period:
        return []
    same = tags[low + period : high] == tags[low : high - period]
    return [
        Run(low + start, period, (end - start) // period + 1)
        for start, end in _stretches(same, (FEWEST_ROUNDS - 1) * period)
    ]


def _moving(tags: Places, first_terms: Places, operands: Ints, low: int, high: int, period: int) -> list[Run]:
    """Return the runs of `period` between two groups whose operands move by constants."""
    runs = []
    for coarse in _alike(tags, low, high, period):
        # All of the coarse run, and what follows of a round that is not whole.
        start, end = coarse.start, coarse.end
        begins = first_terms[start : end + 1]
        step = int(begins[period] - begins[0])
        there = operands[begins[0] : begins[-1]]
        change = there[step:] - there[:-step]
        bent = (change[step:] != change[:-step]).reshape(max(len(there) - 2 * step, 0), -1).any(axis=1)
        groups = end - start - 2 * period
        owner = begins[: groups + 1] - begins[0]
        straight = np.diff(bounds(bent)[owner]) == 0
        for first, last in _stretches(straight, (FEWEST_ROUNDS - 2) * period):
            runs.append(Run(start + first, period, (last - first) // period + 2))
    return runs


def _chosen(runs: list[Run], fewest: int) -> list[Run]:
    """Return runs that do not overlap, those that save most first."""
    found: list[Run] = []
    taken: list[tuple[int, int]] = []
    for run in sorted(runs, key=lambda run: (-run.saved, run.period))[:MOST_RUNS]:
        low, high = run.start, run.end
        for start, end in taken:
            if start <= low < end:
                low = end
            elif low < start < high:
                high = start
        rounds = max(high - low, 0) // run.period
        if rounds >= fewest and run.period * (rounds - 1) >= FEWEST_SAVED:
            found.append(Run(low, run.period, rounds))
            taken.append((low, found[-1].end))
            taken.sort()
    return found


def _free(runs: list[Run], n: int) -> list[tuple[int, int]]:
    """Return what lies between runs: where each stretch begins and ends."""
    edges = [0, *[x for run in sorted(runs, key=lambda run: run.start) for x in (run.start, run.end)], n]
    return [(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low < high]
