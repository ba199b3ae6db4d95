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
    others = "yzuvw"[: row.arity - 1]
    return ", ".join(["self", *[f"{other}: Value | Number" for other in others]])


if __name__ == "__main__":
    print(stub(), end="")
