"""Gradient descent, looked at from above: three ways of taking the examples, and when momentum helps.

A model of two weights, so that the whole space of weights is a plane and a picture shows all of it:
logistic regression that tells two kinds of iris by the length of a sepal. The first part walks down its loss
with all 100 flowers at each step (batch), with 10 (mini-batch) and with one (stochastic). The second part
lets article B's error with two valleys decide: from which starts does momentum reach the deeper one?

`python examples/descent.py` prints tables and writes

    plane.svg     the paths on the loss, seen from above
    noise.svg     the loss by epochs, and how far the steps' gradients point away from the true one
    momentum.svg  which valley each start ends in, for every momentum
    leaving.svg   one start on the curve: without momentum it stays in the nearer valley, with it it does not

`article_b.py` compares the three modes on a network, epoch by epoch, and lets momentum leave a valley once;
`article_c.py` is about restarting at random.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _article_b_descent import LEFT_START, error, error_at, roll, turning_points
from _pictures import BLUE, ROSE, SAND, STYLES, names, picture, spaced
from _show import heading, parser, say, say_pictures, table
from matplotlib.axes import Axes

from chainrule.engine import mean
from chainrule.nn import SGD, Module, Parameter, load_iris, log_loss_from_logits, standardize
from chainrule.viz import plot_loss_line, plot_loss_plane

Flower = tuple[float, int]
Point = tuple[float, float]

START: Point = (-2.5, 2.5)
EPOCHS = 20


def flowers() -> list[Flower]:
    """Return the sepal length of each versicolor (0) and virginica (1), standardised, and which it is."""
    iris = load_iris()
    chosen = [(row[0], kind - 1) for row, kind in zip(*iris, strict=True) if kind > 0]
    scale = standardize([[length] for length, _ in chosen])
    return [(scale([[length]])[0][0], kind) for length, kind in chosen]


class Line(Module):
    """One weight, one bias: the score of a sepal's length."""

    def __init__(self, start: Point) -> None:
        self.w, self.b = Parameter(start[0], label="w"), Parameter(start[1], label="b")

    def loss(self, examples: Sequence[Flower]) -> float:
        """Set the gradients to those of the mean loss of the examples; return the loss."""
        loss = mean([log_loss_from_logits(self.w * x + self.b, kind) for x, kind in examples])
        self.zero_grad()
        loss.backward()
        return loss.data

    @property
    def gradient(self) -> Point:
        """The gradient of the last loss."""
        return (self.w.grad, self.b.grad)


def loss_at(point: Point, examples: Sequence[Flower]) -> float:
    """Return the mean loss at a point of the plane, in plain floats."""
    w, b = point
    scores = [(w * x + b) * (1 - 2 * kind) for x, kind in examples]
    return math.fsum(max(z, 0.0) + math.log1p(math.exp(-abs(z))) for z in scores) / len(scores)


def gradient_at(point: Point, examples: Sequence[Flower]) -> Point:
    """Return the gradient of the mean loss, in plain floats: the means of (s(z) - y) x and of s(z) - y."""
    w, b = point
    deltas = [(0.5 * (1.0 + math.tanh(0.5 * (w * x + b))) - kind, x) for x, kind in examples]
    return math.fsum(d * x for d, x in deltas) / len(deltas), math.fsum(d for d, _ in deltas) / len(deltas)


def lowest(examples: Sequence[Flower]) -> Point:
    """Return the bottom of the loss: batch descent, for long."""
    point = (0.0, 0.0)
    for _ in range(300):
        slope = gradient_at(point, examples)
        point = (point[0] - 4.0 * slope[0], point[1] - 4.0 * slope[1])
    return point


@dataclass(frozen=True)
class Walk:
    """One descent: where it was after each step, the loss after each epoch, the angles of its steps."""

    name: str
    steps_an_epoch: int
    path: list[Point]
    losses: list[float]
    angles: list[float]
    """Between the gradient of each step's examples and that of all flowers, in degrees."""

    @property
    def length(self) -> float:
        """How far it went, step by step."""
        return math.fsum(math.dist(a, b) for a, b in zip(self.path, self.path[1:], strict=False))


def walk(
    name: str, examples: Sequence[Flower], size: int, lr: float, fall: float, epochs: int, seed: int
) -> Walk:
    """Return a descent with `size` flowers at each step.

    fall: the learning rate in epoch n is lr / (1 + fall * n).
    """
    line, rng = Line(START), random.Random(seed)
    optimizer = SGD(line.parameters(), lr=lr)
    order = list(examples)
    path, losses, angles = [START], [loss_at(START, examples)], []
    for epoch in range(epochs):
        rng.shuffle(order)
        optimizer.lr = lr / (1.0 + fall * epoch)
        for start in range(0, len(order), size):
            line.loss(order[start : start + size])
            angles.append(angle(gradient_at(path[-1], examples), line.gradient))
            optimizer.step()
            path.append((line.w.data, line.b.data))
        losses.append(loss_at(path[-1], examples))
    return Walk(name, math.ceil(len(order) / size), path, losses, angles)


