"""The bar and the printed lines of fit."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
import tqdm.auto
import tqdm.std
from notebooks import executed

from chainrule.nn import MLP, SGD, fit, half_squared_error


def trained(**more: Any) -> None:
    model = MLP(1, [1], seed=0)
    fit(
        model,
        [[0.0], [1.0], [2.0]],
        [1.0, 3.0, 5.0],
        loss=half_squared_error,
        optimizer=SGD(model.parameters(), lr=0.05),
        epochs=2,
        batch_size=1,
        **more,
    )


def test_the_bar_counts_steps_and_says_the_epoch_and_its_scores(capsys: pytest.CaptureFixture[str]) -> None:
    trained(progress=True, report_every=1)
    said, shown = capsys.readouterr()
    assert "training: 100%" in shown
    assert "6/6" in shown
    assert "epoch 2/2, loss 1." in shown
    assert [line.split()[:3] for line in said.splitlines()] == [
        ["epoch", "1", "train:"],
        ["epoch", "2", "train:"],
    ]


def test_a_notebooks_bar_is_shown_though_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, bool | None]] = []

    class Plain(tqdm.std.tqdm):  # type: ignore[misc]  # tqdm has no types
        def __init__(self, *args: Any, **settings: Any) -> None:
            made.append((type(self).__name__, settings["disable"]))
            super().__init__(*args, **settings)

    class Widgets(Plain):
        pass

    def shell(**attributes: Any) -> None:
        """Let there be an IPython of this kind; without any, one that is loaded but does not run."""
        running = SimpleNamespace(**attributes) if attributes else None
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: running))

    monkeypatch.setattr(tqdm, "tqdm", Plain)
    monkeypatch.setattr(tqdm.auto, "tqdm", Widgets)
    monkeypatch.setitem(sys.modules, "ipywidgets", SimpleNamespace(__spec__=object()))
    kinds: list[dict[str, Any]] = [{}, {"user_ns": {}}, {"kernel": object()}]
    for attributes in kinds:  # elsewhere, in a terminal, in a notebook
        shell(**attributes)
        trained()
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    trained()
    assert made == [("Plain", None), ("Plain", None), ("Widgets", False), ("Plain", False)]


def test_a_notebook_without_widgets_shows_the_plain_bar_and_no_warning() -> None:
    [outputs] = executed(
        [
            """
import sys
sys.modules["ipywidgets"] = None
from chainrule.nn import MLP, SGD, fit, squared_error
model = MLP(1, [1], seed=0)
optimizer = SGD(model.parameters())
history = fit(model, [[1.0]], [2.0], loss=squared_error, optimizer=optimizer, epochs=2)
"""
        ]
    )
    assert {output["name"] for output in outputs} == {"stderr"}
    shown = "".join([output["text"] for output in outputs])
    assert "training: 100%" in shown
    assert "Warning" not in shown
