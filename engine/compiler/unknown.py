"""What a number that is not known yet refuses: all that needs the number itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ..value import Value
from .refusals import RecordingError, refusal

if TYPE_CHECKING:
    from .recorder import Recorder

_INDEX = (
    "a number that compile records cannot choose an element: the recording would keep this one "
    "choice; use take(rows, i). A count, for range(n), is fixed beforehand: "
    "compile(functools.partial(f, n=3))"
)


class Unknown(Value):
    """A Value without a number: what would need one (an index, a float, a gradient) raises RecordingError.

    The recording would freeze that one outcome for every later call.
    """

    __slots__ = ()
    recorder: Recorder

    @property
    def grad(self) -> NoReturn:
        raise self.recorder.refusal(
            "a gradient is not known while compile records: use grad(f) or value_and_grad(f) inside, "
            "or kernel.value_and_grad outside"
        )

    @grad.setter
    def grad(self, number: object) -> None:
        raise self.recorder.refusal(
            "assigning to .grad while compile records would be lost: kernel.value_and_grad(...) returns "
            "gradients"
        )

    @property
    def partials(self) -> NoReturn:  # type: ignore[override]
        raise self.recorder.refusal(
            "partials are not known while compile records: use grad(f) or jacobian(f) inside, or partials of "
            "Values outside"
        )

    def register_hook(self, hook: object) -> NoReturn:
        raise self.recorder.refusal(
            "machine code calls no hooks: register them on Values, outside what compile records"
        )

    def break_when(self, condition: object = None, *, when: str | None = None) -> NoReturn:
        raise self.recorder.refusal("machine code stops nowhere: watch Values, outside what compile records")

    def unknown_to(self, what: str) -> RecordingError:
        """Return the error to raise where a function needs the number itself, to show it, say."""
        return self.recorder.refusal(
            f"{what} looks at numbers, and one that compile records has none yet: call it outside of the "
            "compiled function, on what the function gives for Values"
        )

    backward_steps, trace = refusal("backward_steps()"), refusal("trace()")
    zero_grad, debug = refusal("zero_grad()"), refusal("debug()")

    def no_input(self) -> RecordingError:
        """Return the error to raise where a Value is to be made of it, a leaf of its own."""
        why = (
            "Value(...) would freeze a number that compile records: use the number as it is, or x.detach(), "
            "through which no derivative goes"
        )
        return self._refusal(why, self.is_number)

    def backward(self, create_graph: bool = False, *, retain_graph: bool = True) -> NoReturn:
        raise self.recorder.refusal(
            "backward() cannot run while compile records: return the loss and call "
            "kernel.value_and_grad(...), or use grad(f) inside; chainrule.nn.compiled_step(model, loss, "
            "optimizer) is a whole training step"
        )

    is_number = is_truth = False
    """Whether it stands for a float, or a truth value: Values refuse `float` and `int` too, those do not."""

    def _refusal(self, why: str, answered: bool) -> RecordingError:
        """Return the error; it is kept where there would be an answer, see `Recorder.refusal`."""
        return self.recorder.refusal(why) if answered else RecordingError(why)

    def __float__(self) -> NoReturn:
        raise self._refusal(
            "float(...) of a number that compile records would freeze it: use the methods and functions "
            'of chainrule.engine (v.exp(), exp(v)), which are recorded; in a text f"{x:.3f}" and not %.3f',
            self.is_number or self.is_truth,
        )

    __complex__ = __float__

    def __index__(self) -> NoReturn:
        raise self._refusal(_INDEX, isinstance(self, int))

    def __int__(self) -> NoReturn:
        raise self._refusal(_INDEX, self.is_number or self.is_truth)

    def __reduce__(self) -> NoReturn:
        raise self.recorder.refusal(
            "a number that compile records cannot be pickled, for it has no number yet: pickle what the "
            "kernel returns"
        )


__all__ = ["Unknown"]
