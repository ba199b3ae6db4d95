"""A group of parameters with the settings they share."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from numbers import Real
from typing import Any

from ...engine import Value

Check = Callable[[str, str, Any], Any]
"""Takes an optimizer's name, a setting's name and its value; returns the value, or raises ValueError."""


def not_negative(owner: str, name: str, number: Any, below: float = math.inf) -> float:
    """Return `number` as a float; raise ValueError unless it is finite, zero or more, and under `below`."""
    is_number = isinstance(number, Real) and not isinstance(number, bool)
    if not (is_number and math.isfinite(number) and 0.0 <= number < below):
        limit = "" if below == math.inf else f" and less than {below:g}"
        raise ValueError(f"{owner}: {name} must be zero or more{limit}, got {number!r}")
    return float(number)


def below_one(owner: str, name: str, number: Any) -> float:
    """Return `number` as a float; raise ValueError unless it is zero or more and less than 1."""
    return not_negative(owner, name, number, below=1.0)


def flag(owner: str, name: str, value: Any) -> bool:
    """Return `value`; raise ValueError unless it is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{owner}: {name} must be True or False, got {value!r}")
    return value


def two_below_one(owner: str, name: str, pair: Any) -> tuple[float, float]:
    """Return `pair` as two floats; raise ValueError unless each is zero or more and less than 1."""
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise ValueError(f"{owner}: {name} must be two numbers, got {pair!r}")
    first, second = [below_one(owner, f"{name}[{i}]", number) for i, number in enumerate(pair)]
    return first, second


def _text(owner: str, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{owner}: {name} must be a text, got {value!r}")
    return value


EXTRAS: dict[str, Check] = {"name": _text, "initial_lr": not_negative}
"""What a group may hold beside its optimizer's settings: a name, and what schedules start from."""


class ParameterGroup(MutableMapping[str, Any]):
    """Parameters and their settings by name, as in PyTorch: `optimizer.param_groups[0]["lr"] = 0.01`.

    A setting is checked when it is set: ValueError for one that the optimizer does not know or cannot
    have. The parameters of a group, under "params", are given once and for all.

    >>> from chainrule.nn import SGD
    >>> group = SGD([Value(1.0)], lr=0.1).param_groups[0]
    >>> group["lr"] *= 0.5
    >>> group["lr"], group["momentum"], len(group["params"])
    (0.05, 0.0, 1)
    """

    def __init__(self, owner: str, checks: Mapping[str, Check], params: tuple[Value, ...]) -> None:
        self.params = params
        self.settings: dict[str, Any] = {}
        """Those of the optimizer, checked."""
        self.of_the_rule: dict[str, Any] = {}
        """The same without `maximize`, which the optimizer sees to; kept beside them for each step's sake."""
        self.extras: dict[str, Any] = {}
        self._owner = owner
        self._checks = checks

    def __getitem__(self, name: str) -> Any:
        if name == "params":
            return self.params
        return self.extras[name] if name in self.extras else self.settings[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self._checks:
            self.settings[name] = checked = self._checks[name](self._owner, name, value)
            if name != "maximize":
                self.of_the_rule[name] = checked
        elif name in EXTRAS:
            self.extras[name] = EXTRAS[name](self._owner, name, value)
        elif name == "params":
            raise ValueError(f"{self._owner}: a group keeps its parameters; use add_param_group for others")
        else:
            known = ", ".join(self._checks)
            raise ValueError(f"{self._owner} has no setting {name!r}: it has {known}")

    def __delitem__(self, name: str) -> None:
        if name not in self.extras:
            raise ValueError(f"{self._owner}: {name!r} cannot be taken out of a group")
        del self.extras[name]

    def __iter__(self) -> Iterator[str]:
        return iter(("params", *self.settings, *self.extras))

    def __len__(self) -> int:
        return 1 + len(self.settings) + len(self.extras)

    def __repr__(self) -> str:
        settings = "".join([f", {name}={value!r}" for name, value in (self.settings | self.extras).items()])
        return f"ParameterGroup({len(self.params)} parameters{settings})"


def checked_parameters(owner: str, params: Any) -> tuple[Value, ...]:
    """Return what is in `params`; raise an error that says what to pass unless it is leaves, each once."""
    if isinstance(params, Value) or not isinstance(params, Iterable):
        raise TypeError(f"{owner} takes a list of Values, got {params!r}: pass model.parameters()")
    held = tuple(params)
    if not held:
        raise ValueError(f"{owner} got no parameters: pass model.parameters()")
    for parameter in held:
        if not isinstance(parameter, Value):
            raise TypeError(f"{owner} takes Values, got {parameter!r}: pass model.parameters()")
        if parameter.primitive is not None:
            raise ValueError(f"{owner} takes leaves, Values made by you, got {parameter!r}")
    return held
