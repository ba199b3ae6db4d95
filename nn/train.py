"""Training: gradient descent over the examples, in batches of any size."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..engine import Value, collector_paused, no_grad
from .optimizer import Optimizer
from .randomness import Seed, generator

Loss = Callable[[Any, Any], Value]
Metric = Callable[[Any, Any], float]
Example = tuple[Any, Any]


@dataclass
class Scores:
    """The mean loss and the mean of each metric over some examples."""

    loss: float
    metrics: dict[str, float]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.4f}" for name, value in {"loss": self.loss, **self.metrics}.items())


@dataclass
class History:
    """What happened during training, an entry for each epoch.

    Scores of the training examples are those of the outputs seen while learning from them, so they
    lag a little behind; validation scores are taken after the epoch.
    """

    train: list[Scores] = field(default_factory=list)
    validation: list[Scores] = field(default_factory=list)

    @property
    def loss(self) -> list[float]:
        """The mean training loss of each epoch."""
        return [scores.loss for scores in self.train]

    @property
    def validation_loss(self) -> list[float]:
        """The mean validation loss of each epoch; empty without validation."""
        return [scores.loss for scores in self.validation]

    def metric(self, name: str) -> list[float]:
        """Return a metric's mean over the training examples, for each epoch."""
        return [scores.metrics[name] for scores in self.train]


def fit(
    model: Callable[[Any], Any],
    inputs: Sequence[Any],
    targets: Sequence[Any],
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int = 100,
    batch_size: int | None = None,
    seed: Seed = None,
    validation: tuple[Sequence[Any], Sequence[Any]] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    report_every: int = 0,
    progress: bool | None = None,
) -> History:
    """Train `model` and return the history; the model's parameters are changed in place.

    inputs, targets: the examples, of the same length, at least 1; each input goes to `model(input)`,
    and the output with its target to `loss(output, target)`, which returns one Value.
    batch_size: None for all examples in one step (batch mode), 1 for a step after each example
    (stochastic), n between for mini-batches. Every step descends the mean loss of its examples. With a
    size given, the examples are shuffled anew in each epoch, by `seed`.
    validation: (inputs, targets) to score after each epoch.  metrics: name -> function of output and
    target, averaged over the examples.
    report_every: print a line of scores after every so many epochs, 0 for never.
    progress: a bar on stderr (needs tqdm); None shows one where tqdm is there and stderr a terminal.
    Python's cyclic collector is kept from running inside each step.
    Raises ValueError for no examples, lengths that differ, sizes or epochs below 1, and a loss in which
    nothing is recorded.

    >>> from chainrule.nn import MLP, SGD, squared_error
    >>> model = MLP(1, [1], seed=0)
    >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss=squared_error,
    ...               optimizer=SGD(model.parameters(), lr=0.3), epochs=60)
    >>> print(f"{model([2.0]):.3f}", history.loss[-1] < 1e-6)
    5.000 True
    """
    examples = _examples(inputs, targets, "fit")
    held_out = _examples(*validation, "fit's validation") if validation is not None else []
    if not _is_count(epochs):
        raise ValueError(f"fit needs a whole number of epochs, at least 1, got {epochs!r}")
    if batch_size is not None and not _is_count(batch_size):
        raise ValueError(f"fit needs a batch_size of 1 or more, or None for all examples, got {batch_size!r}")
    metrics = _named(metrics, "fit")
    rng = generator(seed)
    history = History()
    with _Reporter(epochs, report_every, progress) as reporter:
        for epoch in range(1, epochs + 1):
            if batch_size is not None:
                rng.shuffle(examples)
            outcomes: list[list[float]] = []
            for batch in _batches(examples, batch_size or len(examples)):
                outcomes += train_step(model, batch, loss, optimizer, metrics)
            history.train.append(_mean(outcomes, metrics))
            if held_out:
                history.validation.append(_score(model, held_out, loss, metrics))
            reporter.epoch_ended(epoch, history)
    return history


