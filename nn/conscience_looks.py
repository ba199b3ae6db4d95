"""What the training loop's conscience looks for: graphs that pile up, losses that rise, lost parameters."""

import gc
from collections import deque
from typing import Any
from weakref import ref

from ..engine import Value, topological_order
from ..engine.about import about_made
from ..engine.debugging.places import walk, written
from ..engine.debugging.rebound import is_update
from ..engine.debugging.warn import GrowingGraphWarning, LostParameterWarning, RisingLossWarning
from .conscience_watch import Watch, held_by_optimizers, steps_of_others, warn

_STEPS_KEPT = 10
_STEPS_RISING = 5


def look_for_growth(watch: Watch, root: Value) -> None:
    """Warn where the losses of the last steps all still exist."""
    token = about_made(root)
    losses = watch.losses
    if losses and losses[-1]() is token:  # a step repeated from the same loss
        return
    losses.append(ref(token))
    if len(losses) > _STEPS_KEPT:
        del losses[0]
        if GrowingGraphWarning not in watch.said and all(known() is not None for known in losses):
            if _is_in_a_window(losses[-2]()) or _is_of_others(losses[0](), root):
                watch.said.add(GrowingGraphWarning)  # looked for once: it takes some milliseconds
                return
            warn(
                watch,
                GrowingGraphWarning,
                f"the graphs of the last {_STEPS_KEPT} steps' losses are all still in memory: add up or "
                "collect the numbers, total += loss.item(), not the Values, total += loss",
            )


def _is_in_a_window(token: Any) -> bool:
    """Return whether the loss a token belongs to is kept in a deque of limited length, which lets it go."""
    values = [value for value in gc.get_referrers(token) if isinstance(value, Value)]
    keepers = gc.get_referrers(*values)
    return any(isinstance(keeper, deque) and keeper.maxlen is not None for keeper in keepers)


def _is_of_others(token: Any, root: Value) -> bool:
    """Return whether the loss a token belongs to shares no parameter with another one: a list of models."""
    values = [value for value in gc.get_referrers(token) if isinstance(value, Value)]
    return bool(values) and _parameters(values[0]).isdisjoint(_parameters(root))


def _parameters(root: Value) -> set[Value]:
    leaves = {o for node in topological_order(root) for o in node.operands if o.primitive is None}
    return {o for o in leaves if o.kind == "param"} or leaves  # an optimizer takes plain Values, too


def look_for_rising(watch: Watch, change: float) -> None:
    """Warn where the loss has risen at each of the first steps by what it should have fallen.

    change: of the loss in the step that ends, by its gradients: below 0 where the step leads down.
    """
    one_pass = watch.passes == 1
    rose = watch.latest - watch.loss if one_pass and watch.loss is not None else 0.0
    expected = abs(watch.predicted)
    up = watch.predicted > 0.0 and watch.latest >= 0.0 if watch.by_hand else watch.predicted < 0.0
    watch.rising = watch.rising + 1 if up and 0.5 * expected < rose < 2.0 * expected else 0
    if watch.rising == 1:
        watch.others = steps_of_others(watch)
    watch.loss = watch.latest if one_pass else None
    watch.predicted = change
    if watch.rising < _STEPS_RISING or steps_of_others(watch) != watch.others:
        return  # what others move may be meant to raise it
    if watch.by_hand:
        module = watch.owner() if watch.owner is not None else None
        if module is None or not held_by_optimizers().isdisjoint(module.parameters()):
            return  # an optimizer moves them
        text = "the parameters move up their gradients: to lower it subtract, p.data -= lr * p.grad"
    else:
        text = "the gradients have the wrong sign: look at hooks, rows of your own, and what changes grad"
    rising = f"the loss has risen at each of {_STEPS_RISING} steps, by as much as it should have fallen"
    warn(watch, RisingLossWarning, f"{rising}; {text}")


def look_for_rebound(watch: Watch, module: Any) -> None:
    """Warn where a module holds a Value that was computed by subtracting a number from a parameter."""
    for path, value in walk(module, type(module).__name__):
        if isinstance(value, Value) and _is_updated_parameter(value):
            place = written(path)
            warn(
                watch,
                LostParameterWarning,
                f"{place} is no parameter any more: p = p - ... makes a new Value, which is in no list of "
                "parameters and keeps the old ones in its graph. Change the number: p.data -= lr * p.grad",
            )
            return


def _is_updated_parameter(value: Value) -> bool:
    steps = 0
    while is_update(value) and steps < 1000:
        value, steps = value.operands[0], steps + 1
    return steps > 0 and value.primitive is None and value.kind == "param"


def look_for_replaced(optimizer: Any, watch: Watch, order: list[Value]) -> None:
    """Note parameters of the loss that no optimizer holds and that have the labels of lost ones."""
    watch.replaced = []
    reached = {o for node in order for o in node.operands if o.primitive is None and o.kind == "param"}
    unheld = reached - held_by_optimizers()
    params = optimizer.params
    watch.lost = [parameter for parameter in params if parameter not in reached]
    if len(watch.lost) == len(params):  # another model's loss
        watch.found = 0
        return
    lost = {parameter.label for parameter in watch.lost}
    labels = {parameter.label for parameter in unheld}
    # A layer made by itself has labels without its place in the model: the ends of those it replaces.
    ends = {label[i + 1 :] for label in lost for i, sign in enumerate(label) if sign == "."}
    if labels and "" not in labels and labels <= lost | ends:
        watch.replaced = sorted(labels)
    watch.found = watch.found + 1 if watch.replaced else 0
