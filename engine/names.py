"""What to call the values of a graph, in messages, steps, explanations and pictures."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .about import about
from .words import cut, plain

if TYPE_CHECKING:
    from .value import Value


class Names:
    """A name for every value of one graph; no two are alike but those of constants.

    A value is called by its label; without one, by what is known of where it was made (see
    `record_sources`); else a constant by its number, the root L, and any other value v0, v1, ... by its
    place in the topological order, so that the same graph gets the same names. Where a label or a found
    name occurs more than once, `#2`, `#3` and so on are added from the second on. Names are
    harmless text on one line, whatever a label holds.

    order: the values, in topological order, the root last.

    >>> from chainrule.engine import Value, topological_order
    >>> a, b = Value(2.0, "a"), Value(-3.0)
    >>> loss = (a * b + 1.0) ** 2
    >>> names = Names(topological_order(loss))
    >>> [names[value] for value in topological_order(loss)]
    ['v0', 'a', 'v2', '1', 'v4', '2', 'L']
    """

    def __init__(self, order: Sequence[Value]) -> None:
        self._names: dict[Value, str] = {}
        self._taken: dict[str, int] = {}
        for value in order:
            own = own_name(value)
            if own:
                self._names[value] = self._unique(own)
        for place, value in enumerate(order):
            if value in self._names:
                continue
            if value.primitive is None and type(value).kind == "const":
                self._names[value] = f"{value.data:.6g}"  # equal numbers may well be called alike
            else:
                self._names[value] = self._unique("L" if value is order[-1] else f"v{place}")

    def _unique(self, name: str) -> str:
        times = self._taken[name] = self._taken.get(name, 0) + 1
        return name if times == 1 else self._unique(f"{name}#{times}")

    def __getitem__(self, value: Value) -> str:
        return self._names[value]


def own_name(value: Value) -> str:
    r"""Return what `value` is called wherever it stands: its label, else the name it was assigned to.

    Nothing where it has neither. The latter is known of values made in `record_sources()`.

    >>> from chainrule.engine import Value
    >>> own_name(Value(2.0, label="learning\nrate"))
    'learning↵rate'
    """
    if value.label:
        return cut(plain(value.label))
    known = about(value)
    return "" if known is None or known.source is None else cut(plain(known.source.name))


def differential(name: str) -> str:
    """Return what a small change of a value is called: `dw`, and `d(w[0])` where a bare name would mislead.

    >>> differential("w₁"), differential("w#2"), differential("hidden 1")
    ('dw₁', 'dw#2', 'd(hidden 1)')
    """
    word = unicodedata.normalize("NFKC", name.partition("#")[0])  # of w#2 the w; subscripts as digits
    return f"d{name}" if word.isidentifier() else f"d({name})"
