"""Graphs as plain dictionaries, for JSON: files that others read, and that may come from anybody."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from .collector import collector_paused
from .copies import leaf_from, number_of, operation_from
from .graph import topological_order
from .known import check_known
from .primitive import TABLE
from .value import Constant, Value, described

FORMAT, VERSION = "chainrule graph", 1
KEYS = ("op", "operands", "data", "grad", "partials", "label", "kind")


def to_dict(root: Value) -> dict[str, Any]:
    """Return the graph of `root` as dictionaries, lists, strings and numbers, ready for JSON.

    `nodes` lists every value in topological order, the root last. Of each it says: `op`, the row's
    name, None for a leaf; `operands`, their places in the list; `data`, `grad` and `partials`, as floats
    or as "nan", "inf" and "-inf", which strict JSON has no numbers for; `label`; `kind`, the `kind` of a
    leaf's class ("input", "const", "param"), None for the others. What a subclass holds besides is
    left out. `from_dict` makes the graph again; floats survive JSON to the last bit.

    Raises TypeError for what is no Value.

    >>> import json
    >>> graph = to_dict(Value(3.0, label="x").exp())
    >>> print(json.dumps(graph["nodes"][0], allow_nan=False))
    {"op": null, "operands": [], "data": 3.0, "grad": 0.0, "partials": [], "label": "x", "kind": "input"}
    """
    check_known("to_dict", root)
    if not isinstance(root, Value):
        raise TypeError(f"to_dict takes a Value, the root of a graph, got {described(root)}")
    with collector_paused():
        order = topological_order(root)
        place = {node: i for i, node in enumerate(order)}
        nodes = [
            {
                "op": None if node.primitive is None else node.primitive.name,
                "operands": [place[operand] for operand in node.operands],
                "data": _written(node.data),
                "grad": _written(number_of(node.grad)),
                "partials": [_written(partial) for partial in node.partials],
                "label": node.label,
                "kind": node.kind if node.primitive is None else None,
            }
            for node in order
        ]
    return {"format": FORMAT, "version": VERSION, "root": len(nodes) - 1, "nodes": nodes}


def from_dict(graph: Mapping[str, Any], kinds: Mapping[str, type[Value]] | None = None) -> Value:
    """Return the root of the graph that `to_dict` wrote.

    Every entry is checked and nothing is executed or imported, so that the dictionary may come from
    anywhere. Rows are looked up in the table, and never evaluated: the numbers are those written down.

    kinds: the class for each kind of leaf. "input" is a Value and "const" a Constant unless said; other
    kinds are looked up among the subclasses of Value in the program, so "param" needs chainrule.nn
    imported.
    Raises ValueError, naming the place, for anything `to_dict` would not have written.

    >>> x = Value(3.0, label="x")
    >>> again = from_dict(to_dict(x * 2.0))
    >>> again, again.operands[0]
    (Value(mul(3, 2) = 6, grad=0), Value(3, grad=0, label='x'))
    """
    entries = _entries(graph)
    classes: dict[str, type[Value]] = {"input": Value, "const": Constant, **(kinds or {})}
    made: list[Value] = []
    with collector_paused():
        for entry in entries:
            made.append(_node_from(entry, made, classes))
    return made[-1]


def _written(number: Any) -> float | str:
    number = float(number)  # somebody may have put an int or a NumPy scalar into `data`
    return number if math.isfinite(number) else repr(number)


_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def _shown(thing: object) -> str:
    """Return a short description of a wrong entry, also of one whose repr would be long, deep or refused."""
    if isinstance(thing, list | tuple | Mapping):
        return f"a {type(thing).__name__} of {len(thing)}"
    if isinstance(thing, int) and thing.bit_length() > 64:
        return f"an int of {thing.bit_length()} bits"
    return described(thing)


def _entries(graph: Any) -> list[Any]:
    """Return the list of nodes, once the dictionary around it has proved to be ours and whole."""
    if not isinstance(graph, Mapping):
        raise ValueError(
            f"from_dict takes the dictionary that to_dict returns (of JSON text, json.loads(text)), "
            f"got {_shown(graph)}"
        )
    for key in ("format", "version", "root", "nodes"):
        if key not in graph:
            raise ValueError(f"from_dict: no key {key!r}, which a graph written by to_dict has")
    if graph["format"] != FORMAT:
        raise ValueError(f"from_dict: format is {_shown(graph['format'])}, not {FORMAT!r}")
    if type(graph["version"]) is not int or graph["version"] != VERSION:
        raise ValueError(
            f"from_dict: version is {_shown(graph['version'])}; this chainrule reads version {VERSION}"
        )
    entries = graph["nodes"]
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"from_dict: nodes is {_shown(entries)}, not a list of at least one node")
    if type(graph["root"]) is not int or graph["root"] != len(entries) - 1:
        raise ValueError(
            f"from_dict: root is {_shown(graph['root'])}, not {len(entries) - 1}, the last of the nodes: "
            "some are missing, or too many"
        )
    return entries


def _node_from(entry: Any, made: list[Value], classes: dict[str, type[Value]]) -> Value:
    """Return the node that `entry` describes, the next one after those already made."""

    def wrong(what: str) -> ValueError:
        return ValueError(f"from_dict: nodes[{len(made)}]{what}")

    def number(written: Any, key: str) -> float:
        if type(written) is float and math.isfinite(written):
            return written
        if type(written) is int:  # other programs write 2.0 as 2
            try:
                return float(written)
            except OverflowError:
                raise wrong(f"[{key!r}] is an int beyond the floats") from None
        if type(written) is str and written in _NOT_FINITE:
            return _NOT_FINITE[written]
        raise wrong(f"[{key!r}] holds {_shown(written)}, not a number, 'nan', 'inf' or '-inf'")

    def listed(key: str) -> list[Any]:
        if type(entry[key]) is not list:
            raise wrong(f"[{key!r}] is {_shown(entry[key])}, not a list")
        return entry[key]  # type: ignore[no-any-return]  # seen to be a list

    if type(entry) is not dict:
        raise wrong(f" is {_shown(entry)}, not a dictionary")
    if entry.keys() != set(KEYS):
        missing = [key for key in KEYS if key not in entry]
        surplus = [key for key in entry if key not in KEYS]
        raise wrong(f" has no key {missing[0]!r}" if missing else f" has an unknown key {surplus[0]!r}")
    op, label, kind = entry["op"], entry["label"], entry["kind"]
    places, partials = listed("operands"), listed("partials")
    if type(label) is not str:
        raise wrong(f"['label'] is {_shown(label)}, not a string")
    if len(partials) != len(places):
        raise wrong(f" has {len(places)} operands and {len(partials)} partials: each operand has one")
    for place in places:
        if type(place) is not int or not 0 <= place < len(made):
            raise wrong(f"['operands'] holds {_shown(place)}, not the place of a node before this one")

    data, grad = number(entry["data"], "data"), number(entry["grad"], "grad")
    if op is None:
        if places:
            raise wrong(" has operands but no op")
        if type(kind) is not str:
            raise wrong(f"['kind'] of a leaf is {_shown(kind)}, not a string")
        if kind not in classes:
            classes[kind] = _class_of(kind, wrong)
        return leaf_from(classes[kind], label, data, grad)
    row = TABLE.get(op) if type(op) is str else None
    if row is None:
        raise wrong(f"['op'] is {_shown(op)}, no row of the table here; rows of your own come first")
    if row.arity not in (-1, len(places)):
        raise wrong(f" has {len(places)} operands, and {op} takes {row.arity}")
    if kind is not None:
        raise wrong(f"['kind'] is {_shown(kind)}, and only a leaf has one")
    slopes = [number(partial, "partials") for partial in partials]
    return operation_from(Value, row, label, data, grad, *[made[place] for place in places], *slopes)


def _class_of(kind: str, wrong: Callable[[str], ValueError]) -> type[Value]:
    """Return the subclass of Value of that kind; the package's own goes before a user's."""
    found: list[type[Value]] = []
    classes = Value.__subclasses__()
    while classes:
        one = classes.pop()
        classes += one.__subclasses__()
        if vars(one).get("kind") == kind:
            found.append(one)
    package = __name__.partition(".")[0]
    ours = [one for one in found if one.__module__.partition(".")[0] == package]
    if len(ours or found) == 1:
        return (ours or found)[0]
    say = f"from_dict(graph, kinds={{{kind!r}: ...}})"
    if found:
        names = " and ".join(sorted(f"{one.__module__}.{one.__qualname__}" for one in found))
        raise wrong(f"['kind'] is {kind!r}, the kind of {names}: say which, {say}")
    raise wrong(
        f"['kind'] is {kind!r}, the kind of no subclass of Value here: import the module it is in "
        f"('param': chainrule.nn), or say what to make, {say}"
    )
