"""The card of a weighted sum: a row for each weight, then z, the activation's slope and what comes out."""

from __future__ import annotations

import math

from ..engine import Value
from ..engine.copies import number_of
from ..engine.names import own_name
from ..engine.words import cut, number, plain
from . import html
from .escape import in_html_label
from .fold.neurons import Neuron, Row, place_of
from .scene import Scene, is_constant, sign
from .theme import Palette
from .value_card import framed, left_out

_COLUMNS = 3


def neuron_card(neuron: Neuron, scene: Scene, palette: Palette) -> str:
    """Return the card of a neuron, as an HTML-like label whose rows arrows can point to."""
    ink, muted = palette["ink"], palette["muted"]
    name, kind = in_html_label(module_of(neuron)), in_html_label(scene.kind(neuron.out))
    rows = html.heading(
        [
            html.text(f"<B>{name}</B>", 12, ink) if name else "",
            html.text(in_html_label(formula_of(neuron)), 10.5, ink if not name else muted),
            html.text(kind, 9, muted) if kind else "",
        ],
        _COLUMNS,
    )
    columns = [f'<TD ALIGN="RIGHT">{html.text(word, 9, muted)}</TD>' for word in ("data", "grad")]
    rows += f"<TR><TD></TD>{''.join(columns)}</TR>"
    shown = scene.rows_shown[neuron.out]
    for place, row in enumerate(neuron.rows):
        if place in shown:
            rows += _term(row, place, neuron, scene, palette)
    if len(shown) < len(neuron.rows):
        more = html.text(f"… and {len(neuron.rows) - len(shown):,} more", 9, muted)
        rows += f'<TR><TD COLSPAN="{_COLUMNS}" PORT="more">{more}</TD></TR>'
    if neuron.out is not neuron.total:
        rows += _result(own_name(neuron.total) or "z", neuron.total, "", scene, palette)
        slope = f"×{number(float(number_of(neuron.out.partials[0])))} = {sign(neuron.out)}′(z)"
        rows += html.line(in_html_label(slope), _COLUMNS, palette)
        mark = scene.mark(neuron.out)
        if mark:
            rows += html.line(f"<B>{in_html_label(mark)}</B>", _COLUMNS, palette, "bad")
    rows += _result(own_name(neuron.out) or "out", neuron.out, "out", scene, palette)
    return framed(neuron.out, rows + left_out(neuron.out, scene, palette, _COLUMNS), scene, palette)


def module_of(neuron: Neuron) -> str:
    """Return the module that holds the weights, by their labels; nothing where these name none."""
    modules = {place_of(row.weight.label)[0] for row in neuron.rows if row.weight is not None}
    return cut(plain(modules.pop())) if len(modules) == 1 else ""


def formula_of(neuron: Neuron) -> str:
    """Return what the card computes: `tanh(Σ w·x + b)`."""
    others = len(neuron.rows) - neuron.products
    bias = " + b" if others == 1 and neuron.rows[-1].weight is not None else " + …" if others else ""
    formula = f"Σ w·x{bias}" if neuron.products else "Σ"
    return formula if neuron.out is neuron.total else f"{sign(neuron.out)}({formula})"


def _term(row: Row, place: int, neuron: Neuron, scene: Scene, palette: Palette) -> str:
    """Return the row of one weight, or of a term that comes from elsewhere."""
    leaf, ground = row.weight, ""
    gradient = f'<TD PORT="g{place}"></TD>'
    if leaf is None:
        name = "x·y" if len(row.uses) == 2 else "x"
        data = math.prod([float(user.operands[i].data) for user, i in row.uses])
    else:
        name = plain(place_of(leaf.label)[1]) if module_of(neuron) else own_name(leaf)
        data = float(leaf.data)
        if type(leaf).kind == "param":
            ground = palette["param"]
        if not is_constant(leaf):
            gradient = html.gradient_cell(scene.gradient(leaf), scene.largest, palette, f"g{place}")
    word = html.text(in_html_label(cut(name, 24) or f"w[{place}]"), 11, palette["ink"])
    filled = f' BGCOLOR="{ground}"' if ground else ""
    return (
        f'<TR><TD ALIGN="LEFT" PORT="r{place}"{filled}>{word}</TD>'
        f"{html.data_cell(data, palette, ground)}{gradient}</TR>"
    )


def _result(name: str, value: Value, port: str, scene: Scene, palette: Palette) -> str:
    """Return the row of the sum, or of what comes out, at which arrows begin."""
    word = html.text(f"<B>{in_html_label(name)}</B>" if port else in_html_label(name), 11, palette["ink"])
    gradient = html.gradient_cell(scene.gradient(value), scene.largest, palette, port)
    return f'<TR><TD ALIGN="LEFT">{word}</TD>{html.data_cell(float(value.data), palette)}{gradient}</TR>'
