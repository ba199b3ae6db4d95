"""Functions of functions: gradients, Jacobians and Hessians, in both modes and of any order.

Each runs its function once on fresh Values and then the chain rule over the recorded graph, backwards or
forwards. Where the graph also leads to other Values, of an enclosing `grad` or made by the user, the pass
is recorded in turn and the result is Values, so that it can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any, Literal, NamedTuple

from .graph import adjoints, operations, tangents
from .hooks import live
from .modes import enable_grad, recording
from .tree import flatten
from .value import Constant, Value, described

Argnums = int | Sequence[int]


class Recorded(NamedTuple):
    """A function's run on fresh Values."""

    inputs: list[Value]
    """What the function was differentiated by, in place of the numbers in the chosen arguments."""
    outputs: list[Value]
    """The numbers it returned, as Values; constants where they do not depend on anything."""
    of_inputs: Callable[[Sequence[Any]], Any]
    """Puts numbers in the places of the inputs: a structure like the chosen arguments."""
    of_outputs: Callable[[Sequence[Any]], Any]
    """Puts numbers in the places of the outputs: a structure like the result."""
    order: list[Value]
    """The operations between them, in topological order."""
    nested: bool
    """Whether the result must be Values: it depends on others than the inputs."""
    may_nest: bool
    """Whether that was asked at all: inside `no_grad` results are floats."""

    def along(self, seeds: Sequence[Any]) -> Recorded:
        """Return this run for a pass with `seeds`: a seed that is somebody's Value makes the result one."""
        return self._replace(nested=self.nested or (self.may_nest and any(map(_is_owned, seeds))))

    def result(self) -> Any:
        """Return what the function returned: floats, or Values where they matter to somebody else."""
        return self.of_outputs([self.number(output) for output in self.outputs])

    def number(self, value: Any) -> Any:
        """Return `value` as a Value where the result is differentiated again, else as a float."""
        if self.nested:
            return value if isinstance(value, Value) else Constant(value)
        return value.data if isinstance(value, Value) else float(value)

    def gradients(self, seeds: Sequence[Any]) -> list[Any]:
        """Return sum of seed * d output / d input, for each input: reverse mode."""
        totals: dict[Value, Any] = {}
        for output, seed in zip(self.outputs, map(self._seed, seeds), strict=True):
            totals[output] = totals[output] + seed if output in totals else seed
        found = adjoints(totals, self.order, record=self.nested, hooks=bool(live))
        return [self.number(found.get(value, 0.0)) for value in self.inputs]

    def directional(self, seeds: Sequence[Any]) -> list[Any]:
        """Return sum of d output / d input * seed, for each output: forward mode."""
        known = dict(zip(self.inputs, map(self._seed, seeds), strict=True))
        found = tangents(known, self.order, record=self.nested)
        return [self.number(found.get(value, 0.0)) for value in self.outputs]

    def _seed(self, seed: Any) -> Any:
        return seed if self.nested or not isinstance(seed, Value) else seed.data


def record(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums, what: str
) -> Recorded:
    """Run `f` with fresh Values in the places of the numbers in the chosen arguments.

    Without positional arguments all keyword arguments are chosen. what: the caller's name, for errors.
    """
    chosen, replaced = _chosen(args, kwargs, argnums, what)
    numbers, of_inputs = flatten(chosen)
    if not numbers:
        raise TypeError(f"{what}: there is no number to differentiate by in {described(chosen)}")
    # A number that is a Value belongs to somebody else: the input is made from it, and stays apart from
    # its other uses, so that nested derivatives do not mix.
    owned = [_is_owned(number) for number in numbers]
    may_nest = recording()
    with enable_grad():
        inputs = [
            number * 1.0 if own else Value(number.data if isinstance(number, Value) else number)
            for number, own in zip(numbers, owned, strict=True)
        ]
        new_args, new_kwargs = replaced(of_inputs(inputs))
        returned, of_outputs = flatten(f(*new_args, **new_kwargs))
    outputs = [output if isinstance(output, Value) else Constant(output) for output in returned]
    # While the compiler records, several stand-ins may be one number: the walk below needs one object.
    inputs = [getattr(value, "itself", value) for value in inputs]
    outputs = [getattr(value, "itself", value) for value in outputs]
    order = operations(*outputs, above=inputs)
    nested = may_nest and (any(owned) or _leads_elsewhere(outputs, order, set(inputs)))
    return Recorded(inputs, outputs, of_inputs, of_outputs, order, nested, may_nest)


def _is_owned(number: Any) -> bool:
    """Return whether `number` is a Value that somebody may differentiate by."""
    return isinstance(number, Value) and not isinstance(number, Constant)


def _leads_elsewhere(outputs: list[Value], order: list[Value], inputs: set[Value]) -> bool:
    """Return whether the graph has leaves that ask for a gradient, other than the inputs."""
    ends = [outputs, *[node.operands for node in order]]
    return any(
        value.primitive is None and value not in inputs and not isinstance(value, Constant)
        for values in ends
        for value in values
    )


