"""Values in NumPy's arrays."""

from typing import Any

import numpy as np

from chainrule.engine import Value


def values(plain: Any) -> Any:
    """Return an object array of new Values with these numbers."""
    numbers = np.asarray(plain)
    array = np.empty(numbers.shape, dtype=object)
    for place in np.ndindex(array.shape):
        array[place] = Value(float(numbers[place]))
    return array
