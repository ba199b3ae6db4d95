"""What fit tells of a run: its history, its scores, what is held out, its reports and its bar."""

import math
import random
import subprocess
import sys
from typing import Any

import pytest
from fitted_lines import INPUTS, TARGETS, absolute_error, line, trained

from chainrule.engine import Value
from chainrule.nn import (
    MLP,
    SGD,
    Dropout,
    Linear,
    Module,
    Parameter,
    Sequential,
    TrainingState,
    evaluate,
    fit,
    half_squared_error,
    squared_error,
)
from chainrule.nn.step import layers_of


def test_the_history_has_an_entry_for_each_epoch() -> None:
    _, history = trained(
        None, epochs=5, validation=(INPUTS[:2], TARGETS[:2]), metrics={"error": absolute_error}
    )
    assert len(history.loss) == len(history.validation_loss) == len(history.metric("error")) == 5
    assert history.loss[-1] < history.loss[0]


def test_the_first_loss_is_the_mean_over_the_examples_before_any_step() -> None:
    before = evaluate(line(), INPUTS, TARGETS, loss=half_squared_error, metrics={"error": absolute_error})
    _, history = trained(None, epochs=1, metrics={"error": absolute_error})
    assert history.train[0].loss == pytest.approx(before.loss, rel=1e-15)
    assert history.train[0].metrics == pytest.approx(before.metrics, rel=1e-15)


def test_evaluating_leaves_gradients_and_parameters_alone() -> None:
    model = line()
    numbers = [(p.data, p.grad) for p in model.parameters()]
    evaluate(model, INPUTS, TARGETS, loss=squared_error)
    assert [(p.data, p.grad) for p in model.parameters()] == numbers


def test_reports_are_printed_every_so_many_epochs(capsys: pytest.CaptureFixture[str]) -> None:
    trained(None, epochs=4, report_every=2, validation=(INPUTS, TARGETS), progress=False)
    lines = capsys.readouterr().out.splitlines()
    assert [text.split()[1] for text in lines] == ["1", "2", "4"]
    assert "train: loss " in lines[0]
    assert "held out: loss " in lines[0]


def test_the_bar_goes_to_stderr_and_stays_away_where_that_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    trained(None, progress=True)
    assert "training: 100%" in capsys.readouterr().err
    trained(None)
    assert capsys.readouterr().err == ""


