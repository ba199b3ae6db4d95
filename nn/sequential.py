"""One part after another."""

from collections.abc import Callable, Iterator
from typing import Any, overload

from ..engine import log_softmax, softmax
from ..engine.value import as_values
from .activation import activation_named, name_of
from .module import Module
from .tree import Part

Step = Callable[[Any], Any]
_OF_A_LIST = (softmax, log_softmax)


class Sequential(Module):
    """Modules and functions, each fed with what the one before returned: `Sequential(Linear(2, 8), tanh)`.

    A function is an activation: it is applied to each value, as a layer applies its own; a name from
    `ACTIVATIONS` will do. Modules, `softmax` and `log_softmax` get the whole list; for another function
    of the whole list write `Lambda(function)`.
    Indexable and iterable; a slice is a Sequential of the same parts. Names in a state are PyTorch's:
    `0.weight`, `2.bias`, counting functions too.
    Raises TypeError for what can not be called, ValueError for no parts.

    >>> from chainrule.nn import Linear, tanh
    >>> model = Sequential(Linear(2, 8, seed=1), tanh, Linear(8, 1, seed=2))
    >>> model
    Sequential(
      (0): Linear(2, 8)
      (1): tanh
      (2): Linear(8, 1)
    )
    >>> len(model), len(model([0.5, -1.0])), list(model.state_dict())
    (3, 1, ['0.weight', '0.bias', '2.weight', '2.bias'])
    """

    def __init__(self, *parts: Step | str) -> None:
        if not parts:
            raise ValueError("Sequential needs at least one part: modules and functions, one after another")
        self.layers = [_step(part) for part in parts]

    def append(self, part: Step | str) -> "Sequential":
        """Put `part` at the end and return the whole."""
        self.layers.append(_step(part))
        self.label_parameters()
        return self

    # What comes out depends on the last part: a list, mostly.
    def __call__(self, x: Any) -> Any:
        """Return what the last part makes of what the one before it made, and so on back to `x`."""
        for part in self.layers:
            x = applied(part, x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.layers)

    # The parts are of many kinds, and who writes model[0].neurons knows which.
    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> "Sequential": ...
    def __getitem__(self, place: int | slice) -> Any:
        """Return one part, or a Sequential of several; raises IndexError as a list does."""
        return Sequential(*self.layers[place]) if isinstance(place, slice) else self.layers[place]

    def _held(self) -> list[Part]:
        parts: list[Part] = [(".layers[", i, part) for i, part in enumerate(self.layers)]
        return parts + [part for part in super()._held() if part[1] != "layers"]

    def _shown(self) -> list[tuple[str, Any]]:
        return [(str(i), part) for i, part in enumerate(self.layers)]


def _step(part: Any) -> Step:
    """Return what one part does, or raise an error that says what a part is."""
    if isinstance(part, str):
        return activation_named(part)
    if isinstance(part, type):
        raise TypeError(f"Sequential takes modules, not classes: make one, {part.__name__}(...)")
    if isinstance(part, list | tuple):
        raise TypeError("Sequential takes its parts one by one, got a list: Sequential(*parts)")
    if not callable(part):
        raise TypeError(f"Sequential takes modules and functions, got {part!r}")
    step: Step = part
    return step


class Lambda(Module):
    """A function of the whole list as a module, for `Sequential`.

    >>> Sequential(Lambda(sum))([1.0, 2.0])
    3.0
    """

    def __init__(self, function: Step) -> None:
        if not callable(function):
            raise TypeError(f"Lambda takes a function, got {function!r}")
        self.function = function

    def __call__(self, x: Any) -> Any:
        """Return function(x)."""
        return self.function(x)

    def extra_repr(self) -> str:
        """Return the function's name."""
        return name_of(self.function)


class Flatten(Module):
    """Makes one list of a list of lists: the rows of an `Embedding`, one after the other.

    >>> Flatten()([[1.0, 2.0], [3.0, 4.0]])
    [1.0, 2.0, 3.0, 4.0]
    """

    def __call__(self, x: Any) -> list[Any]:
        """Return the items of `x` in one list, whatever lists they are in."""
        flat: list[Any] = []
        stack = [x]
        while stack:
            part = stack.pop()
            if isinstance(part, list | tuple) or getattr(part, "ndim", 0) > 0:
                stack += reversed(part)
            else:
                flat.append(part)
        return flat


def applied(part: Step, x: Any) -> Any:
    """Return what one part of a `Sequential` makes of `x`.

    >>> from chainrule.nn import tanh
    >>> [out.data for out in applied(tanh, [0.0, 0.0])]
    [0.0, 0.0]
    """
    return part(x) if isinstance(part, Module) or part in _OF_A_LIST else each(part, x, "Sequential")


def each(function: Step, x: Any, owner: str) -> Any:
    """Return function of `x`, or, where that is a list, of each value in it, in lists nested alike.

    owner: the module to name in the TypeError for what is no number.

    >>> from chainrule.nn import tanh
    >>> [out.data for out in each(tanh, [0.0, 0.0], "Sequential")]
    [0.0, 0.0]
    """
    if isinstance(x, list | tuple) or getattr(x, "ndim", 0) > 0:
        return [each(function, item, owner) for item in x]
    [value] = as_values([x], owner)
    return function(value)
