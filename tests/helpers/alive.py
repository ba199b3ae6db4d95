"""How many Values there are."""

import gc

from chainrule.engine import Value


def alive() -> int:
    """Return how many Values there are in the process."""
    # isinstance would ask each object for its class, which some of other packages answer with a warning.
    return sum(issubclass(type(thing), Value) for thing in gc.get_objects())
