"""The loss over a plane through the space of the weights, seen from above, with the way down."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from .landscape import Landscape, Paths, Start, Vector, check_range, check_steps, spaced
from .plane import Pair, Plane, Range, plane_of
from .sheet import FilePath, Look, PlotTheme, Sheet, beyond, check_place, drawable, sheet, short, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_STEPS = 200
LOG_FROM = 10.0
"""Contours are drawn at equal factors where the largest loss is this many times the smallest, and none is
below 0; else closer together towards the bottom."""
_LEVELS = 13
_MARKED = 300  # steps of a descent up to which each has a mark
_ROOM = 0.25  # around a descent, as a share of its extent


def plot_loss_plane(
    loss: Callable[..., Any],
    start: Start,
    ax: Axes | None = None,
    *,
    directions: Literal["random", "pca"] | Sequence[Any] | None = None,
    descent: Paths | None = None,
    xs: Range | None = None,
    ys: Range | None = None,
    steps: int = 25,
    seed: int = 0,
    path: FilePath | None = None,
    theme: PlotTheme = "light",
) -> Figure:
    """Plot the loss over a plane through weight space as contours, with descents; return the figure.

    loss, start: as for `plot_loss_line`.
    directions: which plane. Two names of parameters: those two change, the others stay. "pca": the two
    directions in which the descent moved most, through its end. "random": two random directions through
    the start, as long as the weights neuron by neuron (filter-normalised), by `seed`. Or two lists of
    numbers. Without it: the whole space where that has two numbers, "pca" where there is a descent,
    "random" otherwise.
    descent: points that a descent went through (a DescentPath, a LearningRecorder or a list of points), or
    several by name; each has a square at its start and a star at its end. Where the space has more than
    two numbers they are seen through the plane, and the picture says how far off they lie.
    xs, ys: (low, high), what is shown of either direction; all of the descent without them.
    steps: along each side, 2 to 200; steps * steps losses are computed.
    ax, path, theme: as for `plot_history`.
    Every parameter has its number again afterwards, also after an error; gradients are left alone.
    Raises ImportError without matplotlib; TypeError for what is no function, point or loss; ValueError for
    spaces of one number (see `plot_loss_line`), points of another length, nan and inf in them, directions
    that make no plane, unknown names, ranges, and a loss that is nan or inf everywhere.
    Source: Li, Xu, Taylor, Studer and Goldstein, Visualizing the Loss Landscape of Neural Nets (2018).

    >>> bowl = lambda p: p[0] ** 2 + 4.0 * p[1] ** 2
    >>> plot_loss_plane(bowl, [1.0, 1.0], xs=(-2.0, 2.0), ys=(-1.0, 1.0), steps=5).words
    '5 × 5 = 25 losses computed, from 0 to 8. The lowest is at x1 = 0, x2 = 0.'
    """
    what = "plot_loss_plane"
    check_place(what, ax, path, theme)
    check_steps(what, steps, MOST_STEPS)
    space = Landscape(what, loss, start)
    if space.size == 1:
        raise ValueError(f"{what} needs a point of two numbers or more, got one: plot_loss_line draws that")
    descents = space.paths(descent)
    plane = plane_of(what, space, directions, descents, seed)
    walks = {name: [plane.seen(point) for point in points] for name, points in descents.items()}
    seen = [place for walk in walks.values() for place in walk]
    wide = check_range(what, "xs", xs) if xs is not None else _range([x for x, _ in seen], plane.around[0])
    high = check_range(what, "ys", ys) if ys is not None else _range([y for _, y in seen], plane.around[1])
    across, up = spaced(*wide, steps), spaced(*high, steps)
    with space.open() as loss_at:
        losses = [[loss_at(plane.at(x, y)) for x in across] for y in up]
    if not any(drawable(z) for row in losses for z in row):
        said = beyond(z for row in losses for z in row)
        raise ValueError(
            f"{what} has nothing to draw: the loss is {said} at all {steps * steps} places; pass a smaller "
            "stretch, xs=(low, high), ys=(low, high)"
        )
    with sheet(what, ax, path, theme, size=(6.4, 5.4)) as page:
        _draw(page, plane, across, up, losses)
        _walks(page, walks)
        _say(page, plane, (across, up, losses), walks, descents)
    return page.figure


def _range(seen: Sequence[float], otherwise: Range) -> Range:
    if not seen:
        return otherwise
    low, high = min(seen), max(seen)
    room = _ROOM * (high - low) or 1.0
    return low - room, high + room


def _draw(
    page: Sheet,
    plane: Plane,
    across: Sequence[float],
    up: Sequence[float],
    losses: Sequence[Sequence[float]],
) -> None:
    [panel], look = page.panels, page.look
    finite = [z for row in losses for z in row if drawable(z)]
    heights = [[z if drawable(z) else math.nan for z in row] for row in losses]
    if len(finite) < len(across) * len(up):
        panel.set_facecolor(look["zero"])
        panel.patch.set(hatch="xx", edgecolor=look["bad"], linewidth=0.0)
    levels = contour_levels(min(finite), max(finite))
    if levels:
        from matplotlib.colors import BoundaryNorm

        shades = look.heights()
        norm = BoundaryNorm(levels, shades.N)
        panel.contourf(across, up, heights, levels=levels, cmap=shades, norm=norm)
        lines = panel.contour(across, up, heights, levels=levels[1:-1], colors=look["muted"], linewidths=0.6)
        panel.clabel(
            lines,
            list(lines.levels)[::2],
            fmt=lambda z: short(float(f"{z:.2g}")),
            fontsize=7.5,
            colors=look["ink"],
        )
    panel.set_xlim(across[0], across[-1])
    panel.set_ylim(up[0], up[-1])
    panel.set_xlabel(shown(plane.labels[0]) if len(plane.labels[0]) < 40 else plane.labels[0])
    panel.set_ylabel(shown(plane.labels[1]))


def contour_levels(low: float, high: float) -> list[float]:
    """Return where to draw contours between the lowest and the highest loss; none where they are the same.

    >>> contour_levels(0.0, 144.0)[:3], len(contour_levels(1.0, 1e6)), contour_levels(2.0, 2.0)
    ([0.0, 1.0, 4.0], 13, [])
    """
    last = _LEVELS - 1
    if low > 0.0 and high / low >= LOG_FROM:
        bottom, top = math.log(low), math.log(high)
        levels = [math.exp(bottom + (top - bottom) * i / last) for i in range(_LEVELS)]
    else:
        levels = [low + (high / last**2 - low / last**2) * i**2 for i in range(_LEVELS)]
    levels[0], levels[-1] = low, high
    rising = all(a < b for a, b in pairwise(levels))
    return levels if rising else []


def _walks(page: Sheet, walks: Mapping[str, Sequence[Pair]]) -> None:
    from matplotlib.patheffects import Normal, Stroke

    [panel], look = page.panels, page.look
    edge = [Stroke(linewidth=3.0, foreground=look["background"]), Normal()]  # seen on every ground
    for order, (name, walk) in enumerate(walks.items()):
        colour, dashes = _walk_style(look, order)
        xs, ys = [x for x, _ in walk], [y for _, y in walk]
        label = shown(name) if name else "descent"
        if len(walk) <= _MARKED:
            panel.plot(xs, ys, color=colour, linestyle=dashes, linewidth=1.3, path_effects=edge, zorder=3)
            size = 4 if len(walk) <= 60 else 2
            panel.plot(xs, ys, "o", color=colour, linestyle=dashes, markersize=size, label=label, zorder=3)
        else:
            panel.plot(xs, ys, color=colour, linewidth=0.7, label=label, zorder=3)
        panel.plot(
            xs[:1], ys[:1], "s", color=colour, markersize=8, markeredgecolor=look["background"], zorder=4
        )
        panel.plot(
            xs[-1:], ys[-1:], "*", color=colour, markersize=15, markeredgecolor=look["background"], zorder=5
        )
    if walks:
        seen = [place for walk in walks.values() for place in walk]
        panel.plot([], [], "s", color=look["muted"], label="start")
        panel.plot([], [], "*", color=look["muted"], markersize=11, label="end")
        panel.legend(
            loc=_emptiest(seen, panel.get_xlim(), panel.get_ylim()), frameon=True, framealpha=0.9,
            facecolor=look["background"], edgecolor=look["zero"],
        )  # fmt: skip


def _emptiest(seen: Sequence[Pair], wide: Range, high: Range) -> Any:
    """Return the corner for the legend: the one with the fewest points of descents."""
    x, y = (0.5 * (low + up) for low, up in (wide, high))
    corners = {
        "upper right": sum(a > x and b > y for a, b in seen),
        "upper left": sum(a <= x and b > y for a, b in seen),
        "lower right": sum(a > x and b <= y for a, b in seen),
        "lower left": sum(a <= x and b <= y for a, b in seen),
    }
    return min(corners, key=lambda corner: corners[corner])


def _walk_style(look: Look, order: int) -> tuple[str, Any]:
    """Return the colour and dashes of a descent: orange first, far from the blue ground."""
    line = look.line(order)
    return (look["plus 3"] if order == 0 else look.line(order + 1).colour), line.dashes


def _say(
    page: Sheet,
    plane: Plane,
    computed: tuple[Sequence[float], Sequence[float], Sequence[Sequence[float]]],
    walks: Mapping[str, Sequence[Pair]],
    descents: Mapping[str, list[Vector]],
) -> None:
    [panel], look = page.panels, page.look
    across, up, losses = computed
    finite = [(z, x, y) for y, row in zip(up, losses, strict=True) for x, z in zip(across, row, strict=True)
              if drawable(z)]  # fmt: skip
    low, x, y = min(finite)
    count = len(across) * len(up)
    says = [
        f"{len(across)} × {len(up)} = {count:,} losses computed, from {short(low)} to {short(max(finite)[0])}"
    ]
    if low == max(finite)[0]:
        says = [f"{len(across)} × {len(up)} = {count:,} losses computed, all {short(low)}"]
    elif len(plane.labels[0]) < 40 and not plane.words:
        says.append(
            f"the lowest is at {shown(plane.labels[0])} = {short(x)}, {shown(plane.labels[1])} = {short(y)}"
        )
    if plane.words:
        says.append(plane.words)
    furthest = max((plane.off(point) for walk in descents.values() for point in walk), default=0.0)
    reach = max((math.dist(walk[0], point) for walk in descents.values() for point in walk), default=0.0)
    if furthest > 1e-6 * reach:
        says.append(f"points of the descent lie up to {short(furthest)} off it")
    outside = sum(
        not (across[0] <= x <= across[-1] and up[0] <= y <= up[-1])
        for walk in walks.values()
        for x, y in walk
    )
    if outside:
        says.append(f"{outside} points of the descent lie outside of the picture")
    if broken := count - len(finite):
        says.append(
            f"crossed out: the loss is {beyond(z for row in losses for z in row)} at {broken:,} of the places"
        )
    if plane.start is not None and not walks:
        panel.plot(
            *[[at] for at in plane.start],
            "P",
            color=look["plus 3"],
            markersize=10,
            markeredgecolor=look["background"],
        )
        panel.annotate("now", plane.start, (7, 5), textcoords="offset points", color=look["ink"])
    page.say(". ".join(text[:1].upper() + text[1:] for text in says), panel)
