"""On which side of 0 an operand is; not in a file of rows, as every function there is public."""

import math


def sign_side(x: float) -> tuple[str, float]:
    """Return on which side of 0 an operand is, and how far from it."""
    return ("x > 0" if x > 0.0 else "x < 0" if x < 0.0 else "x = 0"), math.fabs(x)
