"""What `kinks` and `branches` found, in short."""

from typing import Any


def told(found: Any) -> list[tuple[str, str, float]]:
    """Return the text, the side taken and the margin of each branch."""
    return [(branch.text, branch.taken, branch.margin) for branch in found]
