"""The methods and operators that the rows of the table give `Value`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .operations import Operations
from .value import Number, Value, constant, record

if TYPE_CHECKING:
    from .primitive import Primitive


def attach(primitive: Primitive) -> None:
    """Give `Value` the method, and where the row names one the operator, of `primitive`."""
    for name in (primitive.name, *primitive.aliases):
        _install(primitive, name, _unary(primitive) if primitive.arity == 1 else _named(primitive))
    if primitive.arity == 1 and primitive.dunder:
        _install(primitive, f"__{primitive.dunder}__", _unary(primitive))
        return
    if primitive.dunder:
        forward, reflected = _binary(primitive)
        _install(primitive, f"__{primitive.dunder}__", forward)
        _install(primitive, f"__r{primitive.dunder}__", reflected)


def _install(primitive: Primitive, name: str, method: Callable[..., Value]) -> None:
    method.__name__ = name
    method.__qualname__ = f"Value.{name}"
    method.__doc__ = f"Return {primitive.formula}."
    give_method(name, primitive, method)


def give_method(name: str, row: Primitive, method: Callable[..., Any]) -> None:
    """Make `method` the one of `Value` with that name, in the place of what `row` gave it, if anything."""
    method.row = row  # type: ignore[attr-defined]  # how stub.py finds the row's methods
    setattr(Operations, name, method)


# The three methods below are the path of every operation. They are written out for one and for two
# operands: going through `apply` would make each operation about half as slow again.


def _unary(primitive: Primitive) -> Callable[[Value], Value]:
    evaluate, partials_of = primitive.evaluate, primitive.partials

    def method(self: Value) -> Value:
        x = self.data
        try:
            out = evaluate(x)
            partials = partials_of(x, out)
        except (ArithmeticError, ValueError):
            out, partials = primitive.linearize(x)
        return record(primitive, out, (self,), partials)

    return method


def _binary(primitive: Primitive) -> tuple[Callable[..., Value], Callable[..., Value]]:
    evaluate, partials_of = primitive.evaluate, primitive.partials

    def forward(self: Value, other: object) -> Value:
        if other.__class__ is not Value:
            if not isinstance(other, Value):
                other = constant(other)
            elif other.kind == "recorded":  # the compiler's stand-in, which knows what to do with a Value
                return NotImplemented  # type: ignore[no-any-return]  # Python then asks the other operand
            if other is None:
                return NotImplemented  # type: ignore[no-any-return]  # as above
        x, y = self.data, other.data
        try:
            out = evaluate(x, y)
            partials = partials_of(x, y, out)
        except (ArithmeticError, ValueError):
            out, partials = primitive.linearize(x, y)
        return record(primitive, out, (self, other), partials)

    def reflected(self: Value, other: object) -> Value:
        number = constant(other)
        if number is None:
            return NotImplemented  # type: ignore[no-any-return]  # Python then asks the other operand
        x, y = number.data, self.data
        try:
            out = evaluate(x, y)
            partials = partials_of(x, y, out)
        except (ArithmeticError, ValueError):
            out, partials = primitive.linearize(x, y)
        return record(primitive, out, (number, self), partials)

    return forward, reflected


def _named(primitive: Primitive) -> Callable[..., Value]:
    def method(self: Value, *others: Value | Number) -> Value:
        result: Value = primitive(self, *others)
        return result

    return method
