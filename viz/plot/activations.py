"""What each layer passes on over a data set: dead units, saturated ones, those that tell nothing apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from ...engine import no_grad
from ...engine.value import described
from ...nn import Module
from ...nn.data import as_rows
from ...nn.step import in_mode
from .sheet import FilePath, PlotTheme, Sheet, beyond, check_place, drawable, sheet, short, shown
from .watch import Seen, watching

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_INPUTS = 5000
MOST_LAYERS = 16
FLAT = 0.05
"""An output is saturated where the activation's slope is below this share of its largest slope."""
OFTEN = 0.9
"""A unit is saturated where its output is, for this share of the inputs or more."""
ALIKE = 1e-3
"""A layer tells inputs hardly apart where no unit's outputs differ by more than this."""
_BINS = 24

# The slope at an output, as a share of the largest slope there is.
_SLOPES: dict[str, Callable[[float], float]] = {
    "tanh": lambda a: 1.0 - a * a,
    "sigmoid": lambda a: 4.0 * a * (1.0 - a),
    "softsign": lambda a: (1.0 - abs(a)) ** 2,
}
_RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "softsign": (-1.0, 1.0)}


def plot_activations(
    model: Module,
    inputs: Sequence[Any],
    ax: Axes | None = None,
    *,
    layers: Sequence[str] | None = None,
    path: FilePath | None = None,
    theme: PlotTheme = "light",
) -> Figure:
    """Plot a histogram of what each layer passes on for some inputs; return the figure.

    Said in words: how many units are dead (exactly 0 for every input: through a relu they learn nothing
    any more), how many are saturated (tanh, sigmoid, softsign: a slope below 5% of the largest one for 90%
    of the inputs or more, so that little of the gradient comes through), and layers whose units pass on
    the same for every input.

    model: any Module; its layers are `Layer`, `Linear`, `SparseLayer`, neurons, and functions in a
    `Sequential`, else the model as a whole. It is called once for each input, without recording and in
    evaluation mode, and left as it was.
    inputs: 1 to 5000, each what the model takes; a list, an array or a frame.
    layers: the names of those to show, at most 16; all without it. The panel of one goes into `ax`.
    ax, path, theme: as for `plot_history`.
    Raises ImportError without matplotlib; TypeError for what is no Module; ValueError for no inputs or too
    many, for unknown names (it lists those there are), for too many layers, and where all outputs are nan
    or inf.

    >>> from chainrule.nn import MLP
    >>> model = MLP(1, [2, 1], seed=0)
    >>> for neuron, weight in zip(model.layers[0].neurons, [1.0, -1.0]):
    ...     neuron.w[0].data = weight
    >>> plot_activations(model, [[1.0], [2.0]],).words.splitlines()[2]
    '1 of 2 units is dead: 0 for every input.'
    """
    check_place("plot_activations", ax, path, theme)
    if not isinstance(model, Module):
        raise TypeError(f"plot_activations takes a Module, such as an MLP, got {described(model)}")
    call: Callable[[Any], Any] = cast(Any, model)  # a Module says how it is called itself
    rows = as_rows(inputs, "plot_activations")
    if not 1 <= len(rows) <= MOST_INPUTS:
        raise ValueError(f"plot_activations needs 1 to {MOST_INPUTS} inputs, got {len(rows)}")
    with no_grad(), in_mode(model, training=False), watching(model) as seen:
        for row in rows:
            call(row)
    found = _chosen({name: layer for name, layer in seen.items() if layer.outputs}, layers)
    if ax is not None and len(found) > 1:
        raise ValueError(
            f"plot_activations has {len(found)} layers to draw and got one ax: choose a layer, "
            f"layers=[{next(iter(found))!r}], or leave ax out"
        )
    columns = min(len(found), 2)
    lines = math.ceil(len(found) / columns)
    title = f"What each layer passes on for {len(rows):,} input{'s' * (len(rows) > 1)}"
    with sheet(
        "plot_activations", ax, path, theme, rows=lines, columns=columns, title=title,
        size=(6.4 if columns == 1 else 10.0, 0.6 + 2.9 * lines),
    ) as page:  # fmt: skip
        for panel, (name, layer) in zip(page.panels, found.items(), strict=False):
            _layer(page, panel, name, layer)
        for panel in page.panels[len(found) :]:
            panel.set_axis_off()
    return page.figure


def _chosen(found: dict[str, Seen], layers: Sequence[str] | None) -> dict[str, Seen]:
    if layers is not None:
        wanted = [layers] if isinstance(layers, str) else list(layers)
        unknown = [name for name in wanted if name not in found]
        if unknown or not wanted:
            said = f"got {unknown[0]!r}" if unknown else "got none"
            raise ValueError(f"plot_activations(layers=...): {said}; the layers are {', '.join(found)}")
        found = {name: layer for name, layer in found.items() if name in wanted}
    if len(found) > MOST_LAYERS:
        raise ValueError(
            f"plot_activations draws {MOST_LAYERS} layers at most, and there are {len(found)}: choose some, "
            f"layers={list(found)[:2]}"
        )
    for name, layer in found.items():
        if not any(drawable(x) for unit in layer.outputs for x in unit):
            said = beyond(x for unit in layer.outputs for x in unit)
            raise ValueError(
                f"plot_activations has nothing to draw: all outputs of {name} are {said}; diagnose(loss) "
                "names the operation where that began"
            )
    return found


