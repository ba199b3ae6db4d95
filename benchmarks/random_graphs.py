"""Derivatives of random graphs: chainrule beside JAX, PyTorch or HIPS autograd, in float64.

Hypothesis draws compositions of 1 to 200 operations with shared operands from the rows of the table, and
constants among the operands. Of each graph the value, the gradient (reverse mode, forward mode and a
recorded pass) and the Hessian (rows of a recorded pass, `hessian`, `hvp`) are held against the peer's. A
difference is relative to the larger of 1 and the number. A step is taken only where its row is smooth and
its value and partials are of order one, and where the sums over all paths of the products of partials stay
below LIMITS, so that rounding is not magnified much on the way.

    pip install -e '.[test]' jax            # or torch; autograd comes with the test extra
    python benchmarks/random_graphs.py --graphs 2000 --seed 0 --peer jax

Above the tolerance the smallest graph that shows it is printed, and the exit code is 1.
"""

import argparse
import math
import operator
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from chainrule.engine import TABLE, Primitive, Value, hessian, hvp, jvp, value_and_grad

CONSTANTS = (0.5, 2.0, -1.0, 3.0)
NODES = 200
OPERANDS = 5  # of a row that takes any number
LIMITS = (50.0, 500.0)  # of first and of second derivatives, along all paths together
BYTES = 3 + OPERANDS  # that draw a step
NEAR = 2.0**-10  # a row must be smooth as far as this around its operands

Operation = Callable[..., Any]
Matrix = list[list[float]]


class Step(NamedTuple):
    """An operation of a graph, and the places of its operands among constants, leaves and results."""

    name: str
    operands: tuple[int, ...]


class Graph(NamedTuple):
    """A composition of rows of the table; its last result is the root."""

    leaves: tuple[float, ...]
    steps: tuple[Step, ...]

    def run(self, leaves: Sequence[Any], apply: Callable[..., Any]) -> Any:
        """Return the root; apply: called with a row's name and its operands."""
        numbers = [*CONSTANTS, *leaves]
        for name, operands in self.steps:
            numbers.append(apply(name, *[numbers[i] for i in operands]))
        return numbers[-1]

    def __str__(self) -> str:
        """Return the graph as Python would write it."""
        names = [*map(str, CONSTANTS), *[f"x{i}" for i in range(len(self.leaves))]]
        lines = [f"x{i} = {x!r}" for i, x in enumerate(self.leaves)]
        for i, (name, operands) in enumerate(self.steps):
            names.append(f"v{i}")
            lines.append(f"v{i} = {name}({', '.join(names[j] for j in operands)})")
        return "\n".join(lines)


# -- drawing ------------------------------------------------------------------------------------------


def seen(row: Primitive, x: tuple[float, ...], varies: Sequence[bool]) -> tuple[Any, Any, Any] | None:
    """Return value, partials and second partials of `row` at x, or None where it is not tame there.

    The second partials are differences, which also show a kink; operands that do not vary are left out.
    """
    if row.name == "pow" and x[1] == 0.0:
        return None  # the derivative by base and exponent, 1 / x, is 0 in PyTorch and x in JAX
    out, partials = row.linearize(*x)
    kept = [i for i, moves in enumerate(varies) if moves]
    if not all(math.fabs(number) <= 4.0 for number in (out, *[partials[i] for i in kept])):
        return None
    second = []
    for i in kept:
        ahead, behind = (row.linearize(*x[:i], x[i] + d, *x[i + 1 :]) for d in (NEAR, -NEAR))
        for value, d in ((ahead[0], NEAR), (behind[0], -NEAR)):
            if not math.fabs(value - out - d * partials[i]) <= 16.0 * NEAR**2:
                return None
        right = [(ahead[1][j] - partials[j]) / NEAR for j in kept]
        left = [(partials[j] - behind[1][j]) / NEAR for j in kept]
        if not all(math.fabs(r) <= 8.0 and math.fabs(r - s) <= 64.0 * NEAR for r, s in zip(right, left)):  # noqa: B905
            return None
        second.append(right)
    return out, [partials[i] for i in kept], second


