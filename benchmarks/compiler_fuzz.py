"""Compiled programs beside the same programs on Values: random ones, as many as one likes.

Half of the programs are regular (layers, recurrences, loops over samples, with accidents in them), half take
any row of the table on any two numbers so far, or one of some numbers by an index; some take derivatives
of themselves, up to third ones, and go on with these. Each is compiled with options drawn with it (exact or
not, a batch, reduced or not, threads, bound to its arguments, float32, steps of a table) and called twice,
with different numbers, in one of ten programs inf, nan, 0 or 1e300 among them, because the second call sees
what the first left behind. Values and derivatives must agree: to the last bit where `exact=True`, else
to 1e-11 of the larger of 1 and the number: 45,000 ulp, for what a program may make of the 1.5 ulp of
an elementary function (`BOUNDS` of engine/compiler/vector_functions.py) and of sums in another order;
nan where the others are, and inf of their sign. One in five programs is held to `kernel.error_bound`
as well, which takes time; those in float32, and those whose derivatives make more of it than that, to
nothing else.

    pip install -e '.[compile]'
    python benchmarks/compiler_fuzz.py --programs 2000 --seed 0 --processes 2

The first program that differs is printed with its options, and the exit code is 1.
"""

import argparse
import math
import os
import random
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import add
from statistics import quantiles
from typing import Any, Literal
from unittest.mock import patch

from _fuzz_programs import INDICES, INPUTS, ROWS, THIRD, Program, drawn

from chainrule.engine import compiler, value_and_grad
from chainrule.engine.compiler import cache, compile

TOLERANCE = 1e-11
EDGES = [math.inf, -math.inf, math.nan, 0.0, 1e300]


@dataclass(frozen=True)
class Options:
    """How a program is compiled; a batch may be of its last numbers, `batched` of them, and of indices.

    steps: what follows no rule is left to a table, however little it is.
    infinite: whether one of the numbers it is called with is one of EDGES.
    """

    exact: bool
    batched: int
    indices: bool
    reduce: Literal["mean", "sum"] | None
    threads: int
    dtype: Literal["float64", "float32"] = "float64"
    bound: bool = False
    steps: bool = False
    infinite: bool = False


def options(rng: random.Random) -> Options:
    """Return random options."""
    batched = rng.choice([0, 0, 1, 2])
    ways: list[Literal["mean", "sum"] | None] = [None, "mean", "sum"]
    indices = rng.random() < 0.4
    reduce = rng.choice(ways) if batched or indices else None
    threads = rng.choice([1, 1, 2]) if batched or indices else 1
    exact, single, bound = rng.random() < 0.4, rng.random() < 0.05, rng.random() < 0.2
    dtype: Literal["float64", "float32"] = "float32" if single else "float64"
    infinite = rng.random() < 0.1 and not single
    return Options(exact and not single, batched, indices, reduce, threads, dtype, bound, infinite=infinite)


@dataclass(frozen=True)
class Distance:
    """How far a number is off, relative to the larger of it and 1, and how often that goes into its bound."""

    relative: float
    times: float


