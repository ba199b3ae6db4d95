"""Checkpoints: a run that goes on from one is, bit for bit, the run that was never interrupted."""

import errno
import json
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import safetensors
import safetensors.numpy

from chainrule.nn import (
    MLP,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Dropout,
    EarlyStopping,
    History,
    Linear,
    Module,
    Optimizer,
    Parameter,
    RMSprop,
    Sequential,
    TrainingState,
    fit,
    half_squared_error,
    hinge,
    load,
    load_state,
    moons,
)
from chainrule.nn.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)
from chainrule.nn.tensors import checksum, read_tensors

POINTS, SIDES = moons(17, noise=0.1, seed=1)
Maker = Callable[[Any], Any]


class Crash(Exception):
    """What ends a run in the middle, as a power cut would."""


def crash_in_epoch(epoch: int) -> Any:
    """Return a callback that crashes after the first step of an epoch."""

    def crash(state: TrainingState) -> None:
        if state.epoch == epoch:
            raise Crash

    return SimpleNamespace(on_step_end=crash)


def run(
    checkpoint: Path | None = None,
    optimizer: Maker = lambda params: Adam(params, lr=0.02),
    schedule: Maker | None = None,
    crash: int = 0,
    epochs: int = 8,
    model: Any = None,
    stopping: bool = False,
    **more: Any,
) -> tuple[list[float], History, Any]:
    """Train anew or go on, perhaps until a crash; return all that came out."""
    model = model or Sequential(Linear(2, 4, seed=1), "tanh", Dropout(0.3, seed=2), Linear(4, 1, seed=3))
    learns = optimizer(model.parameters())
    callbacks = [*([EarlyStopping(3)] if stopping else []), *([crash_in_epoch(crash)] if crash else [])]
    settings: dict[str, Any] = {"batch_size": 5, "seed": 4, "validation": 0.25, "loss": hinge, **more}
    history = fit(
        model,
        POINTS,
        SIDES,
        optimizer=learns,
        schedule=None if schedule is None else schedule(learns),
        epochs=epochs,
        checkpoint=checkpoint,
        callbacks=callbacks,
        **settings,
    )
    state = json.loads(json.dumps(learns.state_dict()))  # a tuple is a list there
    return [p.data for p in model.parameters()], history, state


def interrupted(path: Path, crash: int = 5, **settings: Any) -> tuple[list[float], History, Any]:
    """Crash, go on from the checkpoint, and return what comes out."""
    with pytest.raises(Crash):
        run(path, crash=crash, **settings)
    return run(path, resume=True, **settings)


def test_a_run_that_crashed_goes_on_bit_for_bit(tmp_path: Path) -> None:
    assert interrupted(tmp_path / "run") == run()


def test_every_epoch_is_one_to_go_on_from(tmp_path: Path) -> None:
    whole = run()
    for epoch in range(1, 9):
        assert interrupted(tmp_path / f"run {epoch}", crash=epoch) == whole


OPTIMIZERS: dict[str, Maker] = {
    "SGD": lambda p: SGD(p, lr=0.1),
    "SGD with everything": lambda p: SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "SGD with dampening": lambda p: SGD(p, lr=0.05, momentum=0.9, dampening=0.1, maximize=True),
    "Adam": lambda p: Adam(p, lr=0.02, betas=(0.8, 0.99)),
    "Adam with everything": lambda p: Adam(p, lr=0.02, weight_decay=0.01, amsgrad=True),
    "AdamW": lambda p: AdamW(p, lr=0.02, weight_decay=0.1),
    "RMSprop": lambda p: RMSprop(p, lr=0.01),
    "RMSprop with everything": lambda p: RMSprop(p, lr=0.01, momentum=0.5, centered=True, weight_decay=0.01),
    "Adagrad": lambda p: Adagrad(p, lr=0.1, lr_decay=0.01, weight_decay=0.01),
    "groups": lambda p: Adam([{"params": p[:5]}, {"params": p[5:], "lr": 0.001, "amsgrad": True}], lr=0.05),
}
SCHEDULES: dict[str, Maker] = {
    "StepLR": lambda o: StepLR(o, 2, gamma=0.5),
    "MultiStepLR": lambda o: MultiStepLR(o, [3, 5], gamma=0.1),
    "ExponentialLR": lambda o: ExponentialLR(o, 0.9),
    "CosineAnnealingLR": lambda o: CosineAnnealingLR(o, 20),
    "LinearLR": lambda o: LinearLR(o, start_factor=0.1, total_iters=4),
    "LambdaLR": lambda o: LambdaLR(o, lambda epoch: 0.95**epoch),
    "SequentialLR": lambda o: SequentialLR(o, [LinearLR(o, 0.1, total_iters=2), ExponentialLR(o, 0.9)], [2]),
    "ReduceLROnPlateau": lambda o: ReduceLROnPlateau(o, factor=0.5, patience=0, threshold=0.5),
}


