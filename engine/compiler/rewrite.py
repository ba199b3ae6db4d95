"""A row's `evaluate`, which is written for floats, run on stand-ins.

Most of it does that as it is: operators, comparisons, functions of the table. What does not are the
functions of `math`, which take nothing but floats. So a copy of the function is made that finds
others under their names.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, SimpleNamespace
from typing import Any

from ..ieee import rounded_once
from ..primitive import TABLE, Primitive
from .instructions import CBRT, COPYSIGN
from .traced import Traced


def rewritten(function: Callable[..., Any], exact: bool = False) -> Callable[..., Any]:
    """Return a function that does to stand-ins what `function` does to floats.

    Functions that it calls are rewritten too, and each of these has its branches put together by itself:
    formulas that call several with branches of their own would lead through the product of all ways
    otherwise. What it reads from around itself is read now.
    exact: of equal numbers `max` takes the first, which alone gets its derivative; else it is divided.
    """
    known = {id(max): _first_largest} if exact else {}
    result: Callable[..., Any] = _rewritten(function, known, outermost=True)
    return result


def _rewritten(thing: Any, known: dict[int, Any], outermost: bool = False) -> Any:
    """Return what stands for `thing` in a rewritten function."""
    if id(thing) in known:
        return known[id(thing)]
    if isinstance(thing, BuiltinFunctionType) or thing is float:
        return _FOR_STAND_INS.get(thing) or _row_of(thing) or thing
    if thing is math:
        names = {name: _rewritten(part, known) for name, part in vars(math).items()}
        return SimpleNamespace(**names)
    if thing is rounded_once:
        return lambda xs: TABLE["fsum"](*xs)
    if not isinstance(thing, FunctionType) or _is_machinery(thing):
        return thing
    code = thing.__code__
    largest = known.get(id(max), _largest)
    around: dict[str, Any] = {"__builtins__": {**vars(builtins), "float": _AsItIs, "max": largest}}
    cells = tuple([CellType() for _ in thing.__closure__ or ()])
    made = FunctionType(code, around, thing.__name__, thing.__defaults__, cells)
    made.__kwdefaults__ = thing.__kwdefaults__
    result = known[id(thing)] = made if outermost else _with_its_own_branches(made)
    for name in _names_in(code):
        if name in thing.__globals__:
            around[name] = _rewritten(thing.__globals__[name], known)
    for cell, original in zip(cells, thing.__closure__ or (), strict=True):
        cell.cell_contents = _rewritten(original.cell_contents, known)
    return result


def _is_machinery(function: FunctionType) -> bool:
    """Return whether `function` is a part of chainrule that works on stand-ins as it is."""
    module = function.__module__ or ""
    return module.startswith("chainrule.") and not module.startswith(
        ("chainrule.engine.primitives.", "chainrule.engine.ieee", "chainrule.engine.own")
    )


def _with_its_own_branches(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*operands: Any) -> Any:
        for operand in operands:
            if isinstance(operand, Traced):
                return operand.both_ways(function, operands)
        return function(*operands)

    return run


def _largest(*numbers: Any, key: Any = None, default: Any = None) -> Any:
    """Do what `max` does; of stand-ins the larger by `maximum`, which also is the larger by its number."""
    listed = list(numbers[0] if len(numbers) == 1 else numbers)
    if not any(isinstance(x, Traced) for x in listed):
        more = {} if default is None else {"default": default}
        return max(listed, key=key, **more)
    result = listed[0]
    for x in listed[1:]:
        result = TABLE["maximum"](result, x)
    return result


def _first_largest(*numbers: Any, key: Any = None, default: Any = None) -> Any:
    """Do what `max` does, of stand-ins too: the first that none is larger than."""
    listed = list(numbers[0] if len(numbers) == 1 else numbers)
    if not any(isinstance(x, Traced) for x in listed):
        return _largest(listed, key=key, default=default)
    result = listed[0]
    for x in listed[1:]:
        result = TABLE["where"](result < x, x, result)
    return result


def _names_in(code: CodeType) -> set[str]:
    """Return the global names that a function uses, those of functions inside it included."""
    names = set(code.co_names)
    for part in code.co_consts:
        if isinstance(part, CodeType):
            names |= _names_in(part)
    return names


def _row_of(function: Any) -> Primitive | None:
    """Return the row that evaluates by `function` and nothing else."""
    return next((row for row in TABLE.values() if row.evaluate is function), None)


class _FloatsAndStandIns(type):
    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, float | Traced)

    def __call__(cls, x: Any = 0.0) -> Any:
        return x if isinstance(x, Traced) else float(x)


class _AsItIs(metaclass=_FloatsAndStandIns):
    """What is called float in a rewritten function: it leaves stand-ins alone, and takes them for floats."""


def _is_nan(x: Any) -> Any:
    return x != x


def _is_infinite(x: Any) -> Any:
    return TABLE["abs"](x) == math.inf


def _is_finite(x: Any) -> Any:
    return x - x == 0.0


def _with_sign_of(x: Any, y: Any) -> Any:
    stand_in = x if isinstance(x, Traced) else y
    if not isinstance(stand_in, Traced):
        return math.copysign(x, y)
    recorder = stand_in.recorder
    return recorder.made(COPYSIGN, (recorder.entry_of(x, "copysign"), recorder.entry_of(y, "copysign")))


def _cube_root(x: Any) -> Any:
    return x.recorder.made(CBRT, (x.entry,)) if isinstance(x, Traced) else math.cbrt(x)


_FOR_STAND_INS: dict[Any, Callable[..., Any]] = {
    math.isnan: _is_nan,
    math.isinf: _is_infinite,
    math.isfinite: _is_finite,
    math.copysign: _with_sign_of,
    math.cbrt: _cube_root,
    math.floor: TABLE["floor"],
    math.ceil: TABLE["ceil"],
    math.trunc: TABLE["trunc"],
    builtins.round: TABLE["round"],
    float: _AsItIs,
}
