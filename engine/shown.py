"""What a value looks like in a debugger and in messages: short, on one line, and whatever it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .words import cut, plain

if TYPE_CHECKING:
    from .value import Value


def shown(value: Value) -> str:
    """Return the repr of a value, which has less than 80 characters.

    Debuggers ask for it at any moment, so it looks at the operands' numbers and no further. What is not
    there, because `__init__` has not run, and what refuses to be shown, becomes a question mark.

    >>> from chainrule.engine import Value
    >>> shown(Value(2.0, label="w") * 3.0)
    'Value(mul(2, 3) = 6, grad=0)'
    """
    data, grad = _number(_held(value, "data")), _gradient(value)
    text = f"{type(value).__name__}({_made_by(value)}{data}, grad={grad}"
    label = _label(_held(value, "label"))
    return f"{text}, label={cut(label, 70 - len(text))})" if label else f"{text})"


def safe_repr(thing: object) -> str:
    """Return the repr of anything, or its type's name where it refuses."""
    try:
        return repr(thing)
    except Exception:  # somebody else's __repr__
        return f"<{type(thing).__name__}>"


def _held(value: object, name: str) -> object:
    try:
        return getattr(value, name, None)
    except Exception:  # a property of a subclass, say
        return None


def _made_by(value: Value) -> str:
    primitive, operands = _held(value, "primitive"), _held(value, "operands")
    if primitive is None:
        return ""
    name = cut(plain(_held(primitive, "name") or "?"), 12)
    if not isinstance(operands, tuple):
        return f"{name}(?) = "
    numbers = ", ".join([_number(_held(operand, "data")) for operand in operands[:3]])
    inside = numbers if len(operands) <= 3 and len(numbers) < 24 else f"{len(operands)} operands"
    return f"{name}({inside}) = "


def _gradient(value: Value) -> str:
    grad = _held(value, "grad")
    if grad is None:  # somebody has set it to that, or it is not there
        return "None" if hasattr(value, "grad") else "?"
    return _number(grad if isinstance(grad, int | float) else _held(grad, "data"))


def _number(number: object) -> str:
    try:
        return f"{number:.6g}" if isinstance(number, int | float) else "?"
    except OverflowError:  # an int that somebody has put into `data`
        return "a huge int"


def _label(label: object) -> str:
    try:
        return plain(repr(label)) if label else ""
    except Exception:  # a label is for show: one that cannot be shown must not cost the rest
        return f"<{type(label).__name__}>"
