"""A picture's graph in words, for those who hear it: every card, in the order in which it is computed."""

from __future__ import annotations

from collections.abc import Iterable

from ..engine import Value
from ..engine.debugging.notation import operation
from ..engine.names import Names, own_name
from ..engine.words import number, plain
from .fold.figures import spread_text
from .fold.group import Group
from .scene import Scene, is_constant
from .summary import Summary

_MOST_WEIGHTS = 12
MOST_READ = 150
"""Cards that are read out one by one; of larger pictures the last ones, which are nearest to the root."""


def reading(scene: Scene, summary: Summary | None = None) -> str:
    """Return a sentence for each card of a picture, operands before their users, the root last.

    summary: the cards of many values, which are read first.

    >>> from chainrule.engine import topological_order
    >>> a = Value(2.0, "a")
    >>> loss = a * 3.0 + a
    >>> loss.backward()
    >>> print(reading(Scene(topological_order(loss))))
    a, input, is 2. Gradient 4. Goes into v2, L.
    v2 = a × 3 is 6. Gradient 1. Goes into L.
    L = v2 + a, root, is 8. Gradient 1.
    """
    names = _Called(scene)
    users: dict[str, dict[str, None]] = {}
    for arrow in scene.arrows:
        home = scene.home.get(arrow.operand)
        tail = arrow.operand if home is None else home[0].out
        users.setdefault(scene.names[tail], {})[names[arrow.user]] = None
    lines = []
    if summary is not None:
        called = {scene.names[value]: names[value] for value in scene.cards}
        called |= {summary.name(group): summary.figures(group).title for group in summary.cards}
        for flow in summary.flows:
            users.setdefault(flow.tail, {})[called[flow.head]] = None
        lines = [_of_group(group, summary, users.get(summary.name(group), {})) for group in summary.cards]
    cards = scene.cards[-MOST_READ:]
    lines += [_sentences(value, scene, names, users.get(scene.names[value], {})) for value in cards]
    left_out = len(scene.cards) - len(cards)
    return "\n".join([f"{left_out} values before these are not read out."] * bool(left_out) + lines)


class _Called:
    """What the values of a picture are called; those that have no card of their own as far as is known."""

    def __init__(self, scene: Scene) -> None:
        self._names, self._cards = Names(scene.values), set(scene.values)

    def __getitem__(self, value: Value) -> str:
        if value in self._cards:
            return self._names[value]
        return own_name(value) or number(value.data)


def _of_group(group: Group, summary: Summary, users: Iterable[str]) -> str:
    says = summary.figures(group)
    said = [f"{says.title}: {', '.join(says.lines)}. Numbers: {spread_text(says.data)}."]
    if says.gradient is not None:
        said.append(f"Gradients{' of the weights' if says.of else ''}: {spread_text(says.gradient)}.")
    return " ".join([*said, *[f"{mark}." for mark in says.marks], *_goes_into(users)])


def _goes_into(users: Iterable[str]) -> list[str]:
    return [f"Goes into {', '.join(users)}."] if users else []


def _sentences(value: Value, scene: Scene, names: _Called, users: Iterable[str]) -> str:
    made, kind = operation(value, names), plain(scene.kind(value))
    head = f"{names[value]} = {made}" if made else names[value]
    said = [f"{head}, {kind}, is {number(value.data)}." if kind else f"{head} is {number(value.data)}."]
    if is_constant(value):
        said = [f"A constant, {number(value.data)}." if not own_name(value) else said[0]]
    else:
        gradient = scene.gradient(value)
        said.append("No gradient yet." if gradient is None else f"Gradient {number(gradient)}.")
    neuron = scene.neurons.get(value)
    if neuron is not None:
        weights = [row.weight for row in neuron.rows if row.weight is not None]
        said += [_of_weight(weight, scene, names) for weight in weights[:_MOST_WEIGHTS]]
        said += [f"And {len(weights) - _MOST_WEIGHTS} weights more."] * (len(weights) > _MOST_WEIGHTS)
    return " ".join([*said, *_goes_into(users)])


def _of_weight(weight: Value, scene: Scene, names: _Called) -> str:
    gradient = scene.gradient(weight)
    said = f"{names[weight]} is {number(weight.data)}"
    return f"{said}." if gradient is None else f"{said}, its gradient {number(gradient)}."
