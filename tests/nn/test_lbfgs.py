"""L-BFGS: what it finds, what a step is, and what it refuses."""

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value
from chainrule.nn import LBFGS, MLP, StepLR, mse_loss


def rosenbrock(x: Value, y: Value) -> Value:
    return (1.0 - x) ** 2 + 100.0 * (y - x**2) ** 2


def closure_of(optimizer: LBFGS, f: Any, *values: Value) -> Any:
    def closure() -> Value:
        optimizer.zero_grad()
        loss: Value = f(*values)
        loss.backward()
        return loss

    return closure


def test_a_valley_is_followed_to_its_end_in_one_step() -> None:
    x, y = Value(-1.2), Value(1.0)
    optimizer = LBFGS([x, y], max_iter=200)
    loss = optimizer.step(closure_of(optimizer, rosenbrock, x, y))
    assert loss is not None
    assert loss.data == pytest.approx(24.2, rel=1e-12)
    assert [x.data, y.data] == pytest.approx([1.0, 1.0], abs=1e-4)
    assert optimizer.result.success
    assert {type(v.data) for v in (x, y)} == {float}


def test_each_step_takes_up_to_max_iter_iterations_and_goes_on() -> None:
    x, y = Value(-1.2), Value(1.0)
    optimizer = LBFGS([x, y], max_iter=20, history_size=5)
    losses = [optimizer.step(closure_of(optimizer, rosenbrock, x, y)) for _ in range(5)]
    numbers = [loss.data for loss in losses if loss is not None]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] < 1e-8
    assert optimizer.result.nit <= 20


def test_a_network_is_fitted_in_a_few_steps() -> None:
    model = MLP(1, [6, 1], activation="tanh", seed=0)
    xs = [i / 10.0 - 1.0 for i in range(21)]
    optimizer = LBFGS(model.parameters(), max_iter=100)
    optimizer.step(
        closure_of(optimizer, lambda: mse_loss([model([x]) for x in xs], [math.sin(3 * x) for x in xs]))
    )
    assert mse_loss([model([x]) for x in xs], [math.sin(3 * x) for x in xs]).data < 1e-4


def test_pytorchs_lbfgs_finds_the_same_minimum() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    peer = torch.optim.LBFGS([theirs], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Any:
        peer.zero_grad()
        loss = rosenbrock(*theirs)
        loss.backward()
        return loss

    first = peer.step(closure)
    x, y = Value(-1.2), Value(1.0)
    optimizer = LBFGS([x, y], max_iter=200)
    ours = optimizer.step(closure_of(optimizer, rosenbrock, x, y))
    assert ours is not None
    assert ours.data == pytest.approx(first.item(), rel=1e-12)
    assert [x.data, y.data] == pytest.approx(theirs.tolist(), abs=1e-4)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_step_leaves_the_best_point_seen(error: type[BaseException]) -> None:
    x = Value(5.0)
    optimizer = LBFGS([x])
    seen: list[tuple[float, float]] = []

    def closure() -> Value:
        if len(seen) == 3:
            raise error
        optimizer.zero_grad()
        loss = (x - 2.0) ** 4 + x
        loss.backward()
        seen.append((loss.data, x.data))
        return loss

    with pytest.raises(error):
        optimizer.step(closure)
    assert x.data == min(seen)[1]


def test_a_loss_of_nan_leaves_the_parameters_where_they_were() -> None:
    x = Value(-2.0)
    optimizer = LBFGS([x])

    def closure() -> float:
        x.grad = math.nan
        return math.nan

    assert math.isnan(optimizer.step(closure))  # type: ignore[arg-type]
    assert x.data == -2.0


def test_evaluations_may_be_limited() -> None:
    x, y = Value(-1.2), Value(1.0)
    optimizer = LBFGS([x, y], max_iter=100, max_eval=5)
    optimizer.step(closure_of(optimizer, rosenbrock, x, y))
    assert optimizer.result.nfev <= 6


def test_its_settings_go_through_a_state() -> None:
    optimizer = LBFGS([Value(1.0)], max_iter=np.int64(7))  # type: ignore[arg-type]
    other = LBFGS([Value(1.0)])
    other.load_state_dict(optimizer.state_dict())
    assert other.param_groups[0]["max_iter"] == 7
    with pytest.raises(ValueError, match="LBFGS: max_iter must be a whole number of at least 1, got 0"):
        other.param_groups[0]["max_iter"] = 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda w: LBFGS([w], lr=0.1),
            r"LBFGS: lr is 1, got 0\.1: the line search finds how long each step is",
        ),
        (lambda w: LBFGS([w], max_iter=0), "LBFGS: max_iter must be a whole number of at least 1, got 0"),
        (
            lambda w: LBFGS([w], max_eval=1.5),  # type: ignore[arg-type]
            r"LBFGS: max_eval must be a whole number of at least 1, got 1\.5",
        ),
        (lambda w: LBFGS([w], history_size=True), "LBFGS: history_size must be a whole number .* got True"),
        (lambda w: LBFGS([w], tolerance_grad=-1), "LBFGS: tolerance_grad must be zero or more, got -1"),
        (lambda w: LBFGS([w], tolerance_change=math.nan), "LBFGS: tolerance_change must be zero or more"),
        (
            lambda w: LBFGS([w], line_search_fn="backtracking"),
            "line_search_fn is 'strong_wolfe', which SciPy's",
        ),
        (lambda w: LBFGS([{"params": [w]}, {"params": [Value(2.0)]}]), "LBFGS moves all parameters together"),
        (lambda w: StepLR(LBFGS([w]), 1).step(), r"LBFGS: lr is 1, got 0\.1"),
    ],
)
def test_impossible_settings_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(Value(1.0))


def test_a_step_needs_a_closure_that_returns_the_loss() -> None:
    w = Value(1.0)
    with pytest.raises(
        TypeError, match="LBFGS evaluates the loss several times in a step: pass step a closure"
    ):
        LBFGS([w]).step()
    with pytest.raises(TypeError, match="LBFGS: the closure must return the loss, got None"):
        LBFGS([w]).step(lambda: None)  # type: ignore[arg-type, return-value]
    assert w.data == 1.0


def test_without_scipy_the_error_says_what_to_install() -> None:
    program = """
import sys
sys.modules["scipy"] = sys.modules["scipy.optimize"] = None
from chainrule.engine import Value
from chainrule.nn import LBFGS
try:
    LBFGS([Value(1.0)]).step(lambda: 0.0)
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == 'LBFGS needs SciPy: pip install "chainrule[scipy]"\n'
