"""How a graph is drawn: one card a value, neurons as cards, or one card for many values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from .groups import Groups
from .neurons import Neurons
from .part import Part

Fold = Literal["auto", "none", "neuron", "scope"]
FOLDS: tuple[str, ...] = get_args(Fold)

_NEURONS_UP_TO = 3000
"""Values in a graph beyond which neurons are not even looked for unless asked."""
_READABLE_NEURONS, _READABLE_ARROWS = 40, 120
"""Cards and arrows that a picture of neurons may have to be taken in at a glance."""


@dataclass(frozen=True)
class Plan:
    """What the cards are: values, some of them neurons; or groups."""

    neurons: Neurons | None = None
    groups: Groups | None = None


def planned(part: Part, fold: str, depth: int | None, most: int) -> Plan:
    """Return the cards to draw, `most` at most.

    Raises ValueError where what was asked for takes more cards than that.
    """
    count = len(part.values)
    if fold == "none" or (fold == "auto" and depth is None and count <= most):
        if count > most:
            raise ValueError(
                f"the graph has {count} values and max_nodes is {most}: a picture of so many is slow to make "
                f'and hard to read; leave fold="auto", which puts them together, or pass max_nodes={count}'
            )
        return Plan()
    if fold == "neuron" or (fold == "auto" and depth is None and count <= _NEURONS_UP_TO):
        neurons = Neurons(part.values, part.uses, part.root)
        cards = sum(value not in neurons.swallowed for value in part.values)
        if fold == "neuron":
            if cards > most:
                raise ValueError(
                    f"with neurons as cards the graph has {cards} and max_nodes is {most}: leave "
                    f'fold="auto", or pass fold="scope" for a card a layer, or max_nodes={cards}'
                )
            return Plan(neurons=neurons)
        if cards <= min(_READABLE_NEURONS, most) and _arrows(neurons, part) <= _READABLE_ARROWS:
            return Plan(neurons=neurons)
    groups = Groups(part, depth, most)
    if len(groups.all) > most:
        raise ValueError(
            f"folded to depth={depth} the graph has {len(groups.all)} cards and max_nodes is {most}: pass a "
            f"smaller depth, none at all, or max_nodes={len(groups.all)}"
        )
    return Plan(groups=groups)


def _arrows(neurons: Neurons, part: Part) -> int:
    """Return how many arrows the picture of neurons has."""
    rows = sum([len(row.uses) for neuron in neurons.by_out.values() for row in neuron.rows])
    others = [v for v in part.values if v not in neurons.swallowed and v not in neurons.by_out]
    return rows + sum([len(value.operands) for value in others])
