"""Plots of training: what they draw and what they refuse."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from chainrule.engine import Value
from chainrule.nn import MLP, History, Scores
from chainrule.viz import plot_decision_boundary, plot_history


def history(*losses: float, validation: tuple[float, ...] = ()) -> History:
    return History([Scores(loss, {}) for loss in losses], [Scores(loss, {}) for loss in validation])


def names(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_history_is_one_line_on_a_log_scale() -> None:
    ax = plot_history(history(1.0, 0.5, 0.25))
    line: Any = ax.lines[0]
    assert len(ax.lines) == 1
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([1, 2, 3], [1.0, 0.5, 0.25])
    assert ax.get_yscale() == "log"


def test_validation_is_a_second_dashed_line_and_named() -> None:
    ax = plot_history(history(1.0, 0.5, validation=(1.5, 1.0)))
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--"]
    assert names(ax) == ["training", "held out"]


def test_a_loss_of_zero_keeps_the_scale_linear() -> None:
    assert plot_history(history(1.0, 0.0)).get_yscale() == "linear"


def test_plots_go_into_the_axes_that_are_given() -> None:
    ax = plot_history(history(1.0, 0.5))
    assert plot_history(history(2.0, 1.0), ax) is ax
    assert len(ax.lines) == 2


def test_the_boundary_is_where_the_model_is_zero() -> None:
    points = [[-1.0, 0.0], [1.0, 0.5], [2.0, -0.5]]
    ax = plot_decision_boundary(lambda p: Value(p[0] - 0.25), points, [-1, 1, 1], steps=9)
    boundary: Any
    (boundary,) = [c for c in ax.collections if list(getattr(c, "levels", [])) == [0.0]]
    xs = [vertex[0] for path in boundary.get_paths() for vertex in path.vertices]
    assert xs == pytest.approx([0.25] * len(xs), abs=1e-12)


def test_points_of_one_side_only_and_a_constant_model_are_drawn_too() -> None:
    ax = plot_decision_boundary(lambda p: Value(0.0), [[0.0, 0.0], [1.0, 1.0]], [1, 1], steps=3)
    assert names(ax) == ["positive side"]


def test_a_boundary_leaves_gradients_alone() -> None:
    model = MLP(2, [3, 1], seed=0)
    model([1.0, 2.0]).backward()
    before = [p.grad for p in model.parameters()]
    plot_decision_boundary(model, [[0.0, 0.0], [1.0, 1.0]], [-1, 1], steps=4)
    assert [p.grad for p in model.parameters()] == before


@pytest.mark.parametrize(
    ("plot", "message"),
    [
        (lambda: plot_history(History()), "needs at least one epoch, got an empty history"),
        (lambda: plot_decision_boundary(first, [], []), "got 0 points and 0 sides"),
        (lambda: plot_decision_boundary(first, [[0.0, 1.0]], [1, 1]), "got 1 points and 2 sides"),
        (lambda: plot_decision_boundary(first, [[0.0]], [1]), "needs points of two coordinates each"),
        (lambda: plot_decision_boundary(first, [[0.0, 1.0]], [1], steps=1), "needs 2 to 400 steps, got 1"),
        (lambda: plot_decision_boundary(first, [[0.0, 1.0]], [1], steps=4000), "2 to 400 steps, got 4000"),
    ],
)
def test_impossible_plots_are_refused(plot: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plot()


def first(point: list[float]) -> Value:
    return Value(point[0])


def test_without_matplotlib_the_error_says_what_to_install_and_the_rest_works() -> None:
    program = """
import sys
sys.modules["matplotlib"] = None
from chainrule.nn import History, Scores
from chainrule.viz import draw, plot_history
try:
    plot_history(History([Scores(1.0, {})]))
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "plots need matplotlib: pip install 'chainrule[plot]'\n"