def test_all_there_are_are_tried() -> None:
    made = {type(make(Linear(2, 3).parameters())).__name__ for make in OPTIMIZERS.values()}
    assert made == {kind.__name__ for kind in subclasses(Optimizer)} - {"LBFGS"}  # it takes a closure
    schedules = {kind.__name__ for kind in subclasses(LRScheduler)} - {"ByEpoch"}
    assert set(SCHEDULES) == schedules


def subclasses(kind: type) -> list[type]:
    """Return the public subclasses of a class in chainrule, of any generation."""
    found: list[type] = []
    left: list[type] = kind.__subclasses__()
    while left:
        found.append(left.pop())
        left += found[-1].__subclasses__()
    return [one for one in found if one.__module__.startswith("chainrule.") and one.__name__[0] != "_"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_bit_for_bit(tmp_path: Path, name: str) -> None:
    settings: dict[str, Any] = {"optimizer": OPTIMIZERS[name]}
    assert interrupted(tmp_path / "run", **settings) == run(**settings)


@pytest.mark.parametrize("every", ["epoch", "step"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_goes_on_bit_for_bit(tmp_path: Path, name: str, every: str) -> None:
    if every == "step" and name == "ReduceLROnPlateau":
        return  # is asked after epochs only
    settings: dict[str, Any] = {"schedule": SCHEDULES[name], "schedule_every": every}
    whole = run(**settings)
    assert len(set(whole[1].learning_rate)) > 1
    assert interrupted(tmp_path / "run", **settings) == whole


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": None},
        {"batch_size": 1},
        {"shuffle": False},
        {"validation": None},
        {"validation": (POINTS[:3], SIDES[:3])},
        {"clip_norm": 0.1, "clip_value": 0.05},
        {"metrics": {"score": lambda output, target: output[0].data}},
        {"checkpoint_every": 3},
    ],
    ids=str,
)
def test_every_setting_goes_on_bit_for_bit(tmp_path: Path, settings: dict[str, Any]) -> None:
    without = {name: setting for name, setting in settings.items() if name != "checkpoint_every"}
    assert interrupted(tmp_path / "run", **settings) == run(**without)


def test_pythons_own_generator_goes_on_too(tmp_path: Path) -> None:
    def made() -> Module:
        random.seed(7)
        return Sequential(Linear(2, 4), "tanh", Dropout(0.3), Linear(4, 1))

    whole = run(model=made(), seed=None)
    model = made()
    with pytest.raises(Crash):
        run(tmp_path / "run", crash=5, model=model, seed=None)
    random.seed(8)  # another program
    model = Sequential(Linear(2, 4), "tanh", Dropout(0.3), Linear(4, 1))
    assert run(tmp_path / "run", resume=True, model=model, seed=None) == whole


def test_each_dropouts_generator_is_kept(tmp_path: Path) -> None:
    def made(seeds: tuple[int, int]) -> tuple[Sequential, list[Dropout]]:
        dropouts = [Dropout(0.2, seed=seed) for seed in seeds]
        first, second = Linear(2, 4, seed=1), Linear(4, 4, seed=2)
        return Sequential(first, dropouts[0], second, dropouts[1], Linear(4, 1, seed=3)), dropouts

    model, dropouts = made((5, 6))
    whole = run(model=model)
    with pytest.raises(Crash):
        run(tmp_path / "run", crash=4, model=made((5, 6))[0])
    model, others = made((7, 8))  # what they would draw is replaced by what the checkpoint says
    assert run(tmp_path / "run", resume=True, model=model) == whole
    assert [d.rng.getstate() for d in others] == [d.rng.getstate() for d in dropouts]
    assert dropouts[0].rng.getstate() != dropouts[1].rng.getstate()


def test_a_generator_that_is_shared_goes_on_too(tmp_path: Path) -> None:
    def settings() -> dict[str, Any]:
        rng = random.Random(5)
        model = Sequential(Linear(2, 3, seed=rng), Dropout(0.2, rng), Linear(3, 1, seed=rng))
        return {"seed": rng, "model": model}

    whole = run(**settings())
    with pytest.raises(Crash):
        run(tmp_path / "run", crash=4, **settings())
    assert run(tmp_path / "run", resume=True, **settings()) == whole


@pytest.mark.parametrize("crash", [2, 3])
def test_early_stopping_goes_on_waiting_and_restores_the_same_best(tmp_path: Path, crash: int) -> None:
    settings: dict[str, Any] = {"stopping": True, "epochs": 60, "optimizer": lambda p: SGD(p, lr=0.5)}
    whole = run(**settings)
    assert whole[1].stopped.startswith("loss no better than")
    assert len(whole[1].loss) > crash
    assert interrupted(tmp_path / "run", crash=crash, **settings) == whole
    assert run(tmp_path / "run", resume=True, **settings) == whole  # it had stopped, and stops again


def test_a_run_that_is_over_is_over_and_may_be_made_longer(tmp_path: Path) -> None:
    short = run(tmp_path / "run", epochs=4)
    assert run(tmp_path / "run", resume=True, epochs=4) == short
    assert run(tmp_path / "run", resume=True, epochs=3) == short
    assert run(tmp_path / "run", resume=True, epochs=8) == run()


def test_a_run_that_a_callback_stopped_goes_on_when_resumed(tmp_path: Path) -> None:
    def once(resume: bool | None, stop: bool) -> History:
        model = MLP(1, [1], seed=0)
        return fit(
            model,
            [[1.0], [2.0]],
            [1.0, 2.0],
            loss=half_squared_error,
            optimizer=SGD(model.parameters(), lr=0.1),
            epochs=6,
            callbacks=[lambda state: stop and state.epoch == 2],
            checkpoint=tmp_path / "run",
            resume=resume,
        )

    assert once(None, stop=True).stopped == "stopped by <lambda> after epoch 2"
    history = once(True, stop=False)
    assert (history.stopped, len(history.loss)) == ("", 6)


def test_ctrl_c_leaves_the_checkpoint_of_the_last_whole_epoch(tmp_path: Path) -> None:
    def press(state: TrainingState) -> None:
        if state.total_steps == 8:
            signal.raise_signal(signal.SIGINT)

    model = Sequential(Linear(2, 4, seed=1), "tanh", Dropout(0.3, seed=2), Linear(4, 1, seed=3))
    history = fit(
        model,
        POINTS,
        SIDES,
        loss=hinge,
        optimizer=Adam(model.parameters(), lr=0.02),
        epochs=8,
        batch_size=5,
        seed=4,
        validation=0.25,
        callbacks=[SimpleNamespace(on_step_end=press)],
        checkpoint=tmp_path / "run",
    )
    assert history.stopped == "interrupted in epoch 3, after 2 of its 3 steps"
    assert run(tmp_path / "run", resume=True) == run()


def test_callbacks_with_a_state_keep_it(tmp_path: Path) -> None:
    class Count:
        def __init__(self) -> None:
            self.count = 0

        def on_step_end(self, state: TrainingState) -> None:
            self.count += 1

        def state_dict(self) -> dict[str, int]:
            return {"count": self.count}

        def load_state_dict(self, state: dict[str, int]) -> None:
            self.count = state["count"]

    def counted(epochs: int, resume: bool | None) -> int:
        count, model = Count(), MLP(1, [1], seed=0)
        fit(
            model,
            [[1.0], [2.0]],
            [1.0, 2.0],
            loss=half_squared_error,
            optimizer=SGD(model.parameters(), lr=0.1),
            epochs=epochs,
            batch_size=1,
            callbacks=[count],
            checkpoint=tmp_path / "run",
            resume=resume,
        )
        return count.count

    assert counted(2, None) == 4
    assert counted(5, True) == 10


def test_resuming_begins_where_there_is_no_checkpoint_yet(tmp_path: Path) -> None:
    assert run(tmp_path / "run", resume=True) == run()


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
        (tmp_path, FileExistsError, "fit would write over the checkpoint"),
    ):
        with pytest.raises(kind, match=message):
            run(path, loss=never)
    with pytest.raises(
        IsADirectoryError, match=r"it is a folder; pass a file in it, such as '.*run.safetensors'"
    ):
        run(tmp_path, loss=never, resume=False)
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
