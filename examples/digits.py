"""A network of 64-32-10 neurons reads handwritten digits, each weight of it a Value.

1,797 images of 8 x 8 pixels; a fifth of them, the same share of each digit, is held out. `python
examples/digits.py` trains for 15 epochs (about half a minute), prints the loss, the accuracy and what was
taken for what, and writes

    loss.svg     the loss and the accuracy of every epoch
    mistakes.svg held-out images that were read wrongly, and how sure the network was
    weights.svg  the weights of each of the 32 hidden neurons, where their pixels are
    flow.svg     how long the gradient of either layer was in every epoch
    pixels.svg   which pixels speak for a digit and which against it: gradients with respect to the image

The same --seed gives the same numbers, to the last digit.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _pictures import BLUE, ROSE, names, picture
from _show import count, heading, parser, say_pictures, table
from matplotlib.axes import Axes

from chainrule.engine import Value, no_grad, softmax
from chainrule.nn import MLP, Adam, History, Split, fit, load_digits, softmax_cross_entropy, split
from chainrule.viz import plot_gradient_flow, plot_history, plot_weights

HIDDEN, EPOCHS, BATCH, RATE = 32, 15, 16, 0.01
DECAY = 1e-3
"""Pulls weights towards 0 that nothing speaks for, such as those of the corners, which are always paper."""
SIDE, INK = 8, 16.0
SHORT = 300
"""How many images --short takes."""


@dataclass(frozen=True)
class Reading:
    """What the network makes of one image: the likeliest digit, and the chance of each."""

    image: list[float]
    digit: int
    chances: list[float]

    @property
    def read(self) -> int:
        """The likeliest digit."""
        return max(range(10), key=lambda i: self.chances[i])

    @property
    def words(self) -> str:
        """What it was taken for, what it is, and the chance of both."""
        read, digit = self.read, self.digit
        return f"read {read} ({self.chances[read]:.0%}), is {digit} ({self.chances[digit]:.0%})"


def is_right(logits: Sequence[Value], target: int) -> float:
    """Return 1.0 where the largest logit is the target's, else 0.0."""
    return float(max(range(len(logits)), key=lambda i: logits[i].data) == target)


def images(limit: int | None, seed: int) -> Split[list[float], int]:
    """Return the images, pixels from 0 to 1, in a part to learn from and one held out."""
    digits = load_digits()
    scaled = [[pixel / INK for pixel in image] for image in digits.inputs[:limit]]
    targets = digits.targets[:limit]
    return split(scaled, targets, test_share=0.2, seed=seed, stratify=targets)


def train(parts: Split[list[float], int], epochs: int, seed: int) -> tuple[MLP, History]:
    """Return the trained network and its history."""
    model = MLP(SIDE * SIDE, [HIDDEN, 10], activation="tanh", seed=seed)
    history = fit(
        model,
        parts.train_inputs,
        parts.train_targets,
        loss=softmax_cross_entropy,
        optimizer=Adam(model.parameters(), lr=RATE, weight_decay=DECAY),
        epochs=epochs,
        batch_size=BATCH,
        seed=seed,
        validation=(parts.test_inputs, parts.test_targets),
        metrics={"accuracy": is_right},
        report_every=1,
        compiled="auto",
    )
    return model, history


def read_all(model: MLP, inputs: Sequence[list[float]], targets: Sequence[int]) -> list[Reading]:
    """Return what the network makes of each image."""
    with no_grad():
        return [
            Reading(image, digit, softmax([logit.data for logit in model(image)]))
            for image, digit in zip(inputs, targets, strict=True)
        ]


def pixel_gradients(model: MLP, image: Sequence[float], digit: int) -> list[float]:
    """Return the derivative of the log of a digit's chance with respect to each pixel."""
    pixels = [Value(pixel) for pixel in image]
    (-softmax_cross_entropy(model(pixels), digit)).backward()
    return [pixel.grad for pixel in pixels]


# -- pictures -----------------------------------------------------------------------------------------


def show(
    panel: Axes, numbers: Sequence[float], title: str, colours: str = "Greys", limit: float = 1.0
) -> None:
    """Show 64 numbers as an image; limit: of the colours, both ways where they have two ends."""
    low = 0.0 if colours == "Greys" else -limit
    rows = [list(numbers[start : start + SIDE]) for start in range(0, SIDE * SIDE, SIDE)]
    panel.imshow(rows, cmap=colours, vmin=low, vmax=limit)
    panel.set_title(title, fontsize=9)
    panel.set_axis_off()


