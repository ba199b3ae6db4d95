"""How weights start: initialisers, by name or as functions, as in torch.nn.init.

An initialiser is a function of (fan_in, fan_out, generator) that returns one weight. fan_in is the
number of connections into the neuron that the weight belongs to, fan_out the number of connections out
of the input it listens to. Layers take one by name, `Layer(2, 8, init="he_normal")`, or as a function:
`init=xavier_uniform(gain=calculate_gain("tanh"))`, or one of your own.
"""

import math
import random
from collections.abc import Callable
from numbers import Real
from typing import TypeAlias, cast

from ..engine import Number

Initializer: TypeAlias = Callable[[int, int, random.Random], float]


def uniform(low: Number = -1.0, high: Number = 1.0) -> Initializer:
    """Return an initialiser: uniform between `low` and `high`; as it is, micrograd's.

    Raises ValueError where low is above high, or for what is no finite number.

    >>> weight = uniform(0.0, 2.0)(3, 1, random.Random(0))
    >>> 0.0 <= weight <= 2.0
    True
    """
    low, high = _finite("uniform", "low", low), _finite("uniform", "high", high)
    if low > high:
        raise ValueError(f"uniform needs low <= high, got {low!r} and {high!r}")
    return lambda fan_in, fan_out, rng: rng.uniform(low, high)


def normal(mean: Number = 0.0, std: Number = 1.0) -> Initializer:
    """Return an initialiser: normal with the given mean and standard deviation.

    Raises ValueError for a negative deviation, or for what is no finite number.

    >>> normal(5.0, 0.0)(3, 1, random.Random(0))
    5.0
    """
    mean, std = _finite("normal", "mean", mean), _not_negative("normal", "std", std)
    return lambda fan_in, fan_out, rng: rng.gauss(mean, std)


def constant(value: Number) -> Initializer:
    """Return an initialiser: always `value`. Neurons of a layer that start alike stay alike.

    >>> constant(0.5)(3, 1, random.Random(0))
    0.5
    """
    value = _finite("constant", "value", value)
    return lambda fan_in, fan_out, rng: value


def zeros() -> Initializer:
    """Return an initialiser: always 0. Good for biases.

    >>> zeros()(3, 1, random.Random(0))
    0.0
    """
    return constant(0.0)


def ones() -> Initializer:
    """Return an initialiser: always 1.

    >>> ones()(3, 1, random.Random(0))
    1.0
    """
    return constant(1.0)


def xavier_uniform(gain: Number = 1.0) -> Initializer:
    """Return an initialiser: uniform between ± gain * sqrt(6 / (fan_in + fan_out)).

    Keeps the variance of signals and of gradients about the same from layer to layer, for activations
    that are linear at 0, as tanh.
    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks
    (2010), equation 16.

    >>> abs(xavier_uniform()(4, 2, random.Random(0))) <= 1.0
    True
    """
    gain = _not_negative("xavier_uniform", "gain", gain)
    return lambda fan_in, fan_out, rng: _within(gain * math.sqrt(6.0 / (fan_in + fan_out)), rng)


def xavier_normal(gain: Number = 1.0) -> Initializer:
    """Return an initialiser: normal, mean 0, standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    Source: Glorot and Bengio (2010), equation 12.

    >>> xavier_normal(gain=0.0)(4, 2, random.Random(0)) == 0.0
    True
    """
    gain = _not_negative("xavier_normal", "gain", gain)
    return lambda fan_in, fan_out, rng: rng.gauss(0.0, gain * math.sqrt(2.0 / (fan_in + fan_out)))


def he_uniform(nonlinearity: str = "relu", slope: Number | None = None, mode: str = "fan_in") -> Initializer:
    """Return an initialiser: uniform between ± gain * sqrt(3 / fan), fan being fan_in.

    nonlinearity, slope: what follows the layer; they give the gain, see `calculate_gain`.
    mode: "fan_in" keeps the variance of the signal, "fan_out" that of the gradient.
    PyTorch calls it kaiming_uniform.
    Source: He et al., Delving Deep into Rectifiers (2015), equations 10 and 14.

    >>> abs(he_uniform()(6, 1, random.Random(0))) <= 1.0
    True
    """
    gain, fan = calculate_gain(nonlinearity, slope), _fan("he_uniform", mode)
    return lambda fan_in, fan_out, rng: _within(gain * math.sqrt(3.0 / fan(fan_in, fan_out)), rng)


