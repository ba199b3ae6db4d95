"""The length of every layer's gradient, of gradients in a buffer."""

import math
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from ...engine import NotFiniteError, Value
from ..step import Groups
from .rows import Floats

TINY, HUGE = 1e-250, 1e250
"""Outside of these, a sum of squares may have lost digits: then it is computed with care."""


class Norms:
    """Computes gradient norms by layer: each layer's parameters are some stretches of the buffer."""

    def __init__(self, parameters: Sequence[Value], layers: Groups) -> None:
        layer_of = {parameter: name for name, held in layers.items() for parameter in held}
        named = enumerate([layer_of.get(parameter, "") for parameter in parameters])
        self._names = list(layers)
        self._stretches: list[tuple[str, int, int]] = []
        for name, stretch in groupby(named, key=lambda pair: pair[1]):
            places = [place for place, _ in stretch]
            self._stretches.append((name, places[0], places[-1] + 1))
        self._starts = np.array([start for _, start, _ in self._stretches])
        self._squares = np.empty(len(parameters))

    @np.errstate(over="ignore", invalid="ignore")
    def __call__(self, g: Floats) -> dict[str, float]:
        """Return the norm of each layer's gradient; raises NotFiniteError where one is inf or nan."""
        np.multiply(g, g, out=self._squares)
        squares = dict.fromkeys(self._names, 0.0)
        for (name, _, _), square in zip(
            self._stretches, np.add.reduceat(self._squares, self._starts).tolist(), strict=True
        ):
            squares[name] = squares.get(name, 0.0) + square
        norms = {}
        for name in self._names:
            square = squares[name]
            norms[name] = math.sqrt(square) if TINY < square < HUGE else self._with_care(name, g)
        return norms

    def _with_care(self, name: str, g: Floats) -> float:
        parts = [g[start:end] for other, start, end in self._stretches if other == name]
        if not any(part.any() for part in parts):
            return 0.0
        norm = math.hypot(*[gradient for part in parts for gradient in part.tolist()])
        if not math.isfinite(norm):
            raise NotFiniteError(f"the gradient of {name} is not finite")
        return norm
