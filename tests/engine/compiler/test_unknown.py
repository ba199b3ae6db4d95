"""What needs the number that a stand-in has not yet is refused, with what to do."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from chainrule.engine import Value
from chainrule.engine.compiler.recorder import Recorder
from chainrule.engine.compiler.traced import RecordingError
from chainrule.engine.compiler.unknown import Unknown

REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "float": (float, "would freeze it"),
    "complex": (complex, "would freeze it"),
    "int": (int, r"cannot choose an element.*use take"),
    "index": (lambda x: [1.0][x], r"cannot choose an element.*use take"),
    "grad": (lambda x: x.grad, r"use grad\(f\) or value_and_grad\(f\) inside"),
    "backward": (lambda x: x.backward(), "return the loss"),
    "set grad": (lambda x: setattr(x, "grad", 0.0), "assigning to .grad"),
    "hook": (lambda x: x.register_hook(print), "machine code calls no hooks"),
    "break": (lambda x: x.break_when(print), "machine code stops nowhere"),
    "trace": (lambda x: x.trace(), r"trace\(\) looks at numbers"),
    "zero_grad": (lambda x: x.zero_grad(), r"zero_grad\(\) looks at numbers"),
    "pickle": (pickle.dumps, "cannot be pickled.*pickle what the kernel returns"),
    "partials": (lambda x: x.partials, r"partials are not known .* use grad\(f\) or jacobian\(f\)"),
    "an input": (Value, r"Value\(\.\.\.\) would freeze .* use the number as it is"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_needs_the_number_is_refused_and_says_what_to_do(name: str) -> None:
    recorder = Recorder()
    x = recorder.stand_in(recorder.input())
    assert isinstance(x, Unknown)
    ask, message = REFUSED[name]
    with pytest.raises(RecordingError, match=message):
        ask(x)
