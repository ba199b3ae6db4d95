"""Planes through the space of the weights."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...engine.value import described
from .landscape import Landscape, Vector, added

Range = tuple[float, float]
Pair = tuple[float, float]
"""A place in a plane."""


@dataclass(frozen=True)
class Plane:
    """A plane through the space: base + x * first + y * second."""

    base: Vector
    first: Vector
    second: Vector
    labels: tuple[str, str]
    around: tuple[Range, Range]
    """What to show where nothing else says it."""
    start: Pair | None = None
    """Where the parameters are now."""
    words: str = ""

    @cached_property
    def _products(self) -> tuple[float, float, float]:
        return _dot(self.first, self.first), _dot(self.first, self.second), _dot(self.second, self.second)

    def at(self, x: float, y: float) -> Vector:
        """Return the point at a place of the plane."""
        return added(self.base, (x, self.first), (y, self.second))

    def seen(self, point: Vector) -> Pair:
        """Return the place in the plane that is nearest to a point (least squares)."""
        away = [p - b for p, b in zip(point, self.base, strict=True)]
        aa, ab, bb = self._products
        a, b = _dot(away, self.first), _dot(away, self.second)
        determinant = aa * bb - ab * ab
        return (a * bb - b * ab) / determinant, (b * aa - a * ab) / determinant

    def off(self, point: Vector) -> float:
        """Return how far from the plane a point is."""
        return math.dist(point, self.at(*self.seen(point)))

    @property
    def is_none(self) -> bool:
        """Whether the two directions are (nearly) one, so that there is no plane."""
        aa, ab, bb = self._products
        return not aa * bb - ab * ab > 1e-12 * aa * bb


def _dot(a: Vector, b: Vector) -> float:
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


_KINDS = "'random', 'pca', two names of parameters or two lists of numbers"
_NEAR = ((-1.0, 1.0), (-1.0, 1.0))


def plane_of(
    what: str, space: Landscape, directions: Any, descents: Mapping[str, list[Vector]], seed: int
) -> Plane:
    """Return the plane that `plot_loss_plane` was asked for."""
    if directions is None and space.size == 2:
        plane = _of_two(space, [0, 1])
    elif directions is None or isinstance(directions, str):
        kind = directions or ("pca" if descents else "random")
        if kind not in ("random", "pca"):
            raise ValueError(f"{what}(directions=...) is {_KINDS}, got {kind!r}")
        plane = _principal(what, space, descents) if kind == "pca" else _random(space, seed)
    else:
        try:
            one, other = directions
        except (TypeError, ValueError):
            raise TypeError(f"{what}(directions=...) is {_KINDS}, got {described(directions)}") from None
        if isinstance(one, str) and isinstance(other, str):
            plane = _of_two(space, [space.place(one), space.place(other)])
        else:
            first, second = (space.vector(way, "a direction") for way in (one, other))
            plane = Plane(
                space.origin, first, second, ("first direction", "second direction"), _NEAR, (0.0, 0.0)
            )
    if plane.is_none:
        raise ValueError(f"{what}: the two directions make no plane: one is 0 or a multiple of the other")
    return plane


def _random(space: Landscape, seed: int) -> Plane:
    """Return a plane through the start in two random directions."""
    rng = random.Random(seed)
    first, second = space.random_direction(rng), space.random_direction(rng)
    labels = ("first random direction", "second random direction")
    words = "1 is as long as the weights themselves"
    return Plane(space.origin, first, second, labels, _NEAR, (0.0, 0.0), words)


def _of_two(space: Landscape, places: Sequence[int]) -> Plane:
    """Return the plane of two parameters, whose coordinates are their own numbers."""
    x, y = places
    base = [0.0 if i in places else held for i, held in enumerate(space.origin)]
    first, second = ([float(i == place) for i in range(space.size)] for place in places)
    at = (space.origin[x], space.origin[y])
    around = ((at[0] - 1.0, at[0] + 1.0), (at[1] - 1.0, at[1] + 1.0))
    return Plane(
        base, first, second, (space.names[x], space.names[y]), around, at if space.parameters else None
    )


def _principal(what: str, space: Landscape, descents: Mapping[str, list[Vector]]) -> Plane:
    """Return the plane in which the descents moved most, through the end of the first."""
    import numpy as np

    points = [point for walk in descents.values() for point in walk]
    if not points:
        raise ValueError(f"{what}(directions='pca') needs a descent, such as DescentPath's: pass descent=...")
    end = next(iter(descents.values()))[-1]
    _, sizes, ways = np.linalg.svd(np.array(points) - np.array(end), full_matrices=False)
    if len(sizes) < 2 or not sizes[1] > 1e-9 * sizes[0]:
        raise ValueError(
            f"{what}: the descent does not leave a line, so that there is no plane it lies in: "
            "plot_loss_line draws it, or pass directions='random'"
        )
    share = float((sizes[:2] ** 2).sum() / (sizes**2).sum())
    # The decomposition leaves the signs open: the largest entry of each direction is above 0.
    first, second = (way if way[np.abs(way).argmax()] > 0.0 else -way for way in ways[:2])
    labels = ("the direction in which the descent moved most", "the second such direction")
    words = f"the plane holds {_share(share)} of the descent's movement"
    return Plane(end, first.tolist(), second.tolist(), labels, _NEAR, None, words)


def _share(share: float) -> str:
    return "all" if share > 1.0 - 1e-9 else f"{math.floor(1000.0 * share) / 10.0:g}%"
