"""Training: gradient descent over the examples, in batches of any size."""

import errno
import random
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, Literal

from ..engine.files import path_of, refuse_folder, remove_leftovers
from ..engine.value import described
from . import conscience
from .callbacks import Callback, Callbacks, TrainingState
from .checkpoint import EXAMPLE, Run, resume_from, write_checkpoint
from .compiled.choose import Task, compiled_or
from .data import as_rows
from .descent import Descent, EagerDescent
from .history import History, Scores
from .interrupts import Interrupts
from .loop import Loop, Settings
from .lr_scheduler import ReduceLROnPlateau
from .module import Module
from .optimizer import LBFGS, Optimizer
from .progress import Reporter
from .randomness import Seed, generator
from .saving import FilePath
from .step import Example, Loss, Metric, eager_step, layers_of, score


def fit(
    model: Callable[[Any], Any],
    inputs: Sequence[Any],
    targets: Sequence[Any],
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int = 100,
    batch_size: int | None = None,
    shuffle: bool = True,
    seed: Seed = None,
    validation: tuple[Sequence[Any], Sequence[Any]] | float | None = None,
    metrics: Mapping[str, Metric] | None = None,
    schedule: Any = None,
    schedule_every: Literal["epoch", "step"] = "epoch",
    clip_norm: float | None = None,
    clip_value: float | None = None,
    not_finite: Literal["raise", "stop", "skip"] = "raise",
    callbacks: Sequence[Callback] = (),
    checkpoint: FilePath | None = None,
    checkpoint_every: int = 1,
    resume: bool | FilePath | None = None,
    report_every: int = 0,
    progress: bool | None = None,
    compiled: bool | Literal["auto"] = False,
) -> History:
    """Train `model` and return the history; the model's parameters are changed in place.

    inputs, targets: the examples, of the same length, at least 1; each input goes to `model(input)`,
    and the output with its target to `loss(output, target)`, which returns one Value.
    batch_size: None for all examples in one step (batch mode), 1 for a step after each example
    (stochastic), n between for mini-batches. Every step descends the mean loss of its examples, and
    holds one example's graph at a time, so that a large batch costs no memory.
    shuffle: with a batch_size, shuffle the examples anew in each epoch, by `seed`.
    validation: (inputs, targets) to score after each epoch, or a share of the examples to hold out for
    it, between 0 and 1, drawn by `seed`.  metrics: name -> function of output and target, averaged
    over the examples.
    schedule: changes the optimizer's learning rate after each epoch, or after each step
    (schedule_every); ReduceLROnPlateau gets the mean loss of the validation examples, or else of the
    training examples.
    clip_norm, clip_value: shorten the gradient of all parameters to this length; cut each to ± this.
    not_finite: where a loss or a gradient is inf or nan, the step is not taken, and "raise" raises
    NotFiniteError, "stop" returns the history, "skip" goes on with the next step, with a warning at the
    end of the epoch.
    callbacks: functions called after each epoch, and objects with `on_epoch_end`, `on_step_end` and so
    on; see `Callbacks`. They get a `TrainingState`; returning True ends training. `EarlyStopping` is one.
    checkpoint: a file to keep the whole run in, written every `checkpoint_every` epochs and at the end
    (extra `save`). There being one already is an error unless `resume` says what to do.
    resume: True goes on from `checkpoint`, where there is one; a path goes on from that file, which must
    exist; False begins anew over an old checkpoint. A run that goes on gives, bit for bit, the numbers of
    one that was never interrupted; for that call it with the same data, loss and settings (a changed one
    is refused, but for `epochs`, which may be raised) and with the model, optimizer and schedule as they
    were made for the first call.
    report_every: print a line of scores after every so many epochs, 0 for never.
    progress: a bar on stderr (needs tqdm); None shows one where tqdm is there and stderr a terminal, and
    in a notebook (the plain one where ipywidgets is not installed).
    compiled: True trains in machine code (extra `compile`): the same history to 1e-12, far sooner; the model
    and the loss must be such that `compile` can record them, which RecordingError says with the line that
    is not. "auto" does so where the extra is there and they are, and else trains on Values; the history's
    `compiled` says which it was. docs/training-compiled.md has the rules.

    Ctrl-C ends training before the next example: the parameters are those after the last whole step,
    and the history, which is returned, says so in `stopped`. A second Ctrl-C interrupts at once.
    Modules are in training mode meanwhile, in evaluation mode for the validation, and afterwards as they
    were. Python's cyclic collector is kept from running inside each step.
    Raises TypeError for what is no model, loss or optimizer (LBFGS needs a closure and is none here);
    ValueError for no examples, lengths that differ, sizes or epochs below 1, a loss in which
    nothing is recorded, and a checkpoint that does not fit; OSError where it cannot be read or written
    at first (later that is a warning, and training goes on).

    >>> from chainrule.nn import MLP, SGD, squared_error
    >>> model = MLP(1, [1], seed=0)
    >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss=squared_error,
    ...               optimizer=SGD(model.parameters(), lr=0.3), epochs=60)
    >>> print(f"{model([2.0]):.3f}", history.loss[-1] < 1e-6)
    5.000 True
    """
    settings = Settings(
        epochs, batch_size, shuffle, schedule_every, clip_norm, clip_value, not_finite, checkpoint_every
    )
    _check_called(model, loss, optimizer)
    if compiled not in (True, False, "auto"):
        raise ValueError(f"fit's compiled is True, False or 'auto', got {compiled!r}")
    metrics = _named(metrics, "fit")
    examples = _examples(inputs, targets, "fit")
    held_out: list[Example] = []
    order = list(range(len(examples)))
    drawn: list[int] = []
    rng = generator(seed)
    if isinstance(validation, Real):
        order, drawn = _drawn(order, validation, rng)
    elif validation is not None:
        held_out = _examples(*_pair(validation), "fit's validation")
    _check_schedule(schedule, schedule_every, optimizer)
    steps = -(-len(order) // (batch_size or len(order)))
    state = TrainingState(model, optimizer, schedule, History(), epochs, steps)
    same = settings.of_the_run() | {
        "examples": len(examples),
        "validation": len(held_out),
        "held_out": len(drawn),
        "metrics": list(metrics),
        "compiled": compiled,
    }
    if isinstance(model, Module):
        conscience.before_training(model, optimizer)
    run = Run(state, Callbacks(callbacks), rng, order, drawn, same)
    kept = _begin(run, checkpoint, resume)
    with Interrupts() as interrupts, Reporter(state, report_every, progress) as reporter:
        held_out = held_out or [examples[place] for place in run.held_out]
        layers = layers_of(model, optimizer.params)
        eager = EagerDescent(
            optimizer,
            layers,
            examples,
            step=eager_step(model, loss, metrics, interrupts.check),
            score=lambda: score(model, held_out, loss, metrics, interrupts.check) if held_out else None,
            clip_norm=clip_norm,
            clip_value=clip_value,
        )
        descent: Descent = eager
        if compiled is not False:
            most = min(batch_size or len(order), len(order))
            task = Task(model, loss, layers, examples, run.order, held_out, metrics, most, interrupts.check)
            descent = compiled_or(eager, task, compiled)
        state.history.compiled = descent.compiled
        Loop(run, settings, metrics, layers, descent, kept, interrupts).train(reporter)
    return state.history


def evaluate(
    model: Callable[[Any], Any],
    inputs: Sequence[Any],
    targets: Sequence[Any],
    *,
    loss: Loss,
    metrics: Mapping[str, Metric] | None = None,
) -> Scores:
    """Return the mean loss and metrics of `model` over the examples, without learning from them.

    Modules are in evaluation mode meanwhile. Arguments and errors as for `fit`.

    >>> from chainrule.engine import Value
    >>> from chainrule.nn import squared_error
    >>> evaluate(lambda x: Value(x), [1.0, 2.0], [1.0, 4.0], loss=squared_error).loss
    2.0
    """
    return score(model, _examples(inputs, targets, "evaluate"), loss, _named(metrics, "evaluate"))


def _begin(run: Run, checkpoint: FilePath | None, resume: bool | FilePath | None) -> Path | None:
    """Go on from a checkpoint where that is wanted; return the file to write, once it has been written."""
    kept = None if checkpoint is None else path_of(checkpoint, "fit(checkpoint=path)", EXAMPLE)
    if kept is not None:
        refuse_folder(kept, EXAMPLE)
    if resume is True and kept is None:
        raise ValueError("fit(resume=True) needs to know from where: pass checkpoint=path, or resume=path")
    if resume is None or isinstance(resume, bool):
        source = kept if resume and kept is not None and kept.exists() else None
    else:
        source = path_of(resume, "fit(resume=path)", EXAMPLE)
    if kept is not None and kept.exists() and kept != source and resume is not False:
        raise FileExistsError(
            errno.EEXIST,
            f"fit would write over the checkpoint {str(kept)!r}: resume=True goes on from it, "
            "resume=False begins anew",
        )
    if source is not None:
        resume_from(source, run)
    if kept is not None:
        remove_leftovers(kept)
        if kept != source:
            write_checkpoint(kept, run)  # now already, so that a path that is none is found out now
    return kept


def _check_called(model: object, loss: object, optimizer: object) -> None:
    """Raise TypeError where one of what `fit` calls is something else."""
    for what, such_as, given in (("a model", "MLP(2, [8, 1])", model), ("a loss", "squared_error", loss)):
        if not callable(given):
            raise TypeError(f"fit takes {what} that can be called, such as {such_as}, got {described(given)}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"fit takes an optimizer, such as Adam(model.parameters()), got {described(optimizer)}"
        )
    if isinstance(optimizer, LBFGS):
        raise TypeError(
            "fit takes a step for the gradient of each batch, and LBFGS evaluates the loss several times "
            "in a step: call optimizer.step(closure) yourself, with a closure over all examples"
        )


def _check_schedule(schedule: Any, every: str, optimizer: Optimizer) -> None:
    if schedule is None:
        return
    if not callable(getattr(schedule, "step", None)):
        raise TypeError(
            f"fit takes a schedule with a step(), such as StepLR(optimizer, 10), got {schedule!r}"
        )
    if getattr(schedule, "optimizer", optimizer) is not optimizer:
        raise ValueError(
            "fit's schedule changes another optimizer's learning rate: make it from the one you pass"
        )
    if isinstance(schedule, ReduceLROnPlateau) and every == "step":
        raise ValueError("fit asks ReduceLROnPlateau after each epoch: leave schedule_every='epoch'")


def _drawn(order: list[int], share: Any, rng: random.Random) -> tuple[list[int], list[int]]:
    """Return the places to learn from and those held out: a share of them, at least 1 on either side."""
    if isinstance(share, bool) or not 0.0 < share < 1.0:
        raise ValueError(f"fit's validation is (inputs, targets) or a share between 0 and 1, got {share!r}")
    if len(order) < 2:
        raise ValueError(f"fit needs at least 2 examples to hold some out, got {len(order)}")
    rng.shuffle(order)
    count = min(max(round(len(order) * float(share)), 1), len(order) - 1)
    return order[count:], order[:count]


def _pair(validation: Any) -> tuple[Any, Any]:
    try:
        inputs, targets = validation
    except (TypeError, ValueError):
        raise TypeError(
            f"fit's validation is (inputs, targets) or a share between 0 and 1, got {described(validation)}"
        ) from None
    return inputs, targets


def _named(metrics: Mapping[str, Metric] | None, what: str) -> Mapping[str, Metric]:
    if not isinstance(metrics, Mapping | None):
        raise TypeError(f"{what} takes metrics by name, {{'accuracy': function}}, got {metrics!r}")
    if metrics and "loss" in metrics:
        raise ValueError(f"{what} reports the loss under the name 'loss': call the metric something else")
    return metrics or {}


def _examples(inputs: Sequence[Any], targets: Sequence[Any], what: str) -> list[Example]:
    inputs, targets = as_rows(inputs, what), as_rows(targets, what)
    if len(inputs) != len(targets):
        raise ValueError(f"{what} got {len(inputs)} inputs and {len(targets)} targets")
    if len(inputs) == 0:
        raise ValueError(f"{what} needs at least one example, got none")
    return list(zip(inputs, targets, strict=True))
