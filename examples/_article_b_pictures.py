"""The pictures of article B."""

from pathlib import Path

from _article_b_descent import DEPTH, LEFT_START, error_at, modes, roll, vanishing
from _article_b_example import WEIGHTS, Network, step
from _article_b_gradient import LOSSES, loss_and_slope
from _pictures import GREY, STYLES, names, picture, save_graph, spaced
from matplotlib.axes import Axes


def draw_all(folder: Path) -> None:
    """Draw every picture of the article into `folder`."""
    losses(folder / "losses.svg")
    valleys(folder / "two_valleys.svg")
    descent_modes(folder / "modes.svg")
    before, after = step()
    example_network(folder / "example_network.svg", before, after)
    save_graph(before.loss, folder / "example_graph.svg")
    vanishing_deltas(folder / "vanishing.svg")


def losses(path: Path) -> None:
    """Draw each loss over the output, and its slope."""
    outputs = spaced(0.01, 0.99)
    with picture(path, "Losses: what an output o costs, and how steeply", 1, 2, (11.0, 4.5)) as (left, right):
        for (name, loss), (colour, dashes) in zip(LOSSES.items(), STYLES, strict=False):
            points = [loss_and_slope(loss, o) for o in outputs]
            left.plot(
                outputs, [j for j, _ in points], color=colour, linestyle=dashes, label=name, linewidth=2
            )
            right.plot(outputs, [s for _, s in points], color=colour, linestyle=dashes, linewidth=2)
        right.set_ylim(-12.0, 12.0)
        names(left, "output o", "loss J", "loss (cross-entropy of the right class is log loss, y = 1)",
              "upper center")  # fmt: skip
        names(right, "output o", "slope dJ/do", "slope")


def valleys(path: Path) -> None:
    """Draw the error with two valleys, and two descents into them."""
    ws = spaced(-2.6, 3.2, 400)
    with picture(path, "An error with two valleys: x → tanh(w x − 1) → o", 1, 2, (11.0, 4.8)) as panels:
        for panel, momentum in zip(panels, (0.0, 0.9), strict=True):
            path_down = roll(LEFT_START, momentum)
            (colour, _), (spot, _) = STYLES[:2]
            panel.plot(ws, [error_at(w) for w in ws], color=colour, linewidth=2)
            panel.plot(
                [w for w, _ in path_down],
                [e for _, e in path_down],
                "o-",
                color=spot,
                markersize=4,
                linewidth=0.8,
            )
            panel.plot(*path_down[-1], "*", color="black", markersize=13, zorder=3)
            panel.annotate("start", path_down[0], (8, 4), textcoords="offset points")
            panel.annotate("end", path_down[-1], (0, -16), textcoords="offset points", ha="center")
            panel.annotate("local minimum", (-0.41, 1.976), (0.7, 3.2), ha="center",
                           arrowprops={"arrowstyle": "->", "color": GREY})  # fmt: skip
            panel.annotate("global minimum", (1.53, 1.02), (1.9, 2.0), ha="center",
                           arrowprops={"arrowstyle": "->", "color": GREY})  # fmt: skip
            panel.set_ylim(0.5, 5.5)
            names(panel, "weight w", "error E(w)", f"momentum {momentum:g}" if momentum else "no momentum")


def descent_modes(path: Path) -> None:
    """Draw the loss by epochs in the three modes."""
    with picture(path, "Batch, mini-batch and stochastic gradient descent on the same data") as (panel,):
        for mode, (colour, dashes) in zip(modes(), STYLES, strict=False):
            steps = "1 step" if mode.steps_an_epoch == 1 else f"{mode.steps_an_epoch} steps"
            label = f"{mode.name}: {steps} an epoch"
            panel.plot(
                mode.losses, "o", color=colour, linestyle=dashes, linewidth=2, markersize=3, label=label
            )
        panel.set_ylim(0.0, 0.95)
        names(panel, "epoch", "loss over all points", "", "upper right")


