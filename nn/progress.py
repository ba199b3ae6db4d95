"""What `fit` shows while it runs: a bar on a terminal or in a notebook, and lines of scores."""

import sys
from importlib.util import find_spec
from typing import Any

from .callbacks import TrainingState


class Reporter:
    """The progress bar and the printed lines, either of which may be absent.

    every: print a line after the first epoch and after every so many, 0 for never.
    progress: whether to show a bar; None where somebody is looking.
    """

    def __init__(self, state: TrainingState, every: int, progress: bool | None) -> None:
        self._every = every
        self._bar = _bar(state, progress)

    def __enter__(self) -> "Reporter":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def step_ended(self) -> None:
        """Move the bar on."""
        if self._bar is not None:
            self._bar.update()

    def epoch_ended(self, state: TrainingState) -> None:
        """Show the scores of the epoch."""
        history = state.history
        if self._bar is not None:
            self._bar.set_postfix_str(
                f"epoch {state.epoch}/{state.epochs}, {history.train[-1]}", refresh=False
            )
        if self._every and (state.epoch == 1 or state.epoch % self._every == 0):
            line = f"epoch {state.epoch:4}  train: {history.train[-1]}"
            if history.validation:
                line += f"  held out: {history.validation[-1]}"
            if self._bar is not None:
                self._bar.write(line, file=sys.stdout)
            else:
                print(line)


def _bar(state: TrainingState, progress: bool | None) -> Any:
    """Return a tqdm bar, or None where none is wanted or tqdm is not there."""
    if progress is False:
        return None
    in_notebook = _in_notebook()
    try:
        # tqdm.auto would choose too, and warn where there are no widgets for a bar of them.
        if in_notebook and find_spec("ipywidgets") is not None:
            from tqdm.auto import tqdm
        else:
            from tqdm import tqdm
    except ImportError:
        if progress:
            raise ImportError(
                "fit(progress=True) needs tqdm: pip install 'chainrule[train]', or pass progress=False"
            ) from None
        return None
    return tqdm(
        total=state.epochs * state.steps,
        initial=state.total_steps,
        desc="training",
        unit="step",
        disable=False if progress or in_notebook else None,  # None: only where stderr is a terminal
    )


def _in_notebook() -> bool:
    """Return whether this runs in a notebook's kernel, where stderr is no terminal but somebody looks."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
