"""How far the compiler's vector functions are from the truth: `python benchmarks/vector_accuracy.py`.

Every function is compared with mpmath at random points, at the edges of its domain and where its formula
changes, on this machine's processor and as code for one without fused multiplication. The worst error is
printed in units in the last place (ulp) of the exact result. Exits with 1 where one is larger than the
function states.

    python benchmarks/vector_accuracy.py --points 20000 --only tanh log
"""

from __future__ import annotations

import argparse
import ctypes
import math
import platform
import random
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from unittest.mock import patch

import mpmath
import numpy as np
from _accuracy_points import EDGES, points_of
from _accuracy_references import REFERENCES
from accuracy import DIGITS, error_in_ulps
from mpmath import mpf
from numpy.typing import NDArray

from chainrule.engine import TABLE
from chainrule.engine.compiler import machine
from chainrule.engine.compiler.vector_functions import BOUNDS, vector_function

WIDTH = 8
PLAIN = "x86-64"
"""A processor without fused multiplication."""


def on_all(name: str, xs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what the vector function makes of the numbers."""
    function = vector_function(name, WIDTH)
    kind = f"<{WIDTH} x double>"
    text = f"""define void @run(ptr %from, ptr %to, i64 %count) {{
entry:
  br label %next
next:
  %i = phi i64 [0, %entry], [%i1, %next]
  %source = getelementptr {kind}, ptr %from, i64 %i
  %target = getelementptr {kind}, ptr %to, i64 %i
  %x = load {kind}, ptr %source, align 8
  %y = call {kind} @{function.name}({kind} %x)
  store {kind} %y, ptr %target, align 8
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, %count
  br i1 %more, label %next, label %done
done:
  ret void
}}
attributes #0 = {{ nounwind }}
"""
    count = -(-len(xs) // WIDTH)
    held = np.resize(xs, count * WIDTH)
    found = np.empty_like(held)
    code = machine.Code(machine.object_code("\n".join([*sorted(function.needed), text])))
    run = code.function("run", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    run(held.ctypes.data, found.ctypes.data, count)
    return found[: len(xs)]


def points(name: str, count: int) -> NDArray[np.float64]:
    """Return random points, edges, and points around those where the function's formula changes."""
    return np.array(list(dict.fromkeys(filter(math.isfinite, _points(name, count)))))


def _points(name: str, count: int) -> Iterator[float]:
    rng = random.Random(f"{name} 2")
    for (x,) in points_of(TABLE[name], count // 2):
        yield x
    special = {
        "exp": (math.log(2.0) / 2, 709.78, -708.4, -745.13),
        "exp2": (0.5, 1023.99, -1022.0, -1074.5),
        "expm1": (math.log(2.0) / 2, -0.5, 0.0, 709.78, -36.7),
        "log": (1.0, math.sqrt(0.5), math.sqrt(2.0), 2.0**-1022, 1e308),
        "log1p": (0.0, math.sqrt(0.5) - 1.0, math.sqrt(2.0) - 1.0, 1.0, -1.0 + 1e-10),
        "tanh": (0.625, 0.0, 19.0, 22.0),
        "sin": (math.pi / 4, 1e5),
        "cos": (math.pi / 4, 1e5),
    }[name]
    for _ in range(count - count // 2):
        if name in ("sin", "cos") and rng.random() < 0.5:  # beside their zeros
            turns = rng.randrange(1, rng.choice([5, 100, 63000]))
            yield math.nextafter(turns * (math.pi / 4), rng.choice([-math.inf, math.inf]))
            continue
        x = rng.choice(special)
        yield x + (abs(x) + 1e-3) * rng.uniform(-1.0, 1.0) * 10.0 ** rng.uniform(-16.0, 0.0)


def worst(name: str, xs: NDArray[np.float64]) -> tuple[float, float]:
    """Return the largest error in ulp of the exact result, and where it is."""
    most, where = 0.0, math.nan
    reference = REFERENCES[name].value
    for x, got in zip(xs.tolist(), on_all(name, xs).tolist(), strict=True):
        with mpmath.workdps(DIGITS + max(0, int(math.log10(abs(x) or 1.0))) + 20):
            try:
                exact = reference(mpf(x))
            except (ZeroDivisionError, ValueError, OverflowError):
                continue  # a pole or outside the domain: see `at_ends`
            if isinstance(exact, mpmath.mpc) or not mpmath.isfinite(exact):
                continue
            error = error_in_ulps(got, exact)
        if not error <= most:
            most, where = error, x
    return most, where


def at_ends(name: str) -> list[float]:
    """Return the edges where the function is not what the row of the table says: inf, nan, 0 and its sign."""
    edges = [*EDGES, math.inf, math.nan, 2.0**52, 1e5, math.nextafter(1e5, math.inf)]
    xs = np.array([sign * x for x in edges for sign in (1.0, -1.0)])
    wrong = []
    for x, got in zip(xs.tolist(), on_all(name, xs).tolist(), strict=True):
        expected = TABLE[name](x)
        alike = math.isnan(got) if math.isnan(expected) else got == expected and _sign(got) == _sign(expected)
        plain = math.isfinite(expected) and expected != 0.0
        if not alike and not (plain and abs(got - expected) <= 4.0 * math.ulp(expected)):
            wrong.append(x)
    return wrong


def _sign(x: float) -> float:
    return math.copysign(1.0, x)


def processors() -> list[tuple[str, str]]:
    """Return this machine's processor, and where code for it runs here one without fused multiplication."""
    return [machine.cpu(), *([(PLAIN, "")] if platform.machine() in ("x86_64", "AMD64") else [])]


def made_for(processor: tuple[str, str]) -> AbstractContextManager[object]:
    """Return what makes machine code be for another processor inside a `with`."""
    return patch.object(machine, "cpu", lambda: processor)


def main() -> int:
    """Measure the functions asked for; return 1 where one is worse than it states."""
    parser = argparse.ArgumentParser(description="How far vector functions are from the truth.")
    parser.add_argument("--points", type=int, default=20_000)
    parser.add_argument("--only", nargs="*", choices=list(BOUNDS), default=list(BOUNDS))
    chosen = parser.parse_args()
    failed = False
    for name in chosen.only:
        xs = points(name, chosen.points)
        for processor in processors():
            with made_for(processor):
                error, where = worst(name, xs)
                wrong = at_ends(name)
            exceeded = not error <= BOUNDS[name] or bool(wrong)
            failed |= exceeded
            print(
                f"{name:6} {processor[0]:10} {len(xs):6} points  {error:.3f} ulp at {where!r}, "
                f"states {BOUNDS[name]}{'  EXCEEDED' * exceeded}{f' wrong at {wrong}' if wrong else ''}",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
