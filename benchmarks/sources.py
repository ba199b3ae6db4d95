"""What `record_sources()` costs: programs of a few lines with it, beside the same ones without.

Each program builds graphs, most run `backward()`, and all are run anew inside `with record_sources():`, so
that opening the block and finding the names of the leaves count. The two take turns in every round, so that
a busy machine slows both. Times are CPU time, medians over the rounds; `times` is the median of the ratios.

    python benchmarks/sources.py --rounds 15
"""

import argparse
import gc
import platform
import time
from collections.abc import Callable
from contextlib import nullcontext
from statistics import median

from eager import POINTS, graph_of, graph_of_mlp

from chainrule.engine import Value, collector_paused, exp, log, record_sources, total
from chainrule.nn import MLP, Module, Parameter

clock = time.process_time
MODEL = MLP(2, [16, 16, 1], seed=1)


def cheap_operations() -> Value:
    """Nothing but a * b + c in a loop: the least an operation can cost."""
    a, b, c = Value(1.5), Value(-0.5), Value(2.0)
    for _ in range(3000):
        y = a * b + c
    return y


def neurons_by_operators() -> Value:
    """A neuron of ten inputs, product by product."""
    w = [Value(0.1 * i) for i in range(10)]
    for _ in range(300):
        out = Value(0.0)
        for i in range(10):
            out = out + w[i] * (0.3 * i)
        y = out.tanh()
    return y


def product(x: Value, y: Value) -> Value:
    """One operation, returned."""
    return x * y


def helpers() -> Value:
    """Functions of one operation, called in a loop."""
    a, b, c = Value(1.5), Value(-0.5), Value(2.0)
    for _ in range(1500):
        y = product(product(a, b), c)
    return y


def functions() -> Value:
    """log(exp(x) + 1), added up."""
    x, s = Value(1.3), Value(0.0)
    for _ in range(1000):
        s = s + log(exp(x) + 1.0)
    return s


def methods() -> Value:
    """x.tanh().exp().relu() in a loop."""
    x = Value(0.5)
    for _ in range(1000):
        y = x.tanh().exp().relu()
    return y


def branches() -> Value:
    """A leaky relu by hand: one comparison to one or two operations."""
    a, b = Value(1.5), Value(-0.5)
    for _ in range(1500):
        y = a * b
        y = y if y > 0.0 else 0.01 * y
    return y


def only_comparisons() -> None:
    """Sorting a thousand Values and finding the largest: comparisons and nothing else."""
    xs = [Value(float(i * 7919 % 1000)) for i in range(1000)]
    sorted(xs)
    max(xs)


def largest_of_ten() -> Value:
    """The largest of ten Values, added up: nine comparisons to one operation."""
    xs, s = [Value(float(i * 7 % 10)) for i in range(10)], Value(0.0)
    for _ in range(1500):
        s = s + max(xs)
    return s


def sum_of_squares() -> Value:
    """sum(x * x for x in xs) of 3,000 leaves, each met for the first time."""
    return sum((x * x for x in [Value(float(i)) for i in range(3000)]), Value(0.0))


def leaves_used_once() -> Value:
    """One sum of the squares of 3,000 leaves that are never seen again: all of them have to be found."""
    xs = [Value(float(i)) for i in range(3000)]
    return total([x * x for x in xs])


def line_fit() -> Value:
    """The mean squared error of a line on 500 points, as written on paper."""
    w, b = Value(0.3), Value(0.1)
    points = [(0.01 * i, 0.02 * i + 1.0) for i in range(500)]
    return sum(((w * x + b - t) ** 2 for x, t in points), Value(0.0)) / 500.0


def forward_only() -> None:
    """An nn.MLP of 2-16-16-1 on 100 points, without a backward pass."""
    for point in POINTS:
        MODEL(point)


def moons_by_operators() -> Value:
    """The loss of benchmarks/eager.py, operation by operation: a graph of some 100,000."""
    loss: Value = graph_of(Value)[0]
    return loss


def moons_by_nn() -> Value:
    """The same loss by `nn`: a neuron's weighted sum is one node."""
    return graph_of_mlp()[0]


class Line(Module):
    """A module of one's own, as the documentation of `Module` shows it."""

    def __init__(self) -> None:
        self.slope, self.offset = Parameter(2.0), Parameter(1.0)

    def forward(self, x: float) -> Value:
        """Two operations."""
        return self.slope * x + self.offset


