"""What fit in machine code does around its steps: errors, callbacks, interrupts."""

import math
import random
import re
import signal
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled_fits import HEIGHTS, POINTS, numbers, scorer, trained

from chainrule.engine import NotFiniteError, Value, sigmoid
from chainrule.nn import (
    MLP,
    SGD,
    Adam,
    Dropout,
    EarlyStopping,
    Linear,
    Module,
    Optimizer,
    Sequential,
    TrainingState,
    half_squared_error,
)
from chainrule.nn.compiled.fitting import CompiledDescent

# -- what goes wrong on the way --------------------------------------------------------------------------


@pytest.mark.parametrize("not_finite", ["raise", "stop", "skip"])
@pytest.mark.parametrize("place", [0, 29])
def test_an_example_that_is_not_finite_is_found_as_on_values(not_finite: str, place: int) -> None:
    inputs = [*POINTS]
    inputs[place] = [math.nan, 1.0]
    said = []
    for compiled in (False, True):
        model = Sequential(Linear(2, 3, seed=1), Dropout(0.2, seed=2), Linear(3, 1, seed=3))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                history = trained(model, inputs=inputs, targets=[[h] for h in HEIGHTS], not_finite=not_finite,
                                  compiled=compiled)[1]  # fmt: skip
                outcome = [history.stopped, *[f"{loss:.11g}" for loss in history.loss]]
            except NotFiniteError as error:
                outcome = [str(error)]
        left = [f"{p.data:.11g} {p.grad:.10g}" for p in model.parameters()]
        said.append((outcome, [str(warning.message) for warning in caught], left))
    assert said[0] == said[1]
    assert "nan" in str(said[0])


def test_a_loss_that_runs_away_ends_as_on_values() -> None:
    said = []
    for compiled in (False, True):
        model = scorer()
        fast = SGD(model.parameters(), lr=10.0)
        with pytest.raises(NotFiniteError, match="fit stopped in epoch") as caught:
            trained(model, targets=[1e150 * h for h in HEIGHTS], optimizer=fast, epochs=50, compiled=compiled)
        said.append(re.sub(r"\d\.\d+", "", str(caught.value)))
    assert said[0] == said[1]


@pytest.mark.parametrize("steps", [0, 1])
def test_zero_epsilon_divides_by_zero_as_on_values(steps: int) -> None:
    model = scorer()
    optimizer = Adam(model.parameters(), eps=0.0)
    if steps:  # which were taken before, without a gradient
        zeros = [0.0] * len(model.parameters())
        optimizer.states[0] = {"step": steps, "exp_avg": zeros, "exp_avg_sq": zeros}
    with pytest.raises(ZeroDivisionError, match="Adam: eps is 0 and a parameter has not had a gradient yet"):
        trained(model, optimizer=optimizer, loss=lambda o, t: 0.0 * o + t)


# -- callbacks -------------------------------------------------------------------------------------------


class Watch:
    """Notes what callbacks find, and halves the learning rate and a parameter on its way."""

    def __init__(self) -> None:
        self.seen: list[list[float]] = []

    def on_step_end(self, state: TrainingState) -> None:
        params = state.optimizer.params
        self.seen.append(
            [state.loss, params[0].data, params[-1].grad, *state.optimizer.states[0]["exp_avg"][:2]]
        )

    def on_epoch_end(self, state: TrainingState) -> None:
        state.optimizer.params[3].data *= 0.5
        state.optimizer.lr *= 0.9
        state.optimizer.param_groups[0]["weight_decay"] = 0.01 * state.epoch
        state.optimizer.states[0]["exp_avg"][1] = 0.25


def test_callbacks_find_every_number_in_its_place_and_may_change_it() -> None:
    seen, ends = [], []
    for compiled in (False, True):
        watch = Watch()
        model, _ = trained(callbacks=[watch], compiled=compiled, epochs=4)
        seen.append([number for row in watch.seen for number in row])
        ends.append(numbers(model))
    assert seen[1] == pytest.approx(seen[0], rel=1e-12, abs=1e-14)
    assert ends[1] == pytest.approx(ends[0], rel=1e-12)


def test_a_model_that_a_callback_changes_is_recorded_anew() -> None:
    class Scaled(Module):
        def __init__(self) -> None:
            self.inner, self.factor = scorer(), 1.0

        def __call__(self, x: Any) -> Any:
            return self.inner(x) * self.factor

    def change(state: TrainingState) -> None:
        state.model.factor = 0.5  # type: ignore[attr-defined]
        if state.epoch == 2:
            state.optimizer.add_param_group({"params": extra(state.model), "lr": 0.5})

    def extra(model: Any) -> list[Value]:
        return [model.inner.layers[1].neurons[0].b]

    ends = []
    for compiled in (False, True):
        model = Scaled()
        optimizer = SGD([p for p in model.parameters() if p not in extra(model)], lr=0.1, momentum=0.5)
        trained(model, optimizer=optimizer, callbacks=[change], compiled=compiled, epochs=5)
        ends.append(numbers(model))
    assert ends[1] == pytest.approx(ends[0], rel=1e-12)


