"""An MLP on scalars as scikit-learn's estimators: for pipelines, grid search and cross-validation.

`from chainrule.nn.sklearn import MLPClassifier, MLPRegressor`. Needs scikit-learn (the extra `sklearn`).
"""

from typing import Any, Self

try:
    import numpy as np
    from sklearn.base import ClassifierMixin, RegressorMixin
    from sklearn.metrics import accuracy_score, r2_score
    from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
    from sklearn.utils.validation import validate_data as _  # what scikit-learn 1.6 brought  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"chainrule.nn.sklearn needs scikit-learn 1.6 or newer ({error}): pip install 'chainrule[sklearn]'"
    ) from error

from ..engine import Value, log_softmax
from .estimator import MLPEstimator
from .loss import half_squared_error, log_loss_from_logits, softmax_cross_entropy


class MLPClassifier(ClassifierMixin, MLPEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A network that tells two or more classes apart, as scikit-learn's MLPClassifier.

    Two classes share one output and the log loss, more have one output each and the cross-entropy of
    their softmax; labels may be numbers or text.

    hidden_layer_sizes: neurons in each hidden layer; () for none, which is logistic regression.
    activation: 'logistic', 'tanh', 'relu', 'identity', any other of chainrule.nn.ACTIVATIONS, or a
    function of one Value.  solver: 'adam' or 'sgd'.  alpha: the strength of the penalty, alpha / 2
    times the sum of the squared weights, divided by the examples of a step; biases are left out.
    batch_size: examples in a step, 'auto' for 200, or all where there are fewer.  max_iter: the most
    epochs; training ends sooner when n_iter_no_change of them have not improved the loss by tol, or,
    with early_stopping, the accuracy on the validation_fraction set apart, and then the best weights
    are kept.  random_state: an int for the same numbers on each run.  compiled: as for `chainrule.nn.fit`;
    "auto" trains in machine code where the extra `compile` is there, with the same numbers to about 1e-12.
    The other parameters, too, mean what they mean in scikit-learn. Each weight is a Value, and without the
    extra each epoch Python's work, so the defaults are smaller: hidden_layer_sizes=(16,),
    learning_rate_init=0.01.
    Left out are its solver 'lbfgs', its schedules (learning_rate, power_t), and several labels at once.

    After fit: classes_, n_features_in_, feature_names_in_ (of a frame), model_ (the chainrule.nn.MLP),
    coefs_ and intercepts_ (copies), loss_ and loss_curve_ (the mean loss of each epoch, without the
    penalty), best_loss_, n_iter_, n_layers_, n_outputs_, t_ (examples seen), and with early_stopping
    validation_scores_ and best_validation_score_.

    >>> from chainrule.nn import moons
    >>> points, sides = moons(60, seed=0)
    >>> model = MLPClassifier((8,), batch_size=10, learning_rate_init=0.1, random_state=0)
    >>> model.fit(points, sides).score(points, sides)
    1.0
    """

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Return the estimator after one epoch over these examples, from where it stood.

        classes: every label there will be; needed on the first call only.
        Raises ValueError where they are missing, for labels outside of them, and with early_stopping.
        """
        if classes is None and not hasattr(self, "classes_"):
            raise ValueError("MLPClassifier: the first partial_fit needs classes, every label there will be")
        return self._continue(X, y, sample_weight, classes)

    def predict(self, X: Any) -> Any:
        """Return the likeliest class of each row of X."""
        return self._likeliest(self._outputs_for(X))

    def predict_proba(self, X: Any) -> Any:
        """Return a row for each of X with the probability of each class, in the order of classes_."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithms of predict_proba; finite where the probability itself is too small."""
        # One output is the second class's score against 0 for the first.
        outputs = [[0.0, *row] if len(row) == 1 else row for row in self._outputs_for(X)]
        return np.array([log_softmax(row) for row in outputs])

    def _likeliest(self, outputs: list[list[float]]) -> Any:
        scores = np.array(outputs)
        return self.classes_[
            scores.argmax(axis=1) if scores.shape[1] > 1 else (scores[:, 0] > 0.0).astype(int)
        ]

    def _wanted(self, y: Any, fresh: bool, classes: Any) -> Any:
        """Return the number of each example's class."""
        check_classification_targets(y)
        if type_of_target(y).startswith("multilabel") or y.ndim > 1:
            raise ValueError(
                f"MLPClassifier takes one label for each example, got y of shape {y.shape}: "
                "sklearn.multioutput.MultiOutputClassifier makes one classifier for each label"
            )
        if fresh:
            self.classes_ = unique_labels(y) if classes is None else unique_labels(classes)
            if len(self.classes_) < 2:
                raise ValueError(
                    f"MLPClassifier needs two classes or more, got one class: {self.classes_[0]!r}"
                )
        elif classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise ValueError(f"MLPClassifier began with the classes {self.classes_}, got classes={classes!r}")
        outside = ~np.isin(y, self.classes_)
        if outside.any():
            raise ValueError(
                f"MLPClassifier knows the classes {self.classes_}, got the label {y[outside][0]!r}"
            )
        return np.searchsorted(self.classes_, y)

    def _outputs(self, y: Any) -> int:
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _loss(self, output: Any, target: Any) -> Value:
        binary = isinstance(output, Value)
        return log_loss_from_logits(output, target) if binary else softmax_cross_entropy(output, target)

    def _held_out_score(self, X: Any, y: Any, weights: Any) -> float:
        return float(
            accuracy_score(self.classes_[y], self._likeliest(self._forward(X)), sample_weight=weights)
        )


class MLPRegressor(RegressorMixin, MLPEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A network that predicts one or several numbers, as scikit-learn's MLPRegressor.

    The loss is half the squared error, added up over the outputs. Parameters, attributes and what is
    left out are those of `MLPClassifier`; early_stopping looks at R².

    >>> from chainrule.nn import sine
    >>> inputs, targets = sine(60, seed=0)
    >>> model = MLPRegressor((8,), activation="tanh", batch_size=10, learning_rate_init=0.03, random_state=0)
    >>> model.fit(inputs, targets).score(inputs, targets) > 0.95
    True
    """

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Return the estimator after one epoch over these examples, from where it stood."""
        return self._continue(X, y, sample_weight, None)

    def predict(self, X: Any) -> Any:
        """Return the number predicted for each row of X, or a row of them where there are several."""
        return self._shaped(self._outputs_for(X))

    def _shaped(self, outputs: list[list[float]]) -> Any:
        numbers = np.array(outputs)
        return numbers[:, 0] if self.n_outputs_ == 1 else numbers

    def _wanted(self, y: Any, fresh: bool, classes: Any) -> Any:
        """Return the targets; raise ValueError for text and where their number has changed."""
        y = y.astype(np.float64)
        outputs = self._outputs(y)
        if not fresh and outputs != self.n_outputs_:
            raise ValueError(f"MLPRegressor began with {self.n_outputs_} targets an example, got {outputs}")
        return y

    def _outputs(self, y: Any) -> int:
        return 1 if y.ndim == 1 else int(y.shape[1])

    def _loss(self, output: Any, target: Any) -> Value:
        return half_squared_error(output, target)

    def _held_out_score(self, X: Any, y: Any, weights: Any) -> float:
        return float(r2_score(y, self._shaped(self._forward(X)), sample_weight=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
