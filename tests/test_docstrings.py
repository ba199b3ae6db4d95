"""Every example in a docstring runs and prints what it says; every public name has a docstring."""

import doctest
import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import chainrule.engine
import chainrule.nn
import chainrule.viz
from chainrule.engine import TABLE, forget

PACKAGES = (chainrule.engine, chainrule.nn, chainrule.viz)


def every_module() -> list[ModuleType]:
    """Return the three packages and every module in them."""
    names = [
        found.name
        for package in PACKAGES
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
        if not found.name.endswith("__main__")
    ]
    return [*PACKAGES, *map(importlib.import_module, names)]


@pytest.mark.parametrize("module", every_module(), ids=lambda module: module.__name__)
def test_docstring_examples_print_what_they_say(module: ModuleType) -> None:
    known = {*TABLE}
    assert doctest.testmod(module).failed == 0
    for name in {*TABLE} - known:  # rows that an example declared
        forget(name)


@pytest.mark.parametrize("module", every_module(), ids=lambda module: module.__name__)
def test_every_module_says_what_it_is_for(module: ModuleType) -> None:
    assert module.__doc__


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_function_and_class_has_a_docstring(package: ModuleType) -> None:
    undocumented = [
        name
        for name, thing in vars(package).items()
        if not name.startswith("_")
        and (inspect.isfunction(thing) or inspect.isclass(thing))
        and not inspect.getdoc(thing)
    ]
    assert undocumented == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_function_has_an_example(package: ModuleType) -> None:
    names: dict[str, object] = {}
    exec(f"from {package.__name__} import *", names)
    functions = {name: thing for name, thing in names.items() if inspect.isfunction(thing)}
    assert [name for name, thing in functions.items() if ">>>" not in (inspect.getdoc(thing) or "")] == []
