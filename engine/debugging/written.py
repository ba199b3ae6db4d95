"""What stands in the source where an instruction was compiled: its text, and the name its value gets."""

from __future__ import annotations

import ast
import dis
import linecache
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from types import CodeType

Range = tuple[int, int, int, int]
"""First line, first column, last line, last column; columns are UTF-8 bytes from 0, as Python counts them."""


@dataclass
class File:
    """A source file as it is now: its lines, and what can be told of its expressions, by their ranges.

    names: what the expression's value is assigned to.
    operands: the expressions it is computed from: of an operator both sides, of a call the arguments.
    receivers: x in `x.tanh()`.
    variables: the expressions that say where a value is kept: `x`, `self.h`, `h[i]`.
    wholes: the range of a call for what Python notes of it in a chain of methods over several lines.
    functions: name and first line of each function and class.
    """

    lines: list[str]
    names: dict[Range, str] = field(default_factory=dict)
    operands: dict[Range, list[Range]] = field(default_factory=dict)
    receivers: dict[Range, Range] = field(default_factory=dict)
    variables: set[Range] = field(default_factory=set)
    wholes: dict[Range, Range] = field(default_factory=dict)
    functions: set[tuple[str, int]] = field(default_factory=set)

    def text(self, where: Range) -> str:
        """Return what stands there, on one line."""
        first, start, last, end = where
        rows = [line.encode() for line in self.lines[first - 1 : last]]
        rows[-1] = rows[-1][:end]
        rows[0] = rows[0][start:]
        return " ".join(row.decode(errors="replace").strip() for row in rows)

    def operand(self, where: Range, place: int, count: int) -> str:
        """Return how operand number `place` of the `count` of an operation is written, if as a variable."""
        ranges = self.operands.get(where, [])
        if len(ranges) == count - 1 and where in self.receivers:
            ranges = [self.receivers[where], *ranges]
        if len(ranges) != count or ranges[place] not in self.variables:
            return ""
        return self.text(ranges[place])


_files: dict[str, tuple[list[str], File | None]] = {}


def file_of(filename: str) -> File | None:
    """Return the file as Python's `linecache` has it, or None where there is none or it is not Python."""
    linecache.checkcache(filename)
    lines = linecache.getlines(filename)
    known = _files.get(filename)
    if known is None or known[0] is not lines:
        known = _files[filename] = (lines, _read(lines) if lines else None)
    return known[1]


def _read(lines: list[str]) -> File | None:
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    file = File(lines)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            # Of a method in a chain over several lines Python notes the line of its name only.
            file.receivers[_range(node)] = _range(node.func.value)
            line, end = node.func.end_lineno or 0, node.func.end_col_offset or 0
            partly = (line, end - len(node.func.attr.encode()), *_range(node)[2:])
            if node.func.lineno != line:
                file.wholes[partly] = _range(node)
        if isinstance(node, ast.expr):
            file.operands.setdefault(_range(node), [_range(operand) for operand in _operands(node)])
            if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
                file.variables.add(_range(node))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.decorator_list[0] if node.decorator_list else node
            file.functions.add((node.name, first.lineno))
        for target, value in _assignments(node):
            # `loss = a if c else b`: the value of the right-hand side is that of either branch
            branches = [value]
            while branches:
                branch = branches.pop()
                if isinstance(branch, ast.IfExp):
                    branches += (branch.body, branch.orelse)
                elif isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
                    file.names.setdefault(_range(branch), file.text(_range(target)))
        if isinstance(node, ast.AugAssign):
            file.operands.setdefault(_range(node), [_range(node.target), _range(node.value)])
    return file


def _assignments(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | ast.stmt]]:
    """Yield (target, value) for each value that `node` assigns by itself; unpacked ones one by one."""
    if isinstance(node, ast.AugAssign):
        yield node.target, node  # the value is that of the statement, old value and new
    if isinstance(node, ast.NamedExpr | ast.AnnAssign) and node.value is not None:
        yield node.target, node.value
    if isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in reversed(node.targets)]
        while pairs:
            target, value = pairs.pop()
            if not isinstance(target, ast.Tuple | ast.List):
                yield target, value
            elif isinstance(value, ast.Tuple | ast.List):
                parts = (*target.elts, *value.elts)
                if 2 * len(target.elts) == len(parts) and not any(isinstance(p, ast.Starred) for p in parts):
                    pairs += zip(target.elts, value.elts, strict=True)


