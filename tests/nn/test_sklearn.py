"""The estimators give scikit-learn's numbers, work in its tools, and refuse what they cannot take."""

import io
import pickle
import signal
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule.engine import RecordingError, Value
from chainrule.engine.compiler import kernel
from chainrule.nn import load_iris, sine, standardize
from chainrule.nn.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris()
X = np.array(standardize(IRIS.inputs)(IRIS.inputs))
Y = np.array(IRIS.targets)
SPECIES = np.array(IRIS.target_names)[Y]
SMALL = {"hidden_layer_sizes": (4,), "activation": "tanh", "learning_rate_init": 0.1, "max_iter": 15,
         "batch_size": 30, "random_state": 0}  # fmt: skip


def classifier(**settings: Any) -> MLPClassifier:
    """Return a small classifier that learns fast and the same each time."""
    return MLPClassifier(**{**SMALL, **settings})


def regressor(**settings: Any) -> MLPRegressor:
    """Return a small regressor that learns fast and the same each time."""
    return MLPRegressor(**{**SMALL, **settings})


# -- the same numbers as scikit-learn's own network ---------------------------------------------------


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize(
    ("ours", "theirs", "y"),
    [
        (MLPClassifier, neural_network.MLPClassifier, SPECIES),
        (MLPClassifier, neural_network.MLPClassifier, Y == 1),
        (MLPRegressor, neural_network.MLPRegressor, X[:, 0] * X[:, 1]),
        (MLPRegressor, neural_network.MLPRegressor, X[:, :2]),
    ],
    ids=["three classes", "two classes", "one target", "two targets"],
)
def test_training_gives_the_numbers_of_scikit_learns_own(
    ours: Any, theirs: Any, y: Any, activation: str, solver: str
) -> None:
    # epsilon 1e-300: scikit-learn's Adam adds it at another place than the paper and PyTorch.
    settings = {"hidden_layer_sizes": (5, 3), "activation": activation, "solver": solver, "alpha": 0.3,
                "batch_size": 50, "shuffle": False, "warm_start": True, "epsilon": 1e-300, "tol": 0.0,
                "random_state": 0}  # fmt: skip
    our, their = ours(**settings), theirs(**settings)
    our.set_params(learning_rate_init=1e-200, max_iter=1).fit(X, y)  # makes the weights and leaves them alone
    their.set_params(max_iter=1).fit(X, y)
    their.coefs_, their.intercepts_ = our.coefs_, our.intercepts_
    for estimator in (our, their):
        estimator.set_params(learning_rate_init=0.02, max_iter=5).fit(X, y)
    for mine, other in zip(our.coefs_ + our.intercepts_, their.coefs_ + their.intercepts_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-10)
    assert our.score(X, y) == pytest.approx(their.score(X, y), rel=1e-9)
    if ours is MLPClassifier:
        np.testing.assert_allclose(our.predict_proba(X), their.predict_proba(X), rtol=1e-9)
        np.testing.assert_allclose(our.predict_log_proba(X), their.predict_log_proba(X), rtol=1e-9)


def test_the_first_weights_are_drawn_from_the_same_range() -> None:
    for activation, factor in (("relu", 6.0), ("logistic", 2.0)):
        fitted = classifier(
            hidden_layer_sizes=(40,), activation=activation, learning_rate_init=1e-200, max_iter=1
        )
        first, _ = fitted.fit(X, Y).coefs_
        bound = (factor / 44) ** 0.5
        assert 0.9 * bound < np.abs(first).max() <= bound


def test_the_loss_is_the_mean_over_the_examples_without_the_penalty() -> None:
    fitted = regressor(alpha=10.0, max_iter=1, learning_rate_init=1e-200).fit(X[:, :3], X[:, 3])
    error = fitted.predict(X[:, :3]) - X[:, 3]
    assert fitted.loss_ == pytest.approx(0.5 * np.mean(error**2), rel=1e-12)
    assert fitted.loss_curve_ == [fitted.loss_]


# -- what scikit-learn's tools do with them -----------------------------------------------------------


def test_species_are_learned_and_come_back_as_text() -> None:
    fitted = classifier(max_iter=40).fit(X, SPECIES)
    assert fitted.score(X, SPECIES) > 0.95
    assert fitted.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert set(fitted.predict(X)) == set(SPECIES)
    chances = fitted.predict_proba(X)
    assert chances.shape == (150, 3)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.log(chances), fitted.predict_log_proba(X), atol=1e-12)
    assert (fitted.classes_[chances.argmax(axis=1)] == fitted.predict(X)).all()


def test_two_classes_share_one_output() -> None:
    fitted = classifier().fit(X, np.where(Y == 0, "setosa", "other"))
    assert (fitted.n_outputs_, fitted.n_layers_, fitted.coefs_[-1].shape) == (1, 3, (4, 1))
    assert fitted.classes_.tolist() == ["other", "setosa"]
    assert fitted.score(X, np.where(Y == 0, "setosa", "other")) == 1.0
    assert ((fitted.predict_proba(X)[:, 1] > 0.5) == (fitted.predict(X) == "setosa")).all()


