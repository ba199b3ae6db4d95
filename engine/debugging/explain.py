"""The chain rule from a root to one value, in words and numbers: `explain(loss, w)`."""

from __future__ import annotations

import math

from ..collector import collector_paused
from ..graph import topological_order
from ..known import check_known
from ..names import Names, own_name
from ..value import Value, described
from ..words import number
from .causes import causes, notes
from .explained import Factor, factor, how_many
from .explained_latex import latex_of
from .explained_text import text_of
from .notation import Naming, plain_number, ratio
from .paths import Path, Paths

_MOST_PATHS = 100_000


def explain(loss: Value, w: Value, k: int | None = 5) -> Explanation:
    """Return how d loss / d w comes about: every path from loss to w, each factor with its name and number.

    `print(explain(loss, w))` is text, `.latex()` the same for papers. The gradient is computed anew from
    the graph; no `grad` is read or changed. Where it is zero, tiny, huge, not finite or missing, the
    explanation says why: a dead unit, a saturated one, a tie, a clip, a detached value, ...

    k: how many paths to show, those with the largest |product| first; None for all of them. What the
    others add up to is always said, and how many they are, however many.
    Raises TypeError for what is no Value, ValueError for a k below 1 and for k=None where there are more
    than 100,000 paths.

    >>> x, w = Value(2.0, "x"), Value(0.5, "w")
    >>> y = (w * x).tanh()
    >>> y.label = "y"
    >>> print(explain(y, w))
    dy/dw = 0.8399: where w grows a little, y grows 0.8399 times as much.
    <BLANKLINE>
    y ← v2 ← w
    dy/dv2 · dv2/dw = 0.42 · 2 = 0.8399
    <BLANKLINE>
    dy/dv2 = 1 − y² = 0.42    y = tanh(v2) = 0.7616
    dv2/dw = x = 2            v2 = w × x = 1
    """
    check_known("explain", loss, w)
    for name, value in (("loss", loss), ("w", w)):
        if not isinstance(value, Value):
            raise TypeError(f"explain(loss, w) takes two Values; {name} is {described(value)}")
    if k is not None and (not isinstance(k, int) or isinstance(k, bool) or k < 1):
        raise ValueError(
            f"explain(k=...) takes how many paths to show, at least 1, or None for all, got {k!r}"
        )
    with collector_paused():
        return Explanation(loss, w, k)


class Explanation:
    """d loss / d w and the paths it is the sum over. `explain` makes it; `str` and `latex` show it."""

    def __init__(self, loss: Value, w: Value, k: int | None) -> None:
        self.loss, self.w = loss, w
        ways = Paths(loss, w)
        if k is None and ways.rounded_count > _MOST_PATHS:
            raise ValueError(
                f"explain(k=None) would show {how_many(ways)} paths: pass a k of at most {_MOST_PATHS:,}"
            )
        self.names: Naming = _Called(loss, w)
        self.ways = ways
        self.total: float = ways.gradient
        """d loss / d w: what one `backward()` adds to `w.grad`, to the last bit."""
        self.paths: list[Path] = ways.largest(_MOST_PATHS if k is None else k)
        """The paths shown; each has `values`, `partials`, `product` and `length`."""
        self.rest: float = math.nan if not math.isfinite(self.total) else self.total - _sum(self.paths)
        """What the paths not shown add up to; 0 where all are shown, but for rounding."""
        self.causes: list[str] = causes(ways, self.names, self.paths[0] if self.paths else None)
        """Why the gradient is zero, tiny, huge, not finite or missing; empty where it is none of these."""
        self.notes: list[str] = notes(ways, self.names)
        """What else to know: that w is a constant, that a hook may change the gradient."""
        self._text, self._latex = text_of(self), latex_of(self)

    @property
    def count(self) -> int:
        """How many paths there are, exactly, however many."""
        return self.ways.count if self.ways.exist else 0

    @property
    def share(self) -> float:
        """The sizes of the paths shown, as a share of the sum of all sizes |product|; nan where that is 0."""
        size = self.ways.size
        shown = math.fsum([abs(path.product) for path in self.paths]) if math.isfinite(size) else math.nan
        return shown / size if size else math.nan

    @property
    def factors(self) -> list[Factor]:
        """The factors of the paths shown, each once, from the root down."""
        steps = dict.fromkeys([step for path in self.paths for step in path])
        return [factor(node, place, self.names) for node, place in steps]

    def latex(self) -> str:
        r"""Return the explanation as LaTeX: an `aligned` block for a paper, without the dollars.

        Needs amsmath. Labels are escaped; those beyond Latin and Greek letters need XeLaTeX or LuaLaTeX.

        >>> x = Value(3.0, "x")
        >>> print(explain(x * 2.0, x).latex())
        \begin{aligned}
        \frac{\partial L}{\partial x} &= 2 \\
        \text{path 1: } & \frac{\partial L}{\partial x} = 2 \\
        \frac{\partial L}{\partial x} & = 2, \quad L = {x} \cdot {2} = 6
        \end{aligned}
        """
        return self._latex

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        name = ratio(self.names[self.loss], self.names[self.w])
        return f"<{name} = {number(self.total)}: print it to read why>"

    def _repr_latex_(self) -> str:
        return f"$$\n{self._latex}\n$$"


class _Called:
    """What the values of an explanation are called, also those that are not in the graph of the root."""

    def __init__(self, loss: Value, w: Value) -> None:
        order = topological_order(loss)
        self._graph, self._in_graph, self._loss, self._w = set(order), Names(order), loss, w

    def __getitem__(self, value: Value) -> str:
        if value is self._loss and plain_number(value):
            return "L"
        if value in self._graph:
            return self._in_graph[value]
        return own_name(value) or ("w" if value is self._w else f"a value of {number(value.data)}")


def _sum(paths: list[Path]) -> float:
    products = [path.product for path in paths]
    return math.fsum(products) if all(map(math.isfinite, products)) else sum(products)
