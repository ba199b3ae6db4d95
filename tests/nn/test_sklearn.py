"""The estimators give scikit-learn's numbers, and work in its tools."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from estimators import IRIS, SPECIES, X, Y, classifier, regressor
from sklearn import neural_network
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule.nn import sine
from chainrule.nn.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
