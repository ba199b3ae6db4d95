"""A small model, data for it, and what is said while a training loop runs."""

import warnings
from collections.abc import Callable

from chainrule.engine import Value, total
from chainrule.nn import Module, Parameter, TrainingWarning, squared_error

XS, YS = [[0.0], [0.5], [1.0]], [1.0, 0.0, 2.0]


class Line(Module):
    """slope * x + offset."""

    def __init__(self) -> None:
        self.slope, self.offset = Parameter(0.5), Parameter(0.0)

    def __call__(self, x: list[float]) -> Value:
        """Return where the line is at x."""
        return self.slope * x[0] + self.offset


def loss_of(model: Callable[[list[float]], Value]) -> Value:
    """Return the sum of the squared errors on the data."""
    return total([squared_error(model(x), y) for x, y in zip(XS, YS, strict=True)])


def loss_of_plain(w: Value, b: Value) -> Value:
    """Return how far w * x + b is from two points."""
    return (w * 0.5 + b - 1.0) ** 2 + (w * 2.0 + b + 1.0) ** 2


def caught(program: Callable[[], None]) -> list[warnings.WarningMessage]:
    """Return the warnings of a program, repeated ones as often as they are repeated."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        program()
    return said


def only(program: Callable[[], None]) -> tuple[type[Warning], str]:
    """Return the only warning of a program, which is a `TrainingWarning` at one of its own lines."""
    (warning,) = caught(program)
    assert warning.filename == program.__code__.co_filename
    assert issubclass(warning.category, TrainingWarning)
    return warning.category, str(warning.message)
