"""Pictures of a graph of values: each with its label, operation, number and gradient.

>>> from chainrule.engine import Value
>>> from chainrule.viz import draw
>>> w = Value(3.0, label="w")
>>> loss = (w * 2.0 - 1.0) ** 2
>>> loss.backward()
>>> draw(loss)
<Drawing: Graph of 7 values; root = 25>

`draw(loss).save("graph.svg")` writes the picture; `draw(loss).dot` is its text and needs no graphviz.
"""

import sys as _sys
from typing import TYPE_CHECKING as _TYPE_CHECKING

from .difference import Difference as Difference
from .difference import diff as diff
from .drawing import Drawing as Drawing
from .drawing import beside as beside
from .drawing import draw as draw
from .drawing import draw_dot as draw_dot
from .explorer import Explorer as Explorer
from .explorer import show_graph as show_graph
from .fold.part import path as path
from .learning import Learning as Learning
from .learning import LearningRecorder as LearningRecorder
from .learning import show_learning as show_learning
from .notebook import disable_notebook as disable_notebook
from .notebook import enable_notebook as enable_notebook
from .plot import plot_activations as plot_activations
from .plot import plot_decision_boundary as plot_decision_boundary
from .plot import plot_gradient_flow as plot_gradient_flow
from .plot import plot_history as plot_history
from .plot import plot_loss_line as plot_loss_line
from .plot import plot_loss_plane as plot_loss_plane
from .plot import plot_weights as plot_weights
from .render import RenderError as RenderError
from .stepper import Stepper as Stepper
from .stepper import show_steps as show_steps
from .text import graph_text as graph_text
from .text import print_graph as print_graph

if not _TYPE_CHECKING:
    # `from chainrule.viz import *` gives no module: viz.dot would take the place of the engine's dot.
    __all__ = [
        name for name, held in globals().items() if not (name.startswith("_") or isinstance(held, type(_sys)))
    ]
