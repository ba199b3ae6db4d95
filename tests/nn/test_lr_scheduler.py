"""Schedules: their rates by hand, their states, and what they refuse; test_torch_numbers.py has PyTorch's."""

import json
import math
from typing import Any

import pytest

from chainrule.engine import Value
from chainrule.nn import (
    SGD,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)


def sgd(*rates: float) -> SGD:
    return SGD([{"params": [Value(0.0)], "lr": rate} for rate in rates or (1.0,)])


def rates(optimizer: SGD, schedule: Any, epochs: int) -> list[float]:
    found = []
    for _ in range(epochs):
        found.append(optimizer.lr)
        schedule.step()
    return found


def test_rates_by_hand() -> None:
    cases: list[tuple[Any, list[float]]] = [
        (lambda o: StepLR(o, 2, gamma=0.5), [1.0, 1.0, 0.5, 0.5, 0.25]),
        (lambda o: MultiStepLR(o, [3, 1], gamma=0.5), [1.0, 0.5, 0.5, 0.25, 0.25]),
        (lambda o: ExponentialLR(o, 0.5), [1.0, 0.5, 0.25, 0.125, 0.0625]),
        (lambda o: CosineAnnealingLR(o, 4), [1.0, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5, 0.0]),
        (lambda o: LinearLR(o, 0.25, 1.0, 3), [0.25, 0.5, 0.75, 1.0, 1.0]),
        (lambda o: LinearLR(o, 1.0, 0.0, 4), [1.0, 0.75, 0.5, 0.25, 0.0]),
        (lambda o: LambdaLR(o, lambda epoch: epoch / 4), [0.0, 0.25, 0.5, 0.75, 1.0]),
    ]
    for make, expected in cases:
        optimizer = sgd()
        assert rates(optimizer, make(optimizer), 5) == pytest.approx(expected, abs=1e-15)


def test_a_rate_set_by_hand_is_where_a_schedule_goes_on_from() -> None:
    optimizer = sgd()
    schedule = ExponentialLR(optimizer, 0.5)
    optimizer.lr = 8.0
    assert rates(optimizer, schedule, 3) == [8.0, 4.0, 2.0]


def test_lambdas_may_differ_from_group_to_group() -> None:
    optimizer = sgd(1.0, 10.0)
    schedule = LambdaLR(optimizer, [lambda epoch: 1.0 + epoch, lambda epoch: 0.5])
    schedule.step()
    assert schedule.get_last_lr() == [group["lr"] for group in optimizer.param_groups] == [2.0, 5.0]


def test_a_schedule_may_be_made_anew_after_an_epoch() -> None:
    optimizer = sgd()
    schedule = ExponentialLR(optimizer, 0.5)
    schedule.step()
    other = sgd()
    other.load_state_dict(optimizer.state_dict())
    again = ExponentialLR(other, 0.5, last_epoch=0)
    assert (again.last_epoch, rates(other, again, 3)) == (1, [0.5, 0.25, 0.125])
    with pytest.raises(ValueError, match="StepLR cannot go on after epoch 3: group 0 has no 'initial_lr'"):
        StepLR(sgd(), 2, last_epoch=3)


def test_a_plateau_is_noticed_after_patience_and_cooldown() -> None:
    optimizer = sgd()
    schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=1)
    seen = []
    for loss in (1.0, Value(1.0), 1.0, 1.0, 1.0, 1.0, 0.5):
        schedule.step(loss)
        seen.append(optimizer.lr)
    assert seen == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert schedule.best == 0.5
    assert schedule.get_last_lr() == [0.25]


def test_a_loss_of_nan_is_not_better() -> None:
    optimizer = sgd()
    schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    for loss in (1.0, math.nan):
        schedule.step(loss)
    assert (optimizer.lr, schedule.best) == (0.5, 1.0)


def test_every_schedule_is_an_lr_scheduler() -> None:
    optimizer = sgd()
    for schedule in (StepLR(optimizer, 1), ReduceLROnPlateau(optimizer)):
        assert isinstance(schedule, LRScheduler)


