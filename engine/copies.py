"""Copies and pickles of graphs: what `copy.copy`, `copy.deepcopy` and `pickle` find in `Value`.

Nothing here recurses: a chain of a million operations is copied and pickled like one of three.
"""

from __future__ import annotations

import copy
import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from . import value as values  # still loading at this moment: Value itself needs this module
from .collector import collector_paused
from .graph import operations

if TYPE_CHECKING:
    from .primitive import Primitive
    from .value import Value

V = TypeVar("V", bound="Value")


def shallow_copy(value: V) -> V:
    """Return a value like this one, made from the same operands: what `copy.copy` gives.

    >>> from chainrule.engine import Value
    >>> x = Value(3.0, label="x")
    >>> y = copy.copy(x * x)
    >>> y.data, y.operands[0] is x
    (9.0, True)
    """
    made = _like(value, value.operands)
    made.grad = value.grad
    if _holds_more(type(value)):
        _put(made, _more(value))
    return made


def deep_copy(value: V, memo: dict[int, Any]) -> V:
    """Return a copy of this value with all it was made from: what `copy.deepcopy` gives.

    Numbers, gradients, partials, labels and classes are kept, rows of the table are not copied. What is
    shared stays shared, also between the roots of one `deepcopy([loss, model])`. Hooks stay behind, and
    of a gradient that `create_graph` recorded the number is kept.

    memo: `copy.deepcopy`'s own, from the identities of things to their copies.

    >>> from chainrule.engine import Value
    >>> x = Value(3.0, label="x")
    >>> y, leaf = copy.deepcopy((x * x, x))
    >>> y.data, y.operands[0] is leaf, leaf is x
    (9.0, True, False)
    """
    if value.primitive is None:
        return _deep_copy_one(value, (), memo)
    with collector_paused():
        nodes: list[Value] = operations(*value.operands, placed=lambda node: id(node) in memo)
        nodes.append(value)
        for node in nodes:
            operands = []
            for operand in node.operands:
                copied = memo.get(id(operand))
                # What is not there yet is a leaf. copy.deepcopy enters it, and asks a subclass's own method.
                operands.append(copy.deepcopy(operand, memo) if copied is None else copied)
            if id(node) not in memo:  # a leaf of a user's class may have led here already
                _deep_copy_one(node, tuple(operands), memo)
    made: V = memo[id(value)]
    return made


def _deep_copy_one(value: V, operands: tuple[Value, ...], memo: dict[int, Any]) -> V:
    made = memo[id(value)] = _like(value, operands)
    if _holds_more(type(value)):  # after the entry in the memo: it may lead back here
        _put(made, copy.deepcopy(_more(value), memo))
    return made


_new = object.__new__


def _like(value: V, operands: tuple[Value, ...]) -> V:
    made = _new(type(value))
    made.data = value.data
    made.grad = number_of(value.grad)
    made.label = value.label
    made.operands = operands
    made.partials = value.partials
    made.primitive = value.primitive
    return made


def number_of(grad: Any) -> float:
    """Return a gradient as a number: `backward(create_graph=True)` leaves Values, which have graphs too."""
    number: float = grad.data if isinstance(grad, values.Value) else grad
    return number


# A user's subclass may hold more than a Value does: in a dictionary, or in slots of its own.

More = tuple[dict[str, Any] | None, dict[str, Any]]
"""What else an object holds: in its dictionary and in its slots, as pickle takes a state."""


def _holds_more(kind: type[Value]) -> bool:
    # Newer Pythons keep the dictionary out of the basic size.
    return kind.__dictoffset__ != 0 or kind.__basicsize__ != values.Value.__basicsize__


def _more(value: Value) -> More:
    state = object.__getstate__(value)
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    own = {name: held for name, held in (slots or {}).items() if name not in values.Value.__slots__}
    return attributes, own


def _put(value: Value, more: More) -> None:
    attributes, slots = more
    if attributes:
        vars(value).update(attributes)
    for name, held in slots.items():
        setattr(value, name, held)


# -- pickles ------------------------------------------------------------------------------------------


