"""Training runs that crash and go on from their checkpoints."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chainrule.nn import (
    Adam,
    Dropout,
    EarlyStopping,
    History,
    Linear,
    Sequential,
    TrainingState,
    fit,
    hinge,
    moons,
)

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
