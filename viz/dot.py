"""From a graph to DOT, graphviz's language: text in which each value is a card and each operand an arrow.

Nothing here runs graphviz. The text depends on the graph and on nothing else, to the last byte.
"""

import math

from ..engine import Value
from ..engine.words import number
from .fold.group import Group
from .group_card import group_card
from .html import text
from .neuron_card import neuron_card
from .scene import Arrow, Scene, is_constant, order_matters
from .summary import Flow, Summary
from .theme import Palette
from .value_card import value_card

LABELLED_ARROWS_UP_TO = 200
"""Values in a picture beyond which arrows carry no numbers: dot then needs up to forty times as long."""


def dot_text(scene: Scene, summary: Summary | None, palette: Palette, rankdir: str) -> str:
    """Return the DOT text of a graph.

    summary: the groups that are cards too, where there are any.  rankdir: "LR" or "TB", the way from the
    leaves to the root.
    """
    labelled = len(scene.values) <= LABELLED_ARROWS_UP_TO
    room = 4 if rankdir == "TB" else 1  # around numbers: dot sets them close beside what runs down
    return "\n".join(
        [
            "digraph chainrule {",
            f'  graph [id="graph" rankdir={rankdir} bgcolor="{palette["background"]}"]',
            "  graph [nodesep=0.2 ranksep=0.45]",
            '  node [shape=plain fontname="Helvetica"]',
            '  edge [fontname="Helvetica" fontsize=9.5 arrowsize=0.6]',
            # dot starts from this order: from the root back, first operands come above second ones.
            *([_group(group, summary, palette) for group in reversed(summary.cards)] if summary else ()),
            *[_node(value, scene, palette) for value in reversed(scene.cards)],
            *[_edge(arrow, scene, palette, room if labelled else None) for arrow in scene.arrows],
            *([_flow(flow, palette, room) for flow in summary.flows] if summary else ()),
            "}",
            "",
        ]
    )


def _node(value: Value, scene: Scene, palette: Palette) -> str:
    name, row = scene.names[value], value.primitive
    neuron = scene.neurons.get(value)
    if neuron is not None:
        return f'  {name} [id="{name}" label=<{neuron_card(neuron, scene, palette)}>]'
    # Arrows then arrive in the order of the operands: a ÷ b has a above b.
    ordered = " ordering=in" if row is not None and order_matters(row) else ""
    return f'  {name} [id="{name}"{ordered} label=<{value_card(value, scene, palette)}>]'


# -- arrows -------------------------------------------------------------------------------------------


def _edge(arrow: Arrow, scene: Scene, palette: Palette, room: int | None) -> str:
    ends = f"{scene.tail(arrow)} -> {scene.head(arrow)}"
    if is_constant(arrow.operand):
        return f'  {ends} [id="{arrow.name}" color="{palette["line"]}" penwidth=0.6]'
    numbers = "" if room is None else _numbers(arrow, palette, room)
    label = f" label=<{numbers}>" if numbers else ""
    return f'  {ends} [id="{arrow.name}" {_line(arrow.contribution, scene.largest, palette)}{label}]'


def _line(contribution: float | None, largest: float, palette: Palette) -> str:
    """Return how the arrow is drawn: thick for much, dashed for less than zero."""
    if contribution is None:
        return f'color="{palette["muted"]}" penwidth=1'
    share = min(1.0, abs(contribution) / largest) if largest else 0.0
    dashed = " style=dashed" if contribution < 0.0 else ""
    return f'color="{palette.stroke(contribution, largest)}" penwidth={1.0 + 2.0 * share:.4g}{dashed}'


def _numbers(arrow: Arrow, palette: Palette, room: int) -> str:
    """Return the arrow's label: ×local, and what it contributes where several contributions add up."""
    # A weight stands in the row that the arrow points to.
    rows = [text(f"×{number(arrow.partial)}", 9.5, palette["muted"])] if arrow.row is None else []
    if arrow.shared and arrow.contribution is not None:
        rows.append(text(f"<B>= {number(arrow.contribution)}</B>", 9.5, palette["ink"]))
    if not rows:
        return ""
    return _label(rows, room, palette)


def _label(rows: list[str], room: int, palette: Palette) -> str:
    ground = f'BGCOLOR="{palette["background"]}"'
    if room > 1:  # on the ground of the texts alone: the room lies on the line itself
        cells = "".join([f'<TR><TD WIDTH="{room}"></TD><TD {ground}>{row}</TD></TR>' for row in rows])
        return f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{cells}</TABLE>'
    cells = "".join([f"<TR><TD>{row}</TD></TR>" for row in rows])
    return f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1" {ground}>{cells}</TABLE>'


# -- groups -------------------------------------------------------------------------------------------


def _group(group: Group, summary: Summary, palette: Palette) -> str:
    name = summary.name(group)
    return f'  {name} [id="{name}" label=<{group_card(group, summary, palette)}>]'


def _flow(flow: Flow, palette: Palette, room: int) -> str:
    count = text(f"{flow.count:,}", 9.5, palette["muted"])
    count = _label([count], room, palette) if room > 1 else count
    label = f" label=<{count}>" if flow.count > 1 else ""
    look = f'color="{palette["muted"]}" penwidth={1.0 + 0.5 * math.log10(flow.count):.3g}'
    return f'  {flow.tail} -> {flow.head} [id="{flow.name}" {look}{label}]'
