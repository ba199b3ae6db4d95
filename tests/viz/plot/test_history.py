"""The picture of a training run says what happened in each epoch."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from chainrule.nn import MLP, SGD, EarlyStopping, History, Scores, StepLR, fit, squared_error
from chainrule.viz import plot_history

NAN, INF = math.nan, math.inf


def history(*losses: float, validation: tuple[float, ...] = ()) -> History:
    return History([Scores(loss, {}) for loss in losses], [Scores(loss, {}) for loss in validation])


def panel(figure: Any) -> Any:
    return figure.axes[0]


def title(figure: Any) -> str:
    return " ".join(str(panel(figure).get_title(loc="left")).split())


def names(figure: Any) -> list[str]:
    return [text.get_text() for text in panel(figure).get_legend().get_texts()]


def test_a_history_is_one_line_on_a_log_scale() -> None:
    ax = panel(plot_history(history(1.0, 0.5, 0.25)))
    line = ax.lines[0]
    assert len(ax.lines) == 1
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([1, 2, 3], [1.0, 0.5, 0.25])
    assert (ax.get_yscale(), ax.get_ylabel()) == ("log", "mean loss, logarithmic")


def test_validation_is_a_second_dashed_line_with_its_lowest_epoch_marked() -> None:
    figure = plot_history(history(1.0, 0.5, 0.4, validation=(1.5, 1.0, 1.25)))
    lines = panel(figure).lines
    assert [line.get_linestyle() for line in lines] == ["-", "--", "None"]
    assert [line.get_marker() for line in lines] == ["o", "s", "v"]
    assert names(figure) == ["training", "held out", "lowest held out: epoch 2"]
    assert title(figure) == "The loss of the held-out examples is lowest in epoch 2"


@pytest.mark.parametrize("losses", [(1.0, 0.0), (1.0, -2.0), (1.0, 0.9), (5.0, 5.0)])
def test_the_scale_is_linear_where_a_logarithm_is_none_or_no_help(losses: tuple[float, ...]) -> None:
    figure = plot_history(history(*losses))
    assert panel(figure).get_yscale() == "linear"
    assert panel(figure).get_ylabel() == "mean loss"


def test_into_given_axes_goes_the_loss_alone_and_their_figure_comes_back() -> None:
    mine = Figure()
    ax: Any = mine.subplots(1, 2)[1]
    entry = History([Scores(1.0, {"right": 0.5}), Scores(0.5, {"right": 0.75})])
    assert plot_history(entry, ax) is mine
    assert plot_history(history(2.0, 1.0), ax) is mine
    assert (len(mine.axes), len(ax.lines)) == (2, 2)


def test_metrics_and_changing_learning_rates_have_their_own_panels() -> None:
    model = MLP(1, [1], seed=0)
    optimizer = SGD(model.parameters(), lr=0.1)
    seen = fit(
        model, [[0.0], [1.0]], [1.0, 3.0], loss=squared_error, epochs=4, optimizer=optimizer,
        metrics={"off": lambda out, target: abs(out.data - target)}, schedule=StepLR(optimizer, 1, gamma=0.1),
    )  # fmt: skip
    axes: list[Any] = plot_history(seen).axes
    assert [ax.get_ylabel() for ax in axes] == ["mean loss", "off", "learning rate,\nlogarithmic"]
    assert [axes[2].lines[0].get_ydata()[i] for i in range(4)] == pytest.approx([0.1, 0.01, 1e-3, 1e-4])
    assert [ax.get_xlabel() for ax in axes] == ["", "", "epoch"]


def test_a_learning_rate_that_stays_is_said_and_takes_no_panel() -> None:
    seen = history(1.0, 0.5)
    seen.learning_rates = [[0.1, 0.02], [0.1, 0.02]]
    figure = plot_history(seen)
    assert len(figure.axes) == 1
    assert title(figure) == "Learning rate 0.1 and 0.02 throughout"


def test_several_groups_of_learning_rates_are_several_lines() -> None:
    seen = history(1.0, 0.5)
    seen.learning_rates = [[0.1, 0.02], [0.05, 0.02]]
    rates: Any = plot_history(seen).axes[1]
    assert [text.get_text() for text in rates.get_legend().get_texts()] == ["group 1", "group 2"]


def test_the_epoch_that_early_stopping_kept_is_marked() -> None:
    model, stop = MLP(1, [1], seed=0), EarlyStopping(patience=2)
    inputs = ([[0.0], [1.0]], [1.0, 3.0])
    seen = fit(model, *inputs, loss=squared_error, epochs=9, validation=([[1.0]], [0.0]),
               optimizer=SGD(model.parameters(), lr=0.3), callbacks=[stop])  # fmt: skip
    figure = plot_history(seen, best=stop)
    assert f"kept: epoch {stop.best_epoch}" in [text.get_text() for text in panel(figure).texts]
    assert f"Epoch {stop.best_epoch} was kept" in title(figure)
    assert f"stopped: {seen.stopped}" in title(figure)
    assert plot_history(seen, best=2).axes[0].texts[0].get_text() == "kept: epoch 2"


def test_epochs_without_a_number_are_gaps_and_said() -> None:
    figure = plot_history(history(1.0, NAN, 0.7, INF, -INF, 0.3, validation=(NAN, 1.0, 1.0, 1.0, 1.0, 1.0)))
    training = list(panel(figure).lines[0].get_ydata())
    assert [i for i, y in enumerate(training) if math.isnan(y)] == [1, 3, 4]
    assert "The loss of the held-out examples is lowest in epoch 2" in title(figure)
    assert "the training loss is nan or inf in epochs 2 and 4 to 5: gaps" in title(figure)
    assert "the held-out loss is nan or inf in epoch 1: gaps" in title(figure)


def test_an_epoch_between_two_gaps_has_a_mark_however_many_there_are() -> None:
    losses = [1.0 if i in (50, 51) or i == 70 else NAN for i in range(100)]
    line = panel(plot_history(history(*losses))).lines[0]
    assert line.get_markevery() == [70]


def test_one_epoch_is_seen(tmp_path: Path) -> None:
    figure = plot_history(history(0.5), path=tmp_path / "one.png")
    assert list(panel(figure).lines[0].get_markevery()) == [0]
    assert panel(figure).get_xlim() == (0.5, 1.5)


def test_losses_that_no_scale_holds_are_gaps(tmp_path: Path) -> None:
    figure = plot_history(history(1e-300, 1e308, 1.0, NAN), path=tmp_path / "history.png")
    assert title(figure) == "The training loss is nan, inf or beyond 1e150 in epochs 2 and 4: gaps"


def test_names_are_shown_and_never_obeyed(tmp_path: Path) -> None:
    hostile = ["$\\frac{", "_hidden", "two\nlines", "\x00\u202e", "<b>&amp;", "x" * 500, "%s{0}"]
    seen = History(
        [Scores(1.0, {name: i / 7 for i, name in enumerate(hostile)})] * 2, stopped="$\\sum_{ \n $"
    )
    seen.gradient_norms = []
    figure = plot_history(seen, path=tmp_path / "names.svg")
    labels = [ax.get_ylabel() for ax in figure.axes[1:]]
    assert labels[:3] == ["\\$\\frac{", " _hidden", "two↵lines"]
    assert len(labels[5]) == 40
    assert (tmp_path / "names.svg").stat().st_size > 1000


wrong: Any = "wrong"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plot_history(History()), ValueError, "needs at least one epoch, got an empty history"),
        (
            lambda: plot_history(wrong),
            TypeError,
            "takes a History, what fit returned, got 'wrong'",
        ),
        (
            lambda: plot_history(history(NAN, INF)),
            ValueError,
            "the loss of all 2 epochs is nan or inf; diagnose",
        ),
        (
            lambda: plot_history(history(1.0), best=2),
            ValueError,
            r"best=2\): the history has the epochs 1 to 1",
        ),
        (
            lambda: plot_history(history(1.0), best=wrong),
            TypeError,
            "the EarlyStopping or the number of an epoch",
        ),
        (
            lambda: plot_history(history(1.0), best=EarlyStopping()),
            ValueError,
            "an EarlyStopping that has not seen an epoch: pass it to fit",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
