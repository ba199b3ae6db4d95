"""Where a model of two inputs changes its mind."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...engine import Number, Value, no_grad
from ...engine.value import described
from ...nn.data import as_rows
from .sheet import FilePath, PlotTheme, beyond, check_place, drawable, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN = 0.4


def plot_decision_boundary(
    model: Callable[[list[float]], Value],
    points: Sequence[Sequence[Number]],
    sides: Sequence[Number],
    ax: Axes | None = None,
    steps: int = 60,
    *,
    path: FilePath | None = None,
    theme: PlotTheme = "light",
) -> Figure:
    """Plot where a two-class model changes its mind, with the examples on top; return the figure.

    model: called with two coordinates, returns one Value; the boundary is where that is 0.
    points: two coordinates each.  sides: the class of each, told apart by sign.
    steps: the model is asked at steps * steps places, 2 to 400, without recording.
    ax, path, theme: as for `plot_history`.
    Raises ImportError without matplotlib; TypeError for a model that cannot be called and for sides
    that are no numbers; ValueError for no points, points that are not pairs of finite
    numbers, lengths that differ, steps out of range, and a model that is nan or inf everywhere.

    >>> figure = plot_decision_boundary(lambda p: Value(p[0]), [[-1.0, 0.0], [1.0, 0.0]], [-1, 1], steps=5)
    >>> figure.axes[0].get_xlabel()
    'x₁'
    """
    check_place("plot_decision_boundary", ax, path, theme)
    if not callable(model):
        of_it = "its network, model_" if hasattr(model, "model_") else "an MLP"
        raise TypeError(
            "plot_decision_boundary takes a model that can be called with two coordinates: pass "
            f"{of_it}, got {described(model)}"
        )
    points, sides = (as_rows(given, "plot_decision_boundary") for given in (points, sides))
    if len(points) != len(sides) or len(points) == 0:
        raise ValueError(f"plot_decision_boundary got {len(points)} points and {len(sides)} sides")
    if any(len(point) != 2 for point in points):
        raise ValueError("plot_decision_boundary needs points of two coordinates each")
    for side in sides:
        if not hasattr(side, "__float__"):
            raise TypeError(f"plot_decision_boundary takes sides told apart by sign, -1 and 1, got {side!r}")
    if not 2 <= steps <= 400:
        raise ValueError(f"plot_decision_boundary needs 2 to 400 steps, got {steps}")
    xs, ys = (_grid([float(point[axis]) for point in points], steps) for axis in (0, 1))
    if not all(map(math.isfinite, (*xs, *ys))):
        raise ValueError("plot_decision_boundary needs points of finite numbers: one has nan or inf")
    with no_grad():
        scores = [[model([x, y]).data for x in xs] for y in ys]
    finite = [score for row in scores for score in row if drawable(score)]
    if not finite:
        said = beyond(score for row in scores for score in row)
        raise ValueError(f"plot_decision_boundary has nothing to draw: the model is {said} everywhere")
    limit = max(map(abs, finite)) or 1.0
    not_drawn = beyond(score for row in scores for score in row)
    scores = [[score if drawable(score) else math.nan for score in row] for row in scores]
    with sheet("plot_decision_boundary", ax, path, theme) as page:
        [panel], look = page.panels, page.look
        levels = [limit * (i / 4.0 - 1.0) for i in range(9)]
        panel.contourf(
            xs, ys, scores, levels=levels, cmap=look.diverging(), vmin=-1.4 * limit, vmax=1.4 * limit
        )
        if min(finite) < 0.0 < max(finite):
            panel.contour(xs, ys, scores, levels=[0.0], colors=look["ink"], linewidths=1.5)
        for is_positive, marker, colour in ((False, "o", look["minus 3"]), (True, "^", look["plus 3"])):
            chosen = [point for point, side in zip(points, sides, strict=True) if (side > 0) == is_positive]
            if chosen:
                x, y = zip(*chosen, strict=True)
                label = "positive side" if is_positive else "negative side"
                panel.scatter(
                    x, y, marker=marker, color=colour, edgecolors=look["background"], s=36, label=label
                )
        panel.legend(loc="upper right", framealpha=0.9, frameon=True, facecolor=look["background"])
        panel.set_xlabel("x₁")
        panel.set_ylabel("x₂")
        places = f"the model was asked at {steps * steps:,} places"
        page.say(f"The line is where the model's answer is 0; {places}")
        if broken := steps * steps - len(finite):
            page.say(f"Blank: {broken:,} of {steps * steps:,} answers are {not_drawn}", panel)
    return page.figure


def _grid(coordinates: list[float], steps: int) -> list[float]:
    low, high = min(coordinates) - MARGIN, max(coordinates) + MARGIN
    return [low + (high - low) * i / (steps - 1) for i in range(steps)]