def train_step(
    model: Callable[[Any], Any],
    batch: Sequence[Example],
    loss: Loss,
    optimizer: Optimizer,
    metrics: Mapping[str, Metric],
) -> list[list[float]]:
    """Take one step down the mean loss of `batch`; return the loss and metrics of each example.

    The examples are taken one after the other, their gradients adding up in the parameters, so that
    only one example's graph is alive at a time.
    """
    outcomes = []
    optimizer.zero_grad()
    with collector_paused():
        for x, target in batch:
            output = model(x)
            example_loss = loss(output, target)
            if getattr(example_loss, "primitive", None) is None:
                raise ValueError(
                    f"fit cannot learn from the loss {example_loss!r}: nothing is recorded in it; it must be "
                    "a Value made from the model's output, outside no_grad"
                )
            (example_loss * (1.0 / len(batch))).backward()
            outcomes.append([example_loss.data, *[metric(output, target) for metric in metrics.values()]])
    optimizer.step()
    return outcomes


def evaluate(
    model: Callable[[Any], Any],
    inputs: Sequence[Any],
    targets: Sequence[Any],
    *,
    loss: Loss,
    metrics: Mapping[str, Metric] | None = None,
) -> Scores:
    """Return the mean loss and metrics of `model` over the examples, without learning from them.

    Arguments and errors as for `fit`.

    >>> from chainrule.nn import squared_error
    >>> evaluate(lambda x: Value(x), [1.0, 2.0], [1.0, 4.0], loss=squared_error).loss
    2.0
    """
    return _score(model, _examples(inputs, targets, "evaluate"), loss, _named(metrics, "evaluate"))


def _score(
    model: Callable[[Any], Any], examples: list[Example], loss: Loss, metrics: Mapping[str, Metric]
) -> Scores:
    outcomes = []
    with no_grad():
        for x, target in examples:
            output = model(x)
            outcomes.append(
                [loss(output, target).data, *[metric(output, target) for metric in metrics.values()]]
            )
    return _mean(outcomes, metrics)


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1


def _named(metrics: Mapping[str, Metric] | None, what: str) -> Mapping[str, Metric]:
    if not isinstance(metrics, Mapping | None):
        raise TypeError(f"{what} takes metrics by name, {{'accuracy': function}}, got {metrics!r}")
    if metrics and "loss" in metrics:
        raise ValueError(f"{what} reports the loss under the name 'loss': call the metric something else")
    return metrics or {}


def _examples(inputs: Sequence[Any], targets: Sequence[Any], what: str) -> list[Example]:
    if len(inputs) != len(targets):
        raise ValueError(f"{what} got {len(inputs)} inputs and {len(targets)} targets")
    if len(inputs) == 0:
        raise ValueError(f"{what} needs at least one example, got none")
    return list(zip(inputs, targets, strict=True))


def _batches(examples: list[Example], size: int) -> Iterator[list[Example]]:
    for start in range(0, len(examples), size):
        yield examples[start : start + size]


def _mean(outcomes: list[list[float]], metrics: Mapping[str, Metric]) -> Scores:
    loss, *rest = [sum(column) / len(outcomes) for column in zip(*outcomes, strict=True)]
    return Scores(loss, dict(zip(metrics, rest, strict=True)))


class _Reporter:
    """The progress bar and the printed lines, either of which may be absent."""

    def __init__(self, epochs: int, report_every: int, progress: bool | None) -> None:
        self._every = report_every
        self._bar = _bar(epochs, progress)

    def __enter__(self) -> "_Reporter":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def epoch_ended(self, epoch: int, history: History) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(str(history.train[-1]), refresh=False)
            self._bar.update()
        if self._every and (epoch == 1 or epoch % self._every == 0):
            line = f"epoch {epoch:4}  train: {history.train[-1]}"
            if history.validation:
                line += f"  held out: {history.validation[-1]}"
            if self._bar is not None:
                self._bar.write(line, file=sys.stdout)
            else:
                print(line)


def _bar(epochs: int, progress: bool | None) -> Any:
    """Return a tqdm bar, or None where none is wanted or tqdm is not there."""
    if progress is False:
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        if progress:
            raise ImportError(
                "fit(progress=True) needs tqdm: pip install 'chainrule[train]', or pass progress=False"
            ) from None
        return None
    # disable=None is tqdm's word for: only where stderr is a terminal
    return tqdm(total=epochs, desc="training", unit="epoch", disable=None if progress is None else False)
