"""Small programs for the tests of the compiler's modules, and what is written in LLVM's language, run."""

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.compiler.arithmetic import Arithmetic
from chainrule.engine.compiler.build import Wanted, grouped, lowered
from chainrule.engine.compiler.groups import Placed
from chainrule.engine.compiler.machine import Code, object_code
from chainrule.engine.compiler.module import ARGUMENTS
from chainrule.engine.compiler.operands import Pools
from chainrule.engine.compiler.program import Places, Program, normal_form
from chainrule.engine.compiler.record import Recording, record
from chainrule.engine.compiler.text import DOUBLE, Real

ATTRIBUTES = 'attributes #0 = { nounwind "prefer-vector-width"="512" }'


def code_of(text: str) -> Code:
    """Return machine code of functions that other modules can call."""
    return Code(object_code(text.replace("define internal", "define") + ATTRIBUTES))


def recorded(f: Callable[..., Any], *arguments: Any, batched: Sequence[int] = ()) -> Recording:
    """Return the recording of a function of positional arguments; of batched ones they are one sample."""
    return record(f, arguments, (), set(batched))


def normal(f: Callable[..., Any], *arguments: Any) -> tuple[Program, Places]:
    """Return a function's program in normal form, and the nodes of its results."""
    recording = recorded(f, *arguments)
    return normal_form(recording.tape, [entry for entry in recording.outputs if isinstance(entry, int)])


def wanted_of(
    recording: Recording, by: Sequence[int] = (), batched: Sequence[int] = (), **options: Any
) -> Wanted:
    """Return that the outputs are wanted, and derivatives by some of the arguments."""
    per_sample = [place in batched for place, entries in enumerate(recording.inputs) for _ in entries]
    outputs = [entry for entry in recording.outputs if isinstance(entry, int)]
    entries = [entry for place in by for entry in recording.inputs[place]]
    return Wanted(outputs, entries, np.array(per_sample, bool), **options)


def placed_of(f: Callable[..., Any], *arguments: Any, **wanted: Any) -> tuple[Placed, Places]:
    """Return a function's program in groups, with what `wanted_of` says, and the wanted nodes."""
    recording = recorded(f, *arguments, batched=wanted.get("batched", ()))
    what = wanted_of(recording, **wanted)
    program, places = lowered(recording.tape, what)
    return grouped(program, what), places


def lines(program: Program) -> list[str]:
    """Return a line for each node: `n4 = sum + n0 * n1 - n2`, `n5 = tanh n4`."""
    found = []
    for node in range(len(program)):
        kind = program.kinds[program.kind[node]]
        text = f"n{node} = {kind.name}"
        for t in range(program.first[node], program.first[node + 1]):
            sign = ("+ " if program.sign[t] > 0 else "- ") if kind.name.startswith("sum") else ""
            factor = f" * n{program.b[t]}" if program.b[t] >= 0 else ""
            text += f" {sign}n{program.a[t]}{factor}"
        if not program.counts()[node]:
            text += f" {program.number[node]:g}"
        found.append(text)
    return found


def run(writer: Arithmetic, **memory: NDArray[Any]) -> None:
    """Compile what was written and run it: P, X, U and T are its memory, its pools the tables."""
    pools = writer.pools
    tables = {
        "K": np.concatenate([*pools.numbers, np.zeros(1)]),
        "I": np.concatenate([*pools.places, np.zeros(1, np.int32)]),
    }
    body = "\n".join(writer.lines)
    text = f"define void @f({ARGUMENTS}) #0 {{\nentry:\n{body}\n  ret void\n}}\n{ATTRIBUTES}\n"
    code = Code(object_code("\n".join([*sorted(writer.declared), text])))
    held = [(memory | tables).get(name, np.zeros(1)) for name in "PXUTKIF"]
    arguments = [ctypes.c_void_p] * len(held) + [ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64]
    lanes = getattr(writer, "lanes", 0)
    code.function("f", *arguments)(*[array.ctypes.data for array in held], lanes, 0, 0)


def computed(
    write: Callable[[Arithmetic, list[str]], str],
    *operands: float | Sequence[float],
    exact: bool = False,
    real: Real = DOUBLE,
) -> list[float]:
    """Return what some instructions make of operands, which are numbers or vectors of one width."""
    dtype = "float64" if real is DOUBLE else "float32"
    given = np.atleast_2d(np.array(operands, dtype).T).T.copy()
    writer = Arithmetic(Pools(), exact, set(), real)
    writer.width = given.shape[1]
    names = []
    for k in range(len(given)):
        at = writer.pointer("%P", ("", k * writer.width))
        names.append(writer.value(f"load {writer.type}, ptr {at}, align {real.size}"))
    result = write(writer, names)
    writer.do(f"store {writer.type} {result}, ptr %U, align {real.size}")
    out = np.zeros(writer.width, dtype)
    run(writer, P=given, U=out)
    found: list[float] = out.tolist()
    return found
