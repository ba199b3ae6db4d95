"""Record a function once, replay it as machine code.

Needs llvmlite and numpy, which the extra `compile` brings; the rest of the engine does without.
"""

try:
    import llvmlite.binding as _llvm
    import numpy as _numpy
except ImportError as _error:
    raise ImportError(
        f'chainrule.engine.compiler needs {_error.name}: install it with pip install "chainrule[compile]"',
        name=_error.name,
    ) from _error

from .compile import Kernel as Kernel
from .compile import compile as compile
from .refusals import RecordingError as RecordingError
from .refusals import RecordingWarning as RecordingWarning

del _llvm, _numpy
