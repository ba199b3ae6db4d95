"""Random programs for the compiler's fuzzer: regular ones, irregular ones, and ones that take derivatives."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.engine import (
    TABLE,
    dot,
    grad,
    hvp,
    jacobian,
    jacobian_sparsity,
    jvp,
    log_softmax,
    logsumexp,
    median,
    softmax,
    sort,
    take,
    tanh,
    taylor,
    total,
)

Function = Callable[[Sequence[Any]], Any]

INPUTS = 4
INDICES = 3
ROWS = 4
"""Below it all indices are: no table has fewer rows."""
NEVER = ("polygamma",)  # of an order that is a whole number, which no random number is


@dataclass(frozen=True)
class Step:
    """A row of the table and the places of its operands among the numbers so far.

    "take" is one of the operands, by the index of that place; of a list made by one in LISTS it is the entry
    of that place.
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
            elif step.row in LISTS:
                numbers.append(LISTS[step.row](operands)[step.index])
            else:
                numbers.append(TABLE[step.row](*operands))
        return total(numbers[INPUTS:][-3:])


LISTS: dict[str, Callable[[Sequence[Any]], list[Any]]] = {
    "sort": sort,
    "median": lambda xs: [median(xs)],
    "softmax": softmax,
    "log_softmax": log_softmax,
}
"""Functions on lists that choose by the numbers in them, which are no rows."""


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
        if rng.random() < 0.1:
            places = tuple([rng.randrange(len(numbers)) for _ in range(rng.randint(2, 5))])
            name = rng.choice(sorted(LISTS))
            made = LISTS[name]([numbers[place] for place in places])
            steps.append(Step(name, places, rng.randrange(len(made))))
            numbers.append(made[steps[-1].index])
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


DIRECTION = [0.5, -0.25, 1.0, 0.75]


def _of_entries(f: Function, xs: list[Any]) -> Any:
    """Return the sum of the entries of a Jacobian that may differ from zero."""

    def several(ys: Sequence[Any]) -> list[Any]:
        return [f(ys), ys[0] * ys[1], ys[2]]

    return total(jacobian(several, sparsity=jacobian_sparsity(several)(xs))(xs))


def _along(f: Function) -> Function:
    """Return the derivative of f in a direction."""
    return lambda xs: dot(grad(f)(list(xs)), DIRECTION)


INSIDE: dict[str, Callable[[Function, list[Any]], Any]] = {
    "gradient": lambda f, xs: dot(grad(f)(xs), DIRECTION),
    "at a number": lambda f, xs: grad(lambda y: f([y * xs[0], *xs[1:]]))(0.75),
    "forward": lambda f, xs: jvp(f, (xs,), (DIRECTION,))[1],
    "product": lambda f, xs: dot(hvp(f, xs, DIRECTION), DIRECTION),
    "series": lambda f, xs: taylor(f, xs, 2, DIRECTION)[2],
    "entries": _of_entries,
    "third": lambda f, xs: taylor(f, xs, 3, DIRECTION)[3],
    "three times": lambda f, xs: _along(_along(_along(f)))(xs),
}


THIRD = ("third", "three times")


def drawn(rng: random.Random) -> Program:
    """Return a random program."""
    program = _drawn(rng)
    if rng.random() < 0.12 and not (program.regular and math.prod(program.sizes) > 30):
        program.inside = rng.choice(sorted(INSIDE))
        if program.inside in THIRD:  # formulas of formulas of formulas
            program.steps = program.steps[:8]
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