def reduced(value: Value) -> tuple[Any, ...]:
    """Return how to make this value again: what `pickle` asks of it.

    Kept bit for bit: numbers, gradients, partials, labels; classes, by their names; and what is shared,
    leaves and inner values, between all that one pickle holds: a model and a loss built from it, a list
    of losses. Hooks stay behind, and of a gradient that `create_graph` recorded the number is kept.
    Two pickles know nothing of each other: what they share is loaded twice. Rows of the
    table go by name, so a row of your own must be defined where the pickle is loaded. Pickles run code
    when loaded: take them from people you trust, and `from_dict` from others.

    >>> import pickle
    >>> from chainrule.engine import Value
    >>> x = Value(3.0, label="x")
    >>> y, leaf = pickle.loads(pickle.dumps((x * x, x)))
    >>> y.backward()
    >>> leaf
    Value(3, grad=6, label='x')
    """
    if value.primitive is None:
        more = (_more(value),) if _holds_more(type(value)) else ()
        return leaf_from, (type(value), value.label, value.data, number_of(value.grad)), *more
    return _reduced_operation(value)


# How a pickle stays flat. A pickler that meets an operation would go on to its operands, and from them
# to theirs, by recursion. So the root's entry begins with a list of all the operations below, operands
# first: the pickler writes them one after the other, and what each one is made from stands in its memo
# by then. The operations of such a list are reduced to themselves and their operands; any other one
# is a root and brings a list. Which of the two holds only decides how deep the pickler goes and how
# often it looks: the pickle is right either way.


class _Listing:
    """A list that a pickler is about to write, then the root. It stands last itself and so learns of that.

    A pickler's memo keeps what it has written alive: as long as a listing lives, so does its pickler, or
    the attempt that failed. For that reason only weak references to them are kept here.
    """

    __slots__ = ("__weakref__", "outer", "pending", "written")

    def __init__(self, pending: set[Value], written: set[Value], outer: _Listing | None) -> None:
        self.pending = pending
        self.written = written
        self.outer = outer

    def __reduce__(self) -> tuple[Any, ...]:
        _underway.set(None if self.outer is None else weakref.ref(self.outer))
        self.pending.clear()
        self.outer = None
        return _end_of_list, ()


_underway: ContextVar[weakref.ref[_Listing] | None] = ContextVar("underway", default=None)
_latest: ContextVar[weakref.ref[_Listing] | None] = ContextVar("latest", default=None)


def _alive(variable: ContextVar[weakref.ref[_Listing] | None]) -> _Listing | None:
    reference = variable.get()
    return None if reference is None else reference()


def _reduced_operation(value: Value) -> tuple[Any, ...]:
    underway = _alive(_underway)
    itself = (type(value), value.primitive, value.label, value.data, number_of(value.grad), *value.operands)
    more = (_more(value),) if _holds_more(type(value)) else ()
    if underway is not None and value in underway.pending:
        underway.written.add(value)
        return operation_from, (*itself, *value.partials), *more
    # A root. Of several in one pickle, the later ones need not list what the earlier ones brought. What
    # wrote those may have been another pickler that still lives: then this one comes back here on the
    # way, and gets the full list.
    latest = _alive(_latest)
    written = set() if latest is None else latest.written
    known = written if underway is None else set()
    below = operations(*value.operands, placed=known.__contains__)
    listing = _Listing(set(below), written, outer=underway)
    written.add(value)
    _underway.set(weakref.ref(listing))
    _latest.set(weakref.ref(listing))
    return _root, (tuple(below), *itself, *value.partials, listing), *more


def leaf_from(kind: type[V], label: str, data: float, grad: float) -> V:
    leaf = _new(kind)
    leaf.data, leaf.grad, leaf.label = data, grad, label
    leaf.operands, leaf.partials, leaf.primitive = (), (), None
    return leaf


def operation_from(
    kind: type[V], primitive: Primitive, label: str, data: float, grad: float, *rest: Any
) -> V:
    node = _new(kind)
    node.data, node.grad, node.label, node.primitive = data, grad, label, primitive
    half = len(rest) // 2
    node.operands, node.partials = rest[:half], rest[half:]
    return node


def _root(below: tuple[Value, ...], kind: type[V], *rest: Any) -> V:
    return operation_from(kind, *rest[:-1])


def _end_of_list() -> None:
    return None
