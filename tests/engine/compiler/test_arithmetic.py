"""What operations are in LLVM's language: run, and compared with Python."""

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import pytest
from programs import computed

from chainrule.engine import TABLE
from chainrule.engine.compiler.arithmetic import MOST_IN_PLACE, Arithmetic
from chainrule.engine.compiler.instructions import CBRT, COPYSIGN, LARGEST, NORMAL, SMALLEST
from chainrule.engine.compiler.operands import Pools
from chainrule.engine.compiler.program import GUARDED
from chainrule.engine.compiler.tape import DETACH, EQUAL, LESS, LESS_EQUAL
from chainrule.engine.compiler.text import DOUBLE, SINGLE, Index
from chainrule.engine.compiler.vector_functions import vector_function

FIRST = [0.5, -2.5, 0.0, -0.0, 7.25, math.inf, math.nan, 3.0]
SECOND = [2.0, -2.5, -0.0, 0.0, math.nan, math.inf, 1.0, -1e300]


def alike(found: Sequence[float], expected: Sequence[float]) -> None:
    """Check numbers bit for bit; nan is like nan."""
    assert [x.hex() for x in found] == [float(x).hex() for x in expected]


BINARY: list[Any] = [LESS, LESS_EQUAL, EQUAL, LARGEST, SMALLEST, COPYSIGN, NORMAL]
BINARY += [TABLE["maximum"], TABLE["minimum"], TABLE["div"]]
UNARY: list[Any] = [DETACH, TABLE["abs"], TABLE["floor"], TABLE["ceil"], TABLE["trunc"], TABLE["round"]]


@pytest.mark.parametrize("kind", BINARY, ids=lambda kind: kind.name)
def test_operations_of_two_numbers_are_python_s_for_single_ones_and_vectors(kind: Any) -> None:
    expected = [kind(x, y) for x, y in zip(FIRST, SECOND, strict=True)]
    alike(computed(lambda w, v: w.operation(kind, v), FIRST, SECOND), expected)
    alike(computed(lambda w, v: w.operation(kind, v), FIRST[1], SECOND[1]), expected[1:2])


@pytest.mark.parametrize("kind", UNARY, ids=lambda kind: kind.name)
def test_operations_of_one_number_are_python_s(kind: Any) -> None:
    alike(computed(lambda w, v: w.operation(kind, v), FIRST), [kind(x) for x in FIRST])


def test_roots_are_right_to_the_last_bit() -> None:
    alike(computed(lambda w, v: w.operation(TABLE["sqrt"], v), [2.0, 3.0]), [math.sqrt(2.0), math.sqrt(3.0)])
    alike(computed(lambda w, v: w.operation(CBRT, v), [2.0, -27.0]), [math.cbrt(2.0), math.cbrt(-27.0)])


def test_where_takes_everything_but_0_for_true() -> None:
    condition = [0.0, -0.0, 1.0, math.nan]
    found = computed(lambda w, v: w.operation(TABLE["where"], v), condition, [1.0] * 4, [2.0] * 4)
    alike(found, [TABLE["where"](c, 1.0, 2.0) for c in condition])


def test_the_largest_of_several_is_the_first_of_equal_ones() -> None:
    xs = [[1.0, -0.0], [3.0, 0.0], [2.0, -1.0]]
    for kind, row in ((LARGEST, TABLE["maximum"]), (SMALLEST, TABLE["minimum"])):
        expected = [reduce(row, column) for column in zip(*xs, strict=True)]
        alike(computed(lambda w, v, kind=kind: w.operation(kind, v), *xs), expected)  # type: ignore[misc]


TERMS: list[tuple[int, bool, float]] = [
    (1, True, 10.0 + 2.0 * 3.0),
    (-1, True, 10.0 - 2.0 * 3.0),
    (1, False, 10.0 + 2.0),
    (-1, False, 10.0 - 2.0),
    (GUARDED, True, 16.0),
    (-GUARDED, True, 4.0),
]


