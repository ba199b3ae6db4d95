"""Programs written for micrograd run here once the name in their import lines is changed."""

from typing import NamedTuple

import pytest


class Program(NamedTuple):
    """A program that leaves a list of numbers in `results`, and what micrograd 0.1.0 leaves there.

    Measured by running the text as it stands under CPython 3.11 with micrograd 0.1.0 from PyPI.
    """

    text: str
    measured: list[float]


EXPRESSION = Program(
    """
from micrograd.engine import Value

a, b = Value(-4.0), Value(2)
c = a + b + 1
c += 1 + c - a
d = a * b + b**3 - 3 * a
d += d / 2 + (b - a).relu() + 0.5
e = 5 / d - (1 - c) / 4
f = -e**2 + (c * 0.1 + d).relu() / 10.0 + 2 * b**-1
f.backward()
results = [f.data, e.data, d.data, c.data, a.grad, b.grad, e.grad]
""",
    [
        2.9842690545606,
        0.7040816326530612,
        24.5,
        3.0,
        -0.6213653324720142,
        0.26840585130345374,
        -1.4081632653061225,
    ],
)

FOUR_POINTS = Program(
    """
import random
from micrograd.nn import MLP

random.seed(7)
model = MLP(3, [4, 4, 1])
xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
ys = [1.0, -1.0, -1.0, 1.0]
results = []
for k in range(20):
    predicted = [model(x) for x in xs]
    loss = sum((out - y)**2 for y, out in zip(ys, predicted))
    for p in model.parameters():
        p.grad = 0
    loss.backward()
    for p in model.parameters():
        p.data -= 0.05 * p.grad
    results.append(loss.data)
""",
    [
        3.958093802726113,
        3.827926237894339,
        3.688630255850679,
        3.5225503470777872,
        3.3172193104803123,
        3.0785475242840974,
        2.650407178003561,
        1.6310008540537777,
        1.0120665739609702,
        0.7087720742068562,
        0.5566084603652813,
        0.45164340395814084,
        0.36996836089100893,
        0.3053331460171491,
        0.2537355794612183,
        0.21496027789091354,
        0.18770160080369208,
        0.1667073291439098,
        0.14623425924953068,
        0.13004179027691412,
    ],
)

MOONS = Program(
    """
import math
import random
from micrograd.engine import Value
from micrograd.nn import MLP

random.seed(1337)
model = MLP(2, [16, 16, 1])
first = model.layers[0].neurons[0]
results = [len(model.parameters()), first.w[0].data, first.w[1].data, first.b.data]
results += [model.layers[2].neurons[0].w[15].data]
points, sides = [], []
for i in range(20):
    angle = math.pi * i / 19
    points += [[math.cos(angle), math.sin(angle)], [1 - math.cos(angle), 0.5 - math.sin(angle)]]
    sides += [-1, 1]
for k in range(10):
    inputs = [list(map(Value, point)) for point in points]
    scores = list(map(model, inputs))
    losses = [(1 + -yi*scorei).relu() for yi, scorei in zip(sides, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    alpha = 1e-4
    reg_loss = alpha * sum((p*p for p in model.parameters()))
    loss = data_loss + reg_loss
    right = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(sides, scores)]
    model.zero_grad()
    loss.backward()
    rate = 1.0 - 0.9*k/100
    for p in model.parameters():
        p.data -= rate * p.grad
    results += [loss.data, sum(right) / len(right)]
""",
    [
        337,
        0.23550571390294128,
        0.06653114721000164,
        0,
        -0.2532524374373504,
        0.9079605990338935,
        0.5,
        1.6454328930824662,
        0.775,
        0.6261599078736665,
        0.825,
        0.6686000831737215,
        0.825,
        0.32800280854976466,
        0.85,
        0.27717530954214953,
        0.875,
        0.255150983464903,
        0.9,
        0.2382137208237528,
        0.9,
        0.26472814261901134,
        0.95,
        0.4435499992305363,
        0.825,
    ],
)

NEURONS = Program(
    """
import random
from micrograd.engine import Value
from micrograd.nn import Layer, Module, Neuron

class Net(Module):
    def __init__(self):
        self.layer, self.last = Layer(2, 3), Neuron(3)
    def __call__(self, x):
        return self.last(self.layer(x))
    def parameters(self):
        return self.layer.parameters() + self.last.parameters()

random.seed(4)
net = Net()
out = net([Value(1.0), Value(-2.0)])
out.backward()
results = [out.data] + [p.grad for p in net.parameters()]
net.zero_grad()
results += [max(abs(p.grad) for p in net.parameters())]
""",
    [
        1.5899868888311555,
        0.8359100861754378,
        -1.6718201723508757,
        0.8359100861754378,
        0.600904702991617,
        -1.201809405983234,
        0.600904702991617,
        0.0,
        0.0,
        0.0,
        1.0594320425520058,
        1.172227402011721,
        0,
        1,
        0,
    ],
)

PROGRAMS = [EXPRESSION, FOUR_POINTS, MOONS, NEURONS]


def results_of(text: str) -> list[float]:
    """Run the program and return the numbers it leaves."""
    names: dict[str, list[float]] = {}
    exec(text, names)
    return names["results"]


@pytest.mark.parametrize("program", PROGRAMS, ids=["expression", "four points", "moons", "neurons"])
def test_a_micrograd_program_runs_with_its_import_line_changed(program: Program) -> None:
    ours = results_of(program.text.replace("micrograd", "chainrule"))
    assert ours == pytest.approx(program.measured, rel=1e-9, abs=1e-12)


def test_micrograd_itself_gives_the_recorded_numbers() -> None:
    for program in PROGRAMS:
        assert results_of(program.text) == pytest.approx(program.measured, rel=1e-9, abs=1e-12)


def test_parameters_drawn_from_a_seed_are_micrograds_to_the_last_bit() -> None:
    assert results_of(MOONS.text.replace("micrograd", "chainrule"))[:5] == MOONS.measured[:5]