def _chosen(
    args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums, what: str
) -> tuple[Any, Callable[[Any], tuple[tuple[Any, ...], dict[str, Any]]]]:
    """Return the arguments to differentiate by, and what makes all arguments of new ones in their place."""
    if not args:
        if not kwargs:
            raise TypeError(f"{what}: the function was called without arguments to differentiate by")
        return kwargs, lambda new: ((), new)
    places = [argnums] if isinstance(argnums, int) else list(argnums)
    for place in places:
        if not -len(args) <= place < len(args):
            raise TypeError(f"{what}: argnums={argnums!r}, but there are {len(args)} positional arguments")
    if len({place % len(args) for place in places}) < len(places):
        raise ValueError(f"{what}: argnums={argnums!r} names an argument twice")

    def replaced(new: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        changed = list(args)
        for place, argument in zip(places, [new] if isinstance(argnums, int) else new, strict=True):
            changed[place] = argument
        return tuple(changed), kwargs

    chosen = args[argnums] if isinstance(argnums, int) else tuple([args[place] for place in places])
    return chosen, replaced


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives f's value and its gradient, as `grad` does, in one run.

    Goes straight into `scipy.optimize.minimize(value_and_grad(f), x0, jac=True)`.

    >>> value_and_grad(lambda x, y: x * y)(2.0, 3.0)
    (6.0, 3.0)
    """

    @wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        run = record(f, args, kwargs, argnums, "grad")
        returned = run.of_outputs(run.outputs)
        if not isinstance(returned, Value):
            raise TypeError(
                f"grad needs a function that returns one number, got {described(returned)}: "
                "jacobian differentiates functions that return several"
            )
        return run.number(returned), run.of_inputs(run.gradients([1.0]))

    return value_and_gradient


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return a function that gives the gradient of f by its arguments, in a structure like theirs.

    f: takes numbers, or lists, tuples, dictionaries, dataclasses and NumPy arrays of numbers, and returns
    one number; it is run on Values.
    argnums: which positional argument, or a tuple of several for a tuple of gradients. Called with
    keyword arguments only, the result is a dictionary with the gradient by each.
    Results are floats; where f depends on Values from outside, of an enclosing `grad` for instance, they
    are Values and can be differentiated again. Inside `no_grad` they are floats always.
    Raises TypeError where f returns anything but one number and where there is nothing to differentiate
    by.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda spot, vol: spot * vol**2)(spot=100.0, vol=0.5)
    {'spot': 0.25, 'vol': 100.0}
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, mode: Literal["reverse", "forward"] = "reverse"
) -> Callable[..., Any]:
    """Return a function that gives the derivative of every output of f by every input.

    Structured as f's result, with the structure of the arguments in the place of each number; of an array
    by an array, an array with the axes of both.
    mode: "reverse" takes one pass for each output, "forward" one for each input. The numbers are the same
    but for rounding.
    f, argnums and the kind of numbers are as for `grad`.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """
    if mode not in ("reverse", "forward"):
        raise ValueError(f"jacobian: mode must be 'reverse' or 'forward', got {mode!r}")

    @wraps(f)
    def derivatives(*args: Any, **kwargs: Any) -> Any:
        run = record(f, args, kwargs, argnums, "jacobian")
        if mode == "reverse":
            rows = [run.gradients(seeds) for seeds in _units(len(run.outputs))]
        else:
            columns = [run.directional(seeds) for seeds in _units(len(run.inputs))]
            rows = [list(row) for row in zip(*columns, strict=True)]
        return run.of_outputs([run.of_inputs(row) for row in rows])

    return derivatives


def _units(n: int) -> Iterator[list[float]]:
    for i in range(n):
        yield [1.0 if j == i else 0.0 for j in range(n)]


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return a function that gives the second derivatives of f: the Jacobian of its gradient.

    For an array of n numbers an array of n times n; `hessian(f)` goes into `scipy.optimize.minimize` as
    `hess=`. Arguments as for `grad`.

    >>> hessian(lambda x, y: x**2 * y, argnums=(0, 1))(2.0, 3.0)
    ((6.0, 4.0), (4.0, 0.0))
    """
    return jacobian(grad(f, argnums), argnums)


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return f(*primals) and its derivative in the direction `tangents`: forward mode.

    primals, tangents: as many as f has arguments, each tangent structured like its primal.
    Raises ValueError where they do not fit.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.5))
    (6.0, 4.0)
    """
    return _jvp(f, primals, tangents, "jvp", "the tangents")


def _jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], what: str, name: str
) -> tuple[Any, Any]:
    run = record(f, tuple(primals), {}, range(len(primals)), what)
    seeds = matching(tangents, run.inputs, what, name)
    run = run.along(seeds)
    return run.result(), run.of_outputs(run.directional(seeds))


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return f(*primals), and a function from a cotangent to the gradient by each primal: reverse mode.

    The cotangent is structured like f's result. Raises ValueError where it does not fit.

    >>> value, pull = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> value, pull([1.0, 10.0])
    ([6.0, 5.0], (13.0, 12.0))
    """
    run = record(f, primals, {}, range(len(primals)), "vjp")

    def pull(cotangent: Any) -> tuple[Any, ...]:
        seeds = matching(cotangent, run.outputs, "vjp", "the cotangent")
        gradients: tuple[Any, ...] = run.of_inputs(run.along(seeds).gradients(seeds))
        return gradients

    return run.result(), pull


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """Return the Hessian of f at x times v, without making the Hessian.

    x: f's one argument, of any structure.  v: structured like x. One reverse pass, recorded, and one
    forward pass over it. Raises ValueError where v does not fit.

    >>> hvp(lambda x: x[0] ** 2 * x[1], [2.0, 3.0], [1.0, 0.0])
    [6.0, 4.0]
    """
    return _jvp(grad(f), (x,), (v,), "hvp", "v")[1]


def matching(held: Any, wanted: list[Value], what: str, name: str) -> list[Any]:
    """Return the numbers in `held`, as many as `wanted`, ints as floats."""
    numbers, _ = flatten(held)
    if len(numbers) != len(wanted):
        raise ValueError(f"{what}: {name} must hold {len(wanted)} numbers, got {len(numbers)}")
    return [number if isinstance(number, Value) else float(number) for number in numbers]
