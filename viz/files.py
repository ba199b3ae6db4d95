"""Writing a file as a whole or not at all."""

import contextlib
import errno
import os
import secrets
from pathlib import Path


def refuse_folder(path: Path, name: str = "graph.svg") -> None:
    """Raise IsADirectoryError where `path` is a folder, with what to pass instead: `name` in it."""
    if path.is_dir():
        example = str(path / name)
        raise IsADirectoryError(
            errno.EISDIR,
            f"cannot write {str(path)!r}: it is a folder; pass a file in it, such as {example!r}",
        )


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path`: at no moment is there a half-written file under that name.

    Raises OSError (its subclass for the case) that says what is wrong with the path and what to pass.
    """
    refuse_folder(path)
    target = Path(os.path.realpath(path))  # a link stays a link
    temporary = target.parent / f".{secrets.token_hex(8)}.tmp"  # on the same disk, or it could not be renamed
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, target)
    except OSError as error:
        # Made from its number, an OSError is of the subclass for it.
        raise OSError(
            error.errno, f"cannot write {str(path)!r}: {_complaint(target.parent, error)}"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # gone already when all went well
            temporary.unlink()


def _complaint(folder: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"the folder {str(folder)!r} does not exist; create it, or pass a path in one that does"
    if isinstance(error, NotADirectoryError):
        return f"{str(folder)!r} is not a folder; pass a path in one"
    return f"{error.strerror}; pass a path in a folder that can be written to"
