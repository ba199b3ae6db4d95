"""Ctrl-C while training: between two examples, and never in the middle of a step."""

import signal
import threading
from types import FrameType


class Interrupts:
    """Holds Ctrl-C back until `check` is called, where stopping does no harm.

    A second Ctrl-C raises KeyboardInterrupt at once, as it does without this: for a model that never
    comes back. Where the program has a handler of its own for Ctrl-C, or outside the main thread (which
    Python does not interrupt), nothing is changed.
    """

    def __init__(self) -> None:
        self.count = 0
        self._installed = False

    def __enter__(self) -> "Interrupts":
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._installed = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt where Ctrl-C was pressed since the beginning."""
        if self.count:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 1:
            signal.default_int_handler(number, frame)