@pytest.mark.parametrize("place", ["activation", "list"])
def test_a_function_or_an_item_that_a_callback_changes_is_recorded_anew(place: str) -> None:
    class Listed(Module):
        def __init__(self) -> None:
            self.inner, self.factors = scorer(), [1.0]

        def __call__(self, x: Any) -> Any:
            return self.inner(x) * self.factors[0]

    def change(state: TrainingState) -> None:
        model: Any = state.model
        if place == "list":
            model.factors[0] = 0.5
        else:
            model.inner.layers[0].neurons[0].activation = sigmoid

    ends = []
    for compiled in (False, True):
        model = Listed()
        trained(model, callbacks=[change], compiled=compiled, epochs=4)
        ends.append(numbers(model))
    assert ends[1] == pytest.approx(ends[0], rel=1e-12)


def test_a_model_that_keeps_what_it_computes_is_recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Keeping(Module):
        def __init__(self) -> None:
            self.inner, self.last, self.calls = scorer(), None, 0

        def __call__(self, x: Any) -> Any:
            self.last = self.inner(x)
            self.calls += 1
            return self.last

    made: list[CompiledDescent] = []
    make = CompiledDescent._make

    def noted(self: CompiledDescent) -> None:
        made.append(self)
        make(self)

    monkeypatch.setattr(CompiledDescent, "_make", noted)
    trained(Keeping(), callbacks=[lambda state: None], validation=0.3, compiled=True, epochs=4)
    assert len(made) == 1


def test_early_stopping_keeps_the_best() -> None:
    found = []
    for compiled in (False, True):
        stop = EarlyStopping(patience=3, min_delta=0.01)
        model, history = trained(callbacks=[stop], validation=0.3, compiled=compiled, epochs=60,
                                 optimizer=None)  # fmt: skip
        found.append((stop.best_epoch, len(history.loss), numbers(model)))
        assert f"best was epoch {stop.best_epoch}" in history.stopped
    assert found[0][:2] == found[1][:2]
    assert found[1][2] == pytest.approx(found[0][2], rel=1e-12)


# -- interrupted, and gone on with -----------------------------------------------------------------------


def test_ctrl_c_leaves_the_parameters_of_the_last_whole_step() -> None:
    found = []
    for compiled in (False, True):
        measured: list[float] = []

        def press(output: Any, target: float, measured: list[float] = measured) -> float:
            measured.append(target)
            if len(measured) == 2 * 40 + 16:  # at the end of the second step of the third epoch
                signal.raise_signal(signal.SIGINT)
            return 0.0

        model, history = trained(metrics={"press": press}, compiled=compiled)
        found.append((history.stopped, len(history.loss), numbers(model)))
    assert found[0][:2] == found[1][:2] == ("interrupted in epoch 3, after 2 of its 5 steps", 2)
    assert found[1][2] == pytest.approx(found[0][2], rel=1e-12)


@pytest.mark.parametrize("compiled", [True, "auto"])
def test_a_resumed_run_goes_on_bit_for_bit(tmp_path: Path, compiled: Any) -> None:
    def made() -> Sequential:
        return Sequential(Linear(2, 4, seed=1), Dropout(0.25, seed=5), Linear(4, 1, seed=2))

    targets = [[h] for h in HEIGHTS]
    whole, history = trained(made(), targets=targets, compiled=compiled, epochs=9, validation=0.2)
    path = tmp_path / "run.safetensors"
    for epochs in (4, 9):
        model, again = trained(made(), targets=targets, compiled=compiled, epochs=epochs, validation=0.2,
                               checkpoint=path, resume=True)  # fmt: skip
    assert history.compiled
    assert numbers(model) == numbers(whole)
    assert again == history
    with pytest.raises(ValueError, match=rf"compiled was {compiled!r} and is False"):
        trained(
            made(), targets=targets, compiled=False, epochs=12, validation=0.2, checkpoint=path, resume=True
        )


def test_modes_and_generators_are_as_they_were_afterwards() -> None:
    model = Sequential(Linear(2, 4, seed=1), Dropout(0.25), Linear(4, 1, seed=2)).eval()
    random.seed(9)
    np.random.seed(9)
    trained(model, targets=[[h] for h in HEIGHTS], epochs=1)
    assert not any(module.training for module in model.modules())
    random.seed(9)
    drawn = [random.random() for _ in range(40 * 4)]
    assert random.random() not in drawn
    assert np.random.random() == np.random.RandomState(9).random_sample()


class Lazy(Optimizer):
    """A rule of one's own: gradient descent with a memory."""

    @staticmethod
    def rule(p: Any, g: Any, state: Any, *, lr: float, keep: float) -> Any:
        before = state.get("mean", [0.0] * len(p))
        mean = [keep * m + (1.0 - keep) * d for m, d in zip(before, g, strict=True)]
        return [x - lr * m for x, m in zip(p, mean, strict=True)], {"mean": mean}

    checks = {"lr": lambda *given: float(given[-1]), "keep": lambda *given: float(given[-1])}  # noqa: RUF012
    remembers = ("mean",)


def test_a_rule_of_ones_own_is_compiled() -> None:
    ends = []
    for compiled in (False, True):
        model = scorer()
        _, history = trained(model, optimizer=Lazy(model.parameters(), lr=0.1, keep=0.5), compiled=compiled)
        ends.append(numbers(model))
    assert history.compiled
    assert ends[1] == pytest.approx(ends[0], rel=1e-12)


def test_half_squared_error_of_lists_and_labels_are_kept() -> None:
    model = MLP(2, [3, 2], seed=1)
    labels = [parameter.label for parameter in model.parameters()]
    trained(model, targets=[[h, -h] for h in HEIGHTS], loss=half_squared_error)
    assert [parameter.label for parameter in model.parameters()] == labels
    assert all(type(parameter).__name__ == "Parameter" for parameter in model.parameters())
