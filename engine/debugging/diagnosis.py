"""What `diagnose` returns: a report to print, and to ask."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..names import own_name
from ..value import Value

if TYPE_CHECKING:
    from .source import Source

_LONGEST_PATH = 8


@dataclass(frozen=True)
class Finding:
    """One place where inf or nan starts."""

    value: Value
    """What an operation made there, or the number that was given."""
    text: str
    """The operation with its operands and its value, or what is wrong with a derivative there."""
    what: str
    """What happened."""
    cure: str
    """The usual cure."""
    path: tuple[Value, ...]
    """The values from here to the root."""

    @property
    def operation(self) -> str:
        """The name of the row of the table; empty for a number that was given."""
        return self.value.primitive.name if self.value.primitive is not None else ""

    @property
    def operands(self) -> tuple[Value, ...]:
        """What the operation was given."""
        return self.value.operands

    @property
    def source(self) -> Source | None:
        """Where that is in the source, if sources were recorded."""
        return self.value.source

    def __str__(self) -> str:
        lines = [f"{self.text}: {self.what}"]
        source = self.source
        if source is not None:
            lines += [f"  {line}" for line in str(source).splitlines()]
        if len(self.path) > 1:
            lines.append(f"  on the way to the root: {_path_text(self.path)}")
        lines.append(f"  usual cure: {self.cure}")
        if source is None:
            lines.append("  its line in the source: run it again inside `with record_sources():`")
        return "\n".join(lines)


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found; `print` it."""

    root: Value
    """What was looked at."""
    findings: tuple[Finding, ...]
    """Where inf or nan starts, the one that reaches the root first; none where all is well."""
    notes: tuple[str, ...]
    """What is worth knowing although it does no harm here."""
    values: int
    """How many values were looked at."""

    @property
    def ok(self) -> bool:
        """True where every value that reaches the root, and every derivative, is finite."""
        return not self.findings

    @property
    def cause(self) -> str:
        """What happened, in words; empty where all is well."""
        return self.findings[0].what if self.findings else ""

    @property
    def cure(self) -> str:
        """The usual cure; empty where all is well."""
        return self.findings[0].cure if self.findings else ""

    @property
    def operation(self) -> str:
        """The name of the operation where it starts; empty for a number that was given."""
        return self.findings[0].operation if self.findings else ""

    @property
    def operands(self) -> tuple[Value, ...]:
        """What that operation was given."""
        return self.findings[0].operands if self.findings else ()

    @property
    def source(self) -> Source | None:
        """Where that is in the source, if sources were recorded."""
        return self.findings[0].source if self.findings else None

    @property
    def path(self) -> tuple[Value, ...]:
        """The values from there to the root."""
        return self.findings[0].path if self.findings else ()

    @property
    def line(self) -> str:
        """The first finding on one line; empty where all is well."""
        return f"{self.findings[0].text}: {self.findings[0].what}" if self.findings else ""

    def __str__(self) -> str:
        name = own_name(self.root) or "the root"
        if self.ok:
            lines = [
                f"{name} is {self.root.data:.6g}. It, its derivatives and all that reaches it are finite "
                f"({self.values:,} value{'s' * (self.values != 1)})."
            ]
        else:
            finite = math.isfinite(self.root.data)
            number = f"{self.root.data:.6g}, but a derivative of it" if finite else f"{self.root.data}. It"
            lines = [f"{name} is {number} {'is not finite. It ' * finite}starts here:", str(self.findings[0])]
            for finding in self.findings[1:]:
                lines += ["before that:" if not finite else "and:", str(finding)]
        return "\n".join([*lines, *[f"note: {note}" for note in self.notes]])


def called(value: Value) -> str:
    """Return a few words for a value: its name, or what made it."""
    name = own_name(value)
    if name:
        return name
    return "a leaf" if value.primitive is None else value.primitive.name


def _path_text(path: tuple[Value, ...]) -> str:
    shown = [called(value) for value in path]
    if len(shown) > _LONGEST_PATH:
        half = _LONGEST_PATH // 2
        shown = [*shown[:half], f"({len(shown) - 2 * half:,} more)", *shown[-half:]]
    return " → ".join(shown)
