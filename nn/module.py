"""Parameters, and the objects that hold them."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..engine import Constant, Value
from . import conscience


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
    you, not by an operation), in modules, lists, tuples, dictionaries and object arrays, nested as you like.

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
        for name, parameter in _leaves(self):
            if parameter not in seen:
                seen.add(parameter)
                yield name, parameter

    def parameters(self) -> list[Value]:
        """Return the parameters, each once, in the order of `named_parameters`."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero; call it before each backward pass."""
        parameters = self.parameters()
        conscience.before_zeroing(self, parameters)
        for parameter in parameters:
            parameter.grad = 0.0


def _leaves(held: object) -> Iterator[tuple[str, Value]]:
    """Yield every leaf Value in `held` with its path, in order; cycles and deep nesting do no harm."""
    seen: set[int] = set()
    stack: list[tuple[str, Any]] = [("", held)]
    while stack:
        path, part = stack.pop()
        if isinstance(part, Value):
            if part.primitive is None and not isinstance(part, Constant):
                yield path, part
        elif id(part) not in seen:
            inside = _parts(part)
            if inside:
                seen.add(id(part))
            prefix = f"{path}." if path else ""
            stack += [(f"{prefix}{name}", inner) for name, inner in reversed(inside)]


def _parts(held: Any) -> list[tuple[str, Any]]:
    """Return what a module or container holds, by name; nothing for anything else."""
    if isinstance(held, Module):
        slots = [name for kind in type(held).__mro__ for name in getattr(kind, "__slots__", ())]
        return [(name, getattr(held, name)) for name in slots if hasattr(held, name)] + [*vars(held).items()]
    if isinstance(held, Mapping):
        return [(str(key), part) for key, part in held.items()]
    if getattr(getattr(held, "dtype", None), "kind", "") == "O":  # a NumPy array of objects
        held = list(held.flat)
    if isinstance(held, list | tuple):
        return [(str(index), part) for index, part in enumerate(held)]
    return []