def test_without_tqdm_training_goes_on_and_a_bar_asked_for_is_an_error_that_says_what_to_install() -> None:
    program = """
import sys
from typing import Any
sys.modules["tqdm"] = sys.modules["tqdm.auto"] = None
from chainrule.nn import MLP, SGD, fit, squared_error
model = MLP(1, [1], seed=0)
def run(**more):
    optimizer = SGD(model.parameters())
    return fit(model, [[1.0]], [2.0], loss=squared_error, optimizer=optimizer, epochs=1, **more)
print(len(run().loss))
try:
    run(progress=True)
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "1\nfit(progress=True) needs tqdm: pip install 'chainrule[train]', or pass progress=False\n"
    )


def test_evaluating_records_nothing() -> None:
    made = []

    def noting(output: Value, target: float) -> Value:
        made.append(squared_error(output, target))
        return made[-1]

    evaluate(line(), INPUTS, TARGETS, loss=noting)
    assert [value.operands for value in made] == [()] * 4


def test_a_share_for_validation_is_drawn_by_the_seed_and_not_learned_from() -> None:
    seen: list[float] = []

    def noting(output: Value, target: float) -> Value:
        if output.operands:  # scoring records nothing
            seen.append(target)
        return squared_error(output, target)

    model = line()
    optimizer = SGD(model.parameters(), lr=0.05)
    history = fit(
        model,
        INPUTS,
        TARGETS,
        loss=noting,
        optimizer=optimizer,
        epochs=2,
        batch_size=1,
        seed=3,
        validation=0.5,
    )
    order = list(range(4))
    random.Random(3).shuffle(order)
    assert len(history.validation) == 2
    assert set(seen) == {TARGETS[i] for i in order[2:]}
    assert len(seen) == 4


def test_a_share_leaves_at_least_one_example_on_either_side() -> None:
    for share, held_out in ((0.01, 1), (0.99, 3)):
        scored: list[float] = []
        model = line()
        fit(
            model,
            INPUTS,
            TARGETS,
            loss=half_squared_error,
            optimizer=SGD(model.parameters()),
            epochs=1,
            validation=share,
            metrics={"count": lambda o, t, scored=scored: scored.append(t) or 0.0},  # type: ignore[misc]
        )
        assert len(scored) == 4
        assert len(set(scored[-held_out:])) == held_out


def test_the_history_has_the_length_of_each_layers_gradient() -> None:
    model = MLP(1, [2, 1], activation="tanh", seed=0)
    expected = []
    optimizer = SGD(model.parameters(), lr=0.05)
    for target in TARGETS:  # by hand: a step for each example
        optimizer.zero_grad()
        half_squared_error(model([1.0]), target).backward()
        expected.append([math.sqrt(sum(p.grad**2 for p in layer.parameters())) for layer in model.layers])
        optimizer.step()
    model = MLP(1, [2, 1], activation="tanh", seed=0)
    history = fit(
        model,
        [[1.0]] * 4,
        TARGETS,
        loss=half_squared_error,
        optimizer=SGD(model.parameters(), lr=0.05),
        epochs=1,
        batch_size=1,
        shuffle=False,
    )
    assert history.gradient_norm("layers.0") == pytest.approx([sum(n[0] for n in expected) / 4], rel=1e-14)
    assert history.gradient_norm("layers.1") == pytest.approx([sum(n[1] for n in expected) / 4], rel=1e-14)
    assert history.learning_rate == [0.05]


def test_what_the_model_holds_itself_is_a_layer_of_its_own_and_a_function_has_one() -> None:
    class Curve(Module):
        def __init__(self) -> None:
            self.a, self.b = Parameter(1.0), [Parameter(2.0), Parameter(3.0)]
            self.frozen = Parameter(4.0)

        def __call__(self, x: float) -> Value:
            return self.a + self.b[0] * x + self.b[1] * x * x + self.frozen

    curve = Curve()
    assert layers_of(curve, [curve.a, *curve.b]) == {"a": [curve.a], "b": curve.b}
    w = Value(1.0)
    assert layers_of(lambda x: w * x, [w]) == {"parameters": [w]}
    clash = Curve()
    vars(clash)["b"] = {1: clash.a, "1": clash.frozen}
    assert layers_of(clash, [clash.a, clash.frozen]) == {"parameters": [clash.a, clash.frozen]}
    stray = Parameter(5.0)
    assert layers_of(curve, [stray, curve.a]) == {"parameters": [stray], "a": [curve.a]}
    linear = Linear(1, 1, seed=0)
    neuron: Any = linear.neurons[0]
    neuron.gain = stray  # in no matrix of the layer
    assert layers_of(linear, [*neuron.w, stray, neuron.b]) == {
        "weight": neuron.w,
        "parameters": [stray],
        "bias": [neuron.b],
    }


def test_modules_train_while_learning_and_are_evaluated_in_between() -> None:
    modes: list[tuple[bool, bool]] = []

    class Watching(Module):
        def __init__(self) -> None:
            self.w = Parameter(1.0)

        def __call__(self, x: float) -> Value:
            out = self.w * x
            modes.append((self.training, bool(out.operands)))
            return out

    model = Watching().eval()
    fit(
        model,
        [1.0],
        [2.0],
        loss=squared_error,
        optimizer=SGD(model.parameters()),
        epochs=1,
        validation=([1.0], [2.0]),
    )
    evaluate(model.train(), [1.0], [2.0], loss=squared_error)
    assert modes == [(True, True), (False, False), (False, False)]
    assert model.training
    fit(model.eval(), [1.0], [2.0], loss=squared_error, optimizer=SGD(model.parameters()), epochs=1)
    assert not model.training


def test_dropout_leaves_out_while_learning_and_nothing_while_validating() -> None:
    dropout = Dropout(0.5, seed=0)
    model = Sequential(Linear(1, 1, init="ones"), dropout)
    seen = []

    def look(state: TrainingState) -> None:
        w, b = (parameter.data for parameter in model.parameters())
        seen.append(0.5 * (w * 5.0 + b - 8.0) ** 2)  # by hand, with nothing left out
        assert model.training
        assert dropout.training

    targets = [[target] for target in TARGETS]
    history = fit(
        model,
        INPUTS,
        targets,
        loss=half_squared_error,
        optimizer=SGD(model.parameters(), lr=0.01),
        epochs=3,
        validation=([[5.0]], [[8.0]]),
        callbacks=[look],
    )
    assert history.validation_loss == pytest.approx(seen, rel=1e-14)
    drawn = random.Random(0)
    left_out = [drawn.random() < 0.5 for _ in range(3 * len(INPUTS))]  # an epoch draws for each input once
    assert any(left_out)
    assert dropout.rng.getstate() == drawn.getstate()  # and validation drew nothing
    plain = Sequential(Linear(1, 1, init="ones"))
    without = fit(
        plain,
        INPUTS,
        targets,
        loss=half_squared_error,
        optimizer=SGD(plain.parameters(), lr=0.01),
        epochs=1,
    )
    assert history.loss[0] != without.loss[0]  # training did leave some out
    dropout.eval()
    fit(model, INPUTS, targets, loss=half_squared_error, optimizer=SGD(model.parameters(), lr=0.01), epochs=1,
        validation=0.5)  # fmt: skip
    assert model.training
    assert not dropout.training  # each module is as it was
