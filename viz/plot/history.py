"""The loss, the metrics and the learning rate of a training run, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...engine.value import described
from ...nn import EarlyStopping, History
from .sheet import FilePath, Line, PlotTheme, Sheet, beyond, drawable, listed, logarithmic, sheet, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOG_FROM = 3.0
"""A scale is logarithmic where its largest number is this many times its smallest, and none is below 0."""
_FEW = 30  # epochs up to which each one has a mark


def plot_history(
    history: History,
    ax: Axes | None = None,
    *,
    best: EarlyStopping | int | None = None,
    path: FilePath | None = None,
    theme: PlotTheme = "light",
) -> Figure:
    """Plot what happened in each epoch; return the figure.

    The mean loss, of the training and the validation examples, has the first panel; below it each metric
    has one, and the learning rate where it changes. Scales are logarithmic where that helps and all
    numbers are above 0. Epochs whose loss is nan or inf are gaps, named in words.

    history: what `fit` returned.
    ax: draw the loss there, and nothing else.
    best: the EarlyStopping that was among the callbacks, or the number of an epoch: it is marked as the
    one whose parameters were kept. Without it the lowest validation loss is marked.
    path: a file to save the figure in, .svg, .png or .pdf; the same history gives the same bytes.
    theme: "light" or "dark".
    Raises ImportError without matplotlib; TypeError for what is no History; ValueError for a history
    without epochs or without a finite loss, and for a `best` that is none of the epochs.

    >>> from chainrule.nn import History, Scores
    >>> figure = plot_history(History(train=[Scores(0.5, {}), Scores(0.25, {})]))
    >>> figure.axes[0].get_ylabel()
    'mean loss'
    """
    if not isinstance(history, History):
        raise TypeError(f"plot_history takes a History, what fit returned, got {described(history)}")
    if not history.loss:
        raise ValueError("plot_history needs at least one epoch, got an empty history")
    if not any(map(drawable, [*history.loss, *history.validation_loss])):
        raise ValueError(
            f"plot_history has nothing to draw: the loss of all {len(history.loss)} epochs is "
            f"{beyond([*history.loss, *history.validation_loss])}; "
            "diagnose(loss) names the operation where that began"
        )
    kept = _kept(history, best)
    metrics = [] if ax is not None else _metrics(history)
    rates = [] if ax is not None else _changing_rates(history)
    panels = 1 + len(metrics) + bool(rates)
    with sheet(
        "plot_history", ax, path, theme, rows=panels, size=(6.4, 4.2 + 1.9 * (panels - 1)),
        heights=[2.0, *[1.0] * (panels - 1)],
    ) as page:  # fmt: skip
        _loss(page, history, kept)
        for panel, name in zip(page.panels[1:], metrics, strict=False):
            both = [[scores.metrics.get(name, math.nan) for scores in part] for part in _parts(history)]
            _curves(panel, page, both)
            panel.set_ylabel(shown(name))
        if rates:
            _rates(page, rates)
        for panel in page.panels:
            panel.grid(True, color=page.look["zero"])
            if kept:
                panel.axvline(kept, color=page.look["muted"], linestyle=":", linewidth=1.2)
        page.panels[-1].set_xlabel("epoch")
        _whole_epochs(page.panels, len(history.loss))
    return page.figure


def _kept(history: History, best: EarlyStopping | int | None) -> int:
    """Return the epoch that is marked as kept, 0 for none."""
    epoch = best.best_epoch if isinstance(best, EarlyStopping) else best
    if epoch is None:
        return 0
    if isinstance(best, EarlyStopping) and epoch == 0:
        raise ValueError(
            "plot_history(best=...) got an EarlyStopping that has not seen an epoch: pass it to fit"
        )
    if not isinstance(epoch, int) or isinstance(epoch, bool):
        raise TypeError(
            f"plot_history(best=...) takes the EarlyStopping or the number of an epoch, got {described(best)}"
        )
    if not 1 <= epoch <= len(history.loss):
        raise ValueError(f"plot_history(best={epoch}): the history has the epochs 1 to {len(history.loss)}")
    return epoch


def _parts(history: History) -> list[list[Any]]:
    return [history.train, history.validation] if history.validation else [history.train]


def _metrics(history: History) -> list[str]:
    """Return the names of the metrics that have a finite number somewhere."""
    found = {
        name: None
        for part in _parts(history)
        for scores in part
        for name, number in scores.metrics.items()
        if drawable(number)
    }
    return list(found)


def _changing_rates(history: History) -> list[list[float]]:
    """Return the learning rates of each group of parameters; none where all stay as they are."""
    groups = [list(group) for group in zip(*history.learning_rates, strict=True)]
    return groups if any(len(set(group)) > 1 for group in groups) else []


def _loss(page: Sheet, history: History, kept: int) -> None:
    panel, look = page.panels[0], page.look
    losses = [[scores.loss for scores in part] for part in _parts(history)]
    _curves(panel, page, losses)
    says = []
    if kept:
        panel.annotate(
            f"kept: epoch {kept}", (kept, 1.0), (4, -4), xycoords=("data", "axes fraction"), va="top",
            textcoords="offset points", color=look["ink"],
        )  # fmt: skip
        says.append(f"epoch {kept} was kept")
    elif history.validation and any(map(drawable, losses[1])):
        lowest = min((loss, epoch) for epoch, loss in enumerate(losses[1], 1) if drawable(loss))
        panel.plot([lowest[1]], [lowest[0]], "v", color=look["ink"], markersize=8, zorder=4,
                   label=f"lowest held out: epoch {lowest[1]}")  # fmt: skip
        says.append(f"the loss of the held-out examples is lowest in epoch {lowest[1]}")
    if len(panel.get_legend_handles_labels()[1]) > 1:
        panel.legend()
    for name, part in zip(("training", "held-out"), losses, strict=False):
        if gaps := [epoch for epoch, loss in enumerate(part, 1) if not drawable(loss)]:
            says.append(f"the {name} loss is {beyond(part)} in {_spans(gaps)}: gaps")
    rates = {tuple(rates) for rates in history.learning_rates}
    if len(rates) == 1:
        says.append(f"learning rate {listed([f'{rate:g}' for rate in dict.fromkeys(*rates)])} throughout")
    if history.stopped:
        says.append(
            f"stopped: {shown(history.stopped) if len(history.stopped) < 40 else _tidy(history.stopped)}"
        )
    page.say("; ".join(says), panel)
    panel.set_ylabel("mean loss" + _scale(panel))


def _tidy(text: str) -> str:
    from ...engine.words import plain

    return plain(text).replace("$", r"\$")


def _scale(panel: Any) -> str:
    return ", logarithmic" if panel.get_yscale() == "log" else ""


def _curves(panel: Any, page: Sheet, parts: Sequence[Sequence[float]]) -> None:
    """Draw the numbers of the training examples and, dashed, of those held out."""
    for number, (name, part) in enumerate(zip(("training", "held out"), parts, strict=False)):
        _curve(panel, part, page.look.line(number), name)
    _log_where_it_helps(panel, [x for part in parts for x in part])


def _curve(panel: Any, numbers: Sequence[float], line: Line, label: str) -> None:
    ys = [y if drawable(y) else math.nan for y in numbers]
    alone = [
        place
        for place, y in enumerate(ys)
        if not math.isnan(y)
        and all(math.isnan(beside) for beside in (*ys[max(place - 1, 0) : place], *ys[place + 1 : place + 2]))
    ]
    marked = range(len(ys)) if len(ys) <= _FEW else alone  # a line cannot show an epoch between two gaps
    panel.plot(
        range(1, len(ys) + 1), ys, color=line.colour, linestyle=line.dashes, marker=line.marker,
        markersize=3.5, markevery=list(marked), label=label,
    )  # fmt: skip


def _rates(page: Sheet, groups: Sequence[Sequence[float]]) -> None:
    panel = page.panels[-1]
    for number, rates in enumerate(groups):
        line = page.look.line(number)
        panel.step(
            range(1, len(rates) + 1), rates, where="mid", color=line.colour, linestyle=line.dashes,
            label=f"group {number + 1}",
        )  # fmt: skip
    if len(groups) > 1:
        panel.legend()
    _log_where_it_helps(panel, [rate for rates in groups for rate in rates])
    panel.set_ylabel("learning rate" + _scale(panel).replace(", ", ",\n"))


def _log_where_it_helps(panel: Any, numbers: Sequence[float]) -> None:
    finite = [x for x in numbers if drawable(x)]
    if min(finite) > 0.0 and max(finite) / min(finite) >= LOG_FROM:
        logarithmic(panel.yaxis)


def _whole_epochs(panels: Sequence[Any], epochs: int) -> None:
    from matplotlib.ticker import MaxNLocator

    for panel in panels:
        panel.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, min_n_ticks=1))
        panel.set_xlim(
            0.5 if epochs == 1 else 1.0 - 0.02 * epochs, epochs + (0.5 if epochs == 1 else 0.02 * epochs)
        )


def _spans(epochs: Sequence[int]) -> str:
    """Return epochs in words: `epochs 3 to 5 and 9`.

    >>> _spans([3, 4, 5, 9]), _spans([2])
    ('epochs 3 to 5 and 9', 'epoch 2')
    """
    spans: list[list[int]] = []
    for epoch in epochs:
        if spans and epoch == spans[-1][-1] + 1:
            spans[-1].append(epoch)
        else:
            spans.append([epoch])
    texts = [f"{span[0]} to {span[-1]}" if len(span) > 1 else f"{span[0]}" for span in spans]
    if len(texts) > 6:
        texts = [*texts[:5], f"{len(texts) - 5} more places"]
    return f"epoch{'s' * (len(epochs) > 1)} {listed(texts)}"
