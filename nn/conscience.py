"""The training loop's conscience: what optimizers and modules notice of the usual mistakes.

Each is a warning once, at the user's line, of a class under `TrainingWarning`; docs/conscience.md says what
each means and how to silence it. Looked at is next to nothing: one parameter at a backward pass, all of
them at the first few steps and then ever more rarely; and after some hundred steps most are slept through.
Passes are announced only while they tell something: after two in the same step there is no more to see.
Where it is not clear that something is a mistake, nothing is said.
"""

from typing import Any
from weakref import ref

from ..engine import Constant, Value, graph
from ..engine.about import About, about_made
from ..engine.debugging.places import walk, written
from ..engine.debugging.warn import (
    GrowingGraphWarning,
    LostParameterWarning,
    RisingLossWarning,
    StaleGradientWarning,
    TrainingWarning,
    warn_user,
)
from . import tree

_STEPS_KEPT = 10
_STEPS_GROWING = 16
_STEPS_OF_GROWING = 64
"""Whether graphs pile up is looked at in these first few of every so many steps."""
_STEPS_ALL = 64
_STEPS_OF = 512
_STEPS_AWAKE = 32
"""After the first steps, all of which are looked at, these few of every so many are."""
_STEPS_CHECKED = 12
_STEPS_RISING = 5


class _Watch:
    """What is remembered of one optimizer, or of one module whose parameters are updated by hand."""

    def __init__(self, by_hand: bool) -> None:
        self.owner: ref[Any] | None = None
        self.by_hand = by_hand
        self.steps = 0
        self.asleep = False
        self.listens = False
        self.said: set[type[TrainingWarning]] = set()
        self.witness: tuple[Value, float] | None = None  # a parameter, and its gradient at the last step
        self.zeroed = self.added_to = False  # what happened to that gradient since
        self.passes = 0  # since the last step
        self.before: list[float] = []  # the numbers of `moved`, before the step
        self.moved: list[Value] = []
        self.predicted = 0.0  # the change of the loss in the last step, by its gradients
        self.loss: float | None = None  # that of the pass before the last step
        self.latest = 0.0
        self.rising = 0
        self.replaced: list[str] = []


_watches: dict[int, _Watch] = {}
"""By the identities of what is watched, which need not be hashable: a module may be a dataclass."""
_listening: list[_Watch] = []
_tokens: list[ref[About]] = []
"""What belongs to the first losses of the last steps and to nobody else: the losses themselves are let go."""


def _watch_of(owner: Any, by_hand: bool) -> _Watch:
    watch = _watches.get(id(owner))
    if watch is None:
        watch = _Watch(by_hand)
        key = id(owner)
        try:
            watch.owner = ref(owner, lambda _: _forget(key))
        except TypeError:  # slots without one for weak references: seen once, and forgotten
            return watch
        _watches[key] = watch
        _listen(watch)
    return watch


def _forget(key: int) -> None:
    watch = _watches.pop(key, None)
    if watch is not None:
        _let_go(watch)


def _listen(watch: _Watch) -> None:
    """Have backward passes announced to a watch."""
    if not watch.listens and watch.owner is not None:
        watch.listens = True
        _listening.append(watch)
        if _pass_begins not in graph.listeners:
            graph.listeners = (*graph.listeners, _pass_begins)


def _let_go(watch: _Watch) -> None:
    """Announce no more passes to a watch, for now."""
    if watch.listens:
        watch.listens = False
        _listening.remove(watch)
        if not _listening:
            graph.listeners = tuple([each for each in graph.listeners if each is not _pass_begins])


def _live() -> list[tuple[Any, _Watch]]:
    """Return what is watched, with what is remembered of it."""
    found = [(watch.owner(), watch) for watch in list(_watches.values()) if watch.owner is not None]
    return [(owner, watch) for owner, watch in found if owner is not None]


def _warn(watch: _Watch, category: type[TrainingWarning], text: str) -> None:
    if category not in watch.said:
        for other in [other for _, other in _live()] if category is GrowingGraphWarning else [watch]:
            other.said.add(category)
        warn_user(text, category)