def grown(sizes: Sequence[tuple[float, float]], partials: Any, second: Any) -> tuple[float, float]:
    """Return how large first and second derivatives of a result can be, from those of its operands."""
    first = sum(math.fabs(p) * g for p, (g, _) in zip(partials, sizes))  # noqa: B905
    curved = sum(math.fabs(p) * h for p, (_, h) in zip(partials, sizes))  # noqa: B905
    for row, (g, _) in zip(second, sizes):  # noqa: B905
        curved += sum(math.fabs(p) * g * other for p, (other, _) in zip(row, sizes))  # noqa: B905
    return first, curved


def graph_of(leaves: tuple[float, ...], wanted: int, drawn: bytes, rows: Sequence[str]) -> Graph | None:
    """Return the graph that `drawn` says, of at most `wanted` operations; None where it says none."""
    numbers = [*CONSTANTS, *leaves]
    sizes = [*[(0.0, 0.0)] * len(CONSTANTS), *[(1.0, 0.0)] * len(leaves)]
    unused = list(range(len(CONSTANTS), len(numbers)))
    steps: list[Step] = []

    def taken(name: str, operands: tuple[int, ...]) -> bool:
        varies = [sizes[i] != (0.0, 0.0) for i in operands]
        found = seen(TABLE[name], tuple(numbers[i] for i in operands), varies) if any(varies) else None
        if found is None:
            return False
        size = grown([sizes[i] for i in operands if sizes[i] != (0.0, 0.0)], *found[1:])
        if size[0] > LIMITS[0] or size[1] > LIMITS[1] or size == (0.0, 0.0):
            return False
        unused[:] = [i for i in unused if i not in operands] + [len(numbers)]
        numbers.append(found[0])
        sizes.append(size)
        steps.append(Step(name, operands))
        return True

    for at in range(0, len(drawn), BYTES):
        if len(steps) + len(unused) > wanted:
            break
        which, first, *others = drawn[at : at + BYTES]
        name = rows[(which * 256 + others.pop()) % len(rows)]
        # Mostly something that nobody has used yet, so that nearly all of a graph leads to its root.
        begin = unused[first % len(unused)] if first < 192 else first % len(numbers)
        taken(
            name,
            (begin, *[i % len(numbers) for i in others[: counts(name)[others[-1] % len(counts(name))] - 1]]),
        )
    while len(unused) > 1 and taken("add", (unused[0], unused[1])):
        pass
    return Graph(leaves, tuple(steps)) if steps else None


@cache
def counts(name: str) -> tuple[int, ...]:
    """Return how many operands a row can be given."""
    row = TABLE[name]
    if not row.variadic:
        return (row.arity,)
    return tuple(sorted({len(point) for point in row.points if 0 < len(point) <= OPERANDS}))


@st.composite
def graphs(draw: Callable[..., Any], rows: Sequence[str], largest: int = NODES) -> Graph:
    """Draw the numbers of one to four leaves, and 1 to `largest` operations on what comes before them."""
    leaves = tuple(draw(st.lists(st.floats(-2.0, 2.0, width=16), min_size=1, max_size=4)))
    wanted = draw(st.integers(1, largest))
    size = 3 * BYTES * (wanted + 1)  # some steps are refused
    graph = graph_of(leaves, wanted, draw(st.binary(min_size=size, max_size=size)), rows)
    return graph or Graph(leaves, (Step("sin", (len(CONSTANTS),)),))


# -- chainrule ----------------------------------------------------------------------------------------


def as_written(name: str, *operands: Any) -> Any:
    """Return what the operator, method or function of the row gives, as a user would write it."""
    row = TABLE[name]
    if row.dunder:
        return getattr(operator, row.dunder)(*operands)
    if isinstance(operands[0], Value) and not row.variadic:
        return getattr(operands[0], name)(*operands[1:])
    return row(*operands)


