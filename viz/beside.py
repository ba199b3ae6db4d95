"""Two or more drawings as one picture: what `before | after` makes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ..engine.words import cut, plain
from .escape import in_html_label
from .theme import Palette, Theme

if TYPE_CHECKING:
    from .drawing import Drawing

# A drawing's DOT has one statement a line, and no label of a user can begin one: labels are single lines.
_STATEMENT = re.compile(r'^  (?P<ends>[\w:]+(?: -> [\w:]+)?) \[id="(?P<id>\w+)"', flags=re.M)
_DEEPEST_IN_A_ROW = 3
"""Operations from the leaves to the root up to which two pictures that run to the right fit side by side."""


def captions_of(drawings: Sequence[Drawing]) -> list[str]:
    """Return what to write above each drawing that was given no caption: before and after, or 1, 2, 3."""
    words = ["before", "after"] if len(drawings) == 2 else [str(i + 1) for i in range(len(drawings))]
    return [f"{word}: {drawing.caption}" for word, drawing in zip(words, drawings, strict=True)]


def combined(
    drawings: Sequence[Drawing], captions: Sequence[str], theme: Theme
) -> tuple[str, dict[str, str]]:
    """Return the DOT text of several drawings in one picture, and what to say of each of its parts.

    They stand side by side or, where that would be too wide to read, one above the other.
    """
    palette = Palette(theme)
    head = ""
    texts: dict[str, str] = {}
    parts: list[str] = []
    spans: list[_Span] = []
    said: list[str] = []
    for i, (drawing, caption) in enumerate(zip(drawings, captions, strict=True)):
        letter = chr(ord("a") + i % 26) + str(i)
        head, _, body = drawing.dot.rpartition("\n  edge [")
        head = f"{head}\n  edge [{body.partition(chr(10))[0]}"
        body = _renamed(body.partition("\n")[2], letter).rstrip("}\n")
        parts.append(
            f"  subgraph cluster_{letter} {{\n"
            f'  graph [id="{letter}" style=rounded color="{palette["line"]}" margin=14 fontname="Helvetica" '
            f'fontsize=14 fontcolor="{palette["ink"]}" label=<{in_html_label(cut(plain(caption), 80))}>]\n'
            f"{body}\n  }}"
        )
        texts |= {f"{letter}_{name}": text for name, text in drawing.texts.items()}
        texts[letter] = plain(caption)
        said.append(f"{plain(caption)}\n{drawing.texts['reading']}")
        spans.append(_Span(body))
    texts["graph"] = " | ".join(map(plain, captions))
    texts["reading"] = "\n".join(said)
    rightwards = "rankdir=LR" in head
    joints = _joints(spans, rightwards=rightwards)
    if rightwards and not joints:
        parts.reverse()  # dot stacks from the bottom to the top
    return "\n".join([head, *parts, *joints, "}", ""]), texts


def _renamed(body: str, letter: str) -> str:
    """Return statements with names of their own: two drawings call their values alike."""

    def renamed(found: re.Match[str]) -> str:
        ends = " -> ".join([f"{letter}_{end}" for end in found["ends"].split(" -> ")])
        return f'  {ends} [id="{letter}_{found["id"]}"'

    return _STATEMENT.sub(renamed, body)


class _Span:
    """How far a drawing reaches: its first and last cards, and the longest way between them."""

    def __init__(self, body: str) -> None:
        statements = [found["ends"].split(" -> ") for found in _STATEMENT.finditer(body)]
        ends = [[end.partition(":")[0] for end in statement] for statement in statements]  # without ports
        edges = [pair for pair in ends if len(pair) == 2]
        used, users = {pair[0] for pair in edges}, {pair[1] for pair in edges}
        names = [names[0] for names in ends if len(names) == 1]
        self.first = [name for name in names if name not in users]
        self.last = [name for name in names if name not in used]
        self.depth = self._depth(names, edges)

    @staticmethod
    def _depth(names: list[str], edges: list[list[str]]) -> int:
        depth = dict.fromkeys(names, 0)
        for operand, user in edges:  # those of each user stand together, operands before their users
            depth[user] = max(depth[user], depth[operand] + 1)
        return max(depth.values(), default=0)


def _joints(spans: list[_Span], *, rightwards: bool) -> list[str]:
    """Return unseen edges from each drawing to the next, which set short ones that run to the right in a row.

    Without them dot stacks what runs to the right, and sets side by side what runs down.
    """
    if not rightwards or any(span.depth > _DEEPEST_IN_A_ROW for span in spans):
        return []
    return [
        f"  {end} -> {start} [style=invis weight=0]"
        for before, after in pairwise(spans)
        for end in before.last[:1]
        for start in after.first
    ]
