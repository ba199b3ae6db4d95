"""A network fits a function of one number from noisy samples.

30 samples of sin(3x) / (1 + x²) + noise between -3 and 3; an MLP of 12 + 12 tanh neurons. `python
examples/function_fit.py` prints the error as training goes on, on the samples and against the function
without the noise, which the network never sees, and writes

    fit.svg      the samples, the function, and the network's curve after 0, 20, 100 and 400 epochs
    error.svg    both errors by epochs, and where the noise puts the floor
    neurons.svg  the 12 hidden curves of the first layer that the network makes its curve of
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from _pictures import BLUE, GREY, ROSE, STYLES, names, picture, spaced
from _show import count, heading, parser, say, say_pictures, table

from chainrule.engine import no_grad
from chainrule.nn import MLP, Adam, LinearLR, fit, noisy_function, squared_error

LOW, HIGH, SAMPLES, NOISE = -3.0, 3.0, 30, 0.15
OUTSIDE = 1.5
"""How far beyond the samples the curves are drawn."""
SIZES, BATCH, RATE, EPOCHS = (12, 12, 1), 5, 0.03, 400
STAGES = (0.0, 0.05, 0.25, 1.0)
"""When the curve is looked at, as shares of the training."""


def f(x: float) -> float:
    """Return the function that is to be found."""
    return math.sin(3.0 * x) / (1.0 + x * x)


@dataclass
class Run:
    """What is seen while the network learns, and the network."""

    model: MLP
    inputs: list[list[float]]
    targets: list[float]
    curves: dict[int, list[float]] = field(default_factory=dict)
    error: list[float] = field(default_factory=list)
    true_error: list[float] = field(default_factory=list)


def curve(model: MLP, xs: Sequence[float]) -> list[float]:
    """Return the network's curve at `xs`, without recording."""
    with no_grad():
        return [model([x]).data for x in xs]


def mean_square(ys: Sequence[float], wanted: Sequence[float]) -> float:
    """Return the mean of the squared differences."""
    return math.fsum((y - t) ** 2 for y, t in zip(ys, wanted, strict=True)) / len(ys)


def places() -> list[float]:
    """Return where the curves are drawn, beyond the samples too."""
    return spaced(LOW - OUTSIDE, HIGH + OUTSIDE, 241)


def train(epochs: int, seed: int) -> Run:
    """Return the run: errors after every epoch, and the curve at some stages."""
    inputs, targets = noisy_function(f, SAMPLES, LOW, HIGH, NOISE, seed=seed)
    run = Run(MLP(1, SIZES, activation="tanh", seed=seed), inputs, targets)
    stages = {round(share * epochs) for share in STAGES}
    fine = spaced(LOW, HIGH, 121)
    truth = [f(x) for x in fine]

    def look(epoch: int) -> None:
        if epoch in stages:
            run.curves[epoch] = curve(run.model, places())
        run.error.append(mean_square(curve(run.model, [x for [x] in inputs]), targets))
        run.true_error.append(mean_square(curve(run.model, fine), truth))

    look(0)
    optimizer = Adam(run.model.parameters(), lr=RATE)
    fit(
        run.model,
        inputs,
        targets,
        loss=squared_error,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=BATCH,
        seed=seed,
        schedule=LinearLR(optimizer, start_factor=1.0, end_factor=0.0, total_iters=epochs),
        callbacks=[lambda state: look(state.epoch)],
    )
    return run


def draw_fit(run: Run, path: Path) -> None:
    """Draw samples, function and curves."""
    xs = places()
    with picture(path, "A curve from noisy samples", 2, 2, (11.0, 7.0)) as panels:
        for panel, (epoch, ys) in zip(panels, run.curves.items(), strict=True):
            for low, high in ((LOW - OUTSIDE, LOW), (HIGH, HIGH + OUTSIDE)):
                panel.axvspan(low, high, color="#eeeeee", zorder=0)
            panel.plot(xs, [f(x) for x in xs], color=GREY, linestyle=":", label="the function")
            panel.plot(
                [x for [x] in run.inputs], run.targets, "o", color=ROSE, markersize=3.5, label="samples"
            )
            panel.plot(xs, ys, color=BLUE, linewidth=2, label="the network")
            panel.set_ylim(-1.4, 1.4)
            panel.text(HIGH + OUTSIDE / 2, 1.25, "no samples", ha="center", fontsize=8, color="#555555")
            title = "before training" if epoch == 0 else f"after {epoch} epoch{'s' * (epoch > 1)}"
            names(panel, "x", "y", f"{title}: error {run.error[epoch]:.4f}")
        panels[0].legend(loc="lower left")


