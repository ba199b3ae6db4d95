"""The tape as text, with the lines of the program that made its entries."""

from __future__ import annotations

import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import PurePath
from types import CodeType
from typing import overload

from ..debugging.source import Site
from ..debugging.warn import OWN_FOLDERS
from ..words import cut, plain
from .tape import INPUT, OUTSIDE, Kind, Tape


class SourcedTape(Tape):
    """A tape that notes for each entry where in the user's code it was made."""

    def __init__(self) -> None:
        super().__init__()
        self._sites = array("i")
        """For each entry the place of its site among those known, or -1."""
        self._known: list[Site] = []
        self._place_of: dict[tuple[CodeType, int], int] = {}
        self._since = time.time()

    def append(self, kind: Kind, operands: tuple[int, ...]) -> int:
        """Add an entry and return its number."""
        self._sites.append(-1 if kind is INPUT or kind is OUTSIDE else self._site())
        return super().append(kind, operands)

    def _site(self) -> int:
        frame = sys._getframe(2)
        while frame.f_code.co_filename.startswith(OWN_FOLDERS) or _is_numpy(frame.f_globals):
            if frame.f_back is None:
                return -1
            frame = frame.f_back
        key = frame.f_code, frame.f_lasti
        place = self._place_of.get(key)
        if place is None:
            place = self._place_of[key] = len(self._known)
            self._known.append(Site(*key, self._since))
        return place

    def source(self, entry: int) -> str:
        """Return where an entry was made: file, line and expression; nothing where that is not known."""
        place = self._sites[entry]
        if place < 0:
            return ""
        site = self._known[place]
        file, where, _ = site.read()
        text = cut(plain(file.text(where))) if file is not None and where is not None else ""
        at = f"{PurePath(site.code.co_filename).name}:{site.line}"
        return plain(at) + (f": {text}" if text else "")

    def comment(self, entry: int) -> str:
        """Return an entry's label and source."""
        label = cut(plain(self.labels.get(entry, "")))
        return "  ".join([part for part in (label, self.source(entry)) if part])


def _is_numpy(names: dict[str, object]) -> bool:
    return str(names.get("__name__", "")).partition(".")[0] == "numpy"


class Listing:
    """A tape to be read: a line for each entry, with its label and where in the program it was made.

    `print(kernel.tape)` shows all lines, `kernel.tape[10]` one, `kernel.tape[:10]` some in a list.
    """

    def __init__(self, tape: SourcedTape) -> None:
        self._tape = tape

    def __len__(self) -> int:
        return len(self._tape)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[entry] for entry in range(len(self))[place]]
        entry = range(len(self))[place]
        source = self._tape.source(entry)
        line = self._tape.line(entry)
        if not source:
            return line
        return f"{line}  {source}" if self._tape.labels.get(entry) else f"{line}  # {source}"

    def __iter__(self) -> Iterator[str]:
        return iter([self[entry] for entry in range(len(self))])

    def __str__(self) -> str:
        return "\n".join(self)

    def __repr__(self) -> str:
        return f"<tape of {len(self)} entries>"
