"""The parameters of the scikit-learn estimators: what each may be."""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from .activation import ACTIVATIONS

_ANY = math.inf
# Each parameter's kind, its smallest and largest number, and whether those two are allowed themselves.
_LIMITS: dict[str, tuple[type, float, float, str]] = {
    "alpha": (Real, 0.0, _ANY, "[)"),
    "learning_rate_init": (Real, 0.0, _ANY, "()"),
    "max_iter": (Integral, 1, _ANY, "[)"),
    "tol": (Real, 0.0, _ANY, "[)"),
    "momentum": (Real, 0.0, 1.0, "[]"),
    "validation_fraction": (Real, 0.0, 1.0, "()"),
    "beta_1": (Real, 0.0, 1.0, "[)"),
    "beta_2": (Real, 0.0, 1.0, "[)"),
    "epsilon": (Real, 0.0, _ANY, "()"),
    "n_iter_no_change": (Real, 1, _ANY, "[]"),
}


def check_parameters(estimator: Any) -> None:
    """Raise ValueError for a parameter that is none: scikit-learn wants this said in fit."""
    name = type(estimator).__name__
    for parameter, (kind, low, high, ends) in _LIMITS.items():
        given = getattr(estimator, parameter)
        is_number = isinstance(given, kind) and not isinstance(given, bool)
        inside = is_number and (low <= given if ends[0] == "[" else low < given)
        if not (inside and (given <= high if ends[1] == "]" else given < high)):
            what = "a whole number" if kind is Integral else "a number"
            interval = f"{ends[0]}{low:g}, {high:g}{ends[1]}"
            raise ValueError(f"{name} needs {parameter} to be {what} in {interval}, got {given!r}")
    if estimator.solver not in ("adam", "sgd"):
        raise ValueError(f"{name} knows the solvers 'adam' and 'sgd', got {estimator.solver!r}")
    if estimator.compiled not in (True, False, "auto"):
        raise ValueError(f"{name} needs compiled to be True, False or 'auto', got {estimator.compiled!r}")
    if estimator.batch_size != "auto" and not _is_count(estimator.batch_size):
        raise ValueError(f"{name} needs a batch_size of 1 or more, or 'auto', got {estimator.batch_size!r}")
    if not callable(estimator.activation) and estimator.activation not in ("logistic", *ACTIVATIONS):
        known = ", ".join(("logistic", *ACTIVATIONS))
        raise ValueError(f"{name} knows the activations {known}, got {estimator.activation!r}")
    if not all(map(_is_count, hidden_sizes(estimator))):
        sizes = estimator.hidden_layer_sizes
        raise ValueError(f"{name} needs hidden_layer_sizes of 1 or more, such as (16,), got {sizes!r}")


def hidden_sizes(estimator: Any) -> list[Any]:
    """Return hidden_layer_sizes as a list: a single number is one layer."""
    sizes = estimator.hidden_layer_sizes
    return list(sizes) if isinstance(sizes, Sequence | np.ndarray) else [sizes]


def _is_count(number: object) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool) and int(number) >= 1
