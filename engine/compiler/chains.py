"""Chains of maxima, or of minima, as one node: the largest of several numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import TABLE
from .instructions import LARGEST, SMALLEST
from .program import Places, Program, uses, without_unused


def joined(program: Program, wanted: Places) -> tuple[Program, Places]:
    """Return the program with one node for maximum(maximum(a, b), c), where nobody else uses the first."""
    rows: list[tuple[str, Any]] = [("maximum", LARGEST), ("minimum", SMALLEST)]
    for name, several in rows:
        row = TABLE[name]
        if row not in program.kinds:
            continue
        n = len(program)
        of_row = program.kind == program.place(row)
        owner = np.flatnonzero(of_row)
        heads = program.first[owner]
        inner = program.a[heads]
        joins = (of_row & (uses(program, wanted) == 1))[inner]
        if not joins.any():
            continue
        head = np.arange(n)
        head[inner[joins]] = owner[joins]
        while True:  # each node learns where its chain ends, twice as far at every round
            further = head[head]
            if (further == head).all():
                break
            head = further
        kept = np.ones(len(program.a), bool)
        kept[heads[joins]] = False
        of_terms = head[program.owners()[kept]]
        by_head = np.argsort(of_terms, kind="stable")
        counts = np.bincount(of_terms, minlength=n)
        program.kind = np.where(of_row & (counts > 2), program.place(several), program.kind).astype(np.int16)
        program.first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        program.sign = program.sign[kept][by_head]
        program.a, program.b = program.a[kept][by_head], program.b[kept][by_head]
        program, wanted = without_unused(program, wanted)
    return program, wanted
