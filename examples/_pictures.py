"""What the examples share about pictures: figures without a screen, colours, graphs of Values.

Needs matplotlib and graphviz: pip install 'chainrule[viz,plot]'.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from chainrule.engine import Value
from chainrule.engine.files import write_whole
from chainrule.viz import RenderError, draw

# Paul Tol's muted colours stay apart for the colour-blind; the dashes stay apart without any colour.
BLUE, GREEN, SAND, ROSE, WINE, GREY = "#332288", "#117733", "#999933", "#cc6677", "#882255", "#777777"
STYLES = [
    (BLUE, "-"),
    (ROSE, "--"),
    (GREEN, "-."),
    (SAND, ":"),
    (WINE, (0, (6, 1, 1, 1, 1, 1))),
    (GREY, (0, (1, 1))),
]


@contextmanager
def picture(
    path: Path, title: str, rows: int = 1, columns: int = 1, size: tuple[float, float] = (7.0, 4.5)
) -> Iterator[list[Axes]]:
    """Give the panels of a figure to draw on, and save it as `path` afterwards.

    The object-oriented interface of matplotlib: no window, no global state. The same run writes the
    same bytes.
    """
    settings: dict[Any, Any] = {
        "svg.hashsalt": "chainrule",
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": "#e4e4e4",
        "legend.frameon": False,
    }
    with rc_context(settings):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(title, fontsize=13)
        panels = figure.subplots(rows, columns, squeeze=False)
        yield list(panels.flat)
        drawn = BytesIO()
        kind = path.suffix.removeprefix(".")
        figure.savefig(drawn, format=kind, metadata={"Date": None} if kind == "svg" else None)
        write_whole(path, drawn.getvalue(), path.name)


def names(panel: Axes, x: str, y: str, title: str = "", legend: Any = "") -> None:
    """Name the axes of a panel; legend: where one goes, none without."""
    panel.set_xlabel(x)
    panel.set_ylabel(y)
    panel.set_title(title)
    if legend:
        panel.legend(loc=legend)


def spaced(low: float, high: float, n: int = 201) -> list[float]:
    """Return n numbers from low to high, evenly spaced."""
    return [low + (high - low) * i / (n - 1) for i in range(n)]


def save_graph(root: Value, path: Path) -> None:
    """Save the picture of a graph; where nothing can lay it out, say so and go on without."""
    try:
        draw(root).save(path)
    except RenderError as error:
        print(f"{path} was not drawn: {error}")
