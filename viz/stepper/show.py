"""What users call: `show_steps(root)`, and the stepper that comes back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from ...engine import Value, topological_order
from ...engine.files import refuse_folder, write_whole
from ...engine.value import described
from ..escape import in_xml
from ..theme import THEMES, Theme
from .layout import layout
from .model import Steps, steps_of
from .page import heading, page

STEPS_PER_VALUE = 8
"""How many steps a value may take on average: a graph can have far more uses than values."""


class Stepper:
    """The steps of one graph as they were when `show_steps` was called, as a page on demand.

    Notebooks show it in a frame of its own; `save` writes it as one file.
    """

    def __init__(self, steps: Steps, *, theme: Theme, rankdir: str, height: int) -> None:
        self.steps = steps
        """The cards, edges and steps; `steps.gradients` are those of the last one."""
        self._theme = theme
        self._rankdir = rankdir
        self._height = height
        self._html: str | None = None

    @property
    def html(self) -> str:
        """The page, the same for the same graph. Raises RenderError without graphviz, which lays it out."""
        if self._html is None:
            places = layout(self.steps, self._rankdir)
            self._html = page(self.steps, places, heading(self.steps), self._theme)
        return self._html

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to `path` and return it. A file of that name is replaced as a whole.

        Raises ValueError for a suffix other than .html and .htm, OSError where the path cannot be written,
        RenderError where there is no graphviz; nothing is written then.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = show_steps(Value(2.0, label="a") * 3.0).save(f"{folder}/steps.html")
        ...     path.read_text(encoding="utf-8")[:15]
        '<!doctype html>'
        """
        target = Path(path)
        refuse_folder(target, "steps.html")
        if target.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"a stepper is an HTML page, so {str(path)!r} must end in '.html'")
        write_whole(target, self.html.encode(), "steps.html")
        return target

    def _repr_html_(self) -> str | None:
        """Return the page in a frame for notebooks; None where it cannot be made."""
        try:
            return self._frame()
        except Exception:  # as in _repr_mimebundle_, which also says why
            return None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return what a notebook shows: the page where it can be made, and text."""
        try:
            return {"text/plain": repr(self), "text/html": self._frame()}
        except Exception as error:  # a cell's output must not turn into a traceback
            return {"text/plain": f"{self!r}\n{error}"}

    def _frame(self) -> str:
        # Scripts in the frame run as if from nowhere: they cannot reach the notebook around it.
        return (
            f'<iframe title="{in_xml(heading(self.steps))}" sandbox="allow-scripts" width="100%" '
            f'height="{self._height}" style="border:1px solid #8c959f;border-radius:8px" '
            f'srcdoc="{in_xml(self.html)}"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<Stepper: {heading(self.steps)}>"


def show_steps(
    root: Value,
    path: str | os.PathLike[str] | None = None,
    *,
    theme: Theme = "auto",
    rankdir: Literal["LR", "TB"] = "LR",
    max_nodes: int = 150,
    height: int = 680,
) -> Stepper:
    """Return a page that steps through the computation of `root` and its backward pass, edge by edge.

    The page shows the graph, and above it each step as an equation with its numbers, the chain rule with
    upstream gradient, local derivative and contribution; play, slider and arrow keys go forward and back,
    a click on a value goes to where its gradient is complete. It is one file without any network access.
    The gradients are those of this one pass, from the numbers and partials as they are now; what stands in
    `grad` plays no part and stays. Constants get none. Hooks run.

    path: where to write it too, a name ending in .html.
    theme: "light", "dark", or "auto", which follows the screen; the page has a switch.
    rankdir: "LR" from left to right, "TB" from top to bottom.
    max_nodes: how many values are still shown; steps may be eight times as many.
    height: of the frame in a notebook, in pixels.
    Raises TypeError for what is not a Value, ValueError for another theme or rankdir and for a graph of
    more than `max_nodes` values or too many steps; with a path also OSError where it cannot be written and
    RenderError where there is no graphviz to lay the graph out.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> stepper = show_steps(a * b)
    >>> stepper
    <Stepper: L = −6, forward and back in 4 steps>
    >>> [(card.name, gradient) for card, gradient in zip(stepper.steps.cards, stepper.steps.gradients)]
    [('b', 2.0), ('a', -3.0), ('L', 1.0)]
    """
    if not isinstance(root, Value):
        raise TypeError(f"show_steps(root) takes one Value, a computation's result; got {described(root)}")
    if theme not in THEMES:
        raise ValueError(f"theme must be 'auto', 'light' or 'dark', got {theme!r}")
    if rankdir not in ("LR", "TB"):
        raise ValueError(f"rankdir must be 'LR' or 'TB', got {rankdir!r}")
    values = topological_order(root)
    _refuse_too_many("values", len(values), max_nodes, len(values))
    uses = sum(len(value.operands) for value in values)
    _refuse_too_many("uses of values", uses, STEPS_PER_VALUE * max_nodes, -(-uses // STEPS_PER_VALUE))
    stepper = Stepper(steps_of(values), theme=theme, rankdir=rankdir, height=height)
    if path is not None:
        stepper.save(path)
    return stepper


def _refuse_too_many(what: str, count: int, most: int, needed: int) -> None:
    if count > most:
        raise ValueError(
            f"the graph has {count} {what} and show_steps takes {most}: so many steps are hard to follow; "
            f"step through a value deeper inside, or pass max_nodes={needed}"
        )
