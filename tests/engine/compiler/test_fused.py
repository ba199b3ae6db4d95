"""Loops that are joined give what they give one by one; those that read elsewhere are not joined."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from programs import run

from chainrule.engine import (
    TABLE,
    declare,
    dot,
    exp,
    forget,
    maximum,
    relu,
    sqrt,
    tanh,
    total,
    value_and_grad,
    where,
)
from chainrule.engine.compiler import compile
from chainrule.engine.compiler.fused import FEWEST, MOST, Fused, go_together
from chainrule.engine.compiler.groups import AFTER, BEFORE, ONCE, PARAMETER
from chainrule.engine.compiler.nests import Nest, Segment
from chainrule.engine.compiler.operands import Operand, Pools
from chainrule.engine.compiler.program import SUM
from chainrule.engine.compiler.text import DOUBLE


def elementwise(xs: Any) -> Any:
    ys = [x * x + 0.5 for x in xs]
    zs = [tanh(y) - x for x, y in zip(xs, ys, strict=True)]
    return total([z / sqrt(y) + y * z for y, z in zip(ys, zs, strict=True)])


def shifted(xs: Any) -> Any:
    ys = [x * x + 0.5 for x in xs]
    zs = [sqrt(a) * b for a, b in zip(ys, [*ys[1:], ys[0]], strict=True)]
    return total([exp(-z) * x for x, z in zip(xs, zs, strict=True)])


def one_for_all(xs: Any) -> Any:
    ys = [exp(-x * x) for x in xs]
    zs = [y * ys[3] + ys[-1] for y in ys]
    return total([z / (y + 1.0) for y, z in zip(ys, zs, strict=True)])


def backwards(xs: Any) -> Any:
    ys = [x * 0.25 + 1.0 for x in xs]
    return total([a / b for a, b in zip(ys, reversed([y * y for y in ys]), strict=True)])


def nested(xs: Any) -> Any:
    rows = [[x * 0.5 + 0.1 * j for x in xs] for j in range(3)]
    return total([sqrt(a * a + 1.0) * (b + c) for a, b, c in zip(*rows, strict=True)])


@pytest.mark.parametrize("n", [31, 32, 37, 64, 100])
@pytest.mark.parametrize("f", [elementwise, shifted, one_for_all, backwards, nested])
def test_joined_loops_give_what_python_gives(f: Callable[[Any], Any], n: int) -> None:
    rng = random.Random(n)
    kernel, exact = compile(f), compile(f, exact=True)
    for _ in range(2):
        xs = [rng.uniform(-1.0, 1.0) for _ in range(n)]
        value, by = kernel.value_and_grad(xs)
        expected, by_hand = value_and_grad(f)(xs)
        assert value == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(by, by_hand, rtol=1e-11, atol=1e-14)
        assert exact.value_and_grad(xs) == (expected, by_hand)


def test_loops_over_as_many_numbers_share_one_loop() -> None:
    def f(xs: Any) -> Any:
        ys = [x * x + 1.0 for x in xs]
        return [sqrt(y) / y for y in ys]

    kernel = compile(f, argnums=())
    xs = [0.1 * k for k in range(64)]
    assert kernel(xs) == pytest.approx(f(xs), rel=1e-15)
    assert len(kernel.stats.loops) == 3
    part = kernel.ir.split("@part0(")[1].split("\n}\n")[0]
    assert part.count("phi i64") == 1


def test_where_a_joined_loop_reads_a_result_elsewhere_it_ends() -> None:
    def f(xs: Any) -> Any:
        roots = [sqrt(x + 2.0) for x in xs]
        return [a * b for a, b in zip(roots, roots[::-1], strict=True)]

    xs = [0.1 * k for k in range(64)]
    assert compile(f)(xs) == pytest.approx(f(xs), rel=1e-15)


# -- what goes together --------------------------------------------------------------------------------------


def one_loop(out: int, *read: Operand, n: int = 64, phase: int = BEFORE, kind: str = "maximum") -> Nest:
    return Nest(TABLE[kind], phase, [n], Operand(ONCE, out, [1]), [], list(read))


FIRST = one_loop(0, Operand(PARAMETER, 0, [1]))
JOINING: dict[str, tuple[Nest, bool]] = {
    "reads its own place": (one_loop(64, Operand(ONCE, 0, [1])), True),
    "reads elsewhere": (one_loop(64, Operand(ONCE, 200, [1])), True),
    "reads its neighbour": (one_loop(64, Operand(ONCE, 1, [1])), False),
    "reads one for all": (one_loop(64, Operand(ONCE, 5, [0])), False),
    "reads one that lies elsewhere": (one_loop(64, Operand(ONCE, 70, [0])), True),
    "is as long": (one_loop(64, Operand(PARAMETER, 0, [1])), True),
    "is longer": (one_loop(64, Operand(PARAMETER, 0, [1]), n=72), False),
    "is short": (one_loop(64, Operand(PARAMETER, 0, [1]), n=FEWEST - 1), False),
    "runs later": (one_loop(64, Operand(PARAMETER, 0, [1]), phase=AFTER), False),
    "looks up a table": (one_loop(64, Operand(PARAMETER, 0, [0], [], 0, [1], [])), False),
    "adds up": (
        Nest(
            SUM,
            BEFORE,
            [64],
            Operand(ONCE, 64, [1]),
            [Segment(1, [9], Operand(PARAMETER, 0, [1], [64]), None)],
            [],
        ),
        False,
    ),
    "has two loops": (
        Nest(
            TABLE["exp"],
            BEFORE,
            [8, 64],
            Operand(ONCE, 64, [64, 1]),
            [],
            [Operand(PARAMETER, 0, [64, 1])],
        ),
        False,
    ),
}


@pytest.mark.parametrize("name", JOINING)
def test_a_loop_joins_where_it_reads_of_the_others_nothing_but_its_own_place(name: str) -> None:
    nest, joins = JOINING[name]
    assert go_together([FIRST], nest, 8) is joins


def test_so_many_loops_are_joined_and_no_more() -> None:
    assert go_together([FIRST] * (MOST - 1), FIRST, 8)
    assert not go_together([FIRST] * MOST, FIRST, 8)


@pytest.mark.parametrize("n", [32, 40, 45])
def test_results_stay_in_registers_for_the_next_loop(n: int) -> None:
    writer = Fused(Pools(), False, set(), 8, 0, 0, DOUBLE)
    roots = one_loop(0, Operand(PARAMETER, 0, [1]), n=n, kind="sqrt")
    rest = one_loop(n, Operand(ONCE, 0, [1]), Operand(PARAMETER, 0, [1]), n=n, kind="div")
    writer.together([roots, rest], ())
    assert not any("load" in line and "%U" in line for line in writer.lines)
    given, out = np.linspace(1.0, 9.0, n), np.full(2 * n + 8, -1.0)
    run(writer, P=given, U=out)
    assert out[:n].tolist() == np.sqrt(given).tolist()
    assert out[n : 2 * n].tolist() == (np.sqrt(given) / given).tolist()
    assert (out[2 * n :] == -1.0).all()


# -- for each sample ---------------------------------------------------------------------------------------


def network(x: Any) -> Any:
    held = [maximum(0.5 * a - b, 0.25 * b) for a, b in pairwise(x)]
    sums = [relu(dot([0.1 * (j - k) for k in range(len(held))], held, 0.2)) for j in range(12)]
    return dot(sums, sums) + sums[0]


def gated(x: Any) -> Any:
    pairs = [(where(a < 0.5, a, -a), where(a > 0.25, a * a, 1.0)) for a in x]
    return total([a * b + b for a, b in pairs]) + pairs[1][0]


@pytest.mark.parametrize("f", [elementwise, shifted, one_for_all, backwards, nested, network, gated])
@pytest.mark.parametrize("samples", [2, 9, 32, 41, 100])
def test_joined_loops_for_samples_give_what_each_sample_gives(f: Callable[[Any], Any], samples: int) -> None:
    rng = np.random.default_rng(samples)
    kernel, exact = (
        compile(f, batch="xs" if f not in (network, gated) else "x"),
        compile(f, batch=0, exact=True),
    )
    for _ in range(2):
        batch = rng.uniform(-1.0, 1.0, (samples, 17))
        values, by = kernel.value_and_grad(batch)
        expected = [value_and_grad(f)(row) for row in batch.tolist()]
        np.testing.assert_allclose(values, [value for value, _ in expected], rtol=1e-12)
        np.testing.assert_allclose(by, [gradient for _, gradient in expected], rtol=1e-10, atol=1e-13)
        values, by = exact.value_and_grad(batch)
        assert values.tolist() == [value for value, _ in expected]
        assert by.tolist() == [gradient for _, gradient in expected]


def test_a_sum_and_what_is_made_of_it_share_a_loop_and_leave_nothing_behind_that_nobody_reads() -> None:
    def f(x: Any) -> Any:
        sums = [dot([0.1 * (j - k) for k in range(16)], x, 0.5) for j in range(16)]
        return [where(z < 0.0, 0.0, z) for z in sums]

    kernel = compile(f, batch="x", argnums=())
    batch = np.random.default_rng(0).standard_normal((40, 16))
    np.testing.assert_allclose(
        np.transpose(kernel(batch)), [f(row) for row in batch.tolist()], rtol=1e-12, atol=1e-13
    )
    assert len(kernel.stats.loops) == 3
    part = kernel.ir.split("@part0(")[1].split("\n}\n")[0]
    assert part.count("phi i64") == 3  # samples, sums, terms
    assert part.count("store") == 8
    assert "fcmp une" not in part


def test_eights_of_lanes_without_a_sample_are_left_out() -> None:
    seen = []

    @declare(partials=lambda x, out: (1.0,))
    def noted(x: float) -> float:
        seen.append(x)
        return x

    try:
        kernel = compile(lambda x: noted(x) + 1.0, batch="x", reduce="sum")
        assert kernel(np.arange(41.0)) == 861.0
        assert len(seen) == 49  # recorded once; then 48 lanes, of which 41 have a sample
        assert set(seen[1:]) == set(np.arange(41.0).tolist())
    finally:
        forget("noted")
