"""The loss along a line: the curve is the loss, valleys are found, descents lie where they were."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chainrule.engine import Value
from chainrule.nn import MLP, SGD, DescentPath, Module, Parameter, evaluate, fit, squared_error
from chainrule.viz import plot_loss_line
from chainrule.viz.plot.loss_line import valleys


def bowl(x: Any) -> Any:
    return (x - 1.0) ** 2


def curve(figure: Any) -> tuple[list[float], list[float]]:
    line = figure.axes[0].lines[0]
    return list(line.get_xdata()), list(line.get_ydata())


def title(figure: Any) -> str:
    return " ".join(figure.axes[0].get_title(loc="left").split())


def test_the_curve_of_a_number_is_the_function() -> None:
    xs, ys = curve(plot_loss_line(bowl, -1.0, 2.0, steps=4))
    assert xs == [-1.0, 0.0, 1.0, 2.0]
    assert ys == [4.0, 1.0, 0.0, 1.0]
    assert curve(plot_loss_line(bowl, 2.0, -1.0, steps=4))[0] == xs  # the ends in either order


def test_between_two_points_the_start_is_zero_and_the_end_one() -> None:
    figure = plot_loss_line(lambda p: p[0] * 10.0 + p[1], [1.0, 2.0], [3.0, 2.0], steps=7, xs=(-1.0, 2.0))
    xs, ys = curve(figure)
    assert xs == [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0]
    assert ys == pytest.approx([-8.0, 2.0, 12.0, 22.0, 32.0, 42.0, 52.0])
    assert [text.get_text() for text in figure.axes[0].texts] == ["start", "end"]


def test_a_models_line_goes_through_its_parameters() -> None:
    model = MLP(1, [2, 1], activation="tanh", seed=1)
    there = [p.data + 1.0 for p in model.parameters()]
    figure = plot_loss_line(lambda: model([1.0]), model, there, steps=7)
    xs, ys = curve(figure)
    assert (xs[0], xs[-1]) == (-0.25, 1.25)
    assert ys[1] == model([1.0]).data  # at 0, where the model is
    for p, x in zip(model.parameters(), there, strict=True):
        p.data = x
    assert ys[5] == pytest.approx(model([1.0]).data, rel=1e-14)
    assert [text.get_text() for text in figure.axes[0].texts] == ["now", "end"]


def test_one_parameter_by_name_has_its_own_numbers_on_the_axis() -> None:
    ws = [Parameter(2.0, label="slope"), Parameter(1.0, label="offset")]
    figure = plot_loss_line(lambda: ws[0] * 3.0 + ws[1], ws, direction="slope", xs=(0.0, 2.0), steps=3)
    assert curve(figure) == ([0.0, 1.0, 2.0], [1.0, 4.0, 7.0])
    assert figure.axes[0].get_xlabel() == "slope"
    assert figure.axes[0].texts[0].get_text() == "now"


def test_a_direction_of_ones_own_and_a_random_one() -> None:
    figure = plot_loss_line(lambda p: p[0] + p[1], [1.0, 1.0], direction=[1.0, 0.0], steps=3)
    assert curve(figure) == ([-1.0, 0.0, 1.0], [1.0, 2.0, 3.0])
    model = MLP(1, [2, 1], seed=1)
    one, same, other = (
        curve(plot_loss_line(lambda: model([1.0]), model, seed=seed, steps=5)) for seed in (0, 0, 1)
    )
    assert one == same != other
    assert one[1][2] == model([1.0]).data


def test_valleys_are_where_it_goes_up_on_both_sides() -> None:
    assert valleys([0.0, 1.0, 2.0], [1.0, 0.0, 1.0]) == [(1.0, 0.0)]
    assert valleys([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]) == []
    assert valleys([0.0, 1.0, 2.0], [1.0, 1.0, 1.0]) == []
    assert valleys([0.0, 1.0, 2.0], [1.0, 1.0, 2.0]) == []  # flat, then up
    assert valleys([0.0, 1.0, 2.0, 3.0], [2.0, 1.0, 1.0, 2.0]) == [(1.5, 1.0)]  # a flat bottom
    assert valleys([0.0, 1.0, 2.0, 3.0], [2.0, 1.0, 1.0, 0.0]) == []  # a terrace
    assert valleys([0.0, 1.0, 2.0], [1.0, math.nan, 1.0]) == []
    assert valleys([0.0, 1.0, 2.0, 3.0], [1.0, 0.0, math.nan, 1.0]) == []


def test_the_hill_of_article_c_has_its_two_valleys_and_two_descents() -> None:
    def height(x: Any) -> Any:
        return 0.25 * x**4 - x**3 / 3.0 - 3.0 * x**2 + 15.75

    def walk(start: float) -> list[float]:
        x = Value(start)
        feet = SGD([x], lr=0.02)
        path = [start]
        for _ in range(60):
            feet.zero_grad()
            height(x).backward()
            feet.step()
            path.append(x.data)
        return path

    figure: Any = plot_loss_line(
        height, -4.0, 5.0, steps=181, descent={"left": walk(-3.2), "right": walk(0.8)}
    )
    assert title(figure) == (
        "181 losses computed; 2 valleys: near −2 (10.4) and 3 (0) Left: −3.2 (22.2) → −2 (10.4) Right: 0.8 "
        "(13.8) → 3 (8.88e−15)"
    )
    left = figure.axes[0].lines[1]
    assert [height(x) for x in left.get_xdata()] == pytest.approx(list(left.get_ydata()))
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["left", "right", "valleys", "start of a descent", "end of a descent"]


def test_a_recorded_descent_lies_above_its_place_at_its_own_loss() -> None:
    model, path = MLP(1, [3, 1], activation="tanh", seed=1), DescentPath()
    data: Any = ([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    seen = fit(
        model,
        *data,
        loss=squared_error,
        epochs=5,
        optimizer=SGD(model.parameters(), lr=0.05),
        callbacks=[path],
    )
    figure: Any = plot_loss_line(
        lambda: evaluate(model, *data, loss=squared_error), model, path.points[0], descent=path, steps=5
    )
    line = figure.axes[0].lines[1]
    assert (line.get_xdata()[0], line.get_xdata()[-1]) == pytest.approx((1.0, 0.0))
    assert list(line.get_ydata())[:5] == pytest.approx(seen.loss)  # each epoch's loss is that of its start
    assert "A descent leaves the line, so that its losses are others than the curve's" in title(figure)


def test_what_is_outside_and_what_is_no_number_is_said() -> None:
    figure = plot_loss_line(lambda x: (x - 1.0).log(), 0.0, 3.0, steps=4, descent=[2.0, 7.0])
    assert "1 of its 2 points lie outside of the picture" in title(figure)
    assert "Nan or inf at 2 of the places: gaps" in title(figure)


def test_a_wide_range_of_losses_has_a_logarithmic_scale() -> None:
    assert plot_loss_line(lambda x: (x * 5.0).exp(), -1.0, 1.0).axes[0].get_yscale() == "log"
    assert plot_loss_line(bowl, -1.0, 2.0, steps=4).axes[0].get_yscale() == "linear"
    assert plot_loss_line(lambda x: (x * 5.0).exp(), -1.0, 1.0, log=False).axes[0].get_yscale() == "linear"
    assert plot_loss_line(lambda x: x, 1.0, 2.0, log=True).axes[0].get_yscale() == "log"


def test_losses_that_no_scale_holds_are_gaps(tmp_path: Path) -> None:
    figure = plot_loss_line(lambda x: (x * 70.0).exp(), 0.0, 10.0, steps=11, path=tmp_path / "line.png")
    assert "Nan, inf or beyond 1e150 at 6 of the places: gaps" in title(figure)


class Empty(Module):
    """Holds nothing."""


w, v = Parameter(1.0, label="w"), Parameter(2.0, label="v")
wrong: Any = "wrong"
number: Any = 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: plot_loss_line(wrong, 0.0, 1.0),
            TypeError,
            "takes a function that returns the loss, got 'wrong'",
        ),
        (
            lambda: plot_loss_line(bowl, wrong, 1.0),
            TypeError,
            "start is a point, a list of numbers, got 'wrong'",
        ),
        (lambda: plot_loss_line(bowl, [], 1.0), ValueError, "start has 0 numbers, and a point here has some"),
        (
            lambda: plot_loss_line(bowl, [1.0, 2.0], [1.0]),
            ValueError,
            "end has 1 numbers, and a point here has 2",
        ),
        (lambda: plot_loss_line(bowl, 0.0, math.nan), ValueError, "end has nan or inf in it"),
        (lambda: plot_loss_line(bowl, 1.0, 1.0), ValueError, "start and end are the same point"),
        (lambda: plot_loss_line(bowl, Empty()), ValueError, "Empty has no parameters"),
        (
            lambda: plot_loss_line(bowl, [w * 2.0]),
            ValueError,
            "moves leaves, such as Parameter.0.5.: one of those",
        ),
        (
            lambda: plot_loss_line(bowl, 0.0, 1.0, direction=[1.0]),
            ValueError,
            "takes an end or a direction, got both",
        ),
        (lambda: plot_loss_line(bowl, 0.0, direction=[2.0]), ValueError, "there is one direction: pass xs="),
        (
            lambda: plot_loss_line(bowl, [w, v], direction="u"),
            ValueError,
            "no parameter is called 'u': there are w, v",
        ),
        (
            lambda: plot_loss_line(bowl, [w, v], direction=[0.0, 0.0]),
            ValueError,
            "the direction is all zeros",
        ),
        (lambda: plot_loss_line(bowl, 0.0, 1.0, steps=1), ValueError, "needs 2 to 10000 steps, got 1"),
        (
            lambda: plot_loss_line(bowl, 0.0, 1.0, steps=wrong),
            ValueError,
            "needs 2 to 10000 steps, got 'wrong'",
        ),
        (
            lambda: plot_loss_line(bowl, 0.0, 1.0, xs=(2.0, 1.0)),
            ValueError,
            "a low end below a high one, within ±1e150, got 2 and 1",
        ),
        (
            lambda: plot_loss_line(bowl, -1.0, 2.0, steps=4, log=True),
            ValueError,
            "needs losses above 0, got 0",
        ),
        (lambda: plot_loss_line(bowl, 0.0, 1.0, xs=wrong), TypeError, r"takes \(low, high\), got 'wrong'"),
        (lambda: plot_loss_line(bowl, 0.0, 1.0, descent=[]), ValueError, "descent has no points$"),
        (
            lambda: plot_loss_line(bowl, 0.0, 1.0, descent=DescentPath()),
            ValueError,
            "pass it to fit.callbacks",
        ),
        (
            lambda: plot_loss_line(bowl, 0.0, 1.0, descent={"a": wrong}),
            TypeError,
            "descent 'a', point 0, is a point",
        ),
        (
            lambda: plot_loss_line(bowl, 0.0, 1.0, descent=number),
            TypeError,
            "a DescentPath or a list of points, got 3",
        ),
        (
            lambda: plot_loss_line(lambda x: x.log(), -2.0, -1.0),
            ValueError,
            "inf at all 101 places from -2 to -1; pass a",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
