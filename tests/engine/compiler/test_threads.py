"""Shards of a batch run at the same time: the same numbers, at every run, whoever computes them."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pytest
from waiting import SECONDS

from chainrule.engine import declare, exp, forget, lgamma, log, take, tanh, where
from chainrule.engine.compiler import compile, kernel, threads
from chainrule.engine.compiler.compile import Kernel

RNG = np.random.default_rng(0)
W, XS, YS = np.array([0.5, -0.25, 0.125]), RNG.standard_normal((203, 2)), RNG.standard_normal(203)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "FEWEST", 1)


def f(w: Any, x: Any, y: Any) -> Any:
    scale = exp(w[2])  # once for all samples: its derivative is found when all shards are over
    return (tanh(w[0] * x[0] + w[1] * x[1]) * scale - y) ** 2 + w[0] * w[2]


def made(n: int | Literal["auto"], **options: Any) -> Kernel:
    return compile(f, **{"argnums": (0, 1, 2), "batch": ("x", "y"), "threads": n} | options)


def alike(a: Any, b: Any, rtol: float = 0.0) -> None:
    (value, parts), (expected, others) = a, b
    np.testing.assert_allclose(value, expected, rtol=rtol)
    for part, other in zip(parts, others, strict=True):
        np.testing.assert_allclose(part, other, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("reduce", [None, "mean", "sum"])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("n", [2, 3, 7, 64, "auto"])
def test_shards_give_what_the_whole_batch_gives(n: Any, exact: bool, reduce: Any) -> None:
    one, several = made(1, reduce=reduce, exact=exact), made(n, reduce=reduce, exact=exact)
    for samples in (1, 8, 9, 203):
        batch = XS[:samples], YS[:samples]
        expected = one.value_and_grad(W, *batch)
        found = several.value_and_grad(W, *batch)
        alike(found, expected, 1e-13)
        if reduce is None:  # of each sample's own nothing depends on the shards
            np.testing.assert_array_equal(found[0], expected[0])
            np.testing.assert_array_equal(found[1][1], expected[1][1])
        alike(several.value_and_grad(W, *batch), found)
        np.testing.assert_array_equal(several(W, *batch), found[0])


def test_shards_read_samples_that_are_neighbours_where_they_are() -> None:
    several, turned = made(3, reduce="mean"), np.asfortranarray(XS)
    expected = several.value_and_grad(W, XS, YS)
    alike(several.value_and_grad(W, turned, YS), expected)
    bound = several.bind(W, turned, YS)
    assert not bound._refreshed
    assert bound() == expected[0]
    alike((bound.value, bound.grad), expected)


def test_a_bound_kernel_has_shards_too() -> None:
    w, xs = W.copy(), XS.copy()
    several = made(3, reduce="mean")
    bound = several.bind(w, xs, YS)
    for _ in range(3):
        w += 0.125
        xs[200] = RNG.standard_normal(2)
        expected = several.value_and_grad(w, xs, YS)
        assert bound() == expected[0]
        alike((bound.value, bound.grad), expected)


def test_a_bound_kernel_may_take_fewer_samples_and_write_over_them() -> None:
    bound = made(3, reduce="mean").bind(W, XS, YS)
    bound.samples = 100
    value, (_, by_x, _) = made(3, reduce="mean").value_and_grad(W, XS[:100], YS[:100])
    assert bound() == value
    np.testing.assert_array_equal(bound.grad[1], by_x)
    bound.samples = len(YS)
    assert bound() == made(3, reduce="mean")(W, XS, YS)
    pairs = XS.copy()
    over = compile(lambda xy: [xy[1], xy[0] + xy[1]], argnums=(), batch="xy", threads=3).bind(pairs)
    over.overwrite()
    over.run()
    np.testing.assert_array_equal(pairs, np.stack([XS[:, 1], XS[:, 0] + XS[:, 1]], axis=1))


def test_several_arguments_are_collected_before_the_shards_begin() -> None:
    a, b = np.array([2.0]), np.array([3.0])
    bound = compile(lambda a, b, x: a[0] * b[0] * x, argnums=(0, 1), batch="x", threads=4).bind(a, b, YS)
    for _ in range(2):
        a += 1.0
        np.testing.assert_array_equal(bound(), a[0] * b[0] * YS)
        np.testing.assert_allclose(bound.grad[0], [b[0] * YS.sum()], rtol=1e-14)


def test_a_shard_s_nan_is_followed_by_the_careful_run() -> None:
    g = lambda w, x: where(x > 0.0, log(w * x), 0.0)  # noqa: E731
    xs = np.ones(100)
    xs[90] = -1.0
    several = compile(g, batch="x", reduce="sum", threads=4)
    assert several.value_and_grad(1.0, xs) == (0.0, 99.0)
    bound = several.bind(1.0, xs)
    assert (bound(), bound.grad) == (0.0, 99.0)


def test_a_nan_of_an_earlier_call_is_not_seen_again() -> None:
    kernel = compile(lambda w, x: w * x, batch="x", reduce="sum", threads=2)
    assert np.isnan(kernel.value_and_grad(np.nan, YS)[0])
    runs = len(kernel.variants[0]._forms)
    value, gradient = kernel.value_and_grad(2.0, YS)
    assert (value, gradient) == pytest.approx((2.0 * YS.sum(), YS.sum()))
    form = kernel.variants[0].form(True, len(YS))
    frame = form.compiled.lent()
    frame.take_samples([YS[:, None]])
    assert not form.compiled.run(frame, len(YS), 2)
    assert len(kernel.variants[0]._forms) == runs


def test_what_a_callback_raises_in_a_shard_is_raised_by_the_call() -> None:
    @declare(partials=lambda x, out: (1.0,))
    def listed(x: float) -> float:
        if x > 1.0:
            raise LookupError(f"{x} is not in the list")
        return float(int(x * 8.0)) / 8.0

    try:
        several = compile(lambda w, x: w * listed(x), batch="x", reduce="sum", threads=4)
        xs = np.full(64, 0.25)
        assert several.value_and_grad(1.0, xs) == (16.0, 16.0)
        xs[20], xs[60] = 2.0, 3.0
        for _ in range(3):
            with pytest.raises(LookupError, match=r"2\.0 is not in the list"):  # that of the first shard
                several.value_and_grad(1.0, xs)
        xs[:] = 0.5
        assert several.value_and_grad(1.0, xs) == (32.0, 32.0)
    finally:
        forget("listed")


def test_an_index_that_is_none_in_a_shard_is_raised_and_forgotten() -> None:
    several = compile(lambda w, i: take(w, i), batch="i", reduce="sum", threads=4)
    w, indices = [1.0, 2.0, 4.0], np.zeros(128)
    assert several.value_and_grad(w, indices) == (128.0, [128.0, 0.0, 0.0])
    for place in (5, 120):
        indices[place] = 3.0
        for run in (lambda: several.value_and_grad(w, indices), several.bind(w, indices)):
            with pytest.raises(IndexError, match="there is no row 3: i is a whole number from 0 to 2"):
                run()
        indices[place] = 2.0
    assert several.value_and_grad(w, indices) == (126.0 + 8.0, [126.0, 0.0, 2.0])


def test_one_kernel_may_be_called_by_several_threads_at_once() -> None:
    several = made(3, reduce="mean")
    batches = [(RNG.standard_normal((500, 2)), RNG.standard_normal(500)) for _ in range(4)]
    expected = [several.value_and_grad(W, *batch) for batch in batches]
    wrong: list[int] = []

    def work(i: int) -> None:
        for _ in range(20):
            try:
                alike(several.value_and_grad(W, *batches[i]), expected[i])
            except BaseException:
                wrong.append(i)
                raise

    users = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert wrong == []


def test_a_shard_may_call_a_kernel_with_shards() -> None:
    inner = compile(lambda w, x: w * x, batch="x", reduce="sum", threads=3)

    @declare(partials=lambda x, out: (30.0,))
    def summed(x: float) -> float:
        return float(inner(x, np.ones(30)))

    try:
        outer = compile(lambda w, x: summed(w * x), batch="x", reduce="sum", threads=3)
        assert outer(1.0, np.arange(40.0)) == 30.0 * np.arange(40.0).sum()
    finally:
        forget("summed")


def test_a_small_batch_has_one_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    code = made(4, reduce="mean").variant(W, XS, YS).form(True, len(XS)).compiled
    _, each = code.layout.work
    assert each > 20
    for samples in (1, 203, kernel.FEWEST // each, 3 * kernel.FEWEST // each, 10**7):
        shards = len(code.bounds(samples, 4)) - 1
        assert shards == min(4, max(1, each * samples // kernel.FEWEST))
        assert code.bounds(samples, 4)[-1] == samples


@pytest.mark.parametrize("samples", [1, 7, 8, 9, 63, 64, 65, 1000])
def test_shards_begin_where_blocks_do_and_miss_nothing(samples: int) -> None:
    code = made(5, reduce="mean").variant(W, XS, YS).form(True, len(XS)).compiled
    bounds = code.bounds(samples, 5)
    assert (bounds[0], bounds[-1]) == (0, samples)
    assert all(low < high for low, high in pairwise(bounds))
    assert all(low % code.layout.lanes == 0 for low in bounds[:-1])


@pytest.mark.parametrize(
    ("n", "error", "message"),
    [
        (0, ValueError, "compile: threads is a whole number of at least 1 or 'auto', got 0"),
        (-2, ValueError, "compile: threads is a whole number of at least 1 or 'auto', got -2"),
        (True, TypeError, "compile: threads is a whole number of at least 1 or 'auto', got True"),
        (2.0, TypeError, "compile: threads is a whole number of at least 1 or 'auto', got 2.0"),
        (None, TypeError, "compile: threads is a whole number of at least 1 or 'auto', got None"),
        ("all", TypeError, "compile: threads is a whole number of at least 1 or 'auto', got 'all'"),
    ],
)
def test_what_is_no_number_of_threads_is_refused(n: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        compile(f, batch="x", threads=n)


def test_threads_need_a_batch() -> None:
    with pytest.raises(ValueError, match="threads=2 needs batch=: it is the samples that threads share"):
        compile(f, threads=2)
    with pytest.raises(ValueError, match="threads='auto' needs batch="):
        compile(f, threads="auto")
    assert compile(lambda x: x * x, threads=1)(3.0) == 9.0
    assert made(np.int64(2))(W, XS, YS).shape == (203,)  # type: ignore[arg-type]


# -- the helpers -----------------------------------------------------------------------------------------


def test_works_are_done_once_each_and_in_any_thread() -> None:
    done: list[int] = []

    def work(i: int) -> Callable[[], int]:
        return lambda: done.append(i) or i  # type: ignore[func-returns-value]

    for count in (1, 2, 5, 40):
        done.clear()
        assert threads.together([work(i) for i in range(count)]) == list(range(count))
        assert sorted(done) == list(range(count))


def test_two_works_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=SECONDS)
    assert sorted(threads.together([meeting.wait, meeting.wait])) == [0, 1]


def test_helpers_that_are_busy_are_not_waited_for() -> None:
    busy, free = threading.Event(), threading.Event()

    def held() -> int:
        busy.set()
        return int(free.wait(SECONDS))

    occupying = threading.Thread(target=lambda: threads.together([held, held]))
    occupying.start()
    assert busy.wait(SECONDS)
    mine = threading.get_ident()
    found = threads.together([threading.get_ident, threading.get_ident])
    free.set()
    occupying.join()
    assert found[0] == mine


def test_where_no_thread_can_be_started_the_caller_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Any) -> None:
        raise RuntimeError("can't start new thread")

    threads._helpers.cache_clear()
    monkeypatch.setattr(threading.Thread, "start", refused)
    mine = threading.get_ident()
    assert threads.together([threading.get_ident] * 3) == [mine] * 3
    threads._helpers.cache_clear()


PROGRAM = """
import atexit, os, sys, threading
import numpy as np
from chainrule.engine.compiler import compile, kernel
kernel.FEWEST = 1
k = compile(lambda w, x: w * x, batch="x", reduce="sum", threads=3)
xs = np.arange(1000.0)
"""


def run(text: str) -> str:
    """Return what a program prints that must end by itself."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM + text], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    return ended.stdout


def test_a_program_with_helpers_ends_and_its_last_words_may_use_them() -> None:
    assert run("atexit.register(lambda: print(k(2.0, xs)))\nprint(k(1.0, xs))") == "499500.0\n999000.0\n"


def test_helpers_are_as_many_as_asked_for_however_often_they_are_called() -> None:
    assert run("for _ in range(200): k(1.0, xs)\nprint(threading.active_count() <= 3)") == "True\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_process_has_helpers_of_its_own() -> None:
    text = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forks beside threads
k(1.0, xs)
child = os.fork()
if not child:
    assert k(2.0, xs) == 999000.0 and threading.active_count() > 1
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), k(3.0, xs))
"""
    assert run(text) == "7 1498500.0\n"


def test_rows_that_only_python_computes_work_in_shards() -> None:
    xs = np.linspace(1.0, 4.0, 100)
    one, several = (compile(lambda w, x: lgamma(w * x), batch="x", threads=n) for n in (1, 4))
    np.testing.assert_array_equal(several(2.0, xs), one(2.0, xs))
