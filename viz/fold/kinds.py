"""What kind of value each one of a large graph is: values of one kind share a card.

Of one kind are values that belong to one module or scope, and those that the same operation made of values
of the same kinds. So a layer is one kind however many neurons it has, and so are all that a loop over a
batch computes in one place. Found in one pass, whose work at each value is one look into a dictionary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...engine import Primitive, Value
from ...engine.about import OnlyScope, about
from ...engine.names import own_name
from .neurons import SUMS, place_of

MOST_KINDS = 3000
"""Kinds after which a graph is called irregular: it is then cut into stretches instead."""

_MOST_TERMS = 8
_WEIGHING = ("mul", "dot", "add")

CONSTANT, INPUT, PARAMETER = -1, -2, -3
"""Codes of leaves; -10 and below are parameters whose labels name their module."""

_UNNAMED = {"const": CONSTANT, "param": PARAMETER}
PRODUCT, SUM = 1, 2

Path = tuple[str, ...]
"""Names of scopes and modules, the outermost first: ("encoder", "layers[0]")."""


@dataclass
class Kind:
    """One kind of operation, and which others its operands are of."""

    path: Path
    """The scope or module; empty outside of all."""
    row: Primitive
    """The operation of the first value of the kind."""
    stage: int = 0
    """How far a weighted sum has come: PRODUCT, SUM, or neither."""
    terms: frozenset[int] = frozenset()
    """Of a sum outside of modules: the kinds of what is added."""


class Kinds:
    """The kind of every value of a graph: `of[value]`, an index of `all` or, of a leaf, a negative code."""

    def __init__(self, values: Iterable[Value]) -> None:
        self.all: list[Kind] = []
        self.of: dict[Value, int] = {}
        self.links: set[tuple[int, int]] = set()
        """Which kinds are operands of which."""
        self.irregular = False
        """Whether there are so many kinds that they say nothing; the pass has then stopped."""
        self._paths: list[Path] = []
        self._codes: dict[str, int] = {}
        self._known: dict[object, int] = {}
        self._walk(values)

    def _walk(self, values: Iterable[Value]) -> None:
        of = self.of
        known: dict[object, int] = {}
        get = of.__getitem__
        for value in values:
            row = value.primitive
            if row is None:
                label = value.label
                if type(label) is str and not label and getattr(value, "about", None) is None:  # as most
                    of[value] = _UNNAMED.get(type(value).kind, INPUT)
                else:
                    of[value] = self._leaf(value)
                continue
            # Of a dot with many operands the kinds matter, not their order.
            codes = map(get, value.operands)
            operands = frozenset(codes) if row.variadic else tuple(codes)
            extras = getattr(value, "about", None)  # as `about` does; a call would cost time at every value
            if extras is None:
                key: object = (row.name, operands)
                scope = ""
            else:
                scope = extras.scope
                key = (row.name, operands, scope)
            code = known.get(key)
            if code is None:
                if len(self.all) > MOST_KINDS:
                    self.irregular = True
                    return
                code = known[key] = self._kind(value, row, frozenset(operands), scope)
                self.links.update([(operand, code) for operand in operands])
            of[value] = code

    def _leaf(self, value: Value) -> int:
        kind = type(value).kind
        if kind == "param":
            module, _ = place_of(value.label)
            path = layer_of(tuple(split(module)))
            return self._code(path) if path else PARAMETER
        if kind == "const" and not value.label and (about(value) is None or not own_name(value)):
            return CONSTANT
        return INPUT

    def _code(self, path: Path) -> int:
        key = "\0".join(path)
        if key not in self._codes:
            self._codes[key] = -10 - len(self._paths)
            self._paths.append(path)
        return self._codes[key]

    def _kind(self, value: Value, row: Primitive, operands: frozenset[int], scope: str) -> int:
        """Return the kind of a value, which is the first with these operands."""
        path, stage = self._module(value, row, operands)
        noted = layer_of(tuple(split(scope)))
        if noted:  # with the sources the modules were noted too, else their parameters tell
            only_scope = isinstance(about(value), OnlyScope)
            path = noted + (path if only_scope and path[: len(noted)] != noted else path[len(noted) :])
        if path:
            return self._new((path, stage), Kind(path, row, stage))
        operands = frozenset([PARAMETER if code <= -10 else code for code in operands]) - {CONSTANT}
        if row.name in SUMS:
            terms = frozenset().union(*[self._terms(code) for code in operands])
            if len(terms) > _MOST_TERMS:
                terms = operands
            return self._new(("sum", terms), Kind((), row, SUM, terms))
        if len(operands) == 1:
            (only,) = operands
            if only >= 0 and self.all[only].row is row and not self.all[only].path:
                return only  # a chain of one operation
        stage = SUM if row.name == "dot" else PRODUCT if row.name == "mul" else 0
        return self._new((row.name, operands), Kind((), row, stage))

    def _terms(self, code: int) -> frozenset[int]:
        return (self.all[code].terms if code >= 0 else frozenset()) or frozenset([code])

    def _module(self, value: Value, row: Primitive, operands: frozenset[int]) -> tuple[Path, int]:
        """Return the module that the labels of parameters say the value belongs to, if any."""
        named = [code for code in operands if code <= -10]
        others = operands.difference(named)
        if named:
            if row.name in _WEIGHING and (others or row.name == "add"):
                return self._paths[-10 - max(named)], PRODUCT if row.name == "mul" else SUM
            if others and others != {CONSTANT}:
                return self._paths[-10 - max(named)], 0
            return (), 0  # a penalty on weights, say
        inner = [self.all[code] for code in others if code >= 0]
        paths = {kind.path for kind in inner}
        if len(paths) != 1 or INPUT in others or PARAMETER in others:
            return (), 0
        (path,), stages = paths, {kind.stage for kind in inner}
        if row.name in SUMS and PRODUCT in stages and 0 not in stages:
            return path, SUM  # the module's weights times its inputs, added up
        if len(value.operands) == 1 and stages == {SUM} and row.name != "neg":
            return path, 0  # its activation
        return (), 0

    def _new(self, key: object, kind: Kind) -> int:
        if key not in self._known:
            self._known[key] = len(self.all)
            self.all.append(kind)
        return self._known[key]


def split(path: str) -> list[str]:
    """Return the parts of a module's path, split at its dots; not at those in brackets.

    >>> split("encoder.layers['a.b'].neurons[2]")
    ['encoder', "layers['a.b']", 'neurons[2]']
    """
    parts, depth, start = [], 0, 0
    for i, character in enumerate(path):
        if character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        elif character == "." and depth <= 0:
            parts.append(path[start:i])
            start = i + 1
    parts.append(path[start:])
    return [part for part in parts if part]


def layer_of(path: Path) -> Path:
    """Return the path without a neuron at its end: a layer is what people look for."""
    if path and path[-1].startswith("neurons["):
        return path[:-1] or ("neurons",)
    return path
