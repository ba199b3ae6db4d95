"""Runs for exact=True: along the way that each call or sample takes, and samples added one after another."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from .arguments import Call, Floats
from .form import ALONE, FEW, Form, Gathered
from .record import alone

if TYPE_CHECKING:
    from .variant import Variant

MOST_WAYS = 16
"""For how many ways through formulas with branches machine code is kept."""
CELLS = 1 << 23
"""How many numbers of samples are computed before they are added up."""
LONG = 64
"""From how many numbers on lines are added one by one: in less time than sums of each number take then."""


class Ways:
    """Machine code for the ways that calls go, that of the last one first.

    A function that neither chooses nor takes derivatives has one way for all.

    gradient: whether derivatives are computed too.  lanes: how many samples a block has at most.
    """

    def __init__(self, variant: Variant, gradient: bool, lanes: int) -> None:
        self._variant, self._gradient, self._lanes = variant, gradient, lanes
        self.forms: list[Form] = []
        """Never changed in place: another thread may be in the middle of them."""
        self._changing = RLock()

    def run(self, call: Call) -> tuple[Form, Gathered]:
        """Return what knows where results are, and the results.

        Machine code is made for MOST_WAYS; the tape of another way is evaluated in Python.
        """
        if self._lanes != ALONE:
            return self._in_turn(call)
        tried = list(self.forms)
        for form in tried:
            numbers, goes = self._along(form, call)
            if goes:
                if form is not self.forms[0]:  # most calls go the way of the last one
                    with self._changing:
                        self.forms = [form, *[other for other in self.forms if other is not form]]
                return form, Gathered(numbers)
        form, numbers = self._another(call, tried)
        return form, Gathered(numbers)

    def _another(self, call: Call, tried: list[Form]) -> tuple[Form, Floats]:
        """Return what was recorded of another way, of one sample, and the wanted numbers.

        tried: the ways that it does not go. Several threads may come here for the same one.
        """
        with alone, self._changing:  # in this order: who records may call kernels
            for form in self._not_in(tried):
                numbers, goes = self._along(form, call)
                if goes.all():
                    return form, numbers
            form = self._variant.new_way(call, self._gradient, self._lanes)
            if len(self.forms) >= MOST_WAYS:
                return form, form.replayed(self._variant.numbers(call))
            numbers = self._numbers(form, call)
            self.forms = [form, *self.forms]
        return form, numbers

    def _not_in(self, tried: list[Form]) -> list[Form]:
        return [form for form in self.forms if form not in tried]

    def _along(self, form: Form, call: Call) -> tuple[Floats, Any]:
        """Return the wanted numbers, and whether it is the way that they go: of each sample with a batch.

        A row that only Python computes may raise for numbers that it gets on this way alone.
        """
        try:
            numbers = self._numbers(form, call)
        except Exception:
            if form.recording.check is None or not form.compiled.callbacks:
                raise
            if call.samples > 1:
                each = [self._along(form, call.some(slice(k, k + 1))) for k in range(call.samples)]
                lines, goes = zip(*each, strict=True)
                return np.concatenate(lines), np.concatenate(goes)
            shape = () if self._lanes == ALONE else (1,)
            return np.zeros((*shape, len(form.per_sample))), np.zeros(shape, bool)
        return numbers, form.holds(numbers)

    def _numbers(self, form: Form, call: Call) -> Floats:
        """Run machine code, and return the wanted numbers; with a batch a line of them for each sample."""
        self._variant.last = form
        code = form.compiled
        frame = code.lent()
        try:
            form.take(frame, call)
            code.run(frame, call.samples, self._variant.options.threads)
            if not form.any_batched:
                return frame.results.copy()
            each = code.layout.per_sample
            if each.all():
                return frame.rows
            found = np.empty((call.samples, len(each)))
            found[:, each], found[:, ~each] = frame.rows, frame.results
            return found
        finally:
            code.give_back(frame)

    def _in_turn(self, call: Call) -> tuple[Form, Gathered]:
        """Return the results of a batch: sums take one sample after the other."""
        form = self.forms[0] if self.forms else self._another(call.some(slice(1)), [])[0]
        each = np.array(form.per_sample, bool)
        found = Gathered(np.zeros(int((~each).sum())), np.empty((call.samples, int(each.sum()))))
        step = max(FEW, CELLS // max(len(each), 1) // FEW * FEW)
        with np.errstate(all="ignore"):  # Values say nothing of inf - inf either
            for low in range(0, call.samples, step):
                lines = self._lines(call.some(slice(low, low + step)))
                if each.any():
                    found.rows[low : low + step] = lines[:, each]
                    lines = lines[:, ~each]
                found.results[:] = added_in_turn(lines, found.results)
            if self._variant.reduce == "mean":
                found.results /= call.samples
                found.rows /= call.samples
        return form, found

    def _lines(self, call: Call) -> Floats:
        """Return the wanted numbers of each sample, a line for each, along the way that it goes."""
        tried = self.forms[:1]
        lines, goes = self._along(tried[0], call)
        left = np.flatnonzero(~goes)
        while len(left):
            forms = self._not_in(tried)
            if not forms:
                _, lines[left[0]] = self._another(call.some(left[:1]), tried)
                left = left[1:]
                continue
            tried.append(forms[0])
            some, goes = self._along(forms[0], call.some(left))
            lines[left[goes]], left = some[goes], left[~goes]
        return lines


def added_in_turn(lines: Floats, start: Any = 0.0) -> Floats:
    """Return the lines added to `start`, one after the other."""
    whole = np.broadcast_to(start, lines.shape[1:])
    if lines.shape[1] < LONG:
        last: Floats = np.add.accumulate(np.concatenate([whole[None], lines]), axis=0)[-1]
        return last
    total = whole.copy()
    for line in lines:
        total += line
    return total
