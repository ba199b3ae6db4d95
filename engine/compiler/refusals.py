"""What stand-ins refuse because it would freeze a number, and how they say so."""

from __future__ import annotations

import re
import sysconfig
import traceback
from pathlib import Path
from typing import Any, NoReturn

from ..debugging.warn import OWN_FOLDERS


class RecordingError(TypeError):
    """A function asked for something that is not known while it is being recorded."""


class RecordingWarning(UserWarning):
    """A compiled function is recorded again and again, which takes longer than running it on Values."""


class Text(str):
    """What a stand-in is written as, for people: `print` and debuggers show it.

    It does not have the number in it, so it neither compares nor becomes one: what came of that would be the
    same at every call.
    """

    __slots__ = ()

    def _refused(self, *_: object) -> NoReturn:
        raise RecordingError(
            "the text of a number that compile records does not have the number in it: what is read from it "
            "would be the same at every call; compare numbers, where(x == y, ...), and write what the kernel "
            "returns"
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __float__ = __int__ = _refused
    __hash__ = str.__hash__


def refusal(what: str) -> Any:
    """Return a method that raises what `unknown_to` makes of its name."""

    def method(self: Any, *_: object, **__: object) -> NoReturn:
        raise self.unknown_to(what)

    return method


def with_place(error: RecordingError) -> RecordingError:
    """Return the error with the line that it comes from at its end."""
    error.args = (f"{error}{place_of(error)}", *error.args[1:])
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
    "note_stand_in",
    "place_of",
    "refusal",
    "with_place",
]