@pytest.mark.parametrize(("sign", "product", "expected"), TERMS)
@pytest.mark.parametrize("exact", [False, True])
def test_a_term_is_added_with_its_sign(sign: int, product: bool, expected: float, exact: bool) -> None:
    def add(w: Arithmetic, v: list[str]) -> str:
        return w.plus(v[0], sign, v[1], v[2] if product else "")

    assert computed(add, 10.0, 2.0, 3.0, exact=exact) == [expected]
    assert computed(lambda w, v: w.plus("", sign, v[1], v[2] if product else ""), 10.0, 2.0, 3.0) == [
        expected - 10.0
    ]


def test_a_guarded_product_is_0_where_its_first_factor_is() -> None:
    xs, ys = [0.0, 2.0, math.inf, -0.0], [math.inf, math.nan, 0.0, math.nan]
    found = computed(lambda w, v: w.plus("", GUARDED, *v), xs, ys)
    assert (found[0], found[3]) == (0.0, 0.0)
    assert math.isnan(found[1])
    assert math.isnan(found[2])


def test_exactly_a_product_is_rounded_before_it_is_added() -> None:
    x, y = 1.0 + 2.0**-30, 1.0 - 2.0**-30
    assert computed(lambda w, v: w.plus(v[0], 1, v[1], v[2]), -1.0, x, y, exact=True) == [x * y - 1.0]
    writer = Arithmetic(Pools(), False, set(), DOUBLE)
    writer.plus("%a", 1, "%b", "%c")
    assert "fmuladd" in writer.lines[-1]


@pytest.mark.parametrize("name", ["exp", "tanh", "sin", "log", "log1p", "expm1"])
def test_functions_are_c_s_for_single_numbers_and_in_exact_code(name: str) -> None:
    row = TABLE[name]
    alike(computed(lambda w, v: w.operation(row, v), 0.7), [row(0.7)])
    alike(computed(lambda w, v: w.operation(row, v), [0.7, 0.3], exact=True), [row(0.7), row(0.3)])
    near = computed(lambda w, v: w.operation(row, v), [0.7, 0.3])
    assert near == pytest.approx([row(0.7), row(0.3)], rel=1e-15)


def test_what_only_python_computes_is_called_by_its_number() -> None:
    pools = Pools()
    writer = Arithmetic(pools, False, set(), DOUBLE)
    writer.operation(TABLE["lgamma"], ["%x"])
    writer.operation(TABLE["digamma"], ["%x"])
    assert pools.callbacks == [TABLE["lgamma"], TABLE["digamma"]]
    assert sum("getelementptr ptr, ptr %F, i64 1" in line for line in writer.lines) == 1


def test_a_long_sum_loses_nothing_in_between() -> None:
    xs = [[1e16], [1.0], [-1e16], [0.5]]
    row = TABLE["fsum"]
    assert computed(lambda w, v: w.operation(row, v), *xs) == [1.5]
    assert computed(lambda w, v: w.operation(row, v), [math.inf], [1.0]) == [math.inf]


def test_of_single_numbers_the_smallest_ordinary_one_is_larger() -> None:
    for x, ordinary in ((2.0**-126, True), (2.0**-127, False)):
        (found,) = computed(lambda w, v: w.operation(NORMAL, v), x, 1.0, real=SINGLE)
        assert (found == x) is ordinary


def test_a_loop_has_the_instructions_of_vector_functions_until_these_are_many() -> None:
    writer = Arithmetic(Pools(), False, set(), DOUBLE)
    writer.width = 8
    writer.operation(TABLE["exp"], ["%x"])
    assert sum("@exp.v8(" in line for line in writer.lines) == 1  # no loop, so a call

    def body(index: Index, _: list[str]) -> list[str]:
        for _again in range(40):
            writer.operation(TABLE["exp"], ["%x"])
        return []

    writer.loop(0, 5, 1, body)
    calls = sum("@exp.v8(" in line for line in writer.lines) - 1
    size = len(vector_function("exp", 8).body)
    assert calls == 40 - MOST_IN_PLACE // size > 0
    names = [line.split(" = ")[0] for line in writer.lines if " = " in line]
    assert len(names) == len(set(names))
