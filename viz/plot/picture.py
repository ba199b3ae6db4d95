"""The figure that every plot returns where it was given no axes."""

import os
from io import BytesIO
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_UNDATED: dict[str, dict[str, None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
_PIXELS_AN_INCH = 144  # for screens of today


class Picture(Figure):
    """A matplotlib figure that needs no window, saves the same bytes each time, and that notebooks show.

    Everything a figure does is there: `savefig`, `axes`, `set_size_inches`. It belongs to no global list:
    nothing has to be closed.
    """

    words: str = ""
    """What the picture says, in words: for logs, and as its alternative text."""

    def __init__(self, style: dict[str, Any] | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        FigureCanvasAgg(self)
        self._style = style or {}

    def savefig(self, fname: Any, **settings: Any) -> None:
        """Write the picture, as matplotlib does; without the date and with fixed ids, so that it repeats."""
        save(self, fname, self._style, **settings)

    def _repr_svg_(self) -> str:
        return drawn(self, "svg").decode()


def drawn(figure: Figure, format: str) -> bytes:
    """Return the bytes of a file of that format: "svg", "png" or "pdf"."""
    file = BytesIO()
    save(figure, file, getattr(figure, "_style", {}), format=format)
    return file.getvalue()


def save(figure: Figure, fname: Any, style: dict[str, Any], **settings: Any) -> None:
    """Write a figure so that the same one gives the same bytes.

    style: matplotlib's settings meanwhile: some ticks are made only now.
    """
    kind = str(settings.get("format") or _suffix(fname)).lower()
    metadata = {**_UNDATED.get(kind, {}), **(settings.pop("metadata", None) or {})}
    if kind == "png":
        settings.setdefault("dpi", _PIXELS_AN_INCH)
    meanwhile: dict[Any, Any] = {**style, "svg.hashsalt": "chainrule"}
    with rc_context(meanwhile):
        Figure.savefig(figure, fname, metadata=metadata or None, **settings)


def _suffix(fname: Any) -> str:
    return os.path.splitext(os.fspath(fname))[1][1:] if isinstance(fname, str | os.PathLike) else ""
