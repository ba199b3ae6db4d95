"""Files are written as a whole or not at all, whatever happens in between."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chainrule.engine.files import path_of, remove_leftovers, write_whole


def test_a_file_is_written_and_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "numbers"
    write_whole(target, b"old", "numbers")
    write_whole(target, b"new", "numbers")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_the_bytes_are_on_the_disk_before_they_take_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr("os.fsync", lambda file: (happened.append("fsync"), fsync(file)))  # type: ignore[func-returns-value]
    monkeypatch.setattr("os.replace", lambda old, new: (happened.append("replace"), replace(old, new)))  # type: ignore[func-returns-value]
    write_whole(tmp_path / "numbers", b"new", "numbers")
    assert happened == ["fsync", "replace"]


@pytest.mark.parametrize("stage", ["open", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    target = tmp_path / "numbers"
    target.write_bytes(b"old")
    monkeypatch.setattr("builtins.open" if stage == "open" else f"os.{stage}", full)
    with pytest.raises(OSError, match="No space left on device; free some, or pass a path on another disk"):
        write_whole(target, b"new", "numbers")
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's device that is always full")
def test_a_disk_that_fills_up_during_the_write_is_reported_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_open = open
    monkeypatch.setattr("builtins.open", lambda path, mode: really_open("/dev/full", "wb"))
    with pytest.raises(OSError, match="No space left on device; free some") as caught:
        write_whole(tmp_path / "numbers", b"new", "numbers")
    assert caught.value.errno == errno.ENOSPC


def test_a_folder_that_is_there_is_not_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Any, mode: str) -> Any:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")  # as for every new file in /proc

    monkeypatch.setattr("builtins.open", refused)
    with pytest.raises(
        FileNotFoundError, match="No such file or directory; pass a path in a folder that can be"
    ):
        write_whole(tmp_path / "numbers", b"new", "numbers")


@pytest.mark.parametrize("path", [None, 3, "", b"graph.svg", ["graph.svg"]], ids=repr)
def test_what_is_no_path_is_refused_by_the_call_it_was_given_to(path: Any) -> None:
    with pytest.raises(TypeError, match=r"^save\(path\) takes a path, such as 'graph.svg', got "):
        path_of(path, "save(path)", "graph.svg")


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("", IsADirectoryError, r"it is a folder; pass a file in it, such as '.*numbers'"),
        (
            "missing/numbers",
            FileNotFoundError,
            "missing' does not exist; create it, or pass a path in one that",
        ),
        ("file/numbers", NotADirectoryError, "file' is not a folder; pass a path in one"),
        ("x" * 300, OSError, "File name too long; pass a path in a folder that can be written to"),
    ],
)
def test_impossible_paths_are_refused(tmp_path: Path, path: str, kind: type[OSError], message: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(kind, match=message):
        write_whole(tmp_path / path, b"new", "numbers")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_may_not_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:  # a superuser may write anywhere
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("builtins.open", forbidden)
    with pytest.raises(PermissionError, match="Permission denied; pass a path in a folder that can be writ"):
        write_whole(tmp_path / "numbers", b"new", "numbers")


def test_the_longest_name_there_may_be_is_written(tmp_path: Path) -> None:
    write_whole(tmp_path / ("x" * 255), b"new", "numbers")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")
@pytest.mark.parametrize(("stage", "left"), [("fsync", b"old"), ("replace", b"old"), ("unlink", b"new")])
def test_a_kill_at_any_stage_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, stage: str, left: bytes
) -> None:
    target = tmp_path / "numbers"
    target.write_bytes(b"old")
    (tmp_path / ".another.tmp").write_bytes(b"not ours")
    program = f"""
import os, pathlib, signal
from chainrule.engine.files import write_whole
def kill(*_): os.kill(os.getpid(), signal.SIGKILL)
{"pathlib.Path.unlink" if stage == "unlink" else "os." + stage} = kill
write_whole(pathlib.Path({str(target)!r}), b"new", "numbers")
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    assert target.read_bytes() == left
    remove_leftovers(target)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".another.tmp", "numbers"]
