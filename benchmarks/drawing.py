"""How long a picture takes, for graphs of ten to a million values, with the defaults of `draw`.

    python benchmarks/drawing.py
    python benchmarks/drawing.py --most 100000

Shapes: a batch through a network written by hand (products and sums on their own), the same with `nn.MLP`,
a chain of two alternating operations, a sum of many leaves, and a tangle of operations on random values.
Seconds are CPU time, those of graphviz included, medians over the rounds: `text` is the folding and the
DOT text, `svg` graphviz's layout and the finished picture. Exits with 1 where anything took more than
5 seconds.
"""

import argparse
import os
import platform
import random
import sys
from collections.abc import Callable
from statistics import median

from chainrule.engine import Value, collector_paused, topological_order, total
from chainrule.nn import MLP
from chainrule.viz import draw

SIZES = (10, 30, 100, 150, 151, 300, 1_000, 3_000, 10_000, 100_000, 1_000_000)
LIMIT = 5.0
"""Seconds that no picture may take."""


def network(values: int) -> Value:
    """Return a loss of a network written by hand, over as many examples as make about so many values."""
    model, rng = MLP(2, [8, 4, 1], activation="tanh", seed=1), random.Random(1)
    losses = []
    for _ in range(max(1, values // 175)):
        h = [Value(rng.random()), Value(rng.random())]
        for layer in model.layers:
            h = [
                sum([w * x for w, x in zip(neuron.w, h, strict=True)], Value(0.0) + neuron.b).tanh()
                for neuron in layer.neurons
            ]
        losses.append((h[0] - 0.5) ** 2)
    return total(losses)


def module(values: int) -> Value:
    """Return a loss of an `nn.MLP`."""
    model, rng = MLP(2, [8, 4, 1], activation="tanh", seed=1), random.Random(1)
    examples = [[Value(rng.random()), Value(rng.random())] for _ in range(max(1, values // 31))]
    losses: list[Value] = [(model(x) - 0.5) ** 2 for x in examples]
    return total(losses)


def chain(values: int) -> Value:
    """Return a chain of sines and cosines."""
    x = Value(0.5, "x")
    for _ in range(max(1, values // 2)):
        x = x.sin().cos()
    return x


def wide(values: int) -> Value:
    """Return a sum of many leaves."""
    return total([Value(0.1) for _ in range(values)])


def tangle(values: int) -> Value:
    """Return what comes of operations on random ones among the last thirty results."""
    rng = random.Random(1)
    made = [Value(rng.random(), f"x{i}") for i in range(4)]
    while len(made) < 2 * values // 3:  # each is an operation or two
        x, y = rng.choices(made[-30:], k=2)
        made.append(rng.choice([x + y, x * y, x - y, x.sin(), x.maximum(y)]).tanh())
    return total(made[-30:])


SHAPES: tuple[Callable[[int], Value], ...] = (network, module, chain, wide, tangle)


def seconds() -> float:
    """Return the CPU seconds of this process and of those it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def measured(root: Value) -> tuple[float, float, str]:
    """Return the seconds for the text and for the picture, and how many cards that has."""
    start = seconds()
    drawing = draw(root)
    text = seconds()
    drawing.svg  # noqa: B018  # drawn when it is asked for
    cards = repr(drawing).partition(";")[0].removeprefix("<Drawing: Graph of ")
    return text - start, seconds() - text, cards


def main() -> int:
    """Print a table of times; return whether anything took longer than the limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--most", type=int, default=SIZES[-1], help="values of the largest graphs")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"Python {platform.python_version()} on {platform.machine()}, {options.rounds} rounds")
    print("| shape | values | drawn as | text s | svg s |\n|---|---:|---|---:|---:|")
    slowest = 0.0
    for shape in SHAPES:
        for size in [size for size in SIZES if size <= options.most]:
            with collector_paused():
                root = shape(size)
                root.backward()
                count = len(topological_order(root))
                rounds = [measured(root) for _ in range(options.rounds)]
            text, svg = median([one[0] for one in rounds]), median([one[1] for one in rounds])
            slowest = max(slowest, text + svg)
            print(f"| {shape.__name__} | {count:,} | {rounds[0][2]} | {text:.2f} | {svg:.2f} |", flush=True)
            del root
    print(f"the slowest took {slowest:.2f} s, {'more' if slowest > LIMIT else 'less'} than {LIMIT:g} s")
    return int(slowest > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