def before_step(optimizer: Any) -> _Watch | None:
    """Look at the gradients that an optimizer is about to use; return what `after_step` takes, if due."""
    watch = _watches.get(id(optimizer)) or _watch_of(optimizer, by_hand=False)
    if watch.asleep:
        watch.steps += 1
        if watch.steps % _STEPS_OF < _STEPS_AWAKE:
            _turn(watch, asleep=False)
        return None
    name = type(optimizer).__name__
    if watch.witness is not None and watch.added_to and not watch.zeroed:
        parameter, gradient = watch.witness
        if _number(parameter.grad) != gradient:
            _warn(
                watch,
                StaleGradientWarning,
                f"{name}.step() again without zero_grad(): the gradients are those of the step before plus "
                "the new ones. Call optimizer.zero_grad() before each backward()",
            )
    if watch.replaced:
        shown = ", ".join(watch.replaced[:3]) + ", ..." * (len(watch.replaced) > 3)
        _warn(
            watch,
            LostParameterWarning,
            f"{name} holds parameters that the loss does not depend on any more; in their places are new "
            f"ones, which it does not hold: {shown}. Make the optimizer anew after replacing parameters",
        )
        watch.replaced = []
    last = watch.witness
    if last is not None and type(grad := last[0].grad) is float and grad != 0.0:
        watch.witness = last[0], grad
    else:
        watch.witness = _witness(optimizer.params)
    if watch.steps <= _STEPS_CHECKED:
        _note_numbers(watch, optimizer.params)
    return watch


def after_step(watch: _Watch) -> None:
    """Note what an optimizer has done."""
    _step_taken(watch)


def before_zeroing(module: Any, parameters: list[Value]) -> None:
    """Look at a module that is about to zero its gradients: by hand, that is once in each step."""
    watch = _watch_of(module, by_hand=True)
    if watch.steps & (watch.steps + 1) == 0:  # 0, 1, 3, 7, ...
        _look_for_rebound(watch, module)
    _step_taken(watch)
    if watch.steps <= _STEPS_CHECKED:
        _note_numbers(watch, parameters)


def before_training(model: Any, optimizer: Any) -> None:
    """Look at whether an optimizer that is about to train a module holds any of its parameters."""
    held = set(optimizer.params)
    if all(parameter not in held for _, parameter in tree.parameters(model)) and (own := model.parameters()):
        name = type(model).__name__
        _warn(
            _watch_of(optimizer, by_hand=False),
            LostParameterWarning,
            f"{type(optimizer).__name__} holds none of the {len(own)} parameters of the {name} that fit is "
            "to train, which will stay as they are: make the optimizer from model.parameters()",
        )


def zeroed(optimizer: Any) -> None:
    """Note that an optimizer has zeroed the gradients of its parameters."""
    watch = _watches.get(id(optimizer))
    if watch is not None:
        watch.zeroed = True


def _note_numbers(watch: _Watch, parameters: list[Value]) -> None:
    """Note the numbers before a step that is looked at closely: not the first, which may be the only one."""
    first = 2 if watch.by_hand else 1  # before a module's first step it zeroes its gradients once
    watch.moved = parameters if first <= watch.steps < _STEPS_CHECKED else []
    watch.before = [p.data for p in watch.moved]


def _step_taken(watch: _Watch) -> None:
    if watch.steps <= _STEPS_CHECKED:
        changes = [p.grad * (p.data - data) for p, data in zip(watch.moved, watch.before, strict=True)]
        _look_for_rising(watch, _number(sum(changes)))
    watch.steps += 1
    watch.passes = 0
    watch.zeroed = watch.added_to = False
    asleep = watch.steps >= _STEPS_ALL and watch.steps % _STEPS_OF >= _STEPS_AWAKE
    if asleep is not watch.asleep:
        _turn(watch, asleep)
    elif not (asleep or watch.listens):
        _listen(watch)


def _turn(watch: _Watch, asleep: bool) -> None:
    """Let a watch go to sleep, or wake it."""
    watch.asleep = asleep
    watch.witness = None
    watch.passes = 0
    watch.zeroed = watch.added_to = False
    if asleep:
        _let_go(watch)
    else:
        _listen(watch)


def _pass_begins(root: Value, order: list[Value]) -> None:
    """Look at a backward pass that is about to begin."""
    if not order:
        return
    fresh: _Watch | None = None
    for watch in tuple(_listening):
        if not watch.zeroed and watch.witness is not None:
            parameter, gradient = watch.witness
            now = parameter.grad
            if type(now) is float and now == gradient:
                watch.added_to = True
            elif type(now) is float and now == 0.0:
                watch.zeroed = True
        watch.latest = root.data
        watch.passes += 1
        if watch.passes == 1:
            fresh = fresh or watch
            if not watch.by_hand and watch.steps & (watch.steps - 1) == 0 and watch.owner is not None:
                owner = watch.owner()
                if owner is not None:
                    _look_for_replaced(owner, watch, order)
        elif watch.zeroed or watch.witness is None:
            _let_go(watch)  # until the next step
    if fresh is not None and fresh.steps % _STEPS_OF_GROWING < _STEPS_GROWING:
        _look_for_growth(fresh, root)


