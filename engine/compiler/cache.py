"""Kernels kept on disk, so that the next start of a program has nothing to compile.

A kernel is kept under a key made of everything it follows from: the tape, what is wanted of it, the engine's
own source, the versions of LLVM and the processor. So nothing kept is ever out of date: what changes has
another key. Rows of your own are not kept: their formulas are not part of the key.

A file holds a checksum and plain arrays, and the machine code itself, which runs as it is. So it is read only
from a folder that nobody else can write to. A file that is cut off, damaged or foreign is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import struct
import sys
import time
import warnings
from functools import cache
from pathlib import Path

import llvmlite
import numpy as np

from ..files import write_whole
from ..own import BUILT_IN
from ..primitive import TABLE, Primitive
from .build import Counts, Layout, Wanted
from .machine import cpu
from .tape import Kind, Tape

VARIABLE = "CHAINRULE_CACHE"
"""The environment variable that names the folder; empty it switches the cache off."""
MAGIC = b"chainrule kernel"
VERSION = 1
LIMIT = 256 << 20
"""Bytes; beyond them the kernels that were not used for longest go."""
ABANDONED = 3600.0
"""Seconds after which an unfinished file belongs to nobody any more."""
_SECTIONS = struct.Struct("<5Q")


def folder() -> Path | None:
    """Return the folder for kernels, made if need be; None where it is switched off or not safe to use."""
    named = os.environ.get(VARIABLE)
    if named == "":
        return None
    try:
        path = Path(named) if named else _usual_folder()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat() if not named else path.stat()
    except (OSError, RuntimeError, ValueError):  # read-only, no home, a name that no folder can have
        return None
    if not stat.S_ISDIR(found.st_mode):
        return None
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
        warnings.warn(
            f"compiled kernels are not kept in {str(path)!r}, because others can write to it: make it yours "
            f"alone (chmod 700), or name another folder in the environment variable {VARIABLE}",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    return path


def _usual_folder() -> Path:
    """Return where programs keep such files on this system."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "chainrule"
    if sys.platform == "win32":
        return (
            Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "chainrule" / "Cache"
        )
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chainrule"


def key_of(tape: Tape, wanted: Wanted, outside: int) -> bytes | None:
    """Return the key of a kernel, or None where it cannot be kept."""
    if not _source() or not all(_is_ours(kind) for kind in tape.kinds):
        return None
    options = [
        wanted.widths,
        wanted.reduce,
        wanted.lanes,
        wanted.exact,
        wanted.guarded,
        wanted.dtype,
        wanted.checks,
        outside,
    ]
    kinds = [f"{type(kind).__name__} {kind.name}" for kind in tape.kinds]
    parts = [
        _source(),
        json.dumps([VERSION, *versions(), options, kinds]).encode(),
        *[numbers.tobytes() for numbers in (tape.codes, tape.operands, tape.ends)],
        np.array(list(tape.constants), np.int64).tobytes(),
        np.array(list(tape.constants.values()), np.float64).tobytes(),
        *[
            np.array(entries, np.int64).tobytes()
            for entries in (wanted.outputs, wanted.by, wanted.batched, wanted.choices)
        ],
    ]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(struct.pack("<Q", len(part)))  # where one ends is part of what they say
        digest.update(part)
    return digest.digest()


def _is_ours(kind: Kind) -> bool:
    return not isinstance(kind, Primitive) or (kind.name in BUILT_IN and TABLE.get(kind.name) is kind)


def versions() -> list[str]:
    """Return what machine code depends on beside the program."""
    llvm = ".".join(map(str, llvmlite.binding.llvm_version_info))
    return [sys.platform, *cpu(), llvmlite.__version__, llvm]


@cache
def _source() -> bytes:
    """Return a checksum of the engine's source, nothing where there is none to read."""
    digest = hashlib.sha256()
    try:
        files = sorted(Path(__file__).parents[1].rglob("*.py"))
        for file in files:
            digest.update(file.read_bytes())
    except OSError:
        return b""
    return digest.digest() if files else b""


