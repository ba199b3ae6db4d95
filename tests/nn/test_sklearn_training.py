"""How the estimators train: on and on, with early stopping, weights, Ctrl-C, and in machine code."""

import io
import pickle
import signal
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest
from estimators import IRIS, SPECIES, X, Y, classifier, regressor
from sklearn.model_selection import GridSearchCV

from chainrule.engine import RecordingError, Value
from chainrule.engine.compiler import kernel

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# -- training -----------------------------------------------------------------------------------------


def numbers(fitted: Any) -> list[float]:
    return [x for array in fitted.coefs_ + fitted.intercepts_ for x in array.ravel().tolist()]


def test_the_same_random_state_gives_the_same_numbers() -> None:
    assert numbers(classifier().fit(X, Y)) == numbers(classifier().fit(X, Y))
    assert numbers(classifier().fit(X, Y)) != numbers(classifier(random_state=1).fit(X, Y))
    assert numbers(classifier(shuffle=False).fit(X, Y)) != numbers(classifier().fit(X, Y))


def test_partial_fit_goes_on_where_it_stood_also_after_pickling() -> None:
    # unshuffled: fit shuffles what the last epoch left shuffled, each partial_fit the examples as given
    whole = classifier(max_iter=6, tol=0.0, shuffle=False).fit(X, Y)
    parts = classifier(shuffle=False).partial_fit(X, Y, classes=[0, 1, 2])
    for _ in range(2):
        parts.partial_fit(X, Y)
    thawed = pickle.loads(pickle.dumps(parts))
    for _ in range(3):
        thawed.partial_fit(X, Y)
    assert numbers(thawed) == numbers(whole)
    assert thawed.loss_curve_ == whole.loss_curve_
    assert (thawed.n_iter_, thawed.t_) == (whole.n_iter_, whole.t_) == (6, 900)
    assert numbers(parts) != numbers(thawed)


def test_a_thawed_estimator_shuffles_as_the_one_that_was_frozen() -> None:
    model = classifier().partial_fit(X, Y, classes=[0, 1, 2])
    thawed = pickle.loads(pickle.dumps(model))
    assert numbers(thawed.partial_fit(X, Y)) == numbers(model.partial_fit(X, Y))
    assert numbers(model) != numbers(
        classifier(shuffle=False).partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X, Y)
    )


def test_partial_fit_may_see_one_class_at_a_time() -> None:
    model = classifier()
    for _ in range(30):
        for number, species in enumerate(IRIS.target_names):
            model.partial_fit(X[50 * number :][:50], [species] * 50, classes=IRIS.target_names)
    assert model.score(X, SPECIES) > 0.6


def test_a_warm_start_goes_on_from_the_weights_and_a_cold_one_does_not() -> None:
    model = classifier(max_iter=5, warm_start=True).fit(X, Y)
    before = model.loss_
    assert model.fit(X, Y).loss_curve_[5] < before
    assert len(model.loss_curve_) == 10
    assert model.n_iter_ == 5
    assert len(model.set_params(warm_start=False).fit(X, Y).loss_curve_) == 5


def test_training_ends_when_the_loss_stops_improving() -> None:
    fitted = classifier(max_iter=300, tol=0.05, n_iter_no_change=3).fit(X, Y)
    losses = fitted.loss_curve_
    assert fitted.n_iter_ == len(losses) < 300
    assert min(losses[:-4]) - min(losses[-4:]) < 0.05 * 4
    assert fitted.best_loss_ == min(losses)


def test_early_stopping_keeps_the_weights_of_the_best_epoch() -> None:
    fitted = classifier(max_iter=100, early_stopping=True, n_iter_no_change=5, validation_fraction=0.3).fit(
        X, Y
    )
    scores = fitted.validation_scores_
    assert fitted.n_iter_ == len(scores) < 100
    assert fitted.best_validation_score_ == max(scores) > scores[0]
    first_best = scores.index(max(scores)) + 1
    again = classifier(max_iter=first_best, early_stopping=True, validation_fraction=0.3).fit(X, Y)
    assert numbers(again) == numbers(fitted)


