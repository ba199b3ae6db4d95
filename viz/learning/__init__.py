"""A page on which one can watch a network learn: its weights and gradients, epoch by epoch.

`recorder.py` keeps them while `fit` runs, `shape.py` knows which weight is whose, `page.py` makes the file.
What runs in it lies in `page/`, and what every page has in `viz/page`.
"""

from .recorder import LearningRecorder as LearningRecorder
from .show import Learning as Learning
from .show import show_learning as show_learning
