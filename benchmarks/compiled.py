"""How long compiled functions take: chainrule beside NumPy by hand, with what others took quoted.

Every case of workloads.py is compiled; value and derivatives are checked against the derivation by hand in
NumPy (to 1e-9) before any is timed. Both take turns in every round, so that a busy machine slows them alike.
Times are CPU time of the thread, medians over the rounds: `code` is the machine code with its arrays in
place, `call` is `kernel.value_and_grad` from Python; `spread` is the slowest round over the fastest, of the
worst column. The peer is NumPy, for the chain a loop over floats. `elsewhere` quotes the best peer that
takes scalar code, as measured on this kind of machine (AMD EPYC, Zen 4, one thread) on 2026-11-21, in the
unit of its line.

    pip install -e '.[compile]'
    OPENBLAS_NUM_THREADS=1 python benchmarks/compiled.py --rounds 7
    python benchmarks/compiled.py --only W2 W5 --quick
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median
from typing import Any

from measuring import agree, clock, timed
from workloads import (
    Case,
    asian_case,
    chain_case,
    digits_step,
    growth_case,
    moons_in_one_graph,
    moons_step,
    rosenbrock_case,
)

from chainrule.engine import collector_paused


def cases(quick: bool) -> Iterator[tuple[str, Callable[[], Case]]]:
    """Yield the workloads and how to make their cases, one after the other."""
    yield "W2", partial(moons_step, 1, "casadi 7.3")
    yield "W2", partial(moons_step, 100, "heyoka 59")
    yield "W2", partial(moons_step, 1000, "heyoka 363")
    yield "W2", partial(moons_step, 10_000, "heyoka 8,681")
    yield "W2", partial(moons_in_one_graph, 100, "casadi 553")
    yield "digits", partial(digits_step, 1)
    yield "digits", partial(digits_step, 64)
    yield "W3", partial(rosenbrock_case, 2, "casadi 1.04")
    yield "W3", partial(rosenbrock_case, 100, "casadi 2.19")
    yield "W4", partial(chain_case, 1000, "heyoka 8.5")
    yield "W4", partial(chain_case, 100_000, "ddx 11.5")
    yield "W5", partial(asian_case, 12, "heyoka 300")
    yield "W5", partial(asian_case, 252, "heyoka 8,470")
    yield "W6", partial(growth_case, 24, "casadi 2.2")
    yield "W6", partial(growth_case, 92, "heyoka 2.1")
    yield "W6", partial(growth_case, 312, "casadi 9.3")
    if not quick:
        yield "digits", partial(digits_step, 1000)
        yield "W4", partial(chain_case, 1_000_000, "ddx 14.3")
        yield "W6", partial(growth_case, 997, "casadi 8.6")


def line(case: Case, rounds: int, seconds: float) -> str:
    """Return a line of the table: measure one case and its peer by turns."""
    start = clock()
    with collector_paused():
        case.ours()
    first = clock() - start
    agree(case.name, case.peer(), case.ours())  # the second call sees what the first left
    rows: list[tuple[Callable[[], Any], list[float]]]
    rows = [(case.alone(), []), (case.ours, []), (case.peer, [])]
    for _ in range(rounds):
        for call, times in rows:
            times.append(timed(call, seconds))
    scale = 1e9 / case.operations if case.operations else 1e6
    shown = [f"{median(times) * scale:,.2f}" for _, times in rows]
    ratios = [f"{median(rows[k][1]) / median(rows[2][1]):.2f}" for k in (0, 1)]
    spread = max(max(times) / min(times) for _, times in rows)
    cells = [case.name, *shown, *ratios, case.elsewhere, f"{spread:.2f}", f"{first:.2f}"]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.05, help="of measuring, a row and round")
    parser.add_argument("--only", nargs="*", default=(), help="W2, digits, W3, W4, W5, W6")
    parser.add_argument("--quick", action="store_true", help="leave out what takes long to record")
    chosen = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, load {load:.1f}\n"
    )
    print("| | code, us | call, us | peer | code / peer | call / peer | elsewhere | spread | first call, s |")
    print(f"|{'---|' * 9}")
    for workload, make in cases(chosen.quick):
        if not chosen.only or workload in chosen.only:
            print(line(make(), chosen.rounds, chosen.seconds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
