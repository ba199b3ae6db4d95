"""What fit calls on its way, how it is told to stop, and early stopping."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chainrule.nn import (
    MLP,
    SGD,
    EarlyStopping,
    History,
    Scores,
    StopTraining,
    TrainingState,
    evaluate,
    fit,
    half_squared_error,
)

INPUTS, TARGETS = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 8.0]


def trained(epochs: int = 3, lr: float = 0.05, **more: Any) -> tuple[MLP, History]:
    model = MLP(1, [1], seed=0)
    optimizer = SGD(model.parameters(), lr=lr)
    history = fit(
        model, INPUTS, TARGETS, loss=half_squared_error, optimizer=optimizer, epochs=epochs, seed=0, **more
    )
    return model, history


class Notes:
    """Notes every moment it is called at."""

    def __init__(self) -> None:
        self.moments: list[tuple[str, int, int, int]] = []

    def _note(self, moment: str, state: TrainingState) -> None:
        self.moments.append((moment, state.epoch, state.step, state.total_steps))

    def on_train_begin(self, state: TrainingState) -> None:
        self._note("begin", state)

    def on_step_end(self, state: TrainingState) -> None:
        self._note("step", state)

    def on_epoch_end(self, state: TrainingState) -> None:
        self._note("epoch", state)

    def on_train_end(self, state: TrainingState) -> None:
        self._note("end", state)


def test_an_object_is_called_at_each_moment_with_where_training_stands() -> None:
    notes = Notes()
    trained(epochs=2, batch_size=2, callbacks=[notes])
    assert notes.moments == [
        ("begin", 0, 0, 0),
        ("step", 1, 1, 1),
        ("step", 1, 2, 2),
        ("epoch", 1, 2, 2),
        ("step", 2, 1, 3),
        ("step", 2, 2, 4),
        ("epoch", 2, 2, 4),
        ("end", 2, 2, 4),
    ]


def test_a_function_is_called_after_each_epoch_with_its_history() -> None:
    seen: list[float] = []
    _, history = trained(callbacks=[lambda state: seen.append(state.history.loss[-1])])
    assert seen == history.loss


def test_each_step_tells_its_loss_and_gradient() -> None:
    steps: list[tuple[float, dict[str, float]]] = []
    note = SimpleNamespace(on_step_end=lambda state: steps.append((state.loss, state.gradient_norms)))
    _, history = trained(epochs=1, batch_size=2, callbacks=[note])
    assert math.fsum(loss for loss, _ in steps) / 2 == pytest.approx(history.loss[0], rel=1e-15)
    assert [list(norms) for _, norms in steps] == [["layers.0"], ["layers.0"]]


@pytest.mark.parametrize("answer", [True, np.True_])
def test_true_ends_training_after_that_epoch(answer: Any) -> None:
    def enough(state: TrainingState) -> Any:
        return answer if state.epoch == 2 else None

    _, history = trained(callbacks=[enough])
    assert len(history.loss) == 2
    assert history.stopped == "stopped by enough after epoch 2"


def test_false_and_none_go_on() -> None:
    _, history = trained(callbacks=[lambda state: False, lambda state: None, lambda state: np.False_])
    assert len(history.loss) == 3
    assert history.stopped == ""


def test_a_step_may_end_training_too_and_its_epoch_is_not_in_the_history() -> None:
    note = SimpleNamespace(on_step_end=lambda state: state.total_steps == 3)
    model, history = trained(batch_size=2, callbacks=[note])
    assert len(history.loss) == 1
    assert history.stopped == "stopped by SimpleNamespace in epoch 2, after 1 of its 2 steps"
    assert [p.data for p in model.parameters()] != [p.data for p in trained(1, batch_size=2)[0].parameters()]


def test_stopping_may_say_why_and_the_others_are_still_called() -> None:
    notes = Notes()

    def tired(state: TrainingState) -> None:
        raise StopTraining("tired")

    def silent(state: TrainingState) -> None:
        raise StopTraining

    _, history = trained(callbacks=[tired, notes, silent])
    assert history.stopped == "tired; stopped by silent after epoch 1"
    assert [moment for moment, *_ in notes.moments] == ["begin", "step", "epoch", "end"]


def test_training_can_be_stopped_before_it_begins() -> None:
    model, history = trained(callbacks=[SimpleNamespace(on_train_begin=lambda state: True)])
    assert history == History(stopped="stopped by SimpleNamespace before the first epoch")
    assert [p.data for p in model.parameters()] == [p.data for p in MLP(1, [1], seed=0).parameters()]


def test_errors_of_callbacks_come_through() -> None:
    def broken(state: TrainingState) -> None:
        raise KeyError("from the callback")

    with pytest.raises(KeyError, match="from the callback"):
        trained(callbacks=[broken])


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        (
            [3],
            "fit cannot call 3: a callback is a function, called after each epoch, or an object with one or",
        ),
        (
            [SimpleNamespace(on_batch_end=print)],
            "more of on_train_begin, on_step_end, on_epoch_end, on_train_",
        ),
        ([EarlyStopping], "fit cannot call <class .*EarlyStopping'>"),
        (7, "fit takes a list of callbacks, got 7: put it in brackets"),
        (EarlyStopping(), r"fit takes a list of callbacks, got EarlyStopping\(.*\): put it in brackets"),
        ([lambda state: 0.5], r"the callback <lambda> returned 0\.5: return True to stop, or nothing"),
    ],
)
def test_what_cannot_be_called_is_refused(callbacks: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        trained(callbacks=callbacks)


def worsening(limit: int) -> tuple[Any, list[float]]:
    """Return a metric that falls until it was asked `limit` times and then rises, and what it said."""
    said: list[float] = []

    def metric(output: Any, target: Any) -> float:
        said.append(float(abs(len(said) - limit)))
        return said[-1]

    return metric, said


def test_early_stopping_waits_and_gives_the_parameters_the_best_epochs_numbers() -> None:
    metric, _ = worsening(4)
    stop = EarlyStopping(patience=3, monitor="wait")
    after: list[list[float]] = []
    model, history = trained(
        100,
        validation=(INPUTS[:1], TARGETS[:1]),
        metrics={"wait": metric},
        callbacks=[stop, lambda state: after.append([p.data for p in state.model.parameters()])],
    )
    # The metric is asked for four examples and a held-out one in each epoch: it is best in the first.
    assert (stop.best_epoch, stop.best_score, len(history.loss)) == (1, 0.0, 4)
    assert history.stopped == "wait no better than 0 for 3 epochs; the best was epoch 1"
    assert [p.data for p in model.parameters()] == after[0]


def test_the_best_is_restored_after_the_last_epoch_too_unless_told_otherwise() -> None:
    losses = []
    for restore in (True, False):
        # A rate that overshoots: the first epoch's loss is the least.
        model, history = trained(4, lr=0.6, callbacks=[EarlyStopping(10, restore_best=restore)])
        assert history.stopped == ""
        losses.append(evaluate(model, INPUTS, TARGETS, loss=half_squared_error).loss)
    assert losses[0] == history.loss[1]  # of the outputs before the second step
    assert losses[1] > 10 * losses[0]


def test_the_most_can_be_best_and_training_scores_do_without_validation() -> None:
    stop = EarlyStopping(patience=1, monitor="error", mode="max")
    _, history = trained(50, metrics={"error": lambda o, t: abs(o.data - t)}, callbacks=[stop])
    assert stop.best_score == max(history.metric("error"))
    assert len(history.loss) == stop.best_epoch + 1


def test_too_small_an_improvement_does_not_count() -> None:
    _, history = trained(100, callbacks=[EarlyStopping(patience=2, min_delta=1e9)])
    assert len(history.loss) == 3


def test_nan_is_never_the_best() -> None:
    scores = iter([math.nan, 2.0, math.nan, 3.0])
    stop = EarlyStopping(patience=2, monitor="m")
    history = History()
    state = TrainingState(MLP(1, [1]), SGD(MLP(1, [1]).parameters()), None, history, 4, 1)
    stop.on_train_begin(state)
    for state.epoch in (1, 2, 3):
        history.train.append(Scores(0.0, {"m": next(scores)}))
        stop.on_epoch_end(state)
    history.train.append(Scores(0.0, {"m": next(scores)}))
    with pytest.raises(StopTraining, match="m no better than 2 for 2 epochs; the best was epoch 2"):
        stop.on_epoch_end(state)


def test_early_stopping_begins_anew_in_another_run() -> None:
    stop = EarlyStopping(patience=2, min_delta=1e9)
    assert [len(trained(100, callbacks=[stop])[1].loss) for _ in range(2)] == [3, 3]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patience": 0}, "EarlyStopping needs a patience of 1 epoch or more, got 0"),
        ({"patience": True}, "EarlyStopping needs a patience of 1 epoch or more, got True"),
        ({"patience": 2.5}, "EarlyStopping needs a patience of 1 epoch or more, got 2.5"),
        ({"min_delta": -1.0}, "EarlyStopping needs a min_delta of zero or more, got -1.0"),
        ({"min_delta": math.nan}, "EarlyStopping needs a min_delta of zero or more, got nan"),
        ({"mode": "least"}, "EarlyStopping's mode is 'min' or 'max', got 'least'"),
    ],
)
def test_impossible_early_stopping_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**settings)


def test_a_score_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(KeyError, match="no score is called 'val_loss': there are loss, error"):
        trained(metrics={"error": lambda o, t: 0.0}, callbacks=[EarlyStopping(monitor="val_loss")])
