"""LLVM: text in, a callable address out."""

import ctypes
import gc
import threading

import numpy as np
import pytest

from chainrule.engine.compiler.machine import Code, cpu, object_code, once

TWICE = "define double @twice(double %x) {\n  %y = fadd double %x, %x\n  ret double %y\n}\n"
STORE = "define void @store(ptr %p, i64 %n) {\n  store i64 %n, ptr %p, align 8\n  ret void\n}\n"


def test_text_becomes_a_function() -> None:
    code = Code(object_code(TWICE))
    assert ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(code.address("twice"))(21.0) == 42.0


def test_the_same_bytes_may_be_loaded_again() -> None:
    made = object_code(TWICE)
    assert isinstance(made, bytes)
    first, second = Code(made), Code(made)
    assert first.address("twice") != second.address("twice")


def test_a_function_keeps_its_code() -> None:
    function = Code(object_code(STORE)).function("store", ctypes.c_void_p, ctypes.c_int64)
    gc.collect()
    out = np.zeros(1, np.int64)
    function(out.ctypes.data, 7)
    assert out[0] == 7


def test_every_level_of_code_generation_gives_the_same_results() -> None:
    for level in range(4):
        code = Code(object_code(TWICE, level))
        assert ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(code.address("twice"))(0.1) == 0.2


def test_text_that_is_none_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="LLVM IR parsing error"):
        object_code("define nonsense")


def test_the_processor_has_a_name_and_features() -> None:
    name, features = cpu()
    assert name
    assert isinstance(features, str)


def test_what_is_made_once_is_made_once_also_by_several_threads() -> None:
    made: list[int] = []
    gate = threading.Barrier(4)
    get = once(lambda: made.append(1) or len(made))  # type: ignore[func-returns-value]
    found: list[int] = []

    def ask() -> None:
        gate.wait()
        found.append(get())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (made, found) == ([1], [1, 1, 1, 1])
