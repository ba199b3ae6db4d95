"""What users call: `show_steps(root)`, and the stepper that comes back."""

from __future__ import annotations

import os
from typing import Literal

from ...engine import Value, topological_order
from ...engine.value import described
from ..page.shown import Page
from ..theme import THEMES, Theme
from .layout import layout
from .model import Steps, steps_of
from .page import heading, page

STEPS_PER_VALUE = 8
"""How many steps a value may take on average: a graph can have far more uses than values."""


class Stepper(Page):
    """The steps of one graph as they were when `show_steps` was called, as a page on demand.

    Notebooks show it in a frame of its own; `save` writes it as one file. Both, and `html`, raise
    RenderError without graphviz, which lays the graph out; a notebook then shows text.
    """

    example = "steps.html"

    def __init__(self, steps: Steps, *, theme: Theme, rankdir: str, height: int) -> None:
        super().__init__(height)
        self.steps = steps
        """The cards, edges and steps; `steps.gradients` are those of the last one."""
        self._theme = theme
        self._rankdir = rankdir

    @property
    def title(self) -> str:
        """The heading of the page."""
        return heading(self.steps)

    def _made(self) -> str:
        return page(self.steps, layout(self.steps, self._rankdir), self.title, self._theme)


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
