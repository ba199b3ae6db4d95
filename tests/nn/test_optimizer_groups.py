"""Optimizers: parameter groups, settings, states, and gradients that are no plain numbers."""

import json
import math
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Value, no_grad
from chainrule.nn import SGD, Adagrad, Adam, AdamW, ParameterGroup, RMSprop

ALL = [SGD, Adam, AdamW, RMSprop, Adagrad]


def with_gradient(gradient: Any = 1.0, data: float = 1.0) -> Value:
    w = Value(data)
    w.grad = gradient
    return w


def test_groups_have_their_own_settings_and_share_the_others() -> None:
    a, b, c = (with_gradient() for _ in range(3))
    optimizer = SGD([{"params": [a, b]}, {"params": [c], "lr": 0.5}], lr=0.1, weight_decay=1.0)
    optimizer.step()
    assert [v.data for v in (a, b, c)] == [0.8, 0.8, 0.0]
    assert optimizer.params == [a, b, c]
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]


def test_a_group_may_be_added_later_and_hold_one_value() -> None:
    a, b = with_gradient(), with_gradient()
    optimizer = Adam([a], lr=0.1)
    optimizer.step()
    optimizer.add_param_group({"params": b, "lr": 0.5, "name": "head"})
    optimizer.step()
    assert [round(v.data, 6) for v in (a, b)] == [0.8, 0.5]
    assert optimizer.param_groups[1]["name"] == "head"


def test_a_groups_settings_are_read_at_every_step() -> None:
    w = with_gradient()
    optimizer = SGD([w], lr=0.1)
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.step()
    assert w.data == 0.5
    optimizer.lr = 0.25
    assert optimizer.lr == optimizer.param_groups[0]["lr"] == 0.25


def test_setting_the_rate_of_an_optimizer_sets_that_of_every_group() -> None:
    optimizer = SGD([{"params": [Value(1.0)]}, {"params": [Value(1.0)], "lr": 0.5}])
    optimizer.lr = 0.25
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.25]


def test_a_group_is_a_mapping_like_pytorchs_dictionary() -> None:
    group = RMSprop([Value(1.0)], lr=np.float32(0.5)).param_groups[0]  # type: ignore[arg-type]
    assert isinstance(group, ParameterGroup)
    assert type(group["lr"]) is float
    assert dict(group) | {"params": 0} == {
        "params": 0, "lr": 0.5, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.0,
        "centered": False, "maximize": False,
    }  # fmt: skip
    assert len(group) == 8
    group.update(lr=0.25, initial_lr=0.5)
    assert group.setdefault("initial_lr", 1.0) == 0.5
    del group["initial_lr"]
    assert "initial_lr" not in group
    assert repr(SGD([Value(1.0)])) == (
        "SGD(ParameterGroup(1 parameters, lr=0.001, momentum=0.0, dampening=0.0, weight_decay=0.0, "
        "nesterov=False, maximize=False))"
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("lr", -1.0, r"SGD: lr must be zero or more, got -1\.0"),
        ("lr", "0.1", "SGD: lr must be zero or more, got '0"),
        ("nesterov", 1, "SGD: nesterov must be True or False, got 1"),
        ("maximize", None, "SGD: maximize must be True or False, got None"),
        (
            "momentun",
            0.9,
            "SGD has no setting 'momentun': it has lr, momentum, dampening, weight_decay, nest",
        ),
        ("params", [], "SGD: a group keeps its parameters; use add_param_group for others"),
        ("name", 3, "SGD: name must be a text, got 3"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_where_it_is_set(name: str, value: Any, message: str) -> None:
    optimizer = SGD([Value(1.0)], lr=0.1)
    before = dict(optimizer.param_groups[0])
    with pytest.raises(ValueError, match=message):
        optimizer.param_groups[0][name] = value
    assert dict(optimizer.param_groups[0]) == before
    if name != "params":
        with pytest.raises(ValueError, match=message):
            SGD([{"params": [Value(1.0)], name: value}])


def test_settings_cannot_be_taken_out_of_a_group() -> None:
    with pytest.raises(ValueError, match="SGD: 'lr' cannot be taken out of a group"):
        del SGD([Value(1.0)]).param_groups[0]["lr"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda w: AdamW([w], betas=(0.9,)), r"AdamW: betas must be two numbers, got \(0\.9,\)"),  # type: ignore[arg-type]
        (lambda w: AdamW([w], betas="ab"), "AdamW: betas must be two numbers, got 'ab'"),  # type: ignore[arg-type]
        (lambda w: AdamW([w], weight_decay=-1.0), "AdamW: weight_decay must be zero or more, got -1"),
        (lambda w: Adam([w], amsgrad=1), "Adam: amsgrad must be True or False, got 1"),  # type: ignore[arg-type]
        (lambda w: RMSprop([w], alpha=1.0), "RMSprop: alpha must be zero or more and less than 1, got 1"),
        (lambda w: RMSprop([w], eps=math.nan), "RMSprop: eps must be zero or more, got nan"),
        (lambda w: RMSprop([w], momentum=-1), "RMSprop: momentum must be zero or more, got -1"),
        (lambda w: RMSprop([w], centered="no"), "RMSprop: centered must be True or False, got 'no'"),  # type: ignore[arg-type]
        (lambda w: Adagrad([w], lr_decay=-1), "Adagrad: lr_decay must be zero or more, got -1"),
        (
            lambda w: Adagrad([w], initial_accumulator_value=-1),
            "initial_accumulator_value must be zero or more",
        ),
        (lambda w: Adagrad([w], eps=math.inf), "Adagrad: eps must be zero or more, got inf"),
        (lambda w: SGD([{"params": [w]}, {"params": [w]}]), "SGD got a parameter more than once"),
        (lambda w: SGD([{"params": []}]), r"SGD got no parameters: pass model\.parameters\(\)"),
        (lambda w: SGD([{"params": [w], "nesterov": True}]), "SGD: nesterov needs a momentum and zero damp"),
        (lambda w: SGD([w]).add_param_group({"params": [w]}), "SGD got a parameter more than once"),
    ],
)
def test_impossible_optimizers_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(Value(1.0))


