"""Article B, learning: an error with two valleys, three modes, the whole algorithm, vanishing deltas."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from chainrule.engine import Value, no_grad, total
from chainrule.nn import (
    ACTIVATIONS,
    MLP,
    SGD,
    evaluate,
    fit,
    half_squared_error,
    log_loss,
    moons,
    squared_error,
)

# -- B-B: an error with more than one minimum ---------------------------------------------------------

EXAMPLES = ((1.0, 0.5), (-2.0, 0.0), (-0.5, -0.8))
"""Three examples (x, y) for the network x -> tanh(w x - 1) -> o, whose only weight is w."""

LEFT_START = -2.2


def error(w: Value) -> Value:
    """Return E(w) = sum (y - o)**2 over the examples."""
    return total([squared_error((w * x - 1.0).tanh(), y) for x, y in EXAMPLES])


def error_at(w: float) -> float:
    """Return E at a number, without recording."""
    with no_grad():
        return error(Value(w)).data


def roll(start: float, momentum: float, steps: int = 150, lr: float = 0.02) -> list[tuple[float, float]]:
    """Return (w, E) at every step of gradient descent from `start`."""
    w = Value(start)
    optimizer = SGD([w], lr=lr, momentum=momentum)
    path = []
    for _ in range(steps + 1):
        optimizer.zero_grad()
        e = error(w)
        path.append((w.data, e.data))
        e.backward()
        optimizer.step()
    return path


def turning_points(
    f: Callable[[float], float], low: float, high: float, n: int = 4000
) -> list[tuple[str, float, float]]:
    """Return ("minimum" or "maximum", x, f(x)) wherever f turns between low and high, by looking densely."""
    xs = [low + (high - low) * i / n for i in range(n + 1)]
    ys = [f(x) for x in xs]
    found = []
    for i in range(1, n):
        if ys[i - 1] > ys[i] < ys[i + 1]:
            found.append(("minimum", xs[i], ys[i]))
        elif ys[i - 1] < ys[i] > ys[i + 1]:
            found.append(("maximum", xs[i], ys[i]))
    return found


# -- B-E: batch, stochastic, mini-batch ---------------------------------------------------------------

EPOCHS, POINTS = 25, 120
MODES: list[tuple[str, int | None]] = [("batch", None), ("mini-batch of 10", 10), ("stochastic", 1)]


@dataclass(frozen=True)
class Mode:
    """One way of taking the examples, and the loss over all of them after each epoch."""

    name: str
    steps_an_epoch: int
    losses: list[float]

    @property
    def rises(self) -> int:
        """In how many epochs the loss went up instead of down."""
        return sum(later > sooner for sooner, later in pairwise(self.losses))


def modes() -> list[Mode]:
    """Train the same network from the same start on the same two moons in each of the three modes."""
    points, sides = moons(POINTS, noise=0.2, seed=3)
    labels = [(side + 1) // 2 for side in sides]
    found = []
    for name, size in MODES:
        model = MLP(2, [5, 1], activation="tanh", output="sigmoid", seed=1)
        start = evaluate(model, points, labels, loss=log_loss).loss
        history = fit(
            model, points, labels, loss=log_loss, optimizer=SGD(model.parameters(), lr=0.5), epochs=EPOCHS,
            batch_size=size, seed=7, validation=(points, labels), progress=False,
        )  # fmt: skip
        found.append(Mode(name, math.ceil(POINTS / (size or POINTS)), [start, *history.validation_loss]))
    return found


# -- B-F: the full algorithm --------------------------------------------------------------------------

XOR = [((0.0, 0.0), 0.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0), ((1.0, 1.0), 0.0)]
Weights = list[list[list[float]]]
"""weights[l][i][j] from unit j of the layer below into unit i; the last of each row is the bias's."""


def squash(z: float) -> float:
    """Return the sigmoid of a plain float."""
    return 1.0 / (1.0 + math.exp(-z))


def forward_by_hand(weights: Weights, x: Sequence[float]) -> list[list[float]]:
    """Return what each layer passes on, the input first; every layer ends with a 1 for the biases."""
    a = [[*x, 1.0]]
    for layer in weights:
        nets = [sum(w * s for w, s in zip(row, a[-1], strict=True)) for row in layer]
        a.append([*map(squash, nets), 1.0])
    return a


def deltas_by_hand(weights: Weights, a: list[list[float]], y: float) -> list[list[float]]:
    """Return the delta of every unit: o - y at the output, then the delta rule, layer by layer down."""
    deltas = [[a[-1][0] - y]]
    for number in range(len(weights) - 1, 0, -1):
        units = a[number][:-1]
        upstream = [
            sum(delta * row[i] for delta, row in zip(deltas[0], weights[number], strict=True))
            for i in range(len(units))
        ]
        deltas.insert(0, [s * (1.0 - s) * up for s, up in zip(units, upstream, strict=True)])
    return deltas


def learn_by_hand(weights: Weights, alpha: float, epochs: int, enough: float) -> tuple[Weights, list[float]]:
    """Return the trained weights and the mean loss of each epoch: the algorithm in plain floats.

    Sigmoid units throughout, log loss, one step after each example. No engine: this is what
    backpropagation looks like when it is written for one kind of network.
    """
    history: list[float] = []
    while len(history) < epochs and (not history or history[-1] > enough):
        losses = []
        for x, y in XOR:
            a = forward_by_hand(weights, x)
            losses.append(-math.log(a[-1][0] if y else 1.0 - a[-1][0]))
            deltas = deltas_by_hand(weights, a, y)  # all of them, before any weight moves
            weights = [
                [
                    [w - alpha * delta * s for w, s in zip(row, below, strict=True)]
                    for row, delta in zip(layer, ds, strict=True)
                ]
                for layer, ds, below in zip(weights, deltas, a[:-1], strict=True)
            ]
        history.append(sum(losses) / len(losses))
    return weights, history


