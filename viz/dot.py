"""From a graph to DOT, graphviz's language: text in which each value is a card and each operand an arrow.

Nothing here runs graphviz. The text depends on the graph and on nothing else, to the last byte.
"""

import math

from ..engine import Value
from ..engine.names import own_name
from ..engine.words import cut, number
from .escape import in_html_label
from .scene import Arrow, Scene, is_constant, order_matters
from .theme import Palette

LABELLED_ARROWS_UP_TO = 200
"""Values in a graph beyond which arrows carry no numbers: dot then needs up to forty times as long."""


def dot_text(scene: Scene, palette: Palette, rankdir: str) -> str:
    """Return the DOT text of a graph.

    rankdir: "LR" or "TB", the way from the leaves to the root.
    """
    labelled = len(scene.values) <= LABELLED_ARROWS_UP_TO
    return "\n".join(
        [
            "digraph chainrule {",
            f'  graph [id="graph" rankdir={rankdir} bgcolor="{palette["background"]}"]',
            "  graph [nodesep=0.2 ranksep=0.45]",
            '  node [shape=plain fontname="Helvetica"]',
            '  edge [fontname="Helvetica" fontsize=9.5 arrowsize=0.6]',
            # dot starts from this order: from the root back, first operands come above second ones.
            *[_node(value, scene, palette) for value in reversed(scene.cards)],
            *[_edge(arrow, scene, palette, labelled) for arrow in scene.arrows],
            "}",
            "",
        ]
    )


# -- cards --------------------------------------------------------------------------------------------


def _node(value: Value, scene: Scene, palette: Palette) -> str:
    name, row = scene.names[value], value.primitive
    # Arrows then arrive in the order of the operands: a ÷ b has a above b.
    ordered = " ordering=in" if row is not None and order_matters(row) else ""
    return f'  {name} [id="{name}"{ordered} label=<{_card(value, scene, palette)}>]'


def _card(value: Value, scene: Scene, palette: Palette) -> str:
    data = float(value.data)
    if is_constant(value) and not own_name(value) and value is not scene.root:
        row = _cells(_text(number(data), 11, palette["ink"]), _text("const", 9, palette["muted"]))
        return _table(row, palette["const"], palette["line"], rounded=True)
    rows = _heading(value, scene, palette) + _data_row(data, palette)
    if not is_constant(value):
        rows += _gradient_row(scene.gradient(value), scene.largest, palette)
    return _framed(value, rows, scene, palette)


def _framed(value: Value, rows: str, scene: Scene, palette: Palette) -> str:
    """Return the card's table: shape, ground and border say what kind of value it is."""
    if value is scene.root:
        return _table(rows, palette["root"], palette["ink"], border=2)
    if value.primitive is not None:
        return _table(rows, palette["op"], palette["line"], rounded=True)
    if type(value).kind == "param":
        return _table(rows, palette["param"], palette["line"], border=2, rounded=True)
    return _table(rows, palette["input"], palette["line"])


def _table(rows: str, ground: str, line: str, *, border: int = 1, rounded: bool = False) -> str:
    # Without some cell spacing a chip would stick out of rounded corners: they do not clip.
    shape = ' STYLE="ROUNDED"' if rounded else ""
    return (
        f'<TABLE BORDER="{border}"{shape} CELLBORDER="0" CELLSPACING="3" CELLPADDING="3" '
        f'BGCOLOR="{ground}" COLOR="{line}">{rows}</TABLE>'
    )


def _heading(value: Value, scene: Scene, palette: Palette) -> str:
    """Return the first row: operation, label, kind, each in a cell so that they keep apart."""
    operation = in_html_label(scene.operation(value))
    label = in_html_label(own_name(value))
    kind = in_html_label(cut(scene.kind(value)))
    inner = _cells(
        _text(f"<B>{operation}</B>", 12, palette["ink"]) if operation else "",
        _text(label, 12, palette["ink"]) if label else "",
        _text(kind, 9, palette["muted"]) if kind else "",
    )
    table = f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="2">{inner}</TABLE>'
    return f'<TR><TD COLSPAN="2" CELLPADDING="0">{table}</TD></TR>'


def _data_row(data: float, palette: Palette) -> str:
    text, ground = palette["ink"], ""
    if not math.isfinite(data):
        text, ground = palette["on strong"], palette["bad"]
    return _row("data", number(data), text, ground, palette)


def _gradient_row(gradient: float | None, largest: float, palette: Palette) -> str:
    if gradient is None:
        return _row("grad", "—", palette["muted"], "", palette)
    chip = palette.chip(gradient, largest)
    return _row("grad", number(gradient), chip.text, chip.ground, palette)


def _row(word: str, shown: str, text: str, ground: str, palette: Palette) -> str:
    filled = f' BGCOLOR="{ground}"' if ground else ""
    return (
        f'<TR><TD ALIGN="LEFT">{_text(word, 9, palette["muted"])}</TD>'
        f'<TD ALIGN="RIGHT"{filled}>{_text(shown, 11, text)}</TD></TR>'
    )


def _cells(*cells: str) -> str:
    return f"<TR>{''.join([f'<TD>{cell}</TD>' for cell in cells if cell]) or '<TD></TD>'}</TR>"


def _text(html: str, size: float, colour: str) -> str:
    return f'<FONT POINT-SIZE="{size}" COLOR="{colour}">{html}</FONT>'


# -- arrows -------------------------------------------------------------------------------------------


def _edge(arrow: Arrow, scene: Scene, palette: Palette, labelled: bool) -> str:
    ends = f"{scene.names[arrow.operand]} -> {scene.names[arrow.user]}"
    if is_constant(arrow.operand):
        return f'  {ends} [id="{arrow.name}" color="{palette["line"]}" penwidth=0.6]'
    label = f" label=<{_numbers(arrow, palette)}>" if labelled else ""
    return f'  {ends} [id="{arrow.name}" {_line(arrow.contribution, scene.largest, palette)}{label}]'


def _line(contribution: float | None, largest: float, palette: Palette) -> str:
    """Return how the arrow is drawn: thick for much, dashed for less than zero."""
    if contribution is None:
        return f'color="{palette["muted"]}" penwidth=1'
    share = min(1.0, abs(contribution) / largest) if largest else 0.0
    dashed = " style=dashed" if contribution < 0.0 else ""
    return f'color="{palette.stroke(contribution, largest)}" penwidth={1.0 + 2.0 * share:.4g}{dashed}'


def _numbers(arrow: Arrow, palette: Palette) -> str:
    """Return the arrow's label: ×local, and what it contributes where several contributions add up."""
    rows = [_text(f"×{number(arrow.partial)}", 9.5, palette["muted"])]
    if arrow.shared and arrow.contribution is not None:
        rows.append(_text(f"<B>= {number(arrow.contribution)}</B>", 9.5, palette["ink"]))
    cells = "".join([f"<TR><TD>{row}</TD></TR>" for row in rows])
    return (
        f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1" BGCOLOR="{palette["background"]}">{cells}</TABLE>'
    )
