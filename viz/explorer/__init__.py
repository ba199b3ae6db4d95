"""A page with a folded graph that opens on click, down to the single value.

`tree.py` says which values fold into which card, `model.py` what the page knows of them, `show.py` makes the
file. The page lays the open cards out itself, so that graphviz is not needed.
"""

from .show import Explorer as Explorer
from .show import show_graph as show_graph
