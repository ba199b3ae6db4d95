"""Small models trained in machine code."""

from typing import Any

from chainrule.nn import MLP, Adam, History, fit, moons, squared_error

POINTS, SIGNS = moons(40, noise=0.1, seed=4)
HEIGHTS = [0.5 * x + y * y for x, y in POINTS]


def scorer() -> MLP:
    """Return a small model with one output."""
    return MLP(2, [5, 1], activation="tanh", seed=2)


def trained(model: Any = None, **settings: Any) -> tuple[Any, History]:
    """Return a model, trained in machine code unless said, and its history."""
    model = model or scorer()
    optimizer = settings.pop("optimizer", None) or Adam(model.parameters(), lr=0.02)
    usual: dict[str, Any] = {"epochs": 6, "batch_size": 8, "seed": 1, "compiled": True, "loss": squared_error}
    settings = usual | settings
    return model, fit(model, settings.pop("inputs", POINTS), settings.pop("targets", HEIGHTS),
                      optimizer=optimizer, **settings)  # fmt: skip


def numbers(model: Any) -> list[float]:
    """Return its parameters."""
    return [parameter.data for parameter in model.parameters()]


def step_on_values(model: Any, loss: Any, optimizer: Any, xs: Any, ys: Any) -> float:
    """Take the same step on Values."""
    optimizer.zero_grad()
    losses = [loss(model(x), y) for x, y in zip(xs, ys, strict=True)]
    for each in losses:
        (each * (1.0 / len(losses))).backward()
    optimizer.step()
    return float(sum(each.data for each in losses)) / len(losses)
