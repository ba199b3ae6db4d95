"""The bar and the printed lines of fit."""

from typing import Any

import pytest
import tqdm.auto
import tqdm.std

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
    made: list[Any] = []

    class Terminals(tqdm.std.tqdm):  # type: ignore[misc]  # tqdm has no types
        def __init__(self, *args: Any, **settings: Any) -> None:
            made.append(settings["disable"])
            super().__init__(*args, **settings)

    class Notebooks(Terminals):
        __module__ = "tqdm.notebook"

    for kind in (Terminals, Notebooks):
        monkeypatch.setattr(tqdm.auto, "tqdm", kind)
        trained()
    assert made == [None, False]
