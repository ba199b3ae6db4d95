"""Checkpoints: a run that goes on from one is, bit for bit, the run that was never interrupted."""

import random
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from crashes import POINTS, SIDES, Crash, Maker, interrupted, run

from chainrule.nn import (
    MLP,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Dropout,
    History,
    Linear,
    Module,
    Optimizer,
    RMSprop,
    Sequential,
    TrainingState,
    fit,
    half_squared_error,
    hinge,
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
    ids=" and ".join,
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
