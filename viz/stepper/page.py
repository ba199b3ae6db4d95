"""From steps and their places to one HTML file: no network, no server, and a policy that allows neither."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from importlib.resources import files
from string import Template
from typing import Any

from ...engine.words import cut, number
from ..escape import in_xml
from ..theme import LEVELS, Theme, variables
from .layout import Layout
from .model import Card, Flow, Hook, Steps

_SCRIPTS = ("numbers.js", "player.js", "words.js", "equation.js", "camera.js", "graph.js", "main.js")
_STYLES = ("page.css",)


def page(steps: Steps, places: Layout, title: str, theme: Theme) -> str:
    """Return the page as the text of a file, the same for the same graph."""
    style = f":root{{{variables()}}}\n" + "\n".join(map(part, _STYLES))
    script = "\n".join(map(part, _SCRIPTS))
    return Template(part("page.html")).substitute(
        title=in_xml(title),
        theme=theme,
        policy=f"default-src 'none'; img-src data:; script-src '{_digest(script)}'; "
        f"style-src '{_digest(style)}'; base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        model=in_script(model(steps, places)),
    )


def part(name: str) -> str:
    """Return one of the page's parts: they are files of their own, edited as what they are."""
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def in_script(data: Any) -> str:
    r"""Return `data` as JSON that can stand in a `<script>` element, whatever its texts hold.

    >>> in_script({"label": "</script>\u2028"})
    '{"label":"\\u003c/script\\u003e\\u2028"}'
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)  # all but ASCII is escaped
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def model(steps: Steps, places: Layout | None = None) -> dict[str, Any]:
    """Return what the page's scripts read, as JSON's own types; without `places` it cannot be drawn."""
    gradients = [abs(g) for g in steps.gradients if g is not None and math.isfinite(g)]
    cards = [_card(card) for card in steps.cards]
    edges: list[dict[str, Any]] = [
        {
            "operand": edge.operand,
            "user": edge.user,
            "partial": _float(edge.partial),
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
        "data": _float(card.data),
        "constant": card.constant,
        "operands": [{"name": x.name, "data": _float(x.data), "card": x.card} for x in card.operands],
        "formula": card.formula,
        "where": card.where,
        "code": card.code,
    }


def _step(step: Flow | Hook) -> list[Any]:
    if isinstance(step, Hook):
        return [step.card, _float(step.before), _float(step.after)]
    return [step.edge, *map(_float, (step.before, step.after, step.upstream, step.contribution))]


def _float(x: float) -> float | str:
    """Return `x` as JSON has it: NaN and the infinities as texts."""
    return x if math.isfinite(x) else str(x)


def heading(steps: Steps) -> str:
    """Return the title of the page."""
    root = steps.cards[-1]
    count = len(steps.forward) + 1 + len(steps.backward)
    plural = "" if count == 1 else "s"
    return f"{root.name} = {number(root.data)}, forward and back in {count} step{plural}"
