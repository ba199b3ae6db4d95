"""The arguments of a call: which structure they have, and their numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from types import MethodType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tree import flatten
from ..value import Value, described
from .looks import Look, Looks
from .record import MASKED, alone, is_row, parameters_of

Floats = NDArray[np.floating[Any]]

CHANGED = "a bound argument has changed its structure: bind the kernel again"


class Call:
    """The arguments of one call.

    held: all of them, those given by name last.  names: of these.
    batches: of the batched ones, by place, the numbers, a line for each of the `samples`.
    looks: at modules among them, by place.
    """

    __slots__ = ("batches", "held", "looks", "names", "samples")

    def __init__(
        self, held: Sequence[Any], names: tuple[str, ...], batches: dict[int, Floats], samples: int
    ) -> None:
        self.held, self.names, self.batches, self.samples = held, names, batches, samples
        self.looks: dict[int, Look] = {}

    def numbers(self, place: int) -> Any:
        """Return the numbers in an argument, in a row."""
        return self.looks[place].numbers() if place in self.looks else numbers_of(self.held[place])

    def is_module(self, place: int) -> bool:
        """Return whether an argument is a module."""
        return place in self.looks or parameters_of(self.held[place]) is not None

    def shape(self, place: int) -> tuple[int, ...]:
        """Return the shape of the derivatives by a batched argument: its own, for the samples of a run."""
        return self.samples, *np.shape(self.held[place])[1:]

    def some(self, samples: Any) -> Call:
        """Return the call with some of the samples, in the order in which their numbers or a slice say."""
        batches = {place: lines[samples] for place, lines in self.batches.items()}
        found = Call(self.held, self.names, batches, len(next(iter(batches.values()))))
        found.looks = self.looks
        return found

    def firsts(self) -> list[Any]:
        """Return the arguments with only the first sample of the batched ones."""
        if not self.batches:
            return list(self.held)
        return [
            one_sample(argument) if place in self.batches else argument
            for place, argument in enumerate(self.held)
        ]


class Signature:
    """Which of a function's arguments are batched.

    batch: their names or places.  dtype: the kind of number that a batch is made, by NumPy's name.
    """

    def __init__(self, f: Callable[..., Any], batch: Sequence[str | int], dtype: str) -> None:
        self._dtype = dtype
        self.name = getattr(f, "__name__", "kernel")
        self._batch = list(batch)
        self._owner = owner_of(f)
        try:
            self._parameters = list(inspect.signature(f).parameters)
        except (TypeError, ValueError):
            self._parameters = []

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any], dtype: str = "") -> Call:
        """Return the arguments of a call. dtype: the kind of number that a batch is made this time.

        Raises TypeError and ValueError for batched arguments that are missing, no arrays or unlike in length.
        """
        names = tuple(kwargs)
        held = [*args, *kwargs.values()] if kwargs else args
        if not self._batch:
            return Call(held, names, {}, 0)
        batches: dict[int, Floats] = {}
        samples, first = 0, ""
        for place in sorted(self._places(len(args), names)):
            called = self._called(place, len(args), names)
            lines = as_batch(held[place], called, dtype or self._dtype)
            if batches and len(lines) != samples:
                raise ValueError(
                    f"{self.name}: the batched arguments have different lengths: "
                    f"{first} has {samples} samples, {called} has {len(lines)}"
                )
            samples, first = len(lines), first or called
            batches[place] = lines
        return Call(held, names, batches, samples)

    def _called(self, place: int, positional: int, names: tuple[str, ...]) -> str:
        if place >= positional:
            return names[place - positional]
        return self._parameters[place] if place < len(self._parameters) else f"argument {place}"

    def names(self, call: Call) -> list[str]:
        """Return what the function calls its arguments."""
        positional = len(call.held) - len(call.names)
        called = [self._called(place, positional, call.names) for place in range(len(call.held))]
        return called if self._owner is None else [*called, "self"]

    def looked_at(self, call: Call) -> list[Any]:
        """Return what `structures` looks at, in turn: the arguments, and the module whose method it is."""
        firsts = call.firsts()
        return firsts if self._owner is None else [*firsts, self._owner]

    def structures(self, call: Call, looks: Looks) -> tuple[Any, ...]:
        """Return what tells a call from those of other structure, and leave in it the looks at its modules.

        Raises TypeError, which names the argument, for what no recording can be made of.
        """
        key: list[Any] = [call.names]
        modules: list[tuple[int, ...]] = []
        for place, held in enumerate(call.firsts() if call.batches else call.held):
            try:
                found, look = looks.structure(held)
            except TypeError as error:
                called = self._called(place, len(call.held) - len(call.names), call.names)
                raise TypeError(f"{self.name}: the argument {called}: {error}") from None
            key.append(found)
            if look is not None:
                call.looks[place] = look
            if type(found) is tuple and found[0] == "module":
                modules.append(look.identities if look else tuple(map(id, parameters_of(held) or [])))
        if len(modules) > 1 and len(set().union(*modules)) < sum(map(len, modules)):
            key[0] = *call.names, shared(modules)
        if self._owner is not None:
            key.append(owned(self._owner, looks))
        return tuple(key)

    def again(self, args: tuple[Any, ...], kwargs: dict[str, Any], looks: Looks) -> Callable[[], Call]:
        """Return what gives the call of these arguments, with their numbers of then.

        It raises ValueError where their structure is another than it is now.
        """
        now = self.call(args, kwargs)
        structures, samples = self.structures(now, looks), now.samples

        def call() -> Call:
            then = self.call(args, kwargs)
            if then.samples != samples or self.structures(then, looks) != structures:
                raise ValueError(CHANGED)
            return then

        return call

    def _places(self, positional: int, names: tuple[str, ...]) -> set[int]:
        """Return the places of the batched arguments in a call."""
        places = set()
        for wanted in self._batch:
            if isinstance(wanted, str):
                if wanted in names:
                    places.add(positional + names.index(wanted))
                elif wanted in self._parameters and self._parameters.index(wanted) < positional:
                    places.add(self._parameters.index(wanted))
                else:
                    raise TypeError(f"{self.name}: batch names {wanted!r}, which this call does not give")
            elif -positional <= wanted < positional:
                places.add(wanted % positional)
            else:
                raise TypeError(f"{self.name}: batch says argument {wanted}, but the call has {positional}")
        return places


def owner_of(f: Any) -> Any:
    """Return the module whose method a function is, or that it is itself; None for any other function."""
    try:
        f = inspect.unwrap(f)  # what `grad` and its like made of one
        while isinstance(f, partial):
            f = f.func
        owner = f.__self__ if isinstance(f, MethodType) else f
        return None if parameters_of(owner) is None else owner
    except (TypeError, ValueError):  # it wraps itself, or has parameters of another kind
        return None


def owned(owner: Any, looks: Looks) -> Any:
    """Return the structure of the module whose method is recorded, and who its parameters are.

    To the recording these are Values from around the function: it reads those that were there.
    """
    found, look = looks.structure(owner)
    return *found, look.identities if look else tuple(map(id, parameters_of(owner) or []))


def shared(identities: Iterable[Iterable[int]]) -> tuple[tuple[int, int], ...]:
    """Return which parameters of several modules are the same: places in a row of all of them, in pairs."""
    known: dict[int, int] = {}
    row = enumerate(chain.from_iterable(identities))
    first = [(known.setdefault(identity, place), place) for place, identity in row]
    return tuple([pair for pair in first if pair[0] != pair[1]])


def one_sample(argument: Any) -> Any:
    """Return the first sample of a batched argument; of truth values it is a number, as in the batch."""
    if hasattr(argument, "__array__") and not isinstance(argument, np.ndarray):
        argument = np.asarray(argument)  # a table or a tensor of another library
    try:
        first = argument[0]
        if isinstance(first, bool):
            return float(first)
        return first.astype(float) if getattr(getattr(first, "dtype", None), "kind", "") == "b" else first
    except (IndexError, KeyError, TypeError):
        raise ValueError(
            f"a batch needs at least one sample along its first axis, got {described(argument)}"
        ) from None


def as_batch(argument: Any, name: str, dtype: str) -> Floats:
    """Return the numbers of a batched argument, a line for each sample."""
    try:
        given = np.asarray(argument)
        if given.dtype.kind not in "fiub":
            _check_objects(given)
        array: Floats = given.astype(dtype, copy=False)
    except (OverflowError, TypeError, ValueError) as error:
        several = isinstance(argument, dict) or (
            isinstance(argument, list | tuple) and _holds(argument, dict)
        )
        hint = "; pass what it holds as arguments of their own, each an array" if several else ""
        raise TypeError(
            f"the batched argument {name} must be an array of numbers, or lists that make one, got "
            f"{described(argument)}: {error}{hint}"
        ) from None
    if isinstance(argument, np.ma.MaskedArray):
        raise TypeError(f"the batched argument {name}: {MASKED}")
    if array.ndim == 0 or len(array) == 0:
        raise ValueError(f"the batched argument {name} needs at least one sample, got {described(argument)}")
    return array.reshape(len(array), -1)


def _holds(argument: Sequence[Any], kind: type) -> bool:
    return len(argument) > 0 and isinstance(argument[0], kind)


def _check_objects(given: NDArray[Any]) -> None:
    """Raise TypeError for an array of anything but real numbers: NumPy would make nan of None, 2 of "2"."""
    if given.dtype.kind != "O":
        raise TypeError(f"its elements are of type {given.dtype}")
    for element in given.ravel().tolist():
        if element is None or isinstance(element, str | bytes | complex) or not hasattr(element, "__float__"):
            raise TypeError(f"{described(element)} is no number")


def is_plain_array(held: Any, dtype: str) -> bool:
    """Return whether `held` is an array that machine code can read where it is."""
    return (
        type(held) is np.ndarray
        and held.dtype == dtype
        and held.dtype.isnative
        and held.flags.c_contiguous
        and held.flags.aligned
    )


def in_place(lines: Floats, dtype: str) -> bool:
    """Return whether machine code can read samples where they are, a line for each.

    They are contiguous, or the samples are neighbours: an array in Fortran's order, the transpose of one that
    has a line for each of a sample's numbers, or windows that slide along a row.
    """
    if is_plain_array(lines, dtype):
        return True
    down, along = lines.strides
    columns = down == lines.itemsize and along != 0
    return columns and lines.dtype == dtype and lines.dtype.isnative and lines.flags.aligned


def numbers_of(argument: Any) -> Any:
    """Return the numbers in an argument, in a row."""
    if isinstance(argument, float):
        return (argument,)
    if isinstance(argument, np.ndarray) and argument.dtype.kind in "fiu":
        return argument.ravel()
    if is_row(argument):
        return argument
    parameters = parameters_of(argument)
    if parameters is not None:
        with alone:
            return [parameter.data for parameter in parameters]
    leaves = flatten(argument)[0]
    return [leaf.data if isinstance(leaf, Value) else float(leaf) for leaf in leaves]
