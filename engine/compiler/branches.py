"""Formulas with branches, made into formulas that compute both sides and choose.

A row's formulas are ordinary Python with `if` in it. Machine code for many numbers at once cannot
branch for each, so the formula is run once for every way through its branches, and the results are put
together again by `where`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .recorder import Recorder
from .traced import RecordingError, Traced

MOST_WAYS = 200
"""How many ways through a formula are followed before it is given up."""
MOST_BRANCHES = 40
"""How many branches one way may have: a loop that waits for a number would never end."""


def without_branches(recorder: Recorder, formula: Callable[[], Sequence[Any]]) -> list[Any]:
    """Return what `formula` returns, floats and stand-ins of `recorder`, for whichever way its branches go.

    formula: run several times, so it must do nothing but compute. Its loops must end whichever way its
    branches go. Raises RecordingError where there are too many ways.
    """
    ways = 0
    before = recorder.written
    written: dict[Any, int] = {}

    def followed(prefix: tuple[bool, ...]) -> list[Any]:
        """Run the formula with its first branches going as said, and all further ones both ways."""
        nonlocal ways
        ways += 1
        if ways > MOST_WAYS:
            raise RecordingError(f"more than {MOST_WAYS} ways lead through the branches of a formula")
        asked: list[int] = []
        taken: dict[int, bool] = {}

        def decide(condition: int) -> bool:
            if condition not in taken:
                if len(asked) == MOST_BRANCHES:
                    raise RecordingError(f"one way through a formula has more than {MOST_BRANCHES} branches")
                taken[condition] = prefix[len(asked)] if len(asked) < len(prefix) else True
                asked.append(condition)
            return taken[condition]

        outer, recorder.decide = recorder.decide, decide
        recorder.written = dict(before)
        try:
            results = list(formula())
        finally:
            recorder.decide = outer
        for entry, times in recorder.written.items():
            written[entry] = max(written.get(entry, 0), times)
        # Each branch beyond the prefix went the way of True here. The last of them is turned first: what
        # it has on its other side may ask for more.
        for place in reversed(range(len(prefix), len(asked))):
            other = followed((*prefix, *[True] * (place - len(prefix)), False))
            results = [
                _chosen(recorder, asked[place], yes, no) for yes, no in zip(results, other, strict=True)
            ]
        return results

    found = followed(())
    recorder.written = written
    return found


def _chosen(recorder: Recorder, condition: int, yes: Any, no: Any) -> Any:
    """Return `yes` where the condition holds, else `no`."""
    if isinstance(yes, Traced) and isinstance(no, Traced) and yes.entry == no.entry:
        return yes
    if type(yes) is float and type(no) is float and yes.hex() == no.hex():
        return yes
    return recorder.choice(recorder.condition(condition), yes, no)