def test_chances_too_small_for_a_float_still_have_a_logarithm() -> None:
    fitted = classifier(activation="identity").fit(X, Y == 0)
    far = fitted.predict_log_proba(1e5 * X)
    assert np.isfinite(far).all()
    assert far.min() < -1e4


def test_a_regressor_learns_a_sine_and_two_targets_at_once() -> None:
    inputs, targets = sine(60, noise=0.05, seed=0)
    fitted = regressor(max_iter=60).fit(inputs, targets)
    assert fitted.score(inputs, targets) > 0.95
    assert fitted.predict(inputs).shape == (60,)
    both = np.column_stack([targets, np.negative(targets)])
    fitted = regressor(max_iter=60).fit(inputs, both)
    assert fitted.predict(inputs).shape == (60, 2)
    assert fitted.n_outputs_ == 2
    assert fitted.score(inputs, both) > 0.95


def test_a_pipeline_a_grid_search_and_cross_validation_take_them() -> None:
    pipeline = make_pipeline(StandardScaler(), classifier())
    assert cross_val_score(pipeline, IRIS.inputs, SPECIES, cv=3).mean() > 0.9
    search = GridSearchCV(pipeline, {"mlpclassifier__hidden_layer_sizes": [(1,), (4,)]}, cv=2)
    search.fit(IRIS.inputs, SPECIES)
    assert set(search.best_params_) == {"mlpclassifier__hidden_layer_sizes"}
    assert search.score(IRIS.inputs, SPECIES) > 0.9
    assert (
        cross_val_score(regressor(), X[:, :3], X[:, 3], cv=KFold(3, shuffle=True, random_state=0)).mean()
        > 0.8
    )


def test_a_frame_gives_its_column_names_and_minds_them_later() -> None:
    frame = pd.DataFrame(X, columns=IRIS.feature_names)
    fitted = classifier().fit(frame, pd.Series(SPECIES))
    assert fitted.feature_names_in_.tolist() == list(IRIS.feature_names)
    assert fitted.n_features_in_ == 4
    assert (fitted.predict(frame) == classifier().fit(X, SPECIES).predict(X)).all()
    with pytest.raises(ValueError, match="The feature names should match those that were passed during fit"):
        fitted.predict(frame[frame.columns[::-1]])


def test_early_stopping_and_prediction_of_a_frame_give_no_warning_about_names() -> None:
    frame = pd.DataFrame(X, columns=IRIS.feature_names)
    fitted = classifier(early_stopping=True, validation_fraction=0.2).fit(frame, SPECIES)
    assert fitted.score(frame, SPECIES) > 0.9


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


# -- what is refused ----------------------------------------------------------------------------------

