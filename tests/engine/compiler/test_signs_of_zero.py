"""exact=True without a batch gives the zero that Values give, 0.0 or -0.0, in values and in derivatives."""

import itertools
import math
import random
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

from chainrule.engine import TABLE, Value, atan2, cumsum, dot, grad, mean, total, value_and_grad
from chainrule.engine.compiler import compile
from chainrule.engine.own import BUILT_IN
from chainrule.engine.tree import flatten

ZEROS = [0.0, -0.0, 1.0, -1.0]
ROWS = [TABLE[name] for name in sorted(BUILT_IN)]


def bits(found: Any) -> list[str]:
    """Return the numbers in what a function gave, so that 0.0 is not -0.0 and every nan is nan."""
    numbers = [x.data if isinstance(x, Value) else float(x) for x in flatten(found)[0]]
    return [x.hex() for x in numbers]


def outcome(run: Callable[[], Any]) -> Any:
    try:
        return bits(run())
    except (ArithmeticError, ValueError, TypeError) as error:
        return type(error)


def check(f: Callable[..., Any], points: Iterable[tuple[Any, ...]], argnums: Any = 0) -> None:
    kernel, on_values = compile(f, exact=True, argnums=argnums), value_and_grad(f, argnums)
    for point in points:
        run, expected = partial(kernel.value_and_grad, *point), partial(on_values, *point)
        assert outcome(run) == outcome(expected), point


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_and_its_derivatives_have_the_zeros_of_values(row: Any) -> None:
    for count in (1, 2, 3) if row.variadic else (row.arity,):
        argnums = tuple(range(count))
        check(lambda *xs: row(*xs), itertools.product(ZEROS, repeat=count), argnums)


SUMS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: sum(x),
    "sum of one": lambda x: sum(x[:1]),
    "total": lambda x: total(x),
    "total of totals": lambda x: total([total(x[:2]), -total(x[2:])]),
    "total of none": lambda x: total([]) + x[0],
    "dot": lambda x: dot(x[:2], x[2:]),
    "dot with a start": lambda x: TABLE["dot"](x[0], x[1], x[2]),
    "mean": lambda x: mean(x),
    "cumsum": lambda x: cumsum(x)[2] * x[3],
    "divided by": lambda x: 1.0 / total(x[:2]) + x[2],
    "an angle": lambda x: atan2(total(x[:2]), x[2]),
    "what flows on": lambda x: (x[0] + x[2]) * x[1] - x[3],
    "a product": lambda x: x[0] * x[1] * x[2] * x[3],
    "long": lambda x: total([a * b for a in x for b in x] * 9),
    "a matrix": lambda x: dot([dot(x, [x[i]] * 4) for i in range(4)] * 9, x * 9),
    "inside": lambda x: dot(grad(lambda y: dot(y, x) + total(y))(x), x),
}


@pytest.mark.parametrize("f", SUMS.values(), ids=SUMS)
def test_sums_have_the_zeros_of_values(f: Callable[[Any], Any]) -> None:
    check(f, [(list(x),) for x in itertools.product(ZEROS[:3], repeat=4)])


def test_programs_that_follow_no_rule_have_them_too() -> None:
    choose = random.Random(7)
    steps = [(choose.choice("+*t"), [choose.randrange(8) for _ in range(4)]) for _ in range(700)]

    def f(x: Any) -> Any:
        last = [*x, *x]
        for step, (a, b, c, d) in steps:
            if step == "t":
                made = total([last[a], last[b], last[c]])
            else:
                made = last[a] + last[b] if step == "+" else last[a] * last[d] * 0.5
            last = [*last[1:], made]
        return total(last)

    check(f, [([math.copysign(0.0, choose.random() - 0.8) for _ in range(4)],) for _ in range(20)])


def test_each_sample_of_a_batch_has_the_sum_of_values() -> None:
    kernel = compile(lambda x: (total(x), dot(x, x), sum(x)), batch="x", exact=True)
    found = kernel([[-0.0, -0.0], [0.0, -0.0], [-0.0, 1.0]])
    assert [array[0].hex() for array in found] == ["0x0.0p+0"] * 3


def test_without_exact_a_sum_begins_with_its_first_term() -> None:
    kernel = compile(lambda x: total(x) + sum(x))
    assert kernel([1.0, 2.0]) == 6.0
    assert str(kernel.tape).count("0.0") == 0
