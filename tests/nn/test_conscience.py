"""The training loop's conscience: each mistake with an optimizer or a module is made here."""

import gc
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from training_loops import XS, YS, Line, loss_of, only

from chainrule.engine import Value, black_box, forget, graph
from chainrule.engine.debugging.warn import (
    GrowingGraphWarning,
    LostParameterWarning,
    RisingLossWarning,
    StaleGradientWarning,
)
from chainrule.nn import (
    MLP,
    SGD,
    Adam,
    Layer,
    Parameter,
    TrainingWarning,
    conscience,
    fit,
    squared_error,
)
from chainrule.nn.conscience_watch import live


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_zero_grad_forgotten(optimizer: Callable[..., SGD | Adam]) -> None:
    def program() -> None:
        model = Line()
        steps = optimizer(model.parameters(), lr=0.001)
        for _ in range(4):
            loss_of(model).backward()
            steps.step()

    category, text = only(program)
    assert category is StaleGradientWarning
    assert text == (
        f"{optimizer.__name__}.step() again without zero_grad(): the gradients are those of the step before "
        "plus the new ones. Call optimizer.zero_grad() before each backward()"
    )


def test_the_loss_rises_where_an_update_by_hand_has_the_wrong_sign() -> None:
    def program() -> None:
        model = Line()
        for _ in range(8):
            model.zero_grad()
            loss_of(model).backward()
            for p in model.parameters():
                p.data += 0.001 * p.grad

    assert only(program) == (
        RisingLossWarning,
        "the loss has risen at each of 5 steps, by as much as it should have fallen; the parameters move up "
        "their gradients: to lower it subtract, p.data -= lr * p.grad",
    )


def test_the_loss_rises_where_a_row_of_ones_own_has_the_wrong_sign() -> None:
    wrong = black_box("wrong_square", lambda x: x * x, lambda x: -2.0 * x)

    def program() -> None:
        w = Parameter(1.0)
        steps = SGD([w], lr=0.01)
        for _ in range(8):
            steps.zero_grad()
            wrong(w).backward()
            steps.step()

    try:
        category, text = only(program)
    finally:
        forget("wrong_square")
    assert category is RisingLossWarning
    assert text.endswith(
        "the gradients have the wrong sign: look at hooks, rows of your own, and what changes grad"
    )


def test_a_parameter_rebound_instead_of_updated() -> None:
    def program() -> None:
        model = Line()
        for _ in range(3):
            model.zero_grad()
            loss_of(model).backward()
            model.slope = model.slope - 0.01 * model.slope.grad  # type: ignore[assignment]

    assert only(program) == (
        LostParameterWarning,
        "Line.slope is no parameter any more: p = p - ... makes a new Value, which is in no list of "
        "parameters and keeps the old ones in its graph. Change the number: p.data -= lr * p.grad",
    )


def test_parameters_the_optimizer_does_not_hold_because_they_were_replaced() -> None:
    def program() -> None:
        model = Line()
        model.slope.label, model.offset.label = "slope", "offset"
        steps = SGD(model.parameters(), lr=0.01)
        model.slope = Parameter(0.1, "slope")
        for _ in range(3):
            steps.zero_grad()
            loss_of(model).backward()
            steps.step()

    assert only(program) == (
        LostParameterWarning,
        "SGD holds parameters that the loss does not depend on any more; in their places are new ones, which "
        "it does not hold: slope. Make the optimizer anew after replacing parameters",
    )


def test_a_layer_that_was_replaced_after_the_optimizer_was_made() -> None:
    def program() -> None:
        model = MLP(2, [2, 1], activation="tanh", seed=1)
        steps = SGD(model.parameters(), lr=0.01)
        model.layers[1] = Layer(2, 1, activation="identity", seed=2)
        for _ in range(3):
            steps.zero_grad()
            squared_error(model([0.5, -0.5]), 1.0).backward()
            steps.step()

    warned, text = only(program)
    assert warned is LostParameterWarning
    assert text.endswith(
        "it does not hold: neurons[0].b, neurons[0].w[0], neurons[0].w[1]. Make the optimizer anew after "
        "replacing parameters"
    )


