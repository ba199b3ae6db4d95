"""How large the gradient of each layer is, and whether it vanishes or explodes on the way back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ...engine.value import described
from ...nn import History, Module
from ...nn.step import Groups, layers_of
from .sheet import (
    LINES,
    FilePath,
    PlotTheme,
    Sheet,
    beyond,
    drawable,
    listed,
    logarithmic,
    sheet,
    shown,
    times,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

T = TypeVar("T")

VANISHED = 1e-3
"""A layer's gradient has vanished where its size is below this share of the last layer's."""
EXPLODED = 1e3
"""A layer's gradient has exploded where its size is above this many times the last layer's."""
_TICKS = 16


def plot_gradient_flow(
    source: Module | History,
    ax: Axes | None = None,
    *,
    layers: Sequence[str] | None = None,
    path: FilePath | None = None,
    theme: PlotTheme = "light",
) -> Figure:
    """Plot how large the gradient of each layer is, and say whether it vanishes; return the figure.

    source: a model after `backward()`: then the root mean square and the largest |dL/dw| of each layer's
    parameters, as they are now. Or the history that `fit` returned: then the length of each layer's
    gradient over the epochs, a line each for up to 8 layers, first and last among them.
    layers: the names of those to show, as `summary()` and `history.gradient_norms` call them.
    A layer's gradient is said to vanish where it is below 1/1000 of the last layer's (the last in the
    model's order that has any), to explode where it is above 1000 times that. Scales are logarithmic;
    what is exactly 0, nan or inf has no place on them and is said in words.
    ax, path, theme: as for `plot_history`.
    Raises ImportError without matplotlib; TypeError for other sources; ValueError for a model without
    parameters, one whose gradients are all 0 (call `loss.backward()` first), a history without gradients,
    and names that are no layers.

    >>> from chainrule.nn import MLP
    >>> model = MLP(1, [4, 4, 1], activation="tanh", seed=1)
    >>> model([1.0]).backward()
    >>> plot_gradient_flow(model).words.splitlines()[1]
    "No layer's gradient is below 1/1000 or above 1000 times that of layers.2."
    """
    if isinstance(source, Module):
        sizes = _chosen(_sizes(source), layers)
        with sheet("plot_gradient_flow", ax, path, theme, title="Gradient of each layer") as page:
            _moment(page, sizes)
    elif isinstance(source, History):
        norms = _chosen(_norms(source), layers)
        with sheet("plot_gradient_flow", ax, path, theme, title="Gradients over the epochs") as page:
            _epochs(page, norms)
    else:
        raise TypeError(
            f"plot_gradient_flow takes a model after backward(), or fit's history, got {described(source)}"
        )
    return page.figure


@dataclass(frozen=True)
class _Size:
    """How large the gradient of a layer is."""

    rms: float
    largest: float


def _sizes(model: Module) -> dict[str, _Size]:
    groups: Groups = layers_of(model, model.parameters())
    if not groups:
        raise ValueError(f"plot_gradient_flow: {type(model).__name__} has no parameters")
    sizes = {}
    for name, parameters in groups.items():
        gradients = [p.grad for p in parameters]
        # hypot neither overflows nor loses tiny numbers
        sizes[name] = _Size(math.hypot(*gradients) / math.sqrt(len(gradients)), max(map(abs, gradients)))
    if all(size.rms == 0.0 for size in sizes.values()):
        raise ValueError(
            "plot_gradient_flow: every gradient of the model is 0: call loss.backward() first, and plot "
            "before the next zero_grad()"
        )
    return sizes


def _norms(history: History) -> dict[str, list[float]]:
    if not history.gradient_norms:
        raise ValueError(
            "plot_gradient_flow needs a history with gradient norms, as fit writes it; this has none"
        )
    names = dict.fromkeys(name for epoch in history.gradient_norms for name in epoch)
    norms = {name: [epoch.get(name, math.nan) for epoch in history.gradient_norms] for name in names}
    if not any(drawable(norm) and norm > 0.0 for lengths in norms.values() for norm in lengths):
        raise ValueError(
            "plot_gradient_flow has nothing to draw: every gradient in the history is 0 or "
            f"{beyond(norm for lengths in norms.values() for norm in lengths)}"
        )
    return norms


def _chosen(found: dict[str, T], layers: Sequence[str] | None) -> dict[str, T]:
    if layers is None:
        return found
    wanted = [layers] if isinstance(layers, str) else list(layers)
    unknown = [name for name in wanted if name not in found]
    if unknown or not wanted:
        said = f"got {unknown[0]!r}" if unknown else "got none"
        raise ValueError(f"plot_gradient_flow(layers=...): {said}; the layers are {', '.join(found)}")
    return {name: size for name, size in found.items() if name in wanted}


# -- at one moment ------------------------------------------------------------------------------------


def _moment(page: Sheet, sizes: Mapping[str, _Size]) -> None:
    [panel], look = page.panels, page.look
    names = list(sizes)
    for number, (label, marker, numbers) in enumerate(
        (
            ("largest |dL/dw|", "^", [size.largest for size in sizes.values()]),
            ("root mean square of dL/dw", "o", [size.rms for size in sizes.values()]),
        )
    ):
        line = look.line(1 - number)
        ys = [y if _drawable(y) else math.nan for y in numbers]
        panel.plot(range(len(names)), ys, marker, color=line.colour, linestyle=line.dashes, label=label)
    _scale(panel, [size for both in sizes.values() for size in (both.rms, both.largest)])
    rms = {name: size.rms for name, size in sizes.items()}
    verdict = _Verdict(rms)
    _limits(panel, verdict, page)
    outside = [place for place, size in enumerate(rms.values()) if not _drawable(size)]
    if outside:
        panel.plot(
            outside,
            [0.03] * len(outside),
            "X",
            color=look["bad"],
            markersize=9,
            clip_on=False,
            transform=panel.get_xaxis_transform(),
            label=f"0, {beyond(rms.values())}: not on the scale",
        )
    every = math.ceil(len(names) / _TICKS)
    ticks = range(0, len(names), every)
    long = max(len(names[i]) for i in ticks) * len(ticks) > 60
    panel.set_xticks(
        list(ticks), [shown(names[i]) for i in ticks],
        rotation=35 if long else 0, ha="right" if long else "center", rotation_mode="anchor",
    )  # fmt: skip
    panel.set_xlim(-0.5, len(names) - 0.5)
    panel.grid(True, color=look["zero"])
    panel.set_xlabel("layer, from the inputs to the outputs")
    panel.set_ylabel("size of the gradient, logarithmic")
    panel.legend()
    page.say(verdict.words, panel)


def _limits(panel: Any, verdict: _Verdict, page: Sheet) -> None:
    """Draw the lines below and above which a gradient is said to vanish or explode, where one does."""
    for is_there, share, text in (
        (verdict.vanished, VANISHED, "1/1000 of the last layer's"),
        (verdict.exploded, EXPLODED, "1000 times the last layer's"),
    ):
        if is_there and _drawable(verdict.last_size * share):
            panel.axhline(verdict.last_size * share, color=page.look["muted"], linestyle=":", linewidth=1.2)
            panel.annotate(
                text, (0.0, verdict.last_size * share), (4, 3), xycoords=("axes fraction", "data"),
                textcoords="offset points", color=page.look["muted"], fontsize=9,
            )  # fmt: skip


class _Verdict:
    """What there is to say about the sizes of the layers' gradients."""

    def __init__(self, sizes: Mapping[str, float]) -> None:
        self._sizes = sizes
        self._names = list(sizes)
        self.last = next((name for name in reversed(self._names) if _drawable(sizes[name])), "")
        self.last_size = sizes[self.last] if self.last else math.nan
        here = {name: size for name, size in sizes.items() if _drawable(size)}
        self.vanished = [name for name, size in here.items() if size < VANISHED * self.last_size]
        self.exploded = [name for name, size in here.items() if size > EXPLODED * self.last_size]

    @property
    def words(self) -> str:
        says = []
        if self.vanished:
            learn = "learn" if len(self.vanished) > 1 else "learns"
            factors = self._factors([self.last_size / self._sizes[name] for name in self.vanished])
            says.append(
                f"vanishing gradients: {self._spans(self.vanished)} {learn} {factors} times slower than "
                f"{shown(self.last)}"
            )
        if self.exploded:
            has = "have" if len(self.exploded) > 1 else "has"
            factors = self._factors([self._sizes[name] / self.last_size for name in self.exploded])
            says.append(
                f"exploding gradients: {self._spans(self.exploded)} {has} gradients {factors} times those of "
                f"{shown(self.last)}"
            )
        if none := [name for name, size in self._sizes.items() if size == 0.0]:
            says.append(f"no gradient at all, exactly 0, in {self._spans(none)}")
        if broken := [name for name, size in self._sizes.items() if not drawable(size)]:
            said = beyond(self._sizes.values())
            says.append(f"{said} in {self._spans(broken)}: diagnose(loss) names the operation where it began")
        if not says:
            says.append(
                f"no layer's gradient is below 1/1000 or above 1000 times that of {shown(self.last)}"
                if len(self._names) > 1
                else f"one layer, {shown(self.last)}: nothing to compare its gradient with"
            )
        return "; ".join(says)

    def _spans(self, names: Sequence[str]) -> str:
        """Return names in words, neighbours as `layers.0 to layers.3`."""
        runs: list[list[str]] = []
        for name in names:
            follows = runs and self._names.index(name) == self._names.index(runs[-1][-1]) + 1
            runs[-1].append(name) if follows else runs.append([name])
        texts = []
        for run in runs:
            between = " to " if len(run) > 2 else " and "
            texts.append(between.join(dict.fromkeys([shown(run[0]), shown(run[-1])])))
        return listed(texts)

    def _factors(self, factors: Sequence[float]) -> str:
        low, high = times(min(factors)), times(max(factors))
        return low if low == high else f"{low} to {high}"


def _scale(panel: Any, sizes: Sequence[float]) -> None:
    here = [size for size in sizes if _drawable(size)]
    if here and max(here) < 1.001 * min(here):  # too close together for matplotlib to leave room around them
        panel.set_ylim(min(here) / 10.0, max(here) * 10.0)
    logarithmic(panel.yaxis)


def _drawable(size: float) -> bool:
    return drawable(size) and size > 0.0


# -- over the epochs ----------------------------------------------------------------------------------


def _epochs(page: Sheet, norms: Mapping[str, Sequence[float]]) -> None:
    [panel], look = page.panels, page.look
    names = list(norms)
    last = len(names) - 1
    chosen = (
        sorted({round(i * last / (LINES - 1)) for i in range(LINES)}) if last >= LINES else range(last + 1)
    )
    epochs = max(map(len, norms.values()))
    for number, place in enumerate(chosen):
        line = look.line(number)
        ys = [y if _drawable(y) else math.nan for y in norms[names[place]]]
        panel.plot(
            range(1, epochs + 1),
            ys,
            color=line.colour,
            linestyle=line.dashes,
            marker=line.marker,
            markersize=4,
            markevery=max(1, epochs // 10),
            label=shown(names[place]),
        )
    _scale(panel, [norm for lengths in norms.values() for norm in lengths])
    # The first layer at the bottom, as it lies in most pictures of gradients that shrink on the way back.
    handles, labels = panel.get_legend_handles_labels()
    panel.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    panel.grid(True, color=look["zero"])
    panel.set_xlabel("epoch")
    panel.set_ylabel("length of the gradient, logarithmic")
    first, later = (_Verdict({name: lengths[at] for name, lengths in norms.items()}).words for at in (0, -1))
    says = first if first == later else f"first epoch: {first}. Last: {later}"
    if len(chosen) < len(names):
        says += f"; {len(chosen)} of {len(names)} layers are shown"
    page.say(says, panel)
