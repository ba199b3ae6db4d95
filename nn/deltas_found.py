"""The deltas of a model's neurons, found in the graph of a loss."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..engine import Value
from ..engine.debugging.formulas import formula, written
from ..engine.debugging.notation import latex_formula
from ..engine.graph import adjoints, operations
from .module import Module

_PARAMETER = re.compile(r"(?:(?P<neuron>.*)\.)?(?:w\.(?P<index>[^.]+)|b)")


@dataclass(frozen=True)
class WeightDelta:
    """A weight or the bias of a neuron, and its gradient."""

    name: str
    """`w1`, `w2`, ..., counted as the neuron counts its inputs but from 1; `b` for the bias."""
    value: float
    input: float
    """What it multiplies; 1 for the bias."""
    gradient: float
    """dE/dw, all of it."""
    elsewhere: float
    """What of it does not come through the neuron: that of a penalty on weights, say; mostly 0."""


@dataclass(frozen=True)
class NeuronDelta:
    """One neuron's delta and what it is made of."""

    layer: int
    """Counted from 1, the first layer above the inputs."""
    place: int
    """In its layer, counted from 1."""
    name: str
    """Where the model holds it: `layers.0.neurons.2`."""
    z: float
    a: float
    activation: str
    slope: float
    """f'(z)."""
    slope_formula: str
    """As in a · (1 − a); empty where it is a plain number or made of several operations."""
    slope_latex: str
    """The same for papers."""
    terms: tuple[tuple[float, float], ...]
    """(w, δ) for each neuron that a goes into; none for an output."""
    upstream: float
    """dE/da: for hidden neurons the sum of w · δ, and what else uses a."""
    elsewhere: float
    """What of dE/da does not come from neurons: the loss at an output, a penalty on activity; else 0."""
    delta: float
    """dE/dz."""
    weights: tuple[WeightDelta, ...]

    @property
    def is_product(self) -> bool:
        """Whether delta is dE/da · f'(z); where z is used besides, or a softmax follows, it is more."""
        product = self.upstream * self.slope
        return _close(product, self.delta, abs(product))


class _Sum:
    """A neuron's weighted sum: its place in the model and its node in the graph."""

    def __init__(self, name: str, weights: dict[str, Value], bias: Value | None) -> None:
        self.name, self.weights, self.bias = name, weights, bias
        self.found: list[Value] = []

    @property
    def z(self) -> Value:
        return self.found[0]

    @property
    def inputs(self) -> tuple[Value, ...]:
        return self.z.operands[len(self.weights) : 2 * len(self.weights)]

    def first(self) -> Value | None:
        """Return the operand its sum begins with."""
        return next(iter(self.weights.values()), self.bias)

    def is_made_by(self, node: Value) -> bool:
        """Return whether `node` is dot(w, x, b) with these weights and this bias."""
        n, held = len(self.weights), (*self.weights.values(), *([] if self.bias is None else [self.bias]))
        if len(node.operands) != n + len(held):
            return False
        weights, inputs, rest = node.operands[:n], node.operands[n : 2 * n], node.operands[2 * n :]
        if n and all(x is w for x, w in zip(inputs, weights, strict=True)):
            return False  # a penalty: the squares of the weights
        return all(x is y for x, y in zip((*weights, *rest), held, strict=True))


