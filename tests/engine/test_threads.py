"""Threads, tasks and generators that use the engine at once: each gets what it gets alone."""

import asyncio
import gc
import math
import random
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from contextvars import copy_context

import pytest
from waiting import SECONDS

from chainrule.engine import (
    Constant,
    Value,
    collector_paused,
    dot,
    exp,
    modes,
    no_grad,
    topological_order,
    total,
)

THREADS = 8
Result = tuple[float, ...]


@pytest.fixture(autouse=True)
def many_switches() -> Iterator[None]:
    """Make Python change threads every few operations, and look that all is as it was afterwards."""
    interval, enabled = sys.getswitchinterval(), gc.isenabled()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)
    assert gc.isenabled() == enabled
    x = Value(3.0)
    assert (x * x).operands == (x, x)


def trained(seed: int, steps: int = 12) -> Result:
    """Return the numbers of a small training: every kind of operation, the modes in every second step.

    All that follows from `seed`; nothing is shared with another call.
    """
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-1.0, 1.0)) for _ in range(6)]
    seen: list[float] = []
    for step in range(steps):
        with ExitStack() as blocks:
            if (seed + step) % 2:
                blocks.enter_context(collector_paused())
            with no_grad():
                guess = dot(leaves[:3], leaves[3:]) + leaves[0]
                assert type(guess) is Constant
                seen.append(guess.data)
            inner = leaves[step % 6]
            for leaf in leaves:
                inner = (inner * leaf + exp(leaf) / 3.0).tanh() - leaf.maximum(0.1) ** 2
                if seed % 3 == 0:
                    with no_grad():
                        assert (inner * leaf).operands == ()
                assert len((inner * leaf).operands) == 2
            loss = total([inner, guess, leaves[0] / 0.7]) ** 2
            assert len(topological_order(loss)) > 30
            loss.backward()
        seen += [loss.data, *[leaf.grad for leaf in leaves]]
        for leaf in leaves:
            leaf.data -= 0.01 * leaf.grad
            if step % 3:
                leaf.grad = 0.0
    return tuple(seen)


def at_once(works: list[Callable[[], Result]]) -> list[Result]:
    """Run the works in a thread each, started together, and return their results or raise their error."""
    barrier = threading.Barrier(len(works))
    results: list[Result] = [()] * len(works)
    errors: list[BaseException] = []

    def run(place: int) -> None:
        try:
            barrier.wait(timeout=SECONDS)
            results[place] = works[place]()
        except BaseException as error:  # handed to the caller's thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=SECONDS)
    if errors:
        raise errors[0]
    return results


def test_threads_at_once_get_the_results_they_get_alone() -> None:
    alone = [trained(seed, steps=40) for seed in range(THREADS)]
    assert len({*alone}) == THREADS
    assert all(math.isfinite(number) for result in alone for number in result)
    for _ in range(3):
        assert at_once([lambda seed=seed: trained(seed, steps=40) for seed in range(THREADS)]) == alone  # type: ignore[misc]


def test_a_thread_that_never_records_does_not_disturb_the_others() -> None:
    done = threading.Event()

    def predicting() -> Result:
        x = Value(0.5)
        with no_grad():
            while not done.is_set():
                assert (x * x).sin().operands == ()
        return ()

    def training(seed: int) -> Result:
        return trained(seed, steps=40)

    alone = [training(1), training(2)]
    thread = threading.Thread(target=predicting)
    thread.start()
    try:
        assert at_once([lambda: training(1), lambda: training(2)]) == alone
    finally:
        done.set()
        thread.join(timeout=SECONDS)


def test_threads_may_share_leaves_that_nobody_writes_to() -> None:
    weights = [Value(0.1 * i) for i in range(5)]

    def score(x: float) -> Result:
        out = [dot(weights, [x] * 5).tanh() for _ in range(200)]
        return tuple(value.data for value in out)

    alone = [score(0.1 * i) for i in range(THREADS)]
    assert at_once([lambda i=i: score(0.1 * i) for i in range(THREADS)]) == alone  # type: ignore[misc]


