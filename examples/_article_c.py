"""The systems of article C, computed; article_c.py prints them and _article_c_pictures.py draws them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from _show import named, slope

from chainrule.engine import Constant, Value, dot, total
from chainrule.nn import SGD, Parameter, half_squared_error

# -- C-A: the hill in the fog -------------------------------------------------------------------------

LEFT_START, RIGHT_START = -3.2, 0.8
LOW, HIGH = -4.0, 5.0
"""The stretch on which the walker is dropped."""


def height(x: Value | float) -> Value:
    """Return the height of the hill, whose slope is x (x + 2) (x - 3).

    So it has valleys at -2 and 3 and a top at 0; the constant puts the deeper valley at sea level.
    """
    x = x if isinstance(x, Value) else Value(x)
    return 0.25 * x**4 - x**3 / 3.0 - 3.0 * x**2 + 15.75


def walk_down(start: float, steps: int = 60, rate: float = 0.02) -> list[tuple[float, float]]:
    """Return (place, height) at every step of a walker who feels the slope underfoot and nothing else."""
    place = Value(start)
    feet = SGD([place], lr=rate)
    path = []
    for _ in range(steps + 1):
        feet.zero_grad()
        here = height(place)
        path.append((place.data, here.data))
        here.backward()
        feet.step()
    return path


def drops(count: int = 10, seed: int = 3) -> list[list[tuple[float, float]]]:
    """Return the walks of a walker dropped `count` times at random places."""
    rng = random.Random(seed)
    return [walk_down(rng.uniform(LOW, HIGH)) for _ in range(count)]


# -- C-B: the linear network and the error split ------------------------------------------------------

TARGET, OUTPUT = 1.0, 0.92
INTO_FIRST = (0.6, 0.1, 0.15, 0.25)
"""Weights from the four hidden nodes into the first output: those of Klein's book."""

WEIGHTS = tuple(zip(INTO_FIRST, (0.2, 0.4, 0.3, 0.1), (0.5, 0.3, 0.1, 0.6), strict=True))
"""WEIGHTS[i][j] from hidden node i to output j; the second and third output are ours."""

LINEAR_HIDDEN = (1.0, 0.5, 0.6, 0.72)
"""What the hidden nodes pass on: numbers of ours that make the first output 0.92."""

ERRORS = (TARGET - OUTPUT, 0.10, -0.04)


def even_split(error: float, weights: Sequence[float]) -> list[float]:
    """Return the same share of the error for each weight."""
    return [error / len(weights) for _ in weights]


def proportional_split(error: float, weights: Sequence[float]) -> list[float]:
    """Return shares of the error in proportion to the weights.

    Raises ZeroDivisionError where the weights add up to 0: there is no such split then.
    """
    return [error * w / sum(weights) for w in weights]


