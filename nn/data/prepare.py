"""What is done to data before training: split it, standardise it, turn labels into columns."""

import math
from collections.abc import Hashable, Iterable, Sequence
from operator import index
from typing import Any, Generic, NamedTuple, SupportsIndex, TypeVar, overload

from ...engine.value import REAL
from ..randomness import Seed, generator
from .rows import as_rows

Input = TypeVar("Input")
Target = TypeVar("Target")


class Split(NamedTuple, Generic[Input, Target]):
    """Two parts of a data set: one to learn from and one held out."""

    train_inputs: list[Input]
    train_targets: list[Target]
    test_inputs: list[Input]
    test_targets: list[Target]


@overload
def split(
    inputs: Sequence[Input],
    targets: Sequence[Target],
    test_share: float = 0.2,
    seed: Seed = None,
    *,
    stratify: Any = None,
) -> Split[Input, Target]: ...
@overload
def split(
    inputs: Any, targets: Any, test_share: float = 0.2, seed: Seed = None, *, stratify: Any = None
) -> Split[Any, Any]: ...
def split(
    inputs: Any, targets: Any, test_share: float = 0.2, seed: Seed = None, *, stratify: Any = None
) -> Split[Any, Any]:
    """Return the examples in two parts, in random order.

    inputs, targets: of the same length; sequences, NumPy arrays, or frames and series of pandas, whose
    rows become lists.  test_share: how much is held out, more than 0, less than 1; rounded to whole
    examples, at least 1 on either side.
    stratify: a label for each example, most often the targets once more: each label is then split by
    itself, so that both parts hold the same share of it, and at least 1 example.
    Raises ValueError for other shares, for lengths that differ, for fewer than 2 examples, and for fewer
    than 2 of a label; TypeError for what is no row of examples.

    >>> parts = split(range(10), range(10), test_share=0.3, seed=0)
    >>> len(parts.train_inputs), len(parts.test_inputs)
    (7, 3)
    >>> sorted(split(range(8), "aaaaaabb", test_share=0.5, seed=0, stratify="aaaaaabb").test_targets)
    ['a', 'a', 'a', 'b']
    """
    rows, wanted = as_rows(inputs, "split"), as_rows(targets, "split")
    n = len(rows)
    if len(wanted) != n:
        raise ValueError(f"split got {n} inputs and {len(wanted)} targets")
    if n < 2:
        raise ValueError(f"split needs at least 2 examples, got {n}")
    if not 0.0 < test_share < 1.0:
        raise ValueError(f"split needs a test_share between 0 and 1, got {test_share!r}")
    rng = generator(seed)
    order = list(range(n))
    rng.shuffle(order)
    groups = [order] if stratify is None else _by_label(order, stratify)
    test, train = [], []
    for group in groups:
        held_out = min(max(round(len(group) * test_share), 1), len(group) - 1)
        test += group[:held_out]
        train += group[held_out:]
    if stratify is not None:  # they come label by label
        rng.shuffle(test)
        rng.shuffle(train)
    return Split(
        [rows[i] for i in train],
        [wanted[i] for i in train],
        [rows[i] for i in test],
        [wanted[i] for i in test],
    )


def _by_label(order: list[int], stratify: Any) -> list[list[int]]:
    if isinstance(stratify, bool):
        raise TypeError("split needs a label for each example to stratify by: pass stratify=targets")
    labels = as_rows(stratify, "split's stratify")
    if len(labels) != len(order):
        raise ValueError(f"split got {len(order)} inputs and {len(labels)} labels to stratify by")
    groups: dict[Hashable, list[int]] = {}
    for i in order:
        try:
            groups.setdefault(labels[i], []).append(i)
        except TypeError:
            raise TypeError(f"split stratifies by labels, such as 3 or 'setosa', got {labels[i]!r}") from None
    for label, group in groups.items():
        if len(group) < 2:
            raise ValueError(f"split cannot stratify: {label!r} has one example, and each part needs one")
    return list(groups.values())


