"""The goals for compiled functions: what was aimed at, what is reached, and peers measured in the same run.

The workloads are those of workloads.py, written with plain scalars; W1, the step whose graph is built anew,
is that of eager.py and has no compiled form. Peers: NumPy by hand, and those of code_peers.py: C by hand,
where there is gcc, and heyoka, where it is installed. Value and gradient of all are compared to 1e-9 before
any is timed, and all take turns in every round, so that a busy machine slows them alike. Times are CPU time,
medians over the rounds, with the arguments in place (`kernel.bind`, for C and heyoka arrays of their own,
and for W5 the shocks step by step, which suits these two; heyoka gives a gradient for each sample, which is
then summed, as a user would). Machine code is made anew: `first` is recording and compiling in seconds,
`us/op` that for each operation.

    pip install -e '.[compile,bench]' heyoka
    OPENBLAS_NUM_THREADS=1 python benchmarks/goals.py --rounds 7
    python benchmarks/goals.py --only W2 microgpt --quick
"""

import argparse
import importlib
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

import eager
import numpy as np
import workloads
from code_peers import Heyoka, in_c, library
from measuring import Answer, agree, clock, timed
from microgpt import EXAMPLES

from chainrule.engine import collector_paused


@dataclass
class Row:
    """A line of the table.

    ours: a call that is measured.  peers: the same by others.  scale: from seconds to `unit`.
    goal: at most so many of that unit.  times: at least so many times faster than a peer.
    first: seconds of recording and compiling.  operations: of the recorded graph, where they are counted.
    """

    name: str
    ours: Callable[[], Any]
    peers: dict[str, Callable[[], Any]]
    goal: float | None = None
    times: dict[str, float] = field(default_factory=dict)
    unit: str = "us"
    scale: float = 1e6
    first: float = 0.0
    operations: int = 0
    seconds: float = 0.05


class Rows:
    """The rows of each workload, made when they are asked for."""

    def __init__(self) -> None:
        self.c = library()
        try:
            self.heyoka: Heyoka | None = Heyoka(importlib.import_module("heyoka"))
        except ImportError:
            print("heyoka is absent; the head of this file says how to install it\n")
            self.heyoka = None

    def row(self, case: workloads.Case, goal: float | None, **more: Any) -> Row:
        """Return the row of a case of workloads.py with its peer NumPy; value and gradient are compared."""
        start = clock()
        with collector_paused():
            case.ours()
        first = clock() - start
        bound = case.alone()
        made = Row(case.name, bound, {"NumPy": case.peer}, goal, first=first, **more)
        agree(case.name, case.peer(), case.ours())
        return made

    def with_peer(self, row: Row, name: str, call: Callable[[], Answer], times: float) -> None:
        """Add a peer, which must agree with NumPy, and how many times faster than it the goal is to be."""
        agree(f"{row.name}, {name}", row.peers["NumPy"](), call())
        row.peers[name], row.times[name] = call, times

    def moons(self, samples: int, goal: float, times: float) -> Row:
        """W2."""
        case = workloads.moons_step(samples, "")
        row = self.row(case, goal)
        p, x, y = case.arguments
        if self.c:
            held = [np.concatenate([one, np.zeros(-samples % 8)]) for one in (*x.T, y)]
            self.with_peer(row, "C", in_c(self.c.moons, [p, *held, samples, workloads.ALPHA], len(p)), 1.0)
        if self.heyoka:
            self.with_peer(row, "heyoka", self.heyoka.moons(p, x, y), times)
        return row

    def digits(self, samples: int, times: float) -> Row:
        """784-128-10."""
        row = self.row(workloads.digits_step(samples), None)
        row.times["NumPy"] = times
        return row

    def rosenbrock(self, n: int, goal: float) -> Row:
        """W3."""
        case = workloads.rosenbrock_case(n, "")
        row = self.row(case, goal)
        (x,) = case.arguments
        if self.c:
            self.with_peer(row, "C", in_c(self.c.rosenbrock, [x, n], n), 0.0)
        if self.heyoka:
            self.with_peer(row, "heyoka", self.heyoka.rosenbrock(x), 0.0)
        return row

    def asian(self, steps: int, goal: float, times: float) -> Row:
        """W5."""
        case = workloads.asian_case(steps, "")
        row = self.row(case, goal, unit="ms", scale=1e3)
        market, z = case.arguments
        if self.c:
            columns = np.ascontiguousarray(z.T)
            self.with_peer(row, "C", in_c(self.c.asian, [market, columns, steps, len(z)], 3), 0.0)
        if self.heyoka:
            self.with_peer(row, "heyoka", self.heyoka.asian(market, z), times)
        return row

    def chain(self, links: int) -> Row:
        """W4: nanoseconds an operation, and recording and compiling for each; the goal is to get through."""
        return self.by_operations(workloads.chain_case(links, ""), None)

    def growth(self, width: int) -> Row:
        """W6: the same."""
        return self.by_operations(workloads.growth_case(width, ""), 2.0)

    def by_operations(self, case: workloads.Case, goal: float | None) -> Row:
        """Return the row of a case that is measured for each of its operations."""
        row = self.row(case, goal, unit="ns/op", scale=1e9 / case.operations)
        row.operations = case.operations
        return row


