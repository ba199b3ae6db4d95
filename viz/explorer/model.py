"""What the page knows of a graph: its values, its edges, and the tree they fold in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from ...engine import Value
from ...engine.copies import number_of
from ...engine.debugging.causes import remark
from ...engine.names import Names, own_name
from ...engine.words import cut, number, plain
from ..page.assemble import json_number
from ..scene import Scene, is_constant
from ..theme import LEVELS
from .tree import Branch, tree_of

_LONGEST_CODE = 120


def model(order: list[Value]) -> dict[str, Any]:
    """Return the graph as JSON's own types, as its numbers and gradients are now.

    order: the values, in topological order, the root last.
    """
    scene, names = Scene(order), Names(order)
    places = {value: place for place, value in enumerate(order)}
    cards = [_card(value, scene, names) for value in order]
    branches: list[dict[str, Any]] = []
    # A stack of (branch, its place); the whole has the place of none.
    stack: list[tuple[Branch, int]] = [(tree_of(order), -1)]
    top: list[int] = []
    while stack:
        branch, own = stack.pop()
        children = []
        for child in branch.children:
            if isinstance(child, Branch):
                children.append(len(order) + len(branches))
                branches.append({"title": child.title, "parent": own, "children": []})
                stack.append((child, children[-1]))
            else:
                children.append(places[child])
                cards[places[child]]["parent"] = own
        if own < 0:
            top = children
        else:
            branches[own - len(order)]["children"] = children
    return {
        "levels": LEVELS,
        "largest": scene.largest,
        "passed": scene.has_gradients,
        "root": len(order) - 1,
        "cards": cards,
        "branches": branches,
        "top": top,
        "edges": [_edge(user, i, scene, names, places) for user in order for i in range(len(user.operands))],
    }


def _card(value: Value, scene: Scene, names: Names) -> dict[str, Any]:
    gradient, source = scene.gradient(value), value.source
    kind = "root" if value is scene.root else "op" if value.primitive is not None else type(value).kind
    constant = is_constant(value)
    return {
        "parent": -1,
        "name": number(float(value.data)) if constant and not own_name(value) else names[value],
        "own": bool(own_name(value)),
        "label": plain(value.label),
        "sign": ""
        if value.primitive is None
        else cut(plain(value.primitive.symbol or value.primitive.name), 12),
        "dot": value.primitive is not None and value.primitive.name == "dot",
        "word": cut(scene.kind(value), 12),
        "kind": kind if kind in ("root", "op", "param", "const") else "input",
        "data": json_number(float(value.data)),
        "gradient": None if gradient is None else json_number(gradient),
        "constant": constant,
        "where": "" if source is None else f"{cut(plain(PurePath(source.file).name))}, line {source.line}",
        "code": "" if source is None else cut(source.text, _LONGEST_CODE),
    }


def _edge(user: Value, i: int, scene: Scene, names: Names, places: dict[Value, int]) -> list[Any]:
    """Return [operand, user, local derivative, contribution, remark]."""
    operand, partial, upstream = user.operands[i], float(number_of(user.partials[i])), scene.gradient(user)
    if upstream is None or is_constant(operand):
        contribution = None
    else:  # a zero adjoint wins over an infinite partial, as in the backward pass
        contribution = upstream * partial if upstream != 0.0 else 0.0
    said = "" if is_constant(operand) or not _small(user) else remark(user, i, names)
    sent = None if contribution is None else json_number(contribution)
    return [places[operand], places[user], json_number(partial), sent, said]


def _small(user: Value) -> bool:
    return len(user.operands) <= 16


def heading(order: Sequence[Value]) -> str:
    """Return the title of the page."""
    root = order[-1]
    count = "1 value" if len(order) == 1 else f"{len(order):,} values"
    return f"{own_name(root) or 'L'} = {number(float(root.data))}, a graph of {count}"
