"""A kernel bound to its arguments that goes the way of their numbers at every run, for exact=True."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .arguments import Call, Floats
from .bound import Bound
from .form import Gathered
from .variant import Variant


class BoundWays(Bound):
    """A Bound of what runs as `Ways` do.

    again: returns the call with the numbers of now. Raises ValueError where its structure has changed.
    """

    def __init__(self, variant: Variant, call: Call, again: Callable[[], Call]) -> None:
        self._call_again = again
        self._line: Floats | None = None
        self._columns: Sequence[Floats] = ()
        super().__init__(variant, call)

    def _begin(self) -> None:
        self._plain = self._at_once = False
        self._form, found = self._variant.followed(self._call, self._variant.differentiates)
        self._held = Gathered(np.zeros_like(found.results), np.zeros_like(found.rows))
        self._results, self._rows = self._held.results.data, self._held.rows
        self._parts = [self._part(*place) for place in self._form.by]

    def _run(self) -> None:
        call, held = self._call_again(), self._held
        if call.batches:
            call = call.some(slice(self._call.samples))
        _, found = self._variant.followed(call, self._form.gradient)
        held.results[:], held.rows[:] = found.results, found.rows
        if self._line is not None:
            self._line[:] = held.results[: self._line.size]
        for column, numbers in zip(self._columns, held.rows.T, strict=False):
            column[: call.samples] = numbers

    def _use_first(self, n: int) -> None:
        self._held.rows = self._rows[:n]

    def _samples_read(self) -> Sequence[Floats]:
        return list(self._call.batches.values())

    def _write_over(self, targets: list[Floats]) -> None:
        self._columns = targets if targets[0].ndim == 1 else list(targets[0].T)

    def _collect(self) -> None:
        """Nothing: results are always in the same rows."""

    def _write_to(self, array: Floats) -> None:
        self._line = array.reshape(-1)
