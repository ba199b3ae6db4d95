"""What a neuron does with its weighted sum."""

from collections.abc import Callable
from typing import TypeAlias

from ..engine import Value

Activation: TypeAlias = Callable[[Value], Value]


def identity(z: Value) -> Value:
    """Return z itself: a linear neuron.

    >>> z = Value(2.0)
    >>> identity(z) is z
    True
    """
    return z


def sigmoid(z: Value) -> Value:
    """Return 1 / (1 + e**-z), between 0 and 1.

    >>> sigmoid(Value(0.0)).data
    0.5
    """
    return z.sigmoid()


def tanh(z: Value) -> Value:
    """Return the hyperbolic tangent of z, between -1 and 1.

    >>> tanh(Value(0.0)).data
    0.0
    """
    return z.tanh()


def relu(z: Value) -> Value:
    """Return z where it is positive, else 0; the derivative at 0 is 0.

    >>> relu(Value(-2.0)).data
    0.0
    """
    return z.relu()


def leaky_relu(z: Value, slope: float = 0.01) -> Value:
    """Return z where it is positive, else slope * z; the derivative at 0 is the slope.

    >>> leaky_relu(Value(-2.0)).data
    -0.02
    """
    return z.leaky_relu(slope)


def elu(z: Value, alpha: float = 1.0) -> Value:
    """Return z where it is positive, else alpha * (e**z - 1).

    >>> round(elu(Value(-1.0)).data, 4)
    -0.6321
    """
    return z.elu(alpha)


def gelu(z: Value) -> Value:
    """Return z times the probability that a standard normal number lies below z.

    >>> round(gelu(Value(1.0)).data, 4)
    0.8413
    """
    return z.gelu()


def silu(z: Value) -> Value:
    """Return z * sigmoid(z), also called swish.

    >>> round(silu(Value(1.0)).data, 4)
    0.7311
    """
    return z.silu()


def softplus(z: Value) -> Value:
    """Return log(1 + e**z), a relu without its corner.

    >>> round(softplus(Value(0.0)).data, 4)
    0.6931
    """
    return z.softplus()


def softsign(z: Value) -> Value:
    """Return z / (1 + |z|), between -1 and 1.

    >>> softsign(Value(3.0)).data
    0.75
    """
    return z.softsign()


ACTIVATIONS: dict[str, Activation] = {
    f.__name__: f for f in (identity, sigmoid, tanh, relu, leaky_relu, elu, gelu, silu, softplus, softsign)
}


def activation_named(activation: str | Activation) -> Activation:
    """Return the activation of that name; a function is returned as it is.

    Raises ValueError for an unknown name, TypeError for what is neither name nor function.

    >>> activation_named("tanh") is tanh
    True
    """
    if callable(activation):
        return activation
    if not isinstance(activation, str):
        raise TypeError(f"an activation is a name or a function of one Value, got {activation!r}")
    if activation not in ACTIVATIONS:
        raise ValueError(f"unknown activation {activation!r}: choose one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[activation]


def name_of(function: object) -> str:
    """Return what to call a function in a repr: its name, or itself where it has none.

    >>> name_of(tanh)
    'tanh'
    """
    return getattr(function, "__name__", None) or repr(function)