def angle(a: Point, b: Point) -> float:
    """Return the angle between two directions, in degrees."""
    return abs(math.degrees(math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1])))


def walks(examples: Sequence[Flower], epochs: int, seed: int) -> list[Walk]:
    """Return the descents that are compared, all from the same start, the rate the same but for the last."""
    return [
        walk("batch", examples, 100, 0.5, 0.0, epochs, seed),
        walk("mini-batch of 10", examples, 10, 0.5, 0.0, epochs, seed),
        walk("stochastic", examples, 1, 0.5, 0.0, epochs, seed),
        walk("stochastic, falling rate", examples, 1, 0.5, 0.5, epochs, seed),
    ]


# -- momentum -----------------------------------------------------------------------------------------

LOCAL, GLOBAL, MOVING = "local", "global", "still moving"
LOW, HIGH = -2.4, 3.0
LEAVING = {"no momentum": 0.0, "momentum 0.9": 0.9}


def valleys() -> tuple[float, float]:
    """Return where article B's error has its local and its global minimum."""
    minima = [(e, w) for kind, w, e in turning_points(error_at, -4.0, 4.0) if kind == "minimum"]
    (_, best), (_, local) = sorted(minima)
    return local, best


def ends(starts: Sequence[float], momenta: Sequence[float], steps: int) -> list[list[str]]:
    """Return, for each momentum, in which valley each start ends."""
    local, best = valleys()
    found = []
    for momentum in momenta:
        row = []
        for start in starts:
            w = roll(start, momentum, steps)[-1][0]
            near = LOCAL if abs(w - local) < 0.1 else GLOBAL if abs(w - best) < 0.1 else MOVING
            row.append(near)
        found.append(row)
    return found


# -- pictures -----------------------------------------------------------------------------------------


def draw_plane(found: Sequence[Walk], examples: Sequence[Flower], path: Path) -> None:
    """Draw each path on the contours of the loss."""
    bottom = lowest(examples)
    title = "The same loss from the same start: what a step sees decides how it goes"
    with picture(path, title, 2, 2, (11.0, 8.0)) as panels:
        for panel, one in zip(panels, found, strict=False):
            plot_loss_plane(
                lambda p: loss_at((p[0].data, p[1].data), examples), START, panel,
                descent={one.name: one.path},
                xs=(-3.2, 3.2), ys=(-2.2, 3.2), steps=40,
            )  # fmt: skip
            panel.plot(*bottom, "P", color="black", markersize=9, zorder=6)
            panel.annotate("lowest", bottom, (55, 28), textcoords="offset points",
                           arrowprops={"arrowstyle": "->"})  # fmt: skip
            panel.set_title("", loc="left")
            steps = len(one.path) - 1
            names(panel, "weight w", "bias b", f"{one.name}: {steps:,} steps, loss {one.losses[-1]:.3f}")


def draw_noise(found: Sequence[Walk], examples: Sequence[Flower], path: Path) -> None:
    """Draw the loss by epochs, and the angles of the steps."""
    best = loss_at(lowest(examples), examples)
    with picture(path, "More steps for the same work, in noisier directions", 1, 2, (11.0, 4.6)) as (
        left,
        right,
    ):
        for one, (colour, dashes) in zip(found, STYLES, strict=False):
            left.semilogy(
                [loss - best for loss in one.losses], color=colour, linestyle=dashes, label=one.name
            )
        left.set_ylim(top=60.0)
        left.set_xticks(range(0, len(found[0].losses), 5))
        names(left, "epoch (each flower seen once)", "loss above the lowest, logarithmic", "", "upper right")
        for one, (colour, _) in zip(found[1:3], STYLES[1:], strict=False):
            bins = [5 * i for i in range(37)]
            share = [1.0 / len(one.angles)] * len(one.angles)
            right.hist(one.angles, bins=bins, weights=share, color=colour, alpha=0.6, label=one.name)
        right.axvline(90.0, color="black", linestyle=":")
        right.annotate("from here on the step\nclimbs the true loss", (92, right.get_ylim()[1] * 0.6))
        right.set_xticks([0, 45, 90, 135, 180])
        names(right, "angle between a step's gradient and the true one (degrees)", "share of the steps",
              "batch: all at 0; close to the bottom, anywhere", "upper right")  # fmt: skip


