"""The estimators are estimators in scikit-learn's own eyes."""

from typing import Any

import pytest
from sklearn.utils.estimator_checks import check_estimator

from chainrule.nn.sklearn import MLPClassifier, MLPRegressor


# The default parameters pass too, at ten times the cost: CI runs them (.ci/run).
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.filterwarnings("ignore")  # each check says for itself which warnings it minds
def test_scikit_learns_own_checks_pass(kind: Any) -> None:
    results = check_estimator(kind((4,), max_iter=15, learning_rate_init=0.1), on_skip=None)
    skipped = [result["check_name"] for result in results if result["status"] != "passed"]
    assert set(skipped) <= {"check_array_api_input"}  # needs SciPy in a mode of its own
    assert len(results) > 50
