"""What users call: `show_graph(root)`, and the page that comes back."""

from __future__ import annotations

import os

from ...engine import Value, collector_paused, topological_order
from ...engine.known import check_known
from ...engine.value import described
from ..page.assemble import assembled, part, part_of
from ..page.shown import Page
from ..theme import THEMES, Theme
from .model import heading, model

USES_PER_VALUE = 8
"""How many operands a value may have on average: a graph can have far more uses than values."""

_SCRIPTS = ("folded.js", "layout.js", "sentences.js", "view.js", "main.js")


class Explorer(Page):
    """A graph as it was when `show_graph` was called, as a page that opens on click.

    Notebooks show it in a frame of its own; `save` writes it as one file.
    """

    example = "graph.html"

    def __init__(self, order: list[Value], *, theme: Theme, height: int) -> None:
        super().__init__(height)
        self._title = heading(order)
        self._theme = theme
        self._data = model(order)

    @property
    def title(self) -> str:
        """The heading of the page."""
        return self._title

    def _made(self) -> str:
        return assembled(
            title=self.title,
            theme=self._theme,
            help=_own("help.html"),
            main=_own("main.html"),
            styles=[part("cards.css"), _own("explorer.css")],
            scripts=[part("camera.js"), *map(_own, _SCRIPTS)],
            data=self._data,
        )


def _own(name: str) -> str:
    return part_of(f"{__package__}", f"page/{name}")


def show_graph(
    root: Value,
    path: str | os.PathLike[str] | None = None,
    *,
    theme: Theme = "auto",
    max_nodes: int = 5000,
    height: int = 680,
) -> Explorer:
    """Return a page with the graph of `root`, folded into modules, whose cards open on click.

    A card of many values opens into its parts and at last into single values; pointing at an arrow shows
    upstream · local = contribution, a click on a value what it is made of, with its line where that was
    recorded (`record_sources`). Everything works by keyboard too. One file without any network access;
    graphviz is not needed. Values fold by the modules that the labels of their parameters name.
    The numbers and gradients are those of this moment; gradients are those of the last `backward()`.

    path: where to write it too, a name ending in .html.
    theme: "light", "dark", or "auto", which follows the screen; the page has a switch.
    max_nodes: how many values the file may hold; uses may be eight times as many.
    height: of the frame in a notebook, in pixels.
    Raises TypeError for what is not a Value, ValueError for another theme and for a graph of more than
    `max_nodes` values; with a path also OSError where it cannot be written.

    >>> from chainrule.nn import MLP
    >>> show_graph(MLP(2, [4, 1], seed=0)([1.0, 2.0]))
    <Explorer: L = −0.0805, a graph of 28 values>
    """
    if not isinstance(root, Value):
        raise TypeError(f"show_graph(root) takes one Value, a computation's result; got {described(root)}")
    check_known("show_graph", root)
    if theme not in THEMES:
        raise ValueError(f"theme must be 'auto', 'light' or 'dark', got {theme!r}")
    with collector_paused():
        order = topological_order(root)
        _refuse_too_many("values", len(order), max_nodes, len(order))
        uses = sum(len(value.operands) for value in order)
        _refuse_too_many("uses of values", uses, USES_PER_VALUE * max_nodes, -(-uses // USES_PER_VALUE))
        explorer = Explorer(order, theme=theme, height=height)
    if path is not None:
        explorer.save(path)
    return explorer


def _refuse_too_many(what: str, count: int, most: int, needed: int) -> None:
    if count > most:
        raise ValueError(
            f"the graph has {count:,} {what} and show_graph takes {most:,}: a page of so many is slow; "
            f"show a value deeper inside, such as one example's loss, or pass max_nodes={needed}"
        )
