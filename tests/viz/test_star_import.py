"""`from chainrule.viz import *` beside the engine's and nn's."""

from typing import Any

from chainrule import viz


def test_a_star_import_of_viz_leaves_the_engines_functions_alone() -> None:
    names: dict[str, Any] = {}
    exec("from chainrule.engine import *\nfrom chainrule.nn import *\nfrom chainrule.viz import *", names)
    assert names["dot"]([1.0, 2.0], [3.0, 4.0]) == 11.0
    assert names["draw"] is viz.draw


def test_a_star_import_of_viz_gives_what_is_public_and_no_module() -> None:
    names: dict[str, Any] = {}
    exec("from chainrule.viz import *", names)
    assert {"draw", "draw_dot", "show_steps", "plot_history", "RenderError", "path"} <= names.keys()
    assert not [name for name, held in names.items() if isinstance(held, type(viz))]
