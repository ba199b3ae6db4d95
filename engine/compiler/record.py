"""Running a function once on stand-ins, and what came of it."""

from __future__ import annotations

import dataclasses
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from io import IOBase
from threading import RLock
from typing import Any

import numpy as np

from ..modes import enable_grad, recorder_at_work, recording
from ..own import BUILT_IN
from ..primitive import Primitive
from ..tree import flatten
from ..value import REAL, Value, described
from .anatomy import Anatomy
from .following import Following
from .recorder import Recorder
from .refusals import caught, note_stand_in, with_place
from .returned import check_results
from .tape import Tape
from .traced import RecordingError, Traced

alone = RLock()
"""Held while parameters are stand-ins, and where their numbers are read: a thread must not see another's."""


@dataclass(frozen=True)
class Recording:
    """One run of a function.

    tape: what it did.  inputs: the entries of its arguments' numbers, by argument.
    outputs: the entries of the numbers it returned, each once; or a float that does not depend on anything.
    of_outputs: puts numbers in their places.
    outside: Values that the function took from around it; they are read anew at every call.
    check: where it went the way of certain numbers, an entry and what that is where others go that way too.
    choices: the entries that choose between the ways through a formula.
    seconds: how long it took.  derives: whether the function takes derivatives itself.
    compares_derivatives: whether it compares after that, or has rows of the user's own, so that a nan among
    derivatives may not reach its result.
    """

    tape: Tape
    inputs: list[list[int]]
    outputs: list[int | float]
    of_outputs: Callable[[Iterable[Any]], Any]
    outside: list[Value]
    seconds: float = 0.0
    derives: bool = False
    compares_derivatives: bool = False
    check: tuple[int, float] | None = None
    choices: tuple[int, ...] = ()


def record(
    f: Callable[..., Any],
    args: Sequence[Any],
    names: Sequence[str],
    samples: set[int],
    careful: bool = False,
    tape: Tape | None = None,
    exact: bool = False,
    numbers: Sequence[float] | None = None,
) -> Recording:
    """Record one run of `f`.

    names: those of the keyword arguments, which are the last of `args`.
    samples: which arguments are batched; of these, `args` holds one sample.
    careful: let an adjoint of 0 win over a partial that is not finite, where `f` takes derivatives itself.
    tape: the tape to write on.
    exact: record derivatives that `f` takes itself so that theirs are rounded as on Values.
    numbers: those of the arguments, in turn: record the graph that Values make of these.
    """
    since = time.perf_counter()
    recorder = Recorder(careful=careful, exact=exact) if numbers is None else Following(numbers)
    if tape is not None:
        recorder.tape = tape
    inputs: list[list[int]] = []
    stood_in: list[Any] = []
    held: list[Value] = []
    known: dict[int, int] = {}
    for place, argument in enumerate(args):
        parameters = None if place in samples else parameters_of(argument)
        if parameters is not None:
            entries = [recorder.input() for _ in parameters]  # one that arguments share is that of the first
            inputs.append(
                [known.setdefault(id(p), entry) for p, entry in zip(parameters, entries, strict=True)]
            )
            held += parameters
            stood_in.append(argument)
            continue
        leaves, rebuild = flatten(argument)
        entries = [recorder.input() for _ in leaves]
        inputs.append(entries)
        for leaf, entry in zip(leaves, entries, strict=True):
            if isinstance(leaf, Value) and leaf.label:
                recorder.tape.labels[entry] = leaf.label
        stood_in.append(rebuild([recorder.stand_in(entry) for entry in entries]))
    positional = stood_in[: len(stood_in) - len(names)]
    keywords = dict(zip(names, stood_in[len(positional) :], strict=True))
    module_entries = [
        entry
        for place, entries in enumerate(inputs)
        if parameters_of(args[place]) is not None and place not in samples
        for entry in entries
    ]
    enabled = nullcontext() if recording() else enable_grad()
    with alone, recorder_at_work(), enabled, standing_in(held, module_entries, recorder):
        try:
            found = f(*positional, **keywords)
            returned, of_outputs = flatten(found)
            if recorder.refused is not None:
                raise caught(recorder.refused)
        except RecordingError as error:
            raise with_place(error)  # noqa: B904  # the very error, at its line
        except Exception as error:
            if recorder.refused is not None:  # a library has put its own error in the place of the refusal
                raise with_place(caught(recorder.refused)) from error
            note_stand_in(error)
            raise
        else:
            outputs: list[int | float] = []
            for number in returned:
                made = recorder.known(number) if isinstance(number, Value) else None
                if made is None and recorder.follows:  # by another way it may depend on the arguments
                    made = recorder.entry_of(number, "compile")
                if isinstance(number, complex):
                    raise TypeError(f"compile needs a function that returns real numbers, got {number!r}")
                outputs.append(float(number) if made is None else made)
            check = recorder.check() if isinstance(recorder, Following) else None
        finally:
            recorder.closed = True
    check_results(found)
    if not outputs:
        raise TypeError(f"compile needs a function that returns numbers, got {described(of_outputs([]))}")
    seconds = time.perf_counter() - since
    return Recording(
        recorder.tape,
        inputs,
        outputs,
        of_outputs,
        recorder.outside,
        seconds,
        recorder.derives,
        recorder.compares_derivatives or (recorder.derives and _has_own_rows(recorder.tape)),
        check,
        tuple(sorted(recorder.chosen)),
    )


