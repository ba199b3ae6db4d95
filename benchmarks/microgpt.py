"""A training step of microgpt in machine code: how long it takes, length by length and on average.

The step of examples/tiny_gpt_compiled.py in float64, one name at a time: the loss with its gradient, and
Adam's rule for 4,192 parameters. Before anything is timed the losses of the first steps are compared with
those on record. Times are CPU time of the thread in microseconds, medians over the rounds; `step` is the
two together as Python calls them, tokens and rates filled in. `one line` is the step of
examples/tiny_gpt.py --compiled, a `compiled_step`. `first` are the seconds until either can run: recorded,
and compiled where the cache on disk does not have it; the optimizer's rule is in the first line. The last
line is the mean over the names of the first 1,000 steps.

Elsewhere, on this kind of machine (AMD EPYC, Zen 4, one core): microgpt.py itself 346,000, PyTorch eager
1,300 to 2,100, NumPy by hand 290 to 460, scalar tapes in Rust and C++ 160 to 690, gradients by hand in C 24,
the arithmetic alone 7 to 10.

    pip install -e '.[compile]'
    python benchmarks/microgpt.py --rounds 7
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from chainrule.nn import Adam, compiled_step

EXAMPLES = Path(__file__).parents[1] / "examples"
clock = time.thread_time


def timed(call: Callable[[], object], seconds: float) -> float:
    """Return the microseconds a call takes, from as many as fit into so many seconds."""
    start, calls = clock(), 0
    while clock() - start < seconds:
        for _ in range(100):
            call()
        calls += 100
    return 1e6 * (clock() - start) / calls


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.02, help="of measuring, a cell and round")
    parser.add_argument("--check", type=int, default=100, help="steps whose losses are compared first")
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(EXAMPLES))
    import tiny_gpt
    from tiny_gpt_compiled import CompiledRun, check

    schedule = 200 if options.check <= 200 else 1000
    worst = max(check(options.check, schedule), tiny_gpt.check(options.check, schedule, compiled=True))
    if worst > 1e-12:
        raise SystemExit(f"a loss differs by {worst:.1e}")
    print(f"{options.check} losses within {worst:.1e}\n")
    run, other = CompiledRun(), tiny_gpt.Run()
    optimizer = Adam(other.model.parameters(), lr=0.0)
    one_line = compiled_step(other.model, tiny_gpt.mean_loss, optimizer)
    often = Counter([len(run.run.tokens(name)[:17]) for name in run.run.names[:1000]])
    rows = []
    with one_line:
        for length in sorted(often):
            letters = run.run.tokens("e" * (length - 2))
            name = [letters[:-1]], [letters[1:]]
            start = clock()
            one_line(*name)
            between = clock()
            step = run.step_for(length)
            firsts = clock() - between, between - start
            # A rate of 0: the parameters stay as they are.
            by_hand = partial(run.take, step, np.array(letters, float), 0.0, 1.0)
            calls = (step.loss.run, step.update.run, by_hand, partial(one_line, *name))
            rounds = [[timed(call, options.seconds) for call in calls] for _ in range(options.rounds)]
            rows.append((length, firsts, rounds))
    print("| positions | of 1,000 names | loss and gradient | Adam | step | one line | first, s | one line |")
    print(f"|{'---|' * 8}")
    mean = [0.0] * 4
    for length, firsts, rounds in rows:
        middle = [median(column) for column in zip(*rounds, strict=True)]
        mean = [m + often[length] / 1000 * x for m, x in zip(mean, middle, strict=True)]
        cells = " | ".join([*[f"{x:.1f}" for x in middle], *[f"{first:.2f}" for first in firsts]])
        print(f"| {length - 1} | {often[length]} | {cells} |")
    print(f"| mean | | {' | '.join([f'{x:.1f}' for x in mean])} | | |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
