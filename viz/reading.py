"""A picture's graph in words, for those who hear it: every card, in the order in which it is computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..engine import Value
from ..engine.debugging.notation import operation
from ..engine.names import Names
from ..engine.words import number, plain
from .scene import Scene, is_constant

MOST_READ = 150
"""Cards that are read out one by one; of larger pictures the last ones, which are nearest to the root."""


def reading(
    scene: Scene, whole: Sequence[Value] | None = None, groups: Iterable[tuple[Value, str]] = ()
) -> str:
    """Return a sentence for each card of a picture, operands before their users, the root last.

    whole: the graph of which the scene shows a part, in topological order; its values unless given.
    groups: cards of many values, as the last of their values and what is said of the card.

    >>> from chainrule.engine import topological_order
    >>> a = Value(2.0, "a")
    >>> loss = a * 3.0 + a
    >>> loss.backward()
    >>> print(reading(Scene(topological_order(loss))))
    a, input, is 2. Gradient 4. Goes into v2, L.
    v2 = a × 3 is 6. Gradient 1. Goes into L.
    L = v2 + a, root, is 8. Gradient 1.
    """
    order = scene.values if whole is None else whole
    names = Names(order)
    users: dict[Value, dict[Value, None]] = {}
    for arrow in scene.arrows:
        users.setdefault(arrow.operand, {})[arrow.user] = None
    said = [(value, _sentences(value, scene, names, users.get(value, {}))) for value in scene.cards]
    said += [(last, f"{text.replace(chr(10), '; ')}.") for last, text in groups]
    places = {value: place for place, value in enumerate(order)}
    lines = [line for _, line in sorted(said, key=lambda each: places[each[0]])]
    left_out = len(lines) - MOST_READ
    if left_out > 0:
        lines[:left_out] = [f"{left_out} cards before these are not read out."]
    return "\n".join(lines)


def _sentences(value: Value, scene: Scene, names: Names, users: dict[Value, None]) -> str:
    made, kind = operation(value, names), plain(scene.kind(value))
    head = f"{names[value]} = {made}" if made else names[value]
    said = [f"{head}, {kind}, is {number(value.data)}." if kind else f"{head} is {number(value.data)}."]
    if is_constant(value):
        said = [f"A constant, {number(value.data)}." if not value.label else said[0]]
    else:
        gradient = scene.gradient(value)
        said.append("No gradient yet." if gradient is None else f"Gradient {number(gradient)}.")
    if users:
        said.append(f"Goes into {', '.join([names[user] for user in users])}.")
    return " ".join(said)