def vanishing_deltas(path: Path) -> None:
    """Draw the mean size of delta by layers for three activations."""
    with picture(path, "Deltas from the output (right) back to the first layer") as (panel,):
        for name, (colour, dashes) in zip(("tanh", "relu", "sigmoid"), STYLES, strict=False):
            sizes = vanishing(name).deltas
            panel.semilogy(range(1, DEPTH + 2), sizes, "o", color=colour, linestyle=dashes, label=name)
        bound = [0.25 ** (DEPTH + 1 - n) for n in range(1, DEPTH + 2)]
        panel.semilogy(
            range(1, DEPTH + 2), bound, color=GREY, linestyle=":", label="a factor of 1/4 each layer"
        )
        panel.set_xticks(range(1, DEPTH + 2), [*map(str, range(1, DEPTH + 1)), "output"])
        names(panel, "layer", "mean |δ|, logarithmic", "", "lower right")


# -- the numerical example, as a network --------------------------------------------------------------

PLACES = {
    "x1": (0.0, 3.0), "x2": (0.0, 1.0), "1": (1.6, 4.0), "2": (1.6, 2.0), "3": (1.6, 0.0),
    "4": (3.5, 3.0), "5": (3.5, 1.0), "6": (5.2, 2.0),
}  # fmt: skip


def example_network(path: Path, before: Network, after: Network) -> None:
    """Draw the 2-3-2-1 network: activations, deltas and each weight before and after the step."""
    title = f"Article B's example: output {before.output:.4f} → {after.output:.4f} in one step"
    with picture(path, title, size=(12.0, 7.2)) as (panel,):
        panel.axis("off")
        panel.set_xlim(-0.45, 5.65)
        panel.set_ylim(-0.75, 4.75)
        for source, target in WEIGHTS:
            if source != "bias":
                connection(panel, source, target, before, after)
        (x, y), (to_x, to_y) = PLACES["3"], PLACES["4"]
        panel.plot([x, to_x], [y, to_y], color=GREY, linestyle=(0, (1, 4)), linewidth=1, zorder=1)
        note(panel, x + 0.22 * (to_x - x), y + 0.22 * (to_y - y), "no connection", GREY)
        for name, (x, y) in PLACES.items():
            unit(panel, name, x, y, before)
        for target in (1, 2):
            x, y = PLACES[str(target)]
            numbers = (before.weights["bias", target].data, after.weights["bias", target].data)
            text = f"bias {numbers[0]:g} → {numbers[1]:.4f}".replace("-", "−")
            panel.text(x, y + 0.42, text, ha="center", fontsize=9)
        panel.text(
            0.0, 0.55, "x2 is 0: nothing it feeds\ncan change or learn", ha="center", va="top", fontsize=9
        )
        panel.text(5.2, 1.5, "label y = 1\nlog loss", ha="center", va="top", fontsize=9)


def connection(panel: Axes, source: str, target: int, before: Network, after: Network) -> None:
    """Draw a connection with its weight before and after the step."""
    (x, y), (to_x, to_y) = PLACES[source], PLACES[str(target)]
    old, new = before.weights[source, target].data, after.weights[source, target].data
    colour, dashes = STYLES[0] if old > 0.0 else STYLES[1]
    panel.plot([x, to_x], [y, to_y], color=colour, linestyle=dashes, linewidth=1 + 2 * abs(old), zorder=1)
    along = 0.5 if target < 4 else 0.3 if (source, target) in {("1", 5), ("2", 4)} else 0.45
    note(panel, x + along * (to_x - x), y + along * (to_y - y), f"{old:g} → {new:.4f}", colour)


def note(panel: Axes, x: float, y: float, text: str, colour: str) -> None:
    """Write on a line, on a white ground."""
    ground = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"}
    panel.text(
        x,
        y,
        text.replace("-", "−"),
        color=colour,
        fontsize=9,
        ha="center",
        va="center",
        bbox=ground,
        zorder=2,
    )


def unit(panel: Axes, name: str, x: float, y: float, before: Network) -> None:
    """Draw an input, or a unit with its activation and its delta."""
    if name.startswith("x"):
        text = f"{name} = {1 if name == 'x1' else 0}"
    else:
        text = f"a{name} = {before.a[int(name)].data:.4f}\nδ{name} = {before.deltas[int(name)]:.4f}"
    box = {"boxstyle": "round,pad=0.5", "facecolor": "#f3f1fa", "edgecolor": STYLES[0][0]}
    panel.text(x, y, text.replace("-", "−"), ha="center", va="center", bbox=box, zorder=3)
