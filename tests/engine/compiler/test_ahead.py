"""Who fetches the next block's samples."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.engine import compile, exp, tanh, total
from chainrule.engine.compiler.ahead import largest


def asking(f: Callable[..., Any], *batches: Any, samples: int = 100) -> list[str]:
    """Return which functions of the machine code ask for the next block's numbers."""
    names = [f"x{k}" for k in range(len(batches))]
    kernel = compile(f, batch=range(1, 1 + len(batches)), argnums=())
    assert len(names) == len(batches)
    text = kernel.variant(2.0, *batches).form(False, samples).text()
    functions = text.split("define ")[1:]
    found = [one.split("(")[0].split("@")[1] for one in functions if "call void @llvm.prefetch" in one]
    return [name.rstrip("0123456789") for name in found]


def once(w: Any, x: Any) -> Any:
    return total([exp(w * number) for number in x])


def test_the_loop_that_reads_each_number_once_asks() -> None:
    assert asking(once, np.ones((100, 20))) == ["part"]
    assert asking(lambda w, x: exp(total([w * number for number in x])), np.ones((100, 20))) == ["part"]


def test_a_loop_over_time_asks_too() -> None:
    def chain(w: Any, x: Any) -> Any:
        state = w
        for number in x:
            state = tanh(state * w + number)
        return state

    assert asking(chain, np.ones((100, 30))) == ["part"]


def test_where_numbers_are_read_often_or_not_all_of_them_pack_asks() -> None:
    often = lambda w, x: [total([exp(w * k * number) for number in x]) for k in (1.0, 2.0, 3.0)]  # noqa: E731
    assert asking(often, np.ones((100, 20))) == ["pack"]
    assert asking(lambda w, x: once(w, x[:12]), np.ones((100, 20))) == ["pack"]


def test_the_largest_of_several_arrays_is_asked_for() -> None:
    both = lambda w, x, y: once(w, x) + total([tanh(number * number) for number in y])  # noqa: E731
    found = asking(both, np.ones((100, 9)), np.ones((100, 20)))
    assert sorted(found) == ["pack", "part"]
    assert (largest([9, 20], 32).number, largest([9, 20], 32).start) == (1, 9)


def test_nobody_asks_where_samples_are_short_or_few() -> None:
    assert largest([3, 7], 32).number == -1
    assert largest([20], 8).number == -1
    assert largest([], 32).number == -1
    assert asking(once, np.ones((100, 20)), samples=8) == ["pack"]


@pytest.mark.parametrize("samples", [9, 32, 33, 100])
@pytest.mark.parametrize("turn", [np.ascontiguousarray, np.asfortranarray])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_results_are_those_of_values(samples: int, turn: Callable[[Any], Any], dtype: Any) -> None:
    x = turn(np.random.default_rng(samples).standard_normal((samples, 20)).astype(dtype))
    kernel = compile(once, batch="x", reduce="sum", dtype=dtype)
    value, gradient = kernel.value_and_grad(0.5, x)
    numbers = x.astype(float)
    exact = float(np.exp(0.5 * numbers).sum()), float((numbers * np.exp(0.5 * numbers)).sum())
    assert (value, gradient) == pytest.approx(exact, rel=1e-12 if dtype == "float64" else 1e-5)
