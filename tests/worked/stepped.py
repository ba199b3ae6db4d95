"""Small graphs that the stepper's tests walk through, each built anew at every call."""

import sys
from collections.abc import Callable
from pathlib import Path

import hostile

from chainrule.engine import Value
from chainrule.nn import Parameter

EXAMPLES = Path(__file__).parents[2] / "examples"
if str(EXAMPLES) not in sys.path:  # the examples import their siblings, as Python lets a script do
    sys.path.insert(0, str(EXAMPLES))


def neuron() -> Value:
    """A tanh neuron with weight decay: w₁ is used twice."""
    x1, x2, y = Value(2.0, "x₁"), Value(-1.0, "x₂"), 0.2
    w1, w2, b = Parameter(-0.5, "w₁"), Parameter(0.75, "w₂"), Parameter(0.9, "b")
    prediction = (w1 * x1 + w2 * x2 + b).tanh()
    prediction.label = "ŷ"
    loss = (prediction - y) ** 2 + 0.5 * w1**2
    loss.label = "loss"
    return loss


def network_2_2_1() -> Value:
    """A 2-2-1 network of tanh units, every multiplication a value of its own, with a squared error."""
    numbers = (0.5, -0.3, 0.8, 0.2, -0.6, 0.4, 0.7, -0.2, 0.1)
    w = [Parameter(number, f"w{i}") for i, number in enumerate(numbers, start=1)]
    x1, x2 = Value(1.0, "x1"), Value(-2.0, "x2")
    h1, h2 = (w[0] * x1 + w[1] * x2 + w[2]).tanh(), (w[3] * x1 + w[4] * x2 + w[5]).tanh()
    out = w[6] * h1 + w[7] * h2 + w[8]
    h1.label, h2.label, out.label = "h1", "h2", "o"
    loss = (out - 0.5) ** 2
    loss.label = "loss"
    return loss


def article_b() -> Value:
    """The 2-3-2-1 network of article B, each weighted sum one value, with its log loss."""
    from _article_b_example import WEIGHTS, network

    loss: Value = network(WEIGHTS).loss
    return loss


GRAPHS: dict[str, Callable[[], Value]] = {
    "neuron": neuron,
    "2-2-1": network_2_2_1,
    "article B": article_b,
}

HOSTILE = [
    *hostile.HOSTILE,
    ("]]><!-- <script>", "]]><!-- <script>"),
    ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
    ("${alert(1)} {{alert(1)}} ü 日本", "${alert(1)} {{alert(1)}} ü 日本"),
]
"""Labels that try to be more than labels, and what is shown of them."""
