"""An explanation as LaTeX for papers: the same content as its text."""

from __future__ import annotations

from ..value import Value
from .causes import remark
from .explained import MOST_FACTORS, Explained, ends, how_many, shown_steps
from .formulas import formula
from .notation import (
    Naming,
    latex_derivative,
    latex_factor,
    latex_formula,
    latex_name,
    latex_number,
    latex_operation,
    latex_ratio,
    latex_text,
    namer,
)
from .paths import Path


def latex_of(e: Explained) -> str:
    """Return the explanation as one `aligned` block."""
    lines = [f"{latex_ratio(e.names[e.loss], e.names[e.w])} &= {latex_number(e.total)}"]
    lines += [rf"\text{{why: }} & {latex_text(cause)}" for cause in e.causes]
    lines += [rf"\text{{note: }} & {latex_text(note)}" for note in e.notes]
    if e.paths and e.paths[0].length:
        lines += [_path(i, path, e.names) for i, path in enumerate(e.paths, start=1)]
        lines += _sum(e)
        steps = shown_steps(e.paths)
        lines += [_factor(node, place, e.names) for node, place in steps[:MOST_FACTORS]]
        if len(steps) > MOST_FACTORS:
            lines.append(rf"& \text{{and {len(steps) - MOST_FACTORS:,} more factors}}")
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])


def _path(i: int, path: Path, names: Naming) -> str:
    head, product, tail = ends(path)
    factors = [latex_derivative(node, place, names) for node, place in head]
    numbers = [latex_factor(node.partials[place]) for node, place in head]
    if tail:
        left_out = path.length - len(head) - len(tail)
        factors += [rf"\text{{({left_out:,} factors)}}", *[latex_derivative(*step, names) for step in tail]]
        numbers += [latex_factor(product), *[latex_factor(node.partials[place]) for node, place in tail]]
    shown = [r" \cdot ".join(factors), r" \cdot ".join(numbers)] if len(factors) > 1 else factors
    return rf"\text{{path {i}: }} & {' = '.join([*shown, latex_number(path.product)])}"


def _sum(e: Explained) -> list[str]:
    rest = e.ways.rounded_count - len(e.paths)
    if not rest and len(e.paths) == 1:
        return []
    products = [latex_factor(path.product) for path in e.paths]
    said = " + ".join(products) if len(products) <= 8 else rf"\text{{{len(products):,} paths}}"
    if not rest:
        return [rf"\text{{sum: }} & {said} = {latex_number(e.total)}"]
    others = latex_text(f" from the others of {how_many(e.ways)} paths")
    return [rf"\text{{sum: }} & {said} + {latex_factor(e.rest)}{others} = {latex_number(e.total)}"]


def _factor(node: Value, place: int, names: Naming) -> str:
    part = formula(node, place)
    by = f" = {latex_formula(part, namer(node, names))}" if part else ""
    made = f"{latex_name(names[node])} = {latex_operation(node, names)} = {latex_number(node.data)}"
    says = remark(node, place, names)
    remarked = rf", \quad {latex_text(says)}" if says else ""
    partial = latex_number(node.partials[place])
    return rf"{latex_derivative(node, place, names)} &{by} = {partial}, \quad {made}{remarked}"
