"""Checkpoints: a training run in one file, from which it goes on as if nothing had happened.

A checkpoint is a safetensors file. Its tensors are the model's parameters, `model.` before their names.
Its metadata, all of it text, are

    format    "chainrule checkpoint"
    version   of this layout, "1"
    sha256    of the tensors and of the text under `run`
    run       JSON: the epoch, the order of the examples, the history, the states of the optimizer, the
              schedule, the callbacks and every random generator, and the settings of the run

Floats in JSON are written with as many digits as bring back the same bits; NaN and Infinity are written as
Python's json does. Nothing in the file is executed when it is read.
"""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import Any

from ..engine.value import described
from .callbacks import Callbacks, TrainingState
from .module import Module
from .randomness import generators_in
from .saving import matrices, take
from .tensors import CHECKPOINT, Tensor, check_whole, checksum, read_tensors, tensor_of, write_tensors

VERSION = 1
EXAMPLE = "run.safetensors"


@dataclass
class Run:
    """Everything that decides how a training run goes on.

    rng: what shuffles the examples.  order, held_out: the places of the examples to learn from, as they
    were shuffled last, and of those split off for validation.
    settings: what must be the same for the run to be the same.
    """

    state: TrainingState
    callbacks: Callbacks
    rng: random.Random
    order: list[int]
    held_out: list[int]
    settings: dict[str, Any]


def write_checkpoint(path: Path, run: Run) -> None:
    """Write the run, as it stands after an epoch, to `path`, as a whole or not at all.

    Raises OSError as `write_whole` does, ValueError for what the file cannot hold, TypeError for what
    is no module and for a callback's state that is not made of plain numbers, texts, lists and dictionaries.
    """
    state = run.state
    held = {
        "epoch": state.epoch,
        "total_steps": state.total_steps,
        "order": run.order,
        "held_out": run.held_out,
        "history": state.history.state_dict(),
        "parts": {
            name: {"kind": _kind(part), "state": part.state_dict()} for name, part in _parts(run).items()
        },
        "random": {name: _drawn(name, rng) for name, rng in _generators(run).items()},
        "settings": run.settings,
    }
    try:
        text = json.dumps(held, separators=(",", ":"))
    except TypeError as error:
        raise TypeError(f"fit cannot put the state of a callback into a checkpoint: {error}") from None
    pieces = matrices(_module(run).state_dict())
    tensors = {f"model.{key}": tensor_of(numbers) for key, numbers in pieces.items()}
    sha256 = checksum(tensors, text)
    texts = {"format": CHECKPOINT, "version": str(VERSION), "sha256": sha256, "run": text}
    write_tensors(path, tensors, EXAMPLE, texts)


