"""fit: its modes, its history, its reports and what it refuses."""

import gc
import math
import random
import subprocess
import sys
from typing import Any

import pytest

from chainrule.engine import Value, no_grad
from chainrule.nn import MLP, SGD, Adam, evaluate, fit, half_squared_error, hinge, moons, squared_error

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

    with pytest.raises(KeyError, match="from the loss"):
        fit(line(), INPUTS, TARGETS, loss=failing, optimizer=SGD([Value(1.0)]), progress=False)
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
    ],
)
def test_impossible_runs_are_refused(change: dict[str, Any], message: str) -> None:
    model = line()
    before = [p.data for p in model.parameters()]
    call: dict[str, Any] = {"inputs": INPUTS, "targets": TARGETS, "epochs": 2, **change}
    with pytest.raises(ValueError, match=message):
        fit(model, loss=squared_error, optimizer=SGD(model.parameters(), lr=0.1), **call)
    assert [p.data for p in model.parameters()] == before


def test_a_loss_that_is_not_a_number_warns_and_names_where_it_began() -> None:
    model = line()
    with pytest.warns(RuntimeWarning, match=r"backward\(\) from a root that is nan"):
        fit(model, [[math.nan]], [1.0], loss=squared_error, optimizer=SGD(model.parameters()), epochs=1)


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
