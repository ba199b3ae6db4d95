r"""How long a training step takes when its graph is built anew: chainrule beside micrograd and cppyad.

The step: an MLP 2-16-16-1 on 100 points of the two moons, the mean hinge loss and an L2 penalty, forward
and backward. Every row computes the same loss and gradient, which is checked to 1e-9 before any is timed.
The rows take turns in every round, so that a busy machine slows all of them alike. Times are CPU time,
medians over the rounds; `spread` is the slowest round over the fastest.

    pip install micrograd==0.1.0 pybind11 cmeel-cppad setuptools wheel
    CPATH=$(python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/cmeel.prefix/include \
        pip install --no-build-isolation cppyad==0.2.0      # a source package that wants CppAD's headers
    python benchmarks/eager.py --rounds 7

A node is an operation; leaves and constants are not counted. Bytes a node are what Python's allocator
holds for the graph after a backward pass (`tracemalloc`; leaves and constants included) over the number
of nodes. cppyad's tape is C++ memory, which that does not see.
"""

import argparse
import gc
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from chainrule.engine import Value, collector_paused
from chainrule.nn import MLP, SGD, fit, hinge, l2, moons

SIZES = (2, 16, 16, 1)
ALPHA = 1e-4
POINTS, SIDES = moons(100, noise=0.1, seed=1337)
MODEL = MLP(SIZES[0], SIZES[1:], seed=1337)
START = [p.data for p in MODEL.parameters()]
STEPS = 3  # of a row in a round: micrograd's collector cleans up after one step in the next
HEAD = "| | ms | forward | backward | free | spread | nodes | ns/node | bytes/node | micrograd | cppyad |"
clock = time.process_time

Build = Callable[[], tuple[Any, list[Any]]]


class Step(NamedTuple):
    """What a step computed, and its seconds: forward, backward, free; or all together."""

    loss: float
    gradient: list[float]
    seconds: list[float]


class Row(NamedTuple):
    """One way of taking the step; 0 where nodes or bytes cannot be counted."""

    name: str
    step: Callable[[], Step]
    nodes: int = 0
    bytes_held: int = 0


def moons_loss(parameters: list[Any], const: Callable[[float], Any], relu: Callable[[Any], Any]) -> Any:
    """Return the loss by scalar operations, the same ones whatever kind of number the parameters are."""
    margins = []
    for point, side in zip(POINTS, SIDES, strict=True):
        x, weights = [const(c) for c in point], iter(parameters)
        for size in SIZES[1:]:
            sums = []
            for _ in range(size):
                products = [next(weights) * xi for xi in x]
                sums.append(sum(products, next(weights)))
            x = [relu(z) for z in sums] if size > 1 else sums
        margins.append(relu(1.0 + -side * x[0]))
    return sum(margins) * (1.0 / len(margins)) + ALPHA * sum(p * p for p in parameters)


def graph_of(value: type[Any]) -> tuple[Any, list[Any]]:
    """Return the loss and its parameters, as Values of micrograd or of chainrule."""
    parameters = [value(p) for p in START]
    return moons_loss(parameters, value, lambda v: v.relu()), parameters


def graph_of_mlp() -> tuple[Value, list[Value]]:
    """Return the same as `nn` writes it: a neuron's weighted sum is one node."""
    MODEL.zero_grad()
    scores = [MODEL(point) for point in POINTS]
    parameters = MODEL.parameters()
    return hinge(scores, SIDES) * (1.0 / len(scores)) + ALPHA * l2(parameters), parameters


def eager_step(build: Build, collector: Callable[[], AbstractContextManager[None]]) -> Step:
    """Build the graph, run the chain rule over it and drop it."""
    start = clock()
    with collector():
        loss, parameters = build()
        built = clock()
        loss.backward()
        swept = clock()
        number, gradient = loss.data, [p.grad for p in parameters]
        del loss, parameters
    return Step(number, gradient, [built - start, swept - built, clock() - swept])


@contextmanager
def one_collection() -> Iterator[None]:
    """Keep the collector from running inside and run it once at the end: micrograd's graphs need it."""
    with collector_paused():
        yield
        gc.collect()


def fit_step() -> Step:
    """Take the step as `fit` does: a graph for each point, gradients adding up; here at a rate of zero."""
    optimizer = SGD(MODEL.parameters(), lr=0.0, weight_decay=2.0 * ALPHA)
    start = clock()
    history = fit(MODEL, POINTS, SIDES, loss=hinge, optimizer=optimizer, epochs=1, progress=False)
    seconds = clock() - start
    gradient = [p.grad + 2.0 * ALPHA * p.data for p in optimizer.params]
    return Step(history.loss[0] + ALPHA * sum(p * p for p in START), gradient, [seconds])


