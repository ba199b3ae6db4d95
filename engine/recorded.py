"""A function's run on fresh Values, and the chain rule over what it recorded, backwards or forwards.

Where the graph also leads to other Values, of an enclosing `grad` or made by the user, the pass
is recorded in turn and the result is Values, so that it can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from operator import index
from typing import Any, NamedTuple, SupportsIndex

from . import modes
from .graph import adjoints, operations, tangents
from .hooks import hooked, live
from .modes import differentiating, enable_grad, recording
from .tree import flatten
from .value import Constant, Value, described

Argnums = SupportsIndex | Sequence[SupportsIndex]


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
    """Whether that was asked at all: inside `no_grad` results are floats, or remember nothing."""

    def along(self, seeds: Sequence[Any]) -> Recorded:
        """Return this run for a pass with `seeds`: a seed that is somebody's Value makes the result one."""
        return self._replace(nested=self.nested or (self.may_nest and any(map(_is_owned, seeds))))

    def result(self) -> Any:
        """Return what the function returned: floats, or Values where they matter to somebody else."""
        return self.of_outputs([self.number(output) for output in self.outputs])

    def number(self, value: Any) -> Any:
        """Return `value` as a Value where the result is differentiated again, else as a float."""
        if self.nested:
            made = value if isinstance(value, Value) else Constant(value)
            return made if self.may_nest else made.detach()
        return value.data if isinstance(value, Value) else float(value)

    def gradients(self, seeds: Sequence[Any]) -> list[Any]:
        """Return sum of seed * d output / d input, for each input: reverse mode."""
        totals: dict[Value, Any] = {}
        for output, seed in zip(self.outputs, map(self._seed, seeds), strict=True):
            totals[output] = totals[output] + seed if output in totals else seed
        with self.passing():
            found = adjoints(totals, self.order, record=self.nested, hooks=bool(live))
        gradients = [found.get(value, 0.0) for value in self.inputs]
        if live:  # f may have hooked its arguments: what the hooks return counts, as in torch.autograd.grad
            gradients = list(map(hooked, self.inputs, gradients))
        return list(map(self.number, gradients))

    def directional(self, seeds: Sequence[Any]) -> list[Any]:
        """Return sum of d output / d input * seed, for each output: forward mode."""
        known = dict(zip(self.inputs, map(self._seed, seeds), strict=True))
        with self.passing():
            found = tangents(known, self.order, record=self.nested)
        return [self.number(found.get(value, 0.0)) for value in self.outputs]

    def passing(self) -> AbstractContextManager[None]:
        """Return what a pass runs in: inside `no_grad` too the compiler's stand-ins need their history."""
        return enable_grad() if self.nested and not self.may_nest else nullcontext()

    def _seed(self, seed: Any) -> Any:
        return seed if self.nested or not isinstance(seed, Value) else seed.data


def check_function(f: Any, what: str) -> None:
    """Raise TypeError for what cannot be called: a number, or a result that is to be differentiated.

    what: the caller's name.
    """
    if not callable(f):
        of_result = "; of a result that is there already, v.backward() gives the derivatives"
        way_out = of_result if isinstance(f, Value) else ""
        raise TypeError(f"{what} takes a function, got {described(f)}{way_out}")


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
            _made_from(number) if own else Value(number.data if isinstance(number, Value) else number)
            for number, own in zip(numbers, owned, strict=True)
        ]
        returned, of_outputs = _run(f, *replaced(of_inputs(inputs)))
        if modes.recorders:
            # While the compiler records, its stand-ins know an operand that is none as a number only. Where
            # that one belongs to an input, the way to it is recorded in a second run.
            stand_ins = _stand_ins(inputs, returned)
            if stand_ins is not None:
                inputs, owned = stand_ins, [True]
                returned, of_outputs = _run(f, *replaced(of_inputs(inputs)))
    outputs = [output if isinstance(output, Value) else Constant(output) for output in returned]
    # While the compiler records, several stand-ins may be one number: the walk below needs one object.
    inputs = [getattr(value, "itself", value) for value in inputs]
    outputs = [getattr(value, "itself", value) for value in outputs]
    order = operations(*outputs, above=inputs)
    nested = (may_nest or any(value.kind == "recorded" for value in outputs)) and (
        any(owned) or _leads_elsewhere(outputs, order, set(inputs))
    )
    for value in inputs:
        if (
            value.primitive is None and value.kind != "recorded"
        ):  # f has returned: to an enclosing run this is a plain number again
            value.__class__ = Constant
    return Recorded(inputs, outputs, of_inputs, of_outputs, order, nested, may_nest)


def _run(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[list[Any], Callable[[Any], Any]]:
    """Return the numbers that f returns, and what puts others in their places."""
    before = differentiating.set(True)
    try:
        return flatten(f(*args, **kwargs))
    finally:
        differentiating.reset(before)


def _stand_ins(inputs: list[Value], returned: list[Any]) -> list[Value] | None:
    """Return the compiler's stand-ins for the inputs, where it took any for a number; None where not."""
    for output in returned:
        in_place_of = getattr(output, "stand_ins_for", None)
        if in_place_of is not None:
            found: list[Value] | None = in_place_of(inputs)
            return found
    return None


def _made_from(number: Any) -> Value:
    made = number * 1.0
    found: Value = getattr(made, "itself", made)  # of the compiler's plain numbers too f gets a Value
    return found


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
    places, alone = _places(argnums, what), hasattr(argnums, "__index__")
    for place in places:
        if not -len(args) <= place < len(args):
            raise TypeError(f"{what}: argnums={argnums!r}, but there are {len(args)} positional arguments")
    if len({place % len(args) for place in places}) < len(places):
        raise ValueError(f"{what}: argnums={argnums!r} names an argument twice")

    def replaced(new: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        changed = list(args)
        for place, argument in zip(places, [new] if alone else new, strict=True):
            changed[place] = argument
        return tuple(changed), kwargs

    return args[places[0]] if alone else tuple([args[place] for place in places]), replaced


def _places(argnums: Any, what: str) -> list[int]:
    """Return the places that `argnums` names, one or several; NumPy's integers are taken too."""
    try:
        return [index(place) for place in ([argnums] if hasattr(argnums, "__index__") else argnums)]
    except TypeError:
        raise TypeError(f"{what}: argnums must be an int or several, got {described(argnums)}") from None
