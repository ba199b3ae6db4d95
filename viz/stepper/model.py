"""What the page knows of a graph: its cards and edges, and the steps of the pass forward and backward.

All numbers are floats and all texts plain; nothing here knows where a card stands or how it looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath

from ...engine import Source, Value
from ...engine.debugging.causes import remark
from ...engine.debugging.trace import Trace
from ...engine.names import Names, own_name
from ...engine.words import cut, number, plain
from ..scene import Cards, is_constant, order_matters
from .formula import Formula, local_derivative, operation

KINDS = ("param", "input", "const")
"""The kinds of leaves that have a look of their own; others look like inputs."""

_LONGEST_CODE = 120


@dataclass(frozen=True)
class Operand:
    """What stands in one place of an operation: a card, or a number that has none."""

    name: str
    data: float
    card: int | None


@dataclass(frozen=True)
class Card:
    """One value of the graph."""

    name: str
    """What formulas call it; no two cards that are not constants are called alike."""
    own: bool
    """Whether the name is its label, or the name it was assigned to, and not just a number in the graph."""
    label: str
    """Its whole label, however long."""
    sign: str
    """The operation's sign, with a number that is shown inside the card; nothing for a leaf."""
    word: str
    """What it is, where that is not an operation: param, input, const, root, ..."""
    kind: str
    """How it looks: one of KINDS, "op" or "root"."""
    data: float
    constant: bool
    """Whether no gradient is asked for."""
    ordered: bool
    """Whether a picture must show which operand comes first."""
    operands: tuple[Operand, ...]
    formula: Formula
    """How it is computed from its operands."""
    where: str
    """The file and line it was made in, where that was recorded."""
    code: str
    """The expression that made it, where that was recorded."""


@dataclass(frozen=True)
class Edge:
    """One use of one card by another."""

    operand: int
    user: int
    partial: float
    """d user / d operand, for this use."""
    formula: Formula
    """The same as a formula of the user's operands; nothing where it is just a number."""
    remark: str
    """What the operation has to say of it: saturated, a dead unit, a tie, ..."""
    shared: bool
    """Whether the operand has other uses, so that its gradient is a sum."""
    flows: bool
    """Whether anything is handed back along it: constants ask for nothing."""


@dataclass(frozen=True)
class Flow:
    """One step of the backward pass: what one edge hands back."""

    edge: int
    upstream: float
    contribution: float
    before: float
    after: float
    """The operand's gradient before and after it."""


@dataclass(frozen=True)
class Hook:
    """One step of the backward pass: a hook replaces a gradient before it is handed on."""

    card: int
    before: float
    after: float


@dataclass
class Steps:
    """A graph and its two passes; the root is the last card."""

    cards: list[Card] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    forward: list[int] = field(default_factory=list)
    """The cards of operations, in the order in which they are computed."""
    backward: list[Flow | Hook] = field(default_factory=list)
    """What happens in the backward pass, in its order, after the root has got its gradient of 1."""

    @property
    def flows(self) -> list[Flow]:
        """The steps in which an edge hands something back."""
        return [step for step in self.backward if isinstance(step, Flow)]

    def changed_by(self, step: Flow | Hook) -> int:
        """Return the card whose gradient a step changes."""
        return step.card if isinstance(step, Hook) else self.edges[step.edge].operand

    @property
    def gradients(self) -> list[float | None]:
        """Return d root / d card for each card as the steps leave it; None for constants."""
        found: list[float | None] = [None if card.constant else 0.0 for card in self.cards]
        found[-1] = 1.0
        for step in self.backward:
            found[self.changed_by(step)] = step.after
        return found


def steps_of(values: list[Value]) -> Steps:
    """Return the steps of a graph as its numbers are now. No `grad` is read or changed.

    values: in topological order, so the root is the last.
    """
    cards, names = Cards(values), Names(values)
    places = {value: place for place, value in enumerate(cards.cards)}
    steps = Steps([_card(value, cards, names, places) for value in cards.cards])
    edges: dict[tuple[Value, int], int] = {}
    for value in cards.cards:
        for i, (operand, partial) in enumerate(zip(value.operands, value.partials, strict=True)):
            if operand not in places:
                continue
            edges[value, i] = len(steps.edges)
            shared = cards.uses[operand] > 1
            flows = not is_constant(operand)
            ends = (places[operand], places[value])
            formula = local_derivative(value, i) if flows else []
            steps.edges.append(
                Edge(*ends, float(partial), formula, remark(value, i, names) if flows else "", shared, flows)
            )
    steps.forward = [places[value] for value in cards.cards if value.primitive is not None]
    steps.backward = _backward(cards.root, places, edges)
    return steps


def _card(value: Value, cards: Cards, names: Names, places: dict[Value, int]) -> Card:
    word = cards.kind(value)
    if value is cards.root:
        kind = "root"
    elif value.primitive is not None:
        kind = "op"
    else:
        kind = word if word in KINDS else "input"
    row, source = value.primitive, value.source
    return Card(
        name=_name(value, names),
        own=bool(own_name(value)) or value is cards.root,
        label=plain(value.label),
        sign=cards.operation(value),
        word=word,
        kind=kind,
        data=float(value.data),
        constant=is_constant(value) and value is not cards.root,
        ordered=row is not None and order_matters(row),
        operands=tuple([Operand(_name(x, names), float(x.data), places.get(x)) for x in value.operands]),
        formula=operation(value),
        where="" if source is None else _where(source),
        code="" if source is None else cut(source.text, _LONGEST_CODE),
    )


def _name(value: Value, names: Names) -> str:
    """Return what formulas call a value: a constant that nobody named by its number, with a real minus."""
    return number(float(value.data)) if is_constant(value) and not own_name(value) else names[value]


def _where(source: Source) -> str:
    """Return file and line as a reader looks for them; the folders are nobody else's business."""
    place = f"{cut(plain(PurePath(source.file).name))}, line {source.line}"
    return f"first used in {place}" if source.used else place


def _backward(
    root: Value, places: dict[Value, int], edges: dict[tuple[Value, int], int]
) -> list[Flow | Hook]:
    """Return the steps of the backward pass, which the engine walks, and where hooks came between."""
    trace = Trace(root)
    reached = {root: 1.0}
    found: list[Flow | Hook] = []

    def unless_hooked(value: Value, now: float) -> None:
        before = reached[value]
        if not (before == now or (before != before and now != now)):
            found.append(Hook(places[value], before, now))

    for step in trace:
        unless_hooked(step.node, step.upstream)
        reached[step.node] = step.upstream
        edge = edges[step.node, step.place]
        found.append(Flow(edge, step.upstream, step.contribution, step.grad_before, step.grad_after))
        reached[step.operand] = step.grad_after
    trace.until(lambda _: False)  # to the end, where the hooks of leaves have run
    for value in reached:
        unless_hooked(value, trace.grad(value))
    return found
