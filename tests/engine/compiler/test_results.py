"""Results of a program, in the order in which the caller wants them."""

import math
import random

import pytest

from chainrule.engine import compile, sin
from chainrule.engine.compiler.results import FEW, LONG


def spread(lengths: list[int]) -> list[int]:
    """Return the numbers from 0 on, cut into stretches of these lengths, which are put in another order."""
    stretches, start = [], 0
    for length in lengths:
        stretches.append(list(range(start, start + length)))
        start += length
    random.Random(len(lengths)).shuffle(stretches)
    return [number for stretch in stretches for number in stretch]


@pytest.mark.parametrize(
    "lengths",
    [[1] * 30, [LONG] * FEW, [LONG] * 30, [9, 1] * 20, [8, 92, 1, 17, 2] * 12, list(range(1, 40))],
    ids=["single", "few", "equal", "with singles", "some lengths", "all lengths"],
)
def test_results_come_in_the_order_asked_for(lengths: list[int]) -> None:
    order = spread(lengths)

    def f(x):  # type: ignore[no-untyped-def]
        computed = [sin(one) for one in x]
        return [computed[k] for k in order]

    x = [0.01 * k for k in range(len(order))]
    assert compile(f, exact=True)(x) == [math.sin(x[k]) for k in order]


def test_arguments_and_constants_are_results_too() -> None:
    def f(x):  # type: ignore[no-untyped-def]
        zero = x[0] * 0.0
        return [x[2], *[zero + k for k in range(9)], x[1], x[2] * x[2], 7.0, *x]

    assert compile(f)([1.0, 2.0, 3.0]) == [3.0, *range(9), 2.0, 9.0, 7.0, 1.0, 2.0, 3.0]


def test_the_code_does_not_grow_with_the_number_of_stretches() -> None:
    def lines(layers: int) -> int:
        def f(p):  # type: ignore[no-untyped-def]
            return sum([sin(sum([w * w for w in p[at : at + 9]])) * p[at + 9] for at in range(0, len(p), 10)])

        p = [0.1] * (10 * layers)
        kernel = compile(f)
        kernel.value_and_grad(p)
        text: str = kernel.variant(p).ir
        return len(text[text.index("@copies") :].splitlines())

    assert lines(640) <= lines(64) + 5
