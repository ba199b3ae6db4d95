"""A deep network of sigmoids cannot learn what the same network of relus learns: the gradient vanishes.

Two networks with 8 hidden layers of 8 neurons and the same first weights, on the two moons: one of sigmoids,
one of relus. `python examples/deep.py` trains both the same way (all points at each step, the plain rule
w <- w - 0.1 dL/dw), prints each layer's gradient and how far its weights came, and writes

    gradients.svg  the gradient of each layer, before training and over the epochs
    flow_sigmoid.svg, flow_relu.svg  the same for every layer, as `plot_gradient_flow` draws a history
    activations_sigmoid.svg, activations_relu.svg  what some layers pass on at the end: dead units, and
                                                   layers that tell no point from another
    learning.svg   the loss of both, and what both know at the end
    path_sigmoid.svg, path_relu.svg  why: one path through four layers of each, with every local derivative

`article_b.py` shows the deltas of deep networks before training, and where the factor of 1/4 comes from.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _pictures import GREY, STYLES, names, picture, save_graph
from _show import count, heading, parser, say, say_pictures, table

from chainrule.engine import Value, no_grad, sigmoid
from chainrule.nn import MLP, SGD, History, Parameter, fit, log_loss_from_logits, moons
from chainrule.viz import plot_activations, plot_decision_boundary, plot_gradient_flow

DEPTH, WIDTH, POINTS, NOISE = 8, 8, 60, 0.1
EPOCHS, RATE = 200, 0.1
LOOKED_AT = ["layers.0", "layers.3", "layers.7", "layers.8"]
VANISHED = 1e-3
"""Where the first layer's gradient is below this share of the last's, it has vanished for all purposes."""


@dataclass
class Run:
    """A network that has learned: its history, and how far its weights came."""

    activation: str
    model: MLP
    points: list[list[float]]
    sides: list[int]
    history: History
    moved: list[float]
    """The root mean square of how far each layer's weights came in all."""

    @property
    def norms(self) -> list[list[float]]:
        """For each epoch, the root mean square of dL/dw of each layer, from the first to the output."""
        roots = [math.sqrt(len(layer.parameters())) for layer in self.model.layers]
        return [
            [length / root for length, root in zip(lengths.values(), roots, strict=True)]
            for lengths in self.history.gradient_norms
        ]

    @property
    def share(self) -> float:
        """The first layer's gradient as a share of the last's, before training."""
        return self.norms[0][0] / self.norms[0][-1]

    @property
    def words(self) -> str:
        """What to say about the gradient."""
        share = f"1/{1.0 / self.share:,.0f}" if self.share < 0.01 else f"{self.share:.0%}"
        says = f"the first layer's is {share} of the output's"
        return f"vanishing gradient: {says}" if self.share < VANISHED else f"healthy gradient: {says}"

    @property
    def accuracy(self) -> float:
        """The share of the points on the right side."""
        return self.history.metric("right")[-1]


def root_mean_square(numbers: Sequence[float]) -> float:
    """Return the root of the mean of the squares."""
    return math.sqrt(math.fsum(x * x for x in numbers) / len(numbers))


