"""Where a value came from: what `value.source` returns."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from types import CodeType
from typing import Any

from ..about import OnlySource
from ..words import plain
from . import written
from .places import Path
from .places import written as written_place


@dataclass(frozen=True)
class Source:
    """Where in the user's code a value was made, or, of a leaf, was first used.

    `str` prints it as Python's tracebacks do, with the expression underlined. Columns count characters.
    """

    file: str
    """The file as Python names it: a path, `<stdin>`, a notebook's cell."""
    line: int
    """Where the expression begins, counted from 1."""
    column: int | None
    """The first character of the expression in its line, counted from 1; None where that is unknown."""
    end_line: int | None
    """Where the expression ends."""
    end_column: int | None
    """The first character after it."""
    function: str
    """The function's qualified name, `<module>` outside of all."""
    text: str
    """The expression on one line; empty where the source is missing or was edited since."""
    name: str
    """What it was assigned to, as written: `loss`, `self.h`, `h[i]`; empty where it was not."""
    module: str
    """The module and scopes it was made in: `encoder.layers[0].neurons[2]`; empty outside of all."""
    used: bool
    """True for a leaf: it is known where it was first used, not where it was made."""
    note: str
    """Why there is no text, where there is none."""
    first_line: str
    """The line of the source in which the expression begins."""

    def __str__(self) -> str:
        head = f'File "{plain(self.file)}", line {self.line}, in {self.function}'
        head += f", in module {self.module}" if self.module else ""
        head += ", first used here" if self.used else ""
        if not self.text:
            return f"{head}\n    ({self.note})"
        shown = self.first_line.rstrip()
        indent = len(shown) - len(shown.lstrip())
        start = (self.column or 1) - 1
        end = (self.end_column or 1) - 1 if self.end_line == self.line else len(shown)
        marks = " " * _width(shown[indent:start]) + "^" * _width(shown[start:end])
        return (
            f"{head}\n    {plain(shown[indent:])}\n    {marks}{'' if self.end_line == self.line else '...'}"
        )


def _width(text: str) -> int:
    """Return how many columns a terminal gives the text."""
    return sum(2 if unicodedata.east_asian_width(character) in "FW" else 1 for character in plain(text))


class Site(OnlySource):
    """An instruction in the user's code at which values were made; all that were made there share it.

    since: when recording began, in seconds of the epoch: a file written later is not what ran.
    several: whether one execution makes several values, as that of `sum(xs)` does.
    caller: where the value is at once returned from the function, the site of that function's call.
    step: the same place, for what is made there on the way to the result, where there are several.
    """

    module = ""
    __slots__ = (
        "_name",
        "_read",
        "caller",
        "code",
        "instruction",
        "missed",
        "several",
        "since",
        "step",
    )

    def __init__(
        self,
        code: CodeType,
        instruction: int,
        since: float,
        several: bool = False,
        caller: Site | None = None,
    ) -> None:
        self.code, self.instruction, self.since = code, instruction, since
        self.several, self.caller = several, caller
        self._read: tuple[written.File | None, written.Range | None, str] | None = None
        self._name: str | None = None
        self.missed = 0  # how often the name of a leaf was sought in vain when it was first used here
        self.step: Site | None = None
        if several:
            self.step = Site(code, instruction, since)
            self.step._name = ""

    @property
    def site(self) -> Site:
        """Itself, as of a `Made`."""
        return self

    def read(self) -> tuple[written.File | None, written.Range | None, str]:
        """Return the file, the range in it, and why there is no file where there is none."""
        if self._read is None:
            self._read = self._looked_up()
        return self._read

    def _looked_up(self) -> tuple[written.File | None, written.Range | None, str]:
        where = written.range_of(self.code, self.instruction)
        file = written.file_of(self.code.co_filename)
        if file is None or where is None:
            return None, where, "the source is not available"
        where = file.wholes.get(where, where)
        edited = written.edited_since(self.code.co_filename, self.since)
        if edited or not written.fits(file, self.code, where):
            return None, where, "the file has been edited since: this is the line it was then"
        return file, where, ""

    @property
    def name(self) -> str:
        """What the value is assigned to: here, or where the function that returns it was called."""
        if self._name is None:
            site: Site | None = self
            self._name = ""
            while site is not None and not self._name:
                self._name, site = site._assigned(), site.caller
        return self._name

    @property
    def line(self) -> int:
        """The line of the instruction."""
        where = written.range_of(self.code, self.instruction)
        return where[0] if where else self.code.co_firstlineno

    def _assigned(self) -> str:
        file, where, _ = self.read()
        if file is None or where is None:
            return written.stored_name(self.code, self.instruction)
        return file.names.get(where, "")

    def operand(self, place: int, count: int) -> str:
        """Return how operand number `place` of `count` is written where that is a variable."""
        file, where, _ = self.read()
        if file is None or where is None or self.several:
            return ""
        return file.operand(where, place, count)


class Made(OnlySource):
    """What is kept of a value that a module made, or with the variables of that moment.

    variables: the globals, and a copy of the locals, with `record_sources(frames=True)`.
    step: the same for what is made there on the way to the result, where several values are.
    """

    __slots__ = ("module", "site", "step", "variables")

    def __init__(
        self,
        site: Site,
        module: str = "",
        variables: tuple[dict[str, Any], dict[str, Any]] | None = None,
    ) -> None:
        self.site, self.module, self.variables = site, module, variables
        self.step: Made | None = None if site.step is None else Made(site.step, module, variables)

    @property
    def scope(self) -> str:
        """The module and scopes the value was made in."""
        return self.module

    @property
    def name(self) -> str:
        """The name of the value."""
        return self.site.name


class FirstUse(OnlySource):
    """What is kept of a leaf: the site of its first use.

    place, count: which operand it was there, and of how many.
    found: where it was found in the variables of those who used it, `params[3]`; None if nowhere.
    """

    __slots__ = ("count", "found", "place", "site")
    module = ""
    variables = None
    site: Site
    place: int
    count: int
    found: Path | None

    @property
    def name(self) -> str:
        """The name of the leaf."""
        if self.found is not None:
            return written_place(self.found)
        return self.site.operand(self.place, self.count)


def source_of(kept: Site | Made | FirstUse) -> Source:
    """Return what is known of a value's source, in words and numbers."""
    site = kept.site
    file, where, note = site.read()
    column = end_column = None
    if file is not None and where is not None:  # Python counts bytes, people count characters
        first, start, last, end = where
        column = len(file.lines[first - 1].encode()[:start].decode(errors="replace")) + 1
        end_column = len(file.lines[last - 1].encode()[:end].decode(errors="replace")) + 1
    return Source(
        file=site.code.co_filename,
        line=where[0] if where else site.line,
        column=column,
        end_line=where[2] if where else None,
        end_column=end_column,
        function=site.code.co_qualname,
        text=file.text(where) if file is not None and where is not None else "",
        name=kept.name,
        module=kept.module,
        used=isinstance(kept, FirstUse),
        note=note,
        first_line=file.lines[where[0] - 1] if file is not None and where is not None else "",
    )
