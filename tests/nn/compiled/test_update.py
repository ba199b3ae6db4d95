"""An optimizer's rule in machine code, over the arrays that the parameters and gradients are in."""

import gc
import weakref
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.engine import Value
from chainrule.nn import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from chainrule.nn.compiled.update import Update

MADE: dict[str, Callable[[list[Value]], Optimizer]] = {
    "SGD": lambda p: SGD(p, lr=0.1),
    "momentum": lambda p: SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "Adam": lambda p: Adam(p, lr=0.1, maximize=True),
    "amsgrad": lambda p: AdamW(p, lr=0.1, amsgrad=True),
    "RMSprop": lambda p: RMSprop(p, lr=0.1, centered=True),
    "Adagrad": lambda p: Adagrad(p, lr=0.1),
    "groups": lambda p: SGD([{"params": p[:1], "momentum": 0.5}, {"params": p[1:], "lr": 0.2}], lr=0.1),
}


class Steps:
    """Steps of an optimizer in machine code, beside the same on floats; they must agree to the last bit."""

    def __init__(self, name: str, n: int = 70) -> None:
        self.random = np.random.default_rng(n)
        self.p = self.random.normal(size=n)
        self.gradients = [np.zeros(n), np.zeros(n)]
        self.fast, self.plain = (MADE[name]([Value(x) for x in self.p.tolist()]) for _ in range(2))
        self.updates, start = [], 0
        for place, group in enumerate(self.fast.param_groups):
            part = slice(start, start + len(group.params))
            self.updates.append(Update(self.fast, place, self.p, self.gradients[0], part))
            start = part.stop
        for update in self.updates:
            update.read()

    def take(self, count: int) -> None:
        """Take steps, with the gradients in one array or the other, and compare what comes of it."""
        for k in range(count):
            g = self.gradients[k % 2]
            g[:] = self.random.normal(size=len(g))
            for parameter, gradient in zip(self.plain.params, g.tolist(), strict=True):
                parameter.grad = gradient
            self.plain.step()
            for update in self.updates:
                update.take(g)
            assert self.p.tolist() == [parameter.data for parameter in self.plain.params]
        for update in self.updates:
            update.write_back()
        assert self.fast.states == self.plain.states


@pytest.mark.parametrize("name", MADE)
def test_steps_are_those_on_floats_to_the_last_bit_whichever_array_the_gradients_are_in(name: str) -> None:
    steps = Steps(name)
    steps.take(6)
    for update in steps.updates:
        update.forget()
    steps.gradients = [np.zeros(70), np.zeros(70)]
    steps.take(3)


@pytest.mark.parametrize("name", MADE)
def test_a_step_is_one_call_of_machine_code(name: str) -> None:
    steps = Steps(name)
    steps.take(4)
    for update in steps.updates:
        assert len(update._bounds) == 2
        assert all(bound._at_once for bound, _ in update._bounds.values())


def test_a_setting_that_has_the_rule_remember_more_counts_for_every_array_of_gradients() -> None:
    steps = Steps("SGD")
    steps.take(3)
    for settings in (
        {"lr": 0.05},
        {"momentum": 0.9},
        {"nesterov": True},
        {"momentum": 0.0, "nesterov": False},
    ):
        for optimizer in (steps.fast, steps.plain):
            optimizer.param_groups[0].update(settings)
        steps.take(4)


def test_a_learning_rate_that_changes_is_read_and_nothing_recorded_anew() -> None:
    steps = Steps("Adam")
    kernel = steps.updates[0]._kernel
    for k in range(5):
        for optimizer in (steps.fast, steps.plain):
            optimizer.lr = 0.1 / (k + 1)
        steps.take(2)
    assert steps.updates[0]._kernel is kernel


def test_one_parameter_is_as_good_as_many() -> None:
    Steps("Adam", n=1).take(5)


def test_gradients_that_are_forgotten_are_kept_by_nobody() -> None:
    steps = Steps("Adam")
    steps.take(4)
    gone = weakref.ref(steps.gradients[1])
    steps.gradients = [np.zeros(70), np.zeros(70)]
    steps.updates[0].forget()
    gc.collect()
    assert gone() is None
