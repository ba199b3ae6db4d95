"""LLVM: text in, a callable address out."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from threading import RLock
from typing import Any, TypeVar

import llvmlite.binding as llvm

Made = TypeVar("Made")
_first = RLock()


def once(make: Callable[[], Made]) -> Callable[[], Made]:
    """Return a function that gives what `make` gave at its first call: of several threads one makes it."""
    kept = cache(make)

    def get() -> Made:
        with _first:
            return kept()

    return get


@once
def _target() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    # The two instruction schedulers are what takes more than linear time in long straight-line code, and what
    # they gain there cannot be measured. The options hold for the whole process and must be set first.
    for option in ("-post-RA-scheduler=false", "-enable-misched=false"):
        llvm.set_option("chainrule", option)
    return llvm.Target.from_default_triple()


def _machine(level: int = 2) -> Any:
    name, features = cpu()
    return _target().create_target_machine(cpu=name, features=features, opt=level, jit=True)


@cache
def cpu() -> tuple[str, str]:
    """Return the name and the features of this machine's processor: what code is made for."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def has_avx512() -> bool:
    """Return whether this machine's processor has vectors of eight doubles, with their instructions."""
    return "+avx512f" in cpu()[1].split(",")


def object_code(text: str, level: int = 2) -> bytes:
    """Return the machine code of a module in LLVM's language, as an object file of this system.

    No optimisation pass is run: the text says what is to be done.
    level: of code generation, 0 to 3; 2 gives the fastest code or equal.
    """
    made: bytes = _machine(level).emit_object(llvm.parse_assembly(text))
    return made


class Code:
    """Machine code in memory, for as long as this object lives.

    made: what `object_code` gave. It is trusted: bytes from elsewhere do whatever they do.
    """

    def __init__(self, made: bytes) -> None:
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(made))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Return where the function of that name begins."""
        address: int = self._engine.get_function_address(name)
        return address

    def function(self, name: str, *arguments: Any) -> Callable[..., None]:
        """Return the function of that name, for ctypes arguments of these types; it releases the GIL."""
        made: Callable[..., None] = ctypes.CFUNCTYPE(None, *arguments)(self.address(name))
        made.code = self  # type: ignore[attr-defined]  # which must live as long as the function may be called
        return made
