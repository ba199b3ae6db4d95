"""The weights of a model as colours: matrices layer by layer, or the weights of each neuron as an image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...engine import Value
from ...engine.value import described
from ...engine.words import number
from ...nn import Module
from ...nn.state import entries, shape
from .sheet import FilePath, PlotTheme, Sheet, beyond, check_place, drawable, sheet, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CELLS = 100_000
"""How many numbers one picture shows."""
MOST_LAYERS = 16
MOST_IMAGES = 100
_WRITTEN = 100
"""Up to this many cells have their numbers written in them."""
_DASHED = 4096
"""Up to this many cells have a dash where the number is negative."""
Cell = float | None
"""A number; None where there is no connection."""


def plot_weights(
    model: Module,
    ax: Axes | None = None,
    *,
    layers: Sequence[str] | None = None,
    gradients: bool = False,
    shape: tuple[int, int] | None = None,
    limit: float | None = None,
    path: FilePath | None = None,
    theme: PlotTheme = "light",
) -> Figure:
    """Plot weights as colours, orange above 0 and blue below; return the figure.

    Each layer has a panel with a row for each neuron, a column for each input, and the bias apart at the
    right. Small ones have their numbers written in the cells, others a dash where a number is negative.
    0 has the colour of the ground; connections that do not exist are hatched.

    model: any Module: a network, a layer, a neuron, an embedding.
    layers: the names of those to show, at most 16; all without it. The panel of one goes into `ax`.
    gradients: show dL/dw in place of w.
    shape: (rows, columns) of the inputs, where they are an image: then each neuron of one layer has a panel
    that shows its weights where their pixels are, at most 100 neurons, without the bias.
    limit: the size that has the strongest colour, as have all beyond it; the largest there is without it.
    ax, path, theme: as for `plot_history`.
    Raises ImportError without matplotlib; TypeError for what is no Module; ValueError for a model without
    parameters, unknown names (it lists those there are), too many layers, images or numbers (100,000), a
    shape that is not the inputs', gradients that are all 0, numbers that are all nan or inf, and a limit
    that is not above 0.

    >>> from chainrule.nn import MLP
    >>> figure = plot_weights(MLP(2, [3, 1], seed=1))
    >>> [panel.get_title(loc="left") for panel in figure.axes[:2]]
    ['layers.0: 3 neurons, 2 inputs', 'layers.1: 1 neuron, 3 inputs']
    """
    check_place("plot_weights", ax, path, theme)
    if not isinstance(model, Module):
        raise TypeError(
            f"plot_weights takes a Module, such as an MLP or one of its layers, got {described(model)}"
        )
    if limit is not None and not (isinstance(limit, int | float) and 0.0 < limit < math.inf):
        raise ValueError(f"plot_weights(limit=...) takes a number above 0, got {limit!r}")
    tables = _chosen(_tables(model, gradients), layers)
    if shape is not None:
        tables = _images(tables, shape)
        if len(tables) > MOST_IMAGES:
            raise ValueError(
                f"plot_weights draws {MOST_IMAGES} images at most, and there are {len(tables)} neurons"
            )
    elif len(tables) > MOST_LAYERS:
        raise ValueError(
            f"plot_weights draws {MOST_LAYERS} layers at most, and there are {len(tables)}: choose some, "
            f"layers={[table.name for table in tables[:2]]}"
        )
    numbers = [x for table in tables for x in table.numbers if drawable(x)]
    _check_numbers(tables, numbers, gradients)
    strongest = float(limit or max(map(abs, numbers)) or 1.0)
    columns = min(len(tables), 8) if shape is not None else 1 if len(tables) <= 4 else 2
    rows = math.ceil(len(tables) / columns)
    heights = [max(table.height for table in tables[i * columns : (i + 1) * columns]) for i in range(rows)]
    size = (0.3 + 6.1 * columns, 0.4 + sum(heights))
    if shape is not None:
        heights = [1.35] * rows
        size = (max(0.9 + 1.15 * columns, 3.2), 0.4 + sum(heights))
    what = "Gradients dL/dw" if gradients else "Weights"
    with sheet(
        "plot_weights", ax, path, theme, rows=rows, columns=columns, size=size, heights=heights,
        title=what if shape is None else f"{what} of each neuron, where its inputs are",
        one_by="choose a layer, layers=['...']",
    ) as page:  # fmt: skip
        for panel, table in zip(page.panels, tables, strict=False):
            shades = _draw(page, panel, table, strongest, image=shape is not None)
        for panel in page.panels[len(tables) :]:
            panel.set_axis_off()
        _key(page, shades, strongest, what, max(map(abs, numbers)) > strongest)
        _say(page, tables, numbers, what)
    return page.figure


@dataclass(frozen=True)
class _Table:
    """Numbers in rows, and what is beside them."""

    name: str
    rows: list[list[Cell]]
    bias: list[Cell] | None = None

    @property
    def numbers(self) -> list[float]:
        return [x for row in (*self.rows, self.bias or []) for x in row if x is not None]

    @property
    def width(self) -> int:
        return len(self.rows[0])

    @property
    def height(self) -> float:
        """In inches."""
        return min(max(0.26 * len(self.rows), 0.3), 3.2) + 0.8


def _tables(model: Module, gradients: bool) -> list[_Table]:
    """Return the matrices of a model, each with the bias beside it, and lists of parameters as rows."""
    found: dict[str, list[list[Cell]]] = {}
    for entry in entries(model):
        size = shape(entry.cells)
        if len(size) > 2 or any(not isinstance(length, int) for length in size):
            raise ValueError(
                f"plot_weights shows numbers and matrices; {entry.key} has the shape {list(size)}"
            )
        rows = entry.cells if len(size) == 2 else [entry.cells] if size else [[entry.cells]]
        found[entry.key] = [[_cell(cell, gradients) for cell in row] for row in rows]
    if not found:
        raise ValueError(f"plot_weights: {type(model).__name__} has no parameters")
    tables = []
    for key, rows in found.items():
        owner, _, last = key.rpartition(".")
        beside = f"{owner}." if owner else ""
        weights = found.get(f"{beside}weight")
        if last == "bias" and weights is not None and len(weights) == len(rows[0]):
            continue
        bias = found.get(f"{beside}bias") if last == "weight" else None
        fits = bias is not None and len(bias) == 1 and len(bias[0]) == len(rows)
        name = (owner or type(model).__name__) if last == "weight" else key
        tables.append(_Table(name, rows, bias[0] if fits and bias else None))
    return tables


def _cell(cell: Any, gradients: bool) -> Cell:
    if not isinstance(cell, Value):
        return None  # a sparse layer's missing connection
    return float(cell.grad if gradients else cell.data)


def _chosen(tables: list[_Table], layers: Sequence[str] | None) -> list[_Table]:
    if layers is None:
        return tables
    names = [table.name for table in tables]
    wanted = [layers] if isinstance(layers, str) else list(layers)
    unknown = [name for name in wanted if name not in names]
    if unknown or not wanted:
        said = f"got {unknown[0]!r}" if unknown else "got none"
        raise ValueError(f"plot_weights(layers=...): {said}; the layers are {', '.join(names)}")
    return [table for table in tables if table.name in wanted]


def _images(tables: list[_Table], size: tuple[int, int]) -> list[_Table]:
    """Return the weights of each neuron of a layer as an image."""
    if len(tables) > 1:
        raise ValueError(
            f"plot_weights(shape=...) shows the neurons of one layer, and there are {len(tables)}: choose "
            f"it, layers=[{tables[0].name!r}]"
        )
    try:
        high, wide = (int(length) for length in size)
    except (TypeError, ValueError):
        raise TypeError(
            f"plot_weights(shape=...) takes (rows, columns), such as (8, 8), got {size!r}"
        ) from None
    [table] = tables
    if high < 1 or wide < 1 or high * wide != table.width:
        raise ValueError(f"plot_weights(shape=({high}, {wide})): {table.name} has {table.width} inputs")
    return [
        _Table(f"neuron {place}", [row[start : start + wide] for start in range(0, high * wide, wide)])
        for place, row in enumerate(table.rows)
    ]


def _check_numbers(tables: Sequence[_Table], finite: Sequence[float], gradients: bool) -> None:
    if (cells := sum(len(table.numbers) for table in tables)) > MOST_CELLS:
        raise ValueError(
            f"plot_weights shows {MOST_CELLS:,} numbers at most, got {cells:,}: choose some layers"
        )
    if not finite:
        said = beyond(x for table in tables for x in table.numbers)
        raise ValueError(f"plot_weights has nothing to draw: all numbers are {said}")
    if gradients and not any(finite):
        raise ValueError("plot_weights(gradients=True): every gradient is 0: call loss.backward() first")


def _draw(page: Sheet, panel: Any, table: _Table, strongest: float, *, image: bool) -> Any:
    """Draw one table and return what a key of colours needs."""
    rows = [list(row) for row in table.rows]
    if table.bias is not None:  # apart from the weights by a column of nothing
        rows = [[*row, math.nan, cell] for row, cell in zip(rows, table.bias, strict=True)]
    numbers = [[math.nan if cell is None or not drawable(cell) else cell for cell in row] for row in rows]
    shades = panel.imshow(
        numbers, cmap=page.look.diverging(), vmin=-strongest, vmax=strongest, interpolation="nearest",
        aspect="equal" if image else "auto",
    )  # fmt: skip
    _marks(page, panel, rows, table.width, strongest, image=image)
    for side in ("left", "bottom"):
        panel.spines[side].set_visible(False)
    if image:
        panel.set_title(table.name, fontsize=9)
        panel.set_xticks([])
        panel.set_yticks([])
        for spine in panel.spines.values():
            spine.set(visible=True, color=page.look["zero"])
        return shades
    neurons = f"{len(rows)} neuron{'s' * (len(rows) > 1)}"
    panel.set_title(
        f"{shown(table.name)}: {neurons}, {table.width} input{'s' * (table.width > 1)}", loc="left"
    )
    every = math.ceil(table.width / 16)
    columns = list(range(0, table.width, every))
    labels = [str(i) for i in columns]
    if table.bias is not None:
        columns, labels = [*columns, table.width + 1], [*labels, "bias"]
    panel.set_xticks(columns, labels)
    panel.set_yticks(range(0, len(rows), math.ceil(len(rows) / 12)))
    panel.tick_params(length=0)
    panel.set_xlabel("input")
    panel.set_ylabel("neuron")
    return shades


def _marks(
    page: Sheet, panel: Any, rows: Sequence[Sequence[Cell]], width: int, strongest: float, *, image: bool
) -> None:
    """Write the numbers into few cells, a dash into negative ones of more; hatch what is no number."""
    from matplotlib.patches import Rectangle

    look = page.look
    cells = [(i, j, x) for i, row in enumerate(rows) for j, x in enumerate(row) if j != width]
    written = not image and len(cells) <= _WRITTEN and width <= 12
    colours = look.diverging()
    for i, j, x in cells:
        if x is None or not drawable(x):
            panel.add_patch(
                Rectangle(
                    (j - 0.5, i - 0.5),
                    1.0,
                    1.0,
                    fill=False,
                    linewidth=0.0,
                    hatch="////" if x is None else "xxxx",
                    edgecolor=look["line"] if x is None else look["bad"],
                )
            )
        elif written:
            ink = look.on(colours(0.5 + 0.5 * x / strongest))
            panel.text(j, i, _in_cell(x), ha="center", va="center", fontsize=7.5, color=ink)
    if not written and len(cells) <= _DASHED:
        negative = [(j, i) for i, j, x in cells if x is not None and drawable(x) and x < -0.02 * strongest]
        if negative:
            xs, ys = zip(*negative, strict=True)
            panel.plot(xs, ys, linestyle="", marker="_", color=look["ink"], markersize=3, markeredgewidth=0.6)


def _in_cell(x: float) -> str:
    """Return a number short enough for a cell."""
    return (f"{x:.2f}" if x == 0.0 or 0.005 <= abs(x) < 100.0 else f"{x:.0e}").replace("-", "−")


def _key(page: Sheet, shades: Any, strongest: float, what: str, beyond: bool) -> None:
    bar = page.figure.colorbar(
        shades, ax=page.panels, shrink=0.8, aspect=30, pad=0.02, extend="both" if beyond else "neither"
    )
    bar.set_ticks([-strongest, 0.0, strongest], labels=[f"−{number(strongest)}", "0", number(strongest)])
    bar.set_label(f"{what.split()[-1] if what.startswith('G') else 'w'}: − blue, + orange")
    bar.outline.set_visible(False)


def _say(page: Sheet, tables: Sequence[_Table], finite: Sequence[float], what: str) -> None:
    numbers = [x for table in tables for x in table.numbers]
    says = f"{len(numbers):,} numbers from {number(min(finite))} to {number(max(finite))}"
    if broken := len(numbers) - len(finite):
        says += f"; {broken:,} are {beyond(numbers)}, crossed out"
    page.say(says)
