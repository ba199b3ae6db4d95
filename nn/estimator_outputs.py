"""The outputs of the scikit-learn estimators' networks: in machine code where that is worth it."""

from typing import Any

from ..engine import Value, no_grad
from .mlp import MLP

MANY = 64
"""From how many rows on it is worth recording the network."""


def outputs_for(model: MLP, X: Any, compiled: bool | str) -> list[list[float]]:
    """Return the outputs for each row of an array.

    compiled: as for `fit`; True raises RecordingError for an activation that cannot be recorded.
    """
    if compiled is not False and len(X) >= MANY:
        try:
            from .compiled.forward import outputs_of

            computed: list[list[float]] = outputs_of(model, X).tolist()
            return computed
        except Exception:  # no llvmlite, say
            if compiled is True:
                raise
    with no_grad():
        outputs = [model(row) for row in X.tolist()]
    return [[o.data] if isinstance(o, Value) else [v.data for v in o] for o in outputs]
