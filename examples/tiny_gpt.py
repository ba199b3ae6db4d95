"""A GPT that invents names, letter by letter, in plain arithmetic on Values.

A transformer like the large ones, only small: 4,192 parameters, each one a Value, and nothing but
+, -, *, /, **, exp, log and relu between them and the loss. A training step makes a graph of some
57,000 values and runs the chain rule over it.

    python examples/tiny_gpt.py                  train for 60 steps, then invent names
    python examples/tiny_gpt.py --steps 1000     train until the names sound like names
    python examples/tiny_gpt.py --compiled       take the same steps in machine code
    python examples/tiny_gpt.py --check 200      compare each loss with the recorded ones

--compiled changes one line, in `Run.train`; it needs `pip install "chainrule[compile]"`. The program is then
recorded once for each length of a name, the letters being arguments: `take` chooses rows when the code runs.

Source: the model, the data and the recorded losses are those of Andrej Karpathy's microgpt (2026).
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial, reduce
from pathlib import Path

from _show import count

from chainrule.engine import Value, collector_paused, maximum, no_grad, take
from chainrule.nn import Adam, compiled_step, load_names

Vector = list[Value]
Matrix = list[Vector]

WIDTH = 16
HEADS = 4
HEAD_WIDTH = WIDTH // HEADS
CONTEXT = 16  # how many letters it can look back on
RECORD = Path(__file__).parents[1] / "tests" / "data" / "microgpt-losses.json"


class TinyGPT:
    """One transformer layer between a table of letters and a score for each possible next letter."""

    def __init__(self, vocabulary: int, numbers: Iterator[Value]) -> None:
        """numbers: the parameters, one after the other, as `parameters` returns them."""

        def matrix(rows: int, columns: int) -> Matrix:
            return [[next(numbers) for _ in range(columns)] for _ in range(rows)]

        self.letters = matrix(vocabulary, WIDTH)
        self.places = matrix(CONTEXT, WIDTH)
        self.scores = matrix(vocabulary, WIDTH)
        self.query, self.key, self.value, self.mix = (matrix(WIDTH, WIDTH) for _ in range(4))
        self.widen = matrix(4 * WIDTH, WIDTH)
        self.narrow = matrix(WIDTH, 4 * WIDTH)

    def parameters(self) -> Vector:
        """Return every parameter, in the order in which they came."""
        return [p for matrix in vars(self).values() for row in matrix for p in row]

    def __call__(self, letters: Sequence[int]) -> Matrix:
        """Return, after each of the letters, a score for each possible next one."""
        keys: Matrix = []
        values: Matrix = []
        return [self.after(letter, keys, values) for letter in letters]

    def after(self, letter: int, keys: Matrix, values: Matrix) -> Vector:
        """Return a score for each possible next letter, after `letter` and the ones before it.

        keys, values: what earlier letters left for this one to look at; it leaves its own there too.
        """
        place = len(keys)
        x = normalized(added(take(self.letters, letter), self.places[place]))
        x = added(self.attention(normalized(x), keys, values), x)
        hidden = [h.relu() for h in linear(self.widen, normalized(x))]
        x = added(linear(self.narrow, hidden), x)
        return linear(self.scores, x)

    def attention(self, x: Vector, keys: Matrix, values: Matrix) -> Vector:
        """Return what `x` gathers from the letters so far, each head from its own part of them."""
        query = linear(self.query, x)
        keys.append(linear(self.key, x))
        values.append(linear(self.value, x))
        gathered = []
        for start in range(0, WIDTH, HEAD_WIDTH):
            part = range(start, start + HEAD_WIDTH)
            alike = [summed(query[j] * key[j] for j in part) / HEAD_WIDTH**0.5 for key in keys]
            weights = softmax(alike)
            gathered += [summed(w * v[j] for w, v in zip(weights, values, strict=True)) for j in part]
        return linear(self.mix, gathered)


def drawn(rng: random.Random) -> Iterator[Value]:
    """Yield parameters as training begins with them."""
    while True:
        yield Value(rng.gauss(0.0, 0.08))


def linear(matrix: Matrix, x: Vector) -> Vector:
    """Return the product of a matrix and a vector."""
    return [summed(w * xi for w, xi in zip(row, x, strict=True)) for row in matrix]


def summed(terms: Iterable[Value]) -> Value:
    """Return the sum of one or more terms, as Python's `sum` makes it: 0 + first + second ..."""
    return sum(terms)  # type: ignore[return-value]  # 0 + Value is a Value


def added(x: Vector, y: Vector) -> Vector:
    """Return the sum of two vectors."""
    return [a + b for a, b in zip(x, y, strict=True)]


def normalized(x: Vector) -> Vector:
    """Return `x` scaled so that the mean of its squares is 1."""
    scale = (summed(a * a for a in x) / len(x) + 1e-5) ** -0.5
    return [a * scale for a in x]


def softmax(scores: Vector) -> Vector:
    """Return positive numbers that add up to 1, in the ratio of the exponentials of `scores`."""
    largest = reduce(maximum, [score.data for score in scores])  # as a plain number: it cancels out
    powers = [(score - largest).exp() for score in scores]
    whole = summed(powers)
    return [power / whole for power in powers]


