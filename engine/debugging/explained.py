"""What the text and the LaTeX of an explanation have in common."""

from __future__ import annotations

import math
from itertools import islice
from typing import NamedTuple, Protocol

from ..value import Value
from .causes import remark
from .formulas import formula, written
from .notation import Naming, derivative, namer
from .paths import Path, Paths, Step

ENDS = 4
"""Factors shown at either end of a path that has more than twice as many and one."""

MOST_FACTORS = 30
"""Factors of all paths together that get a line of their own."""


class Factor(NamedTuple):
    """One local derivative on a path."""

    node: Value
    place: int
    """Which operand of `node` it is the derivative by."""
    name: str
    """As in dŷ/dz."""
    formula: str
    """As in 1 − ŷ²; empty where it is a plain number."""
    partial: float
    """Its number."""
    remark: str
    """Why it is 0, small or split, where there is something to say."""


class Explained(Protocol):
    """What is shown of an explanation."""

    loss: Value
    w: Value
    ways: Paths
    names: Naming
    paths: list[Path]
    total: float
    rest: float
    causes: list[str]
    notes: list[str]

    @property
    def share(self) -> float:
        """The share of the paths shown in the sum of all sizes."""


def factor(node: Value, place: int, names: Naming) -> Factor:
    """Return what is said of d node / d operand, for the operand at `place`."""
    part = formula(node, place)
    text = written(part, namer(node, names)) if part else ""
    name = derivative(node, place, names)
    return Factor(node, place, name, text, node.partials[place], remark(node, place, names))


def ends(path: Path) -> tuple[list[Step], float, list[Step]]:
    """Return the first factors, the product of those in the middle, and the last ones."""
    if path.length <= 2 * ENDS + 1:
        return list(path), 1.0, []
    steps = iter(path)
    head = list(islice(steps, ENDS))
    product = 1.0
    for node, place in islice(steps, path.length - 2 * ENDS):
        product = product * node.partials[place] if product else 0.0
    return head, product, list(steps)


def shown_steps(paths: list[Path]) -> list[Step]:
    """Return the factors that stand in the lines of the paths, each once."""
    steps: dict[Step, None] = {}
    for path in paths:
        head, _, tail = ends(path)
        steps |= dict.fromkeys((*head, *tail))
    return list(steps)


def how_many(ways: Paths) -> str:
    """Return the number of paths: every digit up to 24 of them."""
    if ways.magnitude < 24.0:
        return f"{ways.count:,}"
    exponent = math.floor(ways.magnitude)
    return f"about {10.0 ** (ways.magnitude - exponent):.3g}e{exponent}"