class Weighted(Module):
    """A module that adds up the products of its weights and what it is given."""

    def __init__(self) -> None:
        self.weights = [Parameter(0.1 * i) for i in range(8)]

    def __call__(self, xs: list[Value]) -> Value:
        """Sixteen operations in one expression."""
        return sum((w * x for w, x in zip(self.weights, xs, strict=True)), Value(0.0))


LINE, WEIGHTED = Line(), Weighted()


def own_module() -> None:
    """A module with `forward`, called in a loop."""
    for _ in range(3000):
        LINE(0.5)


def own_module_fitted() -> Value:
    """The squared error of that module on 1,000 points."""
    return sum(((LINE(0.001 * i) - 1.0) ** 2 for i in range(1000)), Value(0.0))


def own_weighted_sum() -> None:
    """A module that multiplies and adds 8 numbers, called in a loop."""
    xs = [Value(float(i)) for i in range(8)]
    for _ in range(2000):
        WEIGHTED(xs)


def outer(x: Value, y: Value) -> Value:
    """What `product` gives."""
    return product(x, y)


def outermost(x: Value, y: Value) -> Value:
    """What `outer` gives."""
    return outer(x, y)


def helpers_three_deep() -> None:
    """One operation, returned at once by three functions in each other."""
    x, y = Value(1.5), Value(-0.5)
    for _ in range(6000):
        outermost(x, y)


def another(x: Value, y: Value) -> Value:
    """What `product` gives, to another caller."""
    return product(x, y)


def helper_in_turns() -> None:
    """One function of one operation, called by two functions in turns."""
    x, y = Value(1.5), Value(-0.5)
    for _ in range(4000):
        outer(x, y)
        another(x, y)


def shrinking_margins() -> None:
    """Nothing but comparisons, each closer than the one before."""
    x = Value(1.0)
    for i in range(10000):
        x > i * 1e-5  # noqa: B015  # the comparison is the point


def low(x: Value, y: Value) -> Value:
    """The smaller one."""
    return x if x < y else y


def high(x: Value, y: Value) -> Value:
    """The larger one."""
    return x if y < x else y


def comparing_in_turns() -> None:
    """Two functions of one comparison each, called in turns."""
    x, y = Value(1.0), Value(2.0)
    for _ in range(5000):
        low(x, y)
        high(x, y)


def truth() -> None:
    """Nothing but `if x:`."""
    x = Value(1.0)
    for _ in range(20000):
        if x:
            pass


PROGRAMS: list[Callable[[], Value | None]] = [
    cheap_operations,
    neurons_by_operators,
    helpers,
    functions,
    methods,
    branches,
    only_comparisons,
    largest_of_ten,
    sum_of_squares,
    leaves_used_once,
    line_fit,
    forward_only,
    moons_by_operators,
    moons_by_nn,
    own_module,
    own_module_fitted,
    own_weighted_sum,
    helpers_three_deep,
    helper_in_turns,
    shrinking_margins,
    comparing_in_turns,
    truth,
]


def seconds(program: Callable[[], Value | None], recorded: bool) -> float:
    """Return how long the program takes, with its backward pass, inside `record_sources()` or not."""
    gc.collect()
    start = clock()
    with collector_paused(), record_sources() if recorded else nullcontext():
        result = program()
        if result is not None:
            result.backward()
        del result
    return clock() - start


def main() -> None:
    """Measure every program with and without in turns, and print the table."""
    parser = argparse.ArgumentParser(description="Time programs with and without record_sources().")
    parser.add_argument("--rounds", type=int, default=15, help="how often the two take turns (15)")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds needs at least 1")
    print("| program | ms without | ms with | times |", "|---|---:|---:|---:|", sep="\n")
    for program in PROGRAMS:
        pairs = [(seconds(program, False), seconds(program, True)) for _ in range(options.rounds + 1)][1:]
        without, recorded = (1e3 * median(column) for column in zip(*pairs, strict=True))
        times = median([b / a for a, b in pairs])
        print(f"| {program.__name__} | {without:.2f} | {recorded:.2f} | {times:.2f} |")
    print(f"\nPython {platform.python_version()}, {options.rounds} rounds")


if __name__ == "__main__":
    main()