def cppyad_step(cppyad: Any, numpy: Any) -> Step:
    """Record CppAD's tape anew and sweep it; the binding has no relu, so that is a branch."""
    start = clock()
    parameters = cppyad.independent(START)
    loss = moons_loss(parameters, float, lambda v: v if cppyad.value(v) > 0.0 else v * 0.0)
    tape = cppyad.ADFun(parameters, [loss])
    built = clock()
    [number] = tape.forward(0, numpy.array(START))
    gradient = list(tape.reverse(1, numpy.array([1.0])))
    swept = clock()
    del tape, loss, parameters
    return Step(number, gradient, [built - start, swept - built, clock() - swept])


def nodes_and_bytes(build: Build, operands: Callable[[Any], Iterable[Any]]) -> tuple[int, int]:
    """Return how many operations the graph has, and how many bytes it takes after a backward pass."""
    gc.collect()
    tracemalloc.start()
    loss, _parameters = build()
    loss.backward()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    seen, stack = {loss}, [loss]
    while stack:
        new = set(operands(stack.pop())) - seen
        seen |= new
        stack += new
    return len([node for node in seen if operands(node)]), held


def optional(module: str) -> Any:
    """Return a peer's module; None, and a line that says so, where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        print(f"{module} is absent; the head of this file says how to install it\n")
        return None


def rows() -> list[Row]:
    """Return every way of taking the step that can be measured here."""
    found = []
    if engine := optional("micrograd.engine"):
        theirs = partial(graph_of, engine.Value)
        size = nodes_and_bytes(theirs, lambda value: value._prev)
        found += [Row("micrograd", partial(eager_step, theirs, nullcontext), *size)]
        found += [Row("micrograd, one collection", partial(eager_step, theirs, one_collection), *size)]
    ours = partial(graph_of, Value)
    size = nodes_and_bytes(ours, lambda value: value.operands)
    mlp_size = nodes_and_bytes(graph_of_mlp, lambda value: value.operands)
    found += [Row("chainrule, same operations", partial(eager_step, ours, nullcontext), *size)]
    found += [Row("same, collector paused", partial(eager_step, ours, collector_paused), *size)]
    found += [Row("chainrule, nn.MLP", partial(eager_step, graph_of_mlp, collector_paused), *mlp_size)]
    found += [Row("chainrule, fit", fit_step)]
    if cppyad := optional("cppyad_core"):
        found += [Row("cppyad", partial(cppyad_step, cppyad, import_module("numpy")), size[0])]
    return found


def check(contestants: list[Row]) -> None:
    """Raise an error unless every row computes the first one's loss and gradient, to 1e-9."""
    first = contestants[0].step()
    for row in contestants[1:]:
        step = row.step()
        pairs = zip([step.loss, *step.gradient], [first.loss, *first.gradient], strict=True)
        if not all(abs(a - b) <= 1e-9 for a, b in pairs):
            raise AssertionError(f"{row.name} computes something else than {contestants[0].name}")


def measure(row: Row) -> list[float]:
    """Return the mean seconds of a few steps, by phase."""
    gc.collect()  # nobody pays for what the row before has left behind
    return [sum(phase) / STEPS for phase in zip(*[row.step().seconds for _ in range(STEPS)], strict=True)]


def line(row: Row, measured: dict[str, list[list[float]]]) -> str:
    """Return a row of the table."""
    totals = {name: [sum(phases) for phases in rounds] for name, rounds in measured.items()}
    own = totals[row.name]
    phases = [f"{1e3 * median(phase):.1f}" for phase in zip(*measured[row.name], strict=True)]
    cells = [row.name, f"{1e3 * median(own):.1f}", *(phases if len(phases) == 3 else "–––")]
    cells.append(f"{max(own) / min(own):.2f}")
    cells += [f"{row.nodes:,}", f"{1e9 * median(own) / row.nodes:,.0f}"] if row.nodes else "––"
    cells.append(f"{row.bytes_held / row.nodes:.0f}" if row.bytes_held else "–")
    for peer in ("micrograd", "cppyad"):
        ratios = [theirs / ours for theirs, ours in zip(totals.get(peer, []), own, strict=False)]
        cells.append(f"{median(ratios):.2f}x" if ratios else "–")
    return f"| {' | '.join(cells)} |"


def processor() -> str:
    """Return the processor's name, where the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    """Check every row against the first, measure them in turns and print the table."""
    parser = argparse.ArgumentParser(description="Time a training step beside micrograd and cppyad.")
    parser.add_argument("--rounds", type=int, default=7, help="how often the rows take turns (7)")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds needs at least 1")
    sys.setrecursionlimit(10_000)  # micrograd's backward recurses
    contestants = rows()
    check(contestants)
    measured: dict[str, list[list[float]]] = {row.name: [] for row in contestants}
    for _ in range(options.rounds):
        for row in contestants:
            measured[row.name].append(measure(row))
    print(HEAD, "|---|" + "---:|" * 10, *[line(row, measured) for row in contestants], sep="\n")
    print(f"\nPython {platform.python_version()}, {processor()}, {options.rounds} rounds of {STEPS} steps")


if __name__ == "__main__":
    main()
