"""Small estimators, and the flowers they learn."""

from typing import Any

import numpy as np

from chainrule.nn import load_iris, standardize
from chainrule.nn.sklearn import MLPClassifier, MLPRegressor

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
