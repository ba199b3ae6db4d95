"""Optimizers: the steps they take and what they refuse."""

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from chainrule.engine import Value
from chainrule.nn import MLP, SGD, Adam, Optimizer

# Five steps from (1, -2, 0.5) down (p0 - 3 p1)**2 + sin(p0 p2) + p2**4, measured with torch.optim of
# PyTorch 2.13.0 in float64 on a CPU.
STEPS = [
    (lambda p: SGD(p, lr=0.01), (0.5080182415575444, -0.5903022221105728, 0.4432614888788568)),
    (
        lambda p: SGD(p, lr=0.01, momentum=0.9),
        (-0.16128063579041682, 1.3119516162106346, 0.35943060370823376),
    ),
    (
        lambda p: SGD(p, lr=0.01, momentum=0.9, dampening=0.3),
        (-0.039737842569982446, 0.9820515724343947, 0.3815393412452753),
    ),
    (
        lambda p: SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1),
        (-0.16743257481392151, 1.3180835683314724, 0.3538114343094934),
    ),
    (
        lambda p: SGD(p, lr=0.01, momentum=0.9, nesterov=True),
        (-0.058629543084998535, 0.9602029517862486, 0.34655547355959837),
    ),
    (
        lambda p: SGD(p, lr=0.01, weight_decay=0.1),
        (0.505168391769844, -0.5865048553651377, 0.44106890759653145),
    ),
    (lambda p: Adam(p, lr=0.1), (0.5038473577785814, -1.5035271720664771, 0.01769736199048015)),
    (
        lambda p: Adam(p, lr=0.1, betas=(0.5, 0.9), eps=1e-3),
        (0.5148697916141939, -1.5138054826564533, 0.0505354097743031),
    ),
    (
        lambda p: Adam(p, lr=0.1, weight_decay=0.2),
        (0.5038935914380626, -1.5035215309808347, 0.018278743996238134),
    ),
]


@pytest.mark.parametrize(("make", "expected"), STEPS)
def test_five_steps_are_pytorchs(
    make: Callable[[list[Value]], Optimizer], expected: tuple[float, ...]
) -> None:
    p = [Value(1.0), Value(-2.0), Value(0.5)]
    optimizer = make(p)
    for _ in range(5):
        optimizer.zero_grad()
        loss = (p[0] - 3.0 * p[1]) ** 2 + (p[0] * p[2]).sin() + p[2] ** 4
        loss.backward()
        optimizer.step()
    # The two differ in the order of roundings only: a few units in the last place, grown over 5 steps.
    assert [v.data for v in p] == pytest.approx(expected, rel=1e-12)


def test_zero_grad_zeroes_what_the_optimizer_holds_and_nothing_else() -> None:
    held, other = Value(1.0), Value(1.0)
    (held * other).backward()
    SGD([held]).zero_grad()
    assert (held.grad, other.grad) == (0.0, 1.0)


def test_a_step_without_gradients_changes_nothing() -> None:
    w = Value(0.75)
    for optimizer in (SGD([w], lr=0.1, momentum=0.9), Adam([w], lr=0.1)):
        optimizer.step()
        assert w.data == 0.75


def test_parameters_may_come_from_a_generator() -> None:
    w = [Value(1.0), Value(2.0)]
    assert SGD(v for v in w).params == w


@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize("lr", [-0.1, math.nan, math.inf, "0.1", None])
def test_impossible_learning_rates_are_refused(make: Any, lr: Any) -> None:
    with pytest.raises(ValueError, match=f"{make.__name__}: lr must be zero or more, got {lr!r}"):
        make([Value(1.0)], lr=lr)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD(p, momentum=-0.5), "SGD: momentum must be zero or more, got -0.5"),
        (lambda p: SGD(p, weight_decay=math.nan), "SGD: weight_decay must be zero or more, got nan"),
        (lambda p: SGD(p, nesterov=True), "SGD: nesterov needs a momentum and zero dampening"),
        (lambda p: Adam(p, betas=(1.0, 0.9)), r"Adam: betas\[0\] must be .* less than 1, got 1.0"),
        (lambda p: Adam(p, betas=(0.9, -1.0)), r"Adam: betas\[1\] must be .* less than 1, got -1.0"),
        (lambda p: Adam(p, betas=cast(Any, 0.9)), "Adam: betas must be two numbers, got 0.9"),
        (lambda p: SGD(p, lr=True), "SGD: lr must be zero or more, got True"),
        (lambda p: Adam(p, eps=-1e-8), "Adam: eps must be zero or more, got -1e-08"),
        (lambda p: SGD([]), r"SGD got no parameters: pass model.parameters\(\)"),
    ],
)
def test_impossible_settings_are_refused(make: Callable[[list[Value]], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make([Value(1.0)])


def test_maximize_climbs() -> None:
    for make in (SGD, Adam):
        down, up = Value(1.0), Value(1.0)
        for p, maximize in ((down, False), (up, True)):
            (p**2).backward()
            make([p], lr=0.1, maximize=maximize).step()
        assert up.data - 1.0 == pytest.approx(1.0 - down.data, rel=1e-12)


def test_a_closure_computes_the_loss_before_the_step_and_is_returned() -> None:
    w = Value(0.8)
    optimizer = SGD([w], lr=0.1)

    def closure() -> Value:
        optimizer.zero_grad()
        loss: Value = (w * 1.5 - 0.5) ** 2
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    assert loss is not None
    assert (round(loss.data, 12), round(w.data, 12)) == (0.49, 0.59)


def test_parameters_stay_plain_floats_whatever_the_rate_is_made_of() -> None:
    w = Value(1.0)
    (w**2).backward()
    SGD([w], lr=np.float32(0.5), momentum=np.float64(0.9)).step()  # type: ignore[arg-type]
    assert type(w.data) is float


def test_results_and_repeated_parameters_are_refused() -> None:
    w = Value(1.0)
    with pytest.raises(ValueError, match="Adam takes leaves, Values made by you, got"):
        Adam([w * 2.0])
    with pytest.raises(ValueError, match="SGD got a parameter more than once"):
        SGD([w, w])


@pytest.mark.parametrize("params", [Value(1.0), MLP(1, [1], seed=0), 3.0])
def test_what_is_no_list_of_parameters_is_told_what_to_pass(params: Any) -> None:
    with pytest.raises(TypeError, match=r"SGD takes a list of Values, got .*: pass model\.parameters\(\)"):
        SGD(params)


def test_what_is_no_value_is_no_parameter() -> None:
    with pytest.raises(TypeError, match=r"Adam takes Values, got 0\.5"):
        Adam([0.5])  # type: ignore[list-item]
