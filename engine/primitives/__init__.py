"""The table of primitives: every operation of the engine, a row each.

A row says what a primitive computes, how, what its local derivatives are, where tests look and what
happens at kinks and outside the domain (see `Primitive`). Everything else follows from it. Adding an
operation is adding a row to one of the files here.

The words of a formula: x, y and z are the operands, xs a tuple of any number of them, `out` is the result.
Formulas of partials use `out` where it saves work or is steadier. They are run on floats for a
gradient, and on Values for a gradient of the gradient; a lambda for an expression, a function as soon as
there is a branch. Both sides of a branch must be smooth beyond it, or the derivatives of a partial at the
branch are wrong: `-x if x > 0 else x` under an exponential, where `abs(x)` would be flat at 0.

Values and partials are right to 4 ulp where a row does not state another bound;
`python benchmarks/accuracy.py` measures it.

Kinks follow PyTorch's published rule: relu'(0) = 0, abs'(0) = 0, a tie in maximum gives each half.
Where PyTorch has nan and there is a limit, ours is the limit (silu, gelu, softsign at the infinities);
hypot'(0, 0) = (0, 0), as of PyTorch's norm; elu''(0) is that of the left side, as elu'(0) is.
"""

from typing import TYPE_CHECKING

from ..primitive import Primitive

# The order of these imports is the order of the table.
# isort: off
from . import arithmetic, exponentials, powers, trigonometric, hyperbolic, comparing, rounding, special
from . import activation, sums, averages, logsums, lists
from .arithmetic import *  # noqa: F403
from .exponentials import *  # noqa: F403
from .powers import *  # noqa: F403
from .trigonometric import *  # noqa: F403
from .hyperbolic import *  # noqa: F403
from .activation import *  # noqa: F403
from .special import *  # noqa: F403
from .comparing import *  # noqa: F403
from .rounding import *  # noqa: F403
from .sums import *  # noqa: F403
from .averages import *  # noqa: F403
from .logsums import *  # noqa: F403
from .lists import *  # noqa: F403

# isort: on

if not TYPE_CHECKING:  # type checkers cannot evaluate the list, and see the names of the files without it
    _files = (
        *(arithmetic, exponentials, powers, trigonometric, hyperbolic, activation, special, comparing),
        *(rounding, sums, averages, logsums, lists),
    )
    __all__ = list(
        dict.fromkeys(
            name
            for file in _files
            for name, thing in vars(file).items()
            if not name.startswith("_")
            and (isinstance(thing, Primitive) or getattr(thing, "__module__", "") == file.__name__)
        )
    )
