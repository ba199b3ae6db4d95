"""Plots of training, with matplotlib (the extra `plot`).

Each function draws into the axes it is given, or makes a figure, and returns the axes; none shows
anything: call `plt.show()` or `axes.figure.savefig("loss.svg")`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..engine import Number, Value, no_grad

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..nn import History

# Paul Tol's muted palette: told apart under every common colour blindness; dashes say it once more.
INDIGO, ROSE = "#332288", "#cc6677"
MARGIN = 0.4


def plot_history(history: History, ax: Axes | None = None) -> Axes:
    """Plot the mean loss of each epoch, on a log scale; return the axes.

    history: what `fit` returned. With validation scores a second, dashed line is drawn.
    Raises ImportError without matplotlib, ValueError for a history without epochs.

    >>> from chainrule.nn import History, Scores
    >>> plot_history(History(train=[Scores(0.5, {}), Scores(0.25, {})])).get_ylabel()
    'mean loss'
    """
    if not history.loss:
        raise ValueError("plot_history needs at least one epoch, got an empty history")
    ax = ax or _new_axes()
    epochs = range(1, len(history.loss) + 1)
    ax.plot(epochs, history.loss, color=INDIGO, label="training")
    if history.validation:
        ax.plot(epochs, history.validation_loss, color=ROSE, linestyle="--", label="held out")
        ax.legend(frameon=False)
    if not any(loss <= 0.0 for loss in history.loss + history.validation_loss):  # NaN leaves a gap
        ax.set_yscale("log")
    ax.set_xlabel("epoch")
    ax.set_ylabel("mean loss")
    ax.grid(alpha=0.3)
    return ax


def plot_decision_boundary(
    model: Callable[[list[float]], Value],
    points: Sequence[Sequence[Number]],
    sides: Sequence[Number],
    ax: Axes | None = None,
    steps: int = 60,
) -> Axes:
    """Plot where a two-class model changes its mind, with the examples on top; return the axes.

    model: called with two coordinates, returns one Value; the boundary is where that is 0.
    points: two coordinates each.  sides: the class of each, told apart by sign.
    steps: the model is asked at steps * steps places, 2 to 400, without recording.
    Raises ImportError without matplotlib; ValueError for no points, points that are not pairs,
    lengths that differ and steps out of range.

    >>> ax = plot_decision_boundary(lambda p: Value(p[0]), [[-1.0, 0.0], [1.0, 0.0]], [-1, 1], steps=5)
    >>> ax.get_xlabel()
    'x₁'
    """
    if len(points) != len(sides) or len(points) == 0:
        raise ValueError(f"plot_decision_boundary got {len(points)} points and {len(sides)} sides")
    if any(len(point) != 2 for point in points):
        raise ValueError("plot_decision_boundary needs points of two coordinates each")
    if not 2 <= steps <= 400:
        raise ValueError(f"plot_decision_boundary needs 2 to 400 steps, got {steps}")
    ax = ax or _new_axes()
    xs, ys = (_grid([float(point[axis]) for point in points], steps) for axis in (0, 1))
    with no_grad():
        scores = [[model([x, y]).data for x in xs] for y in ys]
    limit = max(abs(score) for row in scores for score in row) or 1.0
    ax.contourf(xs, ys, scores, levels=8, cmap="PuOr_r", vmin=-limit, vmax=limit)
    if min(map(min, scores)) < 0.0 < max(map(max, scores)):
        ax.contour(xs, ys, scores, levels=[0.0], colors="black", linewidths=1.5)
    for is_positive, marker, colour in ((False, "o", "#5e3c99"), (True, "^", "#b35806")):
        chosen = [point for point, side in zip(points, sides, strict=True) if (side > 0) == is_positive]
        if chosen:
            x, y = zip(*chosen, strict=True)
            label = "positive side" if is_positive else "negative side"
            ax.scatter(x, y, marker=marker, color=colour, edgecolors="white", s=36, label=label)
    ax.legend(loc="upper right", framealpha=0.9)
    ax.set_xlabel("x₁")
    ax.set_ylabel("x₂")
    return ax


def _grid(coordinates: list[float], steps: int) -> list[float]:
    low, high = min(coordinates) - MARGIN, max(coordinates) + MARGIN
    return [low + (high - low) * i / (steps - 1) for i in range(steps)]


def _new_axes() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("plots need matplotlib: pip install 'chainrule[plot]'") from None
    return Figure(figsize=(6.4, 4.2), layout="constrained").add_subplot()