class Deltas:
    """What the table needs to know of the graph."""

    def __init__(self, model: Module, loss: Value) -> None:
        self._model = model
        self._order = operations(loss)
        self._sums = _sums_of(model)
        self._find(loss)
        self._gradients: dict[Value, float] = adjoints({loss: 1.0}, self._order)
        present = [neuron for neuron in self._sums if neuron.found]
        self._sums_found = {neuron.z for neuron in present}
        self._fed: dict[Value, list[tuple[float, Value]]] = {}
        """For each input of a neuron the weights it is taken in by, and the sums they are in."""
        for neuron in present:
            for w, x in zip(neuron.weights.values(), neuron.inputs, strict=True):
                self._fed.setdefault(x, []).append((w.data, neuron.z))
        self._users: dict[Value, list[Value]] = {}
        for node in self._order:
            for operand in dict.fromkeys(node.operands):
                self._users.setdefault(operand, []).append(node)

    def _find(self, loss: Value) -> None:
        starts = {first: neuron for neuron in self._sums if (first := neuron.first()) is not None}
        for node in self._order:
            neuron = starts.get(node.operands[0]) if node.operands else None
            if neuron is not None and neuron.is_made_by(node):
                neuron.found.append(node)
        times = max([len(neuron.found) for neuron in self._sums], default=0)
        if not times:
            raise ValueError(
                f"delta_table: no neuron of {type(self._model).__name__} is in the graph of {loss!r}: make "
                "the loss from this model's output, outside no_grad; neurons have weights w and a bias b "
                "and compute dot(w, x, b)"
            )
        if times > 1:
            raise ValueError(
                f"delta_table shows one sample, and this loss was made from {times}: pass the loss of one"
            )

    def layers(self) -> list[list[NeuronDelta]]:
        """Return the neurons by layers, in the order of the model."""
        grouped: dict[str, list[_Sum]] = {}
        for neuron in self._sums:
            owner, inside, _ = neuron.name.rpartition("neurons.")
            grouped.setdefault(owner if inside else neuron.name, []).append(neuron)
        layers = [layer for layer in grouped.values() if any(neuron.found for neuron in layer)]
        return [
            [self._neuron(one, i, place) for place, one in enumerate(layer, start=1) if one.found]
            for i, layer in enumerate(layers, start=1)
        ]

    def _neuron(self, neuron: _Sum, layer: int, place: int) -> NeuronDelta:
        z = neuron.z
        a = self._output(neuron)
        terms = tuple([(w, self._gradient(above)) for w, above in self._fed.get(a, ())])
        upstream = self._gradient(a)
        through = math.fsum([w * delta for w, delta in terms])
        sizes = math.fsum([abs(w * delta) for w, delta in terms])
        made_by = operations(a, above=[z])
        row = made_by[0].primitive if len(made_by) == 1 and a is not z else None  # one operation, of z alone
        part = formula(a, next(i for i, x in enumerate(a.operands) if x is z)) if row is not None else None
        return NeuronDelta(
            layer,
            place,
            neuron.name,
            z.data,
            a.data,
            "" if a is z else row.name if row is not None and not row.dunder else "f",
            1.0 if a is z else adjoints({a: 1.0}, made_by).get(z, 0.0),
            written(part, _a_or_z) if part else "",
            latex_formula(part, _a_or_z) if part else "",
            terms,
            upstream,
            0.0 if terms and _close(upstream, through, sizes) else upstream - through,
            self._gradient(z),
            tuple(self._weights(neuron)),
        )

    def _gradient(self, value: Value) -> float:
        return self._gradients.get(value, 0.0)

    def _weights(self, neuron: _Sum) -> Iterator[WeightDelta]:
        delta = self._gradient(neuron.z)
        held = [*zip(neuron.weights.items(), neuron.inputs, strict=True)]
        for (index, w), x in held:
            name = f"w{int(index) + 1}" if index.isdecimal() else f"w[{index}]"
            yield self._weight(name, w, x.data, delta)
        if neuron.bias is not None:
            yield self._weight("b", neuron.bias, 1.0, delta)

    def _weight(self, name: str, w: Value, x: float, delta: float) -> WeightDelta:
        gradient, through = self._gradient(w), delta * x
        elsewhere = 0.0 if _close(gradient, through, abs(through)) else gradient - through
        return WeightDelta(name, w.data, x, gradient, elsewhere)

    # -- what a neuron makes of its sum --

    def _output(self, neuron: _Sum) -> Value:
        """Return a, the neuron's output: what other neurons take in, else what its activation made."""
        z = neuron.z
        if z in self._fed:
            return z
        found: list[Value] = []
        seen, stack = {z}, [z]
        while stack:
            for user in self._users.get(stack.pop(), ()):
                if user in seen:
                    continue
                seen.add(user)
                if user in self._fed:
                    found.append(user)
                elif user not in self._sums_found:
                    stack.append(user)
        if len(found) == 1:
            return found[0]
        activation = getattr(_part(self._model, neuron.name), "activation", None)
        return self._made_by(activation, z, seen) if callable(activation) else z

    def _made_by(self, activation: Any, z: Value, above: set[Value]) -> Value:
        """Return the value above z that `activation` made of it, found by making it once more."""
        made = activation(Value(z.data))
        size = len(operations(made)) if isinstance(made, Value) else 0
        alike = (
            node
            for node in self._order
            if node in above and node.primitive is made.primitive and _same(node.data, made.data)
        )
        if size:
            return next((node for node in alike if len(operations(node, above=[z])) == size), z)
        return z


def _a_or_z(place: int) -> str:
    return "a" if place < 0 else "z"


def _sums_of(model: Module) -> list[_Sum]:
    """Return the neurons of a model by the names of their parameters, in the order of the model."""
    held: dict[str, tuple[dict[str, Value], list[Value]]] = {}
    for path, parameter in model.named_parameters():
        match = _PARAMETER.fullmatch(path)
        if match is not None:
            weights, biases = held.setdefault(match["neuron"] or "", ({}, []))
            if match["index"] is None:
                biases.append(parameter)
            else:
                weights[match["index"]] = parameter
    return [_Sum(name, weights, next(iter(biases), None)) for name, (weights, biases) in held.items()]


def _part(model: Any, path: str) -> Any:
    """Return what the model holds at a dotted path, or None where the path leads nowhere."""
    part = model
    for name in path.split(".") if path else ():
        if hasattr(part, name):
            part = getattr(part, name)
            continue
        try:
            part = part[int(name) if name.isdecimal() and not isinstance(part, dict) else name]
        except (TypeError, LookupError):
            return None
    return part


def _close(x: float, y: float, size: float) -> bool:
    """Return whether x and y differ by rounding only, for sums of terms that add up to `size`."""
    return abs(x - y) <= 1e-9 * size or _same(x, y)


def _same(x: float, y: float) -> bool:
    return x == y or (x != x and y != y)
