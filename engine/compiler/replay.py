"""The tape as a plain Python function, which a debugger steps through."""

from __future__ import annotations

import inspect
import itertools
import keyword
import linecache
import math
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from ..primitive import TABLE
from .arguments import numbers_of
from .listing import SourcedTape
from .record import Recording
from .tape import CONSTANT, DETACH, INPUT, OUTSIDE, Comparison, Kind, Tape

_count = itertools.count(1)
_OPERATORS = {"add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "neg": "-{}"}
"""Rows that are Python's own operators on floats, inf and nan included."""


def python_function(
    f: Callable[..., Any], name: str, positional: int, keywords: Sequence[str], recording: Recording
) -> Callable[..., Any]:
    """Return a function of the arguments of `f` that does step by step what the tape says, on floats.

    It has its source: `inspect.getsource` prints it, and a debugger shows the line it is at.
    """
    names: dict[str, Any] = {"inf": math.inf, "nan": math.nan, "numbers_of": _floats_of}
    parameters = _parameters(f, positional)
    source = "\n".join(
        _lines(name if name.isidentifier() else "replay", parameters, keywords, recording, names)
    )
    file = f"<chainrule {name} {next(_count)}>"
    exec(compile(source, file, "exec"), names)
    made: Callable[..., Any] = names[name if name.isidentifier() else "replay"]
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    weakref.finalize(made, linecache.cache.pop, file, None)
    return made


def _parameters(f: Callable[..., Any], count: int) -> list[str]:
    """Return names for the positional parameters: those of `f` where it has that many."""
    try:
        known = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        known = []
    given = [parameter.name for parameter in known if parameter.kind in (0, 1)][:count]
    return given + [f"argument{place}" for place in range(len(given), count)]


def _lines(
    name: str, parameters: Sequence[str], keywords: Sequence[str], recording: Recording, names: dict[str, Any]
) -> list[str]:
    tape = recording.tape
    held = [*parameters, *keywords]
    arguments = [*parameters, *(["*"] if keywords else []), *keywords]
    lines = [f"def {name}({', '.join(arguments)}):"]
    for parameter, entries in zip(held, recording.inputs, strict=True):
        if entries:
            lines.append(f"    {', '.join([f'v{entry}' for entry in entries])}, = numbers_of({parameter})")
    names |= {"outside": recording.outside, "structured": recording.of_outputs}
    for entry, kind, operands in tape:
        if kind is CONSTANT or kind is INPUT:
            continue
        comment = tape.comment(entry) if isinstance(tape, SourcedTape) else ""
        made = _expression(tape, kind, operands, names)
        lines.append(f"    v{entry} = {made}{f'  # {comment}' if comment else ''}")
    results = [_literal(x) if isinstance(x, float) else _operand(tape, x) for x in recording.outputs]
    lines.append(f"    return structured([{', '.join(results)}])")
    return lines


def _expression(tape: Tape, kind: Kind, operands: tuple[int, ...], names: dict[str, Any]) -> str:
    if kind is OUTSIDE:
        return f"outside[{operands[0]}].data"
    xs = [_operand(tape, operand) for operand in operands]
    if kind is DETACH:
        return xs[0]
    if isinstance(kind, Comparison):
        return f"1.0 if {xs[0]} {kind.symbol} {xs[1]} else 0.0"
    if kind.name in _OPERATORS and TABLE.get(kind.name) is kind:
        return _OPERATORS[kind.name].format(*xs)
    called = kind.name
    while keyword.iskeyword(called) or names.setdefault(called, kind) is not kind:
        called += "_"
    return f"{called}({', '.join(xs)})"


def _operand(tape: Tape, entry: int) -> str:
    number = tape.constants.get(entry)
    return f"v{entry}" if number is None else _literal(number)


def _literal(number: float) -> str:
    """Return a number as Python reads it to the last bit, in brackets where it has a sign."""
    text = repr(number)
    return f"({text})" if text.startswith("-") else text


def _floats_of(argument: Any) -> list[float]:
    return [float(number) for number in numbers_of(argument)]
