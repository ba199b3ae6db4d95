"""From steps and their places to what the page reads, and to the page."""

from __future__ import annotations

import math
from typing import Any

from ...engine.words import cut, number
from ..page.assemble import assembled, controls, json_number, part, part_of
from ..theme import LEVELS, Theme
from .layout import Layout
from .model import Card, Flow, Hook, Steps

_SCRIPTS = ("player.js", "words.js", "equation.js", "graph.js", "main.js")


def page(steps: Steps, places: Layout, title: str, theme: Theme) -> str:
    """Return the page as the text of a file, the same for the same graph."""
    return assembled(
        title=title,
        theme=theme,
        help=_own("help.html"),
        main=_own("main.html").replace("$controls", controls("step", _own("rail.html"), _own("zoom.html"))),
        styles=[part("controls.css"), part("cards.css"), _own("stepper.css")],
        scripts=[part("controls.js"), part("camera.js"), *map(_own, _SCRIPTS)],
        data=model(steps, places),
    )


def _own(name: str) -> str:
    return part_of(f"{__package__}", f"page/{name}")


def model(steps: Steps, places: Layout | None = None) -> dict[str, Any]:
    """Return what the page's scripts read, as JSON's own types; without `places` it cannot be drawn."""
    gradients = [abs(g) for g in steps.gradients if g is not None and math.isfinite(g)]
    cards = [_card(card) for card in steps.cards]
    edges: list[dict[str, Any]] = [
        {
            "operand": edge.operand,
            "user": edge.user,
            "partial": json_number(edge.partial),
            "formula": edge.formula,
            "remark": edge.remark,
            "shared": edge.shared,
            "flows": edge.flows,
        }
        for edge in steps.edges
    ]
    sent = {
        "levels": LEVELS,
        "largest": max(gradients),
        "cards": cards,
        "edges": edges,
        "forward": steps.forward,
        "backward": [_step(step) for step in steps.backward],
    }
    if places is not None:
        sent["size"] = {"width": places.width, "height": places.height}
        for card, box in zip(cards, places.boxes, strict=True):
            card["box"] = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
        for edge, line in zip(edges, places.lines, strict=True):
            edge["line"] = {"points": line.points, "tip": line.tip, "label": line.label}
    return sent


def _card(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "own": card.own,
        "label": card.label,
        "sign": card.sign,
        "word": cut(card.word, 12),
        "kind": card.kind,
        "data": json_number(card.data),
        "constant": card.constant,
        "operands": [{"name": x.name, "data": json_number(x.data), "card": x.card} for x in card.operands],
        "formula": card.formula,
        "where": card.where,
        "code": card.code,
    }


def _step(step: Flow | Hook) -> list[Any]:
    if isinstance(step, Hook):
        return [step.card, json_number(step.before), json_number(step.after)]
    return [step.edge, *map(json_number, (step.before, step.after, step.upstream, step.contribution))]


def heading(steps: Steps) -> str:
    """Return the title of the page."""
    root = steps.cards[-1]
    count = len(steps.forward) + 1 + len(steps.backward)
    plural = "" if count == 1 else "s"
    return f"{root.name} = {number(root.data)}, forward and back in {count} step{plural}"
