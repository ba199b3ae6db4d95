"""The data sets that come with the package; sets/README.md has their sources and licences."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from io import StringIO
from typing import Any

SPECIES = ("setosa", "versicolor", "virginica")


@dataclass(frozen=True)
class DataSet:
    """Examples to classify. Unpacks into two: `inputs, targets = load_iris()`.

    inputs: a list of numbers for each example.  targets: the number of each example's class.
    feature_names: what the numbers of an input are.  target_names: what the classes are called.
    """

    inputs: list[list[float]]
    targets: list[int]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]

    def __iter__(self) -> Iterator[Any]:  # of two kinds, which no annotation tells apart by place
        """Yield the inputs, then the targets."""
        yield self.inputs
        yield self.targets

    def __repr__(self) -> str:
        return (
            f"DataSet({len(self.inputs)} examples of {len(self.feature_names)} numbers, "
            f"{len(self.target_names)} classes)"
        )


def load_iris() -> DataSet:
    """Return Fisher's iris flowers: 150 of three species, four lengths in cm each.

    Each call reads them anew, so the lists are yours to change.
    Source: Fisher (1936), UCI Machine Learning Repository; CC BY 4.0.

    >>> iris = load_iris()
    >>> iris.inputs[0], iris.target_names[iris.targets[0]]
    ([5.1, 3.5, 1.4, 0.2], 'setosa')
    """
    names, *rows = csv.reader(StringIO(_read("iris.csv").decode()))
    return DataSet(
        [[float(x) for x in row[:4]] for row in rows],
        [SPECIES.index(row[4]) for row in rows],
        tuple(name.removesuffix("_cm").replace("_", " ") + " (cm)" for name in names[:4]),
        SPECIES,
    )


def load_digits() -> DataSet:
    """Return 1,797 handwritten digits: images of 8 x 8 pixels, row by row, each pixel from 0 to 16.

    Divide by 16 for a network. Each call reads them anew, so the lists are yours to change.
    Source: Alpaydin and Kaynak (1998), UCI Machine Learning Repository (the test part); CC BY 4.0.

    >>> digits = load_digits()
    >>> digits
    DataSet(1797 examples of 64 numbers, 10 classes)
    >>> digits.targets[:10]
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    rows = [line.split(",") for line in gzip.decompress(_read("digits.csv.gz")).decode().split()]
    return DataSet(
        [[float(x) for x in row[:64]] for row in rows],
        [int(row[64]) for row in rows],
        tuple(f"pixel {row} {column}" for row in range(8) for column in range(8)),
        tuple("0123456789"),
    )


def load_names() -> list[str]:
    """Return 32,033 given names in lower case, a to z.

    Source: github.com/karpathy/makemore; MIT licence.

    >>> names = load_names()
    >>> len(names), names[:3]
    (32033, ['emma', 'olivia', 'ava'])
    """
    return _read("names.txt").decode().split()


def _read(name: str) -> bytes:
    return (files(__package__) / "sets" / name).read_bytes()
