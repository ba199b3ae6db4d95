"""The systems of article A, computed; article_a.py prints them and _article_a_pictures.py draws them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from _show import named, slope

from chainrule.engine import Constant, Value, cos, dot, exp, log, maximum, sin
from chainrule.nn import ACTIVATIONS, SGD, Parameter

# -- A-A: the perceptron ------------------------------------------------------------------------------


def elu(z: Value) -> Value:
    """Return z where it is positive, else e**z - 1: Python's own `if` is all a branch needs."""
    return z if z > 0.0 else z.exp() - 1.0


def maxout(z: Value) -> Value:
    """Return the larger of two straight lines over z; a real maxout unit learns its lines."""
    return maximum(0.5 * z + 0.5, -0.25 * z)


PANEL: dict[str, Callable[[Value], Value]] = {
    **{name: ACTIVATIONS[name] for name in ("identity", "sigmoid", "tanh", "relu", "leaky_relu")},
    "elu": elu,
    "maxout": maxout,
}


@dataclass(frozen=True)
class Perceptron:
    """The three steps of a neuron's forward pass, each a Value of one graph."""

    s: Value
    z: Value
    y: Value


def perceptron(xs: Sequence[float], ws: Sequence[float], bias: float, activation: str) -> Perceptron:
    """Return the three steps for any number of inputs."""
    inputs = [Value(x, label=f"x{i}") for i, x in enumerate(xs, start=1)]
    weights = [Parameter(w, label=f"w{i}") for i, w in enumerate(ws, start=1)]
    s = named("s", dot(inputs, weights))
    z = named("z", s + Parameter(bias, label="b"))
    y = PANEL[activation](z)
    return Perceptron(s, z, y if y is z else named("y", y))


def value_and_slope(f: Callable[[Value], Value], x: float) -> tuple[float, float]:
    """Return f(x) and f'(x), the slope from the engine's backward pass."""
    leaf = Value(x)
    result = f(leaf)
    result.backward()
    return result.data, leaf.grad


# -- A-B: the derivative and its rules ----------------------------------------------------------------


def difference_quotients(
    f: Callable[[Value], Value], x: float, steps: Sequence[float]
) -> list[tuple[float, float, float, float]]:
    """Return (Dx, Dy, Dy/Dx, distance to the derivative) for each step Dx."""
    y, exact = value_and_slope(f, x)
    rows = []
    for step in steps:
        rise = f(Value(x + step)).data - y
        rows.append((step, rise, rise / step, abs(rise / step - exact)))
    return rows


def cube(x: Value) -> Value:
    """Return x**3, whose slope is 3 x**2."""
    return x**3


STEPS = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)

DERIVATIVES: list[tuple[str, str, Callable[[Value], Value], Callable[[float], float]]] = [
    ("c (a constant)", "0", lambda x: 7.0 + 0.0 * x, lambda x: 0.0),
    ("x", "1", lambda x: x, lambda x: 1.0),
    ("x^5", "5 x^4", lambda x: x**5, lambda x: 5.0 * x**4),
    ("e^x", "e^x", exp, math.exp),
    ("ln x", "1 / x", log, lambda x: 1.0 / x),
    ("sin x", "cos x", sin, math.cos),
    ("cos x", "-sin x", cos, lambda x: -math.sin(x)),
]


def derivative_table(x: float) -> list[tuple[str, str, float, float, float]]:
    """Return (function, derivative, its value, the engine's, the central difference) for each row."""
    return [
        (name, rule, formula(x), value_and_slope(f, x)[1], slope(lambda t, f=f: f(Value(t)).data, x))  # type: ignore[misc]
        for name, rule, f, formula in DERIVATIVES
    ]


def rules(x: float) -> list[tuple[str, float, float]]:
    """Return (rule, its right-hand side made of f, g, f' and g', the engine's derivative) at x.

    With f = sin and g = e^x.
    """
    (f, df), (g, dg) = value_and_slope(sin, x), value_and_slope(exp, x)
    return [
        ("(f + g)' = f' + g'", df + dg, value_and_slope(lambda v: sin(v) + exp(v), x)[1]),
        ("(3 f)' = 3 f'", 3.0 * df, value_and_slope(lambda v: 3.0 * sin(v), x)[1]),
        ("(f g)' = f' g + f g'", df * g + f * dg, value_and_slope(lambda v: sin(v) * exp(v), x)[1]),
        (
            "(f / g)' = (f' g - f g') / g^2",
            (df * g - f * dg) / g**2,
            value_and_slope(lambda v: sin(v) / exp(v), x)[1],
        ),
    ]


@dataclass(frozen=True)
class Chain:
    """y = sin(u) over u = x**2: the two slopes, each taken alone, and the slope of the whole."""

    y: Value
    dy_du: float
    du_dx: float
    dy_dx: float


def chain(x: float) -> Chain:
    """Return the chain rule at x, the whole slope from one backward pass through both functions."""
    leaf = Value(x, label="x")
    u = named("u", leaf**2)
    y = named("y", u.sin())
    y.backward()
    return Chain(y, value_and_slope(sin, u.data)[1], value_and_slope(lambda v: v**2, x)[1], leaf.grad)


def chain_quotients(x: float, steps: Sequence[float]) -> list[tuple[float, float, float, float, float]]:
    """Return (Dx, Dy/Du, Du/Dx, their product, Dy/Dx) for each step: the rule before the limit."""
    rows = []
    for step in steps:
        du = (x + step) ** 2 - x**2
        dy = math.sin((x + step) ** 2) - math.sin(x**2)
        rows.append((step, dy / du, du / step, dy / du * (du / step), dy / step))
    return rows


# -- A-C: two nodes and one weight --------------------------------------------------------------------

INPUT, TARGET, START, RATE = 1.5, 0.5, 0.8, 0.1


@dataclass(frozen=True)
class Step:
    """The network at one weight: forwards, backwards, and the weight that gradient descent goes to."""

    w: float
    a: float
    cost: float
    dcost_da: float
    da_dw: float
    dcost_dw: float
    new_w: float


def network(w: float) -> tuple[Value, Value, Value]:
    """Return the weight, the output and the cost of the network at `w`, as one graph after backward()."""
    weight = Parameter(w, label="w")
    a = named("a", Value(INPUT, label="i") * weight)
    cost = named("C", named("a − y", a - Constant(TARGET, label="y")) ** 2)
    cost.backward()
    return weight, a, cost


def step(w: float, rate: float = RATE) -> Step:
    """Return one step of learning from weight `w`, every slope from the engine."""
    weight, a, cost = network(w)
    da_dw = a.partials[1]  # the local derivative, which the product noted when it was made
    dcost_dw = weight.grad
    SGD([weight], lr=rate).step()
    return Step(w, a.data, cost.data, a.grad, da_dw, dcost_dw, weight.data)


def descend(steps: int, rate: float = RATE, w: float = START) -> list[Step]:
    """Return `steps` steps of learning, one after the other."""
    walk = []
    for _ in range(steps):
        walk.append(step(w, rate))
        w = walk[-1].new_w
    return walk


def closed_form(n: int) -> float:
    """Return the weight after n steps at rate 0.1, without walking."""
    return 1.0 / 3.0 + 7.0 / 15.0 * 0.55**n


RATES = [
    ("0.02", 0.02, "creeps"),
    ("0.1", 0.1, "the article's"),
    ("2/9", 2.0 / 9.0, "there in one step"),
    ("0.35", 0.35, "overshoots, swings in"),
    ("4/9", 4.0 / 9.0, "swings for ever"),
    ("0.46", 0.46, "flies off"),
]
"""Learning rates as written, as numbers, and what each does."""