def test_early_stopping_of_a_regressor_looks_at_its_score() -> None:
    fitted = regressor(early_stopping=True, validation_fraction=0.3).fit(X[:, :3], X[:, 3])
    assert fitted.validation_scores_[0] < fitted.best_validation_score_ <= 1.0


def test_weights_count_examples_as_often_as_they_say() -> None:
    times = np.arange(150) % 3
    settings = {"batch_size": "auto", "max_iter": 5}
    often = np.repeat(np.arange(150), times)
    weighted = classifier(**settings).fit(X, Y, sample_weight=times)
    repeated = classifier(**settings).fit(X[often], Y[often])
    np.testing.assert_allclose(numbers(weighted), numbers(repeated), rtol=1e-9)
    assert weighted.loss_ == pytest.approx(repeated.loss_, rel=1e-9)
    weighted = regressor(**settings).partial_fit(X[:, :3], X[:, 3], sample_weight=times)
    repeated = regressor(**settings).partial_fit(X[often, :3], X[often, 3])
    np.testing.assert_allclose(numbers(weighted), numbers(repeated), rtol=1e-9)


def test_prediction_records_nothing_and_changes_nothing() -> None:
    fitted = classifier().fit(X, Y)
    before = numbers(fitted)
    fitted.predict_proba(X)
    assert numbers(fitted) == before
    assert fitted._forward(X[:1])[0] == [value.data for value in fitted.model_(X[0].tolist())]


def test_an_activation_may_be_any_function_and_the_output_stays_linear() -> None:
    cubed = regressor(activation=lambda z: z**3).fit(X[:, :1], X[:, 0] ** 3)
    assert cubed.score(X[:, :1], X[:, 0] ** 3) > 0.5


def test_no_hidden_layer_is_logistic_regression() -> None:
    fitted = classifier(hidden_layer_sizes=()).fit(X, Y == 0)
    assert [c.shape for c in fitted.coefs_] == [(4, 1)]
    assert fitted.score(X, Y == 0) == 1.0


def test_constant_columns_do_no_harm() -> None:
    held = np.column_stack([X, np.full(150, 7.0)])
    assert classifier(max_iter=30).fit(held, Y).score(held, Y) > 0.9


def test_verbose_prints_an_epoch_a_line_and_quiet_nothing() -> None:
    printed = io.StringIO()
    with redirect_stdout(printed):
        fitted = classifier(max_iter=2, verbose=True).fit(X, Y)
        classifier(max_iter=2).fit(X, Y)
    assert printed.getvalue().splitlines() == [
        f"Iteration {n}, loss = {loss:.8f}" for n, loss in enumerate(fitted.loss_curve_, start=1)
    ]
    with redirect_stdout(printed):
        classifier(max_iter=50, tol=1.0, n_iter_no_change=2, verbose=True).fit(X, Y)
    assert "Iteration 4, no improvement of more than tol=1 for 3 epochs. Stopping." in printed.getvalue()


class PressedAt:
    """An activation that presses Ctrl-C when it is called for the n-th time."""

    def __init__(self, call: int) -> None:
        self.left = call

    def __call__(self, z: Value) -> Value:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)
        return z.tanh()


EPOCH = 150 * 4
"""How often an epoch of the small estimator calls its activation: for each flower and hidden neuron."""


def test_ctrl_c_ends_fit_with_a_warning_and_keeps_what_was_learned() -> None:
    with pytest.warns(
        UserWarning, match="MLPClassifier was interrupted in epoch 3, after 1 of its 5 steps; it keeps"
    ):
        stopped = classifier(compiled=False, activation=PressedAt(2 * EPOCH + 30 * 4 + 1)).fit(X, Y)
    whole = classifier(compiled=False, max_iter=2).fit(X, Y)
    assert stopped.loss_curve_ == whole.loss_curve_
    assert stopped.loss_ == whole.loss_
    assert (stopped.n_iter_, stopped.t_) == (2, 300)
    assert numbers(stopped) != numbers(whole)  # by the one step of the third epoch
    assert stopped.score(X, Y) > 0.5


