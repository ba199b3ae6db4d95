"""The loss as a function of the weights: evaluated anywhere, after which every weight is put back."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any, TypeAlias

from ...engine import Value, no_grad
from ...engine.value import described
from ...nn import DescentPath, Module, Scores
from ...nn.state import entries, shape
from ...nn.tree import is_parameter
from ..learning import LearningRecorder
from .sheet import drawable

Vector: TypeAlias = list[float]
Start: TypeAlias = Module | float | Sequence[Any]
Path: TypeAlias = DescentPath | LearningRecorder | Sequence[float] | Sequence[Sequence[float]]
Paths: TypeAlias = Path | Mapping[str, Path]
"""One descent, or several by name."""


class Landscape:
    """A loss that can be asked for at any point of its space.

    Of a model the point is its parameters in the order of `parameters()`; of a function it is the function's
    argument, a number or several.
    """

    def __init__(self, what: str, loss: Callable[..., Any], start: Start) -> None:
        if not callable(loss):
            raise TypeError(f"{what} takes a function that returns the loss, got {described(loss)}")
        self._what, self._loss = what, loss
        self.model = start if isinstance(start, Module) else None
        self.parameters: list[Value] = []
        self.is_number = False
        if isinstance(start, Module):
            self.parameters = start.parameters()
            if not self.parameters:
                raise ValueError(f"{what}: {type(start).__name__} has no parameters")
            self.names = [name for name, _ in start.named_parameters()]
        elif isinstance(start, Value) or (
            isinstance(start, list | tuple) and start and all(isinstance(part, Value) for part in start)
        ):
            self.parameters = [start] if isinstance(start, Value) else list(start)
            if any(not is_parameter(part) for part in self.parameters):
                raise ValueError(
                    f"{what} moves leaves, such as Parameter(0.5): one of those given was computed"
                )
            self.names = [p.label or f"parameter {i}" for i, p in enumerate(self.parameters, start=1)]
        else:
            self.is_number = isinstance(start, Real)
            self.origin = self.vector(start, "start")
            self.names = ["x"] if self.is_number else [f"x{i}" for i in range(1, len(self.origin) + 1)]
        if self.parameters:
            self.origin = [p.data for p in self.parameters]
            self.vector(self.origin, "start")

    @property
    def size(self) -> int:
        """How many numbers make a point."""
        return len(self.origin)

    def vector(self, given: Any, name: str) -> Vector:
        """Return a point as a list of finite floats, of the right length."""
        try:
            items = [given] if isinstance(given, Real) else list(given)
            numbers = [float(item.data if isinstance(item, Value) else item) for item in items]
        except (TypeError, ValueError):
            raise TypeError(
                f"{self._what}: {name} is a point, a list of numbers, got {described(given)}"
            ) from None
        wanted = len(getattr(self, "origin", numbers))
        if len(numbers) != wanted or not numbers:
            raise ValueError(
                f"{self._what}: {name} has {len(numbers)} numbers, and a point here has {wanted or 'some'}"
            )
        if not all(map(math.isfinite, numbers)):
            raise ValueError(f"{self._what}: {name} has nan or inf in it")
        return numbers

    def place(self, name: str) -> int:
        """Return which number a parameter's name or label stands for."""
        found = [i for i, known in enumerate(self.names) if known == name] or [
            i for i, p in enumerate(self.parameters) if p.label == name
        ]
        if not found:
            more = f" and {self.size - 12:,} more" if self.size > 12 else ""
            raise ValueError(
                f"{self._what}: no parameter is called {name!r}: there are {', '.join(self.names[:12])}{more}"
            )
        return found[0]

    @contextmanager
    def open(self) -> Iterator[Callable[[Vector], float]]:
        """Give the function from points to losses; afterwards every parameter has its number again.

        Nothing is recorded meanwhile.
        """
        before = [p.data for p in self.parameters]
        try:
            with no_grad():
                yield self._at
        finally:
            for parameter, x in zip(self.parameters, before, strict=True):
                parameter.data = x

    def _at(self, point: Vector) -> float:
        if self.parameters:
            for parameter, x in zip(self.parameters, point, strict=True):
                parameter.data = x
            out = self._loss()
        else:
            out = self._loss(Value(point[0]) if self.is_number else [Value(x) for x in point])
        out = out.loss if isinstance(out, Scores) else out.data if isinstance(out, Value) else out
        if not isinstance(out, Real) or isinstance(out, bool):
            raise TypeError(f"{self._what}: the loss is one number or Value, got {described(out)}")
        return float(out)

    def paths(self, descent: Paths | None) -> dict[str, list[Vector]]:
        """Return the points of each descent by its name; "" where one was given without."""
        if descent is None:
            return {}
        named = descent if isinstance(descent, Mapping) else {"": descent}
        found = {}
        for name, path in named.items():
            said = f"descent {name!r}" if name else "descent"
            recorded = isinstance(path, DescentPath | LearningRecorder)
            points = self._recorded(path, said) if isinstance(path, LearningRecorder) else path
            try:
                steps = list(points.points if isinstance(points, DescentPath) else points)
            except TypeError:
                raise TypeError(
                    f"{self._what}: {said} is a DescentPath or a list of points, got {described(path)}"
                ) from None
            if not steps:
                hint = ": pass it to fit(callbacks=[...]) first" if recorded else ""
                raise ValueError(f"{self._what}: {said} has no points{hint}")
            found[str(name)] = [self.vector(step, f"{said}, point {i},") for i, step in enumerate(steps)]
        return found

    def _recorded(self, recorder: LearningRecorder, said: str) -> list[Vector]:
        """Return the parameters' numbers in each of a recorder's records, in this model's order."""
        cells = recorder.shape.cells if recorder.shape is not None else []
        at = {cell: place for place, cell in enumerate(cells) if cell is not None}
        if recorder.records and not (self.parameters and all(p in at for p in self.parameters)):
            raise ValueError(f"{self._what}: {said} is a LearningRecorder that has recorded another model")
        return [[record.weights[at[p]] for p in self.parameters] for record in recorder.records]

    def random_direction(self, rng: random.Random) -> Vector:
        """Return a random direction as long as the weights themselves, neuron by neuron.

        Filter-wise normalisation, so that 1 is as far as the weights are large: Li et al., Visualizing the
        Loss Landscape of Neural Nets (2018). Where the weights are 0 the direction is too, unless all are.
        """
        direction = [rng.gauss(0.0, 1.0) for _ in range(self.size)]
        for places in self._filters():
            length = math.hypot(*[direction[i] for i in places])
            scale = math.hypot(*[self.origin[i] for i in places]) / length
            for i in places:
                direction[i] *= scale
        if not any(direction):
            direction = [rng.gauss(0.0, 1.0) / math.sqrt(self.size) for _ in range(self.size)]
        return direction

    def _filters(self) -> list[list[int]]:
        """Return the places of what is scaled together: rows of matrices, every other number alone."""
        if self.model is None:
            return [list(range(self.size))]
        at = {parameter: i for i, parameter in enumerate(self.parameters)}
        filters = []
        try:
            held = entries(self.model)
        except ValueError:  # names that clash are no reason not to draw
            return [list(range(self.size))]
        for entry in held:
            rows = entry.cells if len(shape(entry.cells)) > 1 else [[cell] for cell in _list(entry.cells)]
            for row in rows:
                places = [at.pop(cell) for cell in _flat(row) if isinstance(cell, Value) and cell in at]
                if places:  # what is held twice counts once
                    filters.append(places)
        return filters


