"""Machine code that can be run: lent frames, short and long runs, shards, and what is made once."""

from typing import Any

import numpy as np
import pytest
from programs import recorded, wanted_of

from chainrule.engine import declare, exp, forget, lgamma
from chainrule.engine.compiler import kernel
from chainrule.engine.compiler.entry import NAN
from chainrule.engine.compiler.kernel import FEWEST, SHORT, Compiled, compiled


def made(f: Any, *point: Any, **options: Any) -> Compiled:
    recording = recorded(f, *point, batched=options.get("batched", ()))
    return compiled(recording.tape, wanted_of(recording, **options), len(recording.outside))


def test_a_frame_is_filled_run_and_read() -> None:
    code = made(lambda a, b: a * b, 1.0, 1.0, by=[0, 1])
    frame = code.lent()
    frame.parameters[:] = 2.0, 3.0
    assert code.run(frame, 0) == 0
    assert frame.results.tolist() == [6.0, 3.0, 2.0]
    frame.parameters[:] = np.nan, 3.0
    assert code.run(frame, 0) == NAN


def test_frames_are_lent_one_to_each_and_lent_again() -> None:
    code = made(lambda a: a * 2.0, 1.0)
    first, second = code.lent(), code.lent()
    assert first is not second
    code.give_back(first)
    assert code.lent() is first
    assert code.new_frame("float32").parameters.dtype == np.float32


def test_short_runs_keep_python_s_lock_and_long_ones_let_it_go() -> None:
    code = made(lambda x: x * x + x, 1.0, batched=[0])
    _, each = code.layout.work
    assert code.entered(SHORT // each) is code._brief
    assert code.entered(SHORT // each + 1) is code._long
    called_back = made(lambda x: lgamma(x), 1.0)
    assert called_back.entered(1) is called_back._long


def test_shards_are_as_many_as_there_is_work_blocks_and_threads_for() -> None:
    code = made(lambda x: exp(x) * exp(x * 2.0), 1.0, batched=[0])
    _, each = code.layout.work
    enough = 3 * FEWEST // each + 1
    assert code.bounds(enough, 1) == [0, enough]
    assert len(code.bounds(enough, 8)) == 4
    assert len(code.bounds(enough, 2)) == 3
    assert code.bounds(100, 8) == [0, 100]
    assert all(bound % code.layout.lanes == 0 for bound in code.bounds(enough, 3)[:-1])


def test_a_run_in_shards_gives_the_sums_of_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "FEWEST", 1)
    code = made(lambda w, x: w * x, 1.0, 1.0, by=[0], batched=[1], reduce="sum")
    frame = code.lent()
    frame.parameters[:] = 2.0
    frame.take_samples([np.arange(40.0).reshape(40, 1)])
    shards: list[int] = []
    run_shards = code._run_shards

    def counted(frame: Any, bounds: list[int]) -> int:
        shards.append(len(bounds) - 1)
        return run_shards(frame, bounds)

    monkeypatch.setattr(code, "_run_shards", counted)
    for threads in (1, 2, 3):
        assert code.run(frame, 40, threads) == 0
        assert frame.results.tolist() == [2.0 * 780.0, 780.0]
    assert shards == [2, 3]


def test_what_a_row_raises_is_raised_by_the_run() -> None:
    @declare(partials=lambda x, out: (1.0,))
    def refuses(x: float) -> float:
        if float(int(x)) == x:
            raise LookupError("no whole numbers")
        return x

    try:
        code = made(lambda x: refuses(x), 0.5)
        frame = code.lent()
        frame.parameters[:] = 2.0
        with pytest.raises(LookupError, match="no whole numbers"):
            code.run(frame, 0)
        frame.parameters[:] = 2.5
        assert code.run(frame, 0) == 0
    finally:
        forget("refuses")


def test_what_was_made_once_is_not_made_again() -> None:
    assert made(lambda a: exp(a) * 3.0, 1.0) is made(lambda a: exp(a) * 3.0, 2.0)
    assert made(lambda a: exp(a) * 3.0, 1.0) is not made(lambda a: exp(a) * 4.0, 1.0)


def test_only_so_many_are_held_the_last_used_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "RECENT", 2)
    monkeypatch.setattr(kernel, "_recent", type(kernel._recent)())
    first = made(lambda a: a * 11.0, 1.0)
    made(lambda a: a * 12.0, 1.0)
    assert made(lambda a: a * 11.0, 1.0) is first
    made(lambda a: a * 13.0, 1.0)
    assert made(lambda a: a * 11.0, 1.0) is first
    assert len(kernel._recent) == 2


def test_rows_of_one_s_own_are_made_each_time() -> None:
    @declare(partials=lambda x, out: (1.0,))
    def own(x: float) -> float:
        return x + 1.0

    try:
        assert made(lambda x: own(x), 1.0) is not made(lambda x: own(x), 1.0)
    finally:
        forget("own")


def test_it_says_how_large_it_is_and_how_long_it_took() -> None:
    code = made(lambda a: exp(a) * 77.0, 1.0)
    assert code.size > 100
    assert code.counts.seconds["machine code"] > 0.0
