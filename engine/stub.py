"""The table as a type stub: what type checkers and editors read of `Value`'s methods.

Made when the package is built (setup.py), so that nobody keeps a second list of the rows:
`python -m chainrule.engine.stub` prints it.
"""

from . import TABLE
from .operations import Operations
from .primitive import Primitive

HEAD = '''"""Made from the table of primitives when the package was built: not to be edited."""

from .value import Number, Value

class Operations:
'''

KEYWORDS = {
    "clip": "self, low: Value | Number | None = None, high: Value | Number | None = None",
    "__round__": "self, ndigits: None = None",
}
"""The methods that are more than their row."""


def stub() -> str:
    """Return the text of operations.pyi: every method and operator that a row gives to `Value`.

    >>> "def exp(self) -> Value: ..." in stub()
    True
    """
    lines = [line for row in TABLE.values() for line in _methods(row)]
    return HEAD + "".join(f"    {line}\n" for line in lines)


def _methods(row: Primitive) -> list[str]:
    names = [name for name, method in vars(Operations).items() if getattr(method, "row", None) is row]
    return [f"def {name}({_parameters(name, row)}) -> Value: ...  # {row.formula}" for name in names]


def _parameters(name: str, row: Primitive) -> str:
    if name.startswith("__r") and row.arity == 2 and name == f"__r{row.dunder}__":
        return "self, x: Number"
    if row.variadic:
        return "self, *others: Value | Number"
    if name in KEYWORDS:
        return KEYWORDS[name]
    if row.folds:
        return "self, y: Value | Number, *others: Value | Number"
    optional = [False] * (row.arity - 1 - len(row.defaults)) + [True] * len(row.defaults)
    others = zip("yzuvw", optional, strict=False)
    return ", ".join(["self", *[f"{other}: Value | Number{' = ...' * left}" for other, left in others]])


if __name__ == "__main__":
    print(stub(), end="")
