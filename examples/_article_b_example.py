"""Article B's numerical example: a 2-3-2-1 network with missing connections, one step, and its slips.

Weights: the author's notebook backpropagation/NumericalExample.ipynb, repository roiyeho/medium.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import nan

from _show import named, slope

from chainrule.engine import Constant, Value, dot
from chainrule.nn import Parameter, log_loss

RATE, LABEL = 0.5, 1.0

Connection = tuple[str, int]
"""Where a connection comes from (an input, "bias" or a unit) and the unit it goes to."""

WEIGHTS: dict[Connection, float] = {
    ("x1", 1): 0.3,
    ("bias", 1): 0.5,
    ("x1", 2): 0.7,
    ("bias", 2): -0.2,
    ("x1", 3): -0.1,
    ("1", 4): -0.5,
    ("2", 4): 0.4,
    ("1", 5): 0.3,
    ("2", 5): 0.6,
    ("3", 5): 0.4,
    ("4", 6): 0.5,
    ("5", 6): 0.7,
}
"""The connections that exist. Units 1-3 are the first hidden layer, 4 and 5 the second, 6 the output.

Which of the two weights into units 1 and 2 is the bias's is not known, nor what feeds unit 3; x1 and
the bias's input are both 1, so every assignment gives the same numbers. x2 is 0: weights from it would
have no effect and no gradient, and are left out.
"""


@dataclass(frozen=True)
class Network:
    """The network with its numbers, as one graph."""

    weights: dict[Connection, Parameter]
    z: dict[int, Value]
    a: dict[int, Value]
    loss: Value

    @property
    def output(self) -> float:
        """What comes out of unit 6."""
        return self.a[6].data

    @property
    def deltas(self) -> dict[int, float]:
        """dE/dz of each unit, as the last backward pass left them."""
        return {unit: z.grad for unit, z in self.z.items()}


def network(numbers: Mapping[Connection, float]) -> Network:
    """Return the network over whatever connections it is given: a missing one is not there at all."""
    weights = {(s, t): Parameter(w, label=f"w {s}→{t}") for (s, t), w in numbers.items()}
    sources: dict[str, Value] = {
        "x1": Value(1.0, label="x1"),
        "x2": Value(0.0, label="x2"),
        "bias": Constant(1.0, label="1 (for the bias)"),
    }
    z, a = {}, {}
    for unit in range(1, 7):
        incoming = [connection for connection in weights if connection[1] == unit]
        net = dot([weights[c] for c in incoming], [sources[c[0]] for c in incoming])
        z[unit] = named(f"z{unit}", net)
        sources[str(unit)] = a[unit] = named(f"a{unit}", net.sigmoid())
    return Network(weights, z, a, named("loss", log_loss(a[6], LABEL)))


def step(numbers: Mapping[Connection, float] = WEIGHTS) -> tuple[Network, Network]:
    """Return the network before and after one step of gradient descent."""
    before = network(numbers)
    before.loss.backward()
    return before, network({c: w.data - RATE * w.grad for c, w in before.weights.items()})


# -- the printed 0.7043 -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slipped:
    """The article's arithmetic with or without its slips: deltas, new weights and the new output."""

    deltas: dict[int, float]
    weights: dict[Connection, float]
    output: float


def slipped_step(delta_slip: bool, rate_slip: bool) -> Slipped:
    """Repeat the step in plain floats, with the slips asked for; without any it is backpropagation.

    delta_slip: delta 5 takes 1 - a4 where 1 - a5 belongs.
    rate_slip: every weight is moved by itself times delta times a, where the learning rate belongs.
    """
    before = network(WEIGHTS)
    a = {unit: value.data for unit, value in before.a.items()}
    deltas = {6: a[6] - LABEL}
    for unit in (5, 4, 3, 2, 1):
        one_minus = 1.0 - a[4 if delta_slip and unit == 5 else unit]
        upstream = sum(deltas[t] * w for (s, t), w in WEIGHTS.items() if s == str(unit))
        deltas[unit] = a[unit] * one_minus * upstream
    source = {"x1": 1.0, "bias": 1.0, **{str(unit): number for unit, number in a.items()}}
    moved = {(s, t): w - (w if rate_slip else RATE) * deltas[t] * source[s] for (s, t), w in WEIGHTS.items()}
    return Slipped(deltas, moved, network(moved).output)