def _look_for_growth(watch: _Watch, root: Value) -> None:
    """Warn where the losses of the last steps all still exist."""
    token = about_made(root)
    if _tokens and _tokens[-1]() is token:  # a step repeated from the same loss
        return
    _tokens.append(ref(token))
    if len(_tokens) > _STEPS_KEPT:
        del _tokens[0]
        if all(known() is not None for known in _tokens):
            _warn(
                watch,
                GrowingGraphWarning,
                f"the graphs of the last {_STEPS_KEPT} steps' losses are all still in memory: add up or "
                "collect the numbers, total += loss.item(), not the Values, total += loss",
            )


def _look_for_rising(watch: _Watch, change: float) -> None:
    """Warn where the loss has risen at each of the first steps by what it should have fallen.

    change: of the loss in the step that ends, by its gradients: below 0 where the step leads down.
    """
    one_pass = watch.passes == 1
    rose = watch.latest - watch.loss if one_pass and watch.loss is not None else 0.0
    expected = abs(watch.predicted)
    up = watch.predicted > 0.0 and watch.latest >= 0.0 if watch.by_hand else watch.predicted < 0.0
    watch.rising = watch.rising + 1 if up and 0.5 * expected < rose < 2.0 * expected else 0
    watch.loss = watch.latest if one_pass else None
    watch.predicted = change
    if watch.rising < _STEPS_RISING:
        return
    if watch.by_hand:
        module = watch.owner() if watch.owner is not None else None
        if module is None or not _held_by_optimizers().isdisjoint(module.parameters()):
            return  # an optimizer moves them
        text = "the parameters move up their gradients: to lower it subtract, p.data -= lr * p.grad"
    else:
        text = "the gradients have the wrong sign: look at hooks, rows of your own, and what changes grad"
    rising = f"the loss has risen at each of {_STEPS_RISING} steps, by as much as it should have fallen"
    _warn(watch, RisingLossWarning, f"{rising}; {text}")


def _look_for_rebound(watch: _Watch, module: Any) -> None:
    """Warn where a module holds a Value that was computed by subtracting a number from a parameter."""
    for path, value in walk(module, type(module).__name__):
        if isinstance(value, Value) and _is_update(value):
            place = written(path)
            _warn(
                watch,
                LostParameterWarning,
                f"{place} is no parameter any more: p = p - ... makes a new Value, which is in no list of "
                "parameters and keeps the old ones in its graph. Change the number: p.data -= lr * p.grad",
            )
            return


def _is_update(value: Value) -> bool:
    steps = 0
    while value.primitive is not None and value.primitive.name in ("sub", "add") and steps < 1000:
        if not isinstance(value.operands[1], Constant):
            return False
        value, steps = value.operands[0], steps + 1
    return steps > 0 and value.primitive is None and value.kind == "param"


def _look_for_replaced(optimizer: Any, watch: _Watch, order: list[Value]) -> None:
    """Note parameters of the loss that no optimizer holds and that have the labels of lost ones."""
    reached = {o for node in order for o in node.operands if o.primitive is None and o.kind == "param"}
    unheld = reached - _held_by_optimizers()
    lost = {parameter.label for parameter in optimizer.params if parameter not in reached}
    labels = {parameter.label for parameter in unheld}
    # A layer made by itself has labels without its place in the model: the ends of those it replaces.
    ends = {label[i + 1 :] for label in lost for i, sign in enumerate(label) if sign == "."}
    watch.replaced = sorted(labels) if labels and "" not in labels and labels <= lost | ends else []


def _held_by_optimizers() -> set[Value]:
    return {p for owner, watch in _live() if not watch.by_hand for p in owner.params}


def _witness(parameters: list[Value]) -> tuple[Value, float] | None:
    """Return a parameter that has a gradient, with that gradient."""
    for parameter in parameters:
        grad = parameter.grad
        if type(grad) is float and grad != 0.0:
            return parameter, grad
    return None


def _number(grad: Any) -> float:
    return grad if type(grad) is float else float(grad.data if isinstance(grad, Value) else grad)