def test_a_group_added_afterwards_is_noticed() -> None:
    optimizer = sgd()
    by_epoch, plateau = StepLR(optimizer, 1), ReduceLROnPlateau(optimizer)
    optimizer.add_param_group({"params": [Value(0.0)]})
    for step in (by_epoch.step, lambda: plateau.step(1.0)):
        with pytest.raises(
            ValueError, match="was made for 1 groups of parameters and there are 2: make it after"
        ):
            step()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepLR(o, 0), "StepLR: step_size must be a whole number of at least 1, got 0"),
        (lambda o: StepLR(o, 1.5), r"StepLR: step_size must be a whole number of at least 1, got 1\.5"),  # type: ignore[arg-type]
        (lambda o: StepLR(o, True), "StepLR: step_size must be a whole number of at least 1, got True"),
        (lambda o: StepLR(o, 1, gamma=0.0), r"StepLR: gamma must be above zero, got 0\.0"),
        (lambda o: StepLR(o, 1, gamma=math.nan), "StepLR: gamma must be above zero, got nan"),
        (
            lambda o: StepLR(o, 1, last_epoch=-2),
            "StepLR: last_epoch must be -1 or a number of epochs, got -2",
        ),
        (
            lambda o: MultiStepLR(o, [-1]),
            "MultiStepLR: each of milestones must be a whole number of at least 0",
        ),
        (lambda o: ExponentialLR(o, "0.9"), "ExponentialLR: gamma must be above zero, got '0"),  # type: ignore[arg-type]
        (lambda o: CosineAnnealingLR(o, 0), "CosineAnnealingLR: T_max must be a whole number of at least 1"),
        (lambda o: CosineAnnealingLR(o, 1, -1.0), r"eta_min must be zero or more, got -1\.0"),
        (lambda o: LinearLR(o, 0.0), r"LinearLR: start_factor must be above zero and at most 1, got 0\.0"),
        (lambda o: LinearLR(o, 1.5), r"LinearLR: start_factor must be above zero and at most 1, got 1\.5"),
        (lambda o: LinearLR(o, 0.5, 2.0), r"end_factor must be zero or more and at most 1, got 2\.0"),
        (lambda o: LinearLR(o, total_iters=0), "LinearLR: total_iters must be a whole number of at least 1"),
        (lambda o: LambdaLR(o, [len, len]), "LambdaLR got 2 functions for 1 groups of parameters"),  # type: ignore[list-item]
        (lambda o: LambdaLR(o, lambda epoch: -1.0), r"SGD: lr must be zero or more, got -1\.0"),
        (
            lambda o: ReduceLROnPlateau(o, "least"),
            "ReduceLROnPlateau: mode must be 'min' or 'max', got 'least'",
        ),
        (lambda o: ReduceLROnPlateau(o, factor=1.0), r"factor must be less than 1, got 1\.0"),
        (lambda o: ReduceLROnPlateau(o, factor=2.0), r"factor must be above zero and at most 1, got 2\.0"),
        (
            lambda o: ReduceLROnPlateau(o, patience=-1),
            "patience must be a whole number of at least 0, got -1",
        ),
        (lambda o: ReduceLROnPlateau(o, threshold=-1.0), r"threshold must be zero or more, got -1\.0"),
        (
            lambda o: ReduceLROnPlateau(o, threshold_mode="x"),
            "threshold_mode must be 'rel' or 'abs', got 'x'",
        ),
        (lambda o: ReduceLROnPlateau(o, cooldown=0.5), "cooldown must be a whole number of at least 0"),  # type: ignore[arg-type]
        (lambda o: ReduceLROnPlateau(o, min_lr=[0, 0]), "got 2 entries in min_lr for 1 groups of parameters"),
        (lambda o: ReduceLROnPlateau(o, min_lr=-1.0), r"min_lr must be zero or more, got -1\.0"),
        (lambda o: ReduceLROnPlateau(o, eps=math.inf), "eps must be zero or more, got inf"),
        (
            lambda o: SequentialLR(o, [], []),
            "needs a milestone between any two schedules, got 0 schedules and 0",
        ),
        (lambda o: SequentialLR(o, [StepLR(o, 1)], [1]), "got 1 schedules and 1 milestones"),
        (lambda o: SequentialLR(o, [StepLR(o, 1)] * 2, [0]), r"needs milestones that rise from 1, got \[0\]"),
        (lambda o: SequentialLR(o, [StepLR(o, 1)] * 3, [2, 2]), "needs milestones that rise from 1"),
        (
            lambda o: SequentialLR(o, [StepLR(sgd(), 1)], []),
            "SequentialLR: StepLR belongs to another optimizer",
        ),
    ],
)
def test_impossible_schedules_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(sgd())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepLR(3, 1), r"StepLR takes an optimizer, got 3 \(int\)"),  # type: ignore[arg-type]
        (lambda o: ReduceLROnPlateau([o]), "ReduceLROnPlateau takes an optimizer, got"),  # type: ignore[arg-type]
        (lambda o: LambdaLR(3, len), r"LambdaLR takes an optimizer, got 3 \(int\)"),  # type: ignore[arg-type]
        (lambda o: LambdaLR(o, 0.5), r"LambdaLR takes a function of the epoch or a list of them, got 0\.5"),  # type: ignore[arg-type]
        (lambda o: MultiStepLR(o, 3), "MultiStepLR takes a list of epochs as milestones, got 3"),  # type: ignore[arg-type]
        (
            lambda o: SequentialLR(o, [ReduceLROnPlateau(o)], []),  # type: ignore[list-item]
            "SequentialLR takes schedules by the epoch, got",
        ),
        (lambda o: ReduceLROnPlateau(o).step("low"), "step takes the loss of the epoch, a number, got 'low'"),  # type: ignore[arg-type]
        (lambda o: ReduceLROnPlateau(o).step(None), "step takes the loss of the epoch, a number, got None"),  # type: ignore[arg-type]
    ],
)
def test_what_a_schedule_cannot_take_is_named(make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make(sgd())


def test_a_state_is_plain_and_leaves_functions_out() -> None:
    optimizer = sgd()
    schedule = StepLR(optimizer, 2)
    assert schedule.state_dict() == {
        "last_epoch": 0,
        "last_lr": [1.0],
        "step_size": 2,
        "gamma": 0.1,
        "base_lrs": [1.0],
    }
    assert "lr_lambdas" not in json.dumps(LambdaLR(optimizer, lambda epoch: 0.5).state_dict())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: {**s, "extra": 1}, "StepLR.load_state_dict: its state has .*; got .*extra"),
        (lambda s: {"gamma": 0.5}, "StepLR.load_state_dict: its state has .*; got gamma"),
        (lambda s: {**s, "gamma": "much"}, r"gamma is 0\.1 here and 'much' there"),
        (lambda s: {**s, "base_lrs": [1.0, 2.0]}, r"base_lrs is \[1\.0\] here and \[1\.0, 2\.0\] there"),
        (lambda s: {**s, "base_lrs": ["a"]}, r"base_lrs is \[1\.0\] here and \['a'\] there"),
        (lambda s: {**s, "last_lr": 3.0}, r"last_lr is \[1\.0\] here and 3\.0 there"),
        (lambda s: {**s, "last_epoch": None}, "last_epoch is 0 here and None there"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_is_changed(spoil: Any, message: str) -> None:
    schedule = StepLR(sgd(), 2)
    before = schedule.state_dict()
    with pytest.raises(ValueError, match=message):
        schedule.load_state_dict(spoil({**before, "step_size": 9}))
    assert schedule.state_dict() == before
    with pytest.raises(
        TypeError, match=r"StepLR.load_state_dict takes what state_dict returned, got 3 \(int\)"
    ):
        schedule.load_state_dict(3)  # type: ignore[arg-type]


def test_a_sequences_state_is_taken_whole_or_not_at_all() -> None:
    optimizer = sgd()
    schedule = SequentialLR(optimizer, [LinearLR(optimizer), StepLR(optimizer, 2)], [3])
    before = schedule.state_dict()
    rates(optimizer, schedule, 5)
    state = schedule.state_dict()
    other = sgd()
    another = SequentialLR(other, [LinearLR(other), StepLR(other, 2)], [3])
    spoiled = {**state, "schedulers": [state["schedulers"][0], {}]}
    with pytest.raises(ValueError, match=r"StepLR\.load_state_dict: its state has"):
        another.load_state_dict(spoiled)
    assert another.state_dict() == before
    for bad in ({**state, "schedulers": []}, 3):
        with pytest.raises(
            ValueError, match=r"SequentialLR\.load_state_dict: there are 2 schedules here and 0"
        ):
            another.load_state_dict(bad)  # type: ignore[arg-type]
    another.load_state_dict(state)
    assert another.state_dict() == state
