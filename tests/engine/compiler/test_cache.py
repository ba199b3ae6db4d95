"""Kernels kept on disk are used where they are whole and fit, and never otherwise."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.engine import declare, digamma, dot, exp, forget, lgamma, tanh
from chainrule.engine.compiler import cache, compile, kernel, machine
from chainrule.engine.compiler.compile import Kernel


def f(w: Any, x: Any) -> Any:
    return tanh(dot(w, x)) * exp(-x[0]) + lgamma(w[0])


ARGUMENTS: tuple[Any, ...] = ([1.5, -0.25], np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.1]]))


def made(**options: Any) -> Kernel:
    return compile(f, **{"batch": "x", "reduce": "mean"} | options)


@pytest.fixture(autouse=True)
def another_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kernel is made as if the program had just started: none is left in memory."""
    kernel._recent.clear()
    monkeypatch.setattr(kernel, "RECENT", 0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept" / "here"))
    return tmp_path / "kept" / "here"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that gets the text of every module that is compiled."""
    texts: list[str] = []
    object_code = machine.object_code

    def watched(text: str) -> bytes:
        texts.append(text)
        return object_code(text)

    monkeypatch.setattr("chainrule.engine.compiler.kernel.object_code", watched)
    return texts


EXPECTED = made().value_and_grad(*ARGUMENTS)


def test_what_was_compiled_once_is_read_from_disk(folder: Path, compiled: list[str]) -> None:
    assert made().value_and_grad(*ARGUMENTS) == EXPECTED
    assert (len(compiled), len(list(folder.iterdir()))) == (1, 1)
    again = made()
    assert again.value_and_grad(*ARGUMENTS) == EXPECTED
    assert len(compiled) == 1
    stats = again.stats
    assert set(stats.seconds) == {"recording", "reading from disk"}
    assert (stats.nodes, stats.groups) == (made().variant(*ARGUMENTS).stats.nodes, stats.groups)
    if os.name == "posix":
        assert folder.stat().st_mode & 0o777 == 0o700


def test_other_options_outputs_and_constants_have_other_keys(folder: Path, compiled: list[str]) -> None:
    made().value_and_grad(*ARGUMENTS)
    made()(*ARGUMENTS)
    made(reduce="sum").value_and_grad(*ARGUMENTS)
    made(exact=True).value_and_grad(*ARGUMENTS)
    made(argnums=1).value_and_grad(*ARGUMENTS)
    for constant in (1.0, -1.0, 0.0, -0.0):
        compile(lambda x, c=constant: x * c)(2.0)
    compile(lambda x: x * x)(2.0)
    assert len(compiled) == len(list(folder.iterdir())) == 10


def test_large_blocks_of_samples_have_another_key_than_small_ones(folder: Path, compiled: list[str]) -> None:
    few, many = (np.ones((count, 2)) for count in (8, 9))
    made().value_and_grad(ARGUMENTS[0], few)
    made().value_and_grad(ARGUMENTS[0], many)
    assert len(compiled) == len(list(folder.iterdir())) == 2


def test_another_source_processor_or_llvm_has_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    form = made().variant(*ARGUMENTS).form(True, samples=3)
    keys = {cache.key_of(form.recording.tape, form.wanted, 0)}
    monkeypatch.setattr(cache, "cpu", lambda: ("another", "+avx"))
    keys.add(cache.key_of(form.recording.tape, form.wanted, 0))
    monkeypatch.setattr("llvmlite.__version__", "another")
    keys.add(cache.key_of(form.recording.tape, form.wanted, 0))
    monkeypatch.setattr(cache, "_source", lambda: b"another")
    keys.add(cache.key_of(form.recording.tape, form.wanted, 0))
    assert len(keys) == 4
    monkeypatch.setattr(cache, "_source", lambda: b"")
    assert cache.key_of(form.recording.tape, form.wanted, 0) is None


def test_rows_of_your_own_are_compiled_at_every_start(folder: Path, compiled: list[str]) -> None:
    for factor in (2.0, 3.0):

        @declare(partials=lambda x, out, factor=factor: (factor,))
        def scaled_for_test(x: float, factor: float = factor) -> float:
            return x * factor

        try:
            assert compile(lambda x, row=scaled_for_test: row(x))(1.0) == factor
        finally:
            forget("scaled_for_test")
    assert not folder.exists() or not list(folder.iterdir())


def test_rows_that_only_python_computes_are_called_from_kept_code(folder: Path, compiled: list[str]) -> None:
    found = [compile(lambda x: digamma(x)).value_and_grad(2.5) for _ in range(2)]
    assert found[0] == found[1]
    assert len(compiled) == 1


def whole(folder: Path) -> tuple[Path, bytes]:
    made().value_and_grad(*ARGUMENTS)
    (path,) = folder.iterdir()
    return path, path.read_bytes()


def test_a_file_cut_off_anywhere_is_replaced(folder: Path, compiled: list[str]) -> None:
    path, data = whole(folder)
    lengths = [0, 1, 15, 16, 48, 80, 120, len(data) // 2, len(data) - 1]
    for count, length in enumerate(lengths, start=2):
        path.write_bytes(data[:length])
        assert made().value_and_grad(*ARGUMENTS) == EXPECTED
        assert (len(compiled), path.read_bytes()[:16]) == (count, cache.MAGIC)
        assert len(path.read_bytes()) > len(data) // 2


def test_no_flipped_bit_goes_unnoticed(folder: Path) -> None:
    path, data = whole(folder)
    key = bytes.fromhex(path.stem)
    assert cache.load(key) is not None
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
        assert cache.load(key) is None
    path.write_bytes(data + b"\0")
    assert cache.load(key) is None


def test_foreign_files_and_other_kernels_under_the_name_are_not_used(
    folder: Path, compiled: list[str]
) -> None:
    path, data = whole(folder)
    compile(lambda x: x * x)(2.0)
    (other,) = set(folder.iterdir()) - {path}
    for content in (other.read_bytes(), b"\x7fELF" + bytes(5000), b"chainrule kernel" + bytes(200)):
        path.write_bytes(content)
        assert made().value_and_grad(*ARGUMENTS) == EXPECTED
    assert len(compiled) == 5
    path.unlink()
    path.mkdir()
    assert made().value_and_grad(*ARGUMENTS) == EXPECTED
    assert path.is_dir()
    assert len(data) > 1000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
def test_a_pipe_under_the_name_is_not_waited_for(folder: Path, compiled: list[str]) -> None:
    path, _ = whole(folder)
    path.unlink()
    os.mkfifo(path)
    assert made().value_and_grad(*ARGUMENTS) == EXPECTED
    assert len(compiled) == 2
    assert path.is_file()
    assert made().value_and_grad(*ARGUMENTS) == EXPECTED
    assert len(compiled) == 2


def test_a_folder_that_cannot_be_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for name in (tmp_path / "file", tmp_path / "file" / "below", "a\0b", "x" * 5000, "/proc/none"):
        try:
            monkeypatch.setenv(cache.VARIABLE, str(name))
        except ValueError:  # the system knows no such names
            continue
        assert cache.folder() is None
        assert made().value_and_grad(*ARGUMENTS) == EXPECTED


def test_an_empty_name_switches_the_cache_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, "")
    assert cache.folder() is None


def test_without_a_name_it_is_where_the_system_keeps_such_things(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(cache.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    found = cache.folder()
    assert found is not None
    assert found.is_relative_to(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_folder_that_others_can_write_to_is_not_used(folder: Path, compiled: list[str]) -> None:
    whole(folder)
    folder.chmod(0o777)
    with pytest.warns(RuntimeWarning, match=r"compiled kernels are not kept in .* others can write to it"):
        assert made().value_and_grad(*ARGUMENTS) == EXPECTED
    assert len(compiled) == 2


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_folder_of_somebody_else_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole(folder)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.warns(RuntimeWarning, match="others can write to it"):
        assert cache.folder() is None


def test_what_was_not_used_for_long_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, data = whole(folder)
    monkeypatch.setattr(cache, "LIMIT", 4 * len(data) + 1000)
    now = time.time()
    for age in range(1, 4):
        (folder / f"{age}.kernel").write_bytes(bytes(len(data)))
        os.utime(folder / f"{age}.kernel", (now - 1000 * age, now - 1000 * age))
    os.utime(path, (now - 5000, now - 5000))
    made().value_and_grad(*ARGUMENTS)  # used: it is the newest now
    compile(lambda x: x * 3.0)(2.0)
    compile(lambda x: x * x * x)(2.0)
    names = {file.name for file in folder.iterdir()}
    assert path.name in names
    assert "3.kernel" not in names
    assert sum(file.stat().st_size for file in folder.iterdir()) <= cache.LIMIT
    monkeypatch.setattr(cache, "LIMIT", len(data))
    before = set(folder.iterdir())
    made(exact=True).value_and_grad(*ARGUMENTS)  # one alone would fill the folder
    assert set(folder.iterdir()) == before


SCRIPT = """
import sys
import numpy as np
from chainrule.engine import dot, exp, lgamma, tanh
from chainrule.engine.compiler import compile, kernel

def f(w, x):
    return tanh(dot(w, x)) * exp(-x[0]) + lgamma(w[0])

texts = []
object_code = kernel.object_code
kernel.object_code = lambda text: texts.append(text) or object_code(text)
{before}
value, gradient = compile(f, batch="x", reduce="mean").value_and_grad(
    [1.5, -0.25], np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.1]])
)
print(len(texts), repr((value, gradient)))
"""


def start(before: str = "") -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "error", "-c", SCRIPT.replace("{before}", before)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_that_write_at_once_do_not_disturb_each_other(folder: Path) -> None:
    runs = [start() for _ in range(3)]
    answers = {run.communicate()[0].split(" ", 1)[1] for run in runs}
    assert answers == {f"{EXPECTED!r}\n"}
    assert [path.suffix for path in folder.iterdir()] == [".kernel"]
    assert start().communicate()[0] == f"0 {EXPECTED!r}\n"


def test_a_full_disk_and_a_kill_while_writing_leave_nothing_half_written(folder: Path) -> None:
    full = start("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))")
    killed = start("import os, signal; os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)")
    assert full.communicate() == (f"1 {EXPECTED!r}\n", "")
    assert killed.communicate()[0] == ""
    (leftover,) = folder.iterdir()  # of the one that was killed
    assert leftover.suffix == ".tmp"
    os.utime(leftover, (0, 0))
    assert start().communicate() == (f"1 {EXPECTED!r}\n", "")
    assert [path.suffix for path in folder.iterdir()] == [".kernel"]


def test_a_program_loads_the_same_kernel_once(
    folder: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "RECENT", 2)
    monkeypatch.setenv(cache.VARIABLE, "")
    assert made().value_and_grad(*ARGUMENTS) == made().value_and_grad(*ARGUMENTS) == EXPECTED
    assert len(compiled) == 1
    made(reduce="sum")(*ARGUMENTS)
    made()(*ARGUMENTS)
    made().value_and_grad(*ARGUMENTS)  # two others were used since, so it was let go
    assert len(compiled) == 4
    assert len(kernel._recent) == 2
