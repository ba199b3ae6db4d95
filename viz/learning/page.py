"""From records to what the page reads, and to the page."""

from __future__ import annotations

import base64
import sys
from array import array
from collections.abc import Sequence
from typing import Any

from ..page.assemble import assembled, controls, json_number, part, part_of
from ..theme import LEVELS, Theme
from .recorder import LearningRecorder, Record
from .shape import Dense, Shape

MOST_LINES, MOST_UNITS = 400, 20
"""Weights, and units in one layer, up to which a network is drawn as units and lines; above, as heat maps."""
MOST_NUMBERS = 600_000
"""Weights and gradients of all records together in one page, which then has some 6 MB."""

_SCRIPTS = ("film.js", "sentences.js", "curves.js", "network.js", "heat.js", "main.js")


def page(data: dict[str, Any], title: str, theme: Theme) -> str:
    """Return the page as the text of a file, the same for the same data."""
    return assembled(
        title=title,
        theme=theme,
        help=_own("help.html"),
        main=_own("main.html").replace("$controls", controls("epoch", more=_own("choice.html"))),
        styles=[part("controls.css"), _own("learning.css")],
        scripts=[part("controls.js"), *map(_own, _SCRIPTS)],
        data=data,
    )


def _own(name: str) -> str:
    return part_of(f"{__package__}", f"page/{name}")


def model(
    recorder: LearningRecorder, shape: Shape, inputs: Sequence[str] | None, outputs: Sequence[str] | None
) -> dict[str, Any]:
    """Return what the page's scripts read, as JSON's own types."""
    chain = shape.chain()
    records = thinned(recorder.kept(), MOST_NUMBERS // (2 * len(shape.cells)))
    return {
        "levels": LEVELS,
        "matrices": [
            {"layer": one.layer, "name": one.name, "rows": one.rows, "columns": one.columns,
             "absent": one.absent}
            for one in shape.matrices
        ],
        "chain": [
            {"weight": one.weight, "bias": one.bias, "nin": one.nin, "nout": one.nout} for one in chain
        ],
        "drawn": is_small(chain),
        "inputs": inputs,
        "outputs": outputs,
        "epochs": [record.epoch for record in records],
        "weights": [_packed(record.weights) for record in records],
        "gradients": [None if record.gradients is None else _packed(record.gradients) for record in records],
        "losses": [json_number(loss) for loss in recorder.losses],
        "validation": [json_number(loss) for loss in recorder.validation_losses],
    }  # fmt: skip


def is_small(chain: Sequence[Dense]) -> bool:
    """Return whether a chain of layers is drawn as units and lines."""
    lines = sum(one.nin * one.nout for one in chain)
    units = max([max(one.nin, one.nout) for one in chain], default=0)
    return bool(chain) and lines <= MOST_LINES and units <= MOST_UNITS


def thinned(records: Sequence[Record], most: int) -> list[Record]:
    """Return at most so many of the records (but two at least), evenly spread, with the first and the last.

    >>> [record.epoch for record in thinned([Record(i, array("d"), None) for i in range(10)], 4)]
    [0, 3, 6, 9]
    """
    count, last = max(2, most), len(records) - 1
    if last < count:
        return list(records)
    return [records[round(i * last / (count - 1))] for i in range(count)]


def _packed(numbers: array[float]) -> str:
    """Return the numbers to the last bit, as text: little-endian doubles in base 64."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