def differs(
    program: Program, chosen: Options, rng: random.Random, bounds: list[Distance] | None = None
) -> str:
    """Return what differs between the compiled program and eager; nothing where all agrees.

    bounds: hold the numbers to `kernel.error_bound` too, and add how far those are off that are.
    """
    shared = INPUTS - chosen.batched

    def f(xs: Sequence[Any], row: Sequence[Any], indices: Sequence[Any]) -> Any:
        return program([*xs, *row], indices)

    batch = [place for place, many in ((1, chosen.batched), (2, chosen.indices)) if many]
    kernel = compile(
        f,
        argnums=(0, 1),
        batch=batch,
        reduce=chosen.reduce,
        exact=chosen.exact,
        threads=chosen.threads,
        dtype=chosen.dtype,
    )

    def bound_twice(*arguments: Any) -> tuple[Any, Any]:
        bound = kernel.bind(*arguments)
        bound()
        return bound(), bound.grad

    plain = value_and_grad(f, argnums=(0, 1))
    sizes = rng.choice([[1, 2, 8], [9, 33, 65]])  # one size of blocks, which both calls go through
    for call in range(2):
        xs = [rng.uniform(-1.5, 1.5) for _ in range(shared)]
        if chosen.infinite and xs:
            xs[rng.randrange(shared)] = rng.choice(EDGES)
        samples = rng.choice(sizes) if batch else 1
        row = [[rng.uniform(-1.5, 1.5) for _ in range(chosen.batched)] for _ in range(samples)]
        index = [
            [rng.randrange(ROWS) for _ in range(INDICES)] for _ in range(samples if chosen.indices else 1)
        ]
        rows = row if chosen.batched else row[:1] * samples
        indices = index if chosen.indices else index * samples
        arguments = xs, row if chosen.batched else [], index if chosen.indices else index[0]
        fewest = 1 if chosen.steps else compiler.irregular.FEWEST_STEPS
        with (
            patch.object(compiler.kernel, "FEWEST", 1),  # as if the shards were large
            patch.object(compiler.irregular, "FEWEST_STEPS", fewest),
        ):
            got = in_a_row(*(bound_twice if chosen.bound else kernel.value_and_grad)(*arguments))
        runs = [plain(xs, *sample) for sample in zip(rows, indices, strict=True)]
        over = samples if chosen.reduce == "mean" else 1
        values = [run[0] for run in runs]
        by_shared = [added(run[1][0][i] for run in runs) / over for i in range(shared)]
        by_row = [[x / over for x in run[1][1]] for run in runs] if chosen.batched else []
        wanted = in_a_row(added(values) / over if chosen.reduce else values, (by_shared, by_row))
        exactly = len(got) if chosen.exact else 0
        most = [0.0 if k < exactly else TOLERANCE * max(1.0, abs(b)) for k, b in enumerate(wanted)]
        if chosen.dtype == "float32":  # where much cancels only the bound knows how far
            most = [math.inf] * len(wanted)
        far = program.inside and any(
            abs(a - b) > least for a, b, least in zip(got, wanted, most, strict=True)
        )
        if far:  # what is ill-conditioned is more so in its derivatives: only the bound knows how far
            most = [*most[:exactly], *[math.inf] * (len(wanted) - exactly)]
        needs_no_bound = bounds is None and not far
        found = [math.inf] * len(wanted) if needs_no_bound else in_a_row(*kernel.error_bound(*arguments))
        for place, (a, b, least, bound) in enumerate(zip(got, wanted, most, found, strict=True)):
            if a == b or (math.isnan(a) and math.isnan(b)):
                continue
            if program.inside in THIRD and not exactly:  # docs/compiler.md
                if math.isnan(a):
                    continue  # fourth derivatives through hypot, say
                if math.isnan(b) and chosen.infinite:
                    continue  # where those before are inf
            if chosen.dtype == "float32" and not math.isfinite(bound):
                continue  # too large for float32, or on either side of a pole
            at = f"call {call}, number {place}: compiled {a!r}, eager {b!r} at {arguments}"
            if not abs(a - b) <= least:
                return at
            if abs(a - b) > bound:  # nan is no bound
                return f"{at}: {abs(a - b):.3g} apart, by error_bound at most {bound:.3g}"
            if bounds is not None and math.isfinite(bound):
                bounds.append(Distance(abs(a - b) / max(1.0, abs(b)), bound / abs(a - b)))
    return ""


def added(numbers: Iterable[float]) -> float:
    """Return numbers added up one after the other: Python's `sum` compensates, from 3.12 on."""
    return reduce(add, numbers, 0.0)


def in_a_row(value: Any, gradient: Any) -> list[float]:
    """Return value and gradient as one list of numbers."""
    by_shared, by_row = gradient
    values = list(value) if isinstance(value, Iterable) else [value]
    return [float(x) for x in (*values, *by_shared, *[x for row in by_row for x in row])]


def by_table(seed: int, number: int) -> bool:
    """Return whether of one program what follows no rule is left to a table."""
    return random.Random(f"steps {seed}/{number}").random() < 0.4


def tried(seed: int, number: int, single: bool = False) -> tuple[str, bool, list[Distance]]:
    """Return of one program what differs, whether it was compared with ==, and how far it is off.

    single: in float32, held to its bounds and to nothing else.
    """
    rng = random.Random(f"{seed}/{number}")
    program, how = drawn(rng), options(rng)
    if single:
        how = replace(how, exact=False, dtype="float32", infinite=False)
    how = replace(how, steps=by_table(seed, number))
    bounds: list[Distance] | None = None if number % 5 and how.dtype == "float64" else []
    difference = differs(program, how, rng, bounds)
    report = f"program {number} of seed {seed}, {how}:\n{program}\n{difference}" if difference else ""
    kept = bounds if bounds and (how.dtype == "float32") == single else []
    return report, how.exact, kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Try programs; return 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1, help="how many work at the same time")
    parser.add_argument("--float32", action="store_true", help="in float32, held to error_bound")
    chosen = parser.parse_args(arguments)
    os.environ[cache.VARIABLE] = ""  # random kernels are not worth keeping
    start = time.perf_counter()
    numbers = range(chosen.programs)
    exact, bounds = 0, list[Distance]()
    with ProcessPoolExecutor(chosen.processes) if chosen.processes > 1 else nullcontext() as pool:
        one = partial(tried, chosen.seed, single=chosen.float32)
        for report, exactly, distances in pool.map(one, numbers, chunksize=20) if pool else map(one, numbers):
            if report:
                print(report)
                if pool:
                    pool.shutdown(cancel_futures=True)
                return 1
            exact += exactly
            bounds += distances
    seconds = time.perf_counter() - start
    print(
        f"{chosen.programs} programs, each called twice, {exact} of them compared with ==: none differs "
        f"({seconds:.0f} s)"
    )
    if len(bounds) > 1:
        times, relative = [
            quantiles([getattr(d, name) for d in bounds], n=100) for name in ("times", "relative")
        ]
        print(
            f"of {len(bounds)} numbers that are off at all, the difference goes into error_bound "
            f"{times[49]:.0f} times (median) and is {relative[49]:.1e} (median), {relative[98]:.1e} (99 %), "
            f"{max(d.relative for d in bounds):.1e} (largest) of the larger of the number and 1"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
