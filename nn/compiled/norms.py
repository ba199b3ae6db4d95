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
    """Computes gradient norms by layer: each layer's parameters are some stretches of the buffer.

    g: the buffer of the gradients of `parameters`.
    """

    def __init__(self, parameters: Sequence[Value], layers: Groups, g: Floats) -> None:
        layer_of = {parameter: name for name, held in layers.items() for parameter in held}
        self._stretches: dict[str, list[Floats]] = {name: [] for name in layers}
        named = enumerate([layer_of.get(parameter, "") for parameter in parameters])
        for name, stretch in groupby(named, key=lambda pair: pair[1]):
            places = [place for place, _ in stretch]
            if name in layers:
                self._stretches[name].append(g[places[0] : places[-1] + 1])

    @np.errstate(over="ignore", invalid="ignore")
    def __call__(self) -> dict[str, float]:
        """Return the norm of each layer's gradient; raises NotFiniteError where one is inf or nan."""
        norms = {}
        for name, stretches in self._stretches.items():
            square = sum([stretch.dot(stretch) for stretch in stretches])
            norms[name] = math.sqrt(square) if TINY < square < HUGE else _with_care(name, stretches)
        return norms


def _with_care(name: str, stretches: list[Floats]) -> float:
    if not any(stretch.any() for stretch in stretches):
        return 0.0
    norm = math.hypot(*[gradient for stretch in stretches for gradient in stretch.tolist()])
    if not math.isfinite(norm):
        raise NotFiniteError(f"the gradient of {name} is not finite")
    return norm
