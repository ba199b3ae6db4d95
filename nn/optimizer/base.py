"""What every optimizer does."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, ClassVar, TypeAlias

from ...engine import Value, enable_grad, sqrt
from ...engine.copies import number_of
from ...engine.value import described, float_from
from .. import conscience
from ..conscience_watch import optimizer_made
from .group import EXTRAS, Check, ParameterGroup, checked_parameters, flag

Numbers: TypeAlias = list[Any]
"""One number for each parameter of a group: floats, or Values where a step is recorded."""
State: TypeAlias = dict[str, Any]
"""What a rule remembers of a group: "step", how many it has taken, and lists of numbers by name."""
Rule: TypeAlias = Callable[..., tuple[Numbers, State]]
Params: TypeAlias = Iterable[Value | Mapping[str, Any]]


class Optimizer:
    """Holds parameters in groups, zeroes their gradients, takes steps.

    params: the parameters, or a list of groups, dictionaries with "params" and whatever setting differs
    from the others: `SGD([{"params": a}, {"params": b, "lr": 0.1}], lr=0.01)`.
    """

    rule: ClassVar[Rule]
    """(numbers, gradients, state, **settings) -> (new numbers, new state); `state` is empty at first."""
    checks: ClassVar[Mapping[str, Check]]
    """The settings of the rule, and what each must be."""
    remembers: ClassVar[tuple[str, ...]] = ()
    """The names of the lists in a state."""

    def __init__(self, params: Params, maximize: bool = False, **settings: Any) -> None:
        self.defaults: dict[str, Any] = {**settings, "maximize": maximize}
        self.param_groups: list[ParameterGroup] = []
        self.states: list[State] = []
        optimizer_made(self)
        given: Any = (
            list(params) if isinstance(params, Iterable) and not isinstance(params, Value) else params
        )
        if isinstance(given, list) and given and all(isinstance(group, Mapping) for group in given):
            for group in given:
                self.add_param_group(group)
        else:
            self.add_param_group({"params": checked_parameters(type(self).__name__, given)})

    @property
    def params(self) -> list[Value]:
        """The parameters of all groups."""
        return [parameter for group in self.param_groups for parameter in group.params]

    @property
    def lr(self) -> float:
        """The learning rate of the first group; setting it sets that of every group."""
        rate: float = self.param_groups[0]["lr"]
        return rate

    @lr.setter
    def lr(self, rate: float) -> None:
        for group in self.param_groups:
            group["lr"] = rate

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Add a group: a dictionary with "params" and the settings that differ from the optimizer's own.

        Raises ValueError for settings it does not know and for a parameter that it has already.
        """
        name = type(self).__name__
        if not isinstance(param_group, Mapping) or "params" not in param_group:
            raise TypeError(f'{name} takes a group as {{"params": [...], "lr": ...}}, got {param_group!r}')
        params = param_group["params"]
        params = checked_parameters(name, [params] if isinstance(params, Value) else params)
        if len({*self.params, *params}) < len(self.params) + len(params):
            raise ValueError(f"{name} got a parameter more than once: it would take several steps at a time")
        group = ParameterGroup(name, {**self.checks, "maximize": flag}, params)
        for setting, value in {**self.defaults, **param_group}.items():
            if setting != "params":
                group[setting] = value
        self._check_together(group)
        self.param_groups.append(group)
        self.states.append({})

    def _check_together(self, group: ParameterGroup) -> None:
        """Raise ValueError where settings do not go together."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradient of every parameter to zero; call it before each backward pass.

        set_to_none: taken for PyTorch's sake; a gradient is a float here and becomes 0.0 either way.
        """
        for group in self.param_groups:
            for parameter in group.params:
                parameter.grad = 0.0
        conscience.zeroed(self)

    def step(self, closure: Callable[[], Value] | None = None) -> Value | None:
        """Change every parameter by one step, as its gradient says.

        closure: computes the loss and its gradients first; the loss is returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        watch = conscience.before_step(self)
        for place, group in enumerate(self.param_groups):
            params = group.params
            numbers = self.advanced(place, [parameter.data for parameter in params], gradients_of(params))
            for parameter, number in zip(params, numbers, strict=True):
                parameter.data = number
        if watch is not None:
            conscience.after_step(watch)
        return loss

    def advanced(self, place: int, numbers: Numbers, gradients: Numbers) -> Numbers:
        """Return what the rule makes of the numbers of the group at `place`, and remember its new state."""
        group = self.param_groups[place]
        if group.settings["maximize"]:
            gradients = [-gradient for gradient in gradients]
        try:
            numbers, self.states[place] = type(self).rule(
                numbers, gradients, self.states[place], **group.of_the_rule
            )
        except ZeroDivisionError:
            raise ZeroDivisionError(
                f"{type(self).__name__}: eps is 0 and a parameter has not had a gradient yet, which "
                "makes 0 / 0: pass an eps above 0"
            ) from None
        return numbers

    def state_dict(self) -> dict[str, Any]:
        """Return what the optimizer remembers and its settings, in plain lists and numbers.

        {"state": one dictionary for each group, "param_groups": the settings of each, with the places
        of its parameters}: as PyTorch's, but with a list for all parameters of a group in place of a
        dictionary for each. It goes through JSON and back without losing a bit.
        """
        groups, start = [], 0
        for group in self.param_groups:
            places = list(range(start, start + len(group.params)))
            settings = {name: _plain(value) for name, value in group.items() if name != "params"}
            groups.append({**settings, "params": places})
            start += len(places)
        return {
            "state": [{name: _plain(held) for name, held in state.items()} for state in self.states],
            "param_groups": groups,
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned: the settings of each group and what was remembered.

        Raises ValueError, with nothing changed, where it is that of another optimizer or of other groups.
        """
        what = f"{type(self).__name__}.load_state_dict"
        if not isinstance(state_dict, Mapping) or {"state", "param_groups"} - set(state_dict):
            raise TypeError(f"{what} takes what state_dict returned, got {described(state_dict)}")
        saved, states = state_dict["param_groups"], state_dict["state"]
        for given in (saved, states):
            if not isinstance(given, Sequence) or not all(isinstance(part, Mapping) for part in given):
                raise TypeError(f"{what} takes a dictionary for each group, got {described(given)}")
            here = len(self.param_groups)
            if len(given) != here:
                raise ValueError(f"{what}: there are {here} groups here and {len(given)} there")
        groups, taken = [], []
        for i, (group, settings, state) in enumerate(zip(self.param_groups, saved, states, strict=True)):
            n, there = len(group.params), len(settings.get("params", ()))
            if n != there:
                raise ValueError(f"{what}: group {i} has {n} parameters here and {there} there")
            renewed = ParameterGroup(type(self).__name__, {**self.checks, "maximize": flag}, group.params)
            kept = {name: value for name, value in group.items() if name not in EXTRAS}
            for name, value in {**kept, **settings}.items():
                if name != "params":
                    renewed[name] = value
            self._check_together(renewed)
            groups.append(renewed)
            taken.append(self._checked_state(what, state, n))
        for group, renewed in zip(
            self.param_groups, groups, strict=True
        ):  # who holds a group goes on with it
            group.settings, group.extras = renewed.settings, renewed.extras
            group.of_the_rule = renewed.of_the_rule
        self.states = taken

    def _checked_state(self, what: str, state: Mapping[str, Any], n: int) -> State:
        taken: State = {}
        for name, held in state.items():
            if name == "step" and isinstance(held, int) and not isinstance(held, bool) and held >= 0:
                taken[name] = held
            elif name not in self.remembers:
                raise ValueError(
                    f"{what}: {type(self).__name__} does not remember {name!r} ({described(held)}): "
                    "the state is that of another optimizer"
                )
            elif not isinstance(held, list | tuple) or len(held) != n:
                raise ValueError(f"{what}: {name!r} must be a list of {n} numbers, got {described(held)}")
            else:
                taken[name] = [float_from(number) for number in held]
        return taken

    def __repr__(self) -> str:
        groups = ", ".join([repr(group) for group in self.param_groups])
        return f"{type(self).__name__}({groups})"


def root_of(numbers: Numbers) -> Callable[[Any], Any]:
    """Return the square root that suits `numbers`, one or more: Python's, the quickest, for floats."""
    return math.sqrt if type(numbers[0]) is float else sqrt


def gradients_of(params: Sequence[Value]) -> list[float]:
    """Return the gradients of `params` as plain floats, of recorded ones the number.

    Raises TypeError that names the parameter whose gradient is no number.
    """
    gradients = [parameter.grad for parameter in params]
    try:
        if type(sum(gradients)) is float:  # the quickest way to look at all of them
            return gradients
    except TypeError:
        pass
    for parameter, gradient in zip(params, gradients, strict=True):
        if not isinstance(gradient, Real | Value):
            way_out = "set it to 0.0, or call zero_grad()"
            raise TypeError(f"the gradient of {parameter!r} is {gradient!r}: {way_out}")
    return [float(number_of(gradient)) for gradient in gradients]


def _plain(held: Any) -> Any:
    return list(held) if isinstance(held, list | tuple) else held
