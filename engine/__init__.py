"""chainrule's engine: a number that remembers how it was made, and the chain rule over it.

>>> from chainrule.engine import Value
>>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
>>> loss = (a * b).tanh() + a ** 2
>>> loss.backward()
>>> print(f"{loss:.4f} {a.grad:.4f}")
3.0000 3.9999
"""

from .collector import collector_paused as collector_paused
from .graph import topological_order as topological_order
from .modes import no_grad as no_grad
from .primitive import TABLE as TABLE
from .primitive import Primitive as Primitive
from .primitives import *  # noqa: F403  # every row of the table, by its name
from .value import Constant as Constant
from .value import Number as Number
from .value import Value as Value
