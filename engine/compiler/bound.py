"""A kernel bound to its arguments: nothing is left to do at a call but to run."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Never

import numpy as np

from ..tree import flatten
from ..value import described
from .arguments import CHANGED, Call, Floats, as_batch, in_place, is_plain_array, numbers_of
from .entry import NO_ROW, NOT_FINITE
from .form import FEW, Form, Held
from .frame import Frame
from .looks import Looks
from .overwritten import overwritten
from .variant import Variant


class Bound:
    """Value and gradient at certain arguments, which are read anew at every run; `kernel.bind(...)` makes it.

    `bound()` runs and returns the value; `bound.value` and `bound.grad` are what the last run left, before
    the first one zeros. Arrays in them are the same arrays after every run, with new numbers in them: copy
    what you want to keep. Lists, dictionaries and floats are made anew when asked for.

    The arguments are kept as long as this object lives; so are the arrays of results as long as anybody
    holds one. What must not happen is `array.resize(..., refcheck=False)` on an argument: it frees memory
    that is still read here. A Bound is for one thread at a time; bind once for each thread.

    Where the function returns several numbers there is no gradient: `bound.value` has them all. With
    `argnums=()` none is computed.
    """

    def __init__(self, variant: Variant, call: Call) -> None:
        self._variant, self._call = variant, call
        self._most, self._threads = call.samples, variant.options.threads
        self._running = threading.Lock()
        self._held: Held
        self._begin()

    def _begin(self) -> None:
        self._take(self._variant.form(self._variant.differentiates, self._most))

    def _take(self, form: Form) -> None:
        """Run this machine code from now on."""
        self._form, self._compiled = form, form.compiled
        self._held = self._frame = form.compiled.new_frame()
        self._refreshed: list[Callable[[], None]] = []
        self._prepare()
        self._address = self._frame.address
        self._choose_entry()
        self._results = self._frame.results.data
        self._careful: tuple[Form, Frame] | None = None
        self._parts = [self._part(*place) for place in form.by]

    def __call__(self, *given: Never) -> Any:
        """Run, and return the value. It takes no arguments: it has been given them."""
        if given:
            raise TypeError(
                f"{self._variant.name}: a Bound reads the arguments that it was bound to, anew at every run: "
                "write into these, as in x[:] = ..., and call bound(); or call the kernel"
            )
        if self._plain:  # as below, but at once
            if answer := self._enter(self._address):
                self._again(answer)
            return self._results[0]
        self.run()
        return self.value

    def run(self) -> None:
        """Run, and leave the results where `value` and `grad` find them."""
        if self._at_once:
            if answer := self._enter(self._address):
                self._again(answer)
            return
        if not self._running.acquire(blocking=False):
            raise RuntimeError(
                f"{self._variant.name}: this Bound is running in another thread; bind once for each thread"
            )
        try:
            self._run()
        finally:
            self._running.release()

    def _run(self) -> None:
        for refresh in self._refreshed:
            refresh()
        if answer := self._compiled.run(self._frame, self._call.samples, self._threads):
            self._again(answer)

    def overwrite(self, *arguments: str | int) -> None:
        """Let every run write its results over the samples: the next run goes on there.

        arguments: the batched ones that the results go over, one after the other, by name or place; all of
        them unless said. They have as many numbers for each sample as the function returns, each of which
        differs from sample to sample. They are arrays of the kernel's own dtype: one with a line for each
        sample, or several that have one number for each, or columns in Fortran's order, and share no memory
        with what else is read. Bound with `argnums=()`. Raises ValueError for others.

        >>> import numpy as np
        >>> from chainrule.engine import compile
        >>> pairs = np.array([[0.0, 1.0], [5.0, 8.0]])
        >>> bound = compile(lambda xy: [xy[1], xy[0] + xy[1]], argnums=(), batch="xy").bind(pairs)
        >>> bound.overwrite()
        >>> bound.run(), bound.run(), pairs.tolist()
        (None, None, [[1.0, 2.0], [13.0, 21.0]])
        >>> at, speed = np.array([0.0, 5.0]), np.array([1.0, 2.0])
        >>> bound = compile(lambda x, v: x + v, argnums=(), batch=("x", "v")).bind(at, speed)
        >>> bound.overwrite("x")
        >>> bound.run(), bound.run(), at.tolist()
        (None, None, [2.0, 9.0])
        """
        form = self._form
        if form.doubtful or not form.any_batched:  # one sample, which machine code does not take for one
            self._take(self._variant.form(form.gradient, max(self._most, FEW), careful=form.doubtful))
        lines = self._samples_read()
        self._write_over(overwritten(self._variant, self._form, self._call, lines, arguments))

    def _samples_read(self) -> Sequence[Floats]:
        return self._frame.taken[0]

    def _write_over(self, targets: list[Floats]) -> None:
        columns = targets if targets[0].ndim == 1 else []
        if not columns:
            self._frame.take_samples(self._frame.taken[0], targets[0])
            self._frame.use_first(self.samples)
        self._frame.write_rows_to(columns)

    def into(self, array: Floats) -> None:
        """Let every run write its results into an array, one after the other in the order of the result.

        It may be an array that the function reads: all is read before anything is written. For a function of
        shared arguments that computes each of its results, bound with `argnums=()`.
        Raises ValueError for another, and for an array that is not contiguous, as long and of the
        kernel's dtype.

        >>> import numpy as np
        >>> from chainrule.engine import compile
        >>> pair = np.array([0.0, 1.0])
        >>> bound = compile(lambda xy: [xy[1], xy[0] + xy[1]], argnums=()).bind(pair)
        >>> bound.into(pair)
        >>> bound.run(), bound.run(), bound.run(), pair.tolist()
        (None, None, None, [2.0, 3.0])
        """
        count = len(self._variant.recording.outputs)
        checks = self._form.wanted.checks
        if self._call.batches or self._form.by or len(self._held.results) != count + checks:
            raise ValueError(
                f"{self._variant.name}: into needs a function without a batch that computes each of its "
                "results, bound with argnums=()"
            )
        if not is_plain_array(array, self._held.dtype.name) or array.size != count:
            raise ValueError(
                f"{self._variant.name} returns {count} numbers: into needs a contiguous array of as many "
                f"{self._held.dtype.name}, got {described(array)}"
            )
        if not array.flags.writeable:
            raise ValueError(
                f"{self._variant.name}: into writes into an array, and this one is read-only: copy it"
            )
        self._write_to(array)

    def _write_to(self, array: Floats) -> None:
        if self._form.doubtful:  # what it reads may be written over, so it is run once
            self._take(self._variant.form(False, self._call.samples, careful=True))
        self._frame.write_results_to(array)
        self._results = self._frame.results.data

    @property
    def samples(self) -> int:
        """How many samples a run takes; set it to fewer than were bound, and a run takes the first of them.

        >>> import numpy as np
        >>> from chainrule.engine import compile
        >>> bound = compile(lambda w, x: w * x, batch="x", reduce="mean").bind(2.0, np.array([1.0, 2.0, 6.0]))
        >>> bound.samples = 2
        >>> bound(), bound.grad
        (3.0, 1.5)
        """
        return self._call.samples

    @samples.setter
    def samples(self, n: int) -> None:
        if not 1 <= n <= self._most:
            raise ValueError(
                f"{self._variant.name}: {self._most} samples are bound, so 1 to {self._most}, got {n}"
            )
        self._call.samples = n
        self._use_first(n)
        if any(place in self._call.batches for place, _, _ in self._form.by):
            self._parts = [self._part(*place) for place in self._form.by]

    def _use_first(self, n: int) -> None:
        if self._form.any_batched:
            self._frame.use_first(n)
        self._form.take_rest(self._frame, n)
        self._choose_entry()

    def _choose_entry(self) -> None:
        self._enter = self._compiled.entered(self._call.samples, self._threads)
        brief = self._enter is self._compiled._brief
        self._at_once = brief and not self._refreshed
        self._plain = self._at_once and self._form.plain

    @property
    def value(self) -> Any:
        """What the function returned at the last run."""
        self._collect()
        return self._results[0] if self._form.plain else self._form.value(self._held, self._call.samples)

    def _collect(self) -> None:
        self._frame.collect_rows()

    @property
    def finite(self) -> bool:
        """Whether the value and the derivatives of the last run are finite, all of them: neither inf nor nan.

        >>> import numpy as np
        >>> from chainrule.engine import compile
        >>> x = np.array([4.0])
        >>> bound = compile(lambda x: x[0] ** 0.5).bind(x)
        >>> bound(), bound.finite
        (2.0, True)
        >>> x[:] = 0.0
        >>> bound(), bound.finite, bound.grad.tolist()
        (0.0, False, [inf])
        """
        if self._plain and self._form.by and not self._frame.words[NOT_FINITE]:
            return True  # machine code has looked at them all
        found = self.value, self.grad if self._form.by else ()
        return all(map(math.isfinite, flatten(found)[0]))

    @property
    def grad(self) -> Any:
        """The derivatives by the arguments `argnums` at the last run, in their structure."""
        self._variant.check_gradient()
        parts = [part() if callable(part) else part for part in self._parts]
        return self._variant.structured(parts)

    def _prepare(self) -> None:
        """Say where the arguments are, and how those are read anew that machine code cannot read itself."""
        form, frame, held, batches = self._form, self._frame, self._call.held, self._call.batches
        dtype = self._variant.options.dtype
        form.take(frame, self._call)
        copies: list[tuple[Floats, Floats]] = []
        for place, start, end in form.shared:
            argument, slot = held[place], frame.parameters[start:end]
            if place in batches:  # one sample alone
                batches[place] = np.ascontiguousarray(batches[place])
                copies.append((batches[place], slot))
                if not is_plain_array(argument, dtype):
                    self._refreshed.append(partial(_reread_batch, argument, batches[place]))
            elif is_plain_array(argument, dtype):
                copies.append((argument, slot))
            elif not isinstance(argument, float | int | str | bytes | None):
                self._refreshed.append(_Reread(argument, slot))
        if form.recording.outside:
            self._refreshed.append(lambda: form.take_rest(frame, self._call.samples))
        if len(copies) == 1 and copies[0][1].size == frame.parameters.size:
            frame.read_parameters_from(copies[0][0])  # nothing else is there: no need to copy
        else:
            frame.copy_first(copies)
        self._prepare_samples()

    def _prepare_samples(self) -> None:
        if not self._form.any_batched:
            return
        taken = []
        for place, numbers in self._call.batches.items():
            argument = self._call.held[place]
            kept = type(argument) is np.ndarray and np.may_share_memory(argument, numbers)
            if not (kept and in_place(numbers, self._frame.dtype.name)):
                numbers = numbers.copy()
                self._refreshed.append(partial(_reread_batch, argument, numbers))
            taken.append(numbers)
        self._frame.take_samples(taken)

    def _part(self, place: int, start: int, end: int) -> Any:
        """Return the derivatives by one argument: an array that every run writes into, or what makes them."""
        form, frame, call = self._form, self._held, self._call
        argument = call.held[place]
        if place not in call.batches or not form.any_batched:
            if place in call.batches or (isinstance(argument, np.ndarray) and argument.dtype.kind in "fiu"):
                return form.shared_part(frame, start, end).reshape(np.shape(argument))
            return lambda: form.part(frame, call, place, start, end)
        columns = form.at[start:end]
        if all(form.per_sample[start:end]) and (np.diff(columns) == 1).all() and end > start:
            return frame.rows[:, columns[0] : columns[-1] + 1].reshape(call.shape(place))
        return lambda: form.part(frame, call, place, start, end)

    def _again(self, answer: int) -> None:
        """Run again with 0 times inf as 0, if the fast form says nan. Raises for an index that is none."""
        form = self._form
        if not form.doubtful:
            if answer & NO_ROW:
                self._frame.check_indices()
            return
        if self._careful is None:
            other = self._variant.form(form.gradient, self._most, careful=True)
            assert other.per_sample == form.per_sample
            self._careful = other, other.compiled.new_frame()
        other, frame = self._careful
        other.take(frame, self._call)
        if other.any_batched:
            frame.take_samples(self._frame.batches)
        if other.compiled.run(frame, self._call.samples, self._threads) & NO_ROW:
            frame.check_indices()
        self._frame.results[:] = frame.results
        self._frame.rows[:] = frame.rows
        frame.let_go()


class _Reread:
    """Puts the numbers of an argument into its slot again."""

    def __init__(self, argument: Any, slot: Floats) -> None:
        self._argument, self._slot, self._looks = argument, slot, Looks()
        self._kept, _ = self._looks.structure(argument)

    def __call__(self) -> None:
        found, look = self._looks.structure(self._argument)
        if found is not self._kept and found != self._kept:
            raise ValueError(CHANGED)
        self._slot[:] = numbers_of(self._argument) if look is None else look.numbers()


def _reread_batch(argument: Any, columns: Floats) -> None:
    """Put the numbers of a batched argument into their columns again."""
    lines = as_batch(argument, "of a bound kernel", columns.dtype.name)
    if lines.shape != columns.shape:
        raise ValueError(CHANGED)
    columns[:] = lines
