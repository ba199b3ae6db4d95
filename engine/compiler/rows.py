"""Rows taken by a number that is known only at run time: how they are recorded, and where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..take import checked
from ..tree import flatten
from ..value import described
from .instances import Builder, reordered
from .program import SPREAD, Places, Program
from .record import structure
from .recorder import Recorder
from .tape import CONSTANT, DETACH, INPUT, OUTSIDE, TAKE
from .traced import RecordingError, Traced


def taken(recorder: Recorder, rows: Sequence[Any], i: Traced) -> Any:
    """Record rows[i] and return it: a row of stand-ins.

    Raises ValueError for rows of different structure, RecordingError for what is no row of numbers.
    """
    count = len(rows)
    checked(0, count)  # that there are any
    leaves = [flatten(row)[0] for row in rows]
    if not leaves[0]:
        raise RecordingError(
            f"take(rows, i) with an i that compile records takes rows of numbers, got {described(rows[0])}"
        )
    kinds = [_kind(row, numbers) for row, numbers in zip(rows, leaves, strict=True)]
    for place, kind in enumerate(kinds):
        if kind != kinds[0]:
            raise ValueError(
                f"take(rows, i) with an i that compile records needs rows of one structure, but row {place} "
                f"is {described(rows[place])} and row 0 {described(rows[0])}"
            )
    recorder.entry_of(i, "take")  # a number of this recording, that is
    index = recorder.index(i, count)
    columns = zip(*leaves, strict=True)
    made = [
        recorder.made(TAKE, (index.entry, *[recorder.entry_of(x, "take") for x in column]))
        for column in columns
    ]
    return flatten(rows[0])[1](made)


def _kind(row: Any, numbers: list[Any]) -> Any:
    """Return what rows must have in common; a list, a tuple and an array of so many numbers have."""
    nested = (list, tuple, dict, np.ndarray)
    is_list = isinstance(row, list | tuple | np.ndarray) and len(row) == len(numbers)
    return len(numbers) if is_list and not any(isinstance(x, nested) for x in row) else structure(row)


def kept_together(
    program: Program, wanted: Places, varies: NDArray[np.bool_], batched: NDArray[np.bool_]
) -> tuple[Program, Places]:
    """Return the program with the rows of each choice in one kind of memory, copied where they are not.

    So machine code finds them with one address. varies: which nodes differ from sample to sample.
    batched: which inputs, by number, do.
    """
    takes = program.nodes_of(TAKE)
    if not len(takes):
        return program, wanted
    home = np.where(varies, 3, 4)
    home[program.nodes_of(CONSTANT)] = 0
    inputs = program.nodes_of(INPUT)
    home[inputs] = np.where(batched[program.number[inputs].astype(np.int64)], 2, 1)
    home[program.nodes_of(OUTSIDE)] = 1
    first, counts = program.first[takes], program.counts_of(takes)
    copied: list[NDArray[np.int64]] = []
    for count in np.unique(counts).tolist():
        some = takes[counts == count]
        terms = first[counts == count][:, None] + np.arange(1, count)
        homes = home[program.a[terms]]
        mixed = (homes != homes[:, :1]).any(axis=1) | (homes[:, 0] == 0)
        some, terms, homes = some[mixed], terms[mixed], homes[mixed]
        of_samples = varies[program.a[terms]]
        beside = np.take_along_axis(program.a[terms], of_samples.argmax(axis=1)[:, None], axis=1)
        beside = np.where(of_samples.any(axis=1)[:, None], beside, -1)  # what a copy varies with
        to_copy = homes != np.where(beside < 0, 4, 3)
        copied.append(
            np.stack(
                [
                    *(terms[to_copy], program.a[terms][to_copy]),
                    np.broadcast_to(beside, terms.shape)[to_copy],
                    np.broadcast_to(some[:, None], terms.shape)[to_copy],
                ],
                axis=1,
            ).astype(np.int64)
        )
    term, what, beside, take = np.concatenate(copied).T
    if not len(term):
        return program, wanted
    by_take = np.argsort(take, kind="stable")
    term, what, beside, take = term[by_take], what[by_take], beside[by_take], take[by_take]
    pairs, at, which = np.unique(
        np.stack([what, beside], axis=1), axis=0, return_index=True, return_inverse=True
    )
    builder = Builder(program)
    new = np.zeros(len(pairs), np.int64)
    for kind in (SPREAD, DETACH):
        chosen = (pairs[:, 1] >= 0) == (kind is SPREAD)
        operands = pairs[chosen][:, : 2 if kind is SPREAD else 1].astype(np.int32)
        n, width = operands.shape
        new[chosen] = builder.add(
            program.place(kind),
            np.full(n, width),
            np.ones(n * width, np.int8),
            operands.ravel(),
            np.full(n * width, -1, np.int32),
            program.order[pairs[chosen, 0]],
            take[at[chosen]],
        )
    place_of = builder.order_by_anchor()
    program = builder.finished()
    program.a = program.a.copy()
    program.a[term] = new[which.ravel()]
    return reordered(program, place_of, wanted)