def eager_row() -> Row:
    """W1: the graph built anew by nn's network, beside micrograd and cppyad."""
    found = {row.name: row for row in eager.rows()}
    eager.check(list(found.values()))
    peers: dict[str, Callable[[], Any]] = {}
    for name in ("micrograd", "cppyad"):
        if name in found:
            peers[name] = found[name].step
    ours = found["chainrule, nn.MLP"].step
    return Row("W1 step, its graph built anew", ours, peers, 100.0, unit="ms", scale=1e3)


def microgpt_row() -> Row:
    """The whole step with Adam, for the lengths of the first 1,000 names as often as they occur among 100."""
    sys.path.insert(0, str(EXAMPLES))
    from tiny_gpt_compiled import CompiledRun, check

    worst = check(100, 200)
    if worst > 1e-12:
        raise SystemExit(f"microgpt: a loss differs by {worst:.1e}")
    start = clock()
    run = CompiledRun()
    lengths = Counter([len(run.run.tokens(name)[:17]) for name in run.run.names[:1000]])
    steps = [
        partial(run.take, run.step_for(length), np.array(run.run.tokens("e" * (length - 2)), float), 0.0, 1.0)
        for length in sorted(lengths)
        for _ in range(max(1, round(lengths[length] / 10)))
    ]
    first = clock() - start

    def ours() -> None:
        for step in steps:
            step()

    return Row("microgpt, a step with Adam", ours, {}, 20.0, scale=1e6 / len(steps), first=first)


def rows(quick: bool) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Yield the workloads and how to make their rows."""
    have = Rows()
    yield "W1", eager_row
    for samples, goal, times in ((1, 2.0, 4.0), (100, 6.0, 9.0), (1000, 55.0, 6.0), (10_000, 550.0, 15.0)):
        yield "W2", partial(have.moons, samples, goal, times)
    for samples, times in ((1, 1.0), (64, 1 / 1.05), (1000, 1 / 1.05))[: 2 if quick else 3]:
        yield "digits", partial(have.digits, samples, times)
    yield "W3", partial(have.rosenbrock, 2, 1.0)
    yield "W3", partial(have.rosenbrock, 100, 1.5)
    for links in (100_000, 1_000_000)[: 1 if quick else 2]:
        yield "W4", partial(have.chain, links)
    yield "W5", partial(have.asian, 12, 0.2, 0.30 / 0.2)
    yield "W5", partial(have.asian, 252, 6.0, 8.5 / 6.0)
    for width in (92, 312, 997)[: 2 if quick else 3]:
        yield "W6", partial(have.growth, width)
    yield "microgpt", microgpt_row


COMPILE = 5.0
"""Microseconds of recording and compiling for each operation: the goal of W6."""


def line(row: Row, rounds: int) -> str:
    """Return a line of the table: measure a row and its peers by turns."""
    calls = {"": row.ours, **row.peers}
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            found[name].append(timed(call, row.seconds))
    own = median(found[""])
    faster = {
        name: median([a / b for a, b in zip(found[name], found[""], strict=True)]) for name in row.peers
    }
    said = []
    if row.goal is not None and own * row.scale > row.goal:
        said.append(f"{own * row.scale / row.goal:.2f} times the goal")
    for name, times in row.times.items():
        if faster[name] < times:
            said.append(f"{name} / ours is {faster[name]:.2f}, the goal {times:.2f}")
    each = 1e6 * row.first / row.operations if row.operations else 0.0
    if each > COMPILE:
        said.append(f"{each:.1f} us/op to make, the goal {COMPILE}")
    peers = [
        f"{median(found[name]) * row.scale:,.2f} ({faster[name]:.2f}×)" if name in found else "–"
        for name in ("NumPy", "C", "heyoka", "micrograd", "cppyad")
    ]
    spread = max(max(times) / min(times) for times in found.values())
    goal = "–" if row.goal is None else f"{row.goal:g}"
    first = f"{row.first:.2f}" + (f" ({each:.2f} us/op)" if each else "") if row.first else "–"
    verdict = "; ".join(["missed: " * bool(said) + "; ".join(said)]) or "met"
    cells = [
        row.name.split(" (")[0],
        row.unit,
        f"{own * row.scale:,.2f}",
        goal,
        *peers,
        f"{spread:.2f}",
        first,
        verdict,
    ]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", default=(), help="W1, W2, digits, W3, W4, W5, W6, microgpt")
    parser.add_argument("--quick", action="store_true", help="leave out what takes long to record")
    chosen = parser.parse_args(arguments)
    sys.setrecursionlimit(10_000)  # micrograd's backward recurses
    os.environ["CHAINRULE_CACHE"] = ""  # machine code is made, not read
    print(f"{eager.processor()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}, ", end="")
    print(f"{time.strftime('%Y-%m-%d')}\n")
    print("Behind each peer's time, how many times ours it is.\n")
    print("| | unit | ours | goal | NumPy | C | heyoka | micrograd | cppyad | spread | first, s | |")
    print(f"|{'---|' * 12}")
    for workload, make in rows(chosen.quick):
        if not chosen.only or workload in chosen.only:
            print(line(make(), chosen.rounds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