def draw_momentum(
    starts: Sequence[float], momenta: Sequence[float], found: Sequence[Sequence[str]], path: Path
) -> None:
    """Draw the error, and below it where each start ends."""
    local, best = valleys()
    ws = spaced(LOW, HIGH, 300)
    with picture(path, "From where does which momentum reach the deeper valley?", 2, 1, (8.5, 7.5)) as panels:
        above, below = panels
        above.plot(ws, [error_at(w) for w in ws], color="black")
        for w, text, colour in ((local, "local minimum", BLUE), (best, "global minimum", ROSE)):
            above.plot([w], [error_at(w)], "o", color=colour, markersize=9)
            above.annotate(
                text, (w, error_at(w)), (0, -18), ha="center", textcoords="offset points", color=colour
            )
        above.set_ylim(0.3, 5.5)
        names(above, "weight w", "error E(w)", "article B's error; a start is a place on this curve")
        scatter(below, starts, momenta, found)
        for panel in panels:
            panel.set_xlim(LOW - 0.1, HIGH + 0.1)
        names(below, "start", "momentum", "where it is after 150 steps")
        below.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)


def draw_leaving(path: Path) -> None:
    """Draw one start with and without momentum."""
    walks = {name: [w for w, _ in roll(LEFT_START, momentum)] for name, momentum in LEAVING.items()}
    plot_loss_line(error, LOW, HIGH, steps=301, descent=walks, path=path)


def scatter(
    panel: Axes, starts: Sequence[float], momenta: Sequence[float], found: Sequence[Sequence[str]]
) -> None:
    """Mark each start and momentum by the valley it ends in: by shape, and by colour once more."""
    panel.set_yticks(range(len(momenta)), [f"{momentum:g}" for momentum in momenta])
    for kind, mark, colour, text in (
        (LOCAL, "o", BLUE, "in the local minimum"),
        (GLOBAL, "^", ROSE, "in the global minimum"),
        (MOVING, "x", SAND, "still moving"),
    ):
        places = [
            (start, row)
            for row, kinds in enumerate(found)
            for start, there in zip(starts, kinds, strict=True)
            if there == kind
        ]
        if places:
            xs, ys = zip(*places, strict=True)
            panel.scatter(xs, ys, marker=mark, color=colour, s=28, label=text)


def main(argv: Sequence[str] | None = None) -> list[float]:
    """Walk, print and draw; return the last loss of each of the walks."""
    options = parser("descent", "Batch, mini-batch and stochastic descent in a plane; when momentum helps.")
    options.add_argument("--seed", type=int, default=1, help="of the order of the flowers (%(default)s)")
    options.add_argument("--short", action="store_true", help="5 epochs, fewer starts")
    given = options.parse_args(argv)

    examples = flowers()
    heading("Three ways of taking 100 flowers")
    found = walks(examples, 5 if given.short else EPOCHS, given.seed)
    best = lowest(examples)
    table(
        ["mode", "steps", "went", "straight on it is", "ends from the lowest", "loss", "angle, first epoch"],
        [
            (
                one.name,
                len(one.path) - 1,
                f"{one.length:.1f}",
                f"{math.dist(START, one.path[-1]):.1f}",
                f"{math.dist(one.path[-1], best):.2f}",
                f"{one.losses[-1]:.4f}",
                f"{math.fsum(one.angles[: one.steps_an_epoch]) / one.steps_an_epoch:.0f}°",
            )
            for one in found
        ],
    )
    say(
        f"""The lowest loss is {loss_at(best, examples):.4f}. In one epoch each mode looks at every flower
        once: batch makes of that one good step, stochastic a hundred, of which each follows one flower's
        opinion. The angle to the true gradient says how far off that is, on average. Stochastic descent
        is near the bottom within one epoch, and wanders about there ever after; a falling rate lets it
        settle."""
    )
    heading("Momentum, and article B's two valleys")
    starts = spaced(LOW, HIGH, 9 if given.short else 28)
    momenta = (0.0, 0.5, 0.9) if given.short else (0.0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.96, 0.99)
    reached = ends(starts, momenta, 150)
    table(
        ["momentum", f"of {len(starts)} starts in the local", "in the global minimum", "still moving"],
        [
            (m, *[row.count(kind) for kind in (LOCAL, GLOBAL, MOVING)])
            for m, row in zip(momenta, reached, strict=True)
        ],
    )
    say(
        """Without momentum every start left of the hill ends in the local minimum. Momentum carries some of
        them over it, the ones that come down a long slope; it can also carry a start out of the good valley,
        and with too much of it nothing comes to rest."""
    )
    if given.out is not None:
        draw_plane(found, examples, given.out / "plane.svg")
        draw_noise(found, examples, given.out / "noise.svg")
        draw_momentum(starts, momenta, reached, given.out / "momentum.svg")
        draw_leaving(given.out / "leaving.svg")
        say_pictures(given.out, "plane", "noise", "momentum", "leaving")
    return [one.losses[-1] for one in found]


if __name__ == "__main__":
    main()