# -- tasks --------------------------------------------------------------------------------------------


async def told_apart(place: int, turns: int = 20) -> list[bool]:
    """Return whether operations were recorded, in and after no_grad blocks, with other tasks in between."""
    x, seen = Value(2.0), []
    for _ in range(turns):
        if place % 2:
            with no_grad():
                await asyncio.sleep(0)
                seen.append(bool((x * x).operands))
        await asyncio.sleep(0)
        y = x * x
        await asyncio.sleep(0)
        seen.append(bool((y * x).operands))
    return seen


def test_a_block_in_one_task_does_not_reach_another() -> None:
    async def all_at_once() -> list[list[bool]]:
        return await asyncio.gather(*[told_apart(place) for place in range(THREADS)])

    for place, seen in enumerate(asyncio.run(all_at_once())):
        assert seen == ([False, True] if place % 2 else [True]) * 20


def test_a_task_started_inside_a_block_is_inside_it() -> None:
    x = Value(2.0)

    async def recorded() -> bool:
        await asyncio.sleep(0)
        return bool((x * x).operands)

    async def both() -> tuple[bool, bool]:
        with no_grad():
            inside = await asyncio.create_task(recorded())
        return inside, await asyncio.create_task(recorded())

    assert asyncio.run(both()) == (False, True)


def test_a_context_that_outlives_its_block_does_not_depend_on_other_blocks() -> None:
    x = Value(2.0)
    with no_grad():
        left_over = copy_context()  # as every task and every to_thread does

    def recorded() -> bool:
        return bool((x * x).operands)

    alone = left_over.run(recorded)
    with no_grad():  # of this context, or of any thread
        meanwhile = left_over.run(recorded)
    assert alone == meanwhile


def test_a_task_that_is_cancelled_inside_a_block_ends_it() -> None:
    async def cancelled() -> None:
        async def waiting() -> None:
            with no_grad():
                await asyncio.sleep(60)

        task = asyncio.create_task(waiting())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(cancelled())
    assert modes.open_blocks == 0


def test_work_sent_to_a_thread_takes_the_tasks_mode_along() -> None:
    x = Value(2.0)

    async def main() -> tuple[bool, bool]:
        with no_grad():  # to_thread copies the context; a bare thread does not
            inside = await asyncio.to_thread(lambda: bool((x * x).operands))
        return inside, await asyncio.to_thread(lambda: bool((x * x).operands))

    assert asyncio.run(main()) == (False, True)


# -- generators ---------------------------------------------------------------------------------------


def predictions(x: Value) -> Generator[Value, None, None]:
    """Yield products, each computed in a block of its own that is closed before the yield."""
    while True:
        with no_grad():
            product = x * x
        yield product


def test_a_generator_that_closes_its_block_before_it_yields_is_told_apart() -> None:
    x = Value(2.0)
    for product in (next(predictions(x)) for _ in range(3)):
        assert product.operands == ()
        assert (x * x).operands == (x, x)


def recorded_operands(x: Value) -> int:
    return len((x * x).operands)


def held_open(x: Value) -> Generator[Value, None, None]:
    """Yield from inside a block."""
    with no_grad():
        while True:
            yield x * x


def test_a_generator_that_yields_inside_a_block_leaves_it_open_for_its_caller() -> None:
    # As with every context variable: Python gives generators no context of their own (PEP 568 was
    # withdrawn). What holds is that the block ends with the generator.
    x = Value(2.0)
    numbers = held_open(x)
    assert not next(numbers).operands
    assert recorded_operands(x) == 0
    numbers.close()
    assert recorded_operands(x) == 2


def test_a_generator_in_a_context_of_its_own_keeps_its_block_to_itself() -> None:
    x = Value(2.0)
    numbers, context = held_open(x), copy_context()
    assert context.run(next, numbers).operands == ()
    assert recorded_operands(x) == 2
    assert context.run(next, numbers).operands == ()
    context.run(numbers.close)
    assert recorded_operands(x) == 2
