"""Python called from machine code, by addresses."""

import ctypes
import threading
from typing import Any

import pytest

from chainrule.engine import TABLE, declare, forget
from chainrule.engine.compiler.callbacks import Callbacks
from chainrule.engine.primitive import Primitive

FUNCTION = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.POINTER(ctypes.c_double), ctypes.c_int64)


def call(callbacks: Callbacks, place: int, *numbers: float) -> float:
    """Call a function as machine code does: by its address, with numbers in memory."""
    result: float = FUNCTION(int(callbacks.table[place]))(
        (ctypes.c_double * len(numbers))(*numbers), len(numbers)
    )
    return result


@pytest.fixture
def refusing() -> Any:
    @declare(partials=lambda x, out: (1.0,))
    def refusing(x: float) -> float:
        if x < 0.0:
            raise LookupError(f"{x} is below 0")
        return 2.0 * x

    yield refusing
    forget("refusing")


def test_each_row_has_an_address_and_gets_its_operands() -> None:
    callbacks = Callbacks([TABLE["lgamma"], TABLE["hypot"]])
    assert call(callbacks, 0, 5.0) == TABLE["lgamma"](5.0)
    assert call(callbacks, 1, 3.0, 4.0) == 5.0
    assert call(callbacks, 1, 2.0, 3.0, 6.0) == 7.0
    callbacks.check()


def test_without_rows_there_is_a_table_that_nobody_reads() -> None:
    callbacks = Callbacks([])
    assert not callbacks
    assert callbacks.table.tolist() == [0]
    assert Callbacks([TABLE["lgamma"]])


def test_an_error_is_kept_until_the_run_is_over_and_further_calls_give_nan(refusing: Primitive) -> None:
    callbacks = Callbacks([refusing])
    first, second = call(callbacks, 0, -1.0), call(callbacks, 0, 3.0)
    assert first != first
    assert second != second
    with pytest.raises(LookupError, match=r"-1\.0 is below 0"):
        callbacks.check()
    callbacks.check()
    assert call(callbacks, 0, 3.0) == 6.0


def test_the_error_of_one_thread_is_no_other_s(refusing: Primitive) -> None:
    callbacks = Callbacks([refusing])
    found: list[float] = []

    def other() -> None:
        found.append(call(callbacks, 0, 4.0))
        callbacks.check()

    call(callbacks, 0, -2.0)
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert found == [8.0]
    with pytest.raises(LookupError, match=r"-2\.0 is below 0"):
        callbacks.check()


def test_an_interrupt_is_kept_too() -> None:
    @declare(partials=lambda x, out: (1.0,))
    def interrupted(x: float) -> float:
        raise KeyboardInterrupt

    try:
        callbacks = Callbacks([interrupted])
        call(callbacks, 0, 1.0)
        with pytest.raises(KeyboardInterrupt):
            callbacks.check()
    finally:
        forget("interrupted")
