"""Values that show themselves in notebooks: `enable_notebook()` and `disable_notebook()`."""

from __future__ import annotations

from typing import Any

from ..engine import Value
from ..engine.shown import safe_repr
from .drawing import draw
from .theme import THEMES, Theme

_SHOWS = "_repr_mimebundle_"


def enable_notebook(max_nodes: int = 150, *, theme: Theme = "auto") -> None:
    """Let a Value at the end of a notebook's cell show its graph, as `draw` does.

    A graph of more than `max_nodes` values gets a line of text that says how to draw it, and so does
    a value that was made by no operation; counting stops at the limit, so that this costs next to nothing.
    The text that was there before comes first: terminals, lists and logs see no more than that.
    Never an error: where the picture cannot be made, the text says why.
    max_nodes: at least 1.  theme: as for `draw`.
    Raises ValueError for another limit or theme. Calling it again changes both; `disable_notebook()`
    undoes it.

    >>> enable_notebook(max_nodes=4)
    >>> shown = (Value(2.0, "a") * 3.0)._repr_mimebundle_()
    >>> sorted(shown), shown["text/plain"]
    (['image/svg+xml', 'text/plain'], 'Value(mul(2, 3) = 6, grad=0)')
    >>> print((Value(2.0) + 1.0 + 1.0)._repr_mimebundle_()["text/plain"])
    Value(add(3, 1) = 4, grad=0)
    A graph of more than 4 values: draw(value) and show_graph(value) show it, print_graph(value) prints it.
    >>> disable_notebook()
    """
    if not isinstance(max_nodes, int) or isinstance(max_nodes, bool) or max_nodes < 1:
        raise ValueError(f"enable_notebook takes max_nodes of at least 1, got {max_nodes!r}")
    if theme not in THEMES:
        raise ValueError(f"theme must be 'auto', 'light' or 'dark', got {theme!r}")

    def shown(value: Value, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return _bundle(value, max_nodes, theme)

    setattr(Value, _SHOWS, shown)  # the engine knows no screen: what shows a Value registers itself


def disable_notebook() -> None:
    """Let Values be shown as their text again; harmless where that is so already.

    >>> disable_notebook()
    >>> hasattr(Value, "_repr_mimebundle_")
    False
    """
    if hasattr(Value, _SHOWS):
        delattr(Value, _SHOWS)


def _bundle(value: Value, max_nodes: int, theme: Theme) -> dict[str, str]:
    """Return what a notebook shows of `value`; a cell's output must not turn into a traceback."""
    text = safe_repr(value)
    try:
        if value.primitive is None:
            return {"text/plain": text}
        if _more_than(value, max_nodes):
            said = f"A graph of more than {max_nodes} values: draw(value) and show_graph(value) show it"
            return {"text/plain": f"{text}\n{said}, print_graph(value) prints it."}
        return {"text/plain": text, "image/svg+xml": draw(value, theme=theme, max_nodes=max_nodes).svg}
    except Exception as error:  # no graphviz, a graph that is being built, somebody's subclass
        return {"text/plain": f"{text}\nNo picture: {_said(error)}"}


def _said(error: Exception) -> str:
    try:
        return str(error) or type(error).__name__
    except Exception:  # somebody else's error
        return type(error).__name__


def _more_than(root: Value, limit: int) -> bool:
    """Return whether the graph has more values than `limit`; it is looked at no further than that."""
    seen, stack = {root}, [root]
    while stack:
        for operand in stack.pop().operands:
            if operand not in seen:
                seen.add(operand)
                stack.append(operand)
                if len(seen) > limit:
                    return True
    return False