def _layer(page: Sheet, panel: Any, name: str, layer: Seen) -> None:
    units = len(layer.outputs)
    kind = f"{shown(layer.kind)}, " if layer.kind else ""
    page.say(_words(layer), panel, width=62, heading=f"{shown(name)}: {kind}{units} unit{'s' * (units > 1)}")
    numbers = [x for unit in layer.outputs for x in unit if drawable(x)]
    _histogram(page, panel, numbers, layer.kind)
    panel.set_xlabel("output")
    panel.set_ylabel("share of the outputs")
    panel.yaxis.set_major_formatter(lambda share, _: f"{100.0 * share:.3g}%")
    panel.grid(True, axis="y", color=page.look["zero"])


def _histogram(page: Sheet, panel: Any, numbers: Sequence[float], kind: str) -> None:
    look = page.look
    zeros = numbers.count(0.0) if kind == "relu" else 0
    others = [x for x in numbers if x != 0.0] if zeros else list(numbers)
    low, high = _RANGES.get(kind) or (min(others, default=0.0), max(others, default=1.0))
    if zeros:
        low = 0.0
    if not (width := (high - low) / _BINS) > 0.0:
        low, width = low - 0.5, 1.0 / _BINS
    counts = [0] * _BINS
    for x in others:
        counts[min(max(int((x - low) / width), 0), _BINS - 1)] += 1
    colour = look.line(0).colour
    shares = [count / len(numbers) for count in counts]
    edges = [low + i * width for i in range(_BINS)]
    panel.bar(edges, shares, width, align="edge", color=colour, edgecolor=look["background"], linewidth=0.4)
    if zeros:
        panel.bar(
            [low - 2.5 * width],
            [zeros / len(numbers)],
            2.0 * width,
            align="edge",
            hatch="///",
            facecolor=look["background"],
            edgecolor=look.line(1).colour,
            label=f"exactly 0: {zeros / len(numbers):.0%}",
        )
        panel.legend()
        panel.set_xticks([tick for tick in panel.get_xticks() if 0.0 <= tick <= high + width])
    if slope := _SLOPES.get(kind):
        flat = [edge for edge in (low + (high - low) * i / 4000 for i in range(4001)) if slope(edge) < FLAT]
        middle = 0.5 * (low + high)
        for side in ([x for x in flat if x < middle], [x for x in flat if x > middle]):
            label = f"saturated: slope below {FLAT:.0%} of the largest" if side[0] < middle else None
            panel.axvspan(
                side[0],
                side[-1],
                facecolor="none",
                hatch="....",
                edgecolor=look["line"],
                alpha=0.6,
                zorder=0,
                label=label,
            )
        panel.legend(loc="upper center")
        panel.set_ylim(0.0, 1.25 * max(shares))


def _words(layer: Seen) -> str:
    says = []
    units = layer.outputs
    dead = sum(all(x == 0.0 for x in unit) for unit in units)
    if dead:
        says.append(f"{dead} of {len(units)} units {'is' if dead == 1 else 'are'} dead: 0 for every input")
    elif layer.kind == "relu":
        says.append("no dead units")
    known = [
        (unit, _SLOPES[name]) for i, unit in enumerate(units) if (name := layer.activation(i)) in _SLOPES
    ]
    if known:
        flat = [sum(slope(x) < FLAT for x in unit) for unit, slope in known]
        calls = sum(len(unit) for unit, _ in known)
        saturated = sum(count >= OFTEN * len(unit) for count, (unit, _) in zip(flat, known, strict=True))
        many = (
            f"{saturated} of {len(known)} units {'is' if saturated == 1 else 'are'}"
            if saturated
            else "no unit is"
        )
        some = f", {max(sum(flat) / calls, 0.01):.0%} of the outputs are" if any(flat) else ""
        says.append(f"{many} saturated{some}")
    finite = [[x for x in unit if drawable(x)] for unit in units]
    spread = max(max(unit) - min(unit) for unit in finite if unit)
    if max(map(len, finite)) > 1 and spread < ALIKE and dead < len(units):
        says.append(
            f"the inputs are hardly told apart: no unit's outputs differ by more than {short(spread)}"
        )
    if broken := sum(len(unit) for unit in units) - sum(map(len, finite)):
        says.append(f"{broken:,} outputs are {beyond(x for unit in units for x in unit)} and not drawn")
    if not says:
        says.append(
            f"outputs from {short(min(min(unit) for unit in finite if unit))} to "
            f"{short(max(max(unit) for unit in finite if unit))}"
        )
    return "; ".join(says)
