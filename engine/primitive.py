"""What a row of the table is, and its own call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias, overload

from . import modes
from .ieee import Ieee, not_a_number
from .methods import attach
from .trouble import Trouble
from .value import Number, Value, as_values, constant, described, record

TABLE: dict[str, Primitive] = {}
"""Every row by its name, in the order of definition."""

Point: TypeAlias = tuple[float, ...]


def nothing_to_say(place: int, *operands_and_out: Any) -> str:
    """Return the remark of rows whose partials need none."""
    return ""


@dataclass(frozen=True, eq=False)
class Primitive:
    """A row of the table: one operation, and everything that depends on which operation it is.

    Making one enters it in the table. From it follow the function of this object's own call
    (`exp(x)`, on floats and Values), the method and operator of `Value`, the local derivatives of
    `backward()`, the label in pictures, the documentation and the tests.
    """

    name: str
    """The function's and method's name."""

    formula: str
    """What it computes, in the words x, y and out."""

    evaluate: Callable[..., float]
    """Floats in (a variadic row: one tuple of them), float out. Where it raises, `ieee` is asked."""

    partials: Callable[..., tuple[Any, ...]]
    """Called with the operands (a variadic row: one tuple of them) and `out`: d out / d each operand.

    Uses nothing but operators, comparisons and functions of the table, so that it runs on floats and
    on Values alike.
    """

    points: tuple[Point, ...] = ()
    """Where tests compare the partials with differences: smooth, derivatives of order one."""

    variadic: bool = False
    """Whether it takes any number of operands."""

    symbol: str = ""
    """The sign in pictures; the name where there is none."""

    dunder: str = ""
    """The Python operator it stands behind, as in `__add__`."""

    ieee: Callable[..., float] = not_a_number
    """The value where `evaluate` raises."""

    kinks: tuple[tuple[Point, Point], ...] = ()
    """The rule where the derivative jumps: the partials that are returned at such points."""

    side: Callable[..., tuple[str, float]] | None = None
    """For a row with kinks or jumps, called with the operands as floats (a variadic row: one tuple of them):
    on which side of them it is, in words, and how far from another; nan where that cannot be known."""

    edges: tuple[tuple[Point, float], ...] = ()
    """The value at the ends of the domain and outside it."""

    troubles: tuple[Trouble, ...] = ()
    """What to say where the value or a partial is inf or nan, the first that fits; none: general words."""

    domain: tuple[Point, ...] = ()
    """(least, largest) for each operand, or one pair for all: where accuracy is measured; none: anywhere."""

    bound: str = ""
    """What its error stays below, as in "6 ulp of the largest term"; none: 4 ulp of the result."""

    aliases: tuple[str, ...] = ()
    """Other names of the method: those of `math`, and what NumPy calls on the elements of its arrays."""

    defaults: tuple[float, ...] = ()
    """What the last operands are where they are left out."""

    textbook: Callable[..., tuple[Any, ...]] | None = None
    """The partials as textbooks write them, for explanations; none: as `partials` computes them."""

    remark: Callable[..., str] = nothing_to_say
    """Called with an operand's place, then like `partials`: in words why its partial is 0, small or split.

    In the text {x}, {y}, {z} (a variadic row: {x1}, {x2}, ...) and {out} become names with their numbers.
    """

    method: bool = False
    """Whether `Value` has it as a method although it is variadic; the others always are methods."""

    folds: bool = False
    """Whether a call of more than two operands goes through them from left to right, two at a time."""

    opaque: bool = False
    """Whether its formulas take floats alone: the compiler calls the one and has no derivative."""

    lower: Callable[..., Any] | None = None
    """The value by other rows of the table, for the compiler, where it cannot make that of `evaluate`."""

    arity: int = 0
    """How many operands it takes: as many as its points have, unless said; -1 for any number."""

    def __post_init__(self) -> None:
        """Enter the row in the table and give `Value` its method and operator.

        Raises ValueError for a name that is taken or no name at all, and where the arity is not said.
        """
        if not self.name.isidentifier():
            raise ValueError(f"a row needs a name that Python can call it by, got {self.name!r}")
        for name in (self.name, *self.aliases):
            if hasattr(Value, name) or name in TABLE:
                raise ValueError(f"a row cannot be named {name!r}: Value or the table has that name already")
        if not (self.variadic or self.arity or self.points):
            raise ValueError(f"the row {self.name!r} says neither its arity nor points that have one")
        object.__setattr__(self, "arity", -1 if self.variadic else self.arity or len(self.points[0]))
        TABLE[self.name] = self
        if self.method or not self.variadic:
            attach(self)

    @overload
    def __call__(self, *operands: Number) -> float: ...
    @overload
    def __call__(self, x: Value, /, *others: Value | Number) -> Value: ...
    @overload
    def __call__(self, x: Number, y: Value, /, *others: Value | Number) -> Value: ...
    def __call__(self, *operands: Value | Number) -> Value | float:
        """Return the result as a Value where any operand is one, else as a float."""
        if len(operands) != self.arity and not self.variadic:
            if self.folds and len(operands) > 2:
                return reduce(self, operands)  # type: ignore[arg-type]
            missing = self.arity - len(operands)
            if not 0 < missing <= len(self.defaults):
                more = f" or more, got {len(operands)}; of a list xs: {self.name}(*xs)" if self.folds else ""
                raise TypeError(f"{self.name} takes {_count(self.arity)}{more or f', got {len(operands)}'}")
            operands += self.defaults[-missing:]
        for operand in operands:
            if type(operand) is not float:
                break
        else:  # formulas of partials run here for every operation, so floats get no further checks
            return self._value(operands)  # type: ignore[arg-type]  # seen to be floats
        for operand in operands:  # what is neither number nor Value may know itself what to do
            interpreted = getattr(type(operand), "apply_primitive", None)
            if interpreted is not None:
                result: Value | float = interpreted(operand, self, operands)
                return result
        if any(isinstance(operand, Value) for operand in operands):
            made = self.apply(as_values(operands, self.name))
            if len(made.partials) != len(made.operands):  # a missing one would drop a gradient in silence
                raise TypeError(
                    f"the row {self.name!r} gives {len(made.partials)} partials for {len(made.operands)} "
                    "operands: it needs one for each"
                )
            return made
        return self._on_numbers(operands)

    def apply(self, operands: tuple[Value, ...]) -> Value:
        """Return the value this primitive makes of `operands`, with its partials, which a call checks.

        Functions of the table's own rows, such as `dot`, come here without a check: it would cost each a
        percent.
        """
        numbers = tuple([operand.data for operand in operands])
        try:
            if self.variadic:
                out = self.evaluate(numbers)
                partials = self.partials(numbers, out)
            else:
                out = self.evaluate(*numbers)
                partials = self.partials(*numbers, out)
        except (ArithmeticError, ValueError):
            out, partials = self.linearize(*numbers)
        return record(self, out, operands, partials)

    def over(self, operands: tuple[Value | Number, ...]) -> Any:
        """Return what calling this with `operands` returns: a Value, or a float where all are numbers.

        Long rows of operands are nearly always Values throughout, so that is tried first.
        """
        if operands and not modes.recorders:
            try:
                return self.apply(operands)  # type: ignore[arg-type]  # where that is wrong it raises
            except (AttributeError, TypeError):
                pass
        return self(*operands)  # type: ignore[arg-type]  # Values may be anywhere among them

    def partials_at(self, operands: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
        """Return the partials by their formulas: floats at floats, Values at Values."""
        return self.partials(operands, out) if self.variadic else self.partials(*operands, out)

    def linearize(self, *numbers: float) -> tuple[float, Point]:
        """Return the value and the partials at `numbers`, in IEEE arithmetic: nothing raises."""
        out = self._value(numbers)
        partials = self.partials_at(tuple(map(Ieee, numbers)), Ieee(out))
        return out, tuple(map(float, partials))

    def _value(self, numbers: tuple[float, ...]) -> float:
        try:
            return self.evaluate(numbers) if self.variadic else self.evaluate(*numbers)
        except (ArithmeticError, ValueError):
            return self.ieee(*numbers)

    def _on_numbers(self, operands: tuple[Any, ...]) -> float:
        numbers = []
        for operand in operands:
            number = constant(operand)
            if number is None:
                array = "; for an array, numpy's function of that name works element by element"
                raise TypeError(
                    f"{self.name} takes Values and plain numbers, got {described(operand)}"
                    + array * hasattr(operand, "dtype")
                )
            numbers.append(number.data)
        out = self._value(tuple(numbers))
        # The formula of a partial may call this on Ieee floats and go on with the result.
        return Ieee(out) if any(isinstance(operand, Ieee) for operand in operands) else out

    def __reduce__(self) -> tuple[Any, ...]:
        return row_named, (self.name,)  # copies are the row itself; pickles hold its name

    def __repr__(self) -> str:
        return f"<primitive {self.name}: {self.formula}>"


def row_named(name: str) -> Primitive:
    """Return the row of that name.

    Raises LookupError, with the way out, where the table has none.

    >>> row_named("tanh")
    <primitive tanh: hyperbolic tangent of x>
    """
    row = TABLE.get(name)
    if row is None:
        raise LookupError(
            f"the table has no row {name!r}: define it, or import the module that does, before you load this"
        )
    return row


def _count(n: int) -> str:
    return "1 operand" if n == 1 else f"{n} operands"
