"""Gradients of random programs, against the same programs run in fifty digits."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import engine
from chainrule.engine import Value, topological_order

Step = tuple[str, int, int]
"""What to do, and with which two of the numbers so far; the second is left out by functions of one."""

OPERATIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    # `math` is the module whose functions are called: chainrule.engine, or mpmath.
    "add": lambda math, x, y: x + y,
    "sub": lambda math, x, y: x - y,
    "mul": lambda math, x, y: x * y,
    "div": lambda math, x, y: x / y,
    "pow": lambda math, x, y: x**y,
    "neg": lambda math, x, y: -x,
    "exp": lambda math, x, y: math.exp(x),
    "log": lambda math, x, y: math.log(x),
    "sqrt": lambda math, x, y: math.sqrt(x),
    "sin": lambda math, x, y: math.sin(x),
    "cos": lambda math, x, y: math.cos(x),
    "tanh": lambda math, x, y: math.tanh(x),
    "add a number": lambda math, x, y: 0.5 + x,
    "scale": lambda math, x, y: x * -1.5,
    "square": lambda math, x, y: x**2,
    "reciprocal": lambda math, x, y: 1 / x,
}


def allowed(name: str, x: float, y: float) -> bool:
    """Return whether `name` is smooth at x and y, with partials of order one and a result below 4.

    Sixty operations in a row would else leave the floats, or lose all digits on the way.
    """
    if name in ("log", "sqrt") and x < 0.5:
        return False
    if name == "reciprocal" and abs(x) < 0.5:
        return False
    if name == "div" and abs(y) < 0.5:
        return False
    if name == "pow" and (x < 0.5 or abs(y) > 2.0):
        return False
    return name in ("sin", "cos", "tanh") or abs(OPERATIONS[name](math, x, y)) < 4.0


@st.composite
def programs(draw: Callable[..., Any]) -> tuple[list[float], list[Step]]:
    """Draw the numbers of the leaves, and 1 to 60 steps, each on any of the numbers before it."""
    leaves = draw(st.lists(st.floats(-2.0, 2.0, width=16), min_size=1, max_size=4))
    numbers, steps = list(leaves), []
    for _ in range(draw(st.integers(1, 60))):
        i, j = draw(st.integers(0, len(numbers) - 1)), draw(st.integers(0, len(numbers) - 1))
        x, y = numbers[i], numbers[j]
        name = draw(st.sampled_from([name for name in OPERATIONS if allowed(name, x, y)]))
        numbers.append(OPERATIONS[name](math, x, y))
        steps.append((name, i, j))
    return leaves, steps


def run(math: Any, leaves: list[Any], steps: list[Step]) -> Any:
    numbers = list(leaves)
    for name, i, j in steps:
        numbers.append(OPERATIONS[name](math, numbers[i], numbers[j]))
    return numbers[-1]


def path_sizes(root: Value) -> dict[Value, float]:
    """Return for each value the sum over its paths to the root of |product of the partials|."""
    sizes = {root: 1.0}
    for node in reversed(topological_order(root)):
        for operand, partial in zip(node.operands, node.partials, strict=True):
            # An exponent that is a number has a partial too, nan below zero; it leads nowhere.
            sizes[operand] = sizes.get(operand, 0.0) + abs(sizes[node] * partial)
    return sizes


@settings(max_examples=200)
@given(programs())
def test_gradients_of_random_programs_match_fifty_digits(program: tuple[list[float], list[Step]]) -> None:
    numbers, steps = program
    leaves = [Value(x) for x in numbers]
    root = run(engine, leaves, steps)
    root.backward()
    sizes = path_sizes(root)
    with mpmath.workdps(50):
        exact = [mpmath.mpf(x) for x in numbers]
        # The error of a central difference is h**2 = 1e-36 times third derivatives: nothing.
        h = mpmath.mpf("1e-18")
        for i, leaf in enumerate(leaves):
            ahead, behind = (run(mpmath, [*exact[:i], exact[i] + d, *exact[i + 1 :]], steps) for d in (h, -h))
            slope = float((ahead - behind) / (2 * h))
            # Contributions may cancel, so the error is held against their sizes: some sixty roundings
            # of the partials, each of a few eps, and as much again for the numbers they are taken at.
            assert abs(leaf.grad - slope) <= 1e-12 * max(1.0, sizes.get(leaf, 0.0))


@settings(max_examples=100)
@given(programs())
def test_random_graphs_are_sorted_once_each_and_operands_first(
    program: tuple[list[float], list[Step]],
) -> None:
    numbers, steps = program
    root = run(engine, [Value(x) for x in numbers], steps)
    order = topological_order(root)
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1] is root
    assert all(place[operand] < place[node] for node in order for operand in node.operands)


@settings(max_examples=100)
@given(programs())
def test_a_second_pass_doubles_leaves_and_leaves_inner_values(
    program: tuple[list[float], list[Step]],
) -> None:
    numbers, steps = program
    leaves = [Value(x) for x in numbers]
    root = run(engine, leaves, steps)
    root.backward()
    order, sizes = topological_order(root), path_sizes(root)
    once = {node: node.grad for node in order}
    root.backward()
    for node in order:
        if node.primitive is not None:
            assert node.grad == once[node]
        elif type(node) is Value:  # what is added one by one to what is there rounds another way
            assert abs(node.grad - 2.0 * once[node]) <= 1e-14 * sizes[node]
