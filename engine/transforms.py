"""Functions of functions: gradients, Jacobians and Hessians, in both modes and of any order.

Each runs its function once on fresh Values and then the chain rule over the recorded graph; see recorded.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any, Literal

from .recorded import Argnums, check_function, record
from .sparsity import entries_of
from .tree import flatten
from .value import Value, described


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives f's value and its gradient, as `grad` does, in one run.

    Goes straight into `scipy.optimize.minimize(value_and_grad(f), x0, jac=True)`.
    has_aux: f returns a pair, the value and what else is to be seen, of any structure; so does the result:
    ((value, aux), gradient).

    >>> value_and_grad(lambda x, y: x * y)(2.0, 3.0)
    (6.0, 3.0)
    >>> value_and_grad(lambda x, y: (x * y, {"sum": x + y}), has_aux=True)(2.0, 3.0)
    ((6.0, {'sum': 5.0}), 3.0)
    """
    return _value_and_grad(f, argnums, has_aux, "value_and_grad")


def _value_and_grad(
    f: Callable[..., Any], argnums: Argnums, has_aux: bool, what: str
) -> Callable[..., tuple[Any, Any]]:
    check_function(f, what)

    @wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        run = record(f, args, kwargs, argnums, what)
        returned = run.of_outputs(run.outputs)
        if has_aux:
            if not isinstance(returned, tuple) or len(returned) != 2:
                raise TypeError(
                    "value_and_grad(has_aux=True) needs a function that returns a pair, the value and what "
                    f"else is to be seen, got {described(returned)}"
                )
            (returned, _), (_, aux) = returned, run.result()
        if getattr(returned, "shape", None) == ():  # an array without axes: numpy.where makes them
            returned = returned.item()
        if not isinstance(returned, Value):
            raise TypeError(
                f"{what} needs a function that returns one number, got {described(returned)}: "
                "jacobian differentiates functions that return several, and with has_aux=True value_and_grad "
                "takes a pair of the number and anything else"
            )
        value = run.number(returned)
        gradient = run.of_inputs(run._replace(outputs=run.outputs[:1]).gradients([1.0]))
        return ((value, aux) if has_aux else value), gradient

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
    return _grad(f, argnums, "grad")


def _grad(f: Callable[..., Any], argnums: Argnums, what: str) -> Callable[..., Any]:
    both = _value_and_grad(f, argnums, False, what)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def jacobian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    mode: Literal["reverse", "forward"] = "reverse",
    sparsity: Any = None,
) -> Callable[..., Any]:
    """Return a function that gives the derivative of every output of f by every input.

    Structured as f's result, with the structure of the arguments in the place of each number; of an array
    by an array, an array with the axes of both.
    mode: "reverse" takes one pass for each output, "forward" one for each input. The numbers are the same
    but for rounding.
    f, argnums and the kind of numbers are as for `grad`.
    sparsity: which entries may differ from zero. The result is these alone, in a list in the pattern's
    order; in an array where the argument or f's result is one. A list of pairs (row, column), a tuple (rows,
    columns), a table of truth values, an array of either, a sparse matrix of SciPy, whose stored entries
    count, or what `jacobian_sparsity` finds. Rows are the numbers in f's result and columns those in the
    arguments, counted from 0. Each row takes as long as the operations on the way to its output.
    Raises TypeError for a sparsity that is no pattern, and ValueError for one of another shape, with an entry
    out of range or twice, or without an entry that f's graph has: its values would be no Jacobian.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    >>> jacobian(lambda x: [x[0] ** 2, x[1] ** 3], sparsity=[(0, 0), (1, 1)])([2.0, 3.0])
    [4.0, 27.0]
    """
    return _jacobian(f, argnums, mode, sparsity, "jacobian")


def _jacobian(
    f: Callable[..., Any],
    argnums: Argnums,
    mode: Literal["reverse", "forward"],
    sparsity: Any,
    what: str,
) -> Callable[..., Any]:
    check_function(f, what)
    if mode not in ("reverse", "forward"):
        raise ValueError(f"jacobian: mode must be 'reverse' or 'forward', got {mode!r}")

    @wraps(f)
    def derivatives(*args: Any, **kwargs: Any) -> Any:
        run = record(f, args, kwargs, argnums, what)
        if sparsity is not None:
            return entries_of(run, sparsity, mode)
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


def hessian(f: Callable[..., Any], argnums: Argnums = 0, sparsity: Any = None) -> Callable[..., Any]:
    """Return a function that gives the second derivatives of f: the Jacobian of its gradient.

    For an array of n numbers an array of n times n; `hessian(f)` goes into `scipy.optimize.minimize` as
    `hess=`. Arguments as for `grad`, sparsity as for `jacobian`; `jacobian_sparsity(grad(f))` finds one.

    >>> hessian(lambda x, y: x**2 * y, argnums=(0, 1))(2.0, 3.0)
    ((6.0, 4.0), (4.0, 0.0))
    """
    return _jacobian(_grad(f, argnums, "hessian"), argnums, "reverse", sparsity, "hessian")


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
    check_function(f, what)
    try:
        args = tuple(primals)
    except TypeError:
        raise TypeError(
            f"{what} takes f's arguments in a tuple and {name} in another, got {described(primals)}"
        ) from None
    run = record(f, args, {}, range(len(args)), what)
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
    check_function(f, "vjp")
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
    return _jvp(_grad(f, 0, "hvp"), (x,), (v,), "hvp", "v")[1]


def matching(held: Any, wanted: list[Value], what: str, name: str) -> list[Any]:
    """Return the numbers in `held`, as many as `wanted`, ints as floats."""
    numbers, _ = flatten(held)
    if len(numbers) != len(wanted):
        raise ValueError(f"{what}: {name} must hold {len(wanted)} numbers, got {len(numbers)}")
    return [number if isinstance(number, Value) else float(number) for number in numbers]
