"""How a graph folds: modules, their parts, and runs of what is left, as branches of a tree of values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...engine import Value
from ...engine.about import about
from ...engine.words import cut, plain
from ..fold.kinds import Path, split
from ..fold.neurons import SUMS, place_of

MOST_CHILDREN = 24
"""Cards that one click may open."""
_RUN = 12


@dataclass
class Branch:
    """Values that are one card until it is opened."""

    title: str
    children: list[Branch | Value] = field(default_factory=list)


def tree_of(order: Sequence[Value]) -> Branch:
    """Return the tree of a graph: every value is in it once.

    order: the values, in topological order.

    >>> from chainrule.engine import topological_order
    >>> from chainrule.nn import MLP
    >>> tree = tree_of(topological_order(MLP(2, [3, 1], seed=0)([1.0, 2.0]).tanh()))
    >>> [child.title if isinstance(child, Branch) else "a value" for child in tree.children]
    ['layers[0]', 'a value', 'a value', 'layers[1].neurons[0]', 'a value']
    """
    paths = _paths(order)
    root = Branch("")
    branches: dict[Path, Branch] = {(): root}
    for value in order:
        path = paths[value]
        for depth in range(1, len(path) + 1):
            if path[:depth] not in branches:
                branch = branches[path[:depth]] = Branch(cut(plain(path[depth - 1])))
                branches[path[: depth - 1]].children.append(branch)
        branches[path].children.append(value)
    # Deeper branches come first: what is above a branch sees it as it ends.
    for path in sorted(branches, key=len, reverse=True):
        _tidy(branches[path])
    return root


def _paths(order: Sequence[Value]) -> dict[Value, Path]:
    """Return the module or scope of each value."""
    uses = Counter([operand for value in order for operand in value.operands])
    users: dict[Value, set[Path]] = {}
    labelled = {value: _path_of_label(value) for value in order if value.primitive is None}
    noted = _Noted(order, labelled)
    paths: dict[Value, Path] = {}
    for value in order:
        paths[value] = (
            labelled[value] if value.primitive is None else _path_of(value, paths, uses, noted.path(value))
        )
    paths[order[-1]] = ()  # the result of it all is a card of its own
    for value in order:
        for operand in value.operands:
            if operand.primitive is None:
                users.setdefault(operand, set()).add(paths[value])
    for leaf, above in users.items():
        own, [path, *others] = paths[leaf], sorted(above)
        number = type(leaf).kind == "const" and uses[leaf] == 1  # goes where it is used
        if not others and (number or (own and path[-len(own) :] == own)):
            paths[leaf] = path
    return paths


def _path_of_label(leaf: Value) -> Path:
    module, _ = place_of(leaf.label) if type(leaf).kind == "param" else ("", "")
    return tuple(split(module)) if module else ()


def _path_of(value: Value, paths: dict[Value, Path], uses: Counter[Value], noted: Path) -> Path:
    """Return where an operation was made: as noted, with its parameters' module, or what it goes on with."""
    own = _module_of(value, paths)
    if own:
        return _joined(noted, own)
    above = {paths[x] for x in value.operands}
    goes_on = len(value.operands) == 1 or (value.primitive is not None and value.primitive.name in SUMS)
    made = all(x.primitive is not None and uses[x] == 1 for x in value.operands)
    onwards = above.pop() if len(above) == 1 and goes_on and made else ()
    return onwards if onwards[: len(noted)] == noted else noted


def _module_of(value: Value, paths: dict[Value, Path]) -> Path:
    own = {paths[x] for x in value.operands if type(x).kind == "param" and x.primitive is None}
    return _common(sorted(own)) if own else ()


class _Noted:
    """The scopes and modules that were noted when values were made.

    With `record_sources` they begin with the class of the whole model, which no label does: it is left out.
    """

    def __init__(self, order: Sequence[Value], labelled: dict[Value, Path]) -> None:
        self._models: set[Path] = set()
        for value in order:
            path, own = self._as_noted(value), _module_of(value, labelled)
            if own and path[-len(own) :] == own and len(path) > len(own):
                self._models.add(path[: -len(own)])

    def path(self, value: Value) -> Path:
        """Return where `value` was made, or nothing."""
        path = self._as_noted(value)
        for length in range(len(path), 0, -1):
            if path[:length] in self._models:
                return path[: length - 1] + path[length:]
        return path

    @staticmethod
    def _as_noted(value: Value) -> Path:
        known = about(value)
        return tuple(split(known.scope)) if known is not None and known.scope else ()


def _joined(scope: Path, module: Path) -> Path:
    """Return one path of two, of which the end of the first may be the beginning of the second.

    >>> _joined(("encoder", "layers[0]"), ("layers[0]", "neurons[2]"))
    ('encoder', 'layers[0]', 'neurons[2]')
    """
    for shared in range(min(len(scope), len(module)), 0, -1):
        if scope[-shared:] == module[:shared]:
            return scope + module[shared:]
    return scope + module


def _common(paths: Sequence[Path]) -> Path:
    first, last = paths[0], paths[-1]  # sorted, so these differ the most
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    return first[:shared]


def _tidy(branch: Branch) -> None:
    """Take in a branch that is the only child, and fold children that are too many."""
    children = branch.children
    if branch.title and len(children) == 1 and isinstance(children[0], Branch):
        branch.title, branch.children = f"{branch.title}.{children[0].title}", children[0].children
    if len(branch.children) <= MOST_CHILDREN:
        return
    kinds: dict[str, list[Branch | Value]] = {}
    for child in branch.children:
        leaf = isinstance(child, Value) and child.primitive is None
        kinds.setdefault(f"{type(child).kind}s" if leaf else "", []).append(child)  # type: ignore[union-attr]  # leaves are Values
    branch.children = []
    for kind, found in kinds.items():
        if kind and len(found) > _RUN:
            branch.children.append(Branch(f"{len(found):,} {plain(kind)}", _runs(found)))
        else:
            branch.children += found
    branch.children = _runs(branch.children) if len(branch.children) > MOST_CHILDREN else branch.children


def _runs(children: list[Branch | Value]) -> list[Branch | Value]:
    """Return children in runs, and these in runs, until they are few enough."""
    first = 1
    while len(children) > MOST_CHILDREN:
        runs: list[Branch | Value] = []
        for start in range(0, len(children), _RUN):
            run = children[start : start + _RUN]
            inside = sum(_span(child) for child in run)
            title = f"{first:,} – {first + inside - 1:,}"
            runs.append(Branch(title, run))
            first += inside
        children, first = runs, 1
    return children


def _span(child: Branch | Value) -> int:
    """Return how many children a run stands for."""
    found = re.fullmatch(r"([\d,]+) – ([\d,]+)", child.title) if isinstance(child, Branch) else None
    return 1 if found is None else int(found[2].replace(",", "")) - int(found[1].replace(",", "")) + 1
