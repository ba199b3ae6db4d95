"""The pictures of article C."""

from pathlib import Path

from _article_c import (
    ERRORS,
    HIGH,
    INTO_FIRST,
    LEFT_START,
    LOW,
    MIXED,
    OUTPUT,
    RIGHT_START,
    TARGET,
    drops,
    errors_by_engine,
    even_split,
    height,
    one_output,
    proportional_split,
    walk_down,
)
from _pictures import GREY, STYLES, names, picture, save_graph, spaced
from matplotlib.axes import Axes

from chainrule.engine import Value
from chainrule.viz import plot_loss_line


def draw_all(folder: Path) -> None:
    """Draw every picture of the article into `folder`."""
    hill(folder / "hill.svg")
    restarts(folder / "restarts.svg")
    split(folder / "error_split.svg")
    save_graph(errors_by_engine([[w] for w in INTO_FIRST], ERRORS[:1])[1], folder / "linear_graph.svg")
    sigmoid(folder / "sigmoid.svg")
    save_graph(one_output(), folder / "sigmoid_graph.svg")


def landscape(panel: Axes) -> None:
    """Draw the hill."""
    xs = spaced(LOW, HIGH)
    ys = [height(x).data for x in xs]
    panel.fill_between(xs, ys, 0.0, color="#ece9f5")
    panel.plot(xs, ys, color=STYLES[0][0], linewidth=2)
    panel.axhline(0.0, color=STYLES[0][0], linestyle=":")
    panel.text(LOW, 0.4, "sea level", color=STYLES[0][0])
    panel.set_ylim(-2.0, 45.0)


def hill(path: Path) -> None:
    """Draw a descent from the left and one from the right."""
    title = "The hill in the fog: where you start decides where you end"
    with picture(path, title, size=(9.0, 5.0)) as (panel,):
        starts = {"started on the left": LEFT_START, "started on the right": RIGHT_START}
        walks = {name: [x for x, _ in walk_down(start)] for name, start in starts.items()}
        plot_loss_line(height, LOW, HIGH, panel, steps=181, descent=walks)
        panel.set_title("", loc="left")
        panel.annotate("local minimum", (-2.0, 10.4), (-2.0, 4.5), ha="center")
        panel.annotate("global minimum", (3.0, 0.0), (3.0, 15.5), ha="center",
                       arrowprops={"arrowstyle": "->", "color": GREY})  # fmt: skip
        names(panel, "place x", "height", "", "upper center")


def restarts(path: Path) -> None:
    """Draw the hill, and below it a lane for each random drop: from where it starts to where it ends."""
    with picture(path, "Dropped at random places: some find the sea", 2, 1, (9.0, 6.5)) as (top, lanes):
        landscape(top)
        top.annotate("local minimum", (-2.0, 10.4), (-2.0, 4.5), ha="center")
        top.annotate("global minimum", (3.0, 0.0), (3.0, 15.5), ha="center",
                     arrowprops={"arrowstyle": "->", "color": GREY})  # fmt: skip
        names(top, "", "height")
        walks = drops()
        for number, walk in enumerate(walks, start=1):
            start, (end, bottom) = walk[0][0], walk[-1]
            colour, dashes = STYLES[2] if bottom < 1.0 else STYLES[1]
            lanes.plot([start, end], [number, number], color=colour, linestyle=dashes)
            lanes.plot([start], [number], "o", color=colour, markersize=7)
            lanes.plot([end], [number], "*", color="black", markersize=11)
        for panel in (top, lanes):
            panel.set_xlim(LOW - 0.2, HIGH + 0.2)
        lanes.set_yticks(range(1, len(walks) + 1))
        lanes.invert_yaxis()
        names(lanes, "place x: dropped at the dot, ends at the star", "drop")


def split(path: Path) -> None:
    """Draw the even and the proportional split, and one among weights of both signs."""
    error = TARGET - OUTPUT
    with picture(path, "Whose error is it? Shares of e = 0.08", 1, 2, (11.0, 4.5)) as (left, right):
        bars(left, "even split", 0, even_split(error, INTO_FIRST), -0.2)
        bars(left, "in proportion to the weights", 1, proportional_split(error, INTO_FIRST), 0.2)
        left.set_xticks(range(4), [f"node {i}\nw = {w:g}" for i, w in enumerate(INTO_FIRST, start=1)])
        names(left, "", "share of the error", "positive weights: both add up to 0.08", "upper right")
        _, weights = MIXED[0]
        bars(right, "in proportion to the weights", 1, proportional_split(error, weights))
        right.axhline(error, color=GREY, linestyle="--")
        right.text(2.0, error + 0.002, "the whole error", ha="center", color="#444444")
        right.margins(y=0.1)
        right.axhline(0.0, color="black", linewidth=0.8)
        right.set_xticks(
            range(4), [f"node {i}\nw = {w:g}".replace("-", "−") for i, w in enumerate(weights, 1)]
        )
        names(right, "", "share of the error", "both signs: more than all of it, and less than nothing")


def bars(panel: Axes, label: str, style: int, shares: list[float], offset: float = 0.0) -> None:
    """Draw shares as bars with their numbers, `offset` beside the middle."""
    colour, hatch = STYLES[style][0], "//" if style else ""
    xs = [i + offset for i in range(len(shares))]
    panel.bar(xs, shares, 0.38, color=colour, hatch=hatch, edgecolor="white", label=label)
    for x, share in zip(xs, shares, strict=True):
        text = f"{share:.4f}".replace("-", "−")
        panel.text(x, share, text, ha="center", va="bottom" if share >= 0.0 else "top", fontsize=8)


def sigmoid(path: Path) -> None:
    """Draw the sigmoid and its slope s (1 - s), the middle factor of the gradient."""
    zs = spaced(-6.0, 6.0)
    values, slopes = [], []
    for z in zs:
        leaf = Value(z)
        s = leaf.sigmoid()
        s.backward()
        values.append(s.data)
        slopes.append(leaf.grad)
    with picture(path, "The sigmoid and the factor s (1 − s) of its gradient") as (panel,):
        for ys, label, (colour, dashes) in (
            (values, "s(z) = 1 / (1 + e⁻ᶻ)", STYLES[0]),
            (slopes, "s'(z) = s (1 − s), at most 1/4", STYLES[1]),
        ):
            panel.plot(zs, ys, color=colour, linestyle=dashes, linewidth=2, label=label)
        names(panel, "z", "", "", "upper left")