def _has_own_rows(tape: Tape) -> bool:
    """Return whether rows occur that a user has declared: those may make of nan what they like."""
    return any(isinstance(kind, Primitive) and kind.name not in BUILT_IN for kind in tape.kinds)


def parameters_of(argument: Any) -> list[Value] | None:
    """Return the parameters of a module, or None for what is none."""
    find = getattr(argument, "parameters", None)
    if not callable(find) or isinstance(argument, type | Value):
        return None
    found = list(find())
    return found if all(isinstance(parameter, Value) for parameter in found) else None


@contextmanager
def standing_in(parameters: Sequence[Value], entries: Sequence[int], recorder: Recorder) -> Iterator[None]:
    """Make a module's parameters stand-ins inside: the very objects, for the module holds on to them."""
    before: list[tuple[Any, Any, Any]] = [(type(p), p.partials, p.operands) for p in parameters]
    try:
        for parameter, entry in zip(parameters, entries, strict=True):
            if parameter.label:
                recorder.tape.labels[entry] = parameter.label
            parameter.__class__ = Traced  # it has the layout of a Value
            parameter.entry, parameter.recorder = entry, recorder  # type: ignore[attr-defined]
        yield
    finally:
        for parameter, (cls, partials, operands) in zip(parameters, before, strict=True):
            if type(parameter) is Traced:
                parameter.__class__ = cls
                parameter.partials = partials  # type: ignore[misc]  # as below
                parameter.operands = operands  # type: ignore[misc]  # a Value again


_FLOATS = {float, np.float64}


def is_row(held: Any) -> bool:
    """Return whether `held` is a list of nothing but floats, which needs no walk through its structure."""
    return type(held) is list and set(map(type, held)) <= _FLOATS


def structure(held: Any, inside: bool = False) -> Any:
    """Return what tells arguments of different structure apart: two with equal ones replay one recording.

    inside: whether it is in a list, say. Parameters of a module there are Values from outside to a recording,
    which reads those that were there: who they are counts.
    """
    cls = held.__class__
    if cls is float:
        return "number"
    if cls is np.ndarray and held.dtype.kind in "fiuO":
        return "array", held.shape
    if cls is list and is_row(held):  # as below, but at once
        return list, ("number",) * len(held)
    if isinstance(held, bool | np.bool_) or held is None or isinstance(held, str | bytes):
        return type(held), held
    if isinstance(held, (Value, *REAL)):
        return "number"
    if isinstance(held, complex):
        raise TypeError(f"compile takes real numbers, got the complex one {held!r}")
    shape = getattr(held, "shape", None)
    if shape is not None and hasattr(held, "dtype"):
        return array_structure(held, tuple(shape))
    if isinstance(held, dict):
        return type(held), tuple([(key, structure(part, True)) for key, part in held.items()])
    if isinstance(held, list | tuple):
        return type(held), tuple([structure(part, True) for part in held])
    if dataclasses.is_dataclass(held) and not isinstance(held, type):
        return type(held), tuple(
            [structure(getattr(held, part.name), True) for part in dataclasses.fields(held)]
        )
    parameters = parameters_of(held)
    if parameters is not None:
        found = "module", id(held), Anatomy(held, parameters, _modules_of(held))
        return (*found, tuple(map(id, parameters))) if inside else found
    if isinstance(held, set):
        return set, frozenset(held)
    if isinstance(held, deque | array) or (isinstance(held, Iterator) and not isinstance(held, IOBase)):
        raise TypeError(f"compile does not look into {described(held)}: give it as a list or a NumPy array")
    try:
        hash(held)
    except TypeError:
        return "object", id(held), Anatomy(held)
    return "object", held, Anatomy(held)


def what_changed(held: Any, before: Anatomy) -> tuple[str, str, str]:
    """Return what is first different about a module or an object: where, what it was, what it is."""
    return before.change(held, parameters_of(held) or (), _modules_of(held))


def _modules_of(held: Any) -> Iterable[Any]:
    return held.modules() if hasattr(held, "modules") and not isinstance(held, type) else ()


MASKED = "compile does not know which elements a mask hides: fill them, with .filled(0.0), or leave them out"


def array_structure(held: Any, shape: tuple[int, ...]) -> Any:
    """Return what tells arrays apart: shapes of those of numbers, of those of truth values or text all of it.

    Raises TypeError for complex numbers.
    """
    kind = getattr(held.dtype, "kind", "f")
    if isinstance(held, np.ma.MaskedArray):
        raise TypeError(MASKED)
    if kind == "c":
        raise TypeError(f"compile takes real numbers, got complex ones: {described(held)}")
    if kind in "fiuO":
        return "array", shape
    return "array", shape, str(held.dtype), np.asarray(held).tobytes()


__all__ = [
    "MASKED",
    "Recording",
    "RecordingError",
    "is_row",
    "parameters_of",
    "record",
    "standing_in",
    "structure",
    "what_changed",
]
