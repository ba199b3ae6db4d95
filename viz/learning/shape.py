"""What a model's numbers are: matrices by layer, and whether they make a chain of dense layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...engine import Value
from ...engine.words import cut, plain
from ...nn import Layer, Module, SparseLayer
from ...nn.state import entries


@dataclass(frozen=True)
class Matrix:
    """One matrix of a layer; a bias is one of a single row."""

    layer: str
    """The layer's name in the model: `layers.0`."""
    name: str
    """The matrix's: `weight`, `bias`."""
    rows: int
    columns: int
    absent: tuple[int, ...]
    """Cells, counted row by row, where a sparse layer has no connection; their number is always 0."""
    dense: bool
    """Whether it belongs to a layer of neurons, and not to an embedding, say."""

    @property
    def size(self) -> int:
        """How many cells it has."""
        return self.rows * self.columns


@dataclass(frozen=True)
class Dense:
    """A layer of a chain: the places of its matrices, and what goes in and out."""

    weight: int
    bias: int | None
    nin: int
    nout: int


class Shape:
    """The matrices of a model, and the parameter in each cell.

    model: a Module, or anything else, whose `parameters` then make one matrix of a row.
    """

    def __init__(self, model: Any, parameters: Iterable[Value] = ()) -> None:
        self.model = model
        self.matrices: list[Matrix] = []
        self.cells: list[Value | None] = []
        """The parameters of all matrices, matrix by matrix, row by row; None where there is none."""
        layers = model.named_modules() if isinstance(model, Module) else ()
        dense = {path for path, part in layers if isinstance(part, Layer | SparseLayer)}
        for owner, name, cells in self._found(parameters):
            self._add(name, cells, owner in dense)

    def _found(self, parameters: Iterable[Value]) -> list[tuple[str, str, Any]]:
        if isinstance(self.model, Module):
            try:
                return [(entry.owner, entry.key, entry.cells) for entry in entries(self.model)]
            except ValueError:  # names clash: that is no reason not to look
                parameters = self.model.parameters()
        return [("?", "parameters", list(parameters))]

    def _add(self, key: str, cells: Any, dense: bool) -> None:
        rows = _rows(cells)
        flat = [cell for row in rows for cell in row]
        if not flat:
            return
        # Rows of different lengths, which no layer here has, go into one.
        same = len({len(row) for row in rows}) == 1
        shape = (len(rows), len(rows[0])) if same else (1, len(flat))
        owner, _, name = key.rpartition(".")
        absent = tuple([i for i, cell in enumerate(flat) if not isinstance(cell, Value)])
        self.matrices.append(Matrix(cut(plain(owner)), cut(plain(name)), *shape, absent, dense))
        self.cells += [cell if isinstance(cell, Value) else None for cell in flat]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shape) and self.matrices == other.matrices

    __hash__ = None  # type: ignore[assignment]  # it is compared, never looked up

    def __str__(self) -> str:
        sizes = [f"{one.layer}.{one.name} {one.rows}×{one.columns}".lstrip(".") for one in self.matrices]
        return ", ".join(sizes[:6] + ["…"] * (len(sizes) > 6)) or "no parameters"

    def chain(self) -> list[Dense]:
        """Return the layers where each takes what the one before gives, judged by their order and sizes.

        An empty list where they do not.
        """
        found: list[Dense] = []
        place = 0
        while place < len(self.matrices):
            weight = self.matrices[place]
            after: Sequence[Matrix] = self.matrices[place + 1 : place + 2]
            has_bias = any(one.layer == weight.layer and one.name == "bias" for one in after)
            fits = not found or found[-1].nout == weight.columns
            if (
                not weight.dense
                or weight.name != "weight"
                or not fits
                or (has_bias and after[0].size != weight.rows)
            ):
                return []
            found.append(Dense(place, place + 1 if has_bias else None, weight.columns, weight.rows))
            place += 1 + has_bias
        return found


def _rows(cells: Any) -> list[list[Any]]:
    """Return cells as rows, whatever they are nested in: the last level is a row."""
    if not isinstance(cells, list | tuple):
        return [[cells]]
    level: list[Any] = [list(cells)]
    while any(isinstance(cell, list | tuple) for row in level for cell in row):
        level = [list(cell) if isinstance(cell, list | tuple) else [cell] for row in level for cell in row]
    return level