@pytest.mark.parametrize("group", [{"lr": 0.1}, [1], Value(2.0), None])
def test_what_is_no_group_is_told_what_one_is(group: Any) -> None:
    with pytest.raises(TypeError, match=r'SGD takes a group as {"params": .*, "lr": ...}, got'):
        SGD([Value(1.0)]).add_param_group(group)


def test_a_refused_group_leaves_the_optimizer_as_it_was() -> None:
    optimizer = SGD([Value(1.0)])
    with pytest.raises(ValueError, match="SGD: lr must be zero or more"):
        optimizer.add_param_group({"params": [Value(1.0)], "lr": -1.0})
    assert (len(optimizer.param_groups), len(optimizer.states)) == (1, 1)


@pytest.mark.parametrize("make", ALL)
def test_a_step_leaves_plain_floats_whatever_the_numbers_were(make: Any) -> None:
    a, b = with_gradient(np.float32(1.0)), with_gradient(2)
    optimizer = make([a, b], weight_decay=0.1)
    for _ in range(2):
        optimizer.step()
    assert {type(v.data) for v in (a, b)} == {float}
    assert {
        type(x)
        for held in optimizer.state_dict()["state"][0].values()
        if isinstance(held, list)
        for x in held
    } <= {float}


@pytest.mark.parametrize("make", ALL)
def test_recorded_gradients_move_parameters_as_their_numbers_do(make: Any) -> None:
    a, b = Value(2.0), Value(2.0)
    (a**3).backward(create_graph=True)
    (b**3).backward()
    assert isinstance(a.grad, Value)
    for w in (a, b):
        make([w], lr=0.1).step()
    assert type(a.data) is float
    assert a.data == b.data


@pytest.mark.parametrize("make", ALL)
def test_a_gradient_that_is_no_number_is_named_and_nothing_moves(make: Any) -> None:
    a, b = with_gradient(), with_gradient(None)
    b.label = "b"
    optimizer = make([a, b], lr=0.1)
    with pytest.raises(
        TypeError, match=r"the gradient of .*label='b'\) is None: set it to 0.0, or call zero"
    ):
        optimizer.step()
    assert (a.data, b.data, optimizer.states) == (1.0, 1.0, [{}])


@pytest.mark.parametrize("make", [Adam, AdamW, RMSprop, Adagrad])
def test_zero_over_zero_is_an_error_that_says_what_to_pass_and_nothing_moves(make: Any) -> None:
    a, b = with_gradient(), with_gradient(0.0)
    optimizer = make([a, b], eps=0.0)
    with pytest.raises(ZeroDivisionError, match=rf"{make.__name__}: eps is 0 and .* pass an eps above 0"):
        optimizer.step()
    assert (a.data, b.data, optimizer.states) == (1.0, 1.0, [{}])


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("gradient", [math.nan, math.inf, 1e200])
def test_gradients_that_are_not_finite_or_huge_raise_nothing(make: Any, gradient: float) -> None:
    w = with_gradient(gradient)
    make([w], lr=0.1).step()
    assert math.isfinite(w.data) == (gradient == 1e200)


def test_a_centered_mean_square_does_not_fall_below_zero() -> None:
    w = with_gradient(1.2195)
    optimizer = RMSprop([w], centered=True, alpha=0.5)
    least = 1.0
    for _ in range(200):  # the variance of a constant gradient goes to 0, by rounding to either side of it
        optimizer.step()
        state = optimizer.states[0]
        least = min(least, state["square_avg"][0] - state["grad_avg"][0] ** 2)
    assert least < 0.0
    assert isinstance(w.data, float)
    assert math.isfinite(w.data)


