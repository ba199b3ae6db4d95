"""Checking gradients: reverse mode against forward mode against differences, and whose fault it is."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .differences import complex_step, extrapolated, one_sided, slope
from .known import check_known
from .modes import no_grad, watching
from .recorded import Recorded, check_function, record
from .tree import flatten
from .value import Value

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
"""The engine's own folder, of which no line is anybody's mistake but ours."""
Source = tuple[str, int]


class GradientError(AssertionError):
    """A gradient that differs from what it should be; the message says where, and whose fault it is."""


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` compared. Differences are relative to the larger of 1 and the derivative."""

    inputs: int
    outputs: int
    forward: float
    """The largest difference between reverse and forward mode."""
    differences: float
    """The largest difference between reverse mode and slopes from values alone."""
    complex_steps: int
    """How many of those slopes are by the complex step; the others are by central differences."""

    def __str__(self) -> str:
        return (
            f"{self.outputs} x {self.inputs} derivatives: forward mode within {self.forward:.1e}, "
            f"differences within {self.differences:.1e} ({self.complex_steps} by the complex step)"
        )


def check_gradients(f: Callable[..., Any], *args: Any, tolerance: float = 1e-6) -> GradientReport:
    """Compare the derivatives of f at `args`: reverse mode, forward mode, and differences of its values.

    f, args: as for `grad`; f may return several numbers. Every number in every argument is checked.
    tolerance: by how much the derivatives may differ, relative to the larger of 1 and the derivative;
    where differences settle less sharply than that, their own error estimate is allowed for.
    Returns what was compared, for printing. Raises GradientError where they disagree, naming the operation
    to blame, its line, and whether it is a kink, a matter of step size, or a wrong rule.

    >>> from chainrule.engine import exp, sin
    >>> report = check_gradients(lambda x, y: exp(sin(x)) * y, 0.5, 2.0)
    >>> report.inputs, report.forward < 1e-15, report.differences < 1e-9
    (2, True, True)
    """
    check_function(f, "check_gradients")
    check_known("check_gradients", args)
    sources: dict[Value, Source] = {}

    def note(node: Value) -> None:
        sources[node] = _calling_line()

    with watching(note):
        run = record(f, args, {}, range(len(args)), "check_gradients")
    if not run.outputs:
        raise TypeError("check_gradients: f returned no number")
    reverse = [
        [_number(d) for d in run.gradients(_unit(i, len(run.outputs)))] for i in range(len(run.outputs))
    ]
    worst_forward = worst_difference = 0.0
    complex_steps = 0
    for j in range(len(run.inputs)):
        forward = [_number(d) for d in run.directional(_unit(j, len(run.inputs)))]
        for i in range(len(run.outputs)):
            off = _off(reverse[i][j], forward[i])
            if not off <= tolerance:
                modes = f"reverse mode says {reverse[i][j]!r}, forward mode {forward[i]!r}"
                raise GradientError(f"output {i} by input {j}: {modes}")
            worst_forward = max(worst_forward, off)
            off, by_complex_step = _check_one(f, args, run, i, j, reverse[i][j], tolerance, sources)
            worst_difference = max(worst_difference, off)
            complex_steps += by_complex_step
    return GradientReport(len(run.inputs), len(run.outputs), worst_forward, worst_difference, complex_steps)


def _check_one(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    run: Recorded,
    i: int,
    j: int,
    derivative: float,
    tolerance: float,
    sources: dict[Value, Source],
) -> tuple[float, bool]:
    """Return how far output i by input j is from its slope, and whether that is by the complex step."""
    numbers = [_number(value) for value in run.inputs]

    def at(x: Any, kind: Callable[[float], Any]) -> Any:
        moved = run.of_inputs([*map(kind, numbers[:j]), x, *map(kind, numbers[j + 1 :])])
        with no_grad():
            returned = f(*moved)
        return flatten(returned)[0][i]

    exact = complex_step(lambda z: at(z, float), numbers[j])
    if exact is not None and math.isfinite(derivative) and _off(derivative, exact) <= tolerance:
        return _off(derivative, exact), True
    # Where the complex step disagrees it proves nothing: abs(), for one, means something else there.
    estimate = slope(lambda x: _number(at(Value(x), Value)), numbers[j])
    allowed = tolerance + 10.0 * estimate.error / max(1.0, abs(derivative))
    off = _off(derivative, estimate.value)
    if off <= allowed and estimate.error < 0.01 * max(1.0, abs(derivative)):
        return off, False
    raise GradientError(
        f"output {i} by input {j}: the gradient is {derivative!r}, differences say {estimate.value!r} "
        f"(within {estimate.error:.1e}). {_blame(run, sources, tolerance)}"
    )


