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

Floats = NDArray[np.floating[Any]]


class Frame:
    """Memory for one run at a time, and the words that tell machine code where it is.

    parameters: the numbers that all samples share; machine code reads them here unless told otherwise.
    results: the wanted numbers there is one of.
    batches: the numbers of the samples, a line for each, in one array or several.
    rows: the wanted numbers that each has.
    """

    def __init__(self, layout: Layout, outside: int, tables: Sequence[NDArray[Any]]) -> None:
        self.layout = layout
        self.dtype = np.dtype(layout.dtype)
        self._per_sample = int(layout.per_sample.sum())
        self.parameters = aligned(layout.parameters + outside, self.dtype)
        self.results = aligned(len(layout.per_sample) - self._per_sample, self.dtype)
        self.rows: Floats = _nothing
        self._once = aligned(layout.once, self.dtype)
        self._scratch = [
            aligned((layout.rows + 1) * layout.lanes, self.dtype),
            self._once,
            aligned(layout.each * layout.lanes, self.dtype),
        ]
        self._tables = tables
        self._whole: Frame | None = None
        self._shared: Floats = _nothing
        self._looked_at = 0
        self.batches: Sequence[Floats] = ()
        self.taken: tuple[Sequence[Floats], Floats] = (), _nothing
        """`batches` and `rows` of all samples, of which a run may take the first only."""
        self._columns: Sequence[Floats] = ()
        self._targets = array("q")
        self._sources = array("q")
        self._copied: list[Floats] = []
        self._copies = array("q")
        self.words = array("q", [0]) * entry.WORDS
        places = (entry.LINES, entry.ONCE, entry.LANES, entry.NUMBERS, entry.PLACES, entry.CALLED)
        for place, held in zip(places, [*self._scratch, *tables], strict=True):
            self.words[place] = address(held)
        self.words[entry.PARAMETERS] = self.words[entry.ROWS] = address(self.parameters)
        self.words[entry.PARTS] = entry.FIRST | entry.LAST
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

    @property
    def lines(self) -> Floats:
        """Return the numbers of the samples in one array, a line for each."""
        return np.concatenate(self.batches, axis=1) if self.batches else _nothing

    def write_rows_to(self, columns: Sequence[Floats]) -> None:
        """Let machine code write each of the numbers that samples have into a column, not into `rows`.

        columns: contiguous, with a number for each sample.
        """
        self._columns = columns
        self._targets = array("q", [address(column) for column in columns])
        self.words[entry.RESULT_COLUMNS] = self._targets.buffer_info()[0] if columns else 0
        self.words[entry.ROW_VECTORS] = 0  # a vector may end beyond a column, and `rows` have other numbers

    def collect_rows(self) -> None:
        """Copy what was written into columns to `rows`."""
        for k, column in enumerate(self._columns):
            self.rows[:, k] = column[: len(self.rows)]

    def take_samples(self, batches: Sequence[Floats], rows: Floats | None = None) -> None:
        """Set the samples' numbers, and where their results go: new memory, unless said.

        batches: arrays with a line for each sample, in the order of the program's inputs: contiguous, or such
        that the samples are neighbours.
        """
        n = len(batches[0])
        if rows is None:
            rows = aligned(n * self._per_sample, self.dtype).reshape(n, self._per_sample)
            self.words[entry.ROW_VECTORS] = vectors(rows.size)
        else:  # nan is not looked for in memory that may end in the middle of a vector
            self.words[entry.ROW_VECTORS] = 0
        self.batches, self.rows = batches, rows
        self.taken = batches, rows
        self._sources = array("q", [word for one in batches for word in (address(one), _far(one))])
        self.words[entry.SAMPLES] = n
        self.words[entry.ROWS] = self._sources.buffer_info()[0]
        self.words[entry.RESULT_ROWS] = address(rows)

    def collect(self) -> None:
        """Copy now what a run would copy first: shards read it before that."""
        for source, target in zip(self._copied[::2], self._copied[1::2], strict=True):
            np.copyto(target, source.reshape(target.shape))

    def shard_of(self, whole: Frame, low: int, high: int) -> None:
        """Run the first part of another frame's run, with its parameters, for some of its samples."""
        self._whole = whole
        self.take_samples([one[low:high] for one in whole.batches], whole.rows[low:high])
        if whole.words[entry.ROW_VECTORS]:  # shards begin where vectors do
            self.words[entry.ROW_VECTORS] = vectors(self.rows.size)
        if whole._columns:
            self.write_rows_to([column[low:high] for column in whole._columns])
        self.words[entry.PARAMETERS] = whole.words[entry.PARAMETERS]
        self.words[entry.PARTS], self.words[entry.RESULT_VECTORS] = entry.FIRST, 0

    def go_on_from(self, shards: Sequence[Frame]) -> None:
        """Run the last part only, with what the first parts of these have left; see `whole_again`."""
        start, end = self.layout.sums
        self._once[:] = shards[0]._once
        for shard in shards[1:]:
            self._once[start:end] += shard._once[start:end]
        self._looked_at = self.words[entry.ROW_VECTORS]
        self.words[entry.PARTS], self.words[entry.ROW_VECTORS] = entry.LAST, 0

    def take_report_of(self, shard: Frame) -> None:
        """Report the index that a shard has reported as none."""
        theirs = shard._once[-REPORTED:]
        self._once[-REPORTED:] = theirs
        theirs[:] = 0.0

    def whole_again(self) -> None:
        """Run both parts from now on."""
        self.words[entry.PARTS] = entry.FIRST | entry.LAST
        self.words[entry.ROW_VECTORS] = self._looked_at

    def use_first(self, n: int) -> None:
        """Let a run take only the first n of the samples that were taken."""
        self.batches, self.rows = [one[:n] for one in self.taken[0]], self.taken[1][:n]
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
        """Forget the samples, and the frame whose shard it was: their arrays belong to others."""
        if self.words[entry.SAMPLES]:
            self.batches, self.rows = self.taken = (), _nothing
            self.words[entry.SAMPLES] = self.words[entry.ROW_VECTORS] = 0
        if self.words[entry.PARTS] == entry.FIRST:
            self._whole = None
            self.write_rows_to(())
            self.words[entry.PARAMETERS] = address(self.parameters)
            self.words[entry.RESULT_VECTORS] = vectors(len(self.results))
            self.words[entry.PARTS] = entry.FIRST | entry.LAST


_nothing: Floats = np.zeros((0, 0))


def address(held: NDArray[Any]) -> int:
    """Return where the numbers of an array begin."""
    found: int = held.__array_interface__["data"][0]
    return found


def _far(held: Floats) -> int:
    """Return how far it is from one of a sample's numbers to the next; 0 where they are neighbours."""
    return 0 if held.flags.c_contiguous else held.strides[1] // held.itemsize


def vectors(count: int) -> int:
    """Return how many vectors hold that many numbers."""
    return -(-count // 8)


def aligned(count: int, dtype: np.dtype[Any]) -> Floats:
    """Return zeros that begin where a vector may, at a multiple of 64 bytes, with more zeros after them."""
    in_a_line = 64 // dtype.itemsize
    raw = np.zeros(count + 2 * in_a_line, dtype)
    skip = (-address(raw) // dtype.itemsize) % in_a_line
    return raw[skip : skip + count]
