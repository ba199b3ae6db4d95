"""Backpropagation as textbooks teach it: the delta of every neuron, layer by layer."""

from __future__ import annotations

import math

from ..engine import Value
from ..engine.value import described
from .deltas_found import Deltas, NeuronDelta
from .deltas_shown import latex_of, text_of
from .module import Module


class DeltaTable:
    """The deltas of a model for one sample. `delta_table` makes it; `str` and `latex` show it."""

    def __init__(self, layers: list[list[NeuronDelta]], error: float, lr: float | None) -> None:
        self.layers = layers
        """The neurons of each layer, the first layer first; only those that the loss was made from."""
        self.error = error
        """The loss."""
        self.lr = lr

    @property
    def deltas(self) -> list[list[float]]:
        """The delta of every neuron, layer by layer, the first layer first."""
        return [[neuron.delta for neuron in layer] for layer in self.layers]

    def latex(self) -> str:
        """Return the table as LaTeX: an `aligned` block for a paper, without the dollars; needs amsmath."""
        return latex_of(self)

    def __str__(self) -> str:
        return text_of(self)

    def __repr__(self) -> str:
        return f"<deltas of {sum(map(len, self.layers))} neurons: print it to read them>"

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex()}\n$$"


def delta_table(model: Module, loss: Value, lr: float | None = None) -> DeltaTable:
    """Return the delta, dE/dz, of every neuron of `model`, and how it follows from those above it.

    For an output neuron δ = dE/da · f'(z), for a hidden one δ = (sum of w · δ) · f'(z) over the neurons it
    feeds; dE/dw = δ · x for a weight whose input is x. `print` shows all of it with its numbers, `.latex()`
    the same for papers. Everything is computed from the graph of `loss`; no `grad` is read or changed.

    model: an MLP, a layer, a neuron, or a module of them, with any activations: neurons are the parts with
    weights `w` and a bias `b` that compute dot(w, x, b).
    loss: of one sample, made from the model's output; any loss.
    lr: a learning rate; the table then ends with each weight after one step, w − lr · dE/dw.
    Raises TypeError for other arguments, ValueError where no neuron of the model, or a neuron more than
    once, is in the graph: then pass the loss of one sample.
    Source: Rumelhart, Hinton and Williams, Nature 323 (1986).

    >>> from chainrule.nn import MLP, squared_error
    >>> model = MLP(1, [1, 1], activation="tanh", seed=1)
    >>> for p, number in zip(model.parameters(), [0.5, 0.0, 2.0, 0.0]):
    ...     p.data = number
    >>> print(delta_table(model, squared_error(model([1.0]), 1.0)))
    E = 0.0057
    <BLANKLINE>
    layer 2, output: δ = dE/da · f'(z)
      neuron 1: z = 0.9242, a = z
        δ = −0.1515 · 1 = −0.1515
        dE/dw1 = δ · x = −0.1515 · 0.4621 = −0.07
        dE/db = δ = −0.1515
    <BLANKLINE>
    layer 1: δ = (Σ w · δ of the neurons it feeds) · f'(z)
      neuron 1: z = 0.5, a = tanh(z) = 0.4621, f'(z) = 1 − a² = 0.7864
        δ = (2 · (−0.1515)) · 0.7864 = −0.2383
        dE/dw1 = δ · x = −0.2383 · 1 = −0.2383
        dE/db = δ = −0.2383
    """
    if not isinstance(model, Module):
        raise TypeError(f"delta_table(model, loss) takes a Module, such as an MLP, got {described(model)}")
    if not isinstance(loss, Value):
        raise TypeError(f"delta_table(model, loss) takes the loss as a Value, got {described(loss)}")
    if lr is not None and (not isinstance(lr, int | float) or isinstance(lr, bool) or not math.isfinite(lr)):
        raise ValueError(f"delta_table(lr=...) takes a learning rate, a finite number, got {lr!r}")
    return DeltaTable(Deltas(model, loss).layers(), float(loss.data), lr)
