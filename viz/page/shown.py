"""A page as an object: saved as a file, shown in notebooks in a frame of its own."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from ...engine.files import path_of, refuse_folder, write_whole
from ..escape import in_xml


class Page(ABC):
    """An HTML page that is made on demand, once.

    Notebooks show it in a frame; `save` writes it as one file.
    """

    example = "page.html"
    """What to save, where a folder was given."""

    def __init__(self, height: int) -> None:
        self._height = height
        self._html: str | None = None

    @property
    @abstractmethod
    def title(self) -> str:
        """The heading of the page."""

    @abstractmethod
    def _made(self) -> str:
        """Return the page."""

    @property
    def html(self) -> str:
        """The page as the text of a file, the same every time."""
        if self._html is None:
            self._html = self._made()
        return self._html

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to `path` and return it. A file of that name is replaced as a whole.

        Raises ValueError for a suffix other than .html and .htm, TypeError for what is no path, OSError
        where it cannot be written, RenderError where graphviz is needed and missing; nothing is written then.

        >>> import tempfile
        >>> from chainrule.engine import Value
        >>> from chainrule.viz import show_steps
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = show_steps(Value(2.0, label="a") * 3.0).save(f"{folder}/steps.html")
        ...     path.read_text(encoding="utf-8")[:15]
        '<!doctype html>'
        """
        target = path_of(path, "save(path)", self.example)
        refuse_folder(target, self.example)
        if target.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"this is an HTML page, so {str(path)!r} must end in '.html'")
        write_whole(target, self.html.encode(), self.example)
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
            f'<iframe title="{in_xml(self.title)}" sandbox="allow-scripts" width="100%" '
            f'height="{self._height}" style="border:1px solid #8c959f;border-radius:8px" '
            f'srcdoc="{in_xml(self.html)}"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.title}>"