def one_hot(labels: Any, classes: Any = None) -> list[list[float]]:
    """Return a row for each label: 1.0 in the column of its class, 0.0 in the others.

    labels: whole numbers from 0, or, where `classes` lists them, anything: text, say.
    classes: how many columns, at least the largest label + 1 (the default), or the labels themselves in
    the order of the columns, each once.
    Raises ValueError for labels outside the classes and for no labels without classes; TypeError for
    labels that are no whole numbers where the classes are not listed.

    >>> one_hot([0, 2, 1])
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    >>> one_hot(["dog", "cat"], classes=["cat", "dog"])
    [[0.0, 1.0], [1.0, 0.0]]
    """
    held = as_rows(labels, "one_hot")
    if classes is None or isinstance(classes, SupportsIndex):
        columns = [_class_number(label) for label in held]
        if classes is None and not held:
            raise ValueError("one_hot needs at least one label, or the classes, got none")
        width = max(columns) + 1 if classes is None else index(classes)
        names: Sequence[Hashable] = range(width)
    else:
        names = as_rows(classes, "one_hot's classes")
        places = {name: place for place, name in enumerate(names)}
        if len(places) < len(names):
            raise ValueError(f"one_hot needs each class once, got {list(names)!r:.80}")
        columns = [places.get(label, -1) for label in held]
        width = len(names)
    for label, column in zip(held, columns, strict=True):
        if not 0 <= column < width:
            known = f"0 to {width - 1}" if isinstance(names, range) else ", ".join(map(repr, names))
            raise ValueError(f"one_hot knows the classes {known:.80}, got {label!r}")
    return [[float(place == column) for place in range(width)] for column in columns]


def _class_number(label: object) -> int:
    if not isinstance(label, SupportsIndex) or isinstance(label, bool):
        raise TypeError(
            f"one_hot takes whole numbers, got {label!r}: list the classes, one_hot(labels, classes=sorted("
            "set(labels)))"
        )
    return index(label)


class Scaler(NamedTuple):
    """What `standardize` learned: subtract the means, divide by the deviations."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def __call__(self, rows: Any) -> list[list[float]]:
        """Return `rows` on the learned scale; raises ValueError for a row of another length."""
        held = _number_rows(rows, "the scaler")
        for row in held:
            if len(row) != len(self.means):
                raise ValueError(f"the scaler learned rows of {len(self.means)} numbers, got {len(row)}")
        return [
            [(x - m) / d for x, m, d in zip(row, self.means, self.deviations, strict=True)] for row in held
        ]


def standardize(rows: Any) -> Scaler:
    """Return the scaler that gives each column of `rows` mean 0 and standard deviation 1.

    rows: at least one, all of the same length, numbers below 1e150 in size; lists, a NumPy array or a
    frame of pandas. A constant column becomes zeros. Learn it from the training part alone and apply it
    to both: `scale = standardize(train)`, `scale(test)`; the constants are `scale.means` and
    `scale.deviations`.
    Raises ValueError for no rows, rows of different lengths, NaN and infinity; TypeError for what is no
    row of numbers, text among it.

    >>> scale = standardize([[1.0, 5.0], [3.0, 5.0]])
    >>> scale([[1.0, 5.0], [4.0, 5.0]])
    [[-1.0, 0.0], [2.0, 0.0]]
    """
    held = _number_rows(rows, "standardize")
    if len(held) == 0:
        raise ValueError("standardize needs at least one row, got none")
    width = len(held[0])
    if width == 0:
        raise ValueError("standardize needs rows of at least one number, got empty ones")
    for row in held:
        if len(row) != width:
            raise ValueError(f"standardize needs rows of {width} numbers, as the first, got {len(row)}")
        for column, x in enumerate(row):
            if not abs(x) < 1e150:  # squares of larger ones overflow
                raise ValueError(f"standardize needs numbers below 1e150, got {x!r} in column {column}")
    means, deviations = zip(*map(_mean_and_deviation, zip(*held, strict=True)), strict=True)
    return Scaler(means, deviations)


def _number_rows(rows: Any, what: str) -> list[list[float]]:
    """Return the rows as lists of floats."""
    held = []
    for row in as_rows(rows, what):
        if isinstance(row, str) or not isinstance(row, Iterable):
            raise TypeError(
                f"{what} takes rows of numbers, got {row!r:.80}: for one column pass [[x] for x in xs]"
            )
        for x in row:
            if not isinstance(x, REAL):
                raise TypeError(f"{what} takes rows of numbers, got {x!r:.80} in one")
        try:
            held.append([float(x) for x in row])
        except OverflowError:
            raise ValueError(f"{what} takes numbers up to 1.8e308, got a larger one") from None
    return held


def _mean_and_deviation(column: Sequence[float]) -> tuple[float, float]:
    if min(column) == max(column):  # the mean may round to something beside it
        return column[0], 1.0
    mean = math.fsum(column) / len(column)
    variance = math.fsum((x - mean) ** 2 for x in column) / len(column)
    return mean, math.sqrt(variance)
