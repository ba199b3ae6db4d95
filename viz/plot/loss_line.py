"""The loss along a line through the space of the weights."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .landscape import Landscape, Paths, Start, Vector, added, check_range, check_steps, spaced
from .sheet import (
    FilePath,
    PlotTheme,
    Sheet,
    beyond,
    check_place,
    drawable,
    listed,
    logarithmic,
    sheet,
    short,
    shown,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_STEPS = 10_000
LOG_FROM = 100.0
"""The scale is logarithmic where the largest loss is this many times the smallest, and none is below 0."""
_MOST_VALLEYS = 4


def plot_loss_line(
    loss: Callable[..., Any],
    start: Start,
    end: Any = None,
    ax: Axes | None = None,
    *,
    direction: str | Sequence[float] | None = None,
    xs: tuple[float, float] | None = None,
    steps: int = 101,
    descent: Paths | None = None,
    log: bool | None = None,
    seed: int = 0,
    path: FilePath | None = None,
    theme: PlotTheme = "light",
) -> Figure:
    """Plot the loss along a line through weight space, valleys marked; return the figure.

    loss: either a function of a point, and `start` says what a point is: a number (it gets a Value) or
    several (a list of Values). Or a function without arguments that computes the loss with the parameters
    of `start`, such as `lambda: evaluate(model, inputs, targets, loss=mse_loss)`. It returns a Value, a
    number or Scores.
    start: a number, a list of numbers, a Module or a list of parameters; those are where they are now.
    end: where the line goes, a point of the same form (for a model: a list of as many numbers as it has
    parameters, such as a point of a DescentPath). For a number the line is from start to end; otherwise 0
    is the start, 1 the end, and a quarter more is shown on either side.
    direction: in place of `end`: "random" (of the weights' own length, neuron by neuron, by `seed`; what
    a model gets unless told otherwise), the name of one parameter, or a list of numbers.
    xs: (low, high), which stretch of the line is shown.
    steps: how many losses are computed, 2 to 10000, besides one for each point of a descent.
    descent: points that a descent went through (a DescentPath, a LearningRecorder or a list), or several
    by name.
    Where the space is more than a line, each is drawn above its place along the line, at its own loss.
    log: whether the scale is logarithmic; without it, where all losses are above 0 and the largest is 100
    times the smallest.
    ax, path, theme: as for `plot_history`.
    Every parameter has its number again afterwards, also after an error; gradients are left alone.
    Raises ImportError without matplotlib; TypeError for what is no function, point or loss; ValueError for
    points of another length, nan and inf in them, unknown names, ranges, a loss that is nan or inf all
    along the line, and log=True where one is not above 0.

    >>> hill = lambda x: (x**2 - 1.0) ** 2 + 0.5 * x
    >>> plot_loss_line(hill, -2.0, 2.0, steps=201).words
    '201 losses computed; 2 valleys: near −1.06 (−0.515) and 0.94 (0.484).'
    """
    what = "plot_loss_line"
    check_place(what, ax, path, theme)
    check_steps(what, steps, MOST_STEPS)
    space = Landscape(what, loss, start)
    line = _line(what, space, start, end, direction, seed)
    low, high = check_range(what, "xs", line.shown if xs is None else xs)
    descents = space.paths(descent)
    places = spaced(low, high, steps)
    with space.open() as loss_at:
        losses = [loss_at(line.at(place)) for place in places]
        walks = {
            name: [(line.along(point), loss_at(point)) for point in points]
            for name, points in descents.items()
        }
    finite = [y for y in losses if drawable(y)]
    if not finite:
        raise ValueError(
            f"{what} has nothing to draw: the loss is {beyond(losses)} at all {steps} places from {low:g} to "
            f"{high:g}; pass a smaller stretch, xs=(low, high)"
        )
    if log and min(finite) <= 0.0:
        raise ValueError(f"{what}(log=True) needs losses above 0, got {min(finite):g}")
    with sheet(what, ax, path, theme) as page:
        _draw(page, line, places, losses, log)
        _walks(page, walks)
        _finish(page, line, places, losses, walks, space)
    return page.figure


@dataclass(frozen=True)
class _Line:
    """A line through the space: base + place * direction."""

    base: Vector
    direction: Vector
    label: str
    shown: tuple[float, float]
    named: Mapping[float, str]
    """Places with a name of their own."""

    def at(self, place: float) -> Vector:
        return added(self.base, (place, self.direction))

    def along(self, point: Vector) -> float:
        """Return the place on the line that is nearest to a point."""
        length = math.fsum(d * d for d in self.direction)
        return (
            math.fsum((x - b) * d for x, b, d in zip(point, self.base, self.direction, strict=True)) / length
        )


def _line(
    what: str, space: Landscape, start: Start, end: Any, direction: str | Sequence[float] | None, seed: int
) -> _Line:
    if end is not None and direction is not None:
        raise ValueError(f"{what} takes an end or a direction, got both")
    if end is not None:
        there = space.vector(end, "end")
        way = [b - a for a, b in zip(space.origin, there, strict=True)]
        if not any(way):
            raise ValueError(f"{what}: start and end are the same point")
        if space.size == 1:
            low, high = sorted([space.origin[0], there[0]])
            return _Line([0.0], [1.0], space.names[0], (low, high), {})
        here = "now" if space.parameters else "start"
        label = f"share of the way from {'the ' if here == 'start' else ''}{here} to the end"
        return _Line(space.origin, way, label, (-0.25, 1.25), {0.0: here, 1.0: "end"})
    if space.size == 1:
        if direction not in (None, space.names[0]):
            raise ValueError(f"{what}: in a space of one number there is one direction: pass xs=(low, high)")
        x = space.origin[0]
        return _Line(
            [0.0], [1.0], space.names[0], (x - 1.0, x + 1.0), {x: "start" if space.is_number else "now"}
        )
    if isinstance(direction, str) and direction != "random":
        place = space.place(direction)
        x = space.origin[place]
        base = [0.0 if i == place else y for i, y in enumerate(space.origin)]
        unit = [float(i == place) for i in range(space.size)]
        return _Line(base, unit, direction, (x - 1.0, x + 1.0), {x: "now" if space.parameters else "start"})
    named = {0.0: "now" if space.parameters else "start"}
    if direction is None or isinstance(direction, str):
        way = space.random_direction(random.Random(seed))
        return _Line(
            space.origin, way, "way along a random direction as long as the weights", (-1.0, 1.0), named
        )
    way = space.vector(direction, "direction")
    if not any(way):
        raise ValueError(f"{what}: the direction is all zeros")
    return _Line(space.origin, way, "way along the direction", (-1.0, 1.0), named)


def _draw(
    page: Sheet, line: _Line, places: Sequence[float], losses: Sequence[float], log: bool | None
) -> None:
    [panel], look = page.panels, page.look
    ys = [y if drawable(y) else math.nan for y in losses]
    panel.plot(places, ys, color=look["ink"], linewidth=2.0, label="_loss")
    finite = [y for y in ys if not math.isnan(y)]
    if log or (log is None and min(finite) > 0.0 and max(finite) / min(finite) >= LOG_FROM):
        logarithmic(panel.yaxis)
    panel.grid(True, color=look["zero"])
    panel.set_xlabel(shown(line.label) if len(line.label) < 40 else line.label)
    panel.set_ylabel("loss, logarithmic" if panel.get_yscale() == "log" else "loss")
    panel.set_xlim(places[0], places[-1])


def _walks(page: Sheet, walks: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Draw the descents: a mark for each point, a square where one starts and a star where it ends."""
    [panel], look = page.panels, page.look
    for order, (name, walk) in enumerate(walks.items(), start=1):
        line = look.line(order)
        xs, ys = [x for x, _ in walk], [y if drawable(y) else math.nan for _, y in walk]
        panel.plot(
            xs,
            ys,
            color=line.colour,
            linestyle=line.dashes,
            linewidth=1.0,
            marker="o",
            markersize=4,
            markevery=max(1, len(walk) // 400),
            label=shown(name) if name else "descent",
            zorder=3,
        )
        panel.plot(
            xs[:1], ys[:1], "s", color=line.colour, markersize=8, markeredgecolor=look["ink"], zorder=4
        )
        panel.plot(
            xs[-1:], ys[-1:], "*", color=line.colour, markersize=14, markeredgecolor=look["ink"], zorder=4
        )


def _finish(
    page: Sheet,
    line: _Line,
    places: Sequence[float],
    losses: Sequence[float],
    walks: Mapping[str, Sequence[tuple[float, float]]],
    space: Landscape,
) -> None:
    [panel], look = page.panels, page.look
    says = [f"{len(places):,} losses computed"]
    found = valleys(places, losses)
    if found:
        panel.plot(
            [x for x, _ in found],
            [y for _, y in found],
            linestyle="",
            marker="v",
            markersize=8,
            color=look["muted"],
            label="valley" if len(found) == 1 else "valleys",
            zorder=2.5,
        )
        deepest = sorted(sorted(found, key=lambda place: place[1])[:_MOST_VALLEYS])
        near = listed([f"{short(x)} ({short(y)})" for x, y in deepest])
        many = f"{len(found)} valleys" if len(found) > 1 else "1 valley"
        more = ", the deepest near " if len(found) > _MOST_VALLEYS else ": near "
        says[0] += f"; {many}{more}{near}"
    for place, name in line.named.items():
        if places[0] <= place <= places[-1]:
            panel.axvline(place, color=look["muted"], linestyle=":", linewidth=1.2)
            panel.annotate(name, (place, 1.0), (4, -3), xycoords=("data", "axes fraction"), va="top",
                           textcoords="offset points", color=look["ink"])  # fmt: skip
    for name, walk in walks.items():
        (x, y), (to_x, to_y) = walk[0], walk[-1]
        who = shown(name) if name else "descent"
        says.append(f"{who}: {short(x)} ({short(y)}) → {short(to_x)} ({short(to_y)})")
        outside = sum(not places[0] <= x <= places[-1] for x, _ in walk)
        if outside:
            says.append(f"{outside} of its {len(walk)} points lie outside of the picture")
    if walks and space.size > 1:
        says.append("a descent leaves the line, so that its losses are others than the curve's")
    if broken := sum(not drawable(y) for y in losses):
        says.append(f"{beyond(losses)} at {broken} of the places: gaps")
    if panel.get_legend_handles_labels()[1]:
        if walks:
            panel.plot([], [], "s", color=look["muted"], label="start of a descent")
            panel.plot([], [], "*", color=look["muted"], markersize=11, label="end of a descent")
        panel.legend(frameon=True, facecolor=look["background"], edgecolor=look["zero"], framealpha=0.85)
    page.say("\n".join(says), panel)


def valleys(places: Sequence[float], losses: Sequence[float]) -> list[tuple[float, float]]:
    """Return the places, as far as these steps see them, where the loss is lower than on both sides.

    >>> valleys([0.0, 1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 1.0, 3.0, 0.0])
    [(1.5, 1.0)]
    """
    found = []
    low: int | None = None  # where the loss last came down to its level
    for i in range(1, len(losses)):
        here, before = losses[i], losses[i - 1]
        if not (drawable(here) and drawable(before)):
            low = None
        elif here < before:
            low = i
        elif here > before and low is not None:
            found.append((0.5 * (places[low] + places[i - 1]), before))
            low = None
    return found