BROKEN = np.where(np.arange(600).reshape(150, 4) == 5, np.nan, X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: classifier().fit(X, Y[:-1]), "inconsistent numbers of samples"),
        (lambda: classifier().fit(X[:, 0], Y), "Expected 2D array, got 1D array instead"),
        (lambda: classifier().fit(BROKEN, Y), "Input X contains NaN"),
        (lambda: classifier().fit(X * np.inf, Y), "Input X contains (NaN|infinity)"),
        (lambda: regressor().fit(X, BROKEN[:, 1]), "Input y contains NaN"),
        (lambda: classifier().fit(SPECIES.reshape(-1, 1), Y), "could not convert string to float"),
        (lambda: regressor().fit(X, SPECIES), "could not convert string to float"),
        (lambda: classifier().fit(np.empty((0, 4)), []), r"Found array with 0 sample\(s\)"),
        (lambda: classifier().fit(np.empty((3, 0)), Y[:3]), r"Found array with 0 feature\(s\)"),
        (lambda: classifier().fit(X, None), "requires y to be passed, but the target y is None"),
        (lambda: classifier().fit(X, X[:, 0]), "Unknown label type: continuous"),
        (lambda: classifier().fit(X, ["a"] * 150), "needs two classes or more, got one class: .*'a'"),
        (
            lambda: classifier().fit(X, Y, sample_weight=np.where(Y == 0, 1.0, 0.0)),
            "MLPClassifier needs two classes or more, got one class: .*0",
        ),
        (
            lambda: classifier().fit(X, np.eye(3, dtype=int)[Y]),
            r"takes one label for each example, got y of shape \(150, 3\): sklearn.multioutput.MultiOutput",
        ),
        (
            lambda: classifier().fit(X, Y).predict(X[:, :3]),
            "X has 3 features, but MLPClassifier is expecting 4",
        ),
        (
            lambda: regressor().fit(X, Y).predict(np.column_stack([X, X])),
            "X has 8 features, but MLPRegressor is expecting 4 features as input",
        ),
        (lambda: classifier().partial_fit(X, Y), "the first partial_fit needs classes"),
        (
            lambda: classifier().partial_fit(X, Y, classes=[0, 1]),
            r"MLPClassifier knows the classes \[0 1\], got the label .*2",
        ),
        (
            lambda: classifier().partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X, Y, classes=[0, 1, 3]),
            r"began with the classes \[0 1 2\], got classes=\[0, 1, 3\]",
        ),
        (
            lambda: classifier(warm_start=True).fit(X, Y).fit(X, SPECIES),
            r"knows the classes \[0 1 2\], got the label .*'setosa'",
        ),
        (
            lambda: regressor(warm_start=True).fit(X, X[:, 0]).fit(X, X[:, :2]),
            "MLPRegressor began with 1 targets an example, got 2",
        ),
        (lambda: classifier().fit(X, Y, sample_weight=-np.ones(150)), "[Nn]egative"),
        (lambda: classifier().fit(X, Y, sample_weight=np.zeros(150)), "zero"),
        (
            lambda: classifier(early_stopping=True).partial_fit(X, Y, classes=[0, 1, 2]),
            "partial_fit cannot stop early: set early_stopping=False",
        ),
        (
            lambda: classifier(early_stopping=True).fit(X[48:52], Y[48:52]),
            "early_stopping needs examples to set",
        ),
        (
            lambda: regressor(early_stopping=True).fit(X[:5], Y[:5]),
            "sets apart 1 of 5 examples, too few to tell",
        ),
        (
            lambda: regressor(solver="sgd", learning_rate_init=1e10).fit(X, Y),
            "MLPRegressor left the finite numbers in epoch 4: standardise the columns of X .StandardScaler.,",
        ),
        (
            lambda: regressor(batch_size=150, solver="sgd", learning_rate_init=1e300).fit(1e10 * X, 1e10 * Y),
            "left the finite numbers in epoch 1: .* scale large targets, or lower learning_rate_init",
        ),
        (
            lambda: regressor(max_iter=1).partial_fit(X, 1e200 * Y),
            "MLPRegressor left the finite numbers in epoch 1",
        ),
        (lambda: classifier(solver="lbfgs").fit(X, Y), "knows the solvers 'adam' and 'sgd', got 'lbfgs'"),
        (lambda: classifier(activation="swich").fit(X, Y), "knows the activations logistic, .*, got 'swich'"),
        (
            lambda: classifier(hidden_layer_sizes=(4, 0)).fit(X, Y),
            r"hidden_layer_sizes of 1 or more, .* \(4, 0\)",
        ),
        (
            lambda: classifier(hidden_layer_sizes="ab").fit(X, Y),
            "hidden_layer_sizes of 1 or more, .* got 'ab'",
        ),
        (lambda: classifier(compiled="yes").fit(X, Y), "compiled to be True, False or 'auto', got 'yes'"),
        (lambda: classifier(batch_size=0).fit(X, Y), "batch_size of 1 or more, or 'auto', got 0"),
        (lambda: classifier(alpha=-1).fit(X, Y), r"needs alpha to be a number in \[0, inf\), got -1"),
        (lambda: classifier(max_iter=1.5).fit(X, Y), r"max_iter to be a whole number in \[1, inf\), got 1.5"),
        (
            lambda: classifier(learning_rate_init=0.0).fit(X, Y),
            r"learning_rate_init .* in \(0, inf\), got 0.0",
        ),
        (lambda: classifier(tol=np.nan).fit(X, Y), r"tol to be a number in \[0, inf\), got nan"),
        (lambda: classifier(beta_1=1.0).fit(X, Y), r"beta_1 to be a number in \[0, 1\), got 1.0"),
        (lambda: classifier(momentum=True).fit(X, Y), r"momentum to be a number in \[0, 1\], got True"),
        (
            lambda: classifier(validation_fraction=1.0).fit(X, Y),
            r"validation_fraction .* in \(0, 1\), got 1.0",
        ),
        (lambda: classifier().set_params(depth=3), "Invalid parameter 'depth'"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the training that leaves the finite numbers
def test_bad_input_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_an_unfitted_estimator_says_so(method: str) -> None:
    with pytest.raises(NotFittedError, match="This MLPClassifier instance is not fitted yet"):
        getattr(MLPClassifier(), method)(X)
    with pytest.raises(NotFittedError, match="This MLPRegressor instance is not fitted yet"):
        MLPRegressor().predict(X)
    with pytest.raises(AttributeError, match="this MLPRegressor is not fitted yet: call fit first"):
        MLPRegressor().coefs_  # noqa: B018
    assert not hasattr(MLPClassifier(), "intercepts_")


def test_what_is_only_unwise_is_a_warning() -> None:
    with pytest.warns(ConvergenceWarning, match="took all 2 epochs and was still improving: raise max_iter"):
        classifier(max_iter=2).fit(X, Y)
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
        classifier(max_iter=2).fit(X, Y.reshape(-1, 1))


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "chainrule.nn.sklearn")
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(ImportError, match=r"needs scikit-learn .*: pip install 'chainrule\[sklearn\]'"):
        import chainrule.nn.sklearn  # noqa: F401
