"""Jacobians of which most entries are zero: which those are, and the others alone.

An output depends on an input where the recorded graph leads from the one to the other. So a row of the
Jacobian needs no more than the operations on the way to its output, and n rows of a chain of n links take
as long as one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import chain
from typing import Any, Literal

from .graph import operations
from .recorded import Argnums, Recorded, check_function, record
from .value import Value, described


@dataclass(frozen=True)
class Sparsity:
    """Which entries of a matrix may differ from zero: those at rows[k], cols[k]. See `jacobian_sparsity`.

    shape: how many rows and columns the matrix has.

    >>> pattern = Sparsity(rows=[0, 0, 2], cols=[0, 3, 1], shape=(3, 4))
    >>> pattern.indptr, len(pattern)
    ([0, 2, 2, 3], 3)
    """

    rows: list[int]
    cols: list[int]
    shape: tuple[int, int]

    @property
    def indptr(self) -> list[int]:
        """Where each row's entries begin, and where the last one's end: as in `scipy.sparse.csr_matrix`.

        Raises ValueError where the entries do not stand row by row.
        """
        counts = [0] * (self.shape[0] + 1)
        for row, before in zip(self.rows, [0, *self.rows], strict=False):
            if row < before:
                raise ValueError("indptr needs the entries row by row, and they stand in another order")
            counts[row + 1] += 1
        for row in range(self.shape[0]):
            counts[row + 1] += counts[row]
        return counts

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self.rows)


def jacobian_sparsity(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Sparsity]:
    """Return a function that finds which entries of f's Jacobian may differ from zero: its `Sparsity`.

    It runs f once on Values, whose graph leads from each output to the inputs that it depends on. Rows are
    the numbers of f's result and columns those of the arguments, in the order in which they stand there; the
    entries come row by row. They hold for every call that takes the same ways through f's own branches; an
    entry may be there that is zero, by chance or always (x - x). Of `take` a run on numbers knows only the
    row that it took: inside a function that `compile` records it is all of them.

    >>> pattern = jacobian_sparsity(lambda x: [x[1] - x[0], x[2] * x[2]])([1.0, 2.0, 3.0])
    >>> list(zip(pattern.rows, pattern.cols))
    [(0, 0), (0, 1), (1, 2)]
    """
    check_function(f, "jacobian_sparsity")

    @wraps(f)
    def found(*args: Any, **kwargs: Any) -> Sparsity:
        run = record(f, args, kwargs, argnums, "jacobian_sparsity")
        columns = [some for some, _ in _dependencies(run)]
        rows = [row for row, some in enumerate(columns) for _ in some]
        return Sparsity(rows, list(chain(*columns)), (len(run.outputs), len(run.inputs)))

    return found


def entries_of(run: Recorded, sparsity: Any, mode: Literal["reverse", "forward"]) -> Any:
    """Return d output / d input for the entries of a pattern, in its order; see `jacobian`.

    Each is the number that the whole Jacobian has there, to the last bit. Raises ValueError for a pattern of
    another shape, with an entry that is not there or is there twice, and for one without an entry that f has.
    """
    rows, cols = _pattern(sparsity, len(run.outputs), len(run.inputs))
    place = {entry: k for k, entry in enumerate(zip(rows, cols, strict=True))}
    if len(place) < len(rows):
        twice = next(entry for k, entry in enumerate(zip(rows, cols, strict=True)) if place[entry] != k)
        raise ValueError(f"jacobian: the sparsity names the entry {twice} twice")
    found: list[Any] = [run.number(0.0)] * len(rows)
    by_column: dict[int, list[int]] = {}
    for row, (some, order) in enumerate(_dependencies(run)):
        for column in some:
            by_column.setdefault(column, []).append(row)
            if (row, column) not in place:
                raise ValueError(
                    f"jacobian: output {row} depends on input {column}, which the sparsity leaves out: name "
                    "that entry too (jacobian_sparsity finds all of them), or take the ones you want from "
                    "jacobian(f) without a sparsity"
                )
        if mode == "reverse" and some:
            inputs, outputs = [run.inputs[column] for column in some], [run.outputs[row]]
            part = run._replace(inputs=inputs, outputs=outputs, order=order)
            for column, number in zip(some, part.gradients([1.0]), strict=True):
                found[place[row, column]] = number
    if mode == "forward":
        users = _users(run.order)
        for column, some in by_column.items():
            inputs, outputs = [run.inputs[column]], [run.outputs[row] for row in some]
            part = run._replace(inputs=inputs, outputs=outputs, order=_above(inputs[0], users, run.order))
            for row, number in zip(some, part.directional([1.0]), strict=True):
                found[place[row, column]] = number
    arrays = hasattr(run.of_inputs([0.0] * len(run.inputs)), "__array__") or hasattr(
        run.of_outputs([0.0] * len(run.outputs)), "__array__"
    )
    return _array(found) if arrays else found


def _dependencies(run: Recorded) -> Iterator[tuple[list[int], list[Value]]]:
    """Yield for each output the numbers of the inputs it depends on, and the operations between."""
    column_of = {value: column for column, value in enumerate(run.inputs)}
    place_of = {node: place for place, node in enumerate(run.order)}
    for output in run.outputs:
        # In the order of the whole run, so that everything is added up as in the whole Jacobian.
        order = sorted(operations(output, placed=column_of.__contains__), key=place_of.__getitem__)
        ends = {output, *[operand for node in order for operand in node.operands]}
        yield sorted([column_of[value] for value in ends if value in column_of]), order


def _users(order: Iterable[Value]) -> dict[Value, list[int]]:
    """Return for each value the places in `order` of the operations that it is an operand of."""
    users: dict[Value, list[int]] = {}
    for place, node in enumerate(order):
        for operand in node.operands:
            users.setdefault(operand, []).append(place)
    return users


def _above(value: Value, users: dict[Value, list[int]], order: Sequence[Value]) -> list[Value]:
    """Return the operations that depend on `value`, in their order."""
    seen: set[int] = set()
    stack = [value]
    while stack:
        for place in users.get(stack.pop(), ()):
            if place not in seen:
                seen.add(place)
                stack.append(order[place])
    return [order[place] for place in sorted(seen)]


def _array(numbers: list[Any]) -> Any:
    import numpy

    if all(isinstance(number, float) for number in numbers):
        return numpy.array(numbers, dtype=float)
    made = numpy.empty(len(numbers), dtype=object)
    made[:] = numbers
    return made


def _pattern(sparsity: Any, outputs: int, inputs: int) -> tuple[list[int], list[int]]:
    """Return rows and columns of a pattern's entries. Raises TypeError and ValueError; see `jacobian`."""
    shape, rows, cols = _taken_apart(sparsity)
    if shape is not None and shape != (outputs, inputs):
        raise ValueError(
            f"jacobian: the sparsity has the shape {shape}, and the Jacobian {(outputs, inputs)}: f has "
            f"{outputs} outputs and {inputs} inputs"
        )
    if len(rows) != len(cols):
        raise ValueError(f"jacobian: the sparsity has {len(rows)} rows, but {len(cols)} columns for them")
    try:
        rows, cols = list(map(operator.index, rows)), list(map(operator.index, cols))
    except TypeError:
        raise _no_pattern(sparsity) from None
    for entry in zip(rows, cols, strict=True):
        if not (0 <= entry[0] < outputs and 0 <= entry[1] < inputs):
            raise ValueError(
                f"jacobian: the sparsity names the entry {entry}, which is not there: f has {outputs} "
                f"outputs and {inputs} inputs, counted from 0"
            )
    return rows, cols


