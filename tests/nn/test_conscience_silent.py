"""The training loop's conscience: what must stay silent is done here."""

import gc
from dataclasses import dataclass

import pytest
from training_loops import XS, YS, Line, loss_of

from chainrule.engine import Value, no_grad, total
from chainrule.nn import (
    MLP,
    SGD,
    Adam,
    Module,
    Parameter,
    evaluate,
    fit,
    squared_error,
)
from chainrule.nn.conscience_watch import watches


def test_an_ordinary_loop_is_silent() -> None:
    model = MLP(1, [4, 1], activation="tanh", seed=1)
    steps = Adam(model.parameters(), lr=0.05)
    history = []
    for _ in range(40):
        loss = loss_of(model)
        steps.zero_grad()
        loss.backward()
        steps.step()
        history.append(loss.item())
    assert history[-1] < history[0]


def test_fit_is_silent() -> None:
    model = MLP(1, [4, 1], activation="tanh", seed=1)
    for size in (None, 1, 2):
        steps = SGD(model.parameters(), lr=0.05)
        fit(model, XS, YS, loss=squared_error, optimizer=steps, epochs=20, batch_size=size, seed=1)


@pytest.mark.parametrize("zero", ["optimizer", "module", "by hand"])
def test_gradients_of_several_batches_added_up(zero: str) -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.01)
    for _ in range(6):
        for x, y in zip(XS, YS, strict=True):
            squared_error(model(x), y).backward()
        steps.step()
        if zero == "optimizer":
            steps.zero_grad()
        elif zero == "module":
            model.zero_grad()
        else:
            for p in model.parameters():
                p.grad = 0.0


def test_zeroing_at_the_top_of_the_loop_or_right_before_backward() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.01)
    for i in range(8):
        if i % 2:
            steps.zero_grad()
        loss = loss_of(model)
        if not i % 2:
            model.zero_grad()
        loss.backward()
        steps.step()


@pytest.mark.parametrize("zero", ["optimizer", "module"])
def test_two_networks_that_play_against_each_other(zero: str) -> None:
    maker, judge = MLP(1, [3, 1], seed=1), MLP(1, [3, 1], seed=2)
    of_maker, of_judge = Adam(maker.parameters(), lr=0.01), Adam(judge.parameters(), lr=0.01)
    for i in range(30):
        made = maker([0.1 * i])
        (of_judge if zero == "optimizer" else judge).zero_grad()
        (squared_error(judge([0.7]), 1.0) + squared_error(judge([made.detach()]), 0.0)).backward()
        of_judge.step()
        (of_maker if zero == "optimizer" else maker).zero_grad()
        squared_error(judge([made]), 1.0).backward()  # leaves gradients in the judge, too
        of_maker.step()


def test_frozen_parameters() -> None:
    body, head = MLP(1, [3], seed=1), MLP(3, [1], seed=2)
    steps = SGD(head.parameters(), lr=0.01)
    for _ in range(20):
        steps.zero_grad()
        loss_of(lambda x: head(body(x))).backward()
        steps.step()
    with no_grad():
        features = [body(x) for x in XS]
    for _ in range(20):
        steps.zero_grad()
        total([squared_error(head(f), y) for f, y in zip(features, YS, strict=True)]).backward()
        steps.step()


def test_a_line_search_tries_numbers_and_puts_them_back() -> None:
    model = Line()
    for _ in range(15):
        model.zero_grad()
        before = loss_of(model)
        before.backward()
        start, rate = [(p, p.data, p.grad) for p in model.parameters()], 1.0
        while True:
            for p, data, grad in start:
                p.data = data - rate * grad
            if loss_of(model).data <= before.data:
                break
            rate *= 0.5


def test_a_closure_that_is_evaluated_in_each_step() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.01)

    def closure() -> Value:
        steps.zero_grad()
        loss = loss_of(model)
        loss.backward()
        return loss

    for _ in range(20):
        steps.step(closure)


def test_steps_with_the_same_gradients_and_gradients_that_fade() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.001)
    loss_of(model).backward()
    for _ in range(5):
        steps.step()
    for _ in range(5):
        for p in model.parameters():
            p.grad *= 0.9
        loss_of(model).backward()
        steps.step()


def test_looking_without_steps() -> None:
    model = Line()
    losses = []
    for _ in range(30):
        loss = loss_of(model)
        loss.backward()
        losses.append(loss)
    evaluate(model, XS, YS, loss=squared_error)
    assert len(losses) == 30


def test_a_climb_that_is_meant() -> None:
    w = Parameter(1.0)
    steps = SGD([w], lr=0.01, maximize=True)
    for _ in range(20):
        steps.zero_grad()
        (4.0 - (w - 3.0) ** 2).backward()
        steps.step()


def test_too_large_a_rate_and_noisy_losses() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.3)
    for i in range(12):
        steps.zero_grad()
        squared_error(model(XS[i % 3]), YS[i % 3]).backward()
        steps.step()


def test_a_rate_so_large_that_the_loss_grows_by_more_than_it_should_fall() -> None:
    w = Parameter(1.0)
    steps = SGD([w], lr=5.0)
    for _ in range(12):
        steps.zero_grad()
        (w * w).backward()
        steps.step()
    assert abs(w.data) > 1e6


def test_a_climb_that_is_meant_where_the_module_zeroes_the_gradients() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.001, maximize=True)
    for _ in range(20):
        model.zero_grad()
        (50.0 - loss_of(model)).backward()
        steps.step()


def test_an_input_that_is_given_one_number_after_the_other() -> None:
    w, x = Value(0.5), Value(0.0)
    loss = Value(0.0)
    for number in (1.0, 2.0, 3.0):
        x.data = number
        loss = (w * x - 1.0) ** 2 + loss  # the first example's operations come first in the backward pass
    loss.backward()


def test_a_number_moved_and_moved_back() -> None:
    w = Value(0.1, "w")
    loss = (w * 3.0).tanh()
    w.data += 0.3
    above = (w * 3.0).tanh()
    w.data -= 0.3
    assert w.data != 0.1  # by a rounding
    loss.backward()
    assert above.data > loss.data


def test_modules_that_cannot_be_hashed_or_referred_to_weakly() -> None:
    @dataclass
    class Held(Module):
        w: Parameter

    class Slots(Module):
        __slots__ = ("w",)
        w: Parameter

    slots = Slots()
    slots.w = Parameter(1.0)
    for module in (Held(Parameter(1.0)), slots):
        for _ in range(12):
            module.zero_grad()
            (module.w * module.w).backward()
            module.w.data -= 0.1 * module.w.grad
        assert module.w.data < 0.2


def test_optimizers_that_are_gone_are_forgotten() -> None:
    w = Parameter(1.0)
    steps = SGD([w], lr=0.1)
    steps.step()
    watched = len(watches)
    del steps
    gc.collect()
    assert len(watches) < watched


def test_a_few_losses_kept_and_computed_values_in_modules() -> None:
    model = Line()
    steps = SGD(model.parameters(), lr=0.01)
    kept = []
    for i in range(30):
        model.zero_grad()
        loss = loss_of(model)
        loss.backward()
        steps.step()
        model.last = loss  # type: ignore[attr-defined]
        if i % 5 == 0:
            kept.append(loss)
    assert len(kept) == 6
