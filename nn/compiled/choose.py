"""Whether `fit` trains in machine code."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..descent import Descent, EagerDescent
from ..step import Example, Groups, Loss, Metric


@dataclass
class Task:
    """What is to be trained, and on what.

    places: of the examples to learn from, the first of which is recorded.  held_out: to score.
    most: how many examples a step takes at most.  between: called before each step; what it raises ends it.
    """

    model: Callable[[Any], Any]
    loss: Loss
    layers: Groups
    examples: Sequence[Example]
    places: Sequence[int]
    held_out: Sequence[Example]
    metrics: Mapping[str, Metric]
    most: int
    between: Callable[[], None]


def compiled_or(eager: EagerDescent, task: Task, compiled: bool | str) -> Descent:
    """Return what takes the steps: machine code where that is wanted and possible.

    compiled: where it is not possible, True raises ImportError or RecordingError, "auto" returns `eager`.
    """
    try:
        from .fitting import CompiledDescent

        return CompiledDescent(task, eager)
    except Exception:
        if compiled == "auto":
            return eager
        raise
