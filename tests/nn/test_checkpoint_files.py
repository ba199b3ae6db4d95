"""Files of checkpoints: where they may be, what is never written over, and which are refused."""

import errno
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import safetensors
import safetensors.numpy
from crashes import POINTS, SIDES, Crash, run

from chainrule.nn import (
    MLP,
    SGD,
    Dropout,
    Linear,
    Module,
    Parameter,
    Sequential,
    fit,
    half_squared_error,
    load,
    load_state,
)
from chainrule.nn.tensors import checksum, read_tensors


def test_a_path_to_go_on_from_may_be_another_than_the_one_to_write(tmp_path: Path) -> None:
    with pytest.raises(Crash):
        run(tmp_path / "old", crash=4)
    kept = (tmp_path / "old").read_bytes()
    assert run(resume=tmp_path / "old") == run()
    assert run(tmp_path / "new", resume=str(tmp_path / "old")) == run()
    assert (tmp_path / "old").read_bytes() == kept
    assert run(tmp_path / "new", resume=True) == run()
    with pytest.raises(FileNotFoundError, match=r"cannot read '.*missing': No such file or directory"):
        run(resume=tmp_path / "missing")


def test_a_checkpoint_is_not_written_over_by_accident(tmp_path: Path) -> None:
    run(tmp_path / "run", epochs=2)
    kept = (tmp_path / "run").read_bytes()
    message = (
        r"fit would write over the checkpoint '.*run': resume=True goes on from it, resume=False begins anew"
    )
    with pytest.raises(FileExistsError, match=message):
        run(tmp_path / "run")
    run(tmp_path / "other", epochs=1)
    with pytest.raises(FileExistsError, match=message):
        run(tmp_path / "run", resume=tmp_path / "other")
    assert (tmp_path / "run").read_bytes() == kept
    assert run(tmp_path / "run", resume=False) == run()


def test_the_parameters_of_a_checkpoint_are_loaded_like_a_models_file(tmp_path: Path) -> None:
    parameters, _, _ = run(tmp_path / "run")
    model = Sequential(Linear(2, 4), "tanh", Dropout(0.3), Linear(4, 1))
    assert [p.data for p in load(model, tmp_path / "run").parameters()] == parameters
    assert list(load_state(tmp_path / "run")) == ["0.bias", "0.weight", "3.bias", "3.weight"]


def test_the_checkpoint_is_there_before_the_first_epoch_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / ".another.tmp").touch()
    with pytest.raises(Crash):
        run(tmp_path / "run", crash=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".another.tmp", "run"]


def test_paths_that_cannot_be_written_are_refused_before_training(tmp_path: Path) -> None:
    def never(output: Any, target: Any) -> Any:
        raise AssertionError("trained")

    for path, kind, message in (
        (
            tmp_path / "new" / "run",
            FileNotFoundError,
            "new' does not exist; create it, or pass a path in one",
        ),
    ):
        with pytest.raises(kind, match=message):
            run(path, loss=never)
    for resume in (None, True, False):  # a folder is no checkpoint, whatever is to be done with one
        with pytest.raises(
            IsADirectoryError, match=r"it is a folder; pass a file in it, such as '.*run.safetensors'"
        ):
            run(tmp_path, loss=never, resume=resume)
    with pytest.raises(TypeError, match=r"fit\(checkpoint=path\) takes a path, .* got 3"):
        run(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"fit\(resume=path\) takes a path, .* got 1"):
        run(tmp_path / "run", resume=1)


def test_a_disk_that_fills_up_later_is_a_warning_and_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, calls = os.fsync, iter(range(100))

    def full(file: int) -> None:
        if next(calls) >= 3:  # the first checkpoint and those of two epochs
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(RuntimeWarning, match="fit goes on without the checkpoint of epoch") as warned:
        assert run(tmp_path / "run", epochs=4) == run(epochs=4)
    assert "epoch 3: cannot write" in str(warned[0].message)
    assert "No space left on device; free some" in str(warned[0].message)
    monkeypatch.undo()
    assert run(tmp_path / "run", resume=True) == run()  # from the second epoch


def signed(text: str) -> dict[str, str]:
    """Return metadata with another text for the run; `altered` puts the checksum that fits."""
    return {"run": text, "sha256": ""}


