"""The card of one value: its operation and label, its number, its gradient."""

from __future__ import annotations

from ..engine import Value
from ..engine.names import own_name
from ..engine.words import cut, number
from . import html
from .escape import in_html_label
from .scene import Scene, is_constant
from .theme import Palette


def value_card(value: Value, scene: Scene, palette: Palette) -> str:
    """Return the card of a value, as an HTML-like label."""
    data = float(value.data)
    if is_constant(value) and not own_name(value) and value is not scene.root:
        pill = html.cells(
            html.text(number(data), 11, palette["ink"]), html.text("const", 9, palette["muted"])
        )
        return html.table(pill, palette["const"], palette["line"], rounded=True)
    rows = _heading(value, scene, palette) + html.row("data", html.data_cell(data, palette), palette)
    if not is_constant(value):
        gradient = html.gradient_cell(scene.gradient(value), scene.largest, palette)
        rows += html.row("grad", gradient, palette)
    mark = scene.mark(value)
    if mark:
        rows += html.line(f"<B>{in_html_label(mark)}</B>", 2, palette, "bad")
    return framed(value, rows + left_out(value, scene, palette, 2), scene, palette)


def framed(value: Value, rows: str, scene: Scene, palette: Palette) -> str:
    """Return the card's table: shape, ground and border say what kind of value it is."""
    line, thick = palette["line"], 1
    ground = palette["op" if value.primitive is not None else "input"]
    if value is scene.root:
        ground, line, thick = palette["root"], palette["ink"], 2
    elif value.primitive is None and type(value).kind == "param":
        ground, thick = palette["param"], 2
    if value is scene.centre:
        line, thick = palette["ink"], 4
    rounded = value is not scene.root and (value.primitive is not None or ground == palette["param"])
    return html.table(rows, ground, line, border=thick, rounded=rounded)


def left_out(value: Value, scene: Scene, palette: Palette, columns: int) -> str:
    """Return a row that says what of the value's surroundings a picture of a part does not show."""
    operands, uses = scene.hidden(value)
    said = [f"{operands} operand{'s' * (operands > 1)}"] if operands else []
    said += [f"{uses} use{'s' * (uses > 1)}"] if uses else []
    return html.line(f"not shown: {', '.join(said)}", columns, palette) if said else ""


def _heading(value: Value, scene: Scene, palette: Palette) -> str:
    """Return the first row: operation, label, kind, each in a cell so that they keep apart."""
    operation = in_html_label(scene.operation(value))
    label = in_html_label(own_name(value))
    kind = in_html_label(cut(scene.kind(value)))
    return html.heading(
        [
            html.text(f"<B>{operation}</B>", 12, palette["ink"]) if operation else "",
            html.text(label, 12, palette["ink"]) if label else "",
            html.text(kind, 9, palette["muted"]) if kind else "",
        ],
        2,
    )
