"""Examples as rows of numbers: what machine code reads of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine import RecordingError, Value, where
from ...engine.compiler.record import structure
from ...engine.tree import flatten
from ...engine.value import described
from ..step import check_loss

Floats = NDArray[np.float64]
Examples = Sequence[Any] | NDArray[Any]

MOST_CASES = 32
"""Up to how many different targets the loss is recorded once for each of them."""


class Inputs:
    """How inputs of one structure lie in rows: the numbers in them, in a row."""

    def __init__(self, first: Any) -> None:
        self._structure = structure(first)
        leaves, self.rebuild = flatten(first)
        self.count = len(leaves)
        self._shape = _shape_of(first, self.count)

    def rows(self, inputs: Examples) -> NDArray[Any]:
        """Return a row for each input.

        Raises RecordingError where one has another structure than the first, or holds Values.
        """
        fast = None if self._shape is None else _regular(inputs, self._shape)
        if fast is not None:
            return fast
        rows = np.empty((len(inputs), self.count))
        for place, x in enumerate(inputs):
            if structure(x) != self._structure:
                raise RecordingError(
                    f"inputs[{place}] has another structure than inputs[0], and machine code is made for "
                    f"one: {described(x)}; compiled_step takes batches of a structure each"
                )
            rows[place] = _numbers(flatten(x)[0], f"inputs[{place}]")
        return rows


class Targets:
    """How targets lie in rows.

    Numbers in them that may have any value are read as such. The others are cases: classes, sides, labels
    of any kind. A row holds the number of its case, and the loss is recorded once for each, with the target
    as the user gave it; so a loss may branch on it, count with it, look it up.

    in_cases: False for reading every number.  read: False for reading none.
    """

    def __init__(self, targets: Sequence[Any], in_cases: bool, read: bool = True) -> None:
        self._cases: dict[Any, int] = {}
        self._known: dict[Any, int] = {}
        """The same for targets of one number or text, by their class and themselves."""
        self._first: list[tuple[list[Any], Callable[[Sequence[Any]], Any]]] = []
        self._read: list[int] = []
        """Which numbers of a target are read, by their place in it."""
        flat = [flatten(target)[0] for target in targets]
        same = len({structure(target) for target in targets}) == 1
        if same and not in_cases:
            self._read = list(range(len(flat[0])))
        elif same and read:
            self._read = [
                place
                for place, column in enumerate(zip(*flat, strict=True))
                if not all(map(_is_whole, column))
            ]
        for target in targets:
            self._case(target, new=True)
        self.several = len(self._cases) > 1
        if self.several and not in_cases:
            raise RecordingError(
                f"the targets differ in structure, and have more than {MOST_CASES} different values: machine "
                "code reads numbers of one structure, or as many cases"
            )
        if len(self._cases) > MOST_CASES:
            raise RecordingError(f"the targets have more than {MOST_CASES} different values")
        self.count = len(self._read) + self.several
        self.any_cases = self.several or any(len(self._read) < len(leaves) for leaves, _ in self._first)
        """Whether there is anything in a target that is not read as a number."""
        self._shape = None if self.any_cases else _shape_of(targets[0], self.count)
        self.in_a_row = self._shape == (self.count,)
        """Whether every target is numbers in a row, all of which are read."""

    def rows(self, targets: Examples) -> NDArray[Any]:
        """Return a row for each target; raises KeyError for one that is no case so far."""
        fast = None if self._shape is None else _regular(targets, self._shape)
        if fast is not None:
            return fast
        rows = np.empty((len(targets), self.count))
        if not self._read and self.several:
            try:
                rows[:, 0] = [self._known[target.__class__, target] for target in targets]
                return rows
            except (KeyError, TypeError):  # the slow way says whether it is new, or a list
                pass
        for row, target in zip(rows, targets, strict=True):
            case, leaves = self._case(target)
            if self.several:
                row[0] = case
            row[self.several :] = leaves
        return rows

    def recorded(self, loss: Callable[[Any, Any], Any], output: Any, row: Sequence[Any]) -> Any:
        """Return the loss of an output beside the target that stands in a row of stand-ins."""
        read = row[self.several :]
        results = []
        with row[0].recorder.sharing() if self.several else nullcontext():
            for leaves, rebuild in self._first:
                given = list(leaves)
                for place, number in zip(self._read, read, strict=True):
                    given[place] = number
                results.append(loss_of_one(loss, output, rebuild(given)))
        chosen = results[-1]
        for case in reversed(range(len(results) - 1)):
            chosen = where(row[0] == case, results[case], chosen)
        return chosen

    def _case(self, target: Any, new: bool = False) -> tuple[int, list[float]]:
        leaves, rebuild = flatten(target)
        kept = _kept([leaf for place, leaf in enumerate(leaves) if place not in self._read])
        key = structure(target), kept
        if new and key not in self._cases:
            self._cases[key] = len(self._cases)
            self._first.append((leaves, rebuild))
        if isinstance(target, int | float | str):
            self._known[target.__class__, target] = self._cases[key]
        return self._cases[key], _numbers([leaves[place] for place in self._read], "a target")


def loss_of_one(loss: Callable[[Any, Any], Any], output: Any, target: Any) -> Any:
    """Return the loss of an example. What it raises gets a note, where it may take a batch for an example."""
    try:
        made = loss(output, target)
    except TypeError as error:
        if not isinstance(error, RecordingError):
            error.add_note(
                "The loss is called for one example, loss(model(x), y); a batch has the mean of these."
            )
        raise
    check_loss(made)
    return made


def check_alike(examples: Sequence[tuple[Any, Any]]) -> None:
    """Raise RecordingError where an input has another structure than the first, before a model sees both."""
    Inputs(examples[0][0]).rows([x for x, _ in examples])


def shape_of(x: Any, y: Any) -> tuple[Any, bool]:
    """Return what tells batches apart that need recordings of their own, by their first example.

    The structure of its input, and of its target the class and how many numbers it has; but for one number:
    that may be a label as well as a text may. And whether both are lists of numbers.
    """
    plain = _is_plain(x)
    if plain:
        shape: Any = len(x)
    else:
        shape = x.shape if isinstance(x, np.ndarray) and x.dtype.kind in "fiu" else structure(x)
    if _is_plain(y):
        return (shape, list, len(y)), plain
    if isinstance(y, np.ndarray):
        return (shape, np.ndarray, y.size), False
    return (shape, list, 1 if isinstance(y, int | float | str) else max(len(flatten(y)[0]), 1)), False


def _is_plain(held: Any) -> bool:
    return type(held) is list and _NUMBERS.issuperset(map(type, held))


_NUMBERS = {int, float, np.float64}


def key_of(target: Any) -> Any:
    """Return what tells targets apart."""
    return structure(target), _kept(flatten(target)[0])


def ways_to_read(targets: Sequence[Any]) -> Iterator[Targets]:
    """Yield how the targets may lie in rows, what most likely suits the user's loss first.

    One whole number in each is a class or a side, and a case; several are rather a sequence, of tokens say,
    of which no two are alike. Raises RecordingError where no way is possible.
    """
    single = sum(map(_is_whole, flatten(targets[0])[0])) < 2
    ways = [(True, True), (False, True)] if single else [(False, True), (True, True)]
    refused: list[RecordingError] = []
    for in_cases, read in (*ways, (True, False)):
        try:
            targets_in_rows = Targets(targets, in_cases, read)
        except RecordingError as error:
            refused.append(error)
        else:
            yield targets_in_rows
    if len(refused) == 3:
        raise refused[ways.index((False, True))]


def _shape_of(example: Any, count: int) -> tuple[int, ...] | None:
    """Return the shape of an input or target that is `count` numbers for NumPy too, None of others."""
    try:
        array = np.asarray(example)
    except ValueError:
        return None
    return array.shape if array.dtype.kind in "fiu" and array.size == count else None


def _regular(held: Examples, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """Return the rows of what NumPy can read at once, plain numbers each of that shape; else None."""
    try:
        array = np.asarray(held)
    except ValueError:
        return None
    if array.dtype.kind not in "fiu" or array.shape[1:] != shape:
        return None
    return array.reshape(len(held), -1)


def _numbers(leaves: Sequence[Any], what: str) -> list[float]:
    for leaf in leaves:
        if isinstance(leaf, Value | complex):
            raise RecordingError(f"{what} holds {described(leaf)}; machine code reads plain numbers")
    return [float(leaf) for leaf in leaves]


def _kept(leaves: Sequence[Any]) -> tuple[Any, ...]:
    """Return what tells numbers apart that a loss is given as they are: it may take 1 and refuse 1.0."""
    return *leaves, *[isinstance(leaf, int | np.integer) for leaf in leaves]


def _is_whole(number: Any) -> bool:
    return not isinstance(number, Value | complex) and float(number).is_integer()
