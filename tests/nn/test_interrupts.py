"""Ctrl-C while training: what was learned so far stays, whole steps of it, and the history comes back."""

import os
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from waiting import SECONDS

from chainrule.engine import Value
from chainrule.nn import MLP, SGD, EarlyStopping, History, TrainingState, fit, half_squared_error
from chainrule.nn.interrupts import Interrupts

INPUTS, TARGETS = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 8.0]


def press() -> None:
    """Press Ctrl-C: Python runs the handler before the next line."""
    signal.raise_signal(signal.SIGINT)


class PressedAt:
    """half_squared_error that presses Ctrl-C when it is called for the n-th time."""

    def __init__(self, call: int) -> None:
        self.left = call

    def __call__(self, output: Any, target: float) -> Value:
        self.left -= 1
        if self.left == 0:
            press()
        return half_squared_error(output, target)


def trained(loss: Any, epochs: int = 5, **more: Any) -> tuple[MLP, History]:
    model = MLP(1, [1], seed=0)
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
    history = fit(
        model, INPUTS, TARGETS, loss=loss, optimizer=optimizer, epochs=epochs, batch_size=2, seed=0, **more
    )
    return model, history


def after_steps(count: int) -> list[float]:
    """Return the parameters after so many whole steps."""
    note = SimpleNamespace(on_step_end=lambda state: state.total_steps == count)
    return [p.data for p in trained(half_squared_error, callbacks=[note])[0].parameters()]


def test_ctrl_c_returns_the_history_and_keeps_the_last_whole_step() -> None:
    model, history = trained(PressedAt(7))  # in the first example of the fourth step
    assert history.stopped == "interrupted in epoch 2, after 1 of its 2 steps"
    assert len(history.loss) == len(history.gradient_norms) == len(history.learning_rates) == 1
    assert [p.data for p in model.parameters()] == after_steps(3)
    assert [p.grad for p in model.parameters()] == [0.0, 0.0]


def test_an_example_that_has_begun_is_finished_first() -> None:
    model, history = trained(PressedAt(6))  # in the last example of the third step, which is taken
    assert history.stopped == "interrupted in epoch 2, after 1 of its 2 steps"
    assert [p.data for p in model.parameters()] == after_steps(3)


def test_ctrl_c_in_the_middle_of_the_optimizer_leaves_a_whole_step(monkeypatch: pytest.MonkeyPatch) -> None:
    move = SGD.step

    def pressed(self: SGD, closure: Any = None) -> None:
        press()
        move(self, closure)

    monkeypatch.setattr(SGD, "step", pressed)
    model, history = trained(half_squared_error)
    monkeypatch.undo()
    assert history.stopped == "interrupted in epoch 1, after 1 of its 2 steps"
    assert [p.data for p in model.parameters()] == after_steps(1)


def test_ctrl_c_during_validation_leaves_the_epoch_out_of_the_history() -> None:
    model, history = trained(PressedAt(5), validation=(INPUTS, TARGETS))
    assert history == History(stopped="interrupted in epoch 1, after 2 of its 2 steps")
    assert [p.data for p in model.parameters()] == after_steps(2)


def test_ctrl_c_in_a_callback_ends_training_after_the_epoch() -> None:
    ended: list[bool] = []
    notes = SimpleNamespace(on_train_end=lambda state: ended.append(state.interrupted))
    _, history = trained(half_squared_error, callbacks=[lambda state: press(), notes])
    assert history.stopped == "interrupted after epoch 1"
    assert len(history.loss) == 1
    assert ended == [True]


def test_keyboard_interrupts_that_code_raises_itself_count_too() -> None:
    def bored(state: TrainingState) -> None:
        raise KeyboardInterrupt

    assert trained(half_squared_error, callbacks=[bored])[1].stopped == "interrupted after epoch 1"


def test_early_stopping_leaves_the_parameters_alone_then() -> None:
    model, _ = trained(PressedAt(7), callbacks=[EarlyStopping(monitor="loss", mode="max")])
    assert [p.data for p in model.parameters()] == after_steps(3)


def test_a_second_ctrl_c_interrupts_at_once() -> None:
    def impatient(output: Any, target: float) -> Value:
        press()
        press()
        raise AssertionError("not reached")

    with pytest.raises(KeyboardInterrupt):
        trained(impatient)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_programs_own_handler_stays() -> None:
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        _, history = trained(PressedAt(3))
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [signal.SIGINT]
    assert history.stopped == ""


def test_the_handler_is_back_afterwards_whatever_happens() -> None:
    def broken(output: Any, target: float) -> Value:
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        raise KeyError("from the loss")

    with pytest.raises(KeyError):
        trained(broken)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_training_works_in_other_threads() -> None:
    histories: list[History] = []
    thread = threading.Thread(target=lambda: histories.append(trained(half_squared_error)[1]))
    thread.start()
    thread.join()
    assert len(histories[0].loss) == 5
    with Interrupts() as interrupts:
        interrupts.check()


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT for one process")
def test_a_program_that_is_interrupted_from_outside_goes_on_with_what_was_learned() -> None:
    program = """
import signal
from chainrule.nn import MLP, Adam, fit, hinge, moons
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored
points, sides = moons(20, seed=0)
model = MLP(2, [8, 1], seed=0)
def tell(state):
    if state.epoch == 1:
        print("learned something", flush=True)
optimizer = Adam(model.parameters())
history = fit(model, points, sides, loss=hinge, optimizer=optimizer, epochs=10**9, callbacks=[tell])
print(len(history.loss) > 0, history.stopped.startswith("interrupted"), model(points[0]).data != 0.0)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "learned something\n"
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=SECONDS)[0] == "True True True\n"
        finally:
            process.kill()
    assert process.returncode == 0
