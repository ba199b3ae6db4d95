"""Steps of a table give the same numbers as code, to the last bit, in code that does not grow with them."""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from chainrule.engine import clip, dot, exp, log, maximum, tanh, total, value_and_grad, where
from chainrule.engine.compiler import compile, irregular
from chainrule.engine.compiler.interpreter import Interpreter
from chainrule.engine.compiler.operands import Pools
from chainrule.engine.compiler.text import DOUBLE

POINT = [0.3, -1.2, 0.7, 2.0, -0.4]


def tangled(x: Sequence[Any], count: int = 40, chooses: bool = True) -> list[Any]:
    """Return numbers made of earlier ones by operations of many kinds, in no order.

    chooses: by comparisons as well, of which Values only see the one side.
    """
    rng, known = np.random.default_rng(3), list(x)
    for step in range(count):
        a, b, c, d = [known[i] for i in rng.integers(max(len(known) - 12, 0), len(known), size=4)]
        makes: list[Callable[[], Any]] = [
            lambda: a - b * 0.75 - 1.5,  # noqa: B023
            lambda: tanh(a * b - c * d),  # noqa: B023
            lambda: where(a < b, c, 0.5 * d) if chooses else a * c,  # noqa: B023
            lambda: maximum(a, b, c) / (2.0 + d * d),  # noqa: B023
            lambda: log(1.0 + exp(clip(a, -3.0, 3.0))) - b,  # noqa: B023
            lambda: dot([a, b, c], [d, 0.25, a]) - total([a, b, c, d]),  # noqa: B023
            lambda: -(abs(a) ** 1.5) + b,  # noqa: B023
        ]
        known.append(tanh(makes[(step * 5) % 7]()))
    return known[-8:]


def both(monkeypatch: pytest.MonkeyPatch, call: Callable[[], Any]) -> list[bytes]:
    """Return the bytes of what a call gives by tables and by code that is written out."""
    found = []
    for fewest in (1, 1 << 40):
        monkeypatch.setattr(irregular, "FEWEST_STEPS", fewest)
        monkeypatch.setattr("chainrule.engine.compiler.kernel._recent", OrderedDict())
        value, gradient = call()
        found.append(b"".join(np.asarray(part).tobytes() for part in (value, gradient)))
    return found


@pytest.mark.parametrize(("exact", "dtype"), [(False, "float64"), (True, "float64"), (False, "float32")])
def test_tables_give_what_code_gives_to_the_last_bit(
    exact: bool, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def call() -> Any:
        kernel = compile(lambda x: total(tangled(x)), exact=exact, dtype=dtype)
        kernel.value_and_grad(POINT)
        return kernel.value_and_grad(POINT[::-1])  # the second call sees what the first has left behind

    by_table, written = both(monkeypatch, call)
    assert by_table == written


@pytest.mark.parametrize(("samples", "reduce"), [(1, None), (3, "mean"), (8, None), (9, "mean"), (70, None)])
def test_tables_give_each_sample_what_code_gives(
    samples: int, reduce: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.random.default_rng(samples).uniform(-2.0, 2.0, (samples, 5))

    def call() -> Any:
        def f(w: Any, row: Any) -> Any:
            return total(tangled([w[0] * row[0], *row[1:], w[1]])) * w[2]

        kernel = compile(f, batch="row", reduce=reduce, argnums=(0, 1))
        value, gradient = kernel.value_and_grad([0.5, 1.5, -0.5], rows)
        return value, np.concatenate([np.ravel(part) for part in gradient])

    by_table, written = both(monkeypatch, call)
    assert by_table == written


def test_exact_tables_give_what_values_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(irregular, "FEWEST_STEPS", 1)

    def f(x: Any) -> Any:
        return total(tangled(x, chooses=False))

    assert compile(f, exact=True).value_and_grad(POINT) == value_and_grad(f)(POINT)


@pytest.mark.parametrize("number", [math.nan, -math.inf, -0.0, 5e-324])
@pytest.mark.parametrize("exact", [False, True])
def test_numbers_at_the_ends_go_through_tables_as_through_code(
    number: float, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def f(x: Any) -> Any:
        # 0 times inf is 0 in a derivative, and -0.0 stays what it is in a sum.
        products = [x[0] * x[1] - x[2], -(x[0] * x[3]), x[0] - x[0], x[1] * 0.0 - x[2] * x[0], -x[0]]
        return [*products, where(x[1] < 1.0, x[2], x[0] * x[0] / x[0]), *tangled(x[1:] + products[:1], 10)]

    def call() -> Any:
        kernel = compile(lambda x: total(f(x)), exact=exact)
        return kernel.value_and_grad([number, 0.5, 0.0, -1.0, 2.0])

    def forward() -> Any:
        return compile(f, exact=exact)([number, 0.5, 0.0, -1.0, 2.0]), 0.0

    for way in (call, forward):
        by_table, written = [np.frombuffer(one) for one in both(monkeypatch, way)]
        assert np.array_equal(by_table, written, equal_nan=True)
        assert np.array_equal(np.signbit(by_table), np.signbit(written)) or np.isnan(written).any()


def test_code_does_not_grow_with_the_steps() -> None:
    sizes = []
    for count in (400, 1200):
        kernel = compile(lambda x, count=count: total(tangled(x, count)))
        kernel.value_and_grad(POINT)
        sizes.append(len(kernel.ir.splitlines()))
    assert sizes[1] < 1.1 * sizes[0]


def test_programs_without_steps_get_no_function_that_takes_them() -> None:
    assert Interpreter(Pools(), False, set(), 8, 0, DOUBLE).functions("") == []


def test_stats_say_what_goes_by_a_table() -> None:
    kernel = compile(lambda x: total(tangled(x, 200)))
    kernel.value_and_grad(POINT)
    assert any(line.startswith("once: by table: ") for line in kernel.stats.loops)


def test_a_table_is_kept_with_its_machine_code(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    found = []
    for _ in range(2):
        monkeypatch.setattr("chainrule.engine.compiler.kernel._recent", OrderedDict())
        found.append(compile(lambda x: total(tangled(x, 200))).value_and_grad(POINT))
        assert len(list(tmp_path.glob("*.kernel"))) == 1
    assert found[0] == found[1]


def test_equal_numbers_are_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(irregular, "FEWEST_STEPS", 1)
    kept: list[float] = []
    true = Pools.add_numbers

    def add_numbers(self: Any, numbers: Any) -> int:
        kept.extend(numbers.tolist())
        return true(self, numbers)

    monkeypatch.setattr(Pools, "add_numbers", add_numbers)

    def f(x: Any) -> Any:  # a few steps, a loop, and a few steps again
        few = [tanh(a * 0.125 + 0.375) for a in (x[0], x[0] * x[1], x[1] - x[0])]
        wide = total([exp(few[0] * a) for a in x])
        return total([tanh(a * wide * 0.125 + 0.375) for a in few])

    monkeypatch.setattr(irregular, "BESIDE", 1)
    compile(f)([0.1] * 400)
    assert kept.count(0.125) == kept.count(0.375) == 1