def mean_loss(scores: Matrix, following: Sequence[int]) -> Value:
    """Return how surprising the letters that followed are by these scores, in nats, on average."""
    losses = [-take(softmax(row), letter).log() for row, letter in zip(scores, following, strict=True)]
    return (1.0 / len(losses)) * summed(losses)


Letters = Sequence[Sequence[int]]


@collector_paused  # a graph is large; it is gone when the collector goes on
def step(
    model: TinyGPT, loss: Callable[[Matrix, Sequence[int]], Value], optimizer: Adam, xs: Letters, ys: Letters
) -> float:
    """Take one step down the mean loss of some names, and return it as it was before the step."""
    losses = [loss(model(x), y) for x, y in zip(xs, ys, strict=True)]
    mean = summed(losses) / len(losses)
    optimizer.zero_grad()
    mean.backward()
    optimizer.step()
    return mean.data


class Run:
    """A model, the names it learns from, and the generator that all chance comes from."""

    def __init__(self, seed: int = 42) -> None:
        self.rng = random.Random(seed)
        self.names = load_names()
        self.rng.shuffle(self.names)
        self.alphabet = sorted(set("".join(self.names)))
        self.end = len(self.alphabet)  # the token before the first letter and after the last
        self.model = TinyGPT(self.end + 1, drawn(self.rng))

    def tokens(self, name: str) -> list[int]:
        """Return the numbers of a name's letters, between two end tokens."""
        return [self.end, *[self.alphabet.index(letter) for letter in name], self.end]

    def train(self, steps: int, schedule: int, compiled: bool = False) -> Iterator[float]:
        """Take `steps` steps, one name each, and yield each one's loss.

        schedule: the step at which the learning rate, which falls in a straight line, reaches zero.
        """
        optimizer = Adam(self.model.parameters(), betas=(0.85, 0.99), eps=1e-8)
        given = self.model, mean_loss, optimizer
        with compiled_step(*given) if compiled else nullcontext(partial(step, *given)) as take_step:
            for k in range(steps):
                letters = self.tokens(self.names[k % len(self.names)])[: CONTEXT + 1]
                optimizer.lr = 0.01 * (1.0 - k / schedule)
                yield take_step([letters[:-1]], [letters[1:]])

    def invent(self, temperature: float = 0.5) -> str:
        """Return a new name. temperature: near 0 plays safe, 1 follows what was learned."""
        keys: Matrix = []
        values: Matrix = []
        name, letter = "", self.end
        with no_grad():
            while len(keys) < CONTEXT:
                chances = softmax([score / temperature for score in self.model.after(letter, keys, values)])
                [letter] = self.rng.choices(range(len(chances)), [chance.data for chance in chances])
                if letter == self.end:
                    break
                name += self.alphabet[letter]
        return name


def recorded_losses(schedule: int) -> list[float]:
    """Return the losses of the run whose learning rate ends at step `schedule`, 200 or 1000."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    return [float.fromhex(loss) for loss in record[f"loss_num_steps_{schedule}"]]


def check(steps: int, schedule: int, compiled: bool = False) -> float:
    """Return the largest difference between a loss of the first `steps` and the recorded one."""
    losses = Run().train(steps, schedule, compiled)
    return max(abs(x - y) for x, y in zip(losses, recorded_losses(schedule), strict=False))


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and invent names, or check the losses; return 1 where a check fails."""
    options = _options(arguments)
    if options.check:
        worst = check(options.check, options.schedule, options.compiled)
        print(
            f"{options.check} steps of {options.schedule}: every loss within {worst:.1e} of the recorded one"
        )
        return 0 if worst <= 1e-12 else 1
    run = Run()
    print(f"{len(run.names):,} names, {len(run.model.parameters()):,} parameters")
    started = time.process_time()
    for step, loss in enumerate(run.train(options.steps, options.schedule, options.compiled), start=1):
        if step == 1 or step % options.every == 0 or step == options.steps:
            print(f"step {step:4}   loss {loss:.4f}", flush=True)
    took = (time.process_time() - started) / options.steps
    print(f"{1e3 * took:.0f} ms a step\n\ninvented:", ", ".join(run.invent() for _ in range(options.names)))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a tiny GPT on names and let it invent some.")
    parser.add_argument("--steps", type=count, default=60, help="training steps (60)")
    parser.add_argument("--schedule", type=count, help="step at which the learning rate is zero (--steps)")
    parser.add_argument("--every", type=count, default=10, help="print the loss of every so many steps (10)")
    parser.add_argument("--names", type=count, default=10, help="names to invent (10)")
    parser.add_argument("--compiled", action="store_true", help="take the steps in machine code")
    parser.add_argument("--check", type=count, metavar="STEPS", help="compare the losses of so many steps")
    options = parser.parse_args(arguments)
    if options.check:
        options.schedule = options.schedule or (200 if options.check <= 200 else 1000)
        if options.schedule not in (200, 1000) or not 0 < options.check <= options.schedule:
            parser.error("recorded are 200 steps (--schedule 200) and 1000 (--schedule 1000)")
    options.schedule = options.schedule or options.steps
    return options


if __name__ == "__main__":
    sys.exit(main())
