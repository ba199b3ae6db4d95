"""The number that remembers how it was made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from . import copies, graph, modes
from .about import DETACHED, UNRECORDED, About, OnlyScope, OnlySource, about, cut_off
from .comparisons import Comparisons
from .debugging import steps, trace, watchpoints
from .debugging.debugger import open_debugger
from .debugging.source import source_of
from .hooks import Handle, register
from .operations import Operations
from .shown import safe_repr, shown
from .trouble import not_finite_text
from .words import cut

if TYPE_CHECKING:
    from .debugging.source import Source
    from .primitive import Primitive

Number = int | float
REAL = (int, float, Real, Decimal)
"""What the engine takes for a plain real number; NumPy's real scalars are registered as Real."""


class Value(Comparisons, Operations):
    """A float that remembers how it was made, so that the chain rule can be run over it.

    Arithmetic on Values (and on Values and plain numbers) gives Values, and so does every function of
    the table: `(a * b).tanh()`, `exp(a)`, `2 ** a`. `backward()` on a result fills in the gradients of
    everything it was made from. Comparisons look at `data`; hashing looks at identity, so that Values
    can be dictionary keys and members of sets.

    data: any real number; NumPy scalars, Fraction and Decimal are converted to float.
    label: a name for pictures and messages; it is shown, never interpreted.
    Raises TypeError for what is not one real number, OverflowError for an int beyond the floats.

    >>> w = Value(3.0, label="w")
    >>> loss = (w * 2.0 - 1.0) ** 2
    >>> loss.backward()
    >>> loss.data, w.grad
    (25.0, 20.0)
    """

    __slots__ = ("about", "data", "grad", "label", "operands", "partials", "primitive")

    kind: ClassVar[str] = "input"
    """What a leaf of this class is called in pictures."""

    data: float
    """The number itself."""
    grad: float
    """d root / d self, as the last `backward()` left it; 0.0 before. Leaves add up several passes."""
    operands: tuple[Value, ...]
    """The values this one was made from, in the order written; empty for a leaf."""
    partials: tuple[float, ...]
    """d self / d operand for each operand, at the numbers the operands held when this was made."""
    primitive: Primitive | None
    """The row of the table that made it; None for a leaf."""
    label: str
    """Its name in pictures and messages."""
    about: About | OnlySource | OnlyScope
    """Its hooks, watchpoints, source and scope; there only where it has any."""

    def __init__(self, data: Number, label: str = "") -> None:
        self.data = data if type(data) is float else float_from(data)
        self.grad = 0.0
        self.operands = ()
        self.partials = ()
        self.primitive = None
        self.label = label

    def backward(self, create_graph: bool = False, *, retain_graph: bool = True) -> None:
        """Compute d self / d value for every value this one was made from, by the chain rule.

        Leaves (values you made yourself) add the new gradient to what `grad` already holds, so that
        losses and mini-batches add up; set `grad = 0` or call `zero_grad()` to start anew. Inner
        values start from zero at each call. A root that is not finite gets a RuntimeWarning; inside
        `strict` that, and a gradient that is not, is an error.

        create_graph: record the pass itself, so that it can be differentiated again: the gradients of
        leaves are then Values. They and the leaves hold on to each other until you set `grad = 0`; the
        functions `grad`, `hessian` and so on give higher derivatives without that.
        retain_graph: taken for PyTorch's sake; a graph lasts as long as you hold its result, either way.
        Raises TypeError where create_graph is neither True nor False: PyTorch's first argument is the
        gradient to begin with, `(2.0 * c).backward()` here.

        >>> a, b = Value(2.0), Value(-3.0)
        >>> c = a * b + a
        >>> c.backward()
        >>> a.grad, b.grad
        (-2.0, 2.0)
        """
        if create_graph is not False:
            _check_flag(create_graph)
        graph.backward(self, create_graph)
        if modes.restrictions and modes.is_strict():
            from .debugging.diagnose import check_gradients  # which needs this module

            check_gradients(self)

    def register_hook(self, hook: Callable[[float], float | None]) -> Handle:
        """Call `hook` with d root / d self in every backward pass; what it returns is used instead.

        As PyTorch's: the hook sees the gradient of this pass, complete, before it is passed on to the
        operands, or, at a leaf, added to `grad`. Returning None changes nothing. Hooks run in the order
        of registration. Returns a handle whose `remove()` takes the hook away.
        Raises TypeError on a constant, which has no gradient, and for a hook that cannot be called.

        >>> w = Value(3.0)
        >>> handle = w.register_hook(lambda gradient: min(gradient, 1.0))
        >>> (w * w).backward()
        >>> w.grad
        1.0
        """
        if isinstance(self, Constant):
            raise TypeError(f"{self!r} has no gradient to hook: it is a constant")
        return register(self, hook)

    backward_steps = steps.backward_steps
    trace = trace.trace
    break_when = watchpoints.break_when

    def zero_grad(self) -> None:
        """Set the gradient of this value, and of everything it was made from, to zero."""
        for node in graph.topological_order(self):
            node.grad = 0.0

    def item(self) -> float:
        """Return the number as a plain float, without its history."""
        return self.data

    def detach(self) -> Constant:
        """Return a constant with the same number and label: no gradient flows back through it."""
        cut = Constant(self.data, label=self.label)
        if modes.open_blocks and (see := modes.watcher()) is not None:
            _show(see, cut)
        return cut_off(cut, DETACHED)

    @property
    def source(self) -> Source | None:
        """Where it was made: file, line, expression, name; None unless that was in `record_sources()`."""
        known = about(self)
        return None if known is None or known.source is None else source_of(known.source)

    def debug(self) -> None:
        """Open the debugger where this value was made, with the local variables of that moment.

        It was made in a block of `record_sources(frames=True)`; see there what that costs. Calls
        `breakpoint()`, so PYTHONBREAKPOINT chooses the debugger. Variables can be looked at and changed
        to no effect: the function has long returned.
        Raises RuntimeError where no variables were kept.
        """
        open_debugger(self)

    def __pos__(self) -> Value:
        return self

    def __divmod__(self, y: Value | Number) -> tuple[Value, Value]:
        return self // y, self % y

    def __rdivmod__(self, x: Number) -> tuple[Value, Value]:
        return x // self, x % self

    def conjugate(self) -> Value:
        """Return self, as real numbers do: NumPy's var, std, vdot and norms ask for it."""
        return self

    def __float__(self) -> NoReturn:
        raise TypeError(
            "float(Value) would drop the gradient in silence: use v.item() for the plain number, "
            "or the methods and functions of chainrule.engine (v.exp(), exp(v)) to keep it"
        )

    def __int__(self) -> NoReturn:
        raise TypeError(
            "int(Value) would drop the gradient in silence: use v.item() for the plain number, which int() "
            "takes, or v.trunc(), v.floor(), v.round() to stay in the graph"
        )

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    def __repr__(self) -> str:
        return shown(self)

    # Copies and pickles; copies.py says what they keep.

    def __copy__(self) -> Self:
        return copies.shallow_copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return copies.deep_copy(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return copies.reduced(self)


class Constant(Value):
    """A plain number inside a graph: made where an operation meets one, by `detach` and by `no_grad`.

    Nothing asks for its gradient; pictures show it small and without one.
    """

    __slots__ = ()
    kind = "const"

    def backward(self, create_graph: bool = False, *, retain_graph: bool = True) -> NoReturn:
        """Raise RuntimeError, as PyTorch does: there are no operations to go back through."""
        raise graph.nothing_recorded("backward", self)


def _check_flag(create_graph: object) -> None:
    if not isinstance(create_graph, bool):
        raise TypeError(
            f"backward(create_graph) takes True or False, got {described(create_graph)}: to begin with "
            "another gradient than 1, multiply first, (2.0 * loss).backward()"
        )


def _show(see: Callable[[Value], None], value: Value) -> None:
    see(value)  # from as far below the user's code as `record` does


_new = object.__new__


def record(
    primitive: Primitive, data: float, operands: tuple[Value, ...], partials: tuple[float, ...]
) -> Value:
    """Return the value that `primitive` made: every operation ends here.

    partials: d result / d operand, one for each operand. Inside `no_grad` the result is a constant;
    inside `strict` one that is not finite raises NotFiniteError.
    """
    if modes.restrictions:
        if modes.is_strict() and not math.isfinite(data):
            if (see := modes.watcher()) is not None:  # which may know names for the operands
                see(_node(primitive, data, operands, partials))
            raise modes.NotFiniteError(not_finite_text(primitive, operands, data))
        if not modes.recording():
            unrecorded = Constant(data)
            if (see := modes.watcher()) is not None:
                see(unrecorded)
            return cut_off(unrecorded, UNRECORDED)
    node = _new(Value)  # as `_node` does; written out, because a call would cost time at every operation
    node.data = data
    node.grad = 0.0
    node.operands = operands
    node.partials = partials
    node.primitive = primitive
    node.label = ""
    if modes.open_blocks and (block := modes.watching_here()) is not None:
        see = block.state if block.open else modes.watcher()
        if see is not None:
            see(node)
    return node


def _node(
    primitive: Primitive, data: float, operands: tuple[Value, ...], partials: tuple[float, ...]
) -> Value:
    node = Value(data)
    node.primitive, node.operands, node.partials = primitive, operands, partials
    return node


def constant(number: object) -> Constant | None:
    """Return `number` as a constant, or None where it is not a number the engine knows."""
    if type(number) is float or type(number) is int:
        return Constant(number)
    if isinstance(number, bool):  # a comparison used as a factor, as Python allows with its own numbers
        return Constant(float(number))
    return Constant(number) if isinstance(number, REAL) else None  # type: ignore[arg-type]  # seen to be real


def as_values(numbers: Iterable[Value | Number], what: str) -> tuple[Value, ...]:
    """Return the numbers as Values: Values as they are, plain numbers as constants.

    what: the operation and argument to name in the TypeError that anything else gets.
    """
    return tuple([n if isinstance(n, Value) else _constant_or_error(n, what) for n in numbers])


def _constant_or_error(number: object, what: str) -> Constant:
    made = constant(number)
    if made is None:
        raise TypeError(f"{what} takes Values and plain numbers, got {described(number)}")
    return made


def float_from(data: Any) -> float:
    """Return `data` as a float, or raise an error that says what to pass instead."""
    if isinstance(data, Value):
        if (no_input := getattr(data, "no_input", None)) is not None:  # the compiler's stand-in
            raise no_input()
        raise TypeError(
            "Value(...) cannot hold a Value: use it as it is, v.detach() for a copy without "
            "history, or v.item() for the plain number"
        )
    if isinstance(data, bool):
        raise TypeError(f"Value(...) cannot hold {data}: pass a number, 1.0 or 0.0")
    if isinstance(data, REAL):
        try:
            return float(data)
        except OverflowError:
            size = f"an int of {data.bit_length()} bits" if isinstance(data, int) else described(data)
            raise OverflowError(
                f"Value(...) cannot hold {size}: floats end near 1.8e308; pass math.inf if that is meant"
            ) from None
    if hasattr(data, "__len__") and not isinstance(data, str | bytes):
        each = "make one Value for each element, [Value(x) for x in xs]"
        alone = getattr(data, "shape", None) == ()  # an array or tensor without axes
        way_out = "pass the number in it, x.item()" if alone else each
        raise TypeError(f"Value(...) cannot hold {described(data)}: it is one number; {way_out}")
    raise TypeError(f"Value(...) cannot hold {described(data)}: pass an int or a float")


def described(thing: object) -> str:
    """Return a short description of a wrong argument: itself, and its type where that says more."""
    itself = cut(safe_repr(thing), 40)
    return itself if isinstance(thing, str) or thing is None else f"{itself} ({type(thing).__name__})"
