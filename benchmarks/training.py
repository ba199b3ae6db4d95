"""How long a training step takes: fit on Values, fit in machine code, compiled_step, and PyTorch.

Every row trains the same network from the same weights on the same batches, in float64; the losses of all
four must agree to 1e-9 before anything is timed. They take turns in every round, so that a busy machine slows
them alike. Times are microseconds of CPU time for a step, medians over the rounds, without the making of
machine code, which `first` has in seconds (recording, compiling and checking; `again` is a second fit in the
same program). `spread` is the slowest round over the fastest, of the worst column. PyTorch runs on one
thread, eagerly, as its tutorials write the loop.

    pip install -e '.[compile]' torch
    python benchmarks/training.py --rounds 5
"""

import argparse
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import torch

from chainrule.engine import collector_paused
from chainrule.nn import (
    MLP,
    SGD,
    Adam,
    Optimizer,
    compiled_step,
    fit,
    hinge,
    load_digits,
    moons,
    softmax_cross_entropy,
)

clock = time.thread_time


class Clock:
    """A callback that notes when training begins, and how long it took in the end."""

    def on_train_begin(self, state: Any) -> None:
        """Start."""
        self.since = clock()

    def on_train_end(self, state: Any) -> None:
        """Stop."""
        self.seconds = clock() - self.since


