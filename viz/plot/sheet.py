"""What all plots share: panels to draw on, colours and dashes for either theme, and saving."""

from __future__ import annotations

import errno
import math
import os
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...engine.files import refuse_folder, write_whole
from ...engine.value import described
from ...engine.words import cut, number, plain
from ..theme import Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

PlotTheme = Literal["light", "dark"]
FilePath = str | os.PathLike[str]
LARGEST = 1e150
"""Numbers beyond this are left out as inf is: no scale of matplotlib holds them."""
FORMATS = ("svg", "png", "pdf")
_THEMES = ("light", "dark")
_DASHES: tuple[Any, ...] = (
    "-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)),
)  # fmt: skip
_MARKERS = "os^DvPX*"
# Paul Tol's muted colours, and his light ones on dark grounds: they stay apart for the colour-blind.
_LINES = {
    "light": ("#332288", "#cc6677", "#117733", "#999933", "#882255", "#117799", "#aa4499", "#777777"),
    "dark": ("#88bbee", "#ee8866", "#44bb99", "#eedd88", "#ffaabb", "#99ddff", "#bbcc33", "#bbbbbb"),
}
LINES = len(_DASHES)
"""How many lines can be told apart."""


@dataclass(frozen=True)
class Line:
    """How one of several lines looks: no two share a dash or a marker."""

    colour: str
    dashes: Any
    marker: str


class Look:
    """Colours of one theme."""

    def __init__(self, theme: PlotTheme) -> None:
        self.theme = theme
        self._palette = Palette(theme)

    def __getitem__(self, role: str) -> str:
        return self._palette[role]

    def line(self, number: int) -> Line:
        """Return how line `number` looks, from 0; they repeat after `LINES`."""
        number %= LINES
        return Line(_LINES[self.theme][number], _DASHES[number], _MARKERS[number])

    def diverging(self) -> Colormap:
        """Return colours from blue (negative) over the ground (0) to orange (positive)."""
        below = [self[f"minus {level}"] for level in (3, 2, 1, 0)]
        above = [self[f"plus {level}"] for level in (0, 1, 2, 3)]
        return _colours("signs", [*below, self["op"], *above])

    def on(self, ground: Sequence[float]) -> str:
        """Return the colour of text that can be read on `ground`: red, green and blue, each 0 to 1.

        The better of the theme's two, by the contrast of WCAG 2.
        """
        texts = self["ink"], self["on strong"]
        return max(
            texts, key=lambda text: _contrast([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)], ground)
        )

    def heights(self) -> Colormap:
        """Return colours from the deepest to the highest place: the deeper, the stronger."""
        return _colours("heights", [self[f"minus {level}"] for level in (2, 1, 0)] + [self["background"]])

    def style(self) -> dict[str, Any]:
        """Return matplotlib's settings."""
        ink, muted, ground = self["ink"], self["muted"], self["background"]
        return {
            "font.size": 10,
            "axes.titlesize": 10,
            "figure.titlesize": 12,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": self["line"],
            "axes.facecolor": ground,
            "axes.labelcolor": ink,
            "axes.titlecolor": ink,
            "figure.facecolor": ground,
            "savefig.facecolor": "auto",
            "grid.color": self["zero"],
            "hatch.color": muted,
            "legend.frameon": False,
            "text.color": ink,
            "text.usetex": False,
            "xtick.color": muted,
            "ytick.color": muted,
            "xtick.labelcolor": ink,
            "ytick.labelcolor": ink,
        }