def load(key: bytes) -> tuple[Layout, bytes, Counts] | None:
    """Return what is kept under a key: layout, machine code and counts; None where that is nothing whole."""
    since = time.perf_counter()
    kept = folder()
    if kept is None:
        return None
    path = _path(kept, key)
    try:
        if not path.is_file():  # a pipe would wait for ever, a device never end
            return None
        found = _read(path.read_bytes(), key)
    except OSError:
        return None
    if found is None:
        return None
    with contextlib.suppress(OSError):  # what is used is not the first to go
        os.utime(path)
    found[2].seconds["reading from disk"] = time.perf_counter() - since
    return found


def store(key: bytes, layout: Layout, code: bytes, counts: Counts) -> None:
    """Keep a kernel. Where that is not possible nothing happens: it can be made again."""
    kept = folder()
    data = _written(key, layout, code, counts)
    if kept is None or len(data) > LIMIT // 4:
        return
    with contextlib.suppress(OSError):  # no space, no right to write
        write_whole(_path(kept, key), data, "a.kernel")
        _make_room(kept)


def _path(kept: Path, key: bytes) -> Path:
    return kept / f"{key.hex()}.kernel"


def _written(key: bytes, layout: Layout, code: bytes, counts: Counts) -> bytes:
    about = {
        "sizes": [layout.parameters, layout.rows, layout.lanes, layout.once, layout.each],
        "callbacks": [row.name for row in layout.callbacks],
        "work": layout.work,
        "dtype": layout.dtype,
        "sums": layout.sums,
        "counts": [counts.entries, counts.nodes, counts.groups, counts.flops_once, counts.flops_each],
    }
    flags = layout.per_sample.astype(np.uint8)
    arrays = [layout.numbers.astype(f"<f{layout.numbers.itemsize}"), layout.places.astype("<i4"), flags]
    sections = [json.dumps(about).encode(), code, *[array.tobytes() for array in arrays]]
    body = key + _SECTIONS.pack(*map(len, sections)) + b"".join(sections)
    return MAGIC + hashlib.sha256(body).digest() + body


def _read(data: bytes, key: bytes) -> tuple[Layout, bytes, Counts] | None:
    start = len(MAGIC) + 32
    body = data[start:]
    if data[:start] != MAGIC + hashlib.sha256(body).digest() or body[:32] != key:
        return None
    sections = []
    at = 32 + _SECTIONS.size
    for size in _SECTIONS.unpack(body[32:at]):
        sections.append(body[at : at + size])
        at += size
    text, code, numbers, places, flags = sections
    about = json.loads(text)
    parameters, rows, lanes, once, each = about["sizes"]
    layout = Layout(
        parameters=parameters,
        rows=rows,
        lanes=lanes,
        once=once,
        each=each,
        per_sample=np.frombuffer(flags, np.uint8).astype(bool),
        sums=(about["sums"][0], about["sums"][1]),
        numbers=np.frombuffer(numbers, np.dtype(about["dtype"]).newbyteorder("<")).astype(about["dtype"]),
        places=np.frombuffer(places, "<i4").astype(np.int32),
        callbacks=tuple([TABLE[name] for name in about["callbacks"]]),
        work=(about["work"][0], about["work"][1]),
        dtype=about["dtype"],
    )
    return layout, code, Counts(*about["counts"])


def _make_room(kept: Path) -> None:
    """Remove what writers that were killed left, and kernels not used for long where there are too many."""
    files = []
    for entry in os.scandir(kept):
        with contextlib.suppress(OSError):  # another process removed it
            found = entry.stat()
            if entry.name.endswith(".tmp") and found.st_mtime < time.time() - ABANDONED:
                os.unlink(entry.path)
            elif entry.name.endswith(".kernel"):
                files.append((found.st_mtime, found.st_size, entry.path))
    total = sum(size for _, size, _ in files)
    if total <= LIMIT:
        return
    for _, size, path in sorted(files):
        with contextlib.suppress(OSError):
            os.unlink(path)
        total -= size
        if total <= LIMIT * 3 // 4:
            return
