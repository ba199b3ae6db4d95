"""The card of many values: what they are, how many, how large they are, and their gradients."""

from __future__ import annotations

from ..engine.names import own_name
from ..engine.words import cut, number, plain
from . import html
from .escape import in_html_label
from .fold.figures import Spread
from .fold.group import Group
from .fold.neurons import place_of
from .summary import Summary
from .theme import Palette

_BAR = 64
"""The width of a full bar."""


def group_card(group: Group, summary: Summary, palette: Palette) -> str:
    """Return the card of a group, as an HTML-like label."""
    says = summary.figures(group)
    title = html.text(f"<B>{in_html_label(says.title)}</B>", 12, palette["ink"])
    label = own_name(summary.scene.root) if group is summary.root else ""
    kind = html.text(in_html_label(label or "root"), 12, palette["ink"]) if group is summary.root else ""
    rows = html.heading([title, kind], 3)
    rows += "".join([html.line(in_html_label(line), 3, palette) for line in says.lines])
    whose = "out rms" if group.values else "data rms"
    rows += _row(whose, html.data_cell(says.data.rms, palette), "", palette)
    gradient = says.gradient
    word = f"{says.of} grad rms".strip()
    if gradient is None:
        if any(type(value).kind != "const" for value in group.values or group.leaves):
            rows += _row(word, html.gradient_cell(None, 0.0, palette), "", palette)
    else:
        rms = html.cell(number(gradient.rms), palette["ink"])
        rows += _row(word, rms, _bar(summary.share(group), palette), palette)
        largest = html.gradient_cell(gradient.largest, summary.largest, palette)
        where = html.text(in_html_label(_where(gradient, group)), 9, palette["muted"])
        rows += _row("largest", largest, where, palette)
    for mark in says.marks:
        rows += html.line(f"<B>{in_html_label(mark)}</B>", 3, palette, "bad")
    if group is summary.root:
        return html.table(rows, palette["root"], palette["ink"], border=2)
    if group.values:
        border = 2 if group.path else 1
        return html.table(rows, palette["op"], palette["line"], border=border, rounded=True)
    if type(group.leaves[0]).kind == "param":
        return html.table(rows, palette["param"], palette["line"], border=2, rounded=True)
    return html.table(rows, palette["input"], palette["line"])


def _row(word: str, cell: str, more: str, palette: Palette) -> str:
    name = f'<TD ALIGN="LEFT">{html.text(word, 9, palette["muted"])}</TD>'
    return f'<TR>{name}{cell}<TD ALIGN="LEFT">{more}</TD></TR>'


def _bar(share: float, palette: Palette) -> str:
    full = round(_BAR * share)
    parts = [(full, palette["muted"]), (_BAR - full, palette["zero"])]
    cells = "".join(
        [f'<TD FIXEDSIZE="TRUE" WIDTH="{w}" HEIGHT="7" BGCOLOR="{ground}"></TD>' for w, ground in parts if w]
    )
    size = f'FIXEDSIZE="TRUE" WIDTH="{_BAR}" HEIGHT="7"'
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size}><TR>{cells}</TR></TABLE>'


def _where(gradient: Spread, group: Group) -> str:
    """Return the name of the value with the largest gradient, without what the title says already."""
    if gradient.where is None or gradient.rms == 0.0:
        return ""
    name = own_name(gradient.where)
    module, own = place_of(name)
    inner = module.split(".")[-1]
    if module and group.path and inner != group.path[-1]:
        own = f"{inner}.{own}"
    return cut(plain(own if module else name), 24)
