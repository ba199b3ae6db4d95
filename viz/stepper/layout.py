"""Where cards, edges and their numbers stand: sizes from the texts, places from graphviz."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import Any

from ...engine.words import number
from ..render import render
from .model import Card, Steps

_LEAST_WIDTH = 78.0
_CARD_HEIGHT, _NAMED_CONSTANT_HEIGHT, _PILL_HEIGHT = 72.0, 50.0, 26.0
_LINE_HEIGHT = 14.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """The place of a card: its upper left corner and its size, in CSS pixels at full size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """The way of an edge: the points of a Bezier curve, the arrow's tip, and the middle of the label."""

    points: list[Point]
    tip: Point
    label: Point


@dataclass(frozen=True)
class Layout:
    """Places for everything, in a picture of `width` by `height`."""

    width: float
    height: float
    boxes: list[Box]
    lines: list[Line]


def layout(steps: Steps, rankdir: str) -> Layout:
    """Return where everything stands. Nothing moves while stepping: the widest number has room.

    Raises RenderError where there is no graphviz.
    """
    sizes = _sizes(steps)
    placed = json.loads(render(_dot(steps, sizes, rankdir), "json0"))
    # graphviz counts in points of 1/72 inch from the lower left corner.
    _, _, width, height = _numbers(placed["bb"])
    centres = {found["name"]: _numbers(found["pos"]) for found in placed.get("objects", ())}
    boxes = []
    for i, (w, h) in enumerate(sizes):
        x, y = centres[f"n{i}"]
        boxes.append(Box(_rounded(x - w / 2.0), _rounded(height - y - h / 2.0), w, h))
    found = {edge["id"]: edge for edge in placed.get("edges", ())}
    lines = [_line(found[f"e{i}"], height) for i in range(len(steps.edges))]
    return Layout(_rounded(width), _rounded(height), boxes, lines)


def _dot(steps: Steps, sizes: list[tuple[float, float]], rankdir: str) -> str:
    """Return DOT text with boxes of fixed sizes, so that the fonts graphviz knows make no difference."""
    cards = []
    for i, (width, height) in enumerate(sizes):
        ordering = " ordering=in" if steps.cards[i].ordered else ""
        cards.append(f"  n{i} [width={width / 72.0:.4f} height={height / 72.0:.4f}{ordering}]")
    edges = []
    for i, edge in enumerate(steps.edges):
        edges.append(f'  n{edge.operand} -> n{edge.user} [id="e{i}"{_room(steps, i)}]')
    return "\n".join(
        [
            "digraph steps {",
            f"  graph [rankdir={rankdir} nodesep=0.25 ranksep=0.28]",
            '  node [shape=box fixedsize=true label=""]',
            "  edge [arrowsize=0.6]",
            *reversed(cards),  # dot starts from this order: first operands come above second ones
            *edges,
            "}",
            "",
        ]
    )


def _room(steps: Steps, i: int) -> str:
    """Return the part of an edge's DOT that keeps room for its numbers."""
    edge = steps.edges[i]
    if not edge.flows:
        return ""
    texts = [f"×{number(edge.partial)}"]
    if edge.shared:
        texts += [f"= {number(flow.contribution)}" for flow in steps.flows if flow.edge == i]
    width = max([text_width(text, 11.0) for text in texts]) + 10.0
    height = _LINE_HEIGHT * (2 if edge.shared else 1)
    return (
        f' label=<<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}">'
        "<TR><TD></TD></TR></TABLE>>"
    )


def _line(edge: dict[str, Any], height: float) -> Line:
    tip: Point = (0.0, 0.0)
    points = []
    for part in edge["pos"].split():
        x, y = _numbers(part.removeprefix("e,").removeprefix("s,"))
        point = (_rounded(x), _rounded(height - y))
        if part.startswith("e,"):
            tip = point
        elif not part.startswith("s,"):
            points.append(point)
    if "lp" in edge:
        x, y = _numbers(edge["lp"])
        return Line(points, tip, (_rounded(x), _rounded(height - y)))
    return Line(points, tip, points[len(points) // 2])


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _rounded(x: float) -> float:
    return round(x, 1) + 0.0  # no −0.0


# -- sizes --------------------------------------------------------------------------------------------


def _sizes(steps: Steps) -> list[tuple[float, float]]:
    shown: list[list[str]] = [[number(card.data)] for card in steps.cards]
    uses = [0] * len(steps.cards)
    for edge in steps.edges:
        uses[edge.operand] += edge.flows
    for step in steps.backward:
        shown[steps.changed_by(step)].append(number(step.after))
    return [_size(*what) for what in zip(steps.cards, shown, uses, strict=True)]


def _size(card: Card, shown: list[str], uses: int) -> tuple[float, float]:
    numbers = max([text_width(text, 12.5) for text in shown])
    if card.constant and not card.own:
        return round(numbers + text_width("const", 10.0) + 26.0), _PILL_HEIGHT
    words = text_width(f"grad {uses}/{uses}" if uses > 1 else "grad", 11.0) + 16.0  # the mark for complete
    heading = text_width(card.name, 13.5) + text_width(card.word, 10.0) + 8.0 * bool(card.word)
    if card.sign:
        heading += text_width(card.sign, 14.5) + 8.0
    width = max(_LEAST_WIDTH, heading + 20.0, words + numbers + 34.0)
    return round(width), _NAMED_CONSTANT_HEIGHT if card.constant else _CARD_HEIGHT


def text_width(text: str, size: float) -> float:
    """Return about how wide `text` is in a sans-serif font, in the unit of `size`; rather more than less.

    >>> text_width("", 12.0), text_width("abc", 10.0)
    (0.0, 17.4)
    """
    return round(sum(_character_width(character) for character in text) * size, 3)


def _character_width(character: str) -> float:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if character in "ijlI.,:;'|! ":
        return 0.3
    if character in "ftr()[]-/":
        return 0.38
    if character in "mwMW%@…":
        return 0.9
    return 0.72 if character.isupper() else 0.58
