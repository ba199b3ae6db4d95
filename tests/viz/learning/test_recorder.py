"""Keeping weights and gradients while a model learns: which epochs, which numbers, how many."""

import math
from typing import Any

import pytest

from chainrule.engine import Value
from chainrule.nn import MLP, SGD, EarlyStopping, Linear, Parameter, Sequential, fit, squared_error, tanh
from chainrule.viz import LearningRecorder

INPUTS, TARGETS = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]


def trained(recorder: Any, epochs: int, model: Any = None, **settings: Any) -> Any:
    model = model or MLP(1, [2, 1], activation="tanh", seed=0)
    optimizer = SGD(model.parameters(), lr=0.01)
    fit(model, INPUTS, TARGETS, loss=squared_error, optimizer=optimizer, epochs=epochs, seed=0,
        callbacks=[recorder, *settings.pop("callbacks", [])], progress=False, **settings)  # fmt: skip
    return model


def epochs(recorder: LearningRecorder) -> list[int]:
    return [record.epoch for record in recorder.records]


def test_every_epoch_is_kept_with_the_state_before_the_first() -> None:
    recorder = LearningRecorder()
    model = trained(recorder, 3)
    assert epochs(recorder) == [0, 1, 2, 3]
    assert recorder.records[0].gradients is None
    weights = [parameter.data for parameter in model.parameters()]
    assert sorted(recorder.records[-1].weights) == sorted(weights)
    assert recorder.records[0].weights != recorder.records[1].weights


def test_with_one_step_an_epoch_the_step_explains_the_weights() -> None:
    recorder = LearningRecorder()
    trained(recorder, 4)
    for before, after in zip(recorder.records, recorder.records[1:], strict=False):
        assert after.gradients is not None
        for w, g, moved in zip(before.weights, after.gradients, after.weights, strict=True):
            assert w - 0.01 * g == moved


def test_gradients_are_the_mean_over_the_steps_of_the_epoch() -> None:
    recorder = LearningRecorder()
    trained(recorder, 2, batch_size=1, shuffle=False)
    before, after = recorder.records[:2]
    assert after.gradients is not None
    for w, g, moved in zip(before.weights, after.gradients, after.weights, strict=True):
        assert math.isclose(w - 3 * 0.01 * g, moved, rel_tol=1e-12)


def test_every_thins_and_the_last_epoch_is_kept() -> None:
    recorder = LearningRecorder(every=4)
    trained(recorder, 10)
    assert epochs(recorder) == [0, 4, 8, 10]
    assert len(recorder.losses) == 10


def test_memory_is_bounded_however_long_the_run() -> None:
    recorder = LearningRecorder(max_records=8)
    trained(recorder, 100)
    assert epochs(recorder) == [0, 16, 32, 48, 64, 80, 96, 100]
    recorder = LearningRecorder(max_records=2)
    trained(recorder, 50)
    assert epochs(recorder)[0] == 0
    assert epochs(recorder)[-1] == 50
    assert len(recorder.records) <= 3


def test_a_run_that_is_stopped_early_keeps_its_last_epoch() -> None:
    recorder = LearningRecorder(every=50)
    trained(recorder, 300, callbacks=[EarlyStopping(patience=3, min_delta=1.0)])
    assert epochs(recorder) == [0, 50, 53] or len(recorder.losses) == epochs(recorder)[-1]


def test_it_is_used_for_another_run_and_begins_anew() -> None:
    recorder = LearningRecorder()
    trained(recorder, 5)
    trained(recorder, 2, MLP(1, [3, 1], seed=1))
    assert epochs(recorder) == [0, 1, 2]
    assert len(recorder.records[0].weights) == 10


def test_a_run_from_a_checkpoint_goes_on_where_it_was(tmp_path: Any) -> None:
    path = tmp_path / "run.safetensors"
    recorder = LearningRecorder()
    trained(recorder, 3, checkpoint=path)
    trained(recorder, 5, checkpoint=path, resume=True)
    assert epochs(recorder) == [0, 1, 2, 3, 4, 5]
    anew = LearningRecorder()
    trained(anew, 7, checkpoint=path, resume=True)
    assert epochs(anew) == [5, 6, 7]
    assert len(anew.losses) == 7


