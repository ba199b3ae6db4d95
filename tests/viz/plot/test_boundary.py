"""Where a model of two inputs changes its mind."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.engine import Value
from chainrule.nn import MLP
from chainrule.viz import plot_decision_boundary


def names(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def first(point: list[float]) -> Value:
    return Value(point[0])


def test_the_boundary_is_where_the_model_is_zero() -> None:
    points = [[-1.0, 0.0], [1.0, 0.5], [2.0, -0.5]]
    ax = plot_decision_boundary(lambda p: Value(p[0] - 0.25), points, [-1, 1, 1], steps=9).axes[0]
    boundary: Any
    (boundary,) = [c for c in ax.collections if list(getattr(c, "levels", [])) == [0.0]]
    xs = [vertex[0] for path in boundary.get_paths() for vertex in path.vertices]
    assert xs == pytest.approx([0.25] * len(xs), abs=1e-12)


def test_points_of_one_side_only_and_a_constant_model_are_drawn_too() -> None:
    figure = plot_decision_boundary(lambda p: Value(0.0), [[0.0, 0.0], [1.0, 1.0]], [1, 1], steps=3)
    assert names(figure) == ["positive side"]


def test_sides_are_told_by_marker_too() -> None:
    figure: Any = plot_decision_boundary(first, [[-1.0, 0.0], [1.0, 0.0]], [-1, 1], steps=3)
    assert names(figure) == ["negative side", "positive side"]
    marks = [
        c.get_paths()[0].vertices.shape for c in figure.axes[0].collections if c.get_label() in names(figure)
    ]
    assert marks[0] != marks[1]


def test_a_boundary_leaves_gradients_alone() -> None:
    model = MLP(2, [3, 1], seed=0)
    model([1.0, 2.0]).backward()
    before = [p.grad for p in model.parameters()]
    plot_decision_boundary(model, [[0.0, 0.0], [1.0, 1.0]], [-1, 1], steps=4)
    assert [p.grad for p in model.parameters()] == before


def test_places_without_an_answer_are_said(tmp_path: Path) -> None:
    figure = plot_decision_boundary(
        lambda p: Value(p[0]).log(), [[0.0, 0.0], [1.0, 1.0]], [-1, 1], steps=4, path=tmp_path / "b.png"
    )
    assert figure.axes[0].get_title(loc="left") == "Blank: 4 of 16 answers are nan or inf"


@pytest.mark.parametrize(
    ("plot", "message"),
    [
        (lambda: plot_decision_boundary(first, [], []), "got 0 points and 0 sides"),
        (lambda: plot_decision_boundary(first, [[0.0, 1.0]], [1, 1]), "got 1 points and 2 sides"),
        (lambda: plot_decision_boundary(first, [[0.0]], [1]), "needs points of two coordinates each"),
        (lambda: plot_decision_boundary(first, [[0.0, 1.0]], [1], steps=1), "needs 2 to 400 steps, got 1"),
        (lambda: plot_decision_boundary(first, [[0.0, 1.0]], [1], steps=4000), "2 to 400 steps, got 4000"),
        (lambda: plot_decision_boundary(first, [[0.0, math.inf]], [1]), "finite numbers: one has nan or inf"),
        (
            lambda: plot_decision_boundary(lambda p: Value(math.nan), [[0.0, 1.0]], [1], steps=3),
            "nothing to draw: the model is nan or inf everywhere",
        ),
    ],
)
def test_impossible_plots_are_refused(plot: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plot()


def test_arrays_and_frames_are_drawn_as_lists_are(tmp_path: Path) -> None:
    points, sides = [[-1.0, 0.0], [1.0, 0.5], [2.0, -0.5]], [-1, 1, 1]
    drawn = [
        plot_decision_boundary(first, given, of_it, steps=5, path=tmp_path / f"{i}.svg")
        for i, (given, of_it) in enumerate(
            [
                (points, sides),
                (np.array(points), np.array(sides) > 0),
                (pd.DataFrame(points, index=[5, 3, 4]), pd.Series(sides)),
            ]
        )
    ]
    assert len(drawn) == 3
    assert len({(tmp_path / f"{i}.svg").read_bytes() for i in range(3)}) == 1


def test_what_is_no_model_or_no_side_is_told_what_one_is() -> None:
    class Estimator:
        model_ = MLP(2, [1], seed=0)

    points = [[0.0, 0.0], [1.0, 1.0]]
    with pytest.raises(
        TypeError, match=r"called with two coordinates: pass its network, model_, got .*Estimator"
    ):
        plot_decision_boundary(Estimator(), points, [0, 1])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"called with two coordinates: pass an MLP, got 3 \(int\)"):
        plot_decision_boundary(3, points, [0, 1])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes sides told apart by sign, -1 and 1, got 'left'"):
        plot_decision_boundary(first, points, ["left", "right"])  # type: ignore[list-item]
