"""The picture of a compiled function: arguments, loops, results, and what they read of each other.

Nothing here imports the compiler: a kernel brings its `outline`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol, TypeGuard

from ..engine.words import cut, plain
from . import html
from .escape import in_html_label
from .theme import Palette

if TYPE_CHECKING:
    from ..engine.compiler.outline import Flow, Outline, Part


class HasOutline(Protocol):
    """A compiled function, `compile(f)` or one `kernel.variant(...)` of it."""

    @property
    def outline(self) -> Outline: ...


MOST_LINES = 8
"""How many loops stand on a card; of more the last line says how many."""
_GROUND = {"argument": "input", "value": "op", "derivatives": "const", "result": "root"}


def is_kernel(root: object) -> TypeGuard[HasOutline]:
    """Return whether `root` is a compiled function."""
    return hasattr(type(root), "outline")


def kernel_picture(outline: Outline, palette: Palette, rankdir: str) -> tuple[str, dict[str, str]]:
    """Return the DOT text of a compiled function, and what is said of each card and arrow by its id."""
    names = [f"n{place}" for place in range(len(outline.parts))]
    computing = sum(part.kind in ("value", "derivatives") for part in outline.parts)
    among = f" on {computing:,} cards" if computing < outline.loops else ""
    caption = (
        f"Compiled {cut(plain(outline.name))}: {outline.entries:,} entries in {outline.loops:,} loops{among}"
    )
    texts = {"graph": caption}
    lines = [
        "digraph chainrule {",
        f'  graph [id="graph" rankdir={rankdir} bgcolor="{palette["background"]}"]',
        "  graph [nodesep=0.2 ranksep=0.45]",
        '  node [shape=plain fontname="Helvetica"]',
        '  edge [fontname="Helvetica" fontsize=9.5 arrowsize=0.6]',
    ]
    said = []
    for name, part in zip(names, outline.parts, strict=True):
        texts[name] = "\n".join([_heading(part), *part.loops, _sizes(part)])
        said.append(texts[name].replace("\n", "; "))
        lines.append(f'  {name} [id="{name}" label=<{_card(part, palette)}>]')
    for place, flow in enumerate(outline.flows):
        tail, head, name = names[flow.tail], names[flow.head], f"e{place}"
        reader, read = outline.parts[flow.head], outline.parts[flow.tail]
        texts[name] = f"{_heading(reader)}: {_numbers(flow.count)} of {_heading(read)}"
        lines.append(f'  {tail} -> {head} [id="{name}" {_look(flow, palette)}]')
    texts["reading"] = "\n".join([caption, *said])
    return "\n".join([*lines, "}", ""]), texts


def _heading(part: Part) -> str:
    return f"{cut(plain(part.title))}, {part.kind}"


def _sizes(part: Part) -> str:
    held = f"{_numbers(part.numbers)}{' a sample' * part.each}"
    if not part.loops:
        return held
    each = " a sample" if part.operations_each else ""
    return f"{held}, {part.operations:,} operation{'s' * (part.operations != 1)}{each}"


def _numbers(count: int) -> str:
    return f"{count:,} number{'s' * (count != 1)}"


def _card(part: Part, palette: Palette) -> str:
    title = html.text(f"<B>{in_html_label(cut(plain(part.title)))}</B>", 12, palette["ink"])
    rows = html.heading([title, html.text(part.kind, 9, palette["muted"])], 1)
    shown = part.loops if len(part.loops) <= MOST_LINES else part.loops[: MOST_LINES - 1]
    for line in shown:
        rows += _left(html.text(in_html_label(line), 11, palette["ink"]))
    if len(shown) < len(part.loops):
        rows += _left(html.text(f"and {len(part.loops) - len(shown):,} more", 11, palette["muted"]))
    rows += _left(html.text(_sizes(part), 9, palette["muted"]))
    ground, thick = palette[_GROUND[part.kind]], 2 if part.kind == "result" else 1
    if part.kind == "argument" and not part.each:
        ground, thick = palette["param"], 2
    rounded = part.kind in ("value", "derivatives")
    return html.table(rows, ground, palette["line"], border=thick, rounded=rounded)


def _left(text: str) -> str:
    return f'<TR><TD ALIGN="LEFT">{text}</TD></TR>'


def _look(flow: Flow, palette: Palette) -> str:
    """Return how an arrow looks: the thicker the more numbers are read."""
    label = f" label=<{html.text(f'{flow.count:,}', 9.5, palette['muted'])}>" if flow.count > 1 else ""
    return f'color="{palette["muted"]}" penwidth={1.0 + 0.5 * math.log10(flow.count):.3g}{label}'
