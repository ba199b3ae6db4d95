"""fit: its modes, its history, its reports and what it refuses."""

import gc
import math
import random
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from chainrule.engine import Value, no_grad
from chainrule.nn import (
    MLP,
    SGD,
    Adam,
    Dropout,
    Linear,
    Module,
    Parameter,
    Sequential,
    TrainingState,
    evaluate,
    fit,
    half_squared_error,
    hinge,
    moons,
    squared_error,
)
from chainrule.nn.lr_scheduler import ExponentialLR, ReduceLROnPlateau
from chainrule.nn.optimizer import LBFGS
from chainrule.nn.step import Example, Step, layers_of

INPUTS = [[0.0], [1.0], [2.0], [3.0]]
TARGETS = [1.0, 3.0, 5.0, 8.0]


def line(seed: int = 0) -> MLP:
    return MLP(1, [1], seed=seed)


def trained(batch_size: int | None, epochs: int = 3, seed: int = 0, **more: Any) -> tuple[MLP, Any]:
    model = line()
    optimizer = SGD(model.parameters(), lr=0.05)
    history = fit(
        model,
        INPUTS,
        TARGETS,
        loss=half_squared_error,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        **more,
    )
    return model, history


def by_hand(batches: list[list[int]]) -> list[float]:
    """Gradient descent on a line, with the derivative written out."""
    w, b = (p.data for p in line().parameters())
    for batch in batches:
        errors = [(w * INPUTS[i][0] + b - TARGETS[i], INPUTS[i][0]) for i in batch]
        w -= 0.05 * sum(e * x for e, x in errors) / len(batch)
        b -= 0.05 * sum(e for e, _ in errors) / len(batch)
    return [w, b]


def shuffled_batches(size: int, epochs: int, seed: int) -> list[list[int]]:
    rng, order, batches = random.Random(seed), list(range(4)), []
    for _ in range(epochs):
        rng.shuffle(order)
        batches += [order[i : i + size] for i in range(0, 4, size)]
    return batches


def test_batch_mode_takes_one_step_an_epoch_down_the_mean_loss() -> None:
    model, _ = trained(batch_size=None)
    assert [p.data for p in model.parameters()] == pytest.approx(by_hand([[0, 1, 2, 3]] * 3), rel=1e-13)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_stochastic_and_mini_batch_modes_step_after_each_shuffled_batch(size: int) -> None:
    model, _ = trained(batch_size=size, seed=4)
    expected = by_hand(shuffled_batches(size, epochs=3, seed=4))
    assert [p.data for p in model.parameters()] == pytest.approx(expected, rel=1e-13)


def test_the_same_seed_gives_the_same_run_to_the_last_bit() -> None:
    assert trained(batch_size=2, seed=1)[1] == trained(batch_size=2, seed=1)[1]
    assert trained(batch_size=2, seed=1)[1] != trained(batch_size=2, seed=2)[1]


def test_the_history_has_an_entry_for_each_epoch() -> None:
    _, history = trained(
        None, epochs=5, validation=(INPUTS[:2], TARGETS[:2]), metrics={"error": absolute_error}
    )
    assert len(history.loss) == len(history.validation_loss) == len(history.metric("error")) == 5
    assert history.loss[-1] < history.loss[0]


def absolute_error(output: Value, target: float) -> float:
    return abs(output.data - target)


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


def test_the_moons_are_told_apart() -> None:
    points, sides = moons(60, noise=0.1, seed=0)
    model = MLP(2, [8, 1], activation="tanh", seed=0)
    fit(
        model,
        points,
        sides,
        loss=hinge,
        optimizer=Adam(model.parameters(), lr=0.05),
        epochs=40,
        batch_size=10,
        seed=0,
    )
    right = sum((model(point) > 0) == (side > 0) for point, side in zip(points, sides, strict=True))
    assert right >= 58


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


