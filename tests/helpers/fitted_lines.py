"""Lines fitted to four points."""

from typing import Any

from chainrule.engine import Value
from chainrule.nn import MLP, SGD, fit, half_squared_error

INPUTS = [[0.0], [1.0], [2.0], [3.0]]
TARGETS = [1.0, 3.0, 5.0, 8.0]


def line(seed: int = 0) -> MLP:
    """Return a model of one weight and one bias."""
    return MLP(1, [1], seed=seed)


def trained(batch_size: int | None, epochs: int = 3, seed: int = 0, **more: Any) -> tuple[MLP, Any]:
    """Return a line that was fitted, and the history of that."""
    model = line()
    optimizer = SGD(model.parameters(), lr=0.05)
    history = fit(
        model,
        INPUTS,
        TARGETS,
        loss=half_squared_error,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        **more,
    )
    return model, history


def absolute_error(output: Value, target: float) -> float:
    return abs(output.data - target)
