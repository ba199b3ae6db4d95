"""Training on Values and in machine code, compared."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chainrule.engine import Value
from chainrule.nn import MLP, SGD, History, Optimizer, fit, load_iris, moons, standardize

Make = Callable[[], Any]
IRIS = load_iris()
LENGTHS = standardize(IRIS.inputs)(IRIS.inputs)[::3]
SPECIES = IRIS.targets[::3]
POINTS, SIGNS = moons(60, noise=0.1, seed=4)
SIDES = [(sign + 1) // 2 for sign in SIGNS]
HEIGHTS = [[point[0] * 0.5 + point[1] ** 2, point[0] - 0.3] for point in POINTS]


def both(
    model: Make,
    inputs: Sequence[Any],
    targets: Sequence[Any],
    loss: Any,
    optimizer: Callable[[list[Value]], Optimizer] = lambda p: SGD(p, lr=0.05),
    schedule: Callable[[Optimizer], Any] | None = None,
    epochs: int = 30,
    **settings: Any,
) -> tuple[History, Any]:
    """Train on Values and in machine code; return the second's history and model, both as the first's."""
    runs = []
    settings = {"batch_size": 16, "seed": 3, **settings}
    for compiled in (False, True):
        random.seed(5)
        made = model()
        steps = optimizer(made.parameters())
        history = fit(
            made,
            inputs,
            targets,
            loss=loss,
            optimizer=steps,
            epochs=epochs,
            schedule=schedule(steps) if schedule else None,
            compiled=compiled,
            **settings,
        )
        runs.append((history, made, steps))
    (eager, values, stepped), (history, made, steps) = runs
    assert (eager.compiled, history.compiled) == (False, True)
    assert_close(history.loss, eager.loss)
    assert_close(history.validation_loss, eager.validation_loss)
    for scores, expected in zip(
        [*history.train, *history.validation], [*eager.train, *eager.validation], strict=True
    ):
        assert scores.metrics == expected.metrics
    for norms, expected_norms in zip(history.gradient_norms, eager.gradient_norms, strict=True):
        assert norms.keys() == expected_norms.keys()
        assert_close(list(norms.values()), list(expected_norms.values()))
    assert_close(
        [rate for rates in history.learning_rates for rate in rates],
        [rate for rates in eager.learning_rates for rate in rates],
    )
    assert history.stopped == eager.stopped
    assert_close([p.data for p in made.parameters()], [p.data for p in values.parameters()])
    assert_close([p.grad for p in steps.params], [p.grad for p in stepped.params])
    for state, wanted in zip(steps.states, stepped.states, strict=True):
        assert list(state) == list(wanted)
        for name, held in state.items():
            assert_close(
                held if isinstance(held, list) else [held],
                [wanted[name]] if name == "step" else wanted[name],
            )
    return history, made


def assert_close(numbers: Sequence[float], expected: Sequence[float]) -> None:
    """Assert that numbers agree to 1e-12 of their size, or where they are small of the largest one."""
    largest = max(map(abs, expected), default=0.0)
    assert numbers == pytest.approx(expected, rel=1e-12, abs=1e-13 * largest, nan_ok=True)


def classifier() -> MLP:
    """Return a small model of three classes of flowers."""
    return MLP(4, [6, 3], activation="tanh", seed=1)


def scorer(activation: str = "tanh", outputs: int = 1) -> MLP:
    """Return a small model that scores points in the plane."""
    return MLP(2, [6, outputs], activation=activation, seed=2)
