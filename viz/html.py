"""Pieces of the HTML-like labels that graphviz lays cards out with."""

from __future__ import annotations

import math

from ..engine.words import number
from .theme import Palette


def table(rows: str, ground: str, line: str, *, border: int = 1, rounded: bool = False) -> str:
    """Return a card."""
    # Without some cell spacing a chip would stick out of rounded corners: they do not clip.
    shape = ' STYLE="ROUNDED"' if rounded else ""
    return (
        f'<TABLE BORDER="{border}"{shape} CELLBORDER="0" CELLSPACING="3" CELLPADDING="3" '
        f'BGCOLOR="{ground}" COLOR="{line}">{rows}</TABLE>'
    )


def heading(cells_: list[str], columns: int) -> str:
    """Return a first row of `columns`, whose cells keep apart."""
    inner = f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="2">{cells(*cells_)}</TABLE>'
    return f'<TR><TD COLSPAN="{columns}" CELLPADDING="0">{inner}</TD></TR>'


def cells(*texts: str) -> str:
    """Return a row of those cells that hold anything."""
    return f"<TR>{''.join([f'<TD>{one}</TD>' for one in texts if one]) or '<TD></TD>'}</TR>"


def text(html: str, size: float, colour: str) -> str:
    """Return escaped text in a size and colour; graphviz takes no font for no text."""
    if not html:
        return ""
    return f'<FONT POINT-SIZE="{size}" COLOR="{colour}">{html}</FONT>'


def row(word: str, cell: str, palette: Palette) -> str:
    """Return a row of two cells: a word, and the cell given."""
    return f'<TR><TD ALIGN="LEFT">{text(word, 9, palette["muted"])}</TD>{cell}</TR>'


def cell(shown: str, colour: str, ground: str = "", port: str = "") -> str:
    """Return a cell with a number; port: its name, where arrows begin at it."""
    named = f' PORT="{port}"' if port else ""
    filled = f' BGCOLOR="{ground}"' if ground else ""
    return f'<TD ALIGN="RIGHT"{named}{filled}>{text(shown, 11, colour)}</TD>'


def line(html: str, columns: int, palette: Palette, colour: str = "muted") -> str:
    """Return a row of one cell, with small print."""
    return f'<TR><TD COLSPAN="{columns}">{text(html, 9, palette[colour])}</TD></TR>'


def data_cell(data: float, palette: Palette, ground: str = "") -> str:
    """Return a cell with a value's number; what is not finite stands out."""
    if math.isfinite(data):
        return cell(number(data), palette["ink"], ground)
    return cell(number(data), palette["on strong"], palette["bad"])


def gradient_cell(gradient: float | None, largest: float, palette: Palette, port: str = "") -> str:
    """Return a cell with a gradient, coloured by its sign and size; a dash before a backward pass."""
    if gradient is None:
        return cell("—", palette["muted"], port=port)
    chip = palette.chip(gradient, largest)
    return cell(number(gradient), chip.text, chip.ground, port)