def test_steps_that_were_skipped_do_not_count() -> None:
    recorder = LearningRecorder()
    model = MLP(1, [1], seed=0)
    with pytest.warns(RuntimeWarning, match="skipped 1 of the 2 steps"):
        fit(model, [[1.0], [math.inf]], [1.0, 1.0], loss=squared_error, batch_size=1, shuffle=False,
            optimizer=SGD(model.parameters(), lr=0.1), epochs=1, not_finite="skip", callbacks=[recorder],
            progress=False)  # fmt: skip
    before, after = recorder.records
    assert after.gradients is not None
    for w, g, moved in zip(before.weights, after.gradients, after.weights, strict=True):
        assert math.isclose(w - 0.1 * g, moved, rel_tol=1e-12)


def test_a_loop_of_ones_own_records_by_hand() -> None:
    model, recorder = MLP(1, [1], seed=0), LearningRecorder()
    optimizer = SGD(model.parameters(), lr=0.1)
    recorder.start(model)
    for _ in range(3):
        optimizer.zero_grad()
        loss = squared_error(model([1.0]), 2.0)
        loss.backward()
        optimizer.step()
        recorder.record(model, loss, validation_loss=0.5)
    assert epochs(recorder) == [0, 1, 2, 3]
    assert recorder.validation_losses == [0.5, 0.5, 0.5]
    assert recorder.losses[-1] == loss.data
    for before, after in zip(recorder.records, recorder.records[1:], strict=False):
        assert after.gradients is not None
        for w, g, moved in zip(before.weights, after.gradients, after.weights, strict=True):
            assert w - 0.1 * g == moved


def test_without_a_start_the_first_record_begins() -> None:
    model, recorder = MLP(1, [1], seed=0), LearningRecorder(every=2)
    for i in range(3):
        recorder.record(model, float(i))
    assert epochs(recorder) == [0, 2]
    assert [record.epoch for record in recorder.kept()] == [0, 2, 3]


def test_a_function_with_parameters_is_one_row() -> None:
    w = Parameter(0.5, "w")
    recorder = LearningRecorder()
    fit(lambda x: w * x[0], INPUTS, TARGETS, loss=squared_error, optimizer=SGD([w], lr=0.01), epochs=2,
        callbacks=[recorder], progress=False)  # fmt: skip
    assert recorder.shape is not None
    assert [(one.name, one.rows, one.columns) for one in recorder.shape.matrices] == [("parameters", 1, 1)]
    assert recorder.shape.chain() == []


def test_chains_of_layers_are_found() -> None:
    from chainrule.viz.learning.shape import Shape

    assert [(d.nin, d.nout) for d in Shape(MLP(3, [5, 2])).chain()] == [(3, 5), (5, 2)]
    model = Sequential(Linear(2, 4), tanh, Linear(4, 1, bias=False))
    assert [(d.weight, d.bias) for d in Shape(model).chain()] == [(0, 1), (2, None)]
    assert Shape(Sequential(Linear(2, 4), Linear(3, 1))).chain() == []


def test_another_model_is_refused() -> None:
    recorder = LearningRecorder()
    recorder.start(MLP(1, [2, 1], seed=0))
    with pytest.raises(
        ValueError,
        match=r"has recorded a model with layers\.0\.weight 2×1, .* was called with one with "
        r"layers\.0\.weight 3×1, .*: use a recorder for each",
    ):
        recorder.record(MLP(1, [3, 1], seed=0), 1.0)
    recorder.record(MLP(1, [2, 1], seed=5), 1.0)  # of the same shape, as a copy of it is


def test_settings_that_make_no_sense_are_refused() -> None:
    for every in (0, -1, 1.5, True, "2"):
        with pytest.raises(ValueError, match=r"LearningRecorder takes every of at least 1, got "):
            LearningRecorder(every=every)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"LearningRecorder takes max_records of at least 2, got 1"):
        LearningRecorder(max_records=1)
    with pytest.raises(ValueError, match=r"LearningRecorder found no parameters in 'model'"):
        LearningRecorder().start("model")


def test_gradients_of_none_count_as_zero() -> None:
    model, recorder = MLP(1, [1], seed=0), LearningRecorder()
    for parameter in model.parameters():
        parameter.grad = None  # type: ignore[assignment]
    recorder.record(model, Value(1.0))
    assert recorder.records[-1].gradients is not None
    assert list(recorder.records[-1].gradients) == [0.0, 0.0]
    assert repr(recorder) == "<LearningRecorder: 2 records of 1 epochs, every=1, max_records=200>"
