"""From a root and the user's wishes to the text of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import index
from typing import SupportsIndex

from ..engine import Value, collector_paused
from ..engine.known import check_known
from ..engine.value import described
from .direction import direction
from .dot import dot_text
from .fold.part import Part
from .fold.plan import FOLDS, planned
from .kernel_picture import HasOutline, kernel_picture
from .reading import reading
from .scene import Scene
from .summary import Summary
from .theme import THEMES, Palette, Theme
from .tooltips import tooltips

RANKDIRS = ("LR", "TB")


def picture(
    root: object,
    *,
    theme: Theme,
    rankdir: str | None,
    max_nodes: int,
    fold: str = "auto",
    depth: int | None = None,
    around: Value | None = None,
    radius: int | None = None,
    only: Iterable[Value] | None = None,
    top: int | None = None,
) -> tuple[str, dict[str, str]]:
    """Return the DOT text of a picture, and what it says of each element by its id: see `draw`."""
    if not isinstance(root, Value):
        raise TypeError(f"draw(root) takes one Value, the result of a computation; got {described(root)}")
    check_known("draw", root)
    if rankdir is not None:
        _one_of("rankdir", rankdir, RANKDIRS)
    _one_of("theme", theme, THEMES)
    _one_of("fold", fold, FOLDS)
    most = _whole("max_nodes", max_nodes, 1)
    if depth is not None:
        depth = _whole("depth", depth, 1)
        if fold not in ("auto", "scope"):
            raise ValueError(f"depth= says how far scopes are folded, and fold={fold!r} folds none")
    if radius is not None and around is None:
        raise ValueError("radius= needs around=, the value to draw the surroundings of")
    with collector_paused():
        part = Part(root)
        if around is not None:
            part.keep_around(around, 2 if radius is None else _whole("radius", radius, 0))
        if only is not None:
            part.keep_only(only)
        if top is not None:
            part.keep_top(_whole("top", top, 1))
        return _drawn(part, fold, depth, most, Palette(theme), rankdir)


def picture_of_kernel(
    kernel: HasOutline, theme: Theme, rankdir: str, others: list[str]
) -> tuple[str, dict[str, str]]:
    """Return the same for a compiled function. others: options that only graphs of Values have."""
    if others:
        raise ValueError(
            f"{others[0]}= is for graphs of Values: draw(kernel) shows the loops it became, in full, "
            "and takes theme= and rankdir="
        )
    _one_of("rankdir", rankdir, RANKDIRS)
    _one_of("theme", theme, THEMES)
    return kernel_picture(kernel.outline, Palette(theme), rankdir)


def _drawn(
    part: Part, fold: str, depth: int | None, most: int, palette: Palette, rankdir: str | None
) -> tuple[str, dict[str, str]]:
    plan = planned(part, fold, depth, most)
    values, summary = part.values, None
    uses: Mapping[Value, int]
    if plan.groups is None:
        uses = part.uses
    else:
        alone = {group.alone for group in plan.groups.all}
        values = [value for value in values if value in alone]
        uses = part.uses_of([*values, *[x for value in values for x in value.operands]])
    scene = Scene(
        values,
        root=part.root,
        uses=uses,
        neurons=plan.neurons,
        among=part.values,
        whole=len(part.whole),
    )
    scene.centre = part.centre
    if plan.groups is not None:
        summary = Summary(plan.groups, scene)
        scene.largest = summary.largest
    texts = tooltips(scene, summary) | {"reading": reading(scene, summary)}
    rankdir = direction(scene, summary) if rankdir is None else rankdir
    return dot_text(scene, summary, palette, rankdir), texts


def _one_of(name: str, given: object, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ValueError(f"{name} must be {listed(known)}, got {given!r}")


def _whole(name: str, given: object, least: int) -> int:
    if not isinstance(given, SupportsIndex) or isinstance(given, bool) or index(given) < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {given!r}")
    return index(given)


def listed(words: Iterable[str], prefix: str = "") -> str:
    """Return words in quotes, as an error message lists them.

    >>> listed(("svg", "png"), prefix=".")
    "'.svg' or '.png'"
    """
    quoted = [repr(prefix + word) for word in words]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"
