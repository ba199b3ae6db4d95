"""What happened during training, epoch by epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Scores:
    """The mean loss and the mean of each metric over some examples."""

    loss: float
    metrics: dict[str, float]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.4f}" for name, value in {"loss": self.loss, **self.metrics}.items())

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Scores":
        """Return the scores that a dictionary describes."""
        return cls(float(state["loss"]), _floats(state["metrics"]))

    def of(self, name: str) -> float:
        """Return the loss, under the name "loss", or a metric; raises KeyError that lists the names.

        >>> Scores(0.5, {"accuracy": 0.9}).of("accuracy")
        0.9
        """
        scores = {"loss": self.loss, **self.metrics}
        if name not in scores:
            raise KeyError(f"no score is called {name!r}: there are {', '.join(scores)}")
        return scores[name]


@dataclass
class History:
    """What happened during training, an entry for each whole epoch.

    train, validation: the scores. Those of the training examples are of the outputs seen while learning
    from them, so they lag a little behind; validation scores are taken after the epoch.
    gradient_norms: by layer, the length of its gradient before any clipping, as the mean over the steps.
    learning_rates: of the epoch's last step, one for each group of the optimizer's parameters.
    stopped: why training ended before its last epoch, in words; empty where it did not.
    compiled: whether the steps were taken in machine code.
    """

    train: list[Scores] = field(default_factory=list)
    validation: list[Scores] = field(default_factory=list)
    gradient_norms: list[dict[str, float]] = field(default_factory=list)
    learning_rates: list[list[float]] = field(default_factory=list)
    stopped: str = ""
    compiled: bool = field(default=False, compare=False)

    @property
    def loss(self) -> list[float]:
        """The mean training loss of each epoch."""
        return [scores.loss for scores in self.train]

    @property
    def validation_loss(self) -> list[float]:
        """The mean validation loss of each epoch; empty without validation."""
        return [scores.loss for scores in self.validation]

    @property
    def learning_rate(self) -> list[float]:
        """The learning rate of each epoch; the first group's where there are several."""
        return [rates[0] for rates in self.learning_rates]

    def metric(self, name: str) -> list[float]:
        """Return a metric's mean over the training examples, for each epoch."""
        return [scores.metrics[name] for scores in self.train]

    def validation_metric(self, name: str) -> list[float]:
        """Return a metric's mean over the validation examples, for each epoch."""
        return [scores.metrics[name] for scores in self.validation]

    def gradient_norm(self, layer: str) -> list[float]:
        """Return the mean length of a layer's gradient, for each epoch."""
        return [norms[layer] for norms in self.gradient_norms]

    def state_dict(self) -> dict[str, Any]:
        """Return everything here as plain dictionaries, lists and numbers.

        >>> History([Scores(0.5, {})]).state_dict()["train"]
        [{'loss': 0.5, 'metrics': {}}]
        """
        return {
            "train": [{"loss": scores.loss, "metrics": dict(scores.metrics)} for scores in self.train],
            "validation": [
                {"loss": scores.loss, "metrics": dict(scores.metrics)} for scores in self.validation
            ],
            "gradient_norms": [dict(norms) for norms in self.gradient_norms],
            "learning_rates": [list(rates) for rates in self.learning_rates],
            "stopped": self.stopped,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Become what `state_dict` described.

        >>> history = History()
        >>> history.load_state_dict(History([Scores(0.5, {})]).state_dict())
        >>> history.loss
        [0.5]
        """
        self.train = [Scores.from_state(scores) for scores in state["train"]]
        self.validation = [Scores.from_state(scores) for scores in state["validation"]]
        self.gradient_norms = [_floats(norms) for norms in state["gradient_norms"]]
        self.learning_rates = [[float(rate) for rate in rates] for rates in state["learning_rates"]]
        self.stopped = str(state["stopped"])


def _floats(numbers: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(number) for name, number in numbers.items()}
