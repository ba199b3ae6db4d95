"""Plots of training, with matplotlib (the extra `plot`).

Each function draws into the axes it is given, or makes a figure, and returns the figure; none opens a
window: `figure.savefig("loss.svg")`, or `path="loss.svg"` in the call; a notebook shows it.
"""

from .activations import plot_activations as plot_activations
from .boundary import plot_decision_boundary as plot_decision_boundary
from .gradient_flow import plot_gradient_flow as plot_gradient_flow
from .history import plot_history as plot_history
from .loss_line import plot_loss_line as plot_loss_line
from .loss_plane import plot_loss_plane as plot_loss_plane
from .weights import plot_weights as plot_weights
