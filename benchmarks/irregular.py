"""How long programs take to compile that follow no rule: chainrule beside heyoka, size by size.

Each operation takes its operands at random from the last ones, so no two are alike and no loop is found: a
large formula out of a search, say, or a circuit. Of each program value and gradient are compiled and run once
in a fresh recording, without a cache; then runs are timed. Times are CPU time of the process, medians over
the rounds, in which both take turns; `ratio` is heyoka's time of compiling over ours. Both have their arrays
in place in a run, and must agree to 1e-9 of the largest derivative. heyoka takes part where it is installed,
in programs of up to --most operations.

    pip install -e '.[compile]' heyoka
    python benchmarks/irregular.py --rounds 3
"""

import argparse
import importlib
import importlib.util
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from chainrule.engine import exp, log, sin, tanh, total
from chainrule.engine.compiler import compile, kernel

heyoka: Any = None
if importlib.util.find_spec("heyoka"):  # else its columns stay empty
    heyoka = importlib.import_module("heyoka")
INPUTS, WINDOW = 20, 50
MIXES = {
    "+ - *": ("add", "sub", "mul"),
    "with tanh, exp, log, sin": ("add", "sub", "mul", "mul", "tanh", "exp", "log", "sin"),
    "with sums of up to 8": ("add", "sub", "mul", "total", "tanh"),
}
clock = time.process_time


@dataclass(frozen=True)
class Program:
    """Steps of a row, the places of its operands, and a number that a second operand may be instead."""

    steps: list[tuple[str, list[int], float | None]]

    def __call__(self, x: Sequence[Any], functions: dict[str, Callable[..., Any]]) -> Any:
        """Return the sum of the last numbers, for any kind of numbers with these functions."""
        known = list(x)
        for row, places, number in self.steps:
            a, b = known[places[0]], known[places[1]] if number is None else number
            if row in ("add", "sub", "mul"):
                known.append((a + b) * 0.5 if row == "add" else a - b * 0.5 if row == "sub" else a * b * 0.5)
            elif row == "total":
                known.append(functions["total"]([known[place] for place in places]) * 0.2)
            elif row == "log":
                known.append(functions["log"](a * a + 1.0))
            else:
                known.append(functions[row](functions["tanh"](a) if row == "exp" else a))
        return functions["total"](known[-WINDOW:])


def drawn(rows: Sequence[str], operations: int) -> Program:
    """Return a random program of steps of these rows."""
    rng = random.Random(operations)
    steps = []
    for step in range(operations):
        last = INPUTS + step
        places = [rng.randrange(max(0, last - WINDOW), last) for _ in range(rng.randrange(2, 9))]
        steps.append((rng.choice(rows), places, rng.uniform(-1, 1) if rng.random() < 0.3 else None))
    return Program(steps)


Run = Callable[[], Any]
POINT = np.random.default_rng(0).uniform(-1.0, 1.0, INPUTS)


def ours(program: Program) -> tuple[Run, Any]:
    """Return a call of the program's value and gradient, compiled, and what it gives."""
    kernel._recent.clear()
    rows: dict[str, Callable[..., Any]] = {"tanh": tanh, "exp": exp, "log": log, "sin": sin, "total": total}
    bound = compile(lambda x: program(x, rows)).bind(POINT)
    value = bound()
    return bound, np.array([value, *bound.grad])


def theirs(program: Program) -> tuple[Run, Any]:
    """Return the same by heyoka, with its arrays in place."""
    rows = {"total": heyoka.sum} | {name: getattr(heyoka, name) for name in ("tanh", "exp", "log", "sin")}
    heyoka.llvm_state.clear_memcache()
    x = heyoka.make_vars(*[f"x{k}" for k in range(INPUTS)])
    value = program(x, rows)
    gradient = heyoka.diff_tensors([value], diff_args=x, diff_order=1).gradient
    compiled, out = heyoka.cfunc([value, *gradient], vars=x), np.zeros(1 + INPUTS)
    run = partial(compiled, POINT, outputs=out)
    run()
    return run, out


def timed(make: Callable[[Program], tuple[Run, Any]], program: Program) -> tuple[float, float, Any]:
    """Return the seconds of compiling, the microseconds of a run, and what it gives."""
    start = clock()
    run, found = make(program)
    compiled, calls = clock() - start, max(100, 1_000_000 // len(program.steps))
    start = clock()
    for _ in range(calls):
        run()
    return compiled, 1e6 * (clock() - start) / calls, found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where the two disagree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[30, 100, 300, 1000, 3000, 10_000, 30_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, default=3000, help="operations of the programs heyoka gets")
    chosen = parser.parse_args(arguments)
    os.environ["CHAINRULE_CACHE"] = ""
    ours(drawn(MIXES["with tanh, exp, log, sin"], 30))  # what is made once in a process
    print(f"{platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}\n")
    print("| program | operations | compile, s | us an operation | run, us | heyoka | run, us | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, rows in MIXES.items():
        for operations in chosen.sizes:
            program = drawn(rows, operations)
            peers = [ours, theirs] if heyoka is not None and operations <= chosen.most else [ours]
            rounds = [[timed(peer, program) for peer in peers] for _ in range(chosen.rounds)]
            columns = [
                [median([one[k][which] for one in rounds]) for which in (0, 1)] for k in range(len(peers))
            ]
            cells = [
                f"{columns[0][0]:.3f}",
                f"{1e6 * columns[0][0] / operations:.0f}",
                f"{columns[0][1]:.1f}",
            ]
            if len(peers) > 1:
                cells += [
                    f"{columns[1][0]:.3f}",
                    f"{columns[1][1]:.1f}",
                    f"{columns[1][0] / columns[0][0]:.1f}",
                ]
                found, other = [one[2] for one in rounds[-1]]
                far = np.abs(found - other).max()
                if not far <= 1e-9 * max(1.0, np.abs(other).max()):
                    print(f"{name}, {operations} operations: the two are {far} apart")
                    return 1
            print(f"| {name} | {operations:,} | {' | '.join(cells + [''] * (6 - len(cells)))} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
