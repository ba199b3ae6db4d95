"""The table that `Module.summary` returns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..engine import Value
from . import state

if TYPE_CHECKING:
    from .module import Module


@dataclass(frozen=True)
class SummaryRow:
    """One layer: its dotted path, what it is, the shapes it has in a state, its number of parameters."""

    name: str
    layer: str
    shapes: dict[str, state.Shape]
    parameters: int


@dataclass(frozen=True)
class Summary:
    """The layers of a model; printed, a table. A parameter that layers share counts in the first one."""

    rows: tuple[SummaryRow, ...]

    @property
    def parameters(self) -> int:
        """How many parameters the model has."""
        return sum(row.parameters for row in self.rows)

    def __str__(self) -> str:
        table = [("name", "layer", "shapes", "parameters")]
        for row in self.rows:
            shapes = ", ".join([f"{name} {state.shown(shape)}" for name, shape in row.shapes.items()])
            table.append((row.name, row.layer, shapes, f"{row.parameters:,}"))
        table.append(("total", "", "", f"{self.parameters:,}"))
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        sides = "<<<>"  # counts stand at the right
        return "\n".join(
            "  ".join([f"{cell:{s}{w}}" for cell, s, w in zip(line, sides, widths, strict=True)])
            for line in table
        )

    __repr__ = __str__


def summary_of(model: "Module") -> Summary:
    """Return a row for each module that has parameters of its own or holds no other module."""
    entries: dict[str, list[state.Entry]] = {}
    for entry in state.entries(model):
        entries.setdefault(entry.owner, []).append(entry)
    counted: set[Value] = set()
    rows = []
    inside_a_layer: set[int] = set()
    for name, module in model.named_modules():
        if id(module) in inside_a_layer:
            continue
        own = entries.get(name, [])
        if any(isinstance(part, state.Matrix) for _, _, part in module._held_as_state()):
            inside_a_layer |= {id(neuron) for neuron in module.modules()}
        if own or not module.children():
            shapes = {entry.key.removeprefix(f"{name}."): state.shape(entry.cells) for entry in own}
            cells = {cell for entry in own for cell in state.values(entry.cells)}
            rows.append(SummaryRow(name or "(model)", module._head(), shapes, len(cells - counted)))
            counted |= cells
    return Summary(tuple(rows))
