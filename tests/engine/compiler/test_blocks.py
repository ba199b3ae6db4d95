"""Samples into the lanes of a block."""

import ctypes
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from programs import code_of

from chainrule.engine.compiler.blocks import FETCH, pack
from chainrule.engine.compiler.text import DOUBLE, SINGLE, Real


def packed(batch: NDArray[Any], first: int, lanes: int, real: Real) -> NDArray[Any]:
    """Return a block of a batch, after what lies beyond it was found as it was."""
    return packed_of([batch], first, lanes, real)


def packed_of(
    batches: list[NDArray[Any]], first: int, lanes: int, real: Real, fetched: int = -1
) -> NDArray[Any]:
    """Return a block of a batch that is in several arrays."""
    widths = [batch.shape[1] for batch in batches]
    block = np.full((sum(widths) + 2, lanes), -1.0, batches[0].dtype)
    places = np.array(
        [
            word
            for batch in batches
            for word in (
                batch.ctypes.data,
                0 if batch.flags.c_contiguous else batch.strides[1] // batch.itemsize,
            )
        ]
    )
    function = code_of(FETCH + "\n" + pack(lanes, widths, real, fetched)).function(
        "pack", ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p
    )
    function(len(batches[0]), first, places.ctypes.data, block.ctypes.data)
    assert (block[-1] == -1.0).all()
    return block[:-1]


@pytest.mark.parametrize("rows", [1, 3, 8, 13])
@pytest.mark.parametrize("lanes", [8, 32])
@pytest.mark.parametrize("real", [DOUBLE, SINGLE], ids=str)
def test_a_block_has_a_sample_in_each_lane_and_repeats_the_last(rows: int, lanes: int, real: Real) -> None:
    dtype = np.float64 if real is DOUBLE else np.float32
    batch = np.arange(50.0 * rows).reshape(50, rows).astype(dtype)
    for first in (0, lanes, 48 - 48 % lanes):
        block = packed(batch, first, lanes, real)
        samples = np.arange(first, first + lanes)
        assert block[:-1].tolist() == batch[np.minimum(samples, 49)].T.tolist()
        assert block[-1].tolist() == (samples < 50).astype(float).tolist()


@pytest.mark.parametrize("widths", [(2, 1), (1, 9, 3), (12, 8), (1, 0, 1)])
def test_several_arrays_come_one_below_the_other(widths: tuple[int, ...]) -> None:
    batches = [100.0 * width + np.arange(21.0 * width).reshape(21, width) for width in widths]
    together = np.concatenate(batches, axis=1)
    for first in (0, 16):
        expected = packed(together, first, 16, DOUBLE)
        assert packed_of(batches, first, 16, DOUBLE).tolist() == expected.tolist()


@pytest.mark.parametrize("widths", [(2, 1), (9, 3), (12, 8), (1,)])
@pytest.mark.parametrize("fetched", [-1, 0])
def test_samples_that_are_neighbours_are_read_where_they_lie(widths: tuple[int, ...], fetched: int) -> None:
    batches = [100.0 * width + np.arange(21.0 * width).reshape(21, width) for width in widths]
    turned = [np.asfortranarray(batch) for batch in batches]
    spaced = [np.asfortranarray(np.repeat(batch, 3, axis=1))[:, ::3] for batch in batches]
    for first in (0, 16):
        expected = packed_of(batches, first, 16, DOUBLE, fetched).tolist()
        assert packed_of(turned, first, 16, DOUBLE, fetched).tolist() == expected
        assert packed_of([turned[0], *batches[1:]], first, 16, DOUBLE, fetched).tolist() == expected
        assert packed_of(spaced, first, 16, DOUBLE, fetched).tolist() == expected


def test_an_array_that_others_fetch_is_not_fetched_here_too() -> None:
    assert pack(16, [9, 12], DOUBLE).count("call void @llvm.prefetch") == 2 * (8 + 1)
    assert pack(16, [9, 12], DOUBLE, 1).count("call void @llvm.prefetch") == 8 + 1


@pytest.mark.parametrize("samples", [1, 7, 9])
def test_few_samples_fill_a_block_too(samples: int) -> None:
    batch = np.arange(10.0 * samples).reshape(samples, 10)
    block = packed(batch, 0, 16, DOUBLE)
    assert block[:-1, :samples].tolist() == batch.T.tolist()
    assert (block[:-1, samples:] == batch[-1][:, None]).all()
    assert block[-1].sum() == samples
