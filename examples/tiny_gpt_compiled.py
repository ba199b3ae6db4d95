"""The tiny GPT's step bound by hand: what the one line that compiles it in tiny_gpt.py does, and no more.

tiny_gpt.py --compiled takes 16 us a step, and this one 12.5 (benchmarks/microgpt.py). A `compiled_step` looks
at the structure of every batch, at whether its gradient is finite and at the optimizer's settings, for any
optimizer. Here a step is two compiled functions that are bound to arrays, the loss with its gradient and
Adam's rule; they read and write where the numbers are, and nothing is copied. The letters of a name are
arguments, and `take` chooses their rows when the code runs; so there is one recording for each length. Needs
`pip install "chainrule[compile]"`.

    python examples/tiny_gpt_compiled.py                  train for 1,000 steps, then invent names
    python examples/tiny_gpt_compiled.py --check 1000     compare each loss with the recorded ones
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np
from _show import count
from numpy.typing import NDArray
from tiny_gpt import CONTEXT, Run, TinyGPT, Vector, mean_loss, recorded_losses

from chainrule.engine import Value, collector_paused, compile, sqrt

Floats = NDArray[np.float64]
SLOW, SLOWER, TINY = 0.85, 0.99, 1e-8


def adam(
    p: Vector, gradient: Vector, mean: Vector, square: Vector, rates: Vector
) -> tuple[Vector, Vector, Vector]:
    """Return parameters, means of the gradient and means of its square after a step.

    rates: what a step is multiplied by, and the root of the square.
    """
    rate, root = rates
    mean = [SLOW * m + (1.0 - SLOW) * g for m, g in zip(mean, gradient, strict=True)]
    square = [SLOWER * s + (1.0 - SLOWER) * g * g for s, g in zip(square, gradient, strict=True)]
    moved = zip(p, mean, square, strict=True)
    return [x - rate * m / (sqrt(s) * root + TINY) for x, m, s in moved], mean, square


class Step:
    """A training step for names of one length: two compiled functions, bound to their arrays."""

    def __init__(self, run: "CompiledRun", length: int) -> None:
        self.tokens = np.zeros(length)
        self.loss = run.loss.bind(run.p, self.tokens)
        self.update = run.adam.bind(run.p, self.loss.grad, run.mean, run.square, run.rates)
        self.update.into(run.state)  # parameters and means are read, and written over


class CompiledRun:
    """A run whose steps are machine code.

    state: the parameters, the means of their gradients and of the squares of these, one after the other.
    """

    def __init__(self, seed: int = 42) -> None:
        self.run = Run(seed)
        numbers = [p.data for p in self.run.model.parameters()]
        self.state = np.array([*numbers, *[0.0] * (2 * len(numbers))])
        self.p, self.mean, self.square = np.split(self.state, 3)
        self.rates = np.zeros(2)
        self.loss = compile(self.mean_loss)
        self.adam = compile(adam, argnums=())
        self.steps: dict[int, Step] = {}

    def mean_loss(self, p: Vector, tokens: Sequence[int]) -> Value:
        """Return the loss of a name for these parameters."""
        return mean_loss(TinyGPT(self.run.end + 1, iter(p))(tokens[:-1]), tokens[1:])

    def step_for(self, length: int) -> Step:
        """Return the step for names with so many tokens; compiled, or read from disk, when it is new."""
        if length not in self.steps:
            with collector_paused():  # a recording is large
                self.steps[length] = Step(self, length)
        return self.steps[length]

    def train(self, steps: int, schedule: int) -> Iterator[float]:
        """Take `steps` steps, one name each, and yield each one's loss; as `Run.train`."""
        names = self.run.names
        for s in range(steps):
            tokens = self.run.tokens(names[s % len(names)])[: CONTEXT + 1]
            warm, warmer = 1.0 - SLOW ** (s + 1), 1.0 - SLOWER ** (s + 1)
            step = self.step_for(len(tokens))
            rates = 0.01 * (1.0 - s / schedule) / warm, warmer**-0.5
            yield self.take(step, np.array(tokens, float), *rates)

    def take(self, step: Step, tokens: Floats, rate: float, root: float) -> float:
        """Take a step with these tokens and rates, and return the loss."""
        step.tokens[:] = tokens
        loss: float = step.loss()
        self.rates[0], self.rates[1] = rate, root
        step.update.run()
        return loss

    def invent(self) -> str:
        """Return a new name, by the parameters as they are now."""
        for p, number in zip(self.run.model.parameters(), self.p.tolist(), strict=True):
            p.data = number
        return self.run.invent()


def check(steps: int, schedule: int) -> float:
    """Return the largest difference between a loss of the first `steps` and the recorded one."""
    losses = CompiledRun().train(steps, schedule)
    return max(abs(x - y) for x, y in zip(losses, recorded_losses(schedule), strict=False))


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and invent names, or check the losses; return 1 where a check fails."""
    parser = argparse.ArgumentParser(description="Train a tiny GPT on names in machine code.")
    parser.add_argument("--steps", type=count, default=1000, help="training steps (1000)")
    parser.add_argument("--names", type=count, default=10, help="names to invent (10)")
    parser.add_argument("--check", type=count, metavar="STEPS", help="compare the losses of so many steps")
    options = parser.parse_args(arguments)
    if options.check:
        if options.check > 1000:
            parser.error("recorded are 1000 steps")
        worst = check(options.check, schedule=200 if options.check <= 200 else 1000)
        print(f"{options.check} steps: every loss within {worst:.1e} of the recorded one")
        return 0 if worst <= 1e-12 else 1
    run = CompiledRun()
    started = time.process_time()
    for step, loss in enumerate(run.train(options.steps, options.steps), start=1):
        if step == 1 or step % 100 == 0 or step == options.steps:
            print(f"step {step:4}   loss {loss:.4f}", flush=True)
    print(f"{len(run.steps)} lengths, {time.process_time() - started:.1f} s with their compilation")
    print("invented:", ", ".join(run.invent() for _ in range(options.names)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
