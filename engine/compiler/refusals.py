"""What stand-ins refuse because it would freeze a number, and how they say so."""

from __future__ import annotations

import re
import sys
import sysconfig
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..debugging.warn import OWN_FOLDERS

if TYPE_CHECKING:
    from .recorder import Recorder


class RecordingError(TypeError):
    """A function asked for something that is not known while it is being recorded."""


class RecordingWarning(UserWarning):
    """A compiled function is recorded again and again, which takes longer than running it on Values."""


class Text(str):
    """What a stand-in is written as, for people: `print` and debuggers show it.

    It does not have the number in it, so it neither compares nor becomes one, is not searched and is no key:
    what came of that would be the same at every call. Its length and parts of it are there, to show it where
    there is little room. Put together with other text by + it is such a text again.
    """

    __slots__ = ("recorder",)
    recorder: Recorder

    def __new__(cls, shown: str, recorder: Recorder) -> Text:
        text = super().__new__(cls, shown)
        text.recorder = recorder
        return text

    def __add__(self, other: str) -> Text:
        return Text(str.__add__(self, other), self.recorder)

    def __radd__(self, other: str) -> Text:
        return Text(str.__add__(other, self), self.recorder)

    def __str__(self) -> str:
        return self

    def __format__(self, spec: str) -> str:
        return Text(str.__format__(self, spec), self.recorder)

    def _refused(self, *_: object, **__: object) -> NoReturn:
        raise self.recorder.refusal(
            "the text of a number that compile records does not have the number in it: what is read from it "
            "would be the same at every call; compare numbers, where(x == y, ...), and write what the kernel "
            "returns"
        )

    __float__ = __int__ = __complex__ = _refused


_COMPARING = "__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__"
_SEARCHING = (
    "__contains__ startswith endswith find rfind index rindex count partition rpartition split rsplit "
    "strip lstrip rstrip removeprefix removesuffix replace translate encode isalnum isalpha isdecimal "
    "isdigit isnumeric"
)


def _reading(name: str, shows: bool) -> Any:
    """Return a method that reads a text, once the recording is over; until then it is refused.

    shows: but for tools, of Python's own and others, that show it: `pprint` looks at how it begins.
    """
    read = getattr(str, name)

    def method(self: Text, *args: object) -> Any:
        asks = sys._getframe(1).f_code.co_filename
        if self.recorder.closed or (shows and (asks.startswith(OWN_FOLDERS) or _is_installed(asks))):
            return read(self, *args)
        return self._refused()

    return method


for _name in (*_COMPARING.split(), *_SEARCHING.split()):
    setattr(Text, _name, _reading(_name, _name in _SEARCHING.split()))


def refusal(what: str) -> Any:
    """Return a method that raises what `unknown_to` makes of its name."""

    def method(self: Any, *_: object, **__: object) -> NoReturn:
        raise self.unknown_to(what)

    return method


def with_place(error: RecordingError) -> RecordingError:
    """Return the error with the line that it comes from at its end."""
    error.args = (f"{error}{place_of(error)}", *error.args[1:])
    return error


def caught(error: RecordingError) -> RecordingError:
    """Return a refusal that the program has caught, to be raised again when it is through."""
    error.args = (
        f"{error} (it was caught on the way; what was done in its place would be done at every call)",
        *error.args[1:],
    )
    return error


def place_of(error: BaseException) -> str:
    """Return the line that an error comes from, as a line: the user's, else a library's, "" if neither."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    others = [frame for frame in frames if not frame.filename.startswith(OWN_FOLDERS)]
    if not others:
        return ""
    frame = next((frame for frame in others if not _is_installed(frame.filename)), others[0])
    line = f": {frame.line}" if frame.line else ""
    return f"\n  at {frame.filename}, line {frame.lineno}{line}"


def note_stand_in(error: Exception) -> None:
    """Add a note to another's error, of NumPy or PyTorch say, that comes of being given a stand-in.

    It is told by the name of its class in the text, and by what NumPy says of an index that is none.
    """
    text = str(error)
    if text.startswith("only integers, slices"):
        error.add_note("Where the index is a number that compile records: take(rows, i) chooses by it.")
    elif re.search(r"\b(Traced|Plain|Condition)\b", text):
        error.add_note(
            "That is a number that compile records: it is one number, and operators, its methods and the "
            "functions of chainrule.engine and of NumPy take it."
        )


_STANDARD = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})


def _is_installed(file: str) -> bool:
    """Return whether a file is one of Python's own or a library's, NumPy's say, that a user's line calls."""
    return file.startswith(_STANDARD) or not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)


__all__ = [
    "RecordingError",
    "RecordingWarning",
    "Text",
    "caught",
    "note_stand_in",
    "place_of",
    "refusal",
    "with_place",
]
