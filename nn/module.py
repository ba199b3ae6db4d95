"""Parameters, and the objects that hold them."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..engine import Constant, Value


class Parameter(Value):
    """A Value that training may change: a weight or a bias. Pictures show it as one.

    >>> Parameter(0.5, label="w")
    Parameter(0.5, grad=0, label='w')
    """

    __slots__ = ()
    kind = "param"


class Module:
    """What holds parameters: subclass it, keep parameters and modules in attributes, define `__call__`.

    Parameters are found by themselves, in the order of the attributes: Values that are leaves (made by
    you, not by an operation), in modules, lists, tuples and dictionaries nested as you like.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Parameter(2.0), Parameter(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0).data, [name for name, _ in line.named_parameters()]
    (7.0, ['slope', 'offset'])
    """

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield each parameter once, with its dotted path: `layers.0.neurons.2.w.1`."""
        seen: set[Value] = set()
        for name, parameter in _leaves("", vars(self)):
            if parameter not in seen:
                seen.add(parameter)
                yield name, parameter

    def parameters(self) -> list[Value]:
        """Return the parameters, each once, in the order of `named_parameters`."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero; call it before each backward pass."""
        for parameter in self.parameters():
            parameter.grad = 0.0


def _leaves(path: str, held: Any) -> Iterator[tuple[str, Value]]:
    if isinstance(held, Value):
        if held.primitive is None and not isinstance(held, Constant):
            yield path, held
        return
    if isinstance(held, Module):
        held = vars(held)
    if isinstance(held, Mapping):
        parts = [(str(key), part) for key, part in held.items()]
    elif isinstance(held, list | tuple):
        parts = [(str(index), part) for index, part in enumerate(held)]
    else:
        return
    for name, part in parts:
        yield from _leaves(f"{path}.{name}" if path else name, part)