def added(point: Vector, *steps: tuple[float, Vector]) -> Vector:
    """Return point + factor * direction + ..."""
    return [x + math.fsum(factor * d[i] for factor, d in steps) for i, x in enumerate(point)]


def spaced(low: float, high: float, n: int) -> list[float]:
    """Return n numbers from low to high, evenly spaced."""
    return [low + (high - low) * i / (n - 1) for i in range(n)]


def check_steps(what: str, steps: object, most: int) -> None:
    """Raise ValueError unless `steps` is a whole number of 2 to `most`."""
    if not isinstance(steps, int) or isinstance(steps, bool) or not 2 <= steps <= most:
        raise ValueError(f"{what} needs 2 to {most} steps, got {steps!r}")


def check_range(what: str, name: str, given: Any) -> tuple[float, float]:
    """Return (low, high) or raise an error that says what a range is."""
    try:
        low, high = (float(end) for end in given)
    except (TypeError, ValueError):
        raise TypeError(f"{what}({name}=...) takes (low, high), got {described(given)}") from None
    if not (drawable(low) and drawable(high) and low < high):
        raise ValueError(
            f"{what}({name}=...) takes a low end below a high one, within ±1e150, got {low:g} and {high:g}"
        )
    return low, high


def _list(cells: Any) -> list[Any]:
    return [cells] if isinstance(cells, Value) else list(cells)


def _flat(cells: Any) -> list[Any]:
    stack, flat = [cells], []
    while stack:
        part = stack.pop()
        stack += reversed(part) if isinstance(part, list | tuple) else []
        flat += [] if isinstance(part, list | tuple) else [part]
    return flat
