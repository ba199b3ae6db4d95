"""An explanation as text for terminals."""

from __future__ import annotations

import math

from ..words import number
from .explained import MOST_FACTORS, Explained, ends, factor, how_many, shown_steps
from .notation import Naming, derivative, operation, ratio
from .paths import Path


def text_of(e: Explained) -> str:
    """Return the explanation as text for terminals."""
    blocks = [_heading(e)]
    if e.causes:
        first, *others = e.causes
        blocks[0] += "\n" + "\n".join([f"Why: {first}.", *[f"  - {other}" for other in others]])
    blocks[0] += "".join([f"\nNote: {note}." for note in e.notes])
    if e.paths and e.paths[0].length:
        many = e.paths[1:] != []
        for i, path in enumerate(e.paths, start=1):
            lines = _path_lines(path, e.names)
            indent = f"{i}. " if many else ""
            blocks.append("\n".join([indent + lines[0], " " * len(indent) + lines[1]]))
        blocks += [*_sum_lines(e), _factor_lines(e)]
    return "\n\n".join(blocks)


def _heading(e: Explained) -> str:
    top, bottom = e.names[e.loss], e.names[e.w]
    return f"{ratio(top, bottom)} = {number(e.total)}: {_in_words(e, top, bottom)}."


def _in_words(e: Explained, top: str, bottom: str) -> str:
    gradient = e.total
    if not e.paths:
        return f"no gradient reaches {bottom}"
    if not math.isfinite(e.loss.data):
        return f"but {top} itself is {number(e.loss.data)}; diagnose(...) says where that starts"
    if not math.isfinite(gradient):
        return "not a finite number"
    if gradient == 0.0:
        return f"where {bottom} moves a little, {top} stays where it is"
    way, times = "grows" if gradient > 0.0 else "falls", number(abs(gradient))
    return f"where {bottom} grows a little, {top} {way} " + (
        "as much" if times == "1" else f"{times} times as much"
    )


def _path_lines(path: Path, names: Naming) -> tuple[str, str]:
    head, product, tail = ends(path)
    if not head:
        return names[path.values[0]], "1"
    values = [names[head[0][0]], *[names[node.operands[place]] for node, place in head]]
    factors = [derivative(node, place, names) for node, place in head]
    numbers = [_term(node.partials[place]) for node, place in head]
    if tail:
        left_out = path.length - len(head) - len(tail)
        visible = {*head, *tail}  # by hash: == of Values compares numbers
        hidden = [step for step in path.detours if step not in visible]
        by = "".join([f", by {names[node]} ← {names[node.operands[place]]}" for node, place in hidden[:2]])
        values += [f"… {left_out:,} more{by} …", *[names[node.operands[place]] for node, place in tail]]
        factors += [f"({left_out:,} factors)", *[derivative(node, place, names) for node, place in tail]]
        numbers += [_term(product), *[_term(node.partials[place]) for node, place in tail]]
    numbers[0] = numbers[0].strip("()")
    chain, result = " · ".join(factors), number(path.product)
    filled = f" = {' · '.join(numbers)}" if len(numbers) > 1 else ""
    return " ← ".join(values), f"{chain}{filled} = {result}"


def _term(x: float) -> str:
    digits = number(x)
    return f"({digits})" if digits.startswith("−") else digits


def _sum_lines(e: Explained) -> list[str]:
    rest = e.ways.rounded_count - len(e.paths)
    if not rest and len(e.paths) == 1:
        return []
    terms = [_term(path.product) for path in e.paths]
    said = " + ".join(terms) if len(terms) <= 8 else f"{len(terms):,} paths"
    if not rest:
        return [f"sum: {said} = {number(e.total)}"]
    share = f"{number(100.0 * e.share)} %" if e.share == e.share else "an unknown part"
    whole = how_many(e.ways)
    many = len(e.paths)
    shown = "This is the largest" if many == 1 else f"These are the largest {many:,}"
    return [
        f"{shown} of {whole} paths, {share} of the sum of all sizes |product|."
        f"\nsum: {said} + {_term(e.rest)} from the others = {number(e.total)}"
    ]


def _factor_lines(e: Explained) -> str:
    rows = []
    steps = shown_steps(e.paths)
    for node, place in steps[:MOST_FACTORS]:
        one = factor(node, place, e.names)
        by = f" = {one.formula}" if one.formula else ""
        made = f"{e.names[node]} = {operation(node, e.names)} = {number(node.data)}"
        rows.append((f"{one.name}{by} = {number(one.partial)}", made, one.remark))
    width = min(max([len(left) for left, _, _ in rows]), 60)
    lines = [f"{left.ljust(width)}    {made}" + (f", {says}" if says else "") for left, made, says in rows]
    more = len(steps) - MOST_FACTORS
    return "\n".join([*lines, f"and {more:,} more factors"] if more > 0 else lines)
