"""The loss over a plane: contours are the loss, descents are where they were."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.nn import MLP, SGD, DescentPath, Module, Parameter, evaluate, fit, squared_error
from chainrule.viz import plot_loss_plane
from chainrule.viz.plot.landscape import Landscape
from chainrule.viz.plot.loss_plane import contour_levels
from chainrule.viz.plot.plane import plane_of


def bowl(p: Any) -> Any:
    return (p[0] - 1.0) ** 2 + 4.0 * p[1] ** 2


def title(figure: Any) -> str:
    return " ".join(figure.axes[0].get_title(loc="left").split())


def test_in_two_numbers_the_plane_is_the_space_itself() -> None:
    plane = plane_of("test", Landscape("test", bowl, [3.0, 4.0]), None, {}, 0)
    assert plane.at(0.25, -0.5) == [0.25, -0.5]
    assert plane.seen([0.25, -0.5]) == (0.25, -0.5)
    figure = plot_loss_plane(bowl, [0.0, 0.0], xs=(-1.0, 3.0), ys=(-1.0, 1.0), steps=5)
    assert title(figure) == "5 × 5 = 25 losses computed, from 0 to 8. The lowest is at x1 = 1, x2 = 0"
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("x1", "x2")


def test_contours_lie_where_the_loss_has_their_height() -> None:
    figure: Any = plot_loss_plane(lambda p: 2.0 * p[0] + 0.0 * p[1] + 10.0, [0.0, 0.0], steps=9)
    contours = [c for c in figure.axes[0].collections if hasattr(c, "levels") and not c.filled]
    (lines,) = contours
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        assert [x for x, _ in path.vertices] == pytest.approx(
            [(level - 10.0) / 2.0] * len(path.vertices), abs=1e-12
        )


def test_two_parameters_by_name_change_and_the_others_stay() -> None:
    model = MLP(2, [1], seed=1)
    a, b, bias = model.parameters()
    seen: list[float] = []

    def loss() -> float:
        seen.append(bias.data)
        return a.data + 10.0 * b.data

    bias.data = 0.75
    names = ("layers.0.neurons.0.w.0", "layers.0.neurons.0.w.1")
    figure = plot_loss_plane(loss, model, directions=names, steps=3)
    assert set(seen) == {0.75}
    assert figure.axes[0].get_xlim() == pytest.approx((a.data - 1.0, a.data + 1.0))
    assert figure.axes[0].get_xlabel() == "layers.0.neurons.0.w.0"
    assert "now" in [text.get_text() for text in figure.axes[0].texts]


def test_random_directions_come_from_the_seed() -> None:
    model = MLP(2, [3, 1], seed=1)
    space = Landscape("test", lambda: 0.0, model)
    one, same, other = (plane_of("test", space, "random", {}, seed) for seed in (0, 0, 1))
    assert one == same != other
    assert one.at(0.0, 0.0) == [p.data for p in model.parameters()]


def test_principal_directions_are_those_in_which_the_descent_moved() -> None:
    walk = [[0.0, 8.0, 1.0], [1.0, 4.0, 1.0], [0.0, 0.0, 1.0]]
    space = Landscape("test", lambda p: 0.0, [0.0, 0.0, 0.0])
    plane = plane_of("test", space, "pca", {"": walk}, 0)
    assert plane.first == pytest.approx([0.0, 1.0, 0.0], abs=0.2)
    assert np.array([plane.first, plane.second]) @ np.array([plane.first, plane.second]).T == pytest.approx(
        np.eye(2), abs=1e-12
    )
    assert plane.words == "the plane holds all of the descent's movement"
    for point in walk:
        assert plane.off(point) == pytest.approx(0.0, abs=1e-12)
        assert plane.at(*plane.seen(point)) == pytest.approx(point, abs=1e-12)
    assert plane.seen(walk[-1]) == pytest.approx((0.0, 0.0), abs=1e-12)


def test_a_point_off_the_plane_is_seen_at_its_foot() -> None:
    space = Landscape("test", lambda p: 0.0, [0.0, 0.0, 0.0])
    plane = plane_of("test", space, ([1.0, 0.0, 0.0], [1.0, 1.0, 0.0]), {}, 0)  # not at right angles
    assert plane.seen([3.0, 2.0, 5.0]) == pytest.approx((1.0, 2.0))
    assert plane.off([3.0, 2.0, 5.0]) == pytest.approx(5.0)


def test_a_recorded_descent_is_drawn_with_its_start_and_end(tmp_path: Path) -> None:
    model, path = MLP(1, [3, 1], activation="tanh", seed=1), DescentPath()
    data: Any = ([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    fit(
        model,
        *data,
        loss=squared_error,
        epochs=8,
        optimizer=SGD(model.parameters(), lr=0.05),
        callbacks=[path],
    )
    figure: Any = plot_loss_plane(
        lambda: evaluate(model, *data, loss=squared_error),
        model,
        descent=path,
        steps=5,
        path=tmp_path / "p.svg",
    )
    marks = {
        line.get_marker(): len(line.get_xdata()) for line in figure.axes[0].lines if len(line.get_xdata())
    }
    assert marks == {"None": 9, "o": 9, "s": 1, "*": 1}
    assert "5 × 5 = 25 losses computed" in title(figure)
    assert "% of the descent's movement. Points of the descent lie up to" in title(figure)
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["descent", "start", "end"]


def test_several_descents_are_told_apart_by_name_and_dash() -> None:
    walks: Any = {"batch": [[0.0, 0.0], [1.0, 0.0]], "stochastic": [[0.0, 1.0], [1.0, 0.0]]}
    figure: Any = plot_loss_plane(bowl, [0.0, 0.0], descent=walks, steps=5)
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["batch", "stochastic", "start", "end"]
    dashes = [line.get_linestyle() for line in figure.axes[0].lines if line.get_label() in walks]
    assert len(set(dashes)) == 2


def test_all_of_a_descent_is_shown_unless_said_otherwise() -> None:
    walk = [[0.0, 0.0], [4.0, -2.0]]
    ax = plot_loss_plane(bowl, [0.0, 0.0], descent=walk, steps=5).axes[0]
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1.0, 5.0), (-2.5, 0.5))
    small = plot_loss_plane(bowl, [0.0, 0.0], descent=walk, xs=(-1.0, 1.0), steps=5)
    assert "1 points of the descent lie outside of the picture" in title(small)


def test_places_without_a_loss_are_crossed_out_and_said() -> None:
    figure = plot_loss_plane(lambda p: p[0].log() + p[1], [0.0, 0.0], steps=4)
    assert "Crossed out: the loss is nan or inf at 8 of the places" in title(figure)
    assert figure.axes[0].patch.get_hatch() == "xx"


def test_losses_that_no_scale_holds_are_crossed_out_too(tmp_path: Path) -> None:
    figure = plot_loss_plane(lambda p: p[0] * p[1] * 1e200, [0.0, 0.0], steps=3, path=tmp_path / "plane.png")
    assert "Crossed out: the loss is nan, inf or beyond 1e150 at 4 of the places" in title(figure)


def test_a_loss_that_is_the_same_everywhere_is_said() -> None:
    figure = plot_loss_plane(lambda p: 3.0, [0.0, 0.0], steps=4)
    assert title(figure) == "4 × 4 = 16 losses computed, all 3"


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (1.0, 1e6), (-5.0, 5.0), (1e-300, 1e300), (-1e308, 1e308), (1e-12, 2e-12)]
)
def test_levels_rise_from_the_lowest_to_the_highest(low: float, high: float) -> None:
    levels = contour_levels(low, high)
    assert (levels[0], levels[-1]) == (low, high)
    assert levels == sorted(set(levels))


class One(Module):
    """Holds one parameter."""

    def __init__(self) -> None:
        self.w = Parameter(1.0)


wrong: Any = "wrong"
three = [0.0, 0.0, 0.0]
along: Any = [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: plot_loss_plane(bowl, 1.0),
            ValueError,
            "two numbers or more, got one: plot_loss_line draws that",
        ),
        (lambda: plot_loss_plane(bowl, One()), ValueError, "two numbers or more, got one"),
        (
            lambda: plot_loss_plane(bowl, three, directions=wrong),
            ValueError,
            "'random', 'pca', two names .* got 'wrong'",
        ),
        (
            lambda: plot_loss_plane(bowl, three, directions=[1.0]),
            TypeError,
            "two names of parameters or two lists",
        ),
        (
            lambda: plot_loss_plane(bowl, three, directions="pca"),
            ValueError,
            "needs a descent, such as DescentPath's",
        ),
        (
            lambda: plot_loss_plane(bowl, three, descent=along),
            ValueError,
            "the descent does not leave a line",
        ),
        (
            lambda: plot_loss_plane(bowl, three, descent=along[:1]),
            ValueError,
            "the descent does not leave a line",
        ),
        (
            lambda: plot_loss_plane(bowl, three, directions=([1.0, 2.0, 0.0], [2.0, 4.0, 0.0])),
            ValueError,
            "the two directions make no plane",
        ),
        (lambda: plot_loss_plane(bowl, three, directions=("x1", "x1")), ValueError, "make no plane"),
        (
            lambda: plot_loss_plane(bowl, three, directions=("x1", "y")),
            ValueError,
            "'y': there are x1, x2, x3",
        ),
        (
            lambda: plot_loss_plane(bowl, three, directions=([1.0], [2.0])),
            ValueError,
            "a direction has 1 numbers",
        ),
        (lambda: plot_loss_plane(bowl, [0.0, 0.0], steps=201), ValueError, "needs 2 to 200 steps, got 201"),
        (
            lambda: plot_loss_plane(bowl, [0.0, 0.0], ys=(1.0, 1.0)),
            ValueError,
            r"plot_loss_plane\(ys=...\) takes a low",
        ),
        (
            lambda: plot_loss_plane(lambda p: math.nan, [0.0, 0.0], steps=3),
            ValueError,
            "nan or inf at all 9 places",
        ),
        (
            lambda: plot_loss_plane(bowl, [0.0, 0.0], descent=[[1.0]]),
            ValueError,
            "descent, point 0, has 1 numbers",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