def test_the_collector_is_back_after_a_loss_that_raises() -> None:
    def failing(output: Value, target: float) -> Value:
        assert not gc.isenabled()
        raise KeyError("from the loss")

    model = line()
    optimizer = SGD(model.parameters())
    with pytest.raises(KeyError, match="from the loss"):
        fit(model, INPUTS, TARGETS, loss=failing, optimizer=optimizer, progress=False)
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": [], "targets": []}, "fit needs at least one example, got none"),
        ({"inputs": [[1.0]]}, "fit got 1 inputs and 4 targets"),
        ({"epochs": 0}, "fit needs a whole number of epochs, at least 1, got 0"),
        ({"epochs": 2.5}, "fit needs a whole number of epochs, at least 1, got 2.5"),
        ({"metrics": {"loss": absolute_error}}, "call the metric something else"),
        ({"batch_size": 0}, "fit needs a batch_size of 1 or more, or None for all examples, got 0"),
        ({"batch_size": -2}, "fit needs a batch_size of 1 or more, or None for all examples, got -2"),
        ({"validation": ([[1.0]], [])}, "fit's validation got 1 inputs and 0 targets"),
        ({"validation": ([], [])}, "fit's validation needs at least one example, got none"),
        ({"inputs": [[1.0, 2.0]] * 4}, "MLP expects 1 inputs, got 2"),
        ({"validation": 1.0}, r"fit's validation is \(inputs, targets\) or a share between 0 and 1, got 1.0"),
        (
            {"validation": True},
            r"fit's validation is \(inputs, targets\) or a share between 0 and 1, got True",
        ),
        ({"validation": math.nan}, "a share between 0 and 1, got nan"),
        (
            {"validation": 0.5, "inputs": [[0.0]], "targets": [1.0]},
            "at least 2 examples to hold some out, got 1",
        ),
        ({"clip_norm": 0.0}, "fit's clip_norm is a number above zero, or None, got 0.0"),
        ({"clip_value": math.inf}, "fit's clip_value is a number above zero, or None, got inf"),
        ({"clip_value": True}, "fit's clip_value is a number above zero, or None, got True"),
        ({"schedule_every": "batch"}, "fit's schedule_every is 'epoch' or 'step', got 'batch'"),
        ({"not_finite": "ignore"}, "fit's not_finite is 'raise' or 'stop' or 'skip', got 'ignore'"),
        ({"checkpoint_every": 0}, "fit needs a checkpoint_every of 1 epoch or more, got 0"),
        (
            {"resume": True},
            r"fit\(resume=True\) needs to know from where: pass checkpoint=path, or resume=path",
        ),
    ],
)
def test_impossible_runs_are_refused(change: dict[str, Any], message: str) -> None:
    model = line()
    before = [p.data for p in model.parameters()]
    call: dict[str, Any] = {"inputs": INPUTS, "targets": TARGETS, "epochs": 2, **change}
    with pytest.raises(ValueError, match=message):
        fit(model, loss=squared_error, optimizer=SGD(model.parameters(), lr=0.1), **call)
    assert [p.data for p in model.parameters()] == before


def test_a_loss_in_which_nothing_is_recorded_is_refused() -> None:
    model = line()
    with no_grad(), pytest.raises(ValueError, match="nothing is recorded in it"):
        fit(model, INPUTS, TARGETS, loss=squared_error, optimizer=SGD(model.parameters()), epochs=1)
    with pytest.raises(ValueError, match=r"fit cannot learn from the loss 1\.0"):
        fit(model, INPUTS, TARGETS, loss=lambda o, t: 1.0, optimizer=SGD(model.parameters()))  # type: ignore[arg-type,return-value]


def test_batch_mode_keeps_the_order_of_the_examples() -> None:
    seen: list[float] = []

    def noting(output: Value, target: float) -> Value:
        seen.append(target)
        return squared_error(output, target)

    model = line()
    fit(model, INPUTS, TARGETS, loss=noting, optimizer=SGD(model.parameters()), epochs=2, seed=0)
    assert seen == TARGETS * 2


def test_evaluating_records_nothing() -> None:
    made = []

    def noting(output: Value, target: float) -> Value:
        made.append(squared_error(output, target))
        return made[-1]

    evaluate(line(), INPUTS, TARGETS, loss=noting)
    assert [value.operands for value in made] == [()] * 4


def test_metrics_are_given_by_name() -> None:
    metrics: Any = [absolute_error]
    with pytest.raises(TypeError, match="fit takes metrics by name"):
        fit(line(), INPUTS, TARGETS, loss=squared_error, optimizer=SGD([Value(1.0)]), metrics=metrics)


@pytest.mark.parametrize("validation", [5, (INPUTS,), "held out"])
def test_validation_is_a_pair_or_a_share(validation: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"fit's validation is \(inputs, targets\) or a share"):
        trained(None, validation=validation)


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


def test_without_shuffling_mini_batches_keep_the_order() -> None:
    model, _ = trained(batch_size=3, shuffle=False)
    assert [p.data for p in model.parameters()] == pytest.approx(by_hand([[0, 1, 2], [3]] * 3), rel=1e-13)


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


def test_a_function_of_leaves_is_trained_too() -> None:
    w = Value(1.0)
    history = fit(
        lambda x: w * x, [1.0, 2.0], [3.0, 6.0], loss=squared_error, optimizer=SGD([w], lr=0.2), epochs=50
    )
    assert w.data == pytest.approx(3.0, rel=1e-9)
    assert list(history.gradient_norms[0]) == ["parameters"]


def gradients(**more: Any) -> list[float]:
    """Return the step that one epoch takes at a learning rate of 1: the gradient, after clipping."""
    model = line()
    before = [p.data for p in model.parameters()]
    optimizer = SGD(model.parameters(), lr=1.0)
    fit(model, INPUTS, TARGETS, loss=half_squared_error, optimizer=optimizer, epochs=1, **more)
    return [old - p.data for old, p in zip(before, model.parameters(), strict=True)]


def test_clipping_shortens_the_step_and_not_what_the_history_says() -> None:
    free = gradients()
    assert math.hypot(*free) > 1.0
    assert gradients(clip_norm=0.5) == pytest.approx([0.5 * g / math.hypot(*free) for g in free], rel=1e-5)
    assert gradients(clip_value=0.25) == pytest.approx([math.copysign(0.25, g) for g in free], rel=1e-12)
    assert gradients(clip_norm=1e6, clip_value=1e6) == free
    history = trained(None, epochs=1, clip_norm=0.5)[1]
    assert history.gradient_norm("layers.0") == [pytest.approx(math.hypot(*free), rel=1e-12)]


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