@pytest.mark.parametrize("collects", [True, False])
def test_losses_that_are_added_up_or_collected_as_values(collects: bool) -> None:
    def program() -> None:
        model = Line()
        steps = SGD(model.parameters(), lr=0.01)
        running, losses = Value(0.0), []
        for _ in range(15):
            steps.zero_grad()
            loss = loss_of(model)
            loss.backward()
            steps.step()
            if collects:
                losses.append(loss)
            else:
                running += loss

    assert only(program) == (
        GrowingGraphWarning,
        "the graphs of the last 10 steps' losses are all still in memory: add up or collect the numbers, "
        "total += loss.item(), not the Values, total += loss",
    )


def test_losses_that_are_added_up_while_parameters_are_updated_by_hand() -> None:
    def program() -> None:
        model, running = Line(), Value(0.0)
        for _ in range(15):
            loss = loss_of(model)
            model.zero_grad()
            loss.backward()
            for p in model.parameters():
                p.data -= 0.01 * p.grad
            running += loss

    assert only(program)[0] is GrowingGraphWarning


def test_losses_of_a_plain_value_that_are_collected() -> None:
    def program() -> None:
        w, losses = Value(2.0), []
        steps = SGD([w], lr=0.01)
        for _ in range(15):
            steps.zero_grad()
            loss = (w - 1.0) ** 2
            loss.backward()
            steps.step()
            losses.append(loss)

    assert only(program)[0] is GrowingGraphWarning


def test_losses_that_are_collected_from_some_step_on() -> None:
    def program() -> None:
        model, losses = Line(), []
        steps = SGD(model.parameters(), lr=0.001)
        for step in range(540):
            steps.zero_grad()
            loss = loss_of(model)
            loss.backward()
            steps.step()
            if step > 40:
                losses.append(loss)

    assert only(program)[0] is GrowingGraphWarning


def test_passes_are_announced_only_while_they_tell_something() -> None:
    gc.collect()
    model = Line()
    steps = SGD(model.parameters(), lr=0.01)
    steps.step()
    (watch,) = [watch for owner, watch in live() if owner is steps]
    listening = []
    for _ in range(3):
        steps.zero_grad()
        for _ in range(3):
            loss_of(model).backward()
            listening.append(watch in conscience._listening)
        steps.step()
        assert watch in conscience._listening
    assert listening == [True, False, False] * 3
    assert conscience._pass_begins in graph.listeners
    for _ in range(100):
        steps.step()
    assert watch not in conscience._listening  # asleep


def test_steps_from_one_loss_again_and_again_are_no_graphs_that_pile_up() -> None:
    model = MLP(1, [1], seed=1)
    optimizer = SGD(model.parameters(), lr=0.0)
    loss = model([1.0]) ** 2

    def program() -> None:
        for _ in range(15):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        program()


@pytest.mark.parametrize("compiled", [False, True])
def test_fit_says_that_the_optimizer_holds_another_models_parameters(compiled: bool) -> None:
    model, other = MLP(1, [3, 1], seed=0), MLP(1, [1], seed=0)
    before = model.state_dict()
    optimizer = SGD(other.parameters(), lr=0.1)
    with pytest.warns(
        LostParameterWarning,
        match=r"SGD holds none of the 10 parameters of the MLP .* from model.parameters\(\)",
    ) as said:
        fit(model, XS, YS, loss=squared_error, optimizer=optimizer, epochs=2, compiled=compiled)
    assert len(said) == 1
    assert said[0].filename == __file__
    assert model.state_dict() == before


def test_fit_says_nothing_of_a_frozen_part() -> None:
    model = MLP(1, [3, 1], seed=0)
    optimizer = SGD(model.layers[1].parameters(), lr=0.01)
    fit(model, XS, YS, loss=squared_error, optimizer=optimizer, epochs=2)


def test_one_filter_silences_all() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=TrainingWarning)
        w = Value(2.0)
        loss = w * w
        w.data = 3.0
        loss.backward()


def test_the_page_names_every_warning() -> None:
    page = (Path(__file__).parents[2] / "docs" / "conscience.md").read_text(encoding="utf-8")
    for category in TrainingWarning.__subclasses__():
        assert f"`{category.__name__}`" in page
    assert 'warnings.filterwarnings("ignore", category=TrainingWarning)' in page
