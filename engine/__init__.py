"""chainrule's engine: a number that remembers how it was made, and the chain rule over it.

>>> from chainrule.engine import Value
>>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
>>> loss = (a * b).tanh() + a ** 2
>>> loss.backward()
>>> print(f"{loss:.4f} {a.grad:.4f}")
3.0000 3.9999
"""

import builtins as _builtins
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from . import graph as _graph
from . import modes as _modes
from .check import GradientError as GradientError
from .check import GradientReport as GradientReport
from .check import check_gradients as check_gradients
from .collector import collector_paused as collector_paused
from .debugging import changed as _changed
from .debugging import ledger as _ledger
from .debugging.diagnose import diagnose as diagnose
from .debugging.diagnosis import Diagnosis as Diagnosis
from .debugging.diagnosis import Finding as Finding
from .debugging.explain import Explanation as Explanation
from .debugging.explain import explain as explain
from .debugging.kinks import Kinks as Kinks
from .debugging.kinks import kinks as kinks
from .debugging.ledger import Branch as Branch
from .debugging.ledger import Ledger as Ledger
from .debugging.ledger import branches as branches
from .debugging.recording import record_sources as record_sources
from .debugging.recording import scope as scope
from .debugging.source import Source as Source
from .debugging.steps import Step as Step
from .debugging.steps import backward_steps as backward_steps
from .debugging.trace import Trace as Trace
from .debugging.warn import ChangedDataWarning as ChangedDataWarning
from .debugging.warn import TrainingWarning as TrainingWarning
from .graph import topological_order as topological_order
from .modes import NotFiniteError as NotFiniteError
from .modes import enable_grad as enable_grad
from .modes import no_grad as no_grad
from .modes import strict as strict
from .own import black_box as black_box
from .own import declare as declare
from .own import forget as forget
from .own import implicit as implicit
from .piecewise import piecewise as piecewise
from .primitive import TABLE as TABLE
from .primitive import Primitive as Primitive
from .primitives import *  # noqa: F403  # every row of the table, by its name
from .serialise import from_dict as from_dict
from .serialise import to_dict as to_dict
from .series import taylor as taylor
from .sparsity import Sparsity as Sparsity
from .sparsity import jacobian_sparsity as jacobian_sparsity
from .take import take as take
from .transforms import grad as grad
from .transforms import hessian as hessian
from .transforms import hvp as hvp
from .transforms import jacobian as jacobian
from .transforms import jvp as jvp
from .transforms import value_and_grad as value_and_grad
from .transforms import vjp as vjp
from .value import Constant as Constant
from .value import Number as Number
from .value import Value as Value

_graph.look = _changed.look
_modes.note_comparison = _ledger.note_comparison

if not _TYPE_CHECKING:
    # `from chainrule.engine import *` leaves Python's own abs, pow and round alone: they know Values anyway.
    __all__ = [
        name
        for name, held in globals().items()
        if not (name.startswith("_") or hasattr(_builtins, name) or isinstance(held, type(_builtins)))
    ]

if _TYPE_CHECKING:
    from .compiler import Kernel as Kernel
    from .compiler import RecordingError as RecordingError
    from .compiler import RecordingWarning as RecordingWarning
    from .compiler import compile as compile
else:

    def __getattr__(name: str) -> _Any:
        """Return what needs llvmlite and numpy, which are imported only for those who ask for it."""
        if name in ("Kernel", "RecordingError", "RecordingWarning", "compile"):
            from . import compiler

            return getattr(compiler, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