def draw_training(history: History, path: Path) -> None:
    """Draw loss and accuracy by epochs."""
    with picture(path, "Digits: learning, and what is held out", 1, 2, (10.0, 4.2)) as (left, right):
        plot_history(history, left)
        left.set_ylabel("mean loss (nats), logarithmic")
        epochs = range(1, len(history.train) + 1)
        held_out = [scores.metrics["accuracy"] for scores in history.validation]
        right.plot(epochs, history.metric("accuracy"), color=BLUE, label="training")
        right.plot(epochs, held_out, color=ROSE, linestyle="--", label="held out")
        right.axhline(0.95, color="black", linewidth=0.8, linestyle=":")
        right.annotate("95%", (1, 0.95), (0, 4), textcoords="offset points")
        right.annotate(f"{held_out[-1]:.1%}", (len(held_out), held_out[-1]), (0, -26), ha="right",
                       textcoords="offset points", color=ROSE)  # fmt: skip
        names(right, "epoch", "share read rightly", "accuracy", "lower right")


def draw_mistakes(readings: Sequence[Reading], path: Path) -> None:
    """Draw the images that were read wrongly, the surest mistakes first."""
    wrong = sorted((r for r in readings if r.read != r.digit), key=lambda r: -r.chances[r.read])
    shown = wrong[:15] or list(readings[:15])
    title = f"{len(wrong)} of {len(readings)} held-out images were read wrongly; the surest mistakes first"
    with picture(path, title, 3, 5, (11.0, 7.0)) as panels:
        for panel in panels:
            panel.set_axis_off()
        for panel, reading in zip(panels, shown, strict=False):
            show(panel, reading.image, reading.words)


def draw_weights(model: MLP, path: Path) -> None:
    """Draw each hidden neuron's weights where its pixels are: ink on orange pushes it up, on blue down."""
    sizes = [abs(w.data) for neuron in model.layers[0].neurons for w in neuron.w]
    limit = sorted(sizes)[int(0.98 * len(sizes))]
    plot_weights(model, layers=["layers.0"], shape=(SIDE, SIDE), limit=limit, path=path)


def draw_pixels(model: MLP, readings: Sequence[Reading], path: Path) -> None:
    """Draw an image of each digit and, below it, the gradient of its chance by pixels."""
    chosen = [
        min((r for r in readings if r.digit == digit), key=lambda r: abs(r.chances[digit] - 0.9))
        for digit in sorted({r.digit for r in readings})
    ]
    title = "Where more ink would speak for the digit (orange) and against it (purple)"
    with picture(path, title, 2, len(chosen), (1.25 * len(chosen) + 0.5, 3.4)) as panels:
        for panel, below, reading in zip(panels, panels[len(chosen) :], chosen, strict=False):
            show(panel, reading.image, f"{reading.digit}: {reading.chances[reading.digit]:.0%}")
            slopes = pixel_gradients(model, reading.image, reading.digit)
            show(below, slopes, "", "PuOr_r", max(map(abs, slopes)) or 1.0)


def main(argv: Sequence[str] | None = None) -> float:
    """Train, print and draw; return the accuracy on the held-out images."""
    options = parser("digits", "Train a network of 64-32-10 neurons on handwritten digits.")
    options.add_argument("--epochs", type=count, help=f"passes over the images ({EPOCHS})")
    options.add_argument("--seed", type=int, default=0, help="of weights, split and order (%(default)s)")
    options.add_argument("--short", action="store_true", help=f"only {SHORT} images, and 3 epochs")
    given = options.parse_args(argv)

    parts = images(SHORT if given.short else None, given.seed)
    n, held_out = len(parts.train_inputs), len(parts.test_inputs)
    heading(f"Handwritten digits: {n:,} images to learn from, {held_out} held out")
    started = time.perf_counter()
    model, history = train(parts, given.epochs or (3 if given.short else EPOCHS), given.seed)
    took = time.perf_counter() - started
    accuracy = history.validation[-1].metrics["accuracy"]
    print(
        f"\n{model} with {len(model.parameters()):,} parameters: {accuracy:.1%} of the held-out images "
        f"right, after {took:.0f} s ({1e3 * took / len(history.train) / n:.2f} ms an image and epoch)\n"
    )
    readings = read_all(model, parts.test_inputs, parts.test_targets)
    table(
        ["digit", *[f"read {digit}" for digit in range(10)]],
        [
            [d, *[sum(r.digit == d and r.read == read for r in readings) for read in range(10)]]
            for d in range(10)
        ],
    )

    if given.out is not None:
        draw_training(history, given.out / "loss.svg")
        draw_mistakes(readings, given.out / "mistakes.svg")
        draw_weights(model, given.out / "weights.svg")
        draw_pixels(model, readings, given.out / "pixels.svg")
        plot_gradient_flow(history, path=given.out / "flow.svg")
        say_pictures(given.out, "loss", "mistakes", "weights", "pixels", "flow")
    return accuracy


if __name__ == "__main__":
    main()
