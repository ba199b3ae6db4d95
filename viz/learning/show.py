"""What users call: `show_learning(recorder)`, and the page that comes back."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ...engine.value import described
from ...engine.words import cut, number, plain
from ...nn import History
from ..page.shown import Page
from ..theme import THEMES, Theme
from .page import model, page
from .recorder import LearningRecorder
from .shape import Shape


class Learning(Page):
    """A run of training as it was when `show_learning` was called, as a page on demand.

    Notebooks show it in a frame of its own; `save` writes it as one file.
    """

    example = "learning.html"

    def __init__(
        self,
        recorder: LearningRecorder,
        shape: Shape,
        *,
        inputs: Sequence[str] | None,
        outputs: Sequence[str] | None,
        theme: Theme,
        height: int,
    ) -> None:
        super().__init__(height)
        self._title = _title(recorder, shape)
        self._theme = theme
        self._data = model(recorder, shape, inputs, outputs)

    @property
    def title(self) -> str:
        """The heading of the page."""
        return self._title

    def _made(self) -> str:
        return page(self._data, self.title, self._theme)


def show_learning(
    recorder: LearningRecorder,
    path: str | os.PathLike[str] | None = None,
    *,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    theme: Theme = "auto",
    height: int = 680,
) -> Learning:
    """Return a page that shows a model's weights and gradients from epoch to epoch, beside its loss.

    A small network of dense layers is drawn as units and lines, whose width, colour and dashes follow the
    weights or the gradients; of any other model a heat map is shown for each matrix. Play, slider and arrow
    keys go from epoch to epoch. It is one file without any network access.
    The page has some 6 MB at most: of a long run of a large model it shows fewer epochs than were recorded.

    recorder: what `fit(..., callbacks=[recorder])` has filled.
    path: where to write the page too, a name ending in .html.
    inputs, outputs: names of what goes into the first layer and comes out of the last.
    theme: "light", "dark", or "auto", which follows the screen; the page has a switch.
    height: of the frame in a notebook, in pixels.
    Raises TypeError for what is no recorder, ValueError for one that is empty, for another theme and for
    names whose number is not that of the inputs or outputs; with a path also OSError where it cannot be
    written.

    >>> from chainrule.nn import MLP, SGD, fit, squared_error
    >>> model, recorder = MLP(1, [1], seed=0), LearningRecorder()
    >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss=squared_error, epochs=5,
    ...               optimizer=SGD(model.parameters(), lr=0.3), callbacks=[recorder])
    >>> show_learning(recorder)
    <Learning: MLP(1, [1], output=identity), 5 epochs: loss 3.1707 → 0.0251>
    """
    if not isinstance(recorder, LearningRecorder):
        said = " (a history has no weights)" if isinstance(recorder, History) else ""
        raise TypeError(
            f"show_learning takes a LearningRecorder{said}, got {described(recorder)}: make one, pass "
            "callbacks=[recorder] to fit, and give it here"
        )
    if theme not in THEMES:
        raise ValueError(f"theme must be 'auto', 'light' or 'dark', got {theme!r}")
    shape = recorder.shape
    if shape is None or not recorder.losses:
        raise ValueError(
            "show_learning got a recorder without an epoch: pass callbacks=[recorder] to fit first"
        )
    chain = shape.chain()
    learning = Learning(
        recorder,
        shape,
        inputs=_names("inputs", inputs, chain[0].nin if chain else None),
        outputs=_names("outputs", outputs, chain[-1].nout if chain else None),
        theme=theme,
        height=height,
    )
    if path is not None:
        learning.save(path)
    return learning


def _names(what: str, names: Sequence[str] | None, count: int | None) -> list[str] | None:
    """Return names as harmless text, or raise ValueError where there are too few or too many."""
    if names is None:
        return None
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise TypeError(f"show_learning takes {what}= as a list of names, got {names!r}")
    if count is None:
        raise ValueError(f"show_learning knows no {what} to name: the model is no chain of dense layers")
    if len(names) != count:
        raise ValueError(f"show_learning got {len(names)} names for {count} {what}")
    return [cut(plain(name), 24) for name in names]


def _title(recorder: LearningRecorder, shape: Shape) -> str:
    losses = recorder.losses
    text = plain(shape.model).partition("↵")[0].removesuffix("(")
    epochs = "1 epoch" if len(losses) == 1 else f"{len(losses)} epochs"
    return f"{cut(text, 60)}, {epochs}: loss {number(losses[0])} → {number(losses[-1])}"
