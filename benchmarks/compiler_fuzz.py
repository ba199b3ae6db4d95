"""Compiled programs beside the same programs on Values: random ones, as many as one likes.

Half of the programs are regular (layers, recurrences, loops over samples, with accidents in them), half take
any row of the table on any two numbers so far, or one of some numbers by an index. Each is compiled with
options drawn with it (exact or not, a batch, reduced or not) and called twice, with different numbers,
because the second call sees what the first left behind. Values and derivatives must agree: to the last bit
where `exact=True` and without a batch (of programs that choose by an index the values), else to 1e-11 of the
larger of 1 and the number: 45,000 ulp, for what a program may make of the 1.5 ulp of an elementary function
(`BOUNDS` of engine/compiler/vector_functions.py) and of sums in another order.

    pip install -e '.[compile]'
    python benchmarks/compiler_fuzz.py --programs 2000 --seed 0

The first program that differs is printed with its options, and the exit code is 1.
"""

import argparse
import math
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chainrule.engine import TABLE, dot, logsumexp, take, tanh, total, value_and_grad
from chainrule.engine.compiler import compile

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
    """A function of INPUTS numbers and INDICES indices, as steps, or a regular one by its kind and sizes."""

    steps: list[Step] = field(default_factory=list)
    regular: str = ""
    sizes: tuple[int, ...] = ()

    def __call__(self, xs: Sequence[Any], indices: Sequence[Any]) -> Any:
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


def drawn(rng: random.Random) -> Program:
    """Return a random program."""
    if rng.random() < 0.5:
        return irregular(rng)
    kind = rng.choice(sorted([*REGULAR, *CHOOSING]))
    sizes = {
        "layers": tuple([rng.randint(1, 12) for _ in range(rng.randint(1, 3))]),
        "recurrence": (rng.randint(1, 6), rng.randint(1, 40)),
        "samples": (rng.randint(1, 60),),
        "sequences": (rng.randint(1, 10), rng.randint(1, 10), rng.randint(1, 20)),
        "wanderings": (rng.randint(1, 200), rng.randrange(1000)),
        "letters": (rng.randint(1, 9), rng.randint(1, 20), rng.randint(ROWS, 12), rng.randrange(3)),
        "targets": (rng.randint(1, 12), rng.randint(ROWS, 20)),
    }[kind]
    return Program(regular=kind, sizes=sizes)


@dataclass(frozen=True)
class Options:
    """How a program is compiled: exactly, over a batch of its last numbers or indices, reduced over it."""

    exact: bool
    batched: int
    indices: bool
    reduce: Literal["mean", "sum"] | None


def options(rng: random.Random) -> Options:
    """Return random options."""
    batched = rng.choice([0, 0, 1, 2])
    ways: list[Literal["mean", "sum"] | None] = [None, "mean", "sum"]
    indices = rng.random() < 0.4
    reduce = rng.choice(ways) if batched or indices else None
    return Options(rng.random() < 0.4, batched, indices, reduce)


def differs(program: Program, chosen: Options, rng: random.Random) -> str:
    """Return what differs between the compiled program and eager; nothing where all agrees."""
    shared = INPUTS - chosen.batched

    def f(xs: Sequence[Any], row: Sequence[Any], indices: Sequence[Any]) -> Any:
        return program([*xs, *row], indices)

    batch = [place for place, many in ((1, chosen.batched), (2, chosen.indices)) if many]
    kernel = compile(f, argnums=(0, 1), batch=batch, reduce=chosen.reduce, exact=chosen.exact)
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
        given = row if chosen.batched else [], index if chosen.indices else index[0]
        value, (by_shared, by_row) = kernel.value_and_grad(xs, *given)
        runs = [plain(xs, *sample) for sample in zip(rows, indices, strict=True)]
        weight = 1.0 / samples if chosen.reduce == "mean" else 1.0
        expected_value = [run[0] for run in runs]
        expected_shared = [sum(run[1][0][i] for run in runs) * weight for i in range(shared)]
        expected_rows = [[x * weight for x in run[1][1]] for run in runs]
        if chosen.reduce:
            got, wanted = [value], [sum(expected_value) * weight]
        else:
            got, wanted = list(value) if batch else [value], expected_value
        got += [*by_shared, *[x for row in by_row for x in row]] if chosen.batched else [*by_shared]
        wanted += [*expected_shared, *[x for row in expected_rows for x in row]]
        exactly = len(got) if chosen.exact and not batch else 0
        if program.regular in CHOOSING or any(step.row == "take" for step in program.steps):
            exactly = min(exactly, 1)
        for place, (a, b) in enumerate(zip(got, wanted, strict=True)):
            alike = a == b if place < exactly else abs(a - b) <= TOLERANCE * max(1.0, abs(b))
            # inf times a partial that is 0 by its rule is nan on Values, and nothing in machine code.
            if not alike and a != b and not math.isnan(b):
                return f"call {call}, number {place}: compiled {a!r}, eager {b!r} at {xs}, {given}"
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Try programs; return 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    start = time.perf_counter()
    exact = 0
    for number in range(chosen.programs):
        rng = random.Random(f"{chosen.seed}/{number}")
        program, how = drawn(rng), options(rng)
        exact += how.exact and not (how.batched or how.indices)
        difference = differs(program, how, rng)
        if difference:
            print(f"program {number} of seed {chosen.seed}, {how}:\n{program}\n{difference}")
            return 1
    seconds = time.perf_counter() - start
    tried = f"{chosen.programs} programs, each called twice, {exact} of them compared with =="
    print(f"{tried}: none differs ({seconds:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
