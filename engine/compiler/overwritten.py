"""Which arrays a bound kernel writes its results over, where that can be done."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from ..value import described
from .arguments import Call, Floats
from .form import Form
from .variant import Variant


def overwritten(
    variant: Variant, form: Form, call: Call, read: Sequence[Floats], arguments: Sequence[str | int]
) -> list[Floats]:
    """Return where the results go that are written over samples: an array for each result, or one of lines.

    read: the arrays of all samples that a run reads, of each batched argument.
    arguments: names or places of the batched arguments in question; all of them where there are none.
    Raises ValueError for those that `Bound.overwrite` does not take; see there.
    """
    name, names = variant.name, variant.argument_names()
    places = [_place(name, wanted, names, call) for wanted in arguments] or list(call.batches)
    lines = dict(zip(call.batches, read, strict=True))
    results, numbers = len(form.recording.outputs), sum([lines[place].shape[1] for place in places])
    if form.by:
        raise ValueError(f"{name}: overwrite is for functions bound without derivatives, with argnums=()")
    if not results == numbers == sum(form.per_sample):
        raise ValueError(
            f"{name} returns {results} numbers for each sample, and there are {numbers} to write over: "
            "overwrite needs as many, each of them different from sample to sample"
        )
    targets = []
    for place in places:
        found, held = lines[place], call.held[place]
        if not isinstance(held, np.ndarray) or not np.may_share_memory(held, found):
            raise ValueError(
                f"{name}: overwrite writes to arrays of {found.dtype} that can be read where they are; "
                f"{names[place]} is {described(held)}"
            )
        if not held.flags.writeable:
            raise ValueError(f"{name}: overwrite writes into an array, and this one is read-only: copy it")
        neighbours = found.strides[0] == found.itemsize
        if not neighbours and len(places) > 1:
            raise ValueError(
                f"{name}: of several arrays that overwrite writes to, each has one number for each sample "
                f"or more in Fortran's order; {names[place]} has lines of {found.shape[1]}"
            )
        targets += list(found.T) if neighbours else [found]
    others = [held for place, held in enumerate(call.held) if place not in places]
    _check_apart(name, targets, [held for held in others if isinstance(held, np.ndarray)])
    return targets


def _place(name: str, wanted: str | int, names: Sequence[str], call: Call) -> int:
    """Return the place of a batched argument."""
    if isinstance(wanted, str):
        place = names.index(wanted) if wanted in names else -1
    else:
        place = operator.index(wanted)
    if place not in call.batches:
        batched = ", ".join([names[place] for place in call.batches])
        raise ValueError(f"{name}: overwrite takes batched arguments, which are {batched}; got {wanted!r}")
    return place


def _check_apart(name: str, targets: Sequence[Floats], others: Sequence[Floats]) -> None:
    """Raise ValueError where a number that is written is also read, or written, elsewhere."""
    pairs = [*combinations(targets, 2), *[(target, other) for target in targets for other in others]]
    if any(np.shares_memory(*pair) for pair in pairs):
        raise ValueError(
            f"{name}: overwrite needs arrays of their own; one of these shares memory with another argument"
        )
