"""Chains of maxima, or of minima, as one node: the largest of several numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import TABLE
from .instructions import LARGEST, SMALLEST
from .program import Places, Program, give_terms, uses, without_unused


def joined(program: Program, wanted: Places) -> tuple[Program, Places]:
    """Return the program with one node for maximum(maximum(a, b), c), where nobody else uses the first."""
    rows: list[tuple[str, Any]] = [("maximum", LARGEST), ("minimum", SMALLEST)]
    for name, several in rows:
        row = TABLE[name]
        if row not in program.kinds:
            continue
        of_row = program.kind == program.place(row)
        owner = np.flatnonzero(of_row)
        heads = program.first[owner]
        inner = program.a[heads]
        joins = (of_row & (uses(program, wanted) == 1))[inner]
        if not joins.any():
            continue
        counts = give_terms(program, heads[joins], owner[joins])
        program.kind = np.where(of_row & (counts > 2), program.place(several), program.kind).astype(np.int16)
        program, wanted = without_unused(program, wanted)
    return program, wanted