def train(activation: str, epochs: int, seed: int) -> Run:
    """Return the run of a deep network of one activation."""
    points, sides = moons(POINTS, NOISE, seed=seed)
    model = MLP(2, [WIDTH] * DEPTH + [1], activation, seed=seed)
    layers = [layer.parameters() for layer in model.layers]
    before = [[p.data for p in layer] for layer in layers]
    history = fit(
        model,
        points,
        [(side + 1) // 2 for side in sides],
        loss=log_loss_from_logits,
        optimizer=SGD(model.parameters(), lr=RATE),
        epochs=epochs,
        metrics={"right": lambda score, target: float((score.data > 0.0) == (target == 1))},
    )
    moved = [
        root_mean_square([p.data - start for p, start in zip(layer, starts, strict=True)])
        for layer, starts in zip(layers, before, strict=True)
    ]
    return Run(activation, model, points, sides, history, moved)


def path_through(activation: str, weight: float = 0.9, depth: int = 4) -> Value:
    """Return the end of one path through a network: a neuron a layer, each fed by the one before."""
    signal = Value(1.0, label="x")
    for layer in range(1, depth + 1):
        w = Parameter(weight, label=f"w{layer}")
        z = w * signal
        z.label = f"z{layer}"
        signal = sigmoid(z) if activation == "sigmoid" else z.relu()
        signal.label = f"a{layer}"
    signal.backward()
    return signal


# -- pictures -----------------------------------------------------------------------------------------


def draw_gradients(runs: Sequence[Run], path: Path) -> None:
    """Draw each layer's gradient before training, and the first and last layer's over the epochs."""
    with picture(path, "The gradient of each layer, in a deep network", 1, 3, (14.0, 4.8)) as panels:
        for run, (colour, dashes) in zip(runs, STYLES, strict=False):
            panels[0].semilogy(range(1, DEPTH + 2), run.norms[0], "o", color=colour, linestyle=dashes,
                               label=run.activation)  # fmt: skip
        panels[0].set_xticks(range(1, DEPTH + 2), [*map(str, range(1, DEPTH + 1)), "out"])
        names(panels[0], "layer", "rms of dL/dw, logarithmic", "before training", "lower right")
        limits = [norm for run in runs for norms in run.norms for norm in norms if norm > 0.0]
        for panel, run in zip(panels[1:], runs, strict=True):
            for number, label, (colour, dashes) in (
                (0, "layer 1", STYLES[0]),
                (DEPTH // 2 - 1, f"layer {DEPTH // 2}", STYLES[2]),
                (DEPTH, "output", STYLES[1]),
            ):
                panel.semilogy(
                    [norms[number] for norms in run.norms], color=colour, linestyle=dashes, label=label
                )
            names(panel, "epoch", "", f"{run.activation}: " + run.words.replace(": ", "\n"), "best")
        for panel in panels:
            panel.set_ylim(min(limits) / 2.0, max(limits) * 2.0)


def draw_learning(runs: Sequence[Run], path: Path) -> None:
    """Draw the loss of both, and what both have learned."""
    with picture(path, "What comes of it", 1, 3, (14.0, 4.6)) as panels:
        for run, (colour, dashes) in zip(runs, STYLES, strict=False):
            panels[0].semilogy(run.history.loss, color=colour, linestyle=dashes, label=run.activation)
        panels[0].axhline(math.log(2.0), color=GREY, linestyle=":")
        panels[0].annotate("guessing: ln 2", (len(runs[0].history.loss), math.log(2.0)), (0, 4), ha="right",
                           textcoords="offset points")  # fmt: skip
        names(panels[0], "epoch", "mean loss, logarithmic", "", "lower left")
        for panel, run in zip(panels[1:], runs, strict=True):
            plot_decision_boundary(run.model, run.points, run.sides, panel)
            with no_grad():
                scores = [run.model(point).data for point in run.points]
            spread = max(scores) - min(scores)
            panel.set_title(
                f"{run.activation}: {run.accuracy:.0%} right\nscores of the points differ by {spread:.2g}"
            )
            panel.legend().remove()


def main(argv: Sequence[str] | None = None) -> list[Run]:
    """Train both, print and draw; return both runs."""
    options = parser("deep", "A deep network of sigmoids against one of relus.")
    options.add_argument("--epochs", type=count, help=f"steps over all points ({EPOCHS})")
    options.add_argument("--seed", type=int, default=1, help="of points and weights (%(default)s)")
    options.add_argument("--short", action="store_true", help="10 epochs")
    given = options.parse_args(argv)

    heading(f"{DEPTH} hidden layers of {WIDTH} neurons on {POINTS} points of two moons")
    epochs = given.epochs or (10 if given.short else EPOCHS)
    runs = [train(activation, epochs, given.seed) for activation in ("sigmoid", "relu")]
    one, other = runs
    table(
        ["layer", "sigmoid: dL/dw", "weights moved", "relu: dL/dw", "weights moved (relu)"],
        [
            (name, *(f"{x:.2g}" for x in (one.norms[0][i], one.moved[i], other.norms[0][i], other.moved[i])))
            for i, name in enumerate([*map(str, range(1, DEPTH + 1)), "output"])
        ],
    )
    for run in runs:
        say(
            f"""{run.activation}: {run.words}. After {epochs} epochs {run.accuracy:.0%} of the points are
            right."""
        )
    say(
        """dL/dw is the root mean square over a layer's weights, before training. Going back through a
        sigmoid multiplies by s (1 - s), which is 1/4 at most; going back through a relu by 1 or 0. Eight
        times a quarter is 1/65,536: the first layers of the sigmoids stand still, and what the last ones
        see of the points is a mixture that never changes."""
    )
    if given.out is not None:
        draw_gradients(runs, given.out / "gradients.svg")
        draw_learning(runs, given.out / "learning.svg")
        for run in runs:
            plot_gradient_flow(run.history, path=given.out / f"flow_{run.activation}.svg")
            plot_activations(
                run.model, run.points, layers=LOOKED_AT, path=given.out / f"activations_{run.activation}.svg"
            )
            save_graph(path_through(run.activation), given.out / f"path_{run.activation}.svg")
        kinds = ("flow", "activations", "path")
        say_pictures(
            given.out,
            "gradients",
            "learning",
            *(f"{kind}_{run.activation}" for kind in kinds for run in runs),
        )
    return runs


if __name__ == "__main__":
    main()
