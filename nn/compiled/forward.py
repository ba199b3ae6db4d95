"""The outputs of a model for many inputs, in machine code."""

from typing import Any

import numpy as np

from ...engine import compile
from ...engine.compiler.record import standing_in
from ...engine.tree import flatten
from ..mlp import MLP
from ..step import in_mode
from .refusal import check_nothing_looks_on
from .rows import Floats


def outputs_of(model: MLP, rows: Floats) -> Floats:
    """Return the numbers in the model's output for each row, in evaluation mode; a row for each.

    Raises RecordingError for a model that cannot be recorded.
    """
    parameters = model.parameters()
    check_nothing_looks_on("the compiled model", [])

    def output(p: Any, row: Any) -> list[Any]:
        entries = [number.entry for number in p]
        with standing_in(parameters, entries, p[0].recorder), in_mode(model, training=False):
            return flatten(model(list(row)))[0]

    numbers = np.array([parameter.data for parameter in parameters])
    return np.column_stack(compile(output, argnums=(), batch="row")(numbers, rows))