def _contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the contrast of two colours, 1 to 21. Source: W3C, WCAG 2.2, contrast ratio."""
    dark, light = sorted(
        sum(
            share * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
            for share, part in zip((0.2126, 0.7152, 0.0722), colour[:3], strict=True)
        )
        for colour in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


@dataclass
class Sheet:
    """The panels of a picture that is being drawn."""

    figure: Figure
    panels: list[Axes]
    look: Look
    _words: list[str] = field(default_factory=list)

    def say(self, words: str, panel: Axes | None = None, *, width: int = 70, heading: str = "") -> None:
        """Say something in words, and write it over a panel, under its heading; each line on its own."""
        said = [text[:1].upper() + text[1:] for text in words.splitlines()]
        said = [heading, *said] if heading else said
        self._words += [text.replace(r"\$", "$") for text in said]
        if panel is not None:
            panel.set_title("\n".join(textwrap.fill(text, width) for text in said), loc="left")

    @property
    def words(self) -> str:
        """All that was said, a line for each."""
        return "\n".join(words if words.endswith((".", "!", "?")) else f"{words}." for words in self._words)


@contextmanager
def sheet(
    what: str,
    ax: Axes | None,
    path: FilePath | None,
    theme: PlotTheme,
    *,
    size: tuple[float, float] = (6.4, 4.2),
    rows: int = 1,
    columns: int = 1,
    heights: Sequence[float] | None = None,
    title: str = "",
    one_by: str = "",
) -> Iterator[Sheet]:
    """Give panels to draw on: `ax`, or those of a new picture, which is saved as `path` afterwards.

    what: the caller, for errors.  one_by: how to ask it for a single panel, said where `ax` is given to
    one that needs several.
    """
    check_place(what, ax, path, theme)
    if ax is not None and rows * columns > 1:
        raise ValueError(
            f"{what} needs {rows * columns} panels here and got one ax: {one_by}, or leave ax out"
        )
    try:
        from matplotlib import rc_context

        from .picture import Picture, drawn
    except ImportError:
        raise ImportError("plots need matplotlib: pip install 'chainrule[plot]'") from None
    look = Look(theme)
    style: dict[Any, Any] = look.style()
    with rc_context(style):
        if ax is not None:
            page = Sheet(ax.figure.figure, [ax], look)  # the figure of a subfigure is the whole
            yield page
        else:
            picture = Picture(style, figsize=size, layout="constrained")
            ratios = None if heights is None else {"height_ratios": list(heights)}
            grid = picture.subplots(rows, columns, squeeze=False, gridspec_kw=ratios)
            page = Sheet(picture, list(grid.flat), look)
            yield page
            picture.words = page.words
            if title:
                picture.suptitle(title, x=0.01, ha="left", weight="bold")
                picture.words = f"{title}.\n{page.words}".strip()
    if path is not None:
        write_whole(Path(path), drawn(page.figure, _suffix(path)), f"{what}.svg")


def check_place(what: str, ax: object, path: FilePath | None, theme: str) -> None:
    """Raise an error that says what is wrong with where and how to draw, before long work is done."""
    if ax is not None and not callable(getattr(ax, "plot", None)):
        raise TypeError(f"{what}(ax=...) takes the axes to draw on, got {described(ax)}")
    if theme not in _THEMES:
        raise ValueError(f"{what}'s theme is 'light' or 'dark', got {theme!r}")
    if path is None:
        return
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{what}(path=...) takes the name of a file, got {described(path)}")
    refuse_folder(Path(path), f"{what}.svg")
    if _suffix(path) not in FORMATS:
        raise ValueError(
            f"{what} cannot tell a format from {os.fspath(path)!r}: end it in '.svg', '.png' or '.pdf'"
        )
    folder = Path(path).parent
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            errno.ENOENT,
            f"{what} cannot write {os.fspath(path)!r}: there is no folder {str(folder)!r}; create it",
        )


def drawable(x: float) -> bool:
    """Return whether a scale can hold `x`: not nan, not inf, not beyond `LARGEST`."""
    return abs(x) <= LARGEST


def beyond(numbers: Iterable[float]) -> str:
    """Return what to call those of the numbers that are not drawable: "nan or inf", mostly."""
    large = any(LARGEST < abs(x) < math.inf for x in numbers)
    return f"nan, inf or beyond {LARGEST:g}".replace("+", "") if large else "nan or inf"


def shown(name: object) -> str:
    """Return a user's name as a picture can show it: one line, never long, never taken for a formula."""
    text = cut(plain(name)).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text  # matplotlib leaves such lines out of legends


def logarithmic(axis: Any) -> None:
    """Make an axis (`panel.yaxis`) logarithmic, with numbers as they are written elsewhere."""
    from matplotlib.ticker import LogFormatterSciNotation

    class Numbers(LogFormatterSciNotation):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return number(x) if super().__call__(x, pos) else ""  # it says which ticks have one

    axis._set_axes_scale("log")
    axis.set_major_formatter(Numbers())
    axis.set_minor_formatter(Numbers(labelOnlyBase=False))


def short(x: float) -> str:
    """Return a number with three significant digits.

    >>> short(10.41667), short(-8.88178e-16)
    ('10.4', '−8.88e−16')
    """
    return number(float(f"{x:.3g}")) if math.isfinite(x) else number(x)


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them: `a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def times(factor: float) -> str:
    """Return a factor in words: `2.5`, `40`, `25,000`, `3e8`.

    >>> [times(x) for x in (2.51, 40.2, 25184.3, 3.2e8)]
    ['2.5', '40', '25,000', '3e+08']
    """
    if factor < 10.0:
        return f"{factor:.2g}"
    return f"{float(f'{factor:.2g}'):,.0f}" if factor < 1e7 else f"{factor:.0e}"


def _suffix(path: FilePath) -> str:
    return Path(path).suffix.lower().removeprefix(".")


def _colours(name: str, colours: list[str]) -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, colours)