def draw_error(run: Run, path: Path) -> None:
    """Draw both errors by epochs."""
    with picture(path, "The error of the curve while it learns") as (panel,):
        for errors, label, (colour, dashes) in (
            (run.error, "on the samples", STYLES[0]),
            (run.true_error, "against the function itself", STYLES[1]),
        ):
            panel.semilogy(errors, color=colour, linestyle=dashes, label=label)
        panel.axhline(NOISE**2, color=GREY, linestyle=":")
        panel.annotate(
            f"the noise's own mean square, {NOISE**2:g}:\na curve closer to the samples follows the noise",
            (0.3 * len(run.error), NOISE**2),
            (0, 26),
            textcoords="offset points",
            arrowprops={"arrowstyle": "->", "color": GREY},
        )
        least = min(range(len(run.true_error)), key=lambda epoch: run.true_error[epoch])
        panel.plot([least], [run.true_error[least]], "v", color=ROSE)
        panel.margins(y=0.12)  # room below for the words
        side = "left" if least < len(run.error) / 2 else "right"
        panel.annotate(f"nearest to the function: epoch {least}", (least, run.true_error[least]), (0, -16),
                       textcoords="offset points", ha=side)  # fmt: skip
        names(panel, "epoch", "mean squared error, logarithmic", "", "upper right")


def draw_neurons(run: Run, path: Path) -> None:
    """Draw what each neuron of the first layer makes of x."""
    xs = spaced(LOW, HIGH, 121)
    first = run.model.layers[0]
    with no_grad():
        rows = [[a.data for a in first([x])] for x in xs]
    with picture(
        path, "The first layer's neurons: bends that the next layers add up", 3, 4, (11.0, 6.0)
    ) as panels:
        for number, panel in enumerate(panels):
            panel.plot(xs, [row[number] for row in rows], color=BLUE)
            panel.set_ylim(-1.1, 1.1)
            w, b = first.neurons[number].w[0].data, first.neurons[number].b.data
            names(panel, "", "", f"tanh({w:.2f} x {'+' if b >= 0 else '−'} {abs(b):.2f})".replace("-", "−"))


def main(argv: Sequence[str] | None = None) -> float:
    """Train, print and draw; return the error against the function without noise."""
    options = parser("function_fit", "Fit a function of one number from noisy samples.")
    options.add_argument("--epochs", type=count, help=f"passes over the samples ({EPOCHS})")
    options.add_argument("--seed", type=int, default=0, help="of noise, weights and order (%(default)s)")
    options.add_argument("--short", action="store_true", help="20 epochs")
    given = options.parse_args(argv)

    heading(f"sin(3x) / (1 + x²) from {SAMPLES} samples with noise of {NOISE:g}")
    run = train(given.epochs or (20 if given.short else EPOCHS), given.seed)
    last = len(run.error) - 1
    shown = sorted({*run.curves, *(round(share * last) for share in (0.1, 0.5, 0.75))})
    table(["epoch", "error on the samples", "error against the function"],
          [(epoch, run.error[epoch], run.true_error[epoch]) for epoch in shown])  # fmt: skip
    least = min(range(last + 1), key=lambda epoch: run.true_error[epoch])
    say(
        f"""The noise alone has a mean square of {NOISE**2:g}: a curve whose error on the samples is smaller
        has followed some of it. The curve was nearest to the function after {least} of {last} epochs."""
    )
    if given.out is not None:
        draw_fit(run, given.out / "fit.svg")
        draw_error(run, given.out / "error.svg")
        draw_neurons(run, given.out / "neurons.svg")
        say_pictures(given.out, "fit", "error", "neurons")
    return run.true_error[-1]


if __name__ == "__main__":
    main()