def _blame(run: Recorded, sources: dict[Value, Source], tolerance: float) -> str:
    """Return a sentence on the operation whose own partials differ from its own differences."""
    for node in run.order:
        for k, partial in enumerate(node.partials):
            verdict = _verdict(node, k, partial, tolerance)
            if verdict:
                file, line = sources.get(node, ("?", 0))
                return f"To blame: {node!r} at {os.path.basename(file)}:{line}: {verdict}"
    return (
        "The rule of every operation is right by itself: f reads numbers past the graph (.data, item(), "
        "detach()), branches on them right here, gives another result each time, or loses its digits to "
        "cancellation."
    )


def _verdict(node: Value, k: int, partial: float, tolerance: float) -> str:
    """Return what is wrong with partial k of `node`, or nothing."""
    primitive = node.primitive
    assert primitive is not None
    numbers = [operand.data for operand in node.operands]
    if not math.isfinite(node.data) or not math.isfinite(partial):
        return f"not finite: its value is {node.data!r} and its partial {k} is {partial!r}"

    def of_operand(x: float) -> float:
        return primitive.linearize(*numbers[:k], x, *numbers[k + 1 :])[0]

    estimate = slope(of_operand, numbers[k])
    if _off(partial, estimate.value) <= tolerance + 10.0 * estimate.error and estimate.error < 0.01:
        return ""
    jump = _jump(of_operand, numbers[k])
    if jump is not None:
        return (
            f"a kink: its value jumps from {jump[0]:.6g} to {jump[1]:.6g} where operand {k} passes "
            f"{numbers[k]!r}; the rule there is {partial!r}"
        )
    left, right = one_sided(of_operand, numbers[k])
    wider = one_sided(of_operand, numbers[k], 1e-5)
    settled = _off(left, wider[0]) < 1e-3 and _off(right, wider[1]) < 1e-3
    # Where the function turns many times within the steps, far smaller ones may still find the rule right.
    size = abs(numbers[k]) or 1.0
    fine = [extrapolated(of_operand, numbers[k], size * step) for step in (1e-9, 1e-11, 1e-13)]
    nearer = min(0.01, 0.1 * _off(partial, estimate.value))
    settled &= not any(_off(partial, e.value) <= nearer and e.error < 0.1 * nearer for e in fine)
    if settled and _off(left, right) > 1e-3:
        return (
            f"a kink: its slope by operand {k} is {left:.6g} on the left and {right:.6g} on the right of "
            f"{numbers[k]!r}; the rule there is {partial!r}"
        )
    if not settled or estimate.error > 1e-3 * max(1.0, abs(estimate.value)):
        return (
            f"a matter of step size: differences by operand {k} at {numbers[k]!r} do not settle "
            f"({estimate.value!r} within {estimate.error:.1e}); the rule says {partial!r}"
        )
    return (
        f"a wrong rule: partial {k} of the row {primitive.name!r} gives {partial!r} at "
        f"{tuple(numbers)}, differences of its values say {estimate.value!r}"
    )


def _jump(f: Callable[[float], float], x: float) -> tuple[float, float] | None:
    """Return the values of f just left and just right of x, if they stay apart however near one comes."""
    size = max(abs(x), 1.0)
    left, right = f(x - 1e-12 * size), f(x + 1e-12 * size)
    gap, wider = right - left, f(x + 1e-9 * size) - f(x - 1e-9 * size)
    apart = abs(gap) > 1e-9 * max(1.0, abs(left), abs(right))
    return (left, right) if apart and abs(wider - gap) < 0.1 * abs(gap) else None


def _off(a: float, b: float) -> float:
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    return abs(a - b) / max(1.0, abs(a), abs(b))


def _number(value: Any) -> float:
    return float(value.data if isinstance(value, Value) else value)


def _unit(i: int, n: int) -> list[float]:
    return [1.0 if j == i else 0.0 for j in range(n)]


def _calling_line() -> Source:
    """Return the file and line outside the engine that is being run."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HERE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno
