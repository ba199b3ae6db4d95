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

    p: the numbers of all parameters, of which the group's are those in `part`.  The learning rate and the
    number of the step are read at every run; another setting that changes has the rule recorded anew.
    Raises RecordingError where the optimizer steps in another way than by a rule, or the rule branches on
    what is not known beforehand.
    """

    def __init__(self, optimizer: Optimizer, place: int, p: Floats, part: slice) -> None:
        if type(optimizer).step is not Optimizer.step:
            raise RecordingError(
                f"{type(optimizer).__name__} has a step of its own, and machine code is made of an "
                "optimizer's rule"
            )
        self._optimizer, self._place, self._p, self._part = optimizer, place, p[part], part
        self._group = optimizer.param_groups[place]
        self._settings: dict[str, Any] = {}
        self._names: list[str] = []
        self._scalars = np.zeros(2)
        self._numbers: Floats = np.zeros((len(self._p), 2))
        self._record()

    def read(self) -> None:
        """Take over the parameters' numbers from the buffer, and what the optimizer remembers."""
        state = self._optimizer.states[self._place]
        self._numbers[:, 0] = self._p
        self._steady = state.keys() == self._remembered.keys()
        self._steps = state.get("step", 0)
        if self._steady:
            for column, name in enumerate(self._names, start=2):
                self._numbers[:, column] = state[name]

    def write_back(self) -> None:
        """Give the optimizer what it has to remember."""
        if not self._steady:
            return  # it was never elsewhere
        state = self._optimizer.states[self._place]
        held = {name: self._numbers[:, column].tolist() for column, name in enumerate(self._names, start=2)}
        self._optimizer.states[self._place] = {
            name: self._steps if name == "step" else held[name] for name in state
        }

    def take(self, g: Floats) -> None:
        """Take a step. g: the gradients by all parameters."""
        if self._group.settings != self._settings:
            self._change()
        if not self._steady or self._settings.get("eps") == 0.0:  # which may divide by 0: Python says so
            self._take_in_python(g)
            return
        self._scalars[1] = self._steps
        self._numbers[:, 1] = g[self._part]
        self._bound.run()
        self._p[:] = self._numbers[:, 0]
        self._steps += 1

    def _take_in_python(self, g: Floats) -> None:
        """Take a step with the rule as it is: the first ones, after which it remembers more than before."""
        self.write_back()
        self._p[:] = self._optimizer.advanced(self._place, self._p.tolist(), g[self._part].tolist())
        self.read()

    def _change(self) -> None:
        """Note new settings."""
        before, now = ({**settings, "lr": 0.0} for settings in (self._settings, self._group.settings))
        if before == now:
            self._settings = dict(self._group.settings)
            self._scalars[0] = self._settings["lr"]
            return
        self.write_back()
        self._record()
        self.read()

    def _record(self) -> None:
        self._settings = dict(self._group.settings)
        fixed = {name: setting for name, setting in self._settings.items() if name not in ("lr", "maximize")}
        rule, sign = type(self._optimizer).rule, -1.0 if self._settings["maximize"] else 1.0
        self._remembered = _remembered(rule, {**fixed, "lr": self._settings["lr"]}, self._optimizer)
        names = self._names = [name for name in self._remembered if name != "step"]
        has_step = "step" in self._remembered

        def step(scalars: Any, line: Any) -> list[Any]:
            state = {name: [line[column]] for column, name in enumerate(names, start=2)}
            if has_step:
                state["step"] = scalars[1]
            gradient = -line[1] if sign < 0.0 else line[1]
            (number,), state = rule([line[0]], [gradient], state, lr=scalars[0], **fixed)
            return [number, line[1], *[state[name][0] for name in names]]

        step.__name__ = type(self._optimizer).__name__
        self._numbers = np.zeros((len(self._p), 2 + len(names)))
        self._scalars[0] = self._settings["lr"]
        # Exact, so that it is the rule to the last bit; most of the time goes into memory anyway.
        kernel = compile(step, argnums=(), batch="line", exact=True)
        self._bound: Bound = kernel.bind(self._scalars, self._numbers)
        self._bound.overwrite()


def _remembered(rule: Any, settings: Mapping[str, Any], optimizer: Optimizer) -> dict[str, Any]:
    """Return a state of the rule once it remembers the same things after every step."""
    state: dict[str, Any] = {}
    for _ in range(3):
        _, new = rule([0.5], [0.25], state, **settings)
        if new.keys() == state.keys():
            return state
        state = new
    raise RecordingError(f"the rule of {type(optimizer).__name__} remembers something else after every step")
