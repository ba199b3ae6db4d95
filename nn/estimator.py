"""What the two estimators of `chainrule.nn.sklearn` share: parameters, checks, training, attributes."""

import math
import random
import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from ..engine import NotFiniteError, Value
from .activation import ACTIVATIONS, Activation
from .estimator_outputs import outputs_for
from .estimator_parameters import check_parameters, hidden_sizes
from .estimator_watch import Watch
from .history import History
from .mlp import MLP
from .optimizer import SGD, Adam, Optimizer
from .train import fit


class MLPEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What the classifier and the regressor share: parameters, training, fitted attributes."""

    model_: MLP
    _rng: random.Random
    _optimizer: Optimizer

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
        compiled: bool | str = "auto",
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
        self.compiled = compiled

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
        With warm_start, training goes on from the weights that are there. Ctrl-C ends training with a warning
        and the estimator keeps what it has learned.
        Raises ValueError for data and parameters that do not fit, with what is wrong, and where the loss or
        the weights become inf or nan.
        """
        check_parameters(self)
        fresh = not (self.warm_start and hasattr(self, "model_"))
        X, y, weights = self._checked(X, y, sample_weight, fresh, None)
        self._rng = self._generator()
        if fresh:
            self._begin(X, y)
        self._optimizer = self._make_optimizer()
        held_out = None
        if self.early_stopping:
            X, y, weights, *held_out = self._set_apart(X, y, weights)
        self.n_iter_ = 0
        watch = Watch(self, len(X), held_out)
        history = self._train(X, y, weights, self.max_iter, watch)
        name = type(self).__name__
        if watch.interrupted:
            warnings.warn(f"{name} was {history.stopped}; it keeps what it has learned", stacklevel=2)
        elif not history.stopped and self.n_iter_no_change < math.inf:
            warnings.warn(
                f"{name} took all {self.max_iter} epochs and was still improving: raise max_iter, "
                "learning_rate_init or tol",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _continue(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Self:
        """Take one epoch over the examples, from where the last call ended: partial_fit."""
        check_parameters(self)
        if self.early_stopping:
            raise ValueError("partial_fit cannot stop early: set early_stopping=False, or call fit")
        fresh = not hasattr(self, "model_")
        X, y, weights = self._checked(X, y, sample_weight, fresh, classes)
        if fresh:
            self._rng = self._generator()
            self._begin(X, y)
            self._optimizer, self.n_iter_ = self._make_optimizer(), 0
        watch = Watch(self, len(X), None)
        self._train(X, y, weights, 1, watch)
        if watch.interrupted:  # the loop around partial_fit is the user's: it must end too
            raise KeyboardInterrupt
        return self

    def _generator(self) -> random.Random:
        return random.Random(int(check_random_state(self.random_state).randint(2**31 - 1)))

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
        sizes = [int(size) for size in hidden_sizes(self)]
        self.model_ = MLP(X.shape[1], [*sizes, self.n_outputs_], activation=name, seed=self._rng)
        # Glorot and Bengio (2010), with scikit-learn's smaller factor for the sigmoid, which has slope 1/4.
        factor = 2.0 if name in ("sigmoid", ACTIVATIONS["sigmoid"]) else 6.0
        for layer in self.model_.layers:
            bound = math.sqrt(factor / (len(layer.neurons[0].w) + len(layer.neurons)))
            for parameter in layer.parameters():
                parameter.data = self._rng.uniform(-bound, bound)
        self.loss_curve_: list[float] = []
        self.loss_ = self.best_loss_ = math.inf
        self.t_ = 0

    def _set_apart(self, X: Any, y: Any, weights: Any) -> list[Any]:
        """Return X, y and weights to learn from, then those that tell when to stop."""
        if weights is None:
            weights = np.ones(len(X))
        self.validation_scores_: list[float] = []
        self.best_validation_score_ = -math.inf
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

    def _train(self, X: Any, y: Any, weights: Any, epochs: int, watch: Watch) -> History:
        """Take each example once in each epoch, and tell `watch`."""
        n = len(X)
        size = min(200 if self.batch_size == "auto" else int(self.batch_size), n)
        together = n if weights is None else float(weights.sum())
        # scikit-learn's penalty: alpha / 2 times the squares, divided by the weight of a batch.
        self._optimizer.param_groups[0]["weight_decay"] = self.alpha / (size * together / n)
        targets, loss = y.tolist(), self._loss
        if weights is not None:
            targets = list(zip(targets, (weights * (n / together)).tolist(), strict=True))
            loss = self._weighted_loss
        try:
            return fit(
                self.model_,
                X.tolist(),
                targets,
                loss=loss,
                optimizer=self._optimizer,
                epochs=epochs,
                batch_size=size,
                shuffle=self.shuffle,
                seed=self._rng,
                callbacks=[watch],
                progress=False,
                compiled=self.compiled,  # type: ignore[arg-type]  # check_parameters has seen to it
            )
        except NotFiniteError as error:
            raise ValueError(
                f"{type(self).__name__} left the finite numbers in epoch {self.n_iter_ + 1}: standardise the "
                "columns of X (StandardScaler), scale large targets, or lower learning_rate_init"
            ) from error

    def _weighted_loss(self, output: Any, target: tuple[Any, float]) -> Value:
        wanted, weight = target
        return self._loss(output, wanted) * weight

    def _held_out_score(self, X: Any, y: Any, weights: Any) -> float:
        raise NotImplementedError

    def _make_optimizer(self) -> Optimizer:
        neurons = [neuron for layer in self.model_.layers for neuron in layer.neurons]
        # The penalty is on the weights alone: `_train` sets the weight_decay of this first group.
        groups = [{"params": [w for neuron in neurons for w in neuron.w]},
                  {"params": [neuron.b for neuron in neurons]}]  # fmt: skip
        rate = float(self.learning_rate_init)
        if self.solver == "adam":
            return Adam(groups, lr=rate, betas=(self.beta_1, self.beta_2), eps=self.epsilon)
        nesterov = bool(self.nesterovs_momentum and self.momentum)
        return SGD(groups, lr=rate, momentum=self.momentum, nesterov=nesterov)

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
        return outputs_for(self.model_, X, self.compiled)
