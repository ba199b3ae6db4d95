"""The pictures of article A."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from _article_a import (
    INPUT,
    PANEL,
    RATES,
    START,
    STEPS,
    TARGET,
    Perceptron,
    chain,
    cube,
    descend,
    difference_quotients,
    network,
    value_and_slope,
)
from _pictures import GREY, STYLES, names, picture, save_graph, spaced
from matplotlib.axes import Axes

from chainrule.engine import Value
from chainrule.viz import plot_loss_line


def draw_all(folder: Path, neuron: Perceptron) -> None:
    """Draw every picture of the article into `folder`."""
    neuron.y.backward()
    save_graph(neuron.y, folder / "perceptron.svg")
    activations(folder / "activations.svg")
    quotients(folder / "difference_quotient.svg")
    save_graph(chain(1.5).y, folder / "chain_rule.svg")
    save_graph(network(START)[2], folder / "two_nodes.svg")
    parabola(folder / "parabola.svg")
    rates(folder / "learning_rates.svg")


def activations(path: Path) -> None:
    """Draw each activation and its slope."""
    with picture(path, "Activation functions and their slopes", 2, 4, (11.0, 5.5)) as panels:
        for panel, (name, f) in zip(panels, PANEL.items(), strict=False):
            curve(panel, f)
            panel.set_ylim(-1.6, 3.1)
            names(panel, "z", "", name)
        key = panels[len(PANEL)]
        key.axis("off")
        key.legend(*panels[0].get_legend_handles_labels(), loc="center", fontsize=12)


def curve(panel: Axes, f: Callable[[Value], Value]) -> None:
    """Draw f and its slope, the slope with gaps where it jumps."""
    zs = spaced(-3.0, 3.0, 301)
    points = [value_and_slope(f, z) for z in zs]
    slopes = [points[0][1]]
    for (_, before), (_, here) in pairwise(points):
        slopes.append(here if abs(here - before) < 0.2 else float("nan"))
    (colour, dashes), (other, others) = STYLES[:2]
    panel.plot(zs, [y for y, _ in points], color=colour, linestyle=dashes, label="f(z)", linewidth=2)
    panel.plot(zs, slopes, color=other, linestyle=others, label="slope f'(z)", linewidth=1.6)


def quotients(path: Path) -> None:
    """Draw secants turning into the tangent, and the distance between the slopes for ever smaller Dx."""
    x, xs = 1.5, spaced(0.6, 2.7)
    y, exact = value_and_slope(cube, x)
    with picture(path, "The difference quotient tends to the derivative", 1, 2, (11.0, 4.8)) as (left, right):
        left.plot(xs, [t**3 for t in xs], color="black", linewidth=2, label="y = x³")
        for dx, (colour, dashes) in zip((1.0, 0.5, 0.2), STYLES[1:4], strict=True):
            rise = ((x + dx) ** 3 - y) / dx
            left.plot(xs, [y + rise * (t - x) for t in xs], color=colour, linestyle=dashes,
                      label=f"Δx = {dx:g}: Δy/Δx = {rise:.4g}")  # fmt: skip
            left.plot([x + dx], [(x + dx) ** 3], "o", color=colour)
        left.plot(xs, [y + exact * (t - x) for t in xs], color=STYLES[0][0], linewidth=2,
                  label=f"tangent: f'(1.5) = {exact:g}")  # fmt: skip
        left.plot([x], [y], "o", color="black")
        left.set_ylim(-4.0, 19.0)
        names(left, "x", "y", "secants through x = 1.5", "upper left")
        steps = [row[0] for row in difference_quotients(cube, x, STEPS)]
        away = [row[3] for row in difference_quotients(cube, x, STEPS)]
        right.loglog(steps, away, "o-", color=STYLES[0][0])
        right.invert_xaxis()
        right.annotate("the step gets smaller:\nthe quotient gets better", (1e-3, 4.5e-3), (2e-4, 0.1))
        right.annotate("rounding\ntakes over", (1e-10, 5.6e-7), (3e-8, 2e-5), color=STYLES[1][0])
        names(right, "step Δx (smaller to the right)", "|Δy/Δx − f'(x)|", "distance to the derivative")


def parabola(path: Path) -> None:
    """Draw a(w) and C(w) with the weight walking down."""
    walk = descend(12)
    ws, visited = spaced(-0.15, 0.95), [s.w for s in walk]
    colour, spot = STYLES[0][0], STYLES[1][0]
    with picture(path, "Two nodes: the weight walks from 0.8 to 1/3", 1, 2, (11.0, 4.8)) as (left, right):
        left.plot(ws, [INPUT * w for w in ws], color=colour, linewidth=2)
        left.axhline(TARGET, color=GREY, linestyle=":")
        left.text(-0.13, TARGET + 0.03, "target y = 0.5", color="#444444")
        left.plot(visited, [s.a for s in walk], "o", color=spot)
        names(left, "weight w", "output a", "output  a(w) = 1.5 w")
        plot_loss_line(
            lambda w: (INPUT * w - TARGET) ** 2, ws[0], ws[-1], right, steps=201, descent=visited, log=False
        )
        for here, there in pairwise(walk):
            arrow = {"arrowstyle": "->", "color": spot, "shrinkA": 3, "shrinkB": 3}
            right.annotate("", (there.w, there.cost), (here.w, here.cost), arrowprops=arrow)
        right.set_title("", loc="left")
        right.legend().remove()
        right.plot([0.0], [TARGET**2], "s", color=colour, markersize=5)
        right.text(0.03, TARGET**2, "C(0) = 0.25")
        for n, s in enumerate(walk[:4]):
            right.annotate(f"w{n} = {s.w:.4g}", (s.w, s.cost), (9, -5), textcoords="offset points")
        right.annotate("minimum at 1/3", (1.0 / 3.0, 0.0), (0, -14), textcoords="offset points", ha="center")
        right.set_ylim(-0.06, 0.72)
        names(right, "weight w", "cost C", "cost  C(w) = (1.5 w − 0.5)²")


def rates(path: Path) -> None:
    """Draw the weight over the steps for each learning rate."""
    with picture(path, "What the learning rate does to the weight", 2, 3, (11.0, 5.8)) as panels:
        for panel, (name, rate, behaviour) in zip(panels, RATES, strict=True):
            panel.axhline(1.0 / 3.0, color=GREY, linestyle=":")
            panel.plot(range(16), [s.w for s in descend(16, rate)], "o-", color=STYLES[0][0], markersize=4)
            panel.set_ylim(-1.2, 1.9)
            panel.set_xticks([0, 5, 10, 15])
            names(panel, "step n", "weight w", f"r = {name}: {behaviour}")
        panels[0].text(15, 1.0 / 3.0 - 0.12, "1/3", ha="right", va="top", color="#444444")