def altered(path: Path, **texts: str) -> Path:
    """Write other metadata into a checkpoint."""
    with safetensors.safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dictionary
        texts = {**file.metadata(), **texts}
    texts["sha256"] = texts["sha256"] or checksum(read_tensors(path)[0], texts["run"])
    path.write_bytes(safetensors.numpy.save(arrays, texts))
    return path


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": MLP(2, [5, 1])}, r"'layers.0.weight', \[5, 2\] in the model, is missing from the file"),
        (
            {"model": Sequential(Linear(2, 5), "tanh", Dropout(0.3), Linear(5, 1))},
            r"into Sequential: '0.weight' is \[4, 2\] in the file and \[5, 2\] in the model; '0.bias' is",
        ),
        (
            {"optimizer": SGD},
            "it is of another run: optimizer was Adam and is SGD. To begin a new run from its",
        ),
        ({"stopping": True}, r"callbacks\[0\] was none and is EarlyStopping"),
        ({"batch_size": 3}, "batch_size was 5 and is 3"),
        (
            {"shuffle": False, "clip_norm": 1.0},
            "shuffle was True and is False; clip_norm was None and is 1.0",
        ),
        ({"validation": 0.5}, "held_out was 4 and is 8"),
        ({"validation": (POINTS[:4], SIDES[:4])}, "validation was 0 and is 4; held_out was 4 and is 0"),
        ({"metrics": {"m": lambda o, t: 0.0}}, r"metrics was \[\] and is \['m'\]"),
        (
            {"model": Sequential(Linear(2, 4), "tanh", "tanh", Linear(4, 1))},
            "random generators were Python's, fit's,",
        ),
        ({"seed": None}, "random generators were Python's, fit's, model.2.rng and are Python's, model.2.rng"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_changes_nothing(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    run(tmp_path / "run", epochs=1)
    model = settings.setdefault("model", Sequential(Linear(2, 4), "tanh", Dropout(0.3, seed=9), Linear(4, 1)))
    before, drawn = model.state_dict(), random.getstate()
    with pytest.raises(ValueError, match=message) as caught:
        run(tmp_path / "run", resume=True, **settings)
    assert str(caught.value).startswith(f"cannot resume from {str(tmp_path / 'run')!r}")
    assert model.state_dict() == before
    if settings.get("seed", 0) is not None:  # else the split was drawn from it, as a new run would
        assert random.getstate() == drawn


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            {"version": "2"},
            "it has version '2' of the layout, and this chainrule reads version 1: install the chai",
        ),
        ({"version": "one"}, "it has version 'one' of the layout"),
        ({"format": "pt"}, r"it is no checkpoint of fit; load\(model, path\) reads a model's file"),
        ({"sha256": "0" * 64}, "it is damaged, its checksum does not fit what it holds"),
        ({"run": "{}"}, "it is damaged, its checksum does not fit what it holds"),
        (signed("["), "what it says of the run is no JSON"),
        (signed("[" * 10**5), "what it says of the run is no JSON"),
    ],
)
def test_checkpoints_that_cannot_be_read_are_refused(
    tmp_path: Path, texts: dict[str, str], message: str
) -> None:
    run(tmp_path / "run", epochs=1)
    altered(tmp_path / "run", **texts)
    with pytest.raises(ValueError, match=message):
        run(tmp_path / "run", resume=True)


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    run(tmp_path / "run", epochs=1)
    whole = (tmp_path / "run").read_bytes()
    rng = random.Random(0)
    for _ in range(60):
        place = rng.randrange(len(whole))
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.randrange(8)
        (tmp_path / "run").write_bytes(flipped)
        with pytest.raises(ValueError, match=r"cannot (read|resume)"):
            run(tmp_path / "run", resume=True)
    (tmp_path / "run").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="it is cut short or damaged"):
        run(tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held.clear(),
        lambda held: held.update(order=[0, 1, 2]),
        lambda held: held.update(order="zero"),
        lambda held: held.update(epoch="one"),
        lambda held: held.update(history={}),
        lambda held: held["history"].update(train=[{"loss": "low", "metrics": {}}]),
        lambda held: held.update(parts=[]),
        lambda held: held["parts"]["optimizer"].update(state={"nothing": 1}),
        lambda held: held["random"].update({"fit's": [3, [1, 2], None]}),
        lambda held: held["random"].update({"fit's": "import os"}),
    ],
)
def test_a_forged_checkpoint_is_refused_and_changes_nothing(
    tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    path = tmp_path / "run"
    run(path, epochs=2)
    held = json.loads(read_tensors(path)[1]["run"])
    change(held)
    altered(path, **signed(json.dumps(held)))
    model = Sequential(Linear(2, 4), "tanh", Dropout(0.3, seed=9), Linear(4, 1))
    before, drawn = model.state_dict(), model[2].rng.getstate()
    with pytest.raises(ValueError, match="cannot resume from"):
        run(path, resume=True, model=model)
    assert model.state_dict() == before
    assert model[2].rng.getstate() == drawn


def test_what_a_checkpoint_cannot_hold_is_refused(tmp_path: Path) -> None:
    class Line(Module):
        def __init__(self, **held: Any) -> None:
            self.w = Parameter(1.0)
            vars(self).update(held)

        def __call__(self, x: float) -> Any:
            return self.w * x

    def tried(model: Any, **more: Any) -> None:
        fit(
            model,
            [1.0],
            [2.0],
            loss=half_squared_error,
            optimizer=SGD(model.parameters() if isinstance(model, Module) else [Parameter(1.0)]),
            checkpoint=tmp_path / "run",
            **more,
        )

    with pytest.raises(TypeError, match="fit's checkpoints need a Module, whose parameters have names, got"):
        tried(lambda x: Parameter(1.0) * x)
    with pytest.raises(
        ValueError, match=r"generator model.dice\[?.*SystemRandom, into a checkpoint: pass random.R"
    ):
        tried(Line(dice=random.SystemRandom()))
    with pytest.raises(
        TypeError, match=r"checkpoints need a schedule with state_dict\(\) and load_state_dict\(\)"
    ):
        tried(Line(), schedule=SimpleNamespace(step=print))
    odd = SimpleNamespace(on_epoch_end=print, state_dict=lambda: {"set": {1}}, load_state_dict=print)
    with pytest.raises(
        TypeError, match="fit cannot put the state of a callback into a checkpoint: Object of type"
    ):
        tried(Line(), callbacks=[odd])
    assert list(tmp_path.iterdir()) == []
