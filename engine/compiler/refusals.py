"""What stand-ins refuse because it would freeze a number, and how they say so."""

from __future__ import annotations

import itertools
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex

from ..debugging.warn import OWN_FOLDERS

if TYPE_CHECKING:
    from .recorder import Recorder


class RecordingError(TypeError):
    """A function asked for something that is not known while it is being recorded."""

    place = ""
    """The line that asked, where the error does not come from there itself: C has caught one in between."""


class RecordingWarning(UserWarning):
    """A compiled function is recorded again and again, which takes longer than running it on Values."""


NO_NUMBER = ", no number yet>"
"""How the text of every stand-in ends."""


class Text(str):
    """What a stand-in is written as, for people: `print` and debuggers show it.

    It does not have the number in it, so it neither compares nor becomes one, is not searched, not counted
    and no key: what came of that would be the same at every call. Parts of it, and what it becomes with other
    text by +, padded or in capitals, are such texts again. Tools that show it may look at it.
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

    def __iter__(self) -> Iterator[Text]:
        return iter([Text(letter, self.recorder) for letter in str.__iter__(self)])

    def __bool__(self) -> bool:
        return True

    def __copy__(self) -> Text:
        return self

    def __deepcopy__(self, memo: object) -> Text:
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Pickle it as plain text, in an error that leaves a recording, say."""
        return (str, (str.__str__(self),)) if self.recorder.closed else self._refused()

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
    "__len__ __contains__ "
    "startswith endswith find rfind index rindex count partition rpartition split rsplit "
    "strip lstrip rstrip removeprefix removesuffix replace translate encode isalnum isalpha isdecimal "
    "isdigit isnumeric isspace islower isupper istitle isascii isidentifier isprintable splitlines"
)


def _making(name: str) -> Any:
    """Return a method that makes another text of one."""
    make = getattr(str, name)

    def method(self: Text, *args: object) -> Any:
        made = make(self, *args)
        return Text(made, self.recorder) if isinstance(made, str) else made

    return method


_CHANGING = (
    "__getitem__ __mul__ __rmul__ __mod__ lower upper title capitalize casefold swapcase ljust rjust center "
    "zfill expandtabs"
)
for _name in _CHANGING.split():
    setattr(Text, _name, _making(_name))


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
    error.args = (f"{error}{error.place or place_of(error)}", *error.args[1:])
    return error


def caught(error: RecordingError) -> RecordingError:
    """Return a refusal that the program has caught, or another library in its place, to be raised again."""
    error.args = (
        f"{error} (it was caught on the way; what was done in its place would be done at every call)",
        *error.args[1:],
    )
    return error


def place_of(error: BaseException) -> str:
    """Return the line that an error comes from, as a line: the user's, else a library's, "" if neither."""
    return _place(reversed(traceback.extract_tb(error.__traceback__)))


def place_here() -> str:
    """Return the line that is being recorded, as `place_of` does; "" outside of a recording's run."""
    frames = iter(reversed(traceback.extract_stack()))
    return _place(itertools.takewhile(lambda frame: frame.filename != _RECORDS, frames))


_RECORDS = str(Path(__file__).with_name("record.py"))
"""Where functions are run to be recorded: what called that is none of it."""


def _place(frames: Iterable[traceback.FrameSummary]) -> str:
    others = [frame for frame in frames if not frame.filename.startswith(OWN_FOLDERS)]
    if not others:
        return ""
    frame = next((frame for frame in others if not _is_installed(frame.filename)), others[0])
    line = f": {frame.line}" if frame.line else ""
    return f"\n  at {frame.filename}, line {frame.lineno}{line}"


def note_stand_in(error: Exception) -> None:
    """Add a note to another's error, of NumPy or PyTorch say, that comes of being given a stand-in.

    It is told by the name of its class in the text or by its own text, and by what NumPy says of an index
    that is none and of functions that it has for floats alone, json of a float that is none.
    """
    text = str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    own = (last.line or "").startswith("raise") and not _is_installed(last.filename)
    if NO_NUMBER in f"{text} {error.args} {vars(error)}" and not own:  # own ones say what they like
        error.add_note("The text of a number that compile records does not have the number in it.")
    elif text.startswith(("only integers, slices", "arrays used as indices")):
        error.add_note("Where the index is a number that compile records: take(rows, i) chooses by it.")
    elif text.startswith("ufunc '") or "dtype('O')" in text:
        error.add_note(
            "Where the array is of numbers that compile records: NumPy has this for floats alone; x != x "
            "says which are nan, abs(x) == inf which are infinite."
        )
    elif re.fullmatch(r"Object of type (float|int|bool|Traced) is not JSON serializable", text):
        error.add_note("That is a number that compile records: write what the kernel returns.")
    elif re.search(r"\b(Traced|Plain|Whole|Condition)\b", text):
        error.add_note(
            "That is a number that compile records: it is one number, and operators, its methods and the "
            "functions of chainrule.engine and of NumPy take it."
        )


_STANDARD = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})


def _is_installed(file: str) -> bool:
    """Return whether a file is one of Python's own or a library's, NumPy's say, that a user's line calls."""
    if file == "<string>":  # a method that a dataclass has been given
        return True
    return file.startswith(_STANDARD) or not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)


__all__ = [
    "NO_NUMBER",
    "RecordingError",
    "RecordingWarning",
    "Text",
    "caught",
    "note_stand_in",
    "place_here",
    "place_of",
    "refusal",
    "with_place",
]