def learn_by_engine(model: MLP, alpha: float, epochs: int, enough: float) -> list[float]:
    """Train the model the same way with the engine; return the mean loss of each epoch."""
    optimizer = SGD(model.parameters(), lr=alpha)
    history: list[float] = []
    while len(history) < epochs and (not history or history[-1] > enough):
        losses = []
        for x, y in XOR:
            optimizer.zero_grad()
            loss = log_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.data)
        history.append(sum(losses) / len(losses))
    return history


def weights_of(model: MLP) -> Weights:
    """Return the model's numbers in the layout of `learn_by_hand`."""
    return [[[*(w.data for w in n.w), n.b.data] for n in layer.neurons] for layer in model.layers]


@dataclass(frozen=True)
class Learned:
    """XOR learned twice from the same start."""

    by_hand: list[float]
    by_engine: list[float]
    weights_apart: float
    outputs: list[tuple[tuple[float, float], float, float]]


def learn_xor(alpha: float = 0.5, epochs: int = 2000, enough: float = 0.02) -> Learned:
    """Return how both learned: the losses, how far apart the weights ended, what comes out."""
    model = MLP(2, [3, 1], activation="sigmoid", output="sigmoid", seed=2)
    trained, by_hand = learn_by_hand(weights_of(model), alpha, epochs, enough)
    by_engine = learn_by_engine(model, alpha, epochs, enough)
    apart = max(
        abs(w - v)
        for ours, theirs in zip(trained, weights_of(model), strict=True)
        for row, other in zip(ours, theirs, strict=True)
        for w, v in zip(row, other, strict=True)
    )
    outputs = [(x, y, model(x).data) for x, y in XOR]
    return Learned(by_hand, by_engine, apart, outputs)


MACLEOD_INPUT, MACLEOD_TARGET = (0.35, 0.9), 0.5
MACLEOD_HIDDEN, MACLEOD_OUT = ((0.1, 0.8), (0.4, 0.6)), (0.3, 0.9)
MACLEOD_PRINTED = ("0.09916", "0.7978", "0.3972", "0.5928")


def macleod() -> list[tuple[str, float, float, str]]:
    """Return (hidden weight, correct new number, with already updated output weights, printed).

    MacLeod's 2-2-1 network, rate 1: a course example whose hidden deltas go back through weights
    that have just been changed.
    """
    hidden = [[Value(w) for w in row] for row in MACLEOD_HIDDEN]
    out = [Value(w) for w in MACLEOD_OUT]
    units = [total([w * x for w, x in zip(row, MACLEOD_INPUT, strict=True)]).sigmoid() for row in hidden]
    z = total([w * a for w, a in zip(out, units, strict=True)])
    half_squared_error(z.sigmoid(), MACLEOD_TARGET).backward()
    rows = []
    for i, unit in enumerate(units):
        updated = out[i].data - out[i].grad
        trap = z.grad * updated * unit.data * (1.0 - unit.data)
        for j, x in enumerate(MACLEOD_INPUT):
            old, right = hidden[i][j].data, hidden[i][j].data - hidden[i][j].grad
            rows.append((f"w{i + 1}{j + 1}", right, old - trap * x, MACLEOD_PRINTED[2 * i + j]))
    return rows


# -- B-H: vanishing deltas ----------------------------------------------------------------------------

DEPTH, WIDTH, NETWORKS = 8, 6, 10


@dataclass(frozen=True)
class Layers:
    """Means over a layer, from the first hidden layer to the output: of |delta|, and of f'(z)."""

    deltas: list[float]
    slopes: list[float]


def vanishing(activation: str) -> Layers:
    """Return the sizes of the deltas in deep networks of one activation.

    Means over several networks, the weights of each uniform between -1 and 1, one example each.
    """
    deltas, slopes = [0.0] * (DEPTH + 1), [0.0] * (DEPTH + 1)
    for seed in range(NETWORKS):
        layers = deep_pass(activation, seed)
        for n, layer in enumerate(layers):
            deltas[n] += sum(abs(z.grad) for z, _ in layer) / len(layer) / NETWORKS
            slopes[n] += sum(a.partials[0] if a is not z else 1.0 for z, a in layer) / len(layer) / NETWORKS
    return Layers(deltas, slopes)


def deep_pass(activation: str, seed: int) -> list[list[tuple[Value, Value]]]:
    """Return (z, a) of every neuron of one deep network after a backward pass, layer by layer."""
    seen: list[tuple[Value, Value]] = []

    def remembered(z: Value) -> Value:  # an activation may be any function of one Value
        seen.append((z, ACTIVATIONS[activation](z)))
        return seen[-1][1]

    model = MLP(WIDTH, [WIDTH] * DEPTH + [1], activation=remembered, seed=seed)
    rng = random.Random(1000 + seed)
    x: Sequence[float] = [rng.uniform(-1.0, 1.0) for _ in range(WIDTH)]
    o = model(x)
    half_squared_error(o, o.data - 1.0).backward()  # the output's delta is then exactly 1
    return [seen[i : i + WIDTH] for i in range(0, DEPTH * WIDTH, WIDTH)] + [[(o, o)]]
