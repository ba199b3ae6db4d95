"""The table of deltas as text for terminals, and as LaTeX for papers: the same content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from ..engine.debugging.notation import latex_factor, latex_number
from ..engine.words import number

if TYPE_CHECKING:
    from .deltas import DeltaTable
    from .deltas_found import NeuronDelta, WeightDelta

MOST_NEURONS, MOST_WEIGHTS, MOST_TERMS = 20, 10, 6
"""How many neurons of a layer, weights of a neuron and terms of a sum are shown; the others are counted."""

T = TypeVar("T")


def _some(things: Sequence[T], most: int) -> tuple[Sequence[T], int]:
    """Return the first things, and how many more there are."""
    return (things, 0) if len(things) <= most else (things[:most], len(things) - most)


def _factor(x: float) -> str:
    digits = number(x)
    return f"({digits})" if digits.startswith("−") else digits


# -- text ---------------------------------------------------------------------------------------------


def text_of(table: DeltaTable) -> str:
    """Return the table as text: from the output layer back to the first."""
    blocks = [f"E = {number(table.error)}"]
    for i in range(len(table.layers), 0, -1):
        neurons, more = _some(table.layers[i - 1], MOST_NEURONS)
        output = i == len(table.layers)
        rule = "dE/da · f'(z)" if output else "(Σ w · δ of the neurons it feeds) · f'(z)"
        lines = [f"layer {i}{', output' if output else ''}: δ = {rule}"]
        for neuron in neurons:
            lines += _neuron_lines(neuron, table.lr)
        blocks.append("\n".join(lines + [f"  … {more:,} more neurons"] * bool(more)))
    return "\n\n".join(blocks)


def _neuron_lines(neuron: NeuronDelta, lr: float | None) -> list[str]:
    head = f"  neuron {neuron.place}: z = {number(neuron.z)}, a = "
    if neuron.activation:
        formula = f"{neuron.slope_formula} = " if neuron.slope_formula else ""
        head += f"{neuron.activation}(z) = {number(neuron.a)}, f'(z) = {formula}{number(neuron.slope)}"
    else:
        head += "z"
    weights, more = _some(neuron.weights, MOST_WEIGHTS)
    return [
        head,
        f"    δ = {_delta(neuron)}",
        *[f"    {_weight(neuron, weight, lr)}" for weight in weights],
        *[f"    … {more:,} more weights"] * bool(more),
    ]


def _delta(neuron: NeuronDelta) -> str:
    product = f"{_upstream(neuron)} · {_factor(neuron.slope)}"
    if neuron.is_product:
        return f"{product} = {number(neuron.delta)}"
    rest = neuron.delta - neuron.upstream * neuron.slope
    return f"{product} + {_factor(rest)} (z is used elsewhere too) = {number(neuron.delta)}"


def _upstream(neuron: NeuronDelta) -> str:
    if not neuron.terms:
        return number(neuron.upstream)
    terms, more = _some(neuron.terms, MOST_TERMS)
    parts = [f"{_factor(w) if i else number(w)} · {_factor(delta)}" for i, (w, delta) in enumerate(terms)]
    parts += [f"{more:,} more terms"] * bool(more)
    parts += [f"{_factor(neuron.elsewhere)} from elsewhere"] * bool(neuron.elsewhere)
    return f"({' + '.join(parts)})"


def _weight(neuron: NeuronDelta, weight: WeightDelta, lr: float | None) -> str:
    name, through = weight.name, f"{number(neuron.delta)} · {_factor(weight.input)}"
    line = f"dE/d{name} = δ" if name == "b" else f"dE/d{name} = δ · x = {through}"
    if weight.elsewhere:
        line += f" + {_factor(weight.elsewhere)} from elsewhere"
    line += f" = {number(weight.gradient)}"
    if lr is None:
        return line
    step = f"{number(weight.value)} − {_factor(lr)} · {_factor(weight.gradient)}"
    return f"{line};  {name}: {step} = {number(weight.value - lr * weight.gradient)}"


# -- LaTeX --------------------------------------------------------------------------------------------


def latex_of(table: DeltaTable) -> str:
    """Return the table as one `aligned` block, in the notation of textbooks: layers up, neurons down."""
    lines = [rf"E &= {latex_number(table.error)}"]
    for i in range(len(table.layers), 0, -1):
        neurons, more = _some(table.layers[i - 1], MOST_NEURONS)
        for neuron in neurons:
            lines += _latex_neuron(neuron, table.lr)
        lines += [rf"& \text{{{more:,} more neurons of layer {i}}}"] * bool(more)
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])


def _latex_neuron(neuron: NeuronDelta, lr: float | None) -> list[str]:
    at = rf"^{{({neuron.layer})}}_{{{neuron.place}}}"
    if neuron.activation:
        function = "f" if neuron.activation == "f" else rf"\operatorname{{{_letters(neuron.activation)}}}"
        by = f"{neuron.slope_latex} = " if neuron.slope_latex else ""
        made = rf"{function}\left(z{at}\right) = {latex_number(neuron.a)}, "
        made += rf"\quad f'\left(z{at}\right) = {by}{latex_number(neuron.slope)}"
    else:
        made = rf"z{at}"
    slope, delta = latex_factor(neuron.slope), latex_number(neuron.delta)
    if neuron.terms:
        terms, more = _some(neuron.terms, MOST_TERMS)
        parts = [rf"{latex_factor(w)} \cdot {latex_factor(delta)}" for w, delta in terms]
        parts += [rf"\text{{{more:,} more terms}}"] * bool(more)
        parts += [rf"{latex_factor(neuron.elsewhere)} \text{{ from elsewhere}}"] * bool(neuron.elsewhere)
        rule = rf"\left(\sum w \delta^{{({neuron.layer + 1})}}\right) f'\left(z{at}\right)"
        filled = rf"\left({' + '.join(parts)}\right) \cdot {slope}"
    else:
        rule = rf"\frac{{\partial E}}{{\partial a{at}}} f'\left(z{at}\right)"
        filled = rf"{latex_number(neuron.upstream)} \cdot {slope}"
    if not neuron.is_product:
        rest = neuron.delta - neuron.upstream * neuron.slope
        filled += rf" + {latex_factor(rest)} \text{{ (z is used elsewhere too)}}"
    weights, left_out = _some(neuron.weights, MOST_WEIGHTS)
    return [
        rf"z{at} &= {latex_number(neuron.z)}, \quad a{at} = {made}",
        rf"\delta{at} &= {rule} = {filled} = {delta}",
        *[_latex_weight(neuron, weight, lr) for weight in weights],
        *[rf"& \text{{{left_out:,} more weights}}"] * bool(left_out),
    ]


def _latex_weight(neuron: NeuronDelta, weight: WeightDelta, lr: float | None) -> str:
    up = rf"^{{({neuron.layer})}}"
    index = weight.name[1:]
    name = (
        rf"b{up}_{{{neuron.place}}}" if weight.name == "b" else rf"w{up}_{{{neuron.place}, {_index(index)}}}"
    )
    line = rf"\frac{{\partial E}}{{\partial {name}}} &= \delta{up}_{{{neuron.place}}}"
    if weight.name != "b":
        line += rf" \cdot x = {latex_number(neuron.delta)} \cdot {latex_factor(weight.input)}"
    if weight.elsewhere:
        line += rf" + {latex_factor(weight.elsewhere)} \text{{ from elsewhere}}"
    line += f" = {latex_number(weight.gradient)}"
    if lr is None:
        return line
    new = weight.value - lr * weight.gradient
    step = rf"{latex_number(weight.value)} - {latex_factor(lr)} \cdot {latex_factor(weight.gradient)}"
    return rf"{line}, \quad {name} \leftarrow {step} = {latex_number(new)}"


def _letters(name: str) -> str:
    return "".join([c if c.isascii() and c.isalnum() else r"\_" if c == "_" else "?" for c in name])


def _index(index: str) -> str:
    return index if index.isdecimal() else rf"\text{{{_letters(index)}}}"
