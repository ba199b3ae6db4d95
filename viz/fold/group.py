"""The values of one card."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...engine import Value
from .kinds import Path


@dataclass
class Group:
    """The values of one card."""

    path: Path = ()
    """The scope or module they belong to; empty for values that are just alike."""
    values: list[Value] = field(default_factory=list)
    """The results of operations, in topological order."""
    leaves: list[Value] = field(default_factory=list)
    """Parameters of these operations; or, in a group without operations, inputs of others."""
    outputs: list[Value] = field(default_factory=list)
    """Those of the values that other groups use, or that are the root."""
    stretch: tuple[int, int] | None = None
    """Of a stretch of the graph: the places of its first and last operation, counted from 1."""

    @property
    def alone(self) -> Value | None:
        """The value of a group that holds one only, so that it is drawn as itself."""
        if self.path or len(self.values) + len(self.leaves) != 1:
            return None
        return (self.values or self.leaves)[0]