@dataclass
class Case:
    """A network, its examples and how it is trained; torch_loss: of a batch, PyTorch's own."""

    name: str
    sizes: Sequence[int]
    activation: str
    inputs: list[list[float]]
    targets: list[Any]
    loss: Any
    torch_loss: Callable[[Any, Any], Any]
    optimizer: Callable[[Any], Optimizer]
    torch_optimizer: Callable[[Any], Any]
    batch: int

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""
        return -(-len(self.inputs) // self.batch)

    def model(self) -> MLP:
        """Return the network with its first weights."""
        return MLP(self.sizes[0], list(self.sizes[1:]), activation=self.activation, seed=1)

    def fitted(self, compiled: bool, epochs: int) -> tuple[float, list[float]]:
        """Return the seconds a step takes in fit, and the loss of each epoch."""
        model, watch = self.model(), Clock()
        history = fit(
            model,
            self.inputs,
            self.targets,
            loss=self.loss,
            optimizer=self.optimizer(model.parameters()),
            epochs=epochs,
            batch_size=self.batch,
            shuffle=False,
            callbacks=[watch],
            progress=False,
            compiled=compiled,
        )
        return watch.seconds / (epochs * self.steps), history.loss

    def batches(self) -> list[tuple[list[list[float]], list[Any]]]:
        """Return the examples in batches."""
        starts = range(0, len(self.inputs), self.batch)
        return [(self.inputs[k : k + self.batch], self.targets[k : k + self.batch]) for k in starts]

    def stepped(self, epochs: int) -> tuple[float, list[float]]:
        """Return the same of compiled_step in a loop of one's own, on arrays."""
        model = self.model()
        step = compiled_step(model, self.loss, self.optimizer(model.parameters()))
        batches = [(np.array(xs), np.array(ys)) for xs, ys in self.batches()]
        step(np.array(self.inputs), np.array(self.targets))  # which makes it
        model.load_state_dict(self.model().state_dict())
        again = self.optimizer(model.parameters())
        step._optimizer.load_state_dict(again.state_dict())
        losses = []
        with step:
            since = clock()
            for _ in range(epochs):
                losses.append([step(xs, ys) for xs, ys in batches])
            seconds = clock() - since
        return seconds / (epochs * self.steps), [self.mean(row) for row in losses]

    def in_torch(self, epochs: int) -> tuple[float, list[float]]:
        """Return the same of PyTorch."""
        layers: list[Any] = []
        for layer, activation in zip(self.model().layers, self._activations(), strict=True):
            linear = torch.nn.Linear(len(layer.neurons[0].w), len(layer.neurons), dtype=torch.float64)
            with torch.no_grad():
                linear.weight.copy_(
                    torch.tensor([[w.data for w in n.w] for n in layer.neurons], dtype=torch.float64)
                )
                linear.bias.copy_(torch.tensor([n.b.data for n in layer.neurons], dtype=torch.float64))
            layers += [linear, *activation]
        model = torch.nn.Sequential(*layers)
        optimizer = self.torch_optimizer(model.parameters())
        x, y = torch.tensor(self.inputs, dtype=torch.float64), torch.tensor(self.targets)
        places = torch.split(torch.arange(len(self.inputs)), self.batch)
        losses = []
        since = clock()
        for _ in range(epochs):
            row = []
            for at in places:
                optimizer.zero_grad()
                loss = self.torch_loss(model(x[at]), y[at])
                loss.backward()
                optimizer.step()
                row.append(loss.item())
            losses.append(row)
        seconds = clock() - since
        return seconds / (epochs * self.steps), [self.mean(row) for row in losses]

    def _activations(self) -> list[list[Any]]:
        inner = torch.nn.Tanh() if self.activation == "tanh" else torch.nn.ReLU()
        return [[inner]] * (len(self.sizes) - 2) + [[]]

    def mean(self, losses: list[float]) -> float:
        """Return the mean loss of the examples, of the mean losses of the batches."""
        sizes = [len(ys) for _, ys in self.batches()]
        return sum(size * loss for size, loss in zip(sizes, losses, strict=True)) / len(self.inputs)


def cases() -> list[Case]:
    """Return micrograd's demo in three sizes of batch, and the digits network."""
    points, sides = moons(100, noise=0.1, seed=0)
    digits = load_digits()
    found = [
        Case(
            f"moons 2-16-16-1, batch {batch}",
            (2, 16, 16, 1),
            "relu",
            points,
            sides,
            hinge,
            lambda out, y: torch.relu(1.0 - y * out[:, 0]).mean(),
            lambda p: SGD(p, lr=0.05),
            lambda p: torch.optim.SGD(p, lr=0.05),
            batch,
        )
        for batch in (1, 32, 100)
    ]
    count = 640
    return [
        *found,
        Case(
            "digits 64-32-10, Adam, batch 32",
            (64, 32, 10),
            "tanh",
            [[pixel / 16.0 for pixel in image] for image in digits.inputs[:count]],
            digits.targets[:count],
            softmax_cross_entropy,
            torch.nn.functional.cross_entropy,
            lambda p: Adam(p, lr=0.01),
            lambda p: torch.optim.Adam(p, lr=0.01),
            32,
        ),
    ]


def line(case: Case, rounds: int) -> str:
    """Return a line of the table."""
    firsts = []
    for _ in range(2):
        since = time.perf_counter()
        case.fitted(True, 1)
        firsts.append(time.perf_counter() - since)
    quick = max(2, 2000 // case.steps // 5)
    ways: list[tuple[Callable[[int], tuple[float, list[float]]], int, list[float]]] = [
        (lambda epochs: case.fitted(False, epochs), 2, []),
        (lambda epochs: case.fitted(True, epochs), quick, []),
        (case.stepped, quick, []),
        (case.in_torch, max(2, quick // 10), []),
    ]
    expected = ways[0][0](2)[1]
    for way, _, _ in ways:
        losses = way(2)[1]
        if any(abs(a - b) > 1e-9 * abs(b) for a, b in zip(losses, expected, strict=True)):
            raise SystemExit(f"{case.name}: the losses are {losses} and {expected}")
    for _ in range(rounds):
        for way, epochs, times in ways:
            times.append(way(epochs)[0] * 1e6)
    eager, fitted, stepped, peer = [median(times) for _, _, times in ways]
    spread = max(max(times) / min(times) for _, _, times in ways)
    cells = [case.name, *[f"{number:,.1f}" for number in (eager, fitted, stepped, peer)]]
    ratios = [f"{eager / fitted:,.0f}", f"{peer / fitted:.1f}", f"{peer / stepped:.1f}"]
    return f"| {' | '.join([*cells, *ratios, *[f'{first:.2f}' for first in firsts], f'{spread:.2f}'])} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args(arguments).rounds
    torch.set_num_threads(1)
    random.seed(0)
    print(f"Python {platform.python_version()}, PyTorch {torch.__version__}; microseconds a step\n")
    heads = ["", "fit on Values", "fit compiled", "compiled_step", "PyTorch", "Values / compiled",
             "PyTorch / fit compiled", "PyTorch / compiled_step", "first s", "again s", "spread"]  # fmt: skip
    print(f"| {' | '.join(heads)} |\n|---{'|---:' * (len(heads) - 1)}|")
    for case in cases():
        with collector_paused():
            print(line(case, rounds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