def he_normal(nonlinearity: str = "relu", slope: Number | None = None, mode: str = "fan_in") -> Initializer:
    """Return an initialiser: normal, mean 0, standard deviation gain / sqrt(fan), fan being fan_in.

    Arguments as for `he_uniform`. PyTorch calls it kaiming_normal.
    Source: He et al., Delving Deep into Rectifiers (2015), equations 10 and 14.

    >>> isinstance(he_normal()(6, 1, random.Random(0)), float)
    True
    """
    gain, fan = calculate_gain(nonlinearity, slope), _fan("he_normal", mode)
    return lambda fan_in, fan_out, rng: rng.gauss(0.0, gain / math.sqrt(fan(fan_in, fan_out)))


def fan_in_uniform() -> Initializer:
    """Return an initialiser: uniform between ± 1 / sqrt(fan_in), as PyTorch's Linear starts.

    Source: PyTorch, torch.nn.Linear: weights and biases alike.

    >>> abs(fan_in_uniform()(4, 1, random.Random(0))) <= 0.5
    True
    """
    return lambda fan_in, fan_out, rng: _within(1.0 / math.sqrt(fan_in), rng)


INITIALIZERS: dict[str, Callable[[], Initializer]] = {
    "uniform": uniform,
    "normal": normal,
    "xavier_uniform": xavier_uniform,
    "xavier_normal": xavier_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "fan_in_uniform": fan_in_uniform,
    "zeros": zeros,
    "ones": ones,
    "kaiming_uniform": he_uniform,
    "kaiming_normal": he_normal,
    "glorot_uniform": xavier_uniform,
    "glorot_normal": xavier_normal,
}
"""What a layer's `init` may be called; the last four are other names of the same."""

_GAINS = {
    "linear": 1.0,
    "identity": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3.0,
    "relu": math.sqrt(2.0),
    "leaky_relu": math.sqrt(2.0 / (1.0 + 0.01**2)),
    "selu": 0.75,
}


def calculate_gain(nonlinearity: str, param: Number | None = None) -> float:
    """Return by how much weights should be larger for the activation that follows them.

    nonlinearity: linear, identity, sigmoid, tanh, relu, leaky_relu or selu.  param: the slope of
    leaky_relu, 0.01 unless given; the others have none.
    Raises ValueError for other names, and for a slope where none belongs.
    Source: PyTorch, torch.nn.init.calculate_gain.

    >>> calculate_gain("tanh"), round(calculate_gain("leaky_relu", 0.5), 4)
    (1.6666666666666667, 1.2649)
    """
    if nonlinearity not in _GAINS:
        raise ValueError(f"no gain is known for {nonlinearity!r}: choose one of {', '.join(_GAINS)}")
    if param is None:
        return _GAINS[nonlinearity]
    if nonlinearity != "leaky_relu":
        raise ValueError(f"calculate_gain: {nonlinearity} has no slope, got {param!r}; leaky_relu has one")
    slope = _finite("calculate_gain", "the slope", param)
    return math.sqrt(2.0 / (1.0 + slope * slope))


def initializer(init: str | Initializer | Callable[[], Initializer]) -> Initializer:
    """Return the initialiser of that name; one that you made, or a function of your own, as it is.

    Raises ValueError for an unknown name, TypeError for what is neither name nor function.

    >>> initializer("zeros")(2, 1, random.Random(0))
    0.0
    """
    if isinstance(init, str):
        if init == "constant":
            raise ValueError("constant needs its value, which a name has not: nn.init.constant(0.1)")
        if init not in INITIALIZERS:
            raise ValueError(f"unknown initialiser {init!r}: choose one of {', '.join(INITIALIZERS)}")
        return INITIALIZERS[init]()
    if not callable(init):
        raise TypeError(
            f"an initialiser is a name or a function of fan_in, fan_out and a generator, got {init!r}"
        )
    for maker in INITIALIZERS.values():
        if init is maker:  # init=he_normal, without the brackets
            return maker()
    given: object = init
    if given is constant:
        raise TypeError("constant needs its value: init=constant(0.1)")
    return cast(Initializer, init)


def _within(bound: float, rng: random.Random) -> float:
    return rng.uniform(-bound, bound)


def _fan(owner: str, mode: str) -> Callable[[int, int], int]:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"{owner}: mode must be 'fan_in' or 'fan_out', got {mode!r}")
    return (lambda fan_in, fan_out: fan_in) if mode == "fan_in" else (lambda fan_in, fan_out: fan_out)


def _finite(owner: str, name: str, number: Number) -> float:
    is_number = isinstance(number, Real) and not isinstance(number, bool)
    if not is_number or not math.isfinite(number):
        raise ValueError(f"{owner}: {name} must be a finite number, got {number!r}")
    return float(number)


def _not_negative(owner: str, name: str, number: Number) -> float:
    if _finite(owner, name, number) < 0.0:
        raise ValueError(f"{owner}: {name} must be zero or more, got {number!r}")
    return float(number)
