"""What the two estimators of `chainrule.nn.sklearn` share: parameters, checks, training, attributes."""

import math
import random
import warnings
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from ..engine import NotFiniteError, Value, no_grad
from .activation import ACTIVATIONS, Activation
from .mlp import MLP
from .optimizer import SGD, Adam, Optimizer
from .train import fit

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


class _InOrder(random.Random):
    """A generator that leaves examples as they are, for shuffle=False."""

    def shuffle(self, x: Any) -> None:
        """Do nothing."""


class _Penalised(Optimizer):
    """Descends the loss plus decay / 2 times the sum of the squares of `weights`."""

    weights: Sequence[Value] = ()
    decay = 0.0

    def step(self, closure: Callable[[], Value] | None = None) -> Value | None:
        """Take a step, once the gradients are those of the loss and the penalty."""
        for weight in self.weights:
            weight.grad += self.decay * weight.data
        return super().step(closure)


class _Adam(_Penalised, Adam):
    """Adam with the penalty in its gradients."""


class _SGD(_Penalised, SGD):
    """SGD with the penalty in its gradients."""


class MLPEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What the classifier and the regressor share: parameters, training, fitted attributes."""

    model_: MLP
    _rng: random.Random
    _optimizer: _Penalised | None

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (16,),
        activation: str | Activation = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate_init: float = 0.01,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change

    # -- what is learned, as scikit-learn shows it ----------------------------------------------------

    @property
    def coefs_(self) -> list[Any]:
        """The weights of each layer, an array with a row for each input and a column for each neuron."""
        layers = self._fitted_model().layers
        return [np.array([[w.data for w in neuron.w] for neuron in layer.neurons]).T for layer in layers]

    @property
    def intercepts_(self) -> list[Any]:
        """The biases of each layer, an array with one for each neuron."""
        layers = self._fitted_model().layers
        return [np.array([neuron.b.data for neuron in layer.neurons]) for layer in layers]

    @property
    def n_layers_(self) -> int:
        """The number of layers, the inputs being one."""
        return len(self._fitted_model().layers) + 1

    def _fitted_model(self) -> MLP:
        if "model_" not in vars(self):  # an AttributeError, so that hasattr says no
            raise AttributeError(f"this {type(self).__name__} is not fitted yet: call fit first")
        return self.model_

    # -- training -------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Return the estimator, trained on the rows of X and their targets y.

        X: an array, a frame or lists, a row of finite numbers for each example; standardise them first.
        y: as many targets.  sample_weight: how often each example counts, zero or more.
        With warm_start, training goes on from the weights that are there.
        Raises ValueError for data and parameters that do not fit, with what is wrong.
        """
        self._check_parameters()
        fresh = not (self.warm_start and hasattr(self, "model_"))
        X, y, weights = self._checked(X, y, sample_weight, fresh, None)
        seed = check_random_state(self.random_state)
        self._rng = random.Random(int(seed.randint(2**31 - 1)))
        if fresh:
            self._begin(X, y)
        self._optimizer = None
        held_out: Any = (None, None, None)
        if self.early_stopping:
            X, y, weights, *held_out = self._set_apart(X, y, weights)
        self._count, self.n_iter_ = 0, 0
        best = None
        for _ in range(self.max_iter):
            improved = self._epoch(X, y, weights, *held_out)
            if improved and self.early_stopping:
                best = [parameter.data for parameter in self.model_.parameters()]
            if self._count > self.n_iter_no_change:
                self._say(f"no improvement of more than tol={self.tol:g} for {self._count} epochs. Stopping.")
                break
        else:
            if self.n_iter_no_change < _ANY:
                warnings.warn(
                    f"{type(self).__name__} took all {self.max_iter} epochs and was still improving: raise "
                    "max_iter, learning_rate_init or tol",
                    ConvergenceWarning,
                    stacklevel=2,
                )
        if best is not None:
            for parameter, number in zip(self.model_.parameters(), best, strict=True):
                parameter.data = number
        return self

    def _continue(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Self:
        """Take one epoch over the examples, from where the last call ended: partial_fit."""
        self._check_parameters()
        if self.early_stopping:
            raise ValueError("partial_fit cannot stop early: set early_stopping=False, or call fit")
        fresh = not hasattr(self, "model_")
        X, y, weights = self._checked(X, y, sample_weight, fresh, classes)
        if fresh:
            seed = check_random_state(self.random_state)
            self._rng = random.Random(int(seed.randint(2**31 - 1)))
            self._begin(X, y)
            self._optimizer, self._count, self.n_iter_ = None, 0, 0
        self._epoch(X, y, weights, None, None, None)
        return self

    def _check_parameters(self) -> None:
        """Raise ValueError for a parameter that is none: scikit-learn wants this said in fit."""
        name = type(self).__name__
        for parameter, (kind, low, high, ends) in _LIMITS.items():
            given = getattr(self, parameter)
            is_number = isinstance(given, kind) and not isinstance(given, bool)
            inside = is_number and (low <= given if ends[0] == "[" else low < given)
            if not (inside and (given <= high if ends[1] == "]" else given < high)):
                what = "a whole number" if kind is Integral else "a number"
                interval = f"{ends[0]}{low:g}, {high:g}{ends[1]}"
                raise ValueError(f"{name} needs {parameter} to be {what} in {interval}, got {given!r}")
        if self.solver not in ("adam", "sgd"):
            raise ValueError(f"{name} knows the solvers 'adam' and 'sgd', got {self.solver!r}")
        if self.batch_size != "auto" and not _is_count(self.batch_size):
            raise ValueError(f"{name} needs a batch_size of 1 or more, or 'auto', got {self.batch_size!r}")
        if not callable(self.activation) and self.activation not in ("logistic", *ACTIVATIONS):
            known = ", ".join(("logistic", *ACTIVATIONS))
            raise ValueError(f"{name} knows the activations {known}, got {self.activation!r}")
        if not all(map(_is_count, self._hidden())):
            sizes = self.hidden_layer_sizes
            raise ValueError(f"{name} needs hidden_layer_sizes of 1 or more, such as (16,), got {sizes!r}")

    def _hidden(self) -> list[Any]:
        sizes = self.hidden_layer_sizes
        return list(sizes) if isinstance(sizes, Sequence | np.ndarray) else [sizes]

    def _checked(self, X: Any, y: Any, sample_weight: Any, fresh: bool, classes: Any) -> tuple[Any, Any, Any]:
        """Return X, what the loss takes for y, and the weights or None; examples of no weight left out."""
        X, y = validate_data(
            self, X, y, dtype=np.float64, reset=fresh, y_numeric=not is_classifier(self), multi_output=True
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
            counted = weights > 0.0
            if not counted.any():
                raise ValueError(f"{type(self).__name__} got a sample_weight of zero for every example")
            X, y, weights = X[counted], y[counted], weights[counted]
        return X, self._wanted(y, fresh, classes), weights

    def _wanted(self, y: Any, fresh: bool, classes: Any) -> Any:
        raise NotImplementedError

    def _outputs(self, y: Any) -> int:
        raise NotImplementedError

    def _loss(self, output: Any, target: Any) -> Value:
        raise NotImplementedError

    def _begin(self, X: Any, y: Any) -> None:
        """Make the network, with the weights that scikit-learn starts from."""
        name = "sigmoid" if self.activation == "logistic" else self.activation
        self.n_outputs_ = self._outputs(y)
        sizes = [int(size) for size in self._hidden()]
        self.model_ = MLP(X.shape[1], [*sizes, self.n_outputs_], activation=name, seed=self._rng)
        # Glorot and Bengio (2010), with scikit-learn's smaller factor for the sigmoid, which has slope 1/4.
        factor = 2.0 if name in ("sigmoid", ACTIVATIONS["sigmoid"]) else 6.0
        for layer in self.model_.layers:
            bound = math.sqrt(factor / (len(layer.neurons[0].w) + len(layer.neurons)))
            for parameter in layer.parameters():
                parameter.data = self._rng.uniform(-bound, bound)
        self.loss_curve_: list[float] = []
        self.best_loss_ = _ANY
        self.t_ = 0

    def _set_apart(self, X: Any, y: Any, weights: Any) -> list[Any]:
        """Return X, y and weights to learn from, then those that tell when to stop."""
        if weights is None:
            weights = np.ones(len(X))
        self.validation_scores_: list[float] = []
        self.best_validation_score_ = -_ANY
        try:
            parts = train_test_split(
                X,
                y,
                weights,
                test_size=self.validation_fraction,
                random_state=self._rng.getrandbits(31),
                stratify=y if is_classifier(self) else None,
            )
        except ValueError as error:
            raise ValueError(f"early_stopping needs examples to set apart: {error}") from None
        if len(parts[1]) < 2:
            raise ValueError(
                f"early_stopping sets apart {len(parts[1])} of {len(X)} examples, too few to tell: raise "
                "validation_fraction, or bring more examples"
            )
        return [parts[i] for i in (0, 2, 4, 1, 3, 5)]

    def _epoch(self, X: Any, y: Any, weights: Any, X_held: Any, y_held: Any, weights_held: Any) -> bool:
        """Take each example once; return whether this epoch was the best so far."""
        n = len(X)
        size = min(200 if self.batch_size == "auto" else int(self.batch_size), n)
        together = n if weights is None else float(weights.sum())
        if self._optimizer is None:
            self._optimizer = self._make_optimizer()
        # scikit-learn's penalty: alpha / 2 times the squares, divided by the weight of the batch.
        self._optimizer.decay = self.alpha / (size * together / n)
        scale = [1.0] * n if weights is None else (weights * (n / together)).tolist()
        too_large = (
            f"{type(self).__name__} learned weights that are not finite: standardise the columns of X "
            "(StandardScaler), or lower learning_rate_init"
        )
        try:
            history = fit(
                self.model_,
                X.tolist(),
                list(zip(y.tolist(), scale, strict=True)),
                loss=self._weighted_loss,
                optimizer=self._optimizer,
                epochs=1,
                batch_size=size,
                seed=self._rng if self.shuffle else _InOrder(),
                progress=False,
            )
        except NotFiniteError as error:
            raise ValueError(too_large) from error
        if not all(math.isfinite(parameter.data) for parameter in self.model_.parameters()):
            raise ValueError(too_large)
        self.n_iter_ += 1
        self.t_ += n
        self.loss_ = history.loss[0]
        self.loss_curve_.append(self.loss_)
        self._say(f"loss = {self.loss_:.8f}")
        if X_held is None:
            gain, best = self.best_loss_ - self.loss_, self.loss_ < self.best_loss_
            self.best_loss_ = min(self.best_loss_, self.loss_)
        else:
            score = self._held_out_score(X_held, y_held, weights_held)
            self.validation_scores_.append(score)
            self._say(f"validation score: {score:.6f}")
            gain, best = score - self.best_validation_score_, score > self.best_validation_score_
            self.best_validation_score_ = max(self.best_validation_score_, score)
        self._count = 0 if gain >= self.tol else self._count + 1
        return best

    def _weighted_loss(self, output: Any, target: tuple[Any, float]) -> Value:
        wanted, weight = target
        loss = self._loss(output, wanted)
        return loss if weight == 1.0 else loss * weight

    def _held_out_score(self, X: Any, y: Any, weights: Any) -> float:
        raise NotImplementedError

    def _make_optimizer(self) -> _Penalised:
        parameters, rate = self.model_.parameters(), float(self.learning_rate_init)
        optimizer: _Penalised
        if self.solver == "adam":
            optimizer = _Adam(parameters, lr=rate, betas=(self.beta_1, self.beta_2), eps=self.epsilon)
        else:
            nesterov = bool(self.nesterovs_momentum and self.momentum)
            optimizer = _SGD(parameters, lr=rate, momentum=self.momentum, nesterov=nesterov)
        optimizer.weights = [w for layer in self.model_.layers for neuron in layer.neurons for w in neuron.w]
        return optimizer

    def _say(self, text: str) -> None:
        if self.verbose:
            print(f"Iteration {self.n_iter_}, {text}")

    # -- prediction -----------------------------------------------------------------------------------

    def _outputs_for(self, X: Any) -> list[list[float]]:
        """Return the network's outputs for each row of X, as the user gave it."""
        check_is_fitted(self)
        return self._forward(validate_data(self, X, dtype=np.float64, reset=False))

    def _forward(self, X: Any) -> list[list[float]]:
        """Return the network's outputs for each row of a checked X, without recording."""
        with no_grad():
            outputs = [self.model_(row) for row in X.tolist()]
        return [[o.data] if isinstance(o, Value) else [v.data for v in o] for o in outputs]


def _is_count(number: object) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool) and int(number) >= 1