def test_another_step_takes_the_eager_ones_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def formulas(model: Any, loss: Any, metrics: Any, between: Any) -> Step:
        """Return the step of half the squared error of a line, without recording anything."""
        w, b = model.parameters()

        def step(batch: Sequence[Example]) -> list[list[float]]:
            between()
            errors = [w.data * x + b.data - target for [x], target in batch]
            w.grad += sum(e * x for e, ([x], _) in zip(errors, batch, strict=True)) / len(batch)
            b.grad += sum(errors) / len(batch)
            return [[e * e / 2] for e in errors]

        return step

    settings: dict[str, Any] = {"epochs": 4, "batch_size": 2, "validation": 0.25, "clip_norm": 2.0}
    model, history = trained(**settings)
    monkeypatch.setattr("chainrule.nn.train.eager_step", formulas)
    other, same = trained(**settings)
    assert [p.data for p in other.parameters()] == pytest.approx(
        [p.data for p in model.parameters()], rel=1e-13
    )
    assert same.loss == pytest.approx(history.loss, rel=1e-13)
    assert same.validation_loss == pytest.approx(history.validation_loss, rel=1e-13)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "MLP"}, r"fit takes a model that can be called, such as MLP\(2, \[8, 1\]\), got 'MLP'"),
        ({"loss": "hinge"}, "fit takes a loss that can be called, such as squared_error, got 'hinge'"),
        ({"optimizer": "adam"}, r"fit takes an optimizer, such as Adam\(model.parameters\(\)\), got 'adam'"),
        ({"optimizer": SGD}, r"fit takes an optimizer, such as Adam\(model.parameters\(\)\), got "),
        (
            {"optimizer": LBFGS([Value(1.0)])},
            r"call optimizer\.step\(closure\) yourself, with a closure over",
        ),
        (
            {"schedule": "cosine"},
            r"fit takes a schedule with a step\(\), such as StepLR\(optimizer, 10\), got 'cos",
        ),
    ],
)
def test_what_fit_cannot_call_is_refused(change: dict[str, Any], message: str) -> None:
    model = line()
    call: dict[str, Any] = {"model": model, "loss": squared_error, "optimizer": SGD(model.parameters())}
    with pytest.raises(TypeError, match=message):
        fit(inputs=INPUTS, targets=TARGETS, **(call | change))


def test_a_schedule_is_that_of_the_optimizer_and_goes_by_epochs_if_it_looks_at_the_loss() -> None:
    model = line()
    optimizer, other = SGD(model.parameters()), SGD(model.parameters())
    for schedule, message in (
        (
            ExponentialLR(other, 0.9),
            "fit's schedule changes another optimizer's learning rate: make it from the",
        ),
        (
            ReduceLROnPlateau(optimizer),
            "fit asks ReduceLROnPlateau after each epoch: leave schedule_every='ep",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            fit(
                model,
                INPUTS,
                TARGETS,
                loss=squared_error,
                optimizer=optimizer,
                schedule=schedule,
                schedule_every="step",
            )


def test_schedules_step_after_each_epoch_or_each_step() -> None:
    for every, expected in (("epoch", [1.0, 0.5, 0.25]), ("step", [0.5, 0.125, 0.03125])):
        model = line()
        optimizer = SGD(model.parameters(), lr=1e-3)
        schedule = ExponentialLR(optimizer, 0.5)
        history = fit(
            model,
            INPUTS,
            TARGETS,
            loss=half_squared_error,
            optimizer=optimizer,
            epochs=3,
            batch_size=2,
            schedule=schedule,
            schedule_every=every,  # type: ignore[arg-type]  # a loop over its words
        )
        assert history.learning_rate == pytest.approx([1e-3 * factor for factor in expected], rel=1e-12)


def test_a_plateau_is_looked_for_in_the_validation_loss_if_there_is_one() -> None:
    seen: list[float] = []

    class Noting(ReduceLROnPlateau):
        def step(self, metrics: Any, epoch: int | None = None) -> None:
            seen.append(metrics)

    for validation in (None, (INPUTS[:2], TARGETS[:2])):
        model = line()
        optimizer = SGD(model.parameters(), lr=0.05)
        settings: dict[str, Any] = {"loss": half_squared_error, "optimizer": optimizer, "epochs": 2}
        history = fit(model, INPUTS, TARGETS, schedule=Noting(optimizer), validation=validation, **settings)
        assert seen == (history.validation_loss if validation else history.loss)
        seen.clear()


def test_groups_of_parameters_have_a_learning_rate_each() -> None:
    model = line()
    w, b = model.parameters()
    optimizer = SGD([{"params": [w]}, {"params": [b], "lr": 0.5}], lr=0.1)
    history = fit(model, INPUTS, TARGETS, loss=half_squared_error, optimizer=optimizer, epochs=1)
    assert history.learning_rates == [[0.1, 0.5]]
