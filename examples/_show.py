"""What the examples share: their command line, headings, tables and numerical slopes."""

import argparse
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from chainrule.engine import Value

WIDTH = 96


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """Return a parser that knows where pictures go: `--out FOLDER` and `--no-pictures`.

    name: of the example; its pictures go to pictures/name unless said otherwise. In the namespace,
    `out` is the folder, or None where no pictures are wanted.
    """
    made = argparse.ArgumentParser(description=description)
    made.add_argument(
        "--out",
        type=_folder,
        default=str(Path("pictures") / name),  # as text: made only if it is the one that is used
        metavar="FOLDER",
        help="where the pictures go, made if missing (%(default)s)",
    )
    made.add_argument("--no-pictures", dest="out", action="store_const", const=None, help="print only")
    return made


def _folder(text: str) -> Path:
    """Return a folder that pictures can go to, made if missing; argparse reports one that cannot be."""
    folder = Path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"cannot make the folder {text!r} ({error.strerror}): pass one that can be written to"
        ) from None
    return folder


def count(text: str) -> int:
    """Return a whole number of at least 1; argparse reports any other."""
    number = int(text) if text.strip().lstrip("+").isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"needs a whole number of at least 1, got {text!r}")
    return number


def seed(text: str) -> int:
    """Return a whole number of at least 0, as NumPy's generators take; argparse reports any other."""
    if not text.strip().isdecimal():
        raise argparse.ArgumentTypeError(f"needs a whole number of at least 0, got {text!r}")
    return int(text)


def arguments(name: str, description: str, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line of an example that has no options of its own."""
    return parser(name, description).parse_args(argv)


def heading(text: str) -> None:
    """Print the heading of a section."""
    print(f"\n{text}\n{'=' * len(text)}\n")


def say(text: str) -> None:
    """Print a paragraph, broken into lines."""
    print(textwrap.fill(" ".join(text.split()), WIDTH) + "\n")


def say_pictures(folder: Path, *names: str) -> None:
    """Print where the pictures of these names are."""
    say(f"Pictures: {', '.join(str(folder / f'{name}.svg') for name in names)}")


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headers; floats get six significant digits, anything else is shown as it is.

    Columns of numbers are aligned at the right, the others at the left.
    """
    held = [list(row) for row in rows]
    right = [all(isinstance(row[i], int | float) for row in held) for i in range(len(headers))]
    cells = [list(headers), *[[_cell(entry) for entry in row] for row in held]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headers))]
    cells.insert(1, ["-" * width for width in widths])
    for row in cells:
        aligned = [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, right, strict=True)
        ]
        print("  " + "  ".join(aligned).rstrip())
    print()


def _cell(entry: object) -> str:
    # The 0.0 turns a minus zero into zero.
    return f"{entry + 0.0:.6g}" if isinstance(entry, float) else str(entry)


def named(label: str, value: Value) -> Value:
    """Return `value`, labelled: pictures and messages then call it by that name."""
    value.label = label
    return value


def slope(f: Callable[[float], float], x: float, h: float = 1e-5) -> float:
    """Return the slope of `f` at `x` by a central difference: no chain rule, only two values of f."""
    return (f(x + h) - f(x - h)) / (2.0 * h)
