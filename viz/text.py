"""A graph as a text tree, for terminals and logs."""

import sys
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, TextIO

from ..engine import Value, collector_paused, topological_order
from ..engine.copies import number_of
from ..engine.debugging.notation import SHOWN_OPERANDS, operation, plain_number
from ..engine.known import check_known
from ..engine.names import Names
from ..engine.value import described
from ..engine.words import number, plain
from .scene import is_constant

DEEPEST = 12
"""Levels of the tree after which it goes on from the margin again."""

_WIDEST = 60
_ASCII = str.maketrans(
    {
        "├": "|", "└": "`", "─": "-", "│": "|", "−": "-", "·": "*", "×": "*", "÷": "/", "…": "...",
        "↵": "\\n", "²": "^2", "—": "-", "√": "sqrt ",
    }
)  # fmt: skip


def print_graph(
    value: Value, file: TextIO | None = None, *, max_depth: int | None = None, max_nodes: int = 200
) -> None:
    """Print the graph of `value` as a tree: see `graph_text`.

    file: where to, standard output unless said. Where it cannot hold the lines of the tree (a terminal
    of another encoding than UTF-8, say), they are drawn with ASCII and other letters are escaped.

    >>> from chainrule.engine import Value
    >>> w = Value(3.0, label="w")
    >>> loss = (w * 2.0 - 1.0) ** 2
    >>> loss.backward()
    >>> print_graph(loss)
    value           made by  gradient  upstream · local = contribution
    L = 25          v4 ^ 2   1
    └─ v4 = 5       v2 − 1   10        1 · 10 = 10
       └─ v2 = 6    w × 2    10        10 · 1 = 10
          └─ w = 3  input    20        10 · 2 = 20
    """
    text = graph_text(value, max_depth=max_depth, max_nodes=max_nodes)
    out = sys.stdout if file is None else file
    try:
        text.encode(getattr(out, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        text = graph_text(value, max_depth=max_depth, max_nodes=max_nodes, ascii=True)
    print(text, file=out)


def graph_text(
    value: Value, *, max_depth: int | None = None, max_nodes: int = 200, ascii: bool = False
) -> str:
    """Return the graph of `value` as a tree: the root first, operands below it in the order written.

    Each line has the value's name and number, how it was made, its gradient as the last `backward()` left
    it, and what it receives from the value above: upstream · local derivative = contribution. Numbers
    without a label stand in the operation only. A value that is used more than once is shown in full once,
    then named with "see above". After 12 levels the tree goes on from the margin.

    max_depth: how many levels below the root to show, None for all.  max_nodes: how many lines.
    What is left out is counted in the last line, so that any graph has an answer.
    ascii: draw with ASCII characters only, and escape other letters in labels.
    Raises TypeError for what is no Value, ValueError for limits that are no whole numbers of at least 1
    (of `max_depth`: 0).

    >>> from chainrule.engine import Value
    >>> a = Value(2.0, label="a")
    >>> print(graph_text(a * a + 1.0, ascii=True))
    value        made by    gradient  upstream * local = contribution
    L = 5        v1 + 1     -
    `- v1 = 4    a * a      -         * 1
       |- a = 2  input      -         * 2
       `- a = 2  see above  -         * 2
    """
    if not isinstance(value, Value):
        raise TypeError(f"graph_text takes a Value, the root of a graph, got {described(value)}")
    check_known("graph_text", value)
    _check_limit("max_nodes", max_nodes, least=1)
    if max_depth is not None:
        _check_limit("max_depth", max_depth, least=0)
    with collector_paused():
        return _Tree(value, max_depth, max_nodes).lines(ascii)


def _check_limit(name: str, limit: object, least: int) -> None:
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < least:
        raise ValueError(f"graph_text({name}=...) takes a whole number of at least {least}, got {limit!r}")


def _in_ascii(text: str) -> str:
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


class _Branch(NamedTuple):
    """A value's place in the tree."""

    value: Value
    user: Value | None
    place: int
    """Which operand of the user it is."""
    before: str
    """What the lines of its operands begin with, but for the value's own branch."""
    depth: int
    last: bool


class _Tree:
    """The lines of a tree; it is walked on a stack, as graphs may be a chain a million operations long."""

    def __init__(self, root: Value, max_depth: int | None, max_nodes: int) -> None:
        order = topological_order(root)
        self._root, self._names = root, Names(order)
        self._max_depth, self._max_nodes = max_depth, max_nodes
        # A pass from the root, or from beyond it, left something there. Without one every 0 would be a lie.
        self._passed = number_of(root.grad or 0.0) != 0.0
        self._values = len({operand for node in order for _, operand in _shown_operands(node)}) + 1
        """How many values get a line, where nothing is left out."""

    def lines(self, ascii: bool) -> str:
        """Return the lines, in columns, and what was left out."""
        rows = [("value", "made by", "gradient", "upstream · local = contribution")]
        shown: set[Value] = set()
        for branch, remark in islice(self._branches(), self._max_nodes):
            shown.add(branch.value)
            rows.append(self._row(branch, remark))
        missing = self._values - len(shown)
        limits = f"max_nodes={self._max_nodes}"
        if self._max_depth is not None:
            limits += f", max_depth={self._max_depth}"
        last = f"… {missing:,} of {self._values:,} values are not shown ({limits})"
        cells = [[_in_ascii(cell) if ascii else cell for cell in row] for row in rows]
        widths = [min(max(len(row[i]) for row in cells), _WIDEST) for i in range(3)]
        lines = [
            "  ".join(
                [*[cell.ljust(width) for cell, width in zip(row, widths, strict=False)], row[3]]
            ).rstrip()
            for row in cells
        ]
        return "\n".join([*lines, _in_ascii(last) if ascii else last] if missing else lines)

    def _branches(self) -> Iterator[tuple[_Branch, str]]:
        """Yield every line of the tree with what is said of it: an operand below its user, at each use."""
        seen: set[Value] = set()
        opened: set[Value] = set()
        starts = [_Branch(self._root, None, 0, "", 0, True)]
        for start in starts:  # grows as the walk goes on
            stack = [start]
            while stack:
                branch = stack.pop()
                value, depth = branch.value, branch.depth
                operands = [] if depth == self._max_depth else _shown_operands(value)
                if branch is not start and value in (opened if operands else seen):
                    yield branch, "see above"
                    continue
                seen.add(value)
                if depth != self._max_depth:  # where it is cut there, it may be met again further up
                    opened.add(value)
                if operands and depth - start.depth == DEEPEST:
                    yield branch, "see below"
                    starts.append(branch._replace(user=None, before=""))
                    continue
                yield branch, ""
                before = branch.before
                if branch is not start:
                    before += "   " if branch.last else "│  "
                stack += [
                    _Branch(operand, value, place, before, depth + 1, last=i == 0)
                    for i, (place, operand) in enumerate(reversed(operands))
                ]

    def _row(self, branch: _Branch, remark: str) -> tuple[str, str, str, str]:
        value, user = branch.value, branch.user
        lines = "" if user is None else branch.before + ("└─ " if branch.last else "├─ ")
        name = f"{lines}{self._names[value]} = {number(value.data)}"
        made = operation(value, self._names) or plain(type(value).kind)
        made = remark if remark == "see above" else f"{made}, {remark}" if remark else made
        gradient = "" if is_constant(value) else self._gradient(value)
        return name, made, gradient, "" if user is None else self._contribution(user, branch.place)

    def _gradient(self, value: Value) -> str:
        return number(number_of(value.grad)) if self._passed and value.grad is not None else "—"

    def _contribution(self, user: Value, place: int) -> str:
        partial = user.partials[place]
        local = f"({number(partial)})" if number(partial).startswith("−") else number(partial)
        if is_constant(user.operands[place]):
            return ""
        if not self._passed:
            return f"· {local}"
        upstream = number_of(user.grad)
        gives = upstream * partial if upstream != 0.0 else 0.0  # a zero adjoint wins over an inf
        return f"{number(upstream)} · {local} = {number(gives)}"


def _shown_operands(node: Value) -> list[tuple[int, Value]]:
    """Return the operands of `node` that get a line, with their places: but for numbers shown in its own."""
    inline = len(node.operands) <= SHOWN_OPERANDS
    return [
        (place, operand)
        for place, operand in enumerate(node.operands)
        if not (inline and plain_number(operand))
    ]
