"""Writing a file as a whole or not at all."""

import contextlib
import errno
import os
import secrets
import zlib
from pathlib import Path

from .value import described


def path_of(path: object, call: str, such_as: str) -> Path:
    """Return the path; raise TypeError that shows the call for what is none, an empty text among them."""
    if isinstance(path, str | os.PathLike) and os.fspath(path):
        return Path(path)
    raise TypeError(f"{call} takes a path, such as {such_as!r}, got {described(path)}")


def refuse_folder(path: Path, such_as: str) -> None:
    """Raise IsADirectoryError where `path` is a folder, with what to pass instead: a file `such_as` this."""
    if os.path.isdir(path):  # where Path.is_dir raises for names no file can have, this says no
        example = str(path / such_as)
        raise IsADirectoryError(
            errno.EISDIR,
            f"cannot write {str(path)!r}: it is a folder; pass a file in it, such as {example!r}",
        )


def write_whole(path: Path, data: bytes, such_as: str) -> None:
    """Write `data` to `path`: at no moment is there a half-written file under that name.

    The bytes go to a temporary file beside it and are on the disk before that takes the name, so that a
    kill or a power cut leaves the old file or the new one. A kill may leave the temporary file behind:
    see `remove_leftovers`.
    such_as: the name of a file to suggest where `path` is a folder.
    Raises OSError (its subclass for the case) that says what is wrong with the path and what to pass;
    what was there before is still there then.
    """
    refuse_folder(path, such_as)
    target = Path(os.path.realpath(path))  # a link stays a link
    # On the same disk, or it could not be renamed; short, whatever the length of the name.
    temporary = target.parent / f"{_mark(target)}{secrets.token_hex(8)}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        # Made from its number, an OSError is of the subclass for it.
        raise OSError(
            error.errno, f"cannot write {str(path)!r}: {_complaint(target.parent, error)}"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # gone already when all went well
            temporary.unlink()


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files that killed writers of `path` left; for the only writer of that file."""
    target = Path(os.path.realpath(path))
    with contextlib.suppress(OSError):  # nothing is lost by one that stays
        for leftover in target.parent.glob(f"{_mark(target)}*.tmp"):
            leftover.unlink()


def _mark(target: Path) -> str:
    """Return how the names of temporary files for `target` begin."""
    return f".{zlib.crc32(os.fsencode(target.name)):08x}-"


def _complaint(folder: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and not folder.is_dir():  # in /proc there are no new files
        return f"the folder {str(folder)!r} does not exist; create it, or pass a path in one that does"
    if isinstance(error, NotADirectoryError):
        return f"{str(folder)!r} is not a folder; pass a path in one"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{error.strerror}; free some, or pass a path on another disk"
    return f"{error.strerror}; pass a path in a folder that can be written to"
