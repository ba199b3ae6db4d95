"""Results of samples, out of the lanes of a block and into the caller's rows."""

import ctypes
import random
from typing import Any

import numpy as np
import pytest
from programs import code_of, placed_of

from chainrule.engine import compile, exp, sin
from chainrule.engine.compiler.operands import Pools
from chainrule.engine.compiler.sample_results import FEW, unpack
from chainrule.engine.compiler.text import DOUBLE


def unpacked(width: int, here: int, results: Any, out: Any, columns: int | None) -> None:
    """Run the function that puts so many results of a block of eight samples, from 8 on, in their place."""
    found, wanted = placed_of(lambda xs: [exp(x) for x in xs], [1.0] * width, batched=[0])
    pools = Pools()
    text = unpack(found, wanted.tolist(), 8, pools, DOUBLE)
    kinds = [ctypes.c_int64] * 2 + [ctypes.c_void_p] * 5
    code = code_of("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n" + text)
    places = np.concatenate([*pools.places, [0]]).astype(np.int32)
    tables = results.ctypes.data, places.ctypes.data
    code.function("unpack", *kinds)(8, here, 0, *tables, out.ctypes.data, columns)


@pytest.mark.parametrize("width", [1, 8, 13, FEW + 9])
def test_results_go_to_the_rows_of_samples_that_exist(width: int) -> None:
    results, out = np.arange(8.0 * width).reshape(width, 8), np.full((12, width), -1.0)
    unpacked(width, 3, results, out, None)
    assert out[8:11].tolist() == results[:, :3].T.tolist()
    assert (out[:8] == -1.0).all()
    assert (out[11:] == -1.0).all()


@pytest.mark.parametrize("width", [1, 8, 13, FEW + 9])
@pytest.mark.parametrize("here", [8, 3])
def test_results_go_to_columns_where_these_are_named(width: int, here: int) -> None:
    results, out = np.arange(8.0 * width).reshape(width, 8), np.full((12, width), -1.0)
    columns = np.full((width, 24), -1.0)
    addresses = np.array([column.ctypes.data for column in columns])
    unpacked(width, here, results, out, addresses.ctypes.data)
    assert columns[:, 8 : 8 + here].tolist() == results[:, :here].tolist()
    assert (columns[:, :8] == -1.0).all()
    assert (columns[:, 8 + here :] == -1.0).all()
    assert (out == -1.0).all()


def cut(lengths: list[int]) -> list[int]:
    """Return the numbers from 0 on, cut into stretches of these lengths, which are put in another order."""
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    stretches = [list(range(start, start + length)) for start, length in zip(starts, lengths, strict=True)]
    random.Random(len(lengths)).shuffle(stretches)
    return [number for stretch in stretches for number in stretch]


@pytest.mark.parametrize(
    "lengths",
    [[1] * FEW, [1] * (FEW + 9), [8], [13], [16] * 3, [9] * 30, [9, 1] * 40, list(range(1, 30))],
    ids=["few", "many", "square", "reaching back", "squares", "by a table", "with singles", "all lengths"],
)
@pytest.mark.parametrize("samples", [1, 3, 8, 11, 70])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_results_of_samples_come_in_the_order_asked_for(lengths: list[int], samples: int, dtype: Any) -> None:
    order = cut(lengths)

    def f(xs: Any) -> Any:
        computed = [sin(x) for x in xs]
        return [computed[k] for k in order]

    xs = np.random.default_rng(samples).uniform(-1.0, 1.0, (samples, len(order))).astype(dtype)
    found = np.transpose(compile(f, argnums=(), batch=0, dtype=dtype)(xs))
    np.testing.assert_allclose(found, np.sin(xs)[:, order], rtol=1e-15 if dtype == "float64" else 2e-7)


def test_rows_that_others_see_are_written_and_nothing_beyond_them() -> None:
    kernel = compile(lambda xs: [x + 1.0 for x in xs], argnums=(), batch=0)
    for samples, width in ((3, 13), (11, 9), (64, 8), (65, 1)):
        around = np.zeros((samples + 2, width))
        bound = kernel.bind(around[1:-1])
        bound.overwrite()
        bound.run()
        assert (around[1:-1] == 1.0).all()
        assert not around[[0, -1]].any()


def test_the_code_does_not_grow_with_the_number_of_results() -> None:
    def lines(width: int) -> int:
        kernel = compile(lambda xs: [x * x for x in xs], argnums=(), batch=0)
        kernel(np.ones((9, width)))
        text: str = kernel.ir
        return len(text[text.index("internal void @rows") : text.index("void @column(ptr")].splitlines())

    assert lines(1000) <= lines(100)
