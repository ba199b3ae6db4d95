"""Interpreters of the worked examples that are graphs and formulas: case in, quantities out."""

import operator
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from chainrule.engine import (
    Value,
    dot,
    exp,
    log,
    maximum,
    relu,
    sigmoid,
    sin,
    tanh,
    topological_order,
    total,
)

Case = dict[str, Any]
Quantities = dict[str, float]

OPERATIONS: dict[str, Callable[..., Value]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "recip": lambda x: 1 / x,
    "square": lambda x: x**2,
    "pow": operator.pow,
    "exp": exp,
    "log": log,
    "sin": sin,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "relu": relu,
    "max": maximum,
}


def scalar_graph(case: Case) -> Quantities:
    """Return the value and gradient of every node; of the output also after a small step uphill."""

    def run(inputs: dict[str, float]) -> dict[str, Value]:
        nodes = {name: Value(x, label=name) for name, x in inputs.items()}
        for name, operation, *arguments in case["program"]:
            nodes[name] = OPERATIONS[operation](*[nodes[a] if isinstance(a, str) else a for a in arguments])
        return nodes

    output = case["output"]
    nodes = run(case["inputs"])
    nodes[output].backward()
    uphill = run({name: x + 0.01 * nodes[name].grad for name, x in case["inputs"].items()})
    return {
        **{f"value:{name}": node.data for name, node in nodes.items()},
        **{f"grad:{name}": node.grad for name, node in nodes.items()},
        f"value:{output} after one ascent step of 0.01": uphill[output].data,
    }


def error_split(case: Case) -> Quantities:
    weights = [Value(w) for w in case["weights_into_o1"]]
    error = case["target"] - Value(case["output"])
    shares = [error * w / total(weights) for w in weights]
    return {
        "error e1": error.data,
        **{f"share of w{i}1": share.data for i, share in enumerate(shares, start=1)},
        "sum of shares": total(shares).data,
    }


def single_weight(case: Case) -> Quantities:
    given = case["inputs"]
    quantities: Quantities = {}
    for error, suffix in ((given["error t-o"], ""), (0.8, " with e1 = 0.8")):
        w11, w21 = Value(given["w11"]), Value(given["w21"])
        z = w11 * given["o1"] + w21 * given["o2"]
        s = sigmoid(z)
        s.backward()
        slope, w11.grad = z.grad, 0.0
        target = s.item() + error  # the error is a given number, so the target follows from it
        (0.5 * (target - s) ** 2).backward()
        quantities |= {
            f"sum{suffix}": z.data,
            f"s{suffix}": s.data,
            f"s*(1-s){suffix}": slope,
            f"dE/dw11{suffix}": w11.grad,
            f"new w11{suffix}": w11.data - given["learning_rate"] * w11.grad,
        }
    return quantities


def derivative(case: Case) -> Quantities:
    xs = [Value(float(i)) for i in range(6)]
    total([sigmoid(x) for x in xs]).backward()
    return {f"sigmoid'({x.data:g})": x.grad for x in xs}


def gradient_in_values(root: Value) -> dict[Value, Any]:
    """Return d root / d node for every node, as Values that can be differentiated again."""
    adjoint: dict[Value, Any] = {root: 1.0}
    for node in reversed(topological_order(root)):
        if node.primitive is not None:
            partials = node.primitive.partials_at(node.operands, node)
            for operand, partial in zip(node.operands, partials, strict=True):
                adjoint[operand] = adjoint.get(operand, 0.0) + adjoint[node] * partial
    return adjoint


def function_gradient(case: Case) -> Quantities:
    """Return gradient and Hessian product of Rosenbrock's function: the chain rule over the chain rule."""
    x = [Value(0.1 * i) for i in range(9)]
    f = total([100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)])
    gradient = gradient_in_values(f)
    dot([gradient[xi] for xi in x], [0.5 * i for i in range(9)]).backward()
    product = [xi.grad for xi in x]
    f.zero_grad()
    f.backward()
    assert [xi.grad for xi in x] == [gradient[xi].data for xi in x]
    return {
        **{f"grad[{i}]": xi.grad for i, xi in enumerate(x)},
        **{f"hess*p[{i}]": component for i, component in enumerate(product)},
    }


INTERPRETERS: dict[str, Callable[[Case], Quantities]] = {
    "scalar-graph": scalar_graph,
    "error-split": error_split,
    "single-weight": single_weight,
    "derivative": derivative,
    "function-gradient": function_gradient,
}
