"""Warnings at the user's line, each once there."""

from __future__ import annotations

import os
import sys
import warnings
from types import FrameType

_HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OWN_FOLDERS = tuple(os.path.join(_HOME, package, "") for package in ("engine", "nn", "viz"))
"""Where chainrule's own files are."""


class _Text(str):
    """A warning's text, to Python the same as another one about the same thing.

    Python shows a warning once for each line and text. In a loop the numbers in the text change at every
    step; what it is about does not.
    """

    __slots__ = ("about",)
    about: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Text) and self.about == other.about

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.about)


def warn_user(text: str, category: type[Warning], about: str = "") -> None:
    """Warn at the line of the user's that led here, by Python's rules: once for each line, unless filtered.

    about: what tells this warning from others; the text itself where its numbers stay the same.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(OWN_FOLDERS):
        frame = frame.f_back
    if frame is None:
        warnings.warn(text, category, stacklevel=2)
        return
    warn_at(frame, frame.f_lineno, text, category, about)


def warn_at(frame: FrameType, line: int, text: str, category: type[Warning], about: str = "") -> None:
    """Warn at a line of the function that the frame belongs to, by Python's rules; see `warn_user`."""
    said = _Text(text)
    said.about = about or text
    warnings.warn_explicit(
        said,
        category,
        frame.f_code.co_filename,
        line,
        module=frame.f_globals.get("__name__") or "<unknown>",
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


class TrainingWarning(UserWarning):
    """Something in a training loop that is most likely a mistake; docs/conscience.md lists what.

    `warnings.filterwarnings("ignore", category=TrainingWarning)` silences all of them.
    """


class StaleGradientWarning(TrainingWarning):
    """Gradients of an earlier step were added to."""


class ChangedDataWarning(TrainingWarning):
    """A number was changed between the forward pass and the backward pass."""


class GrowingGraphWarning(TrainingWarning):
    """The graphs of earlier losses are kept alive."""


class RisingLossWarning(TrainingWarning):
    """Steps raise the loss by what they should lower it."""


class LostParameterWarning(TrainingWarning):
    """A parameter is not where it is thought to be: not in the optimizer, or not in the module."""
