"""Where the parameters were, epoch by epoch."""

from collections.abc import Mapping
from typing import Any, Literal

from .callbacks import TrainingState
from .module import Module


class DescentPath:
    """A callback that keeps where the parameters were: before the first epoch and after each one.

    every: "epoch", or "step" for the place after each step.
    `points` has them afterwards, each a list of the parameters' numbers in the order of
    `model.parameters()`; `viz.plot_loss_plane` draws them on the loss. It takes 8 bytes and more for each
    parameter and point. Checkpoints keep the points; used for another run, it begins anew.
    Raises ValueError for another `every`.

    >>> from chainrule.nn import MLP, SGD, fit, squared_error
    >>> model, path = MLP(1, [1], seed=0), DescentPath()
    >>> _ = fit(model, [[0.0], [1.0]], [1.0, 3.0], loss=squared_error, epochs=3,
    ...         optimizer=SGD(model.parameters(), lr=0.3), callbacks=[path])
    >>> len(path.points), path.points[-1] == [p.data for p in model.parameters()]
    (4, True)
    """

    def __init__(self, every: Literal["epoch", "step"] = "epoch") -> None:
        if every not in ("epoch", "step"):
            raise ValueError(f"DescentPath's every is 'epoch' or 'step', got {every!r}")
        self.every = every
        self.points: list[list[float]] = []

    def on_train_begin(self, state: TrainingState) -> None:
        """Begin anew, or go on from a checkpoint."""
        if state.epoch == 0:
            self.points = [_point(state)]

    def on_step_end(self, state: TrainingState) -> None:
        """Keep the place after a step."""
        if self.every == "step":
            self.points.append(_point(state))

    def on_epoch_end(self, state: TrainingState) -> None:
        """Keep the place after an epoch."""
        if self.every == "epoch":
            self.points.append(_point(state))

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"points": [list(point) for point in self.points]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Become what `state_dict` described."""
        self.points = [[float(number) for number in point] for point in state["points"]]

    def __repr__(self) -> str:
        return f"DescentPath(every={self.every!r}): {len(self.points)} points"


def _point(state: TrainingState) -> list[float]:
    model = state.model
    parameters = model.parameters() if isinstance(model, Module) else state.optimizer.params
    return [parameter.data for parameter in parameters]
