"""What one run of machine code works in: its arguments, its scratch memory, its results."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..take import checked
from . import entry
from .build import Layout
from .module import REPORTED

Floats = NDArray[np.float64]


class Frame:
    """Memory for one run at a time, and the words that tell machine code where it is.

    parameters: the numbers that all samples share; machine code reads them here unless told otherwise.
    results: the wanted numbers there is one of.
    lines: the numbers of the samples, a line for each.  rows: the wanted numbers that each has.
    """

    def __init__(self, layout: Layout, outside: int, tables: Sequence[NDArray[Any]]) -> None:
        self.layout = layout
        self._per_sample = int(layout.per_sample.sum())
        self.parameters = aligned(layout.parameters + outside)
        self.results = aligned(len(layout.per_sample) - self._per_sample)
        self.rows: Floats = _nothing
        self._scratch = [
            aligned((layout.rows + 1) * layout.lanes),
            aligned(layout.once),
            aligned(layout.each * layout.lanes),
        ]
        self._tables = tables
        self.lines: Floats = _nothing
        self._taken = _nothing, _nothing
        self._copied: list[Floats] = []
        self._copies = array("q")
        self.words = array("q", [0]) * entry.WORDS
        places = (entry.LINES, entry.ONCE, entry.LANES, entry.NUMBERS, entry.PLACES, entry.CALLED)
        for place, held in zip(places, [*self._scratch, *tables], strict=True):
            self.words[place] = address(held)
        self.words[entry.PARAMETERS] = self.words[entry.ROWS] = address(self.parameters)
        self.words[entry.RESULTS] = address(self.results)
        self.words[entry.RESULT_VECTORS] = vectors(len(self.results))
        self.address = self.words.buffer_info()[0]

    def read_parameters_from(self, held: Floats) -> None:
        """Let machine code read the shared numbers where they are."""
        self._shared = held  # it must live as long as its address is used
        self.words[entry.PARAMETERS] = address(held)

    def copy_first(self, copies: Sequence[tuple[Floats, Floats]]) -> None:
        """Let machine code copy each of the first arrays into the second at the start of a run."""
        self._copied = [held for pair in copies for held in pair]
        self._copies = array("q", [])
        for source, target in copies:
            self._copies.extend([address(source), address(target), source.nbytes])
        self.words[entry.COPIES] = len(copies)
        self.words[entry.COPY_TABLE] = self._copies.buffer_info()[0]

    def write_results_to(self, held: Floats) -> None:
        """Let machine code write the results there is one of into an array, after reading all arguments."""
        self.results = held.reshape(-1)
        self.words[entry.RESULTS] = address(held)
        self.words[entry.RESULT_VECTORS] = 0  # a vector may end beyond the array, and nobody asks for nan
        if self.words[entry.PARAMETERS] != address(self.parameters):  # read in place: from a copy instead
            self.copy_first([(self._shared, self.parameters)])
            self.words[entry.PARAMETERS] = address(self.parameters)

    def take_samples(self, lines: Floats, rows: Floats | None = None) -> None:
        """Set the samples' numbers, a line for each, and where their results go: new memory, unless said."""
        n = len(lines)
        if rows is None:
            rows = aligned(n * self._per_sample).reshape(n, self._per_sample)
            self.words[entry.ROW_VECTORS] = vectors(rows.size)
        self.lines, self.rows = lines, rows
        self._taken = lines, rows
        self.words[entry.SAMPLES] = n
        self.words[entry.ROWS] = address(lines)
        self.words[entry.RESULT_ROWS] = address(rows)

    def use_first(self, n: int) -> None:
        """Let a run take only the first n of the samples that were taken."""
        self.lines, self.rows = self._taken[0][:n], self._taken[1][:n]
        self.words[entry.SAMPLES] = n
        if self.words[entry.ROW_VECTORS]:
            self.words[entry.ROW_VECTORS] = vectors(self.rows.size)

    def check_indices(self) -> None:
        """Raise IndexError for the index that the last run has reported as none."""
        report = self._scratch[1][-REPORTED:]
        counts, indices = report.reshape(2, -1).tolist()
        report[:] = 0.0
        for i, count in zip(indices, counts, strict=True):
            if count:
                checked(i, int(count))
        raise AssertionError("no index was reported")

    def let_go(self) -> None:
        """Forget the samples: their arrays belong to others."""
        if self.words[entry.SAMPLES]:
            self.lines, self.rows = self._taken = _nothing, _nothing
            self.words[entry.SAMPLES] = self.words[entry.ROW_VECTORS] = 0


_nothing: Floats = np.zeros((0, 0))


def address(held: NDArray[Any]) -> int:
    """Return where the numbers of an array begin."""
    found: int = held.__array_interface__["data"][0]
    return found


def vectors(count: int) -> int:
    """Return how many vectors hold that many numbers."""
    return -(-count // 8)


def aligned(count: int) -> Floats:
    """Return zeros that begin where a vector may, at a multiple of 64 bytes, with more zeros after them."""
    raw = np.zeros(count + 16)
    skip = (-address(raw) // 8) % 8
    return raw[skip : skip + count]
