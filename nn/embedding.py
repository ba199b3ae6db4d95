"""A vector for each of some things."""

from collections.abc import Iterable
from operator import index
from typing import Any, SupportsIndex

from ..engine import Value, take
from ..engine.primitives.unknown import unknown
from .init import Initializer, initializer
from .module import Module, Parameter
from .neuron import check_size
from .randomness import Seed, generator


class Embedding(Module):
    """`num` rows of `dim` parameters, chosen by number: `embedding(3)` is row 3.

    num, dim: whole numbers of at least 1.
    seed: an int, a random.Random, or None for Python's global generator.
    init: as for `Neuron`; the rows start normal with mean 0 and deviation 1, as PyTorch's, unless said.
    In a state it is one matrix, `weight`.

    >>> embedding = Embedding(27, 2, seed=1)
    >>> len(embedding(3)), len(embedding([3, 0, 3])), embedding.weight[3][1].label
    (2, 3, 'weight[3][1]')
    """

    def __init__(self, num: int, dim: int, seed: Seed = None, *, init: str | Initializer = "normal") -> None:
        check_size(num, "Embedding", "rows")
        check_size(dim, "Embedding", "numbers in each row")
        weight, rng = initializer(init), generator(seed)
        num, dim = index(num), index(dim)
        self.weight = [[Parameter(weight(dim, num, rng)) for _ in range(dim)] for _ in range(num)]

    # A list of Values for one number, a list of such lists for several.
    def __call__(self, rows: SupportsIndex | Iterable[SupportsIndex]) -> Any:
        """Return the row of that number, or the list of rows of several numbers.

        Raises IndexError for a number outside 0 to num - 1, TypeError for what is no whole number.
        """
        if isinstance(rows, Iterable) and not isinstance(rows, str | Value) and getattr(rows, "ndim", 1) > 0:
            return [self._row(row) for row in rows]
        return self._row(rows)

    def _row(self, row: Any) -> list[Value]:
        if unknown((row,)):  # while compile records
            return list(take(self.weight, row))
        try:
            if isinstance(row, bool):
                raise TypeError
            place = index(row)
        except TypeError:
            raise TypeError(f"Embedding takes whole numbers, the rows to choose, got {row!r}") from None
        if not 0 <= place < len(self.weight):
            last = len(self.weight) - 1
            raise IndexError(f"Embedding has {last + 1} rows, 0 to {last}, got {place}")
        return list(self.weight[place])

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{len(self.weight)}, {len(self.weight[0])}"