def resume_from(path: Path, run: Run) -> None:
    """Put `run`, and the model and whatever else it trains with, where the checkpoint `path` was written.

    Raises OSError where the file cannot be read, ValueError where it is damaged, was written by a newer
    version, or is of another run, which says what differs. Nothing is changed then.
    """
    what = f"resume from {str(path)!r}"
    tensors, held = _read(path)
    stateful, generators = _parts(run), _generators(run)
    everything: list[Any] = [_module(run), run.state.history, *stateful.values()]
    before = [part.state_dict() for part in everything]
    drawn = {name: _drawn(name, rng) for name, rng in generators.items()}
    try:
        _compare(held, run, what)
        take(_module(run), {key.removeprefix("model."): tensor for key, tensor in tensors.items()}, {}, what)
        _compare_generators(held["random"], generators, what)
        for name, part in stateful.items():
            part.load_state_dict(held["parts"][name]["state"])
        run.state.history.load_state_dict(held["history"])
        run.state.history.stopped = ""
        for name, rng in generators.items():
            _draw_from(rng, held["random"][name])
        run.state.epoch, run.state.total_steps = index(held["epoch"]), index(held["total_steps"])
        run.order, run.held_out = held["order"], held["held_out"]
    except Exception as error:
        for name, rng in generators.items():
            _draw_from(rng, drawn[name])
        for part, state in zip(everything, before, strict=True):
            part.load_state_dict(state)
        if str(error).startswith(f"cannot {what}"):
            raise
        raise ValueError(f"cannot {what}: {type(error).__name__}: {error}") from error


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors of a checkpoint and what its JSON says, once it has proved whole and ours."""
    tensors, texts = read_tensors(path)
    if texts.get("format") != CHECKPOINT:
        raise ValueError(
            f"cannot resume from {str(path)!r}: it is no checkpoint of fit; load(model, path) reads a "
            "model's file"
        )
    version = texts.get("version", "")
    if version != str(VERSION):
        raise ValueError(
            f"cannot resume from {str(path)!r}: it has version {version!r} of the layout, and this chainrule "
            f"reads version {VERSION}: install the chainrule that wrote it"
        )
    check_whole(path, tensors, texts)
    try:
        held = json.loads(texts["run"])
    except (ValueError, RecursionError):
        raise ValueError(f"cannot resume from {str(path)!r}: what it says of the run is no JSON") from None
    return tensors, held


def _compare(held: Mapping[str, Any], run: Run, what: str) -> None:
    """Raise ValueError where the checkpoint is of another run, saying how it differs."""
    differences = [
        f"{name} was {held['settings'].get(name)!r} and is {setting!r}"
        for name, setting in run.settings.items()
        if held["settings"].get(name) != setting
    ]
    kinds = {name: entry["kind"] for name, entry in held["parts"].items()}
    here = {name: _kind(part) for name, part in _parts(run).items()}
    differences += [
        f"{name} was {kinds.get(name, 'none')} and is {here.get(name, 'none')}"
        for name in kinds | here
        if kinds.get(name) != here.get(name)
    ]
    if differences:
        raise _of_another_run(what, "; ".join(differences))
    if sorted(held["order"] + held["held_out"]) != list(range(run.settings["examples"])):
        raise ValueError(f"cannot {what}: its order of the examples is none")


def _compare_generators(held: Mapping[str, Any], here: Mapping[str, Any], what: str) -> None:
    if held.keys() != here.keys():
        raise _of_another_run(what, f"random generators were {', '.join(held)} and are {', '.join(here)}")


def _of_another_run(what: str, differences: str) -> ValueError:
    return ValueError(
        f"cannot {what}: it is of another run: {differences}. To begin a new run from its parameters: "
        "load(model, path)"
    )


def _module(run: Run) -> Module:
    model = run.state.model
    if not isinstance(model, Module):
        raise TypeError(
            f"fit's checkpoints need a Module, whose parameters have names, got {described(model)}"
        )
    return model


def _parts(run: Run) -> dict[str, Any]:
    """Return what has a state besides the model, by name."""
    found: dict[str, Any] = {"optimizer": run.state.optimizer}
    if run.state.schedule is not None:
        found["schedule"] = run.state.schedule
        if not hasattr(run.state.schedule, "load_state_dict"):
            raise TypeError("fit's checkpoints need a schedule with state_dict() and load_state_dict()")
    return found | {f"callbacks[{place}]": callback for place, callback in run.callbacks.with_state()}


def _kind(part: object) -> str:
    return type(part).__name__


def _generators(run: Run) -> dict[str, random.Random]:
    """Return every generator that the run draws from, once, by name: Python's, fit's, those in the model."""
    return generators_in(run.state.model, **{"fit's": run.rng})


def _drawn(name: str, rng: random.Random) -> Any:
    """Return the state of a generator as JSON can hold it."""
    try:
        version, numbers, gauss = rng.getstate()
        return [version, [int(number) for number in numbers], gauss]
    except (NotImplementedError, TypeError, ValueError):
        raise ValueError(
            f"fit cannot put the generator {name}, {_kind(rng)}, into a checkpoint: pass random.Random(seed)"
        ) from None


def _draw_from(rng: random.Random, drawn: Any) -> None:
    version, numbers, gauss = drawn
    rng.setstate((version, tuple(numbers), gauss))
