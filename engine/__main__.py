"""Print the table of primitives: `python -m chainrule.engine`."""

from . import TABLE


def main() -> None:
    """Print one line for each row: name, what it computes, the rule at its kinks, the ends of its domain."""
    for row in TABLE.values():
        kinks = "; ".join(f"at {_listed(point)}: {_listed(partials)}" for point, partials in row.kinks)
        edges = "; ".join(f"{_listed(point)} gives {value:g}" for point, value in row.edges)
        print(f"{row.name:12}{row.formula:32}{'partials ' + kinks + '  ' if kinks else ''}{edges}".rstrip())


def _listed(numbers: tuple[float, ...]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


if __name__ == "__main__":
    main()