def _taken_apart(sparsity: Any) -> tuple[tuple[int, ...] | None, Sequence[Any], Sequence[Any]]:
    """Return the shape of a pattern, where it has one, and its entries' rows and columns."""
    if isinstance(sparsity, Sparsity):
        return sparsity.shape, sparsity.rows, sparsity.cols
    if hasattr(sparsity, "tocoo"):  # SciPy's sparse matrices and arrays
        listed = sparsity.tocoo()
        return tuple(listed.shape), listed.row.tolist(), listed.col.tolist()
    if hasattr(sparsity, "__array__"):
        kind = getattr(getattr(sparsity, "dtype", None), "kind", "")
        if kind not in "biu" or len(sparsity.shape) != 2 or (kind != "b" and sparsity.shape[1] != 2):
            raise _no_pattern(sparsity)
        rows, cols = sparsity.nonzero() if kind == "b" else sparsity.T
        return tuple(sparsity.shape) if kind == "b" else None, rows.tolist(), cols.tolist()
    if isinstance(sparsity, tuple) and len(sparsity) == 2 and all(map(_is_sequence, sparsity)):
        rows, cols = (part.tolist() if hasattr(part, "tolist") else part for part in sparsity)
        return None, rows, cols
    if not _is_sequence(sparsity) or not all(map(_is_sequence, sparsity)):
        raise _no_pattern(sparsity)
    if any(isinstance(part, bool) for line in sparsity for part in line):
        width = len(sparsity[0])
        if any(len(line) != width or any(not isinstance(part, bool) for part in line) for line in sparsity):
            raise _no_pattern(sparsity)
        entries = [(i, j) for i, line in enumerate(sparsity) for j, is_there in enumerate(line) if is_there]
        return (len(sparsity), width), [i for i, _ in entries], [j for _, j in entries]
    if any(len(pair) != 2 for pair in sparsity):
        raise _no_pattern(sparsity)
    return None, [i for i, _ in sparsity], [j for _, j in sparsity]


def _is_sequence(held: Any) -> bool:
    return (
        hasattr(held, "__len__") and hasattr(held, "__getitem__") and not isinstance(held, str | bytes | dict)
    )


def _no_pattern(sparsity: Any) -> TypeError:
    return TypeError(
        "jacobian: sparsity is a list of pairs (row, column), a tuple (rows, columns), a table of truth "
        "values (for one of numbers: table != 0), a sparse matrix of SciPy or what jacobian_sparsity finds, "
        f"got {described(sparsity)}"
    )