def test_ctrl_c_before_the_first_step_leaves_the_first_weights() -> None:
    with pytest.warns(UserWarning, match="interrupted in epoch 1, after 0 of its 5 steps"):
        stopped = classifier(compiled=False, activation=PressedAt(1)).fit(X, Y)
    assert (stopped.n_iter_, stopped.loss_, stopped.loss_curve_) == (0, np.inf, [])
    assert numbers(stopped) == numbers(
        classifier(compiled=False, learning_rate_init=1e-200, max_iter=1).fit(X, Y)
    )
    assert stopped.predict(X).shape == (150,)


def test_ctrl_c_with_early_stopping_keeps_the_best_weights() -> None:
    settings = {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 50, "max_iter": 20}
    settings["compiled"] = False
    whole = classifier(**settings).fit(X, Y)
    with pytest.warns(UserWarning, match="was interrupted in epoch 20"):  # 120 flowers learned, 30 scored
        stopped = classifier(**settings, activation=PressedAt(19 * EPOCH + 1)).fit(X, Y)
    assert stopped.validation_scores_ == whole.validation_scores_[:19]
    assert numbers(stopped) == numbers(whole)  # the best was before


def test_ctrl_c_in_partial_fit_comes_through_so_that_the_loop_around_it_ends() -> None:
    model = classifier(compiled=False, activation=PressedAt(EPOCH + 30 * 4 + 1)).partial_fit(
        X, Y, classes=[0, 1, 2]
    )
    before = numbers(model)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X, Y)
    assert numbers(model) != before
    assert (model.n_iter_, len(model.loss_curve_)) == (1, 1)
    assert model.partial_fit(X, Y).n_iter_ == 2


# -- in machine code -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"solver": "sgd", "batch_size": 7},
        {"early_stopping": True, "validation_fraction": 0.2},
        {"activation": "logistic", "alpha": 0.1},
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_compiled_or_not_the_estimators_learn_the_same(settings: dict[str, Any], weighted: bool) -> None:
    weights = np.linspace(0.0, 2.0, 150) if weighted else None
    for make, targets in ((classifier, Y), (classifier, Y > 0), (regressor, X[:, 0]), (regressor, X[:, :2])):
        eager, compiled = [
            make(**settings, max_iter=20, compiled=choice).fit(X, targets, weights)
            for choice in (False, "auto")
        ]
        assert compiled.loss_curve_ == pytest.approx(eager.loss_curve_, rel=1e-12)
        assert numbers(compiled) == pytest.approx(numbers(eager), rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("activation", ["tanh", "relu", lambda z: z if z > 0.0 else 0.1 * z])
def test_many_rows_are_predicted_in_machine_code_where_that_is_possible(activation: Any) -> None:
    for make, targets in ((classifier, Y), (classifier, Y > 0), (regressor, X[:, :2])):
        fitted = make(activation=activation, max_iter=3).fit(X, targets)
        many = fitted.predict(X).ravel().tolist()
        eagerly = fitted.set_params(compiled=False).predict(X).ravel().tolist()
        assert eagerly == pytest.approx(many, rel=1e-12)
        if hasattr(fitted, "predict_proba"):
            eager = fitted.predict_proba(X).ravel().tolist()
            compiled = fitted.set_params(compiled="auto").predict_proba(X).ravel().tolist()
            assert compiled == pytest.approx(eager, rel=1e-12)
    if not isinstance(activation, str):
        with pytest.raises(RecordingError, match="a branch on a number"):
            fitted.set_params(compiled=True).predict(X)


def test_a_grid_search_compiles_each_network_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Any] = []
    load = kernel._loaded

    def counted(*given: Any) -> Any:
        loaded.append(given)
        return load(*given)

    monkeypatch.setattr(kernel, "_loaded", counted)
    grid = {"learning_rate_init": [0.01, 0.03, 0.1], "hidden_layer_sizes": [(3,), (4,)]}
    GridSearchCV(classifier(max_iter=5), grid, cv=3).fit(X, Y)
    # Two networks and a rule for each of two groups; none where others had them before.
    assert len(loaded) <= 4
