"""An optimizer's rule in machine code: a parameter a lane."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine import RecordingError, compile
from ...engine.compiler.bound import Bound
from ..optimizer import Optimizer
from .rows import Floats


class Update:
    """The step of one group of parameters: the rule, recorded for one parameter and run for each.

    p, g: the numbers of all parameters and their gradients, of which the group's are those in `part`.  The
    learning rate and the number of the step are read at every run; another setting that changes has the rule
    recorded anew.
    Raises RecordingError where the optimizer steps in another way than by a rule, or the rule branches on
    what is not known beforehand.
    """

    def __init__(self, optimizer: Optimizer, place: int, p: Floats, g: Floats, part: slice) -> None:
        if type(optimizer).step is not Optimizer.step:
            raise RecordingError(
                f"{type(optimizer).__name__} has a step of its own, and machine code is made of an "
                "optimizer's rule"
            )
        self._optimizer, self._place, self._p, self._part = optimizer, place, p[part], part
        self._group = optimizer.param_groups[place]
        self._settings: dict[str, Any] = {}
        self._names: list[str] = []
        self._held: Floats = np.zeros((0, len(self._p)))
        """What the optimizer remembers of each parameter, a line for each of the names."""
        self._scalars = np.zeros(2)
        self._bounds: dict[int, tuple[Bound, Floats]] = {}
        """The rule bound to each array of gradients that was read so far, and that array, by its id."""
        self._record(g)

    def read(self) -> None:
        """Take over what the optimizer remembers."""
        state = self._optimizer.states[self._place]
        self._steady = state.keys() == self._remembered.keys()
        self._steps = state.get("step", 0)
        if self._steady:
            for held, name in zip(self._held, self._names, strict=True):
                held[:] = state[name]

    def write_back(self) -> None:
        """Give the optimizer what it has to remember."""
        if not self._steady:
            return  # it was never elsewhere
        state = self._optimizer.states[self._place]
        numbers = dict(zip(self._names, self._held.tolist(), strict=True))
        self._optimizer.states[self._place] = {
            name: self._steps if name == "step" else numbers[name] for name in state
        }

    def forget(self) -> None:
        """Let go of arrays of gradients: there are new ones, and some may not come again."""
        self._bounds.clear()

    def take(self, g: Floats) -> None:
        """Take a step. g: the gradients by all parameters, in an array that is read where it is."""
        settings = self._group.settings
        self._settings["lr"] = self._scalars[0] = settings["lr"]
        if settings != self._settings:
            self._change(g)
        if not self._steady or self._settings.get("eps") == 0.0:  # which may divide by 0: Python says so
            self._take_in_python(g)
            return
        self._scalars[1] = self._steps
        bound, _ = self._bounds.get(id(g)) or self._bind(g)
        bound.run()
        self._steps += 1

    def _take_in_python(self, g: Floats) -> None:
        """Take a step with the rule as it is: the first ones, after which it remembers more than before."""
        self.write_back()
        self._p[:] = self._optimizer.advanced(self._place, self._p.tolist(), g[self._part].tolist())
        self.read()

    def _change(self, g: Floats) -> None:
        """Record the rule with new settings."""
        self.write_back()
        self._record(g)
        self.read()

    def _record(self, g: Floats) -> None:
        self._settings = dict(self._group.settings)
        fixed = {name: setting for name, setting in self._settings.items() if name not in ("lr", "maximize")}
        rule, sign = type(self._optimizer).rule, -1.0 if self._settings["maximize"] else 1.0
        self._remembered = _remembered(rule, {**fixed, "lr": self._settings["lr"]}, self._optimizer)
        names = self._names = [name for name in self._remembered if name != "step"]
        has_step = "step" in self._remembered

        def step(scalars: Any, number: Any, gradient: Any, *held: Any) -> list[Any]:
            state = {name: [one] for name, one in zip(names, held, strict=True)}
            if has_step:
                state["step"] = scalars[1]
            gradient = -gradient if sign < 0.0 else gradient
            (number,), state = rule([number], [gradient], state, lr=scalars[0], **fixed)
            return [number, *[state[name][0] for name in names]]

        step.__name__ = type(self._optimizer).__name__
        self._held = np.zeros((len(names), len(self._p)))
        # Exact, so that it is the rule to the last bit; roots and quotients take most of the time anyway.
        self._kernel = compile(step, argnums=(), batch=range(1, 3 + len(names)), exact=True)
        self._bounds.clear()
        self._bind(g)

    def _bind(self, g: Floats) -> tuple[Bound, Floats]:
        """Bind the rule to gradients where they are; it writes over the parameters and what is remembered."""
        bound: Bound = self._kernel.bind(self._scalars, self._p, g[self._part], *self._held)
        bound.overwrite(1, *range(3, 3 + len(self._held)))
        self._bounds[id(g)] = found = bound, g
        return found


def _remembered(rule: Any, settings: Mapping[str, Any], optimizer: Optimizer) -> dict[str, Any]:
    """Return a state of the rule once it remembers the same things after every step."""
    state: dict[str, Any] = {}
    for _ in range(3):
        _, new = rule([0.5], [0.25], state, **settings)
        if new.keys() == state.keys():
            return state
        state = new
    raise RecordingError(f"the rule of {type(optimizer).__name__} remembers something else after every step")
