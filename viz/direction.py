"""Which way a picture runs when nobody says: to the right, or down where that would be too long to read."""

from __future__ import annotations

from collections import Counter, defaultdict
from graphlib import TopologicalSorter

from .scene import Scene
from .summary import Summary

_LONGEST = 1700
"""Points that a picture may take to the right. In longer ones, fitted into a page, text is too small."""
_SINGLE, _MANY = 140, 225
"""Points that the card of one value, or of many, takes to the right with the arrow that leaves it."""


def direction(scene: Scene, summary: Summary | None) -> str:
    """Return "LR"; "TB" where that is long and the picture narrower downwards: pages scroll that way."""
    if scene.neurons:
        return "LR"  # their rows are entered on the left and left on the right
    operands: defaultdict[str, set[str]] = defaultdict(set)
    operands.update({scene.names[value]: set() for value in scene.cards})
    many = set(map(summary.name, summary.cards)) if summary else set()
    operands.update({name: set() for name in many})
    for arrow in scene.arrows:
        operands[scene.names[arrow.user]].add(scene.names[arrow.operand])
    for flow in summary.flows if summary else ():
        operands[flow.head].add(flow.tail)
    end: dict[str, int] = {}
    rank: dict[str, int] = {}
    order = list(TopologicalSorter(operands).static_order())
    for name in order:
        width = _MANY if name in many else _SINGLE
        end[name] = width + max([end[x] for x in operands[name]], default=0)
        rank[name] = 1 + max([rank[x] for x in operands[name]], default=0)
    users: defaultdict[str, list[int]] = defaultdict(list)
    for name, used in operands.items():
        for operand in used:
            users[operand].append(rank[name])
    in_rank: Counter[int] = Counter()
    for name in order:
        leaf = not operands[name] and name in users  # dot sets leaves close to what uses them
        in_rank[min(users[name]) - 1 if leaf else rank[name]] += _MANY if name in many else _SINGLE
    long, wide = max(end.values(), default=0), max(in_rank.values(), default=0)
    return "TB" if long > _LONGEST and wide < long else "LR"
