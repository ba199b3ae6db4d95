"""What the estimators refuse, and what they warn of."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from estimators import SPECIES, X, Y, classifier, regressor
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError

from chainrule.nn.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
