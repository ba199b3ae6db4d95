"""What all plots share: files, themes, axes, and doing without matplotlib."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure

from chainrule.nn import MLP, History, Scores
from chainrule.viz import plot_activations, plot_gradient_flow, plot_history, plot_weights
from chainrule.viz.plot.sheet import Look, shown

RUN = History([Scores(1.0, {"right": 0.5}), Scores(0.1, {"right": 1.0})], [Scores(1.5, {}), Scores(0.9, {})])


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_the_same_picture_is_the_same_bytes(kind: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        plot_history(RUN, path=tmp_path / f"{name}.{kind}")
    assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()
    plot_history(RUN).savefig(tmp_path / f"three.{kind}")
    assert (tmp_path / f"three.{kind}").read_bytes() == (tmp_path / f"one.{kind}").read_bytes()


def test_a_run_of_python_writes_the_bytes_of_another(tmp_path: Path) -> None:
    program = """
from chainrule.nn import MLP
from chainrule.viz import plot_weights
plot_weights(MLP(2, [3, 1], seed=1), path="out.svg")
"""
    drawn = []
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, check=True, env={"PYTHONHASHSEED": seed}
        )
        drawn.append((tmp_path / "out.svg").read_bytes())
    assert drawn[0] == drawn[1]


def test_matplotlibs_settings_are_as_they_were() -> None:
    before = dict(matplotlib.rcParams)
    figure: Any = plot_history(RUN, theme="dark")
    figure._repr_svg_()
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_a_picture_shows_itself_in_a_notebook() -> None:
    figure: Any = plot_history(RUN)
    assert ElementTree.fromstring(figure._repr_svg_()).tag.endswith("svg")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_colours_ground_and_ink(theme: Any) -> None:
    look = Look(theme)
    figure = plot_history(RUN, theme=theme)
    assert matplotlib.colors.to_hex(figure.get_facecolor()) == look["background"]
    assert matplotlib.colors.to_hex(figure.axes[0].yaxis.label.get_color()) == look["ink"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_differ_in_dash_and_marker_and_stand_out_from_the_ground(theme: Any) -> None:
    look = Look(theme)
    lines = [look.line(i) for i in range(8)]
    assert len({str(line.dashes) for line in lines}) == len({line.marker for line in lines}) == 8
    for line in lines:
        assert contrast(line.colour, look["background"]) > 2.5


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours by WCAG."""

    def luminance(colour: str) -> float:
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in matplotlib.colors.to_rgb(colour)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_a_users_own_figure_is_saved_whole(tmp_path: Path) -> None:
    figure = Figure()
    for ax in figure.subplots(1, 2):
        plot_history(RUN, ax, path=tmp_path / "both.svg")
    assert (tmp_path / "both.svg").read_text(encoding="utf-8").count('<g id="axes_') == 2


def test_axes_of_a_subfigure_belong_to_the_whole() -> None:
    figure: Any = Figure()
    part = figure.subfigures(1, 2)[0]
    assert plot_history(RUN, part.subplots()) is figure


def test_several_layers_do_not_go_into_one_ax() -> None:
    model, ax = MLP(2, [3, 1], seed=0), Figure().subplots()
    with pytest.raises(
        ValueError, match=r"2 layers to draw and got one ax: choose a layer, layers=\['layers.0'\]"
    ):
        plot_activations(model, [[1.0, 2.0]], ax)
    with pytest.raises(ValueError, match="plot_weights needs 2 panels here and got one ax: choose a layer"):
        plot_weights(model, ax)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"theme": "auto"}, ValueError, "plot_history's theme is 'light' or 'dark', got 'auto'"),
        ({"path": "loss.gif"}, ValueError, "cannot tell a format from 'loss.gif': end it in '.svg'"),
        ({"path": "loss"}, ValueError, "cannot tell a format from 'loss'"),
        ({"path": 3}, TypeError, "takes the name of a file, got 3"),
        ({"path": "nowhere/loss.svg"}, FileNotFoundError, "there is no folder 'nowhere'; create it"),
        ({"path": "."}, IsADirectoryError, "it is a folder; pass a file in it, such as 'plot_history.svg'"),
        ({"ax": Figure()}, TypeError, "takes the axes to draw on, got <Figure"),
    ],
)
def test_a_wrong_place_to_draw_is_refused(
    settings: dict[str, Any],
    error: type[Exception],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        plot_history(RUN, **settings)
    assert not list(tmp_path.iterdir())


def test_what_was_there_stays_where_the_new_picture_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "loss.svg").mkdir()
    with pytest.raises(IsADirectoryError):
        plot_history(RUN, path=tmp_path / "loss.svg")


def test_names_of_users_never_become_formulas() -> None:
    assert shown("cost in $ or $$") == r"cost in \$ or \$\$"
    assert shown("_private") == " _private"
    assert len(shown("long " * 100)) == 40


def test_without_matplotlib_the_error_says_what_to_install_and_the_rest_works() -> None:
    program = """
import json, sys
sys.modules["matplotlib"] = None
from chainrule.nn import MLP, History, Scores
from chainrule.viz import *
import chainrule.viz as viz
said = []
model = MLP(1, [1], seed=0)
model([1.0]).backward()
for plot in (
    lambda: viz.plot_history(History([Scores(1.0, {})])),
    lambda: viz.plot_gradient_flow(model),
    lambda: viz.plot_activations(model, [[1.0]]),
    lambda: viz.plot_weights(model),
    lambda: viz.plot_loss_line(lambda x: x * x, -1.0, 1.0, steps=3),
    lambda: viz.plot_loss_plane(lambda p: p[0] * p[1], [0.0, 0.0], steps=3),
    lambda: viz.plot_decision_boundary(lambda p: model([p[0]]), [[0.0, 1.0]], [1], steps=3),
):
    try:
        plot()
    except ImportError as error:
        said.append(str(error))
print(json.dumps(said))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["plots need matplotlib: pip install 'chainrule[plot]'"] * 7


def test_the_package_loads_without_loading_matplotlib() -> None:
    program = "import sys, chainrule.viz; print('matplotlib' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_gradient_flow_says_its_sentence_in_words_too() -> None:
    model = MLP(1, [1], seed=0)
    model([1.0]).backward()
    figure: Any = plot_gradient_flow(model)
    assert (
        figure.words == "Gradient of each layer.\nOne layer, layers.0: nothing to compare its gradient with."
    )
