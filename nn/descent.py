"""How a training step is taken: what `fit` asks for, and the way it is done on Values."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from .clip import clip_grad_norm, clip_grad_value
from .history import Scores
from .optimizer import Optimizer
from .step import Example, Groups, Rows, Step, gradient_norms


class Taken(NamedTuple):
    """What a step leaves to be noted: the mean loss, every example's scores, each layer's gradient norm."""

    loss: float
    rows: Rows
    norms: dict[str, float]


class Descent(Protocol):
    """Takes the steps of a training run; between `read` and `write_back` it may keep the numbers itself."""

    compiled: bool

    def step(self, places: Sequence[int]) -> Taken:
        """Take a step down the mean loss of some examples, given by their places.

        Raises NotFiniteError, with the parameters as they were, where the loss or a gradient is inf or nan.
        """

    def score(self) -> Scores | None:
        """Return the scores of the validation examples, None where there are none."""

    def read(self) -> None:
        """Take over the parameters' numbers, and the optimizer's state."""

    def write_back(self) -> None:
        """Give the parameters their numbers and gradients, and the optimizer its state."""


class EagerDescent:
    """Descends on Values, which have every number at any time.

    step: computes the gradients.  score: that of the protocol.
    clip_norm, clip_value: what the gradient of all parameters, and each, is brought down to, if at all.
    """

    compiled = False

    def __init__(
        self,
        optimizer: Optimizer,
        layers: Groups,
        examples: Sequence[Example],
        step: Step,
        score: Callable[[], Scores | None],
        clip_norm: float | None,
        clip_value: float | None,
    ) -> None:
        self.optimizer, self._layers, self._examples = optimizer, layers, examples
        self._gradients, self.score = step, score
        self.clip_norm, self.clip_value = clip_norm, clip_value

    def step(self, places: Sequence[int]) -> Taken:
        """Take a step; see `Descent`."""
        self.optimizer.zero_grad()
        rows = self._gradients([self._examples[place] for place in places])
        norms = gradient_norms(self._layers)
        if self.clip_norm is not None:
            clip_grad_norm(self.optimizer.params, self.clip_norm)
        if self.clip_value is not None:
            clip_grad_value(self.optimizer.params, self.clip_value)
        self.optimizer.step()
        return Taken(sum([row[0] for row in rows]) / len(rows), rows, norms)

    def read(self) -> None:
        """Nothing is to be done: the parameters are where they always are."""

    def write_back(self) -> None:
        """Nothing is to be done either."""