def differences(graph: Graph, value: float, gradient: list[float], second: Matrix) -> dict[str, float]:
    """Return the largest relative difference from the peer's numbers of every way we have to them."""

    def f(leaves: Sequence[Any]) -> Any:
        return graph.run(leaves, as_written)

    x, n = list(graph.leaves), len(graph.leaves)
    units = [[1.0 if i == j else 0.0 for j in range(n)] for i in range(n)]
    ours, reverse = value_and_grad(f)(x)
    leaves = [Value(number) for number in x]
    f(leaves).backward()
    recorded = [Value(number) for number in x]
    f(recorded).backward(create_graph=True)
    gradients, rows = [leaf.grad for leaf in recorded], []
    for of_leaf in gradients:
        for leaf in recorded:
            leaf.grad = 0.0
        if isinstance(of_leaf, Value):
            of_leaf.backward()
        rows.append([leaf.grad for leaf in recorded])
    return {
        "value": worst([ours], [value]),
        "grad": worst(reverse, gradient),
        "backward()": worst([leaf.grad for leaf in leaves], gradient),
        "jvp": worst([jvp(f, (x,), (unit,))[1] for unit in units], gradient),
        "create_graph": worst([g.data if isinstance(g, Value) else g for g in gradients], gradient),
        "create_graph, second": worst([*chain(*rows)], [*chain(*second)]),
        "hessian": worst([*chain(*hessian(f)(x))], [*chain(*second)]),
        "hvp": worst(hvp(f, x, [1.0] * n), [sum(row) for row in second]),
    }


def worst(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the largest difference, relative to the larger of 1 and the number; inf for a nan."""
    off = [math.fabs(a - b) / max(1.0, math.fabs(a), math.fabs(b)) for a, b in zip(ours, theirs, strict=True)]
    return max(math.inf if math.isnan(difference) else difference for difference in off)


# -- the command --------------------------------------------------------------------------------------


def main() -> int:
    """Draw the graphs, compare, print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peer", choices=("jax", "torch", "autograd"), default="jax")
    parser.add_argument("--tolerance", type=float, default=1e-11)
    chosen = parser.parse_args()
    peers = import_module("peers", str(Path(__file__).parent))
    peer = peers.PEERS[chosen.peer]()
    print(f"{len(peer.rows)} of the table's {len(TABLE)} rows have a counterpart in {peer.title}; none have:")
    print("  " + (", ".join(f"{name} ({why})" for name, why in peer.missing.items()) or "-"))

    used: Counter[str] = Counter()
    found: dict[str, tuple[float, int]] = {}
    tried = sizes = compared = 0
    failing: Graph | None = None

    @seed(chosen.seed)
    @settings(
        max_examples=chosen.graphs,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(graphs(sorted(peer.rows)))
    def compare(graph: Graph) -> None:
        nonlocal tried, sizes, compared, failing
        theirs = peer.derivatives(graph)
        off = differences(graph, *theirs)
        if max(off.values()) > chosen.tolerance:
            failing = graph
            raise AssertionError(f"{off}\nthe peer says {theirs}")
        tried, sizes = tried + 1, sizes + len(graph.steps)
        n = len(graph.leaves)
        compared += 1 + 4 * n + 2 * n * n + n
        used.update(step.name for step in graph.steps)
        for what, difference in off.items():
            if difference >= found.get(what, (-1.0, 0))[0]:
                found[what] = difference, len(graph.steps)

    begin = time.perf_counter()
    try:
        compare()
    except AssertionError as error:
        print(f"Above {chosen.tolerance:g} after {tried} graphs; the smallest that is:\n{failing}\n{error}")
        return 1
    print(f"{tried} graphs of 1 to {NODES} operations, {sizes} operations in all, seed {chosen.seed}")
    print(f"{compared} values and derivatives compared in {time.perf_counter() - begin:.0f} s")
    rare = used.most_common()[-1]
    print(f"every row used at least {rare[1]} times ({rare[0]}); never: {sorted(set(peer.rows) - set(used))}")
    for what, (difference, size) in found.items():
        print(f"  {what:22} worst relative difference {difference:.1e}, in a graph of {size} operations")
    print(f"Worst relative difference: {max(difference for difference, _ in found.values()):.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
