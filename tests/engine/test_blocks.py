"""The context managers of the engine: kept, entered again, by several threads and tasks at a time."""

import asyncio
import contextvars
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chainrule.engine import (
    Value,
    branches,
    collector_paused,
    enable_grad,
    modes,
    no_grad,
    record_sources,
    scope,
    strict,
)
from chainrule.engine.about import about

OPENED: dict[str, Callable[[], Any]] = {
    "no_grad": no_grad,
    "enable_grad": enable_grad,
    "strict": strict,
    "collector_paused": collector_paused,
    "record_sources": record_sources,
    "scope": lambda: scope("part"),
    "branches": branches,
}


@pytest.mark.parametrize("name", OPENED)
def test_every_block_may_be_kept_and_entered_again_and_in_itself(name: str) -> None:
    kept = OPENED[name]()

    def seen() -> tuple[bool, bool, bool, bool]:
        y = Value(2.0) * 3.0
        known = about(y)
        noted = known is not None and (known.source is not None or known.scope[:4] == "part")
        return modes.is_strict(), modes.recording(), gc.isenabled(), noted or modes.ledger() is not None

    outside = seen()
    for _ in range(2):
        with kept:
            inside = seen()
            with kept:
                assert seen() == inside
            assert seen() == inside
        assert seen() == outside
    with pytest.raises(ZeroDivisionError), kept:
        1 / 0  # noqa: B018
    assert (name == "enable_grad") is (inside == outside)
    assert modes.open_blocks == 0


def recorded(x: Value) -> bool:
    return (x * x).operands != ()


def test_one_block_is_entered_by_several_threads_and_tasks_at_a_time() -> None:
    kept, x = no_grad(), Value(2.0)

    async def task(enter: asyncio.Event, entered: asyncio.Event, leave: asyncio.Event) -> list[bool]:
        await enter.wait()
        with kept:
            entered.set()
            await leave.wait()
            inside = recorded(x)
        return [inside, recorded(x)]

    async def overlapping() -> list[list[bool]]:
        begin, first_in, both_in, first_out = [asyncio.Event() for _ in range(4)]
        begin.set()
        first = asyncio.create_task(task(begin, first_in, both_in))
        second = asyncio.create_task(task(first_in, both_in, first_out))
        first.add_done_callback(lambda _: first_out.set())
        return list(await asyncio.gather(first, second))

    assert asyncio.run(overlapping()) == [[False, True], [False, True]]
    entered, leave = threading.Event(), threading.Event()

    def thread() -> None:
        with kept:
            entered.set()
            assert leave.wait(30)

    other = threading.Thread(target=thread)
    other.start()
    assert entered.wait(30)
    with kept:
        assert not recorded(x)
    leave.set()
    other.join()
    assert recorded(x)
    assert modes.open_blocks == 0


def test_a_pause_may_end_in_another_context_than_it_began_in() -> None:
    kept = collector_paused()
    contextvars.Context().run(kept.__enter__)
    assert not gc.isenabled()
    kept.__exit__(None, None, None)
    assert gc.isenabled()


def test_blocks_that_overlap_end_each_its_own() -> None:
    kept, around, x, elsewhere = no_grad(), strict(), Value(2.0), contextvars.Context()
    kept.__enter__()
    around.__enter__()
    elsewhere.run(kept.__enter__)
    kept.__exit__(None, None, None)
    assert recorded(x)
    assert not elsewhere.run(recorded, x)
    elsewhere.run(kept.__exit__, None, None, None)
    assert elsewhere.run(recorded, x)
    assert modes.is_strict()
    around.__exit__(None, None, None)
    assert not modes.is_strict()
    assert modes.open_blocks == 0


def test_generators_end_their_blocks_in_any_order() -> None:
    x = Value(2.0)

    def held(opened: Any) -> Iterator[None]:
        with opened:
            yield

    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)):
        generators = [held(no_grad()) for _ in range(3)]
        for generator in generators:
            next(generator)
        for place in order:
            assert not recorded(x)
            generators[place].close()  # type: ignore[attr-defined]
        assert recorded(x)
        assert modes.open_blocks == 0


def test_blocks_that_overlap_without_an_end_keep_nothing_of_those_that_ended() -> None:
    previous = no_grad()
    previous.__enter__()
    for _ in range(5):
        following = no_grad()
        following.__enter__()
        previous.__exit__(None, None, None)
        previous = following
    innermost = modes._recording.get()
    assert innermost is not None
    assert innermost.outer is None
    previous.__exit__(None, None, None)
    assert modes._recording.get() is None


@pytest.mark.parametrize("name", OPENED)
def test_a_block_left_without_being_entered_says_so(name: str) -> None:
    opened = OPENED[name]()
    text = rf"{name} is left without having been entered: write `with {name}\(\):`"
    with pytest.raises(RuntimeError, match=text):
        opened.__exit__(None, None, None)
    with opened:
        pass
    with pytest.raises(RuntimeError, match=text):
        opened.__exit__(None, None, None)
    assert modes.open_blocks == 0


@pytest.mark.parametrize("name", OPENED)
def test_a_class_is_not_decorated(name: str) -> None:
    class Model:
        pass

    text = rf"@{name} decorates functions, got the class Model: decorate the methods that need it, or write"
    with pytest.raises(TypeError, match=text):
        OPENED[name]()(Model)
    with pytest.raises(TypeError, match=f"@{name} decorates functions, got 3.0: decorate the methods"):
        OPENED[name]()(3.0)


def test_a_class_is_not_decorated_without_parentheses_either() -> None:
    class Model:
        pass

    for decorate in (no_grad, enable_grad, strict, collector_paused, record_sources):
        with pytest.raises(TypeError, match="decorates functions, got the class Model"):
            decorate(Model)
