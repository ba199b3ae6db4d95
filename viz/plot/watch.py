"""Seeing what each layer of a model passes on, with the model left as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ...engine import Value
from ...nn import Layer, Module, Neuron, Sequential, SparseLayer, SparseNeuron
from ...nn.activation import name_of
from ...nn.sequential import applied

_LAYERS = (Layer, SparseLayer)
_NEURONS = (Neuron, SparseNeuron)


@dataclass
class Seen:
    """What one layer passed on.

    activations: the name of each unit's, or one for all.  outputs: of each unit, for every call.
    """

    activations: list[str]
    outputs: list[list[float]] = field(default_factory=list)

    def add(self, out: Any) -> None:
        """Keep what one call returned: a value, a list of them, or lists of such lists."""
        held = [out] if isinstance(out, Value) or not hasattr(out, "__len__") else list(out)
        if any(hasattr(item, "__len__") for item in held):
            for row in held:
                self.add(row)
            return
        self.outputs += [[] for _ in range(len(held) - len(self.outputs))]
        for unit, number in zip(self.outputs, held, strict=False):
            unit.append(float(number.data if isinstance(number, Value) else number))

    def activation(self, unit: int) -> str:
        """Return the name of a unit's activation."""
        return self.activations[unit if len(self.activations) > 1 else 0]

    @property
    def kind(self) -> str:
        """The activation in a word: `mixed` where the units differ."""
        return self.activations[0] if len(set(self.activations)) == 1 else "mixed"


@contextmanager
def watching(model: Module) -> Iterator[dict[str, Seen]]:
    """Give what the layers of `model` pass on while it is called, by their dotted names.

    Layers are `Layer`, `Linear`, `SparseLayer`, neurons outside of them, and the functions of a
    `Sequential`; where there are none, the model itself.
    """
    seen: dict[str, Seen] = {}
    watched: list[tuple[Module, type[Module]]] = []
    inside: set[int] = set()
    try:
        for name, module in model.named_modules():
            if isinstance(module, _LAYERS):
                inside |= {id(neuron) for neuron in module.neurons}
                activations = [name_of(neuron.activation) for neuron in module.neurons]
                spy = _noting(seen.setdefault(name or type(module).__name__, Seen(activations)))
            elif isinstance(module, _NEURONS) and id(module) not in inside:
                spy = _noting(
                    seen.setdefault(name or type(module).__name__, Seen([name_of(module.activation)]))
                )
            elif isinstance(module, Sequential) and not all(isinstance(part, Module) for part in module):
                spy = _noting_parts(seen, f"{name}." if name else "")
            else:
                continue
            watched.append((module, type(module)))
            _become(module, spy)
        if not watched:
            watched.append((model, type(model)))
            _become(model, _noting(seen.setdefault(type(model).__name__, Seen([""]))))
        yield seen
    finally:
        for module, kind in watched:
            object.__setattr__(module, "__class__", kind)


def _become(module: Module, call: Callable[[type[Module]], Callable[..., Any]]) -> None:
    """Give one module another `__call__`, and so a class of its own: Python looks it up there."""
    kind = type(module)
    metaclass: Any = type(kind)
    spying = metaclass(kind.__name__, (kind,), {"__slots__": (), "__call__": call(kind)})
    object.__setattr__(module, "__class__", spying)  # frozen dataclasses are modules too


def _noting(seen: Seen) -> Callable[[type[Module]], Callable[..., Any]]:
    def of(kind: Any) -> Callable[..., Any]:
        def call(self: Module, *args: Any, **settings: Any) -> Any:
            out = kind.__call__(self, *args, **settings)
            seen.add(out)
            return out

        return call

    return of


def _noting_parts(seen: dict[str, Seen], prefix: str) -> Callable[[type[Module]], Callable[..., Any]]:
    def of(kind: type[Module]) -> Callable[..., Any]:
        def call(self: Sequential, x: Any) -> Any:
            for place, part in enumerate(self):
                x = applied(part, x)
                if not isinstance(part, Module):
                    seen.setdefault(f"{prefix}{place}", Seen([name_of(part)])).add(x)
            return x

        return call

    return of
