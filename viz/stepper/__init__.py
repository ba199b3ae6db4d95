"""A page on which one can look at the chain rule at work, step by step.

`model.py` turns a graph into cards, edges and steps, `formula.py` writes them as formulas, `layout.py` says
where they stand, `page.py` makes the file. What runs in it lies in `page/`.
"""

from .show import Stepper as Stepper
from .show import show_steps as show_steps
