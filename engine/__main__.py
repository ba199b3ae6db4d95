"""Print the table of primitives: `python -m chainrule.engine`."""

from . import TABLE, Primitive


def main() -> None:
    """Print one line for each row: name, what it computes, its other names, kinks, edges and stated error."""
    for row in TABLE.values():
        print(_line(row))


def _line(row: Primitive) -> str:
    notes = [
        f"also {', '.join(row.aliases)}" if row.aliases else "",
        "; ".join(f"{name} = {number:g} unless given" for name, number in _defaults(row)),
        f"partials {_kinks(row)}" if row.kinks else "",
        "; ".join(f"{_listed(point)} gives {value:g}" for point, value in row.edges),
        f"error below {row.bound}" if row.bound else "",
    ]
    return f"{row.name:10}  {row.formula:30}  {'  '.join(filter(None, notes))}".rstrip()


def _kinks(row: Primitive) -> str:
    return "; ".join(f"at {_listed(point)}: {_listed(partials)}" for point, partials in row.kinks)


def _defaults(row: Primitive) -> list[tuple[str, float]]:
    names = "xyz"[: row.arity][-len(row.defaults) :] if row.defaults else ""
    return list(zip(names, row.defaults, strict=True))


def _listed(numbers: tuple[float, ...]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


if __name__ == "__main__":
    main()
