"""What a neuron does with its weighted sum: functions of one Value, and of a plain number as well."""

from collections.abc import Callable
from typing import Any, TypeAlias

from ..engine import TABLE, Value
from .tree import is_sequence

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
    try:
        return z.sigmoid()
    except AttributeError:
        return _of_no_value("sigmoid", z)


def tanh(z: Value) -> Value:
    """Return the hyperbolic tangent of z, between -1 and 1.

    >>> tanh(Value(0.0)).data
    0.0
    """
    try:
        return z.tanh()
    except AttributeError:
        return _of_no_value("tanh", z)


def relu(z: Value) -> Value:
    """Return z where it is positive, else 0; the derivative at 0 is 0.

    >>> relu(Value(-2.0)).data
    0.0
    """
    try:
        return z.relu()
    except AttributeError:
        return _of_no_value("relu", z)


def leaky_relu(z: Value, slope: float = 0.01) -> Value:
    """Return z where it is positive, else slope * z; the derivative at 0 is the slope.

    >>> leaky_relu(Value(-2.0)).data
    -0.02
    """
    try:
        return z.leaky_relu(slope)
    except AttributeError:
        return _of_no_value("leaky_relu", z, slope)


def elu(z: Value, alpha: float = 1.0) -> Value:
    """Return z where it is positive, else alpha * (e**z - 1).

    >>> round(elu(Value(-1.0)).data, 4)
    -0.6321
    """
    try:
        return z.elu(alpha)
    except AttributeError:
        return _of_no_value("elu", z, alpha)


def gelu(z: Value) -> Value:
    """Return z times the probability that a standard normal number lies below z.

    >>> round(gelu(Value(1.0)).data, 4)
    0.8413
    """
    try:
        return z.gelu()
    except AttributeError:
        return _of_no_value("gelu", z)


def silu(z: Value) -> Value:
    """Return z * sigmoid(z), also called swish.

    >>> round(silu(Value(1.0)).data, 4)
    0.7311
    """
    try:
        return z.silu()
    except AttributeError:
        return _of_no_value("silu", z)


def softplus(z: Value) -> Value:
    """Return log(1 + e**z), a relu without its corner.

    >>> round(softplus(Value(0.0)).data, 4)
    0.6931
    """
    try:
        return z.softplus()
    except AttributeError:
        return _of_no_value("softplus", z)


def softsign(z: Value) -> Value:
    """Return z / (1 + |z|), between -1 and 1.

    >>> softsign(Value(3.0)).data
    0.75
    """
    try:
        return z.softsign()
    except AttributeError:
        return _of_no_value("softsign", z)


def _of_no_value(name: str, z: Any, *settings: float) -> Value:
    """Return the row's result for a plain number; raise TypeError for what is none, a layer's outputs say.

    Only asked where z has no such method: to look at z first would take time in every neuron.
    """
    if is_sequence(z):
        raise TypeError(
            f"{name} takes one Value, got {len(z)} in a list: write [{name}(z) for z in zs], or put "
            f"nn.{name} into a Sequential between its layers"
        ) from None
    result: Value = TABLE[name](z, *settings)  # a float, where z is one
    return result


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