def _operands(node: ast.expr) -> list[ast.expr]:
    """Return the expressions that `node` computes with, in the order of the operation's operands."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.Call) and not any(isinstance(given, ast.Starred) for given in node.args):
        return list(node.args)
    return []


def _range(node: ast.expr | ast.stmt) -> Range:
    return (
        node.lineno,
        node.col_offset,
        node.end_lineno or node.lineno,
        node.end_col_offset or node.col_offset,
    )


def range_of(code: CodeType, instruction: int) -> Range | None:
    """Return which characters of the source the instruction was compiled from; None where that is unknown."""
    line, last, start, end = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    if line is None or last is None or start is None or end is None:
        return None
    return line, start, last, end


def fits(file: File, code: CodeType, where: Range) -> bool:
    """Return whether the file still reads as it did when `code` was compiled from it, as far as that shows.

    An expression or statement must stand exactly there, in a function of that name at that line.
    """
    named = code.co_name.startswith("<") or (code.co_name, code.co_firstlineno) in file.functions
    return named and (where in file.operands or where in file.names)


def edited_since(filename: str, moment: float) -> bool:
    """Return whether the file was written after `moment`."""
    try:
        return os.stat(filename).st_mtime > moment
    except (OSError, ValueError):  # no file: a notebook's cell, a doctest
        return False


# What can be told without the source, from the instructions alone.

_MATMUL = (4, 17)
"""The arguments of BINARY_OP that stand for `@` and `@=`."""
_PASSES_ON = re.compile(r"(?:functools\.)?(reduce|sum|max|min|sorted)\(")
_CACHE = dis.opmap["CACHE"]
_EXTENDED_ARG = dis.EXTENDED_ARG
_COPY = dis.opmap["COPY"]


def operation_at(instructions: bytes, at: int) -> str:
    """Return the name of the operation at offset `at`, which may stand in the cache behind it."""
    while at > 0 and instructions[at] == _CACHE:
        at -= 2
    return dis.opname[instructions[_call_at(instructions, at)]] if at >= 0 else ""


def makes_several(instructions: bytes, at: int) -> bool:
    """Return whether the operation at offset `at` may make several values: a call, or `@` of arrays."""
    name = operation_at(instructions, at)
    return name.startswith("CALL") or (name == "BINARY_OP" and instructions[at + 1] in _MATMUL)


def passed_on_by(code: CodeType, instruction: int) -> str:
    """Return the function of Python's called there that calls what it is given; mostly none.

    That is told by the line, as a function written in C has no frame: `sum` of a `map`, the `key` of `max`.
    """
    where = range_of(code, instruction)
    if where is None:
        return ""
    line = linecache.getline(code.co_filename, where[0]).encode()[where[1] :].decode(errors="replace")
    found = _PASSES_ON.match(line)
    return found[1] if found else ""


def _call_at(instructions: bytes, at: int) -> int:
    """Return where the call is that Python 3.11 announces at offset `at`, if it does, else `at`.

    Calls of C functions that have been made often stand at the announcement.
    """
    if dis.opname[instructions[at]] != "PRECALL":
        return at
    at += 2
    while instructions[at] == _CACHE:
        at += 2
    return at


def next_operation(instructions: bytes, at: int) -> str:
    """Return the name of the operation after the one at offset `at`."""
    at = _call_at(instructions, at)
    at += 2
    while at < len(instructions) and instructions[at] in (_CACHE, _EXTENDED_ARG):
        at += 2
    return dis.opname[instructions[at]] if at < len(instructions) else ""


def stored_name(code: CodeType, instruction: int) -> str:
    """Return the plain variable that the instruction's value is stored in next, if it is."""
    at = _call_at(code.co_code, instruction)
    following = (found for found in dis.get_instructions(code) if found.offset > at)
    for found in following:
        if found.opcode == _COPY:
            continue
        if found.opname.startswith(("STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF")):
            name = found.argval[0] if isinstance(found.argval, tuple) else found.argval
            return str(name)
        return ""
    return ""