SLIPS = [
    ("none: correct backpropagation", False, False),
    ("delta 5 with (1 - a4)", True, False),
    ("the old weight in place of the rate", False, True),
    ("both, as printed", True, True),
]

PRINTED: dict[str, tuple[str, str]] = {
    "delta 6": ("-0.3282", "-0.3282"),
    "delta 4": ("-0.0409", "-0.0409"),
    "delta 5": ("-0.0497", "-0.0823"),
    "delta 1": ("0.0012", "-0.0009"),
    "delta 2": ("-0.0109", "-0.0155"),
    "delta 3": ("-0.0050", "-0.0082"),
    "w 4->6": ("0.5781", "0.5781"),
    "w 5->6": ("0.8121", "0.8569"),
    "w 1->4": ("-0.4859", "-0.5141"),
    "w 1->5": ("0.3171", "0.3170"),
    "w 2->4": ("0.4127", "0.4101"),
    "w 2->5": ("0.6155", "0.6307"),
    "w 3->5": ("0.4118", "0.4156"),
    "w bias->1": ("0.4994", "0.5004"),
    "w bias->2": ("-0.1945", "-0.2031"),
    "w x1->1": ("0.2994", "0.3003"),
    "w x1->2": ("0.7054", "0.7108"),
    "w x1->3": ("-0.0975", "-0.1008"),
    "output": ("0.6981", "0.7043"),
}
"""What the corrected notebook prints, and what the article of April 2023 printed."""

FORWARD_PRINTED = {
    "a1": "0.6900", "a2": "0.6225", "a3": "0.4750", "z4": "-0.0960", "a4": "0.4760",
    "z5": "0.7705", "a5": "0.6836", "z6": "0.7165", "a6": "0.6718",
}  # fmt: skip
"""What the author prints on the way forwards."""


def trace() -> list[tuple[str, float, float, str, float, str]]:
    """Return (quantity, old, exact, corrected print, with both slips, April's print) for all of the step.

    old: the number before the step; nan for deltas, which belong to it.
    """
    before, after = step()
    wrong = slipped_step(delta_slip=True, rate_slip=True)
    numbers = {f"delta {unit}": (nan, delta, wrong.deltas[unit]) for unit, delta in before.deltas.items()}
    for (s, t), weight in after.weights.items():
        numbers[f"w {s}->{t}"] = (WEIGHTS[s, t], weight.data, wrong.weights[s, t])
    numbers["output"] = (before.output, after.output, wrong.output)
    rows = []
    for name, (right, april) in PRINTED.items():
        old, exact, slipped = numbers[name]
        rows.append((name, old, exact, right, slipped, april))
    return rows


def furthest_from_differences() -> float:
    """Return the largest distance between a weight's gradient and the central difference of the loss."""
    before, _ = step()

    def loss(connection: Connection, w: float) -> float:
        return network({**WEIGHTS, connection: w}).loss.data

    return max(abs(w.grad - slope(partial(loss, c), w.data)) for c, w in before.weights.items())


READINGS: list[tuple[str, dict[Connection, float]]] = [
    ("missing connections stay missing", {}),
    ("3->4 there, starting at 0", {("3", 4): 0.0}),
    ("3->4 and a bias for unit 3, from 0", {("3", 4): 0.0, ("bias", 3): 0.0}),
    ("biases for units 4, 5 and 6, from 0", {("bias", 4): 0.0, ("bias", 5): 0.0, ("bias", 6): 0.0}),
    (
        "all of these",
        {("3", 4): 0.0, ("bias", 3): 0.0, ("bias", 4): 0.0, ("bias", 5): 0.0, ("bias", 6): 0.0},
    ),
    ("x2 connected, with any weights", {("x2", 1): 0.9, ("x2", 2): -0.4, ("x2", 3): 0.2}),
]
"""What else might be read into the drawing: connections added to those that are known."""


def readings() -> list[tuple[str, float, float]]:
    """Return (reading, output before, output after one correct step)."""
    rows = []
    for name, extra in READINGS:
        before, after = step({**WEIGHTS, **extra})
        rows.append((name, before.output, after.output))
    return rows


def swapped(units: tuple[int, ...]) -> dict[Connection, float]:
    """Return the weights with x1 and the bias trading places at some of the units 1, 2 and 3."""
    other = {"x1": "bias", "bias": "x1"}
    return {(other.get(s, s) if t in units else s, t): w for (s, t), w in WEIGHTS.items()}
