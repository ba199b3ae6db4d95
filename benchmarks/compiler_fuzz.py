"""Compiled programs beside the same programs on Values: random ones, as many as one likes.

Half of the programs are regular (layers, recurrences, loops over samples, with accidents in them), half take
any row of the table on any two numbers so far, or one of some numbers by an index; some take derivatives
of themselves and go on with these. Each is compiled with options drawn with it (exact or not, a batch,
reduced or not, threads, bound to its arguments, float32) and called twice, with different numbers, because
the second call sees what the first left behind. Values and derivatives must agree: to the last bit where
`exact=True` and without a batch (of programs that choose by an index, or take derivatives, the values; of
those that do both none), else to 1e-11 of the larger of 1 and the number: 45,000 ulp, for what a program may
make of the 1.5 ulp of an elementary function (`BOUNDS` of engine/compiler/vector_functions.py) and of sums in
another order. One in five programs is held to `kernel.error_bound` as well, which takes time; those in
float32 to nothing else.

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
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import quantiles
from typing import Any, Literal
from unittest.mock import patch

from chainrule.engine import (
    TABLE,
    compiler,
    dot,
    grad,
    hvp,
    jacobian,
    jacobian_sparsity,
    jvp,
    logsumexp,
    take,
    tanh,
    taylor,
    total,
    value_and_grad,
)
from chainrule.engine.compiler import cache, compile

TOLERANCE = 1e-11
INPUTS = 4
INDICES = 3
ROWS = 4
"""Below it all indices are: no table has fewer rows."""
NEVER = ("polygamma",)  # of an order that is a whole number, which no random number is


@dataclass(frozen=True)
class Step:
    """A row of the table and the places of its operands among the numbers so far.

    "take" is one of the operands, by the index of that place.
    """

    row: str
    operands: tuple[int, ...]
    index: int = 0


@dataclass
class Program:
    """A function of INPUTS numbers and INDICES indices, as steps, or a regular one by its kind and sizes.

    inside: which derivative of itself it adds to what it returns, by its name in INSIDE.
    """

    steps: list[Step] = field(default_factory=list)
    regular: str = ""
    sizes: tuple[int, ...] = ()
    inside: str = ""

    def __call__(self, xs: Sequence[Any], indices: Sequence[Any]) -> Any:
        value = self.plain(xs, indices)
        if not self.inside:
            return value
        return value + 0.25 * INSIDE[self.inside](lambda ys: self.plain(ys, indices), list(xs))

    def plain(self, xs: Sequence[Any], indices: Sequence[Any]) -> Any:
        """Return what it computes before it takes derivatives."""
        if self.regular in CHOOSING:
            return CHOOSING[self.regular](xs, self.sizes, indices)
        if self.regular:
            return REGULAR[self.regular](xs, self.sizes)
        numbers = [*xs, 0.5, -1.5]
        for step in self.steps:
            operands = [numbers[place] for place in step.operands]
            if step.row == "take":
                numbers.append(take(operands, indices[step.index]))
            else:
                numbers.append(TABLE[step.row](*operands))
        return total(numbers[INPUTS:][-3:])


def irregular(rng: random.Random) -> Program:
    """Return a program of up to 30 steps whose numbers and partials stay of order one at a random point."""
    xs = [rng.uniform(-1.5, 1.5) for _ in range(INPUTS)]
    numbers = [*xs, 0.5, -1.5]
    steps: list[Step] = []
    rows = [row for row in TABLE.values() if row.name not in NEVER]
    wanted = rng.randint(1, 30)
    for _ in range(20 * wanted):
        if len(steps) == wanted:
            break
        if rng.random() < 0.15:
            places = tuple([rng.randrange(len(numbers)) for _ in range(rng.randint(ROWS, 7))])
            steps.append(Step("take", places, rng.randrange(INDICES)))
            numbers.append(numbers[rng.choice(places)])
            continue
        row = rng.choice(rows)
        count = row.arity if row.arity > 0 else rng.randint(2, 5)
        places = tuple([rng.randrange(len(numbers)) for _ in range(count)])
        operands = [numbers[place] for place in places]
        out, partials = row.linearize(*operands)
        if all(math.isfinite(x) and abs(x) < 4.0 for x in (out, *partials)):
            steps.append(Step(row.name, places))
            numbers.append(out)
    return Program(steps)


Function = Callable[[Sequence[Any]], Any]


def _layers(xs: Sequence[Any], sizes: tuple[int, ...]) -> Any:
    """A network whose weights are made of few numbers; one neuron in it is unlike the others."""
    outputs: list[Any] = list(xs)
    for depth, size in enumerate(sizes):
        weights = [
            [xs[(i + j + depth) % INPUTS] * (0.5 + 0.1 * j) for j in range(len(outputs))] for i in range(size)
        ]
        sums = [dot(row, outputs, xs[i % INPUTS]) for i, row in enumerate(weights)]
        if depth == 1:
            sums[0] = sums[0] * sums[-1] + 0.25
        outputs = [tanh(z) if depth % 2 else z.relu() for z in sums]
    return logsumexp(outputs) - outputs[0]


def _recurrence(xs: Sequence[Any], sizes: tuple[int, ...]) -> Any:
    """One step after the other on a state of several numbers."""
    width, steps = sizes
    state = [xs[i % INPUTS] for i in range(width)]
    for step in range(steps):
        state = [(0.5 * state[i] + 0.3 * state[i - 1] * xs[0] + 0.01 * step).tanh() for i in range(width)]
    return sum(s * s for s in state)


def _samples(xs: Sequence[Any], sizes: tuple[int, ...]) -> Any:
    """A loop over data that are plain numbers, one of them an exception."""
    loss: Any = 0.0
    for i in range(sizes[0]):
        x = math.sin(i) if i != 3 else 0.0
        error = xs[0] * x + xs[1] - math.cos(2 * i)
        loss = loss + (error * error if i % 7 else abs(error))
    return loss / sizes[0] + xs[2] * xs[3]


def _sequences(xs: Sequence[Any], sizes: tuple[int, ...]) -> Any:
    """Several recurrences beside each other, each with inputs and one with a second read of an old state."""
    count, width, steps = sizes
    finals: list[Any] = []
    for sequence in range(count):
        state = [xs[i % INPUTS] * (1.0 + sequence) for i in range(width)]
        for step in range(steps):
            old = state
            state = [
                tanh(dot(old, [xs[(i + j) % INPUTS] * 0.3 for j in range(width)], xs[step % INPUTS]))
                for i in range(width)
            ]
            if sequence == 1:
                state[0] = state[0] - old[-1] * math.sin(step)
        finals += state
    return total([s * s for s in finals])


def _wanderings(xs: Sequence[Any], sizes: tuple[int, ...]) -> Any:
    """A long chain whose links read from anywhere before them: alike in what they do, not in where."""
    length, seed = sizes
    rng = random.Random(seed)
    numbers: list[Any] = list(xs)
    ways = rng.choice([1, 2, 5])
    for link in range(length):
        back = numbers[-1 - min(rng.randrange(ways), len(numbers) - 1)]
        other = numbers[rng.randrange(len(numbers))] if link % 7 == 0 else xs[link % INPUTS]
        number = 0.5 * back - 0.25 * other * back + (0.125 if link % 5 else 0.01 * link)
        numbers.append(number.tanh() if link % 3 == 0 else number)
    return total(numbers[-5:])


def _letters(xs: Sequence[Any], sizes: tuple[int, ...], indices: Sequence[Any]) -> Any:
    """A recurrence that reads a table of rows, of parameters or of made numbers, by turns of some indices."""
    width, steps, rows, made = sizes
    table = [[xs[(r + c) % INPUTS] for c in range(width)] for r in range(rows)]
    if made:
        table = [
            [(0.3 * r + c) * x.tanh() if r or made == 1 else 0.25 for c, x in enumerate(table[r])]
            for r in range(rows)
        ]
    state = [0.5 * xs[0]] * width
    for step in range(steps):
        row = take(table, indices[step % INDICES])
        mixed = [dot(state, row), *state[1:]]
        state = [tanh(0.3 * s + x * xs[(step * made) % INPUTS]) for s, x in zip(mixed, row, strict=True)]
    return total([s * s for s in state]) + take(state, 0)


def _targets(xs: Sequence[Any], sizes: tuple[int, ...], indices: Sequence[Any]) -> Any:
    """Losses at several places: of shares that are made there the one that an index says."""
    places, rows = sizes
    losses = []
    for place in range(places):
        z = [xs[(r + place) % INPUTS] * (0.2 * r) + take(xs, indices[place % INDICES]) for r in range(rows)]
        logits = [x.sin() + 0.1 * place for x in z]
        losses.append(logsumexp(logits) - take(logits, indices[(place + 1) % INDICES]))
    return sum(losses) / float(places)


CHOOSING: dict[str, Callable[[Sequence[Any], tuple[int, ...], Sequence[Any]], Any]] = {
    "letters": _letters,
    "targets": _targets,
}

REGULAR: dict[str, Callable[[Sequence[Any], tuple[int, ...]], Any]] = {
    "layers": _layers,
    "recurrence": _recurrence,
    "samples": _samples,
    "sequences": _sequences,
    "wanderings": _wanderings,
}


DIRECTION = [0.5, -0.25, 1.0, 0.75]


def _of_entries(f: Function, xs: list[Any]) -> Any:
    """Return the sum of the entries of a Jacobian that may differ from zero."""

    def several(ys: Sequence[Any]) -> list[Any]:
        return [f(ys), ys[0] * ys[1], ys[2]]

    return total(jacobian(several, sparsity=jacobian_sparsity(several)(xs))(xs))


INSIDE: dict[str, Callable[[Function, list[Any]], Any]] = {
    "gradient": lambda f, xs: dot(grad(f)(xs), DIRECTION),
    "at a number": lambda f, xs: grad(lambda y: f([y * xs[0], *xs[1:]]))(0.75),
    "forward": lambda f, xs: jvp(f, (xs,), (DIRECTION,))[1],
    "product": lambda f, xs: dot(hvp(f, xs, DIRECTION), DIRECTION),
    "series": lambda f, xs: taylor(f, xs, 2, DIRECTION)[2],
    "entries": _of_entries,
}


def drawn(rng: random.Random) -> Program:
    """Return a random program."""
    program = _drawn(rng)
    if rng.random() < 0.12 and not (program.regular and math.prod(program.sizes) > 30):
        program.inside = rng.choice(sorted(INSIDE))
    return program


def _drawn(rng: random.Random) -> Program:
    if rng.random() < 0.5:
        return irregular(rng)
    kind = rng.choice(sorted([*REGULAR, *CHOOSING]))
    sizes = {
        "layers": tuple([rng.randint(1, 12) for _ in range(rng.randint(1, 3))]),
        "recurrence": (rng.randint(1, 6), rng.randint(1, 40)),
        "samples": (rng.randint(1, 60),),
        "sequences": (rng.randint(1, 6), rng.randint(1, 6), rng.randint(1, 12)),
        "wanderings": (rng.randint(1, 200), rng.randrange(1000)),
        "letters": (rng.randint(1, 9), rng.randint(1, 20), rng.randint(ROWS, 12), rng.randrange(3)),
        "targets": (rng.randint(1, 12), rng.randint(ROWS, 20)),
    }[kind]
    return Program(regular=kind, sizes=sizes)


@dataclass(frozen=True)
class Options:
    """How a program is compiled; a batch may be of its last numbers, `batched` of them, and of indices."""

    exact: bool
    batched: int
    indices: bool
    reduce: Literal["mean", "sum"] | None
    threads: int
    dtype: Literal["float64", "float32"] = "float64"
    bound: bool = False


def options(rng: random.Random) -> Options:
    """Return random options."""
    batched = rng.choice([0, 0, 1, 2])
    ways: list[Literal["mean", "sum"] | None] = [None, "mean", "sum"]
    indices = rng.random() < 0.4
    reduce = rng.choice(ways) if batched or indices else None
    threads = rng.choice([1, 1, 2]) if batched or indices else 1
    exact, single, bound = rng.random() < 0.4, rng.random() < 0.05, rng.random() < 0.2
    return Options(
        exact and not single, batched, indices, reduce, threads, "float32" if single else "float64", bound
    )


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
    sizes = rng.choice([[1, 2, 8], [9, 11, 33]])  # one size of blocks, which both calls go through
    for call in range(2):
        xs = [rng.uniform(-1.5, 1.5) for _ in range(shared)]
        samples = rng.choice(sizes) if batch else 1
        row = [[rng.uniform(-1.5, 1.5) for _ in range(chosen.batched)] for _ in range(samples)]
        index = [
            [rng.randrange(ROWS) for _ in range(INDICES)] for _ in range(samples if chosen.indices else 1)
        ]
        rows = row if chosen.batched else row[:1] * samples
        indices = index if chosen.indices else index * samples
        arguments = xs, row if chosen.batched else [], index if chosen.indices else index[0]
        with patch.object(compiler.kernel, "FEWEST", 1):  # as if the shards were large
            got = in_a_row(*(bound_twice if chosen.bound else kernel.value_and_grad)(*arguments))
        runs = [plain(xs, *sample) for sample in zip(rows, indices, strict=True)]
        weight = 1.0 / samples if chosen.reduce == "mean" else 1.0
        values = [run[0] for run in runs]
        by_shared = [sum(run[1][0][i] for run in runs) * weight for i in range(shared)]
        by_row = [[x * weight for x in run[1][1]] for run in runs] if chosen.batched else []
        wanted = in_a_row(sum(values) * weight if chosen.reduce else values, (by_shared, by_row))
        exactly = len(got) if chosen.exact and not batch else 0
        chooses = program.regular in CHOOSING or any(step.row == "take" for step in program.steps)
        if chooses or program.inside:
            exactly = 0 if chooses and program.inside else min(exactly, 1)
        most = [0.0 if k < exactly else TOLERANCE * max(1.0, abs(b)) for k, b in enumerate(wanted)]
        if chosen.dtype == "float32":  # where much cancels only the bound knows how far
            most = [math.inf] * len(wanted)
        found = [math.inf] * len(wanted) if bounds is None else in_a_row(*kernel.error_bound(*arguments))
        for place, (a, b, least, bound) in enumerate(zip(got, wanted, most, found, strict=True)):
            # inf times a partial that is 0 by its rule is nan on Values, and nothing in machine code.
            if a == b or math.isnan(b):
                continue
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


def in_a_row(value: Any, gradient: Any) -> list[float]:
    """Return value and gradient as one list of numbers."""
    by_shared, by_row = gradient
    values = list(value) if isinstance(value, Iterable) else [value]
    return [float(x) for x in (*values, *by_shared, *[x for row in by_row for x in row])]


def tried(seed: int, number: int, single: bool = False) -> tuple[str, bool, list[Distance]]:
    """Return of one program what differs, whether it was compared with ==, and how far it is off.

    single: in float32, held to its bounds and to nothing else.
    """
    rng = random.Random(f"{seed}/{number}")
    program, how = drawn(rng), options(rng)
    if single:
        how = replace(how, exact=False, dtype="float32")
    bounds: list[Distance] | None = None if number % 5 and how.dtype == "float64" else []
    difference = differs(program, how, rng, bounds)
    report = f"program {number} of seed {seed}, {how}:\n{program}\n{difference}" if difference else ""
    kept = bounds if bounds and (how.dtype == "float32") == single else []
    return report, how.exact and not (how.batched or how.indices), kept


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