def test_a_closure_is_recorded_also_inside_no_grad() -> None:
    w = Value(2.0)

    def closure() -> Value:
        w.grad = 0.0
        loss = w * w
        loss.backward()
        return loss

    with no_grad():
        loss = SGD([w], lr=0.25).step(closure)
    assert loss is not None
    assert (loss.data, w.data) == (4.0, 1.0)


# -- states -------------------------------------------------------------------------------------------


def stepped(make: Any = Adam, parameters: int = 2, **settings: Any) -> Any:
    optimizer = make([with_gradient(float(i + 1)) for i in range(parameters)], **settings)
    optimizer.step()
    return optimizer


def test_a_state_is_plain_and_a_copy() -> None:
    optimizer = stepped(lr=0.5, betas=(0.5, 0.75))
    state = optimizer.state_dict()
    assert state == json.loads(json.dumps(state)) == {
        "state": [{"step": 1, "exp_avg": [0.5, 1.0], "exp_avg_sq": [0.25, 1.0]}],
        "param_groups": [
            {
                "lr": 0.5, "betas": [0.5, 0.75], "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False,
                "maximize": False, "params": [0, 1],
            }
        ],
    }  # fmt: skip
    optimizer.step()
    assert state["state"][0]["step"] == 1


def test_who_holds_a_group_holds_it_after_loading_too() -> None:
    optimizer = stepped(lr=0.5)
    group = optimizer.param_groups[0]
    optimizer.load_state_dict(stepped(lr=0.25).state_dict())
    assert group["lr"] == 0.25
    group["lr"] = 0.125
    assert optimizer.lr == 0.125


def change(state: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return {**state, "param_groups": [{**state["param_groups"][0], **settings}]}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: change(s, lr=-1.0), r"Adam: lr must be zero or more, got -1\.0"),
        (lambda s: change(s, params=[0]), "Adam.load_state_dict: group 0 has 2 parameters here and 1 there"),
        (lambda s: change(s, momentum=0.9), "Adam has no setting 'momentum'"),
        (lambda s: {**s, "param_groups": []}, "Adam.load_state_dict: there are 1 groups here and 0 there"),
        (lambda s: {**s, "state": []}, "Adam.load_state_dict: there are 1 groups here and 0 there"),
        (lambda s: {**s, "state": [{"exp_avg": [1.0]}]}, "'exp_avg' must be a list of 2 numbers, got"),
        (lambda s: {**s, "state": [{"exp_avg": 3}]}, r"'exp_avg' must be a list of 2 numbers, got 3 \(int\)"),
        (lambda s: {**s, "state": [{"step": -1}]}, "Adam does not remember 'step'"),
        (
            lambda s: {**s, "state": [{"momentum_buffer": [0.0, 0.0]}]},
            "Adam does not remember 'momentum_buffer' .*: the state is that of another optimizer",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_is_changed(spoil: Any, message: str) -> None:
    optimizer = stepped(lr=0.5)
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(spoil(stepped(lr=0.25).state_dict()))
    assert optimizer.state_dict() == before


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (3, r"Adam.load_state_dict takes what state_dict returned, got 3 \(int\)"),
        ({}, "Adam.load_state_dict takes what state_dict returned"),
        (
            {"state": {}, "param_groups": [{}]},
            "Adam.load_state_dict takes a dictionary for each group, got {}",
        ),
        ({"state": [1], "param_groups": [{}]}, "Adam.load_state_dict takes a dictionary for each group, got"),
        (
            {"state": [{"exp_avg": ["a", "b"]}], "param_groups": [{"params": [0, 1]}]},
            r"Value\(...\) cannot hold 'a'",
        ),
    ],
)
def test_what_is_no_state_is_refused(state: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        stepped().load_state_dict(state)


# -- the rules are pure -------------------------------------------------------------------------------


@pytest.mark.parametrize("make", ALL)
def test_a_rule_changes_nothing_it_is_given_and_runs_on_values(make: Any) -> None:
    settings = dict(make([Value(1.0)], lr=0.1, weight_decay=0.1).param_groups[0].settings)
    settings.pop("maximize")
    _, state = make.rule([1.0, 2.0], [0.5, -1.0], {}, **settings)
    p, g, kept = [1.0, 2.0], [0.5, -1.0], json.dumps(state)
    expected, after = make.rule(p, g, state, **settings)
    assert (p, g, json.dumps(state)) == ([1.0, 2.0], [0.5, -1.0], kept)
    leaves = [Value(x) for x in p]
    moved, remembered = make.rule(leaves, [Value(x) for x in g], state, **settings)
    assert [v.data for v in moved] == pytest.approx(expected, rel=1e-15)
    assert set(remembered) == set(after)
    moved[0].backward()
    assert leaves[0].grad != 0.0
