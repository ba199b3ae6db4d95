"""The training loop's conscience: what optimizers and modules notice of the usual mistakes.

Each is a warning once, at the user's line, of a class under `TrainingWarning`; docs/conscience.md says what
each means and how to silence it. Looked at is next to nothing: one parameter at a backward pass, all of
them at the first few steps and then ever more rarely; and after some hundred steps most are slept through.
Passes are announced only while they tell something: after two in the same step there is no more to see.
Where it is not clear that something is a mistake, nothing is said.
"""

from threading import get_ident
from typing import Any
from weakref import ref

from ..engine import Value, graph
from ..engine.debugging.warn import LostParameterWarning, StaleGradientWarning
from . import tree
from .conscience_looks import look_for_growth, look_for_rebound, look_for_replaced, look_for_rising
from .conscience_watch import Watch, warn, watches

_STEPS_GROWING = 16
_STEPS_OF_GROWING = 64
"""Whether graphs pile up is looked at in these first few of every so many steps."""
_STEPS_ALL = 64
_STEPS_OF = 512
_STEPS_AWAKE = 32
"""After the first steps, all of which are looked at, these few of every so many are."""
_STEPS_CHECKED = 12

_listening: list[Watch] = []


def _watch_of(owner: Any, by_hand: bool) -> Watch:
    watch = watches.get(id(owner))
    if watch is None:
        watch = Watch(by_hand)
        key = id(owner)
        try:
            watch.owner = ref(owner, lambda _: _forget(key))
        except TypeError:  # slots without one for weak references: seen once, and forgotten
            return watch
        watches[key] = watch
        _listen(watch)
    return watch


def _forget(key: int) -> None:
    watch = watches.pop(key, None)
    if watch is not None:
        _let_go(watch)


def _listen(watch: Watch) -> None:
    """Have backward passes announced to a watch."""
    if not watch.listens and watch.owner is not None:
        watch.listens = True
        _listening.append(watch)
        if _pass_begins not in graph.listeners:
            graph.listeners = (*graph.listeners, _pass_begins)


def _let_go(watch: Watch) -> None:
    """Announce no more passes to a watch, for now."""
    if watch.listens:
        watch.listens = False
        _listening.remove(watch)
        if not _listening:
            graph.listeners = tuple([each for each in graph.listeners if each is not _pass_begins])


def before_step(optimizer: Any) -> Watch | None:
    """Look at the gradients that an optimizer is about to use; return what `after_step` takes, if due."""
    watch = watches.get(id(optimizer)) or _watch_of(optimizer, by_hand=False)
    if watch.asleep:
        watch.steps += 1
        if watch.steps % _STEPS_OF < _STEPS_AWAKE:
            _turn(watch, asleep=False)
        return None
    _in_this_thread(watch)
    name = type(optimizer).__name__
    if watch.witness is not None and watch.added_to and not watch.zeroed:
        parameter, gradient = watch.witness
        if _number(parameter.grad) != gradient:
            warn(
                watch,
                StaleGradientWarning,
                f"{name}.step() again without zero_grad(): the gradients are those of the step before plus "
                "the new ones. Call optimizer.zero_grad() before each backward()",
            )
    if watch.found > 1 and watch.replaced and all(_number(p.grad) == 0.0 for p in watch.lost):
        shown = ", ".join(watch.replaced[:3]) + ", ..." * (len(watch.replaced) > 3)
        warn(
            watch,
            LostParameterWarning,
            f"{name} holds parameters that the loss does not depend on any more; in their places are new "
            f"ones, which it does not hold: {shown}. Make the optimizer anew after replacing parameters",
        )
        watch.found = 0
    last = watch.witness
    if last is not None and type(grad := last[0].grad) is float and grad != 0.0:
        watch.witness = last[0], grad
    else:
        watch.witness = _witness(optimizer.params)
    if watch.steps <= _STEPS_CHECKED:
        _note_numbers(watch, optimizer.params)
    return watch


def after_step(watch: Watch) -> None:
    """Note what an optimizer has done."""
    _step_taken(watch)


def before_zeroing(module: Any, parameters: list[Value]) -> None:
    """Look at a module that is about to zero its gradients: by hand, that is once in each step."""
    watch = _watch_of(module, by_hand=True)
    _in_this_thread(watch)
    if watch.steps & (watch.steps + 1) == 0:  # 0, 1, 3, 7, ...
        look_for_rebound(watch, module)
    _step_taken(watch)
    if watch.steps <= _STEPS_CHECKED:
        _note_numbers(watch, parameters)


def before_training(model: Any, optimizer: Any) -> None:
    """Look at whether an optimizer that is about to train a module holds any of its parameters."""
    held = set(optimizer.params)
    if all(parameter not in held for _, parameter in tree.parameters(model)) and (own := model.parameters()):
        name = type(model).__name__
        warn(
            _watch_of(optimizer, by_hand=False),
            LostParameterWarning,
            f"{type(optimizer).__name__} holds none of the {len(own)} parameters of the {name} that fit is "
            "to train, which will stay as they are: make the optimizer from model.parameters()",
        )


def zeroed(optimizer: Any) -> None:
    """Note that an optimizer has zeroed the gradients of its parameters."""
    watch = watches.get(id(optimizer))
    if watch is not None:
        watch.zeroed = True


def _in_this_thread(watch: Watch) -> None:
    """Forget what was seen in another thread: the passes of this one were not announced."""
    thread = get_ident()
    if watch.thread != thread:
        watch.thread = thread
        watch.witness = watch.loss = None
        watch.zeroed = watch.added_to = False
        watch.passes = watch.rising = watch.found = 0
        watch.losses = []


def _note_numbers(watch: Watch, parameters: list[Value]) -> None:
    """Note the numbers before a step that is looked at closely: not the first, which may be the only one."""
    first = 2 if watch.by_hand else 1  # before a module's first step it zeroes its gradients once
    watch.moved = parameters if first <= watch.steps < _STEPS_CHECKED else []
    watch.before = [p.data for p in watch.moved]


def _step_taken(watch: Watch) -> None:
    if watch.steps <= _STEPS_CHECKED:
        changes = [p.grad * (p.data - data) for p, data in zip(watch.moved, watch.before, strict=True)]
        look_for_rising(watch, _number(sum(changes)))
    watch.steps += 1
    watch.passes = 0
    watch.zeroed = watch.added_to = False
    asleep = watch.steps >= _STEPS_ALL and watch.steps % _STEPS_OF >= _STEPS_AWAKE
    if asleep is not watch.asleep:
        _turn(watch, asleep)
    elif not (asleep or watch.listens):
        _listen(watch)


def _turn(watch: Watch, asleep: bool) -> None:
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
    thread = get_ident()
    for watch in tuple(_listening):
        if watch.thread != thread:
            continue
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
            if watch.steps % _STEPS_OF_GROWING < _STEPS_GROWING:
                look_for_growth(watch, root)
            due = watch.steps & (watch.steps - 1) == 0 or watch.found == 1
            if due and not watch.by_hand and watch.owner is not None:
                owner = watch.owner()
                if owner is not None:
                    look_for_replaced(owner, watch, order)
        elif watch.zeroed or watch.witness is None:
            _let_go(watch)  # until the next step


def _witness(parameters: list[Value]) -> tuple[Value, float] | None:
    """Return a parameter that has a gradient, with that gradient."""
    for parameter in parameters:
        grad = parameter.grad
        if type(grad) is float and grad != 0.0:
            return parameter, grad
    return None


def _number(grad: Any) -> float:
    return grad if type(grad) is float else float(grad.data if isinstance(grad, Value) else grad)