def split_matrix(weights: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return M with M_ij = w_ij / sum_k w_kj: each output's column divided by its own sum."""
    sums = [sum(column) for column in zip(*weights, strict=True)]
    return [[w / s for w, s in zip(row, sums, strict=True)] for row in weights]


def times(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> list[float]:
    """Return the product of a matrix and a vector."""
    return [sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix]


def errors_by_engine(
    weights: Sequence[Sequence[float]], errors: Sequence[float]
) -> tuple[list[float], Value]:
    """Return -dE/dh of every hidden node of the linear network, and the graph of E.

    E is half the sum of the squared errors; the targets are set so that the errors are those given.
    """
    hidden = [Value(h, label=f"h{i}") for i, h in enumerate(LINEAR_HIDDEN, start=1)]
    held = [
        [Parameter(w, label=f"w{i}{j}") for j, w in enumerate(row, 1)] for i, row in enumerate(weights, 1)
    ]
    outputs = [named(f"o{j}", dot(column, hidden)) for j, column in enumerate(zip(*held, strict=True), 1)]
    targets = [
        Constant(o.data + e, label=f"t{j}") for j, (o, e) in enumerate(zip(outputs, errors, strict=True), 1)
    ]
    e = named("E", half_squared_error(outputs, targets))
    e.backward()
    return [-h.grad for h in hidden], e


RASHID_STAGES = [
    ("hidden 2", ((2.0, 1.0), (3.0, 4.0)), (0.8, 0.5)),
    ("hidden 1", ((3.0, 1.0), (2.0, 7.0)), (0.42, 0.88)),
]
"""Rashid's two-node example: the weights of a stage, w[i][j] from node i to j, and the errors above it."""

MIXED = [
    ("weights of both signs", (0.6, -0.5, 0.15, 0.25)),
    ("nearly cancelling", (0.5, -0.75, 0.5, -0.24)),
    ("adding up to 0", (0.5, -0.75, 0.5, -0.25)),
]

# -- C-C: the non-linear network ----------------------------------------------------------------------

HIDDEN = (0.4, 0.9, 0.2, 0.7)
TARGETS = (1.0, 0.0, 0.5)


@dataclass(frozen=True)
class Factors:
    """dE/dw_ij taken apart: -(t_j - o_j) times s (1 - s) times h_i; the engine's, and a difference's."""

    i: int
    j: int
    error: float
    bend: float
    h: float
    engine: float
    difference: float

    @property
    def product(self) -> float:
        """The three factors together."""
        return self.error * self.bend * self.h


def sigmoid_error(weights: Sequence[Sequence[Value]]) -> tuple[list[Value], Value]:
    """Return the outputs o_j = s(sum_i w_ij h_i), and E = sum_j (t_j - o_j)**2 / 2."""
    hidden = [Constant(h, label=f"h{i}") for i, h in enumerate(HIDDEN, start=1)]
    nets = [named(f"z{j}", dot(column, hidden)) for j, column in enumerate(zip(*weights, strict=True), 1)]
    outputs = [named(f"o{j}", z.sigmoid()) for j, z in enumerate(nets, start=1)]
    return outputs, named("E", total([0.5 * (t - o) ** 2 for t, o in zip(TARGETS, outputs, strict=True)]))


def factors() -> list[Factors]:
    """Return the gradient of every weight, factor by factor."""
    weights = [[Parameter(w) for w in row] for row in WEIGHTS]
    outputs, e = sigmoid_error(weights)
    e.backward()
    found = []
    for j, o in enumerate(outputs):
        for i, h in enumerate(HIDDEN):
            difference = slope(partial(error_with, i, j), WEIGHTS[i][j])
            error, bend = -(TARGETS[j] - o.data), o.data * (1.0 - o.data)
            found.append(Factors(i + 1, j + 1, error, bend, h, weights[i][j].grad, difference))
    return found


def error_with(i: int, j: int, w: float) -> float:
    """Return E with one weight changed."""
    weights = [[Value(number) for number in row] for row in WEIGHTS]
    weights[i][j] = Value(w)
    return sigmoid_error(weights)[1].data


def one_output() -> Value:
    """Return the graph of E for the first output alone, after its backward pass, for a picture."""
    z = named("z1", dot(
        [Parameter(w, label=f"w{i}1") for i, w in enumerate(INTO_FIRST, start=1)],
        [Constant(h, label=f"h{i}") for i, h in enumerate(HIDDEN, start=1)],
    ))  # fmt: skip
    o = named("o1", z.sigmoid())
    e = named("E", 0.5 * named("t1 − o1", Constant(TARGETS[0], label="t1") - o) ** 2)
    e.backward()
    return e


@dataclass(frozen=True)
class RashidUpdate:
    """Rashid's worked weight update for one error at the output."""

    error: float
    total: float
    output: float
    bend: float
    gradient: float
    new_w: float


def rashid_update(error: float) -> RashidUpdate:
    """Return the update of the first weight, rate 0.1, from the engine's gradient.

    The book gives the error as a number of its own, so the target is set to produce it.
    """
    w = [Value(2.0), Value(3.0)]
    z = dot(w, [0.4, 0.5])
    o = z.sigmoid()
    half_squared_error(o, o.data + error).backward()
    return RashidUpdate(error, z.data, o.data, z.grad / o.grad, w[0].grad, w[0].data - 0.1 * w[0].grad)
